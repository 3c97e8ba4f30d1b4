/* SPDX-License-Identifier: MIT */
/*
 * The worker: its loop and turns, the mails that others send it, its beginning and its end. It
 * owns everything of the data path that lives on its thread. Each turn of the loop: wake, note
 * the time, enter the epoch, run the events, free the dead, leave the epoch, sleep.
 */
#include "aorta/worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/pattern.h"
#include "aorta/sock.h"
#include "proxy/exchange.h"
#include "proxy/tunnel.h"
#include "proxy/worker_state.h"

/* ---- generations ---- */

struct worker_gen *worker_gen_ref(struct worker_gen *g)
{
	g->refs++;
	return g;
}

void worker_gen_unref(struct worker_gen *g)
{
	struct worker *w = g->w;
	struct generation *left = g->g;

	AORTA_ASSERT(g->refs > 0);
	if (--g->refs)
		return;
	for (unsigned i = 0; i < g->n_pools; i++)
		balance_state_fini(&g->pools[i].balance);
	free(g);
	w->ops.generation_left(w->ops.ctx, w->index, left);
}

static struct worker_gen *worker_gen_new(struct worker *w, struct generation *g)
{
	struct worker_gen *gen = calloc(1, sizeof(*gen) + g->n_pools * sizeof(gen->pools[0]));

	if (!gen)
		return NULL;
	gen->w = w;
	gen->g = g;
	gen->refs = 1;
	gen->n_pools = g->n_pools;
	for (unsigned i = 0; i < g->n_pools; i++) {
		struct worker_pool *p = &gen->pools[i];

		p->pool = &g->pools[i];
		p->gen = gen;
		p->cell = &g->pools[i].stats->cells[w->index];
		balance_state_init(&p->balance, rng_seed_from_system());
		list_init(&p->waiting);
		list_init(&p->waiting_tunnels);
	}
	return gen;
}

/* ---- the end of a turn ---- */

static void free_the_dead(struct worker *w)
{
	struct list *it, *tmp;

	/* An exchange names its session, so it goes first. */
	LIST_FOREACH_SAFE(it, tmp, &w->dead_exchanges) {
		list_remove(it);
		exchange_free(CONTAINER_OF(it, struct exchange, link));
	}
	LIST_FOREACH_SAFE(it, tmp, &w->dead_upstreams) {
		list_remove(it);
		upstream_free(CONTAINER_OF(it, struct upstream, link));
	}
	LIST_FOREACH_SAFE(it, tmp, &w->dead_sessions) {
		list_remove(it);
		session_free(CONTAINER_OF(it, struct session, link));
	}
}

static void on_prepare(struct ev_loop *loop, ev_prepare *p, int revents)
{
	struct worker *w = CONTAINER_OF(p, struct worker, prepare);

	(void)revents;
	free_the_dead(w);
	if (w->stopping && list_empty(&w->all_sessions))
		ev_break(loop, EVBREAK_ALL);
	cell_add(&w->stats.turns, 1);
	epoch_leave(w->reader);
}

static void on_check(struct ev_loop *loop, ev_check *c, int revents)
{
	struct worker *w = CONTAINER_OF(c, struct worker, check);

	(void)loop;
	(void)revents;
	epoch_enter(w->reader);
	w->now = clock_mono_us();
}

/* ---- stopping ---- */

static void cut(struct worker *w, struct session *s)
{
	switch ((enum session_state)s->state) {
	case SESSION_EXCHANGE:
		w->cut++;
		cell_add(&s->listener->cell->cut, 1);
		exchange_cut(s->exchange, OUTCOME_TIMEOUT);
		break;
	case SESSION_TUNNEL:
		w->cut++;
		tunnel_cut(s, OUTCOME_TIMEOUT);
		break;
	default:
		session_close(s, false);
	}
}

static void cut_all(struct worker *w)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &w->all_sessions)
		cut(w, CONTAINER_OF(it, struct session, link));
}

static void on_sweep(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct worker *w = CONTAINER_OF(t, struct worker, sweep);

	(void)loop;
	(void)revents;
	w->wall_minus_mono = clock_wall_us() - w->now;
	upstream_sweep(w);
	listeners_sweep(w);
	cell_set(&w->stats.chunks, w->chunks.in_use);
	cell_set(&w->stats.beat_mono_us, (uint64_t)w->now);
}

