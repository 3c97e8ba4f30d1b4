/* SPDX-License-Identifier: MIT */
/*
 * The log thread. It looks into the rings on a timer, often while there is something and seldom
 * while there is not, so that producers never pay for a wake-up. A file that does not take a
 * line loses it, and the loss is counted: nobody is held up by a full disk.
 */
#include "daemon/log_thread.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/cell.h"
#include "aorta/mailbox.h"
#include "aorta/sock.h"

#define RINGS_MAX     300   /* every thread has one */
#define LINE_BYTES    16384 /* longer lines are cut */
#define WRITE_BYTES   65536 /* one write() takes about this much */
#define BUSY_SECONDS  0.01
#define QUIET_SECONDS 0.2

struct sink {
	char *path; /* owns; NULL: stderr for events, none for access */
	int fd;	    /* owns unless it is a standard one; -1: nothing is written */
	char *out;  /* owns; lines on their way */
	size_t n;
};

struct log_thread {
	pthread_t thread;
	struct ev_loop *loop;
	struct mailbox mailbox;
	ev_timer timer;
	struct sink sinks[LOG_STREAMS];
	struct log_ring *rings[RINGS_MAX]; /* owns */
	_Atomic unsigned n_rings;
	cell_t lost; /* lines that a file did not take */
	char line[LINE_BYTES];
};

/* ---- files ---- */

static int open_path(const char *path, int standard, struct err *e)
{
	int fd;

	if (!path)
		return standard;
	if (strcmp(path, "stderr") == 0)
		return STDERR_FILENO;
	if (strcmp(path, "stdout") == 0)
		return STDOUT_FILENO;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		err_sys(e, "cannot open the log file %s", path);
	return fd;
}

static void close_fd(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

static uint64_t count_lines(const char *p, size_t n)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

static void sink_flush(struct log_thread *t, struct sink *s)
{
	size_t at = 0;

	while (at < s->n && s->fd >= 0) {
		ssize_t r = write(s->fd, s->out + at, s->n - at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			break;
		at += (size_t)r;
	}
	if (at < s->n && s->fd >= 0)
		cell_add(&t->lost, count_lines(s->out + at, s->n - at));
	s->n = 0;
}

static void sink_line(struct log_thread *t, struct sink *s, const char *line, size_t n)
{
	if (s->n + n + 1 > WRITE_BYTES)
		sink_flush(t, s);
	memcpy(s->out + s->n, line, n);
	s->out[s->n + n] = '\n';
	s->n += n + 1;
}

/* ---- the thread ---- */

/* Lines taken from one ring before the others have their turn. */
#define LINES_PER_TURN 512
/* Rounds before orders have theirs. */
#define ROUNDS_MAX 64

static unsigned drain_ring(struct log_thread *t, struct log_ring *r)
{
	enum log_stream stream;
	unsigned lines = 0;
	size_t n;

	while (lines < LINES_PER_TURN && log_ring_pop(r, &stream, t->line, sizeof(t->line), &n)) {
		sink_line(t, &t->sinks[stream], t->line, n);
		lines++;
	}
	return lines;
}

/* Whether there was anything. */
static bool drain(struct log_thread *t)
{
	unsigned n_rings = atomic_load_explicit(&t->n_rings, memory_order_acquire);
	bool any = false, more = true;

	for (unsigned round = 0; more && round < ROUNDS_MAX; round++) {
		more = false;
		for (unsigned i = 0; i < n_rings; i++)
			more = drain_ring(t, t->rings[i]) > 0 || more;
		any = any || more;
	}
	for (unsigned i = 0; i < LOG_STREAMS; i++)
		sink_flush(t, &t->sinks[i]);
	return any;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct log_thread *t = CONTAINER_OF(timer, struct log_thread, timer);

	(void)revents;
	timer->repeat = drain(t) ? BUSY_SECONDS : QUIET_SECONDS;
	ev_timer_again(loop, timer);
}

static void *run(void *arg)
{
	struct log_thread *t = arg;

	ev_run(t->loop, 0);
	drain(t);
	return NULL;
}

/* ---- orders ---- */

struct order {
	struct mail mail;
	char *path[LOG_STREAMS]; /* owns */
	int fd[LOG_STREAMS];
	bool reopen, stop;
};

static void replace_fd(struct sink *s, int fd)
{
	int before = s->fd;

	if (fd == before)
		return;
	s->fd = fd;
	close_fd(before);
}

static void reopen(struct log_thread *t)
{
	static const int standard[LOG_STREAMS] = { STDERR_FILENO, -1 };

	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		struct err e = { 0 };
		int fd = open_path(t->sinks[i].path, standard[i], &e);

		if (fd < 0 && t->sinks[i].path)
			log_msg(LOG_ERROR_, "log_reopen_failed", "%s", e.message);
		else
			replace_fd(&t->sinks[i], fd);
	}
}

static void on_order(struct mail *m, void *owner)
{
	struct order *o = CONTAINER_OF(m, struct order, mail);
	struct log_thread *t = owner;

	drain(t);
	if (o->reopen) {
		reopen(t);
	} else if (!o->stop) {
		for (unsigned i = 0; i < LOG_STREAMS; i++) {
			replace_fd(&t->sinks[i], o->fd[i]);
			free(t->sinks[i].path);
			t->sinks[i].path = o->path[i];
		}
	}
	if (o->stop)
		ev_break(t->loop, EVBREAK_ALL);
	free(o);
}

/* Opens what `conf` names into an order. */
static struct order *order_files(const struct conf_log *conf, struct err *e)
{
	struct order *o = calloc(1, sizeof(*o));

	if (!o) {
		err_set(e, ERR_MEMORY, "out of memory for the log");
		return NULL;
	}
	o->mail.run = on_order;
	o->fd[LOG_EVENTS] = open_path(conf->events_path, STDERR_FILENO, e);
	o->fd[LOG_ACCESS] = open_path(conf->access_path, -1, e);
	if (o->fd[LOG_EVENTS] < 0 || (o->fd[LOG_ACCESS] < 0 && conf->access_path)) {
		close_fd(o->fd[LOG_EVENTS]);
		close_fd(o->fd[LOG_ACCESS]);
		free(o);
		return NULL;
	}
	o->path[LOG_EVENTS] = conf->events_path ? strdup(conf->events_path) : NULL;
	o->path[LOG_ACCESS] = conf->access_path ? strdup(conf->access_path) : NULL;
	return o;
}

int log_thread_configure(struct log_thread *t, const struct conf_log *conf, struct err *e)
{
	struct order *o = order_files(conf, e);

	if (!o)
		return -1;
	mailbox_post(&t->mailbox, &o->mail);
	log_configure(conf->events_format, conf->level);
	return 0;
}

void log_thread_reopen(struct log_thread *t)
{
	struct order *o = calloc(1, sizeof(*o));

	if (!o)
		return;
	o->mail.run = on_order;
	o->reopen = true;
	mailbox_post(&t->mailbox, &o->mail);
}

/* ---- life ---- */

static void log_thread_free(struct log_thread *t)
{
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		close_fd(t->sinks[i].fd);
		free(t->sinks[i].path);
		free(t->sinks[i].out);
	}
	for (unsigned i = 0; i < t->n_rings; i++)
		log_ring_free(t->rings[i]);
	if (t->loop)
		ev_loop_destroy(t->loop);
	free(t);
}

