/* SPDX-License-Identifier: MIT */
/*
 * The control thread: boot order, signals, and the end. Boot goes from what everyone needs (log,
 * epochs) to what lets work in (workers, sockets); the end goes the other way round.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/log.h"
#include "aorta/sock.h"

#define RING_BYTES 262144
/* Records of evidence kept in memory: some hours of a bad day. */
#define HISTORY 10000
/* Descriptors that are not for client or member connections: probes, admin, logs, listeners. */
#define RESERVED_FDS	1024
#define RECLAIM_SECONDS 0.5

/* ---- limits ---- */

/* Raises the limit of descriptors as far as it goes; returns it. */
static unsigned raise_fd_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024;
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	return r.rlim_cur > 10000000 ? 10000000 : (unsigned)r.rlim_cur;
}

/* Each client connection may need one to a member as well. */
static unsigned connections_from_fds(unsigned fds)
{
	unsigned reserved = fds / 4 < RESERVED_FDS ? fds / 4 : RESERVED_FDS;

	return (fds - reserved) / 2;
}

static unsigned worker_count(const struct conf *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->workers)
		return c->workers;
	return cores < 1 ? 1 : cores > 128 ? 128 : (unsigned)cores;
}

/* ---- signals ---- */

static void stop_workers(struct daemon *d, int64_t deadline)
{
	d->stop_deadline = deadline;
	for (unsigned i = 0; i < d->n_workers; i++)
		worker_post_stop(d->workers[i].worker, deadline);
}

void daemon_stop(struct daemon *d)
{
	int64_t now = clock_mono_us();

	if (d->stopping) {
		log_msg(LOG_WARN_, "stopping", "told twice: cutting what is left");
		stop_workers(d, now);
		return;
	}
	d->stopping = true;
	log_msg(LOG_INFO_, "stopping", "accepting nothing new, %.1f s for what runs",
		(double)d->generation->conf->shutdown_timeout_ms / 1e3);
	stop_workers(d, now + d->generation->conf->shutdown_timeout_ms * 1000);
}

static void on_stop_signal(struct ev_loop *loop, ev_signal *s, int revents)
{
	(void)loop;
	(void)revents;
	daemon_stop(s->data);
}

static void on_reload_signal(struct ev_loop *loop, ev_signal *s, int revents)
{
	struct buf report;

	(void)loop;
	(void)revents;
	buf_init(&report);
	reload_file(s->data, &report);
	buf_fini(&report);
}

static void on_reopen_signal(struct ev_loop *loop, ev_signal *s, int revents)
{
	struct daemon *d = s->data;

	(void)loop;
	(void)revents;
	log_thread_reopen(d->log);
}

static void on_reclaim(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct daemon *d = t->data;

	(void)loop;
	(void)revents;
	epoch_reclaim(d->epoch);
}

static void watch_signal(struct daemon *d, ev_signal *s, int signum,
			 void (*fn)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(s, fn, signum);
	s->data = d;
	ev_signal_start(d->loop, s);
}

static void watch(struct daemon *d)
{
	watch_signal(d, &d->sigterm, SIGTERM, on_stop_signal);
	watch_signal(d, &d->sigint, SIGINT, on_stop_signal);
	watch_signal(d, &d->sighup, SIGHUP, on_reload_signal);
	watch_signal(d, &d->sigusr1, SIGUSR1, on_reopen_signal);
	ev_timer_init(&d->reclaim, on_reclaim, RECLAIM_SECONDS, RECLAIM_SECONDS);
	d->reclaim.data = d;
	ev_timer_start(d->loop, &d->reclaim);
}

/* Signals come to the control thread alone: threads made from now on inherit the mask. */
static void block_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_BLOCK, &all, before);
}

/* ---- boot ---- */

static int prepare(struct daemon *d, const struct conf *c, struct err *e)
{
	unsigned fds = raise_fd_limit();
	struct log_ring *ring;

	signal(SIGPIPE, SIG_IGN);
	d->started_wall_us = clock_wall_us();
	list_init(&d->handovers);
	d->n_workers = worker_count(c);
	d->loop = sock_loop_new();
	d->epoch = epoch_new();
	if (!d->loop || !d->epoch)
		return err_set(e, ERR_MEMORY, "no memory or no epoll for the control thread");
	d->log = log_thread_start(&c->log, e);
	if (!d->log)
		return -1;
	ring = log_thread_ring(d->log, RING_BYTES);
	d->turn.reader = epoch_reader_new(d->epoch);
	d->registry = registry_new(d->n_workers, d->epoch);
	if (!ring || !d->turn.reader || !d->registry)
		return err_set(e, ERR_MEMORY, "out of memory for the control thread");
	log_attach(ring);
	mailbox_open(&d->mailbox, d->loop, d);
	if (health_thread_prepare(d, e) < 0)
		return -1;
	return worker_threads_prepare(
		d, c->max_connections ? c->max_connections : connections_from_fds(fds), e);
}