static void on_stop_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	cut_all(CONTAINER_OF(t, struct worker, stop_timer));
}

/* ---- mails ---- */

struct generation_mail {
	struct mail mail;
	struct generation *g;
	unsigned n;
	struct worker_socket sockets[];
};

void worker_sockets_close(const struct worker_socket *sockets, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (sockets[i].fd >= 0)
			close(sockets[i].fd);
}

static struct worker_pool *pool_named(struct worker_gen *gen, const char *name)
{
	for (unsigned i = 0; i < gen->n_pools; i++)
		if (strcmp(gen->pools[i].pool->conf->name, name) == 0)
			return &gen->pools[i];
	return NULL;
}

/* Health speaks of the new pools only: who waits for a first verdict waits for theirs. */
static void move_waiting(struct worker_gen *from, struct worker_gen *to)
{
	for (unsigned i = 0; i < from->n_pools; i++) {
		struct worker_pool *p = &from->pools[i];
		struct worker_pool *next = pool_named(to, p->pool->conf->name);

		exchanges_move(p, next);
		tunnels_move(p, next);
	}
}

static void on_generation(struct mail *m, void *owner)
{
	struct generation_mail *mail = CONTAINER_OF(m, struct generation_mail, mail);
	struct worker *w = owner;
	struct worker_gen *before = w->gen;
	struct worker_gen *gen = w->stopping ? NULL : worker_gen_new(w, mail->g);

	if (!gen) {
		/* Stopping, or no memory: what was serves on. */
		worker_sockets_close(mail->sockets, mail->n);
		w->ops.generation_left(w->ops.ctx, w->index, mail->g);
		free(mail);
		return;
	}
	w->gen = gen;
	if (listeners_apply(w, mail->sockets, mail->n) < 0)
		log_msg(LOG_ERROR_, "worker_memory",
			"worker %u: out of memory while changing listeners", w->index);
	if (before) {
		move_waiting(before, gen);
		worker_gen_unref(before);
	}
	free(mail);
}

int worker_post_generation(struct worker *w, struct generation *g,
			   const struct worker_socket *sockets, unsigned n)
{
	struct generation_mail *mail = calloc(1, sizeof(*mail) + n * sizeof(mail->sockets[0]));

	if (!mail)
		return -1;
	mail->mail.run = on_generation;
	mail->g = g;
	mail->n = n;
	if (n)
		memcpy(mail->sockets, sockets, n * sizeof(sockets[0]));
	mailbox_post(&w->mailbox, &mail->mail);
	return 0;
}

/* One thing and a time: enough for the other mails. */
struct note_mail {
	struct mail mail;
	void *what;
	int64_t when;
};

static int post_note(struct worker *w, mail_fn *run, void *what, int64_t when)
{
	struct note_mail *mail = calloc(1, sizeof(*mail));

	if (!mail)
		return -1;
	mail->mail.run = run;
	mail->what = what;
	mail->when = when;
	mailbox_post(&w->mailbox, &mail->mail);
	return 0;
}

static struct note_mail open_note(struct mail *m)
{
	struct note_mail *mail = CONTAINER_OF(m, struct note_mail, mail);
	struct note_mail copy = *mail;

	free(mail);
	return copy;
}

static void on_view(struct mail *m, void *owner)
{
	struct note_mail note = open_note(m);
	struct worker *w = owner;

	/* The pool may be of a generation that this worker has left: compare, never follow. */
	for (unsigned i = 0; w->gen && i < w->gen->n_pools; i++)
		if (w->gen->pools[i].pool == note.what && w->gen->pools[i].n_waiting) {
			exchanges_retry_pick(&w->gen->pools[i]);
			tunnels_retry_pick(&w->gen->pools[i]);
		}
}

static void on_member_out(struct mail *m, void *owner)
{
	struct note_mail note = open_note(m);

	upstream_member_out(owner, note.what);
}

static void on_forget(struct mail *m, void *owner)
{
	struct note_mail note = open_note(m);

	upstream_member_forget(owner, note.what, note.when);
}