static int prepare(struct log_thread *t, const struct conf_log *conf, struct err *e)
{
	struct order *o;

	t->loop = sock_loop_new();
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		t->sinks[i].fd = -1;
		t->sinks[i].out = malloc(WRITE_BYTES + LINE_BYTES);
		if (!t->sinks[i].out || !t->loop)
			return err_set(e, ERR_MEMORY, "out of memory for the log");
	}
	o = order_files(conf, e);
	if (!o)
		return -1;
	mailbox_open(&t->mailbox, t->loop, t);
	on_order(&o->mail, t);
	log_configure(conf->events_format, conf->level);
	ev_init(&t->timer, on_timer);
	t->timer.repeat = BUSY_SECONDS;
	ev_timer_again(t->loop, &t->timer);
	return 0;
}

struct log_thread *log_thread_start(const struct conf_log *conf, struct err *e)
{
	struct log_thread *t = calloc(1, sizeof(*t));

	if (!t) {
		err_set(e, ERR_MEMORY, "out of memory for the log");
		return NULL;
	}
	if (prepare(t, conf, e) < 0) {
		log_thread_free(t);
		return NULL;
	}
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		err_sys(e, "cannot start the log thread");
		log_thread_free(t);
		return NULL;
	}
	return t;
}

struct log_ring *log_thread_ring(struct log_thread *t, size_t bytes)
{
	unsigned n = atomic_load(&t->n_rings);
	struct log_ring *r = n < RINGS_MAX ? log_ring_new(bytes) : NULL;

	if (!r)
		return NULL;
	t->rings[n] = r;
	atomic_store_explicit(&t->n_rings, n + 1, memory_order_release);
	return r;
}

uint64_t log_thread_dropped(const struct log_thread *t)
{
	unsigned n = atomic_load_explicit(&t->n_rings, memory_order_acquire);
	uint64_t dropped = cell_get(&t->lost);

	for (unsigned i = 0; i < n; i++)
		dropped += log_ring_dropped(t->rings[i]);
	return dropped;
}

void log_thread_stop(struct log_thread *t)
{
	struct order *o = calloc(1, sizeof(*o));

	log_attach(NULL);
	if (o) {
		o->mail.run = on_order;
		o->stop = true;
		mailbox_post(&t->mailbox, &o->mail);
		pthread_join(t->thread, NULL);
		mailbox_close(&t->mailbox);
		log_thread_free(t);
	}
}