/* The admin's operations with us as their context. */
static int prepare_admin(struct daemon *d, struct err *e)
{
	static struct admin_ops ops;

	struct epoch_reader *reader = epoch_reader_new(d->epoch);

	ops = status_ops;
	ops.ctx = d;
	if (reader)
		d->admin = admin_new(d->loop, &ops, reader, HISTORY);
	return d->admin ? 0 : err_set(e, ERR_MEMORY, "out of memory for the admin side");
}

static int boot(struct daemon *d, struct conf *c, struct err *e)
{
	struct buf report;
	int result;

	if (prepare(d, c, e) < 0 || prepare_admin(d, e) < 0) {
		conf_free(c);
		return -1;
	}
	buf_init(&report);
	result = reload_commit(d, c, &report, e);
	buf_fini(&report);
	if (result < 0 || health_thread_start(d, e) < 0 || worker_threads_start(d, e) < 0)
		return -1;
	return 0;
}

/* ---- the end ---- */

static void tear_down(struct daemon *d)
{
	worker_threads_join(d);
	if (d->admin)
		admin_free(d->admin);
	d->admin = NULL;
	health_thread_stop(d);
	/*
	 * The last mails. Those to us may lead to some to the workers (a generation, a member to
	 * forget), which answer with some to us (a generation left).
	 */
	mailbox_run(&d->mailbox);
	worker_threads_free(d);
	mailbox_close(&d->mailbox);
	reload_drop_handovers(d);
	/* Health's share; a generation that it has not got round to is left over whole. */
	if (d->judged && d->judged != d->generation)
		reload_generation_left(d, d->judged);
	registry_generation_free(d->registry, d->generation);
	if (d->epoch)
		epoch_free(d->epoch);
	registry_free(d->registry);
	if (d->log)
		log_thread_stop(d->log);
	if (d->loop)
		ev_loop_destroy(d->loop);
}

static void say_started(struct daemon *d)
{
	struct buf b;

	buf_init(&b);
	conf_summary(d->generation->conf, &b);
	log_msg(LOG_INFO_, "started", "aorta %s, pid %d, %u workers: %s", PACKAGE_VERSION, getpid(),
		d->n_workers, buf_cstr(&b));
	buf_fini(&b);
}

static void say_stopped(const struct daemon *d)
{
	char cut[24];
	struct log_kv kv[] = { { "cut", { cut, 0 } },
			       { "msg",
				 SLICE_INIT("exchanges and sessions cut at the deadline") } };

	snprintf(cut, sizeof(cut), "%llu", (unsigned long long)d->cut);
	kv[0].value = slice_str(cut);
	log_event(d->cut ? LOG_WARN_ : LOG_INFO_, "stopped", kv, d->cut ? 2 : 1);
}

static void loop_until_stopped(struct daemon *d)
{
	turn_start(&d->turn, d->loop, d->turn.reader);
	ev_run(d->loop, 0);
	turn_stop(&d->turn, d->loop);
	say_stopped(d);
}

static struct conf *load(const char *file)
{
	struct conf_problems problems;
	struct conf *c;
	struct buf b;

	conf_problems_init(&problems);
	c = conf_load(file, &problems);
	if (!c) {
		buf_init(&b);
		conf_problems_print(&problems, &b);
		fputs(buf_cstr(&b), stderr);
		buf_fini(&b);
	}
	conf_problems_fini(&problems);
	return c;
}

int daemon_run(const char *file)
{
	static struct daemon d;
	struct conf *c = load(file);
	struct err e = { 0 };
	sigset_t before;
	int result;

	if (!c)
		return 1;
	d.file = file;
	block_signals(&before);
	result = boot(&d, c, &e);
	if (result < 0) {
		fprintf(stderr, "aorta: %s\n", e.message);
		/* Threads that run already end with the process: nothing is served yet. */
		return 1;
	}
	watch(&d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	say_started(&d);
	loop_until_stopped(&d);
	tear_down(&d);
	return 0;
}