static void on_stop(struct mail *m, void *owner)
{
	struct note_mail note = open_note(m);
	struct worker *w = owner;
	struct list *it, *tmp;

	w->stopping = true;
	ev_timer_stop(w->loop, &w->stop_timer);
	ev_timer_set(&w->stop_timer, note.when > w->now ? (double)(note.when - w->now) / 1e6 : 0.,
		     0.);
	ev_timer_start(w->loop, &w->stop_timer);
	listeners_close(w);
	LIST_FOREACH_SAFE(it, tmp, &w->all_sessions)
		session_wind_down(CONTAINER_OF(it, struct session, link));
}

int worker_post_view(struct worker *w, struct pool *p)
{
	return post_note(w, on_view, p, 0);
}

int worker_post_member_out(struct worker *w, struct member *m)
{
	return post_note(w, on_member_out, m, 0);
}

int worker_post_forget(struct worker *w, struct member *m, int64_t within_ms)
{
	return post_note(w, on_forget, m, within_ms * 1000);
}

int worker_post_stop(struct worker *w, int64_t deadline_mono_us)
{
	return post_note(w, on_stop, NULL, deadline_mono_us);
}

/* ---- life ---- */

static void init_lists(struct worker *w)
{
	list_init(&w->all_sessions);
	listeners_init(w);
	list_init(&w->dead_sessions);
	list_init(&w->dead_exchanges);
	list_init(&w->dead_upstreams);
}

static void init_slabs(struct worker *w)
{
	slab_init(&w->sessions, sizeof(struct session), 256);
	slab_init(&w->exchanges, sizeof(struct exchange), 64);
	slab_init(&w->upstreams, sizeof(struct upstream), 128);
	slab_init(&w->chunks, sizeof(struct chunk), 16);
}

static void init_watchers(struct worker *w)
{
	ev_prepare_init(&w->prepare, on_prepare);
	ev_set_priority(&w->prepare, EV_MINPRI);
	ev_prepare_start(w->loop, &w->prepare);
	ev_check_init(&w->check, on_check);
	ev_set_priority(&w->check, EV_MAXPRI);
	ev_check_start(w->loop, &w->check);
	ev_timer_init(&w->sweep, on_sweep, 1., 1.);
	ev_timer_start(w->loop, &w->sweep);
	ev_init(&w->stop_timer, on_stop_timer);
	mailbox_open(&w->mailbox, w->loop, w);
}

struct worker *worker_new(unsigned index, unsigned n_workers, unsigned max_connections,
			  struct epoch_reader *reader, struct log_ring *ring,
			  const struct worker_ops *ops, struct err *e)
{
	struct worker *w =
		aligned_alloc(CACHE_LINE, (sizeof(*w) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);

	if (!w) {
		err_set(e, ERR_MEMORY, "out of memory for worker %u", index);
		return NULL;
	}
	memset(w, 0, sizeof(*w));
	w->index = index;
	w->n_workers = n_workers;
	w->max_sessions = max_connections;
	w->reader = reader;
	w->ring = ring;
	w->ops = *ops;
	init_lists(w);
	init_slabs(w);
	w->read = malloc(READ_BYTES);
	w->out = malloc(OUT_BYTES);
	w->loop = sock_loop_new();
	if (!w->read || !w->out || !w->loop) {
		err_set(e, ERR_SYSTEM, "cannot set up worker %u: no memory or no epoll", index);
		worker_free(w);
		return NULL;
	}
	init_watchers(w);
	return w;
}

void worker_run(struct worker *w)
{
	log_attach(w->ring);
	epoch_enter(w->reader);
	w->now = clock_mono_us();
	w->wall_minus_mono = clock_wall_us() - w->now;
	cell_set(&w->stats.beat_mono_us, (uint64_t)w->now);
	ev_run(w->loop, 0);
	epoch_enter(w->reader);
	listeners_free(w);
	if (w->gen)
		worker_gen_unref(w->gen);
	w->gen = NULL;
	upstream_free_all(w);
	free_the_dead(w);
	epoch_leave(w->reader);
	pattern_thread_done();
	w->ops.stopped(w->ops.ctx, w->index, w->cut);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->loop) {
		mailbox_close(&w->mailbox);
		ev_loop_destroy(w->loop);
	}
	slab_fini(&w->sessions);
	slab_fini(&w->exchanges);
	slab_fini(&w->upstreams);
	slab_fini(&w->chunks);
	free(w->read);
	free(w->out);
	free(w);
}

const struct worker_stats *worker_stats(const struct worker *w)
{
	return &w->stats;
}
