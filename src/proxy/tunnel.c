/* SPDX-License-Identifier: MIT */
/*
 * Tunnels: picks a member and connects, then moves bytes both ways until both sides have ended.
 * Runs on the worker's thread. Each side is read only while the other takes what it sends: what
 * waits in between is bounded by one read per direction.
 */
#include "proxy/tunnel.h"

#include <errno.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "proxy/access_log.h"

#define WAITING_MAX 1024 /* as for exchanges */

enum tunnel_state {
	TUNNEL_NEW,
	TUNNEL_WAITING,	   /* for the pool's first verdict */
	TUNNEL_CONNECTING, /* to a member */
	TUNNEL_OPEN,
	TUNNEL_DONE,
};

struct tunnel {
	enum tunnel_state state;
	struct session *s;
	struct worker_pool *pool; /* its generation is pinned */
	struct upstream *up;
	struct tried tried;
	unsigned tries, tries_left;
	bool client_eof, member_eof;
	int64_t begun_us;
	uint64_t bytes_in, bytes_out; /* from and to the client */
	const char *member_name;
	struct list link; /* pool->waiting_tunnels */
};

static void dispatch(struct tunnel *t);

/* ---- the end ---- */

static void leave_member(struct tunnel *t, enum outcome outcome)
{
	struct upstream *u = t->up;

	if (!u)
		return;
	cell_sub(&u->slot->cell->in_flight, 1);
	cell_add(&u->slot->cell->outcome[outcome], 1);
	t->up = NULL;
	upstream_close(u);
}

static void write_log(struct tunnel *t, enum outcome why)
{
	struct access_record r = {
		.mode = "tcp",
		.pool = t->pool->pool->conf->name,
		.member = t->member_name,
		.outcome = why,
		.tries = t->tries,
		.bytes_in = t->bytes_in,
		.bytes_out = t->bytes_out,
		.total_us = t->s->w->now - t->begun_us,
		.member_us = -1,
	};

	access_log_write(t->s, &r);
}

static void leave_waiting(struct tunnel *t)
{
	if (t->state != TUNNEL_WAITING)
		return;
	list_remove(&t->link);
	t->pool->n_waiting--;
	cell_sub(&t->pool->cell->waiting, 1);
}

static void finish(struct tunnel *t, enum outcome why, bool reset)
{
	struct session *s = t->s;

	leave_waiting(t);
	leave_member(t, why);
	t->state = TUNNEL_DONE;
	if (access_log_wanted(s))
		write_log(t, why);
	worker_gen_unref(t->pool->gen);
	s->tunnel = NULL;
	free(t);
	session_close(s, reset);
}

static void fail(struct tunnel *t, enum own_error e)
{
	cell_add(&t->pool->cell->own[e], 1);
	cell_add(&t->s->listener->cell->own[e], 1);
	/* An orderly end: a reset could reach the client before its connect() has returned. */
	finish(t, OUTCOME_CONNECT, false);
}

void tunnel_cut(struct session *s, enum outcome why)
{
	cell_add(&s->listener->cell->cut, 1);
	finish(s->tunnel, why, true);
}

void tunnel_upstream_cut(struct upstream *u)
{
	tunnel_cut(u->tunnel->s, OUTCOME_TIMEOUT);
}

/* ---- moving bytes ---- */

static void watch(struct tunnel *t)
{
	struct session *s = t->s;
	bool open = t->state == TUNNEL_OPEN;

	/* Before the member is there, the client's bytes wait in its socket. */
	stream_watch(&s->stream, s->w->loop, open && !t->client_eof && !t->up->stream.out, false);
	if (t->up)
		upstream_watch(t->up, open && !t->member_eof && !s->stream.out);
}

static void active(struct tunnel *t)
{
	session_deadline(t->s, t->pool->pool->conf->idle_timeout_ms * 1000);
}

static bool is_over(const struct tunnel *t)
{
	return t->client_eof && t->member_eof && !t->up->stream.out && !t->s->stream.out;
}

/* One read from one side, sent to the other; `a` and `b` count it. False: the tunnel is gone. */
static bool pump(struct tunnel *t, struct stream *from, struct stream *to, bool *eof,
		 uint64_t *bytes, cell_t *a, cell_t *b)
{
	struct worker *w = t->s->w;
	size_t n = 0;

	switch (stream_recv(from, w->read, READ_BYTES, &n)) {
	case IO_AGAIN:
		return true;
	case IO_ERROR:
		finish(t, from == &t->s->stream ? OUTCOME_CLIENT_ABORT : OUTCOME_TRUNCATED, true);
		return false;
	case IO_EOF:
		*eof = true;
		stream_shut(to);
		return true;
	case IO_OK:
		break;
	}
	*bytes += n;
	cell_add(a, n);
	cell_add(b, n);
	if (stream_send(to, &w->chunks, w->read, n, false) != IO_OK) {
		finish(t, to == &t->s->stream ? OUTCOME_CLIENT_ABORT : OUTCOME_TRUNCATED, true);
		return false;
	}
	return true;
}

/* After an event on either side. */
static void settle(struct tunnel *t)
{
	if (is_over(t)) {
		finish(t, OUTCOME_OK, false);
		return;
	}
	active(t);
	watch(t);
}

void tunnel_client_event(struct session *s, int revents)
{
	struct tunnel *t = s->tunnel;

	if (t->state != TUNNEL_OPEN)
		return;
	if ((revents & EV_WRITE) && stream_flush(&s->stream, &s->w->chunks) == IO_ERROR) {
		finish(t, OUTCOME_CLIENT_ABORT, true);
		return;
	}
	if ((revents & EV_READ) && !t->client_eof && !t->up->stream.out) {
		if (!pump(t, &s->stream, &t->up->stream, &t->client_eof, &t->bytes_in,
			  &s->listener->cell->bytes_in, &t->up->slot->cell->bytes_out))
			return;
	}
	settle(t);
}

/* ---- connecting ---- */

static void opened(struct tunnel *t)
{
	upstream_connected(t->up);
	member_connect_ok(t->up->slot->member);
	histogram_record(&t->up->slot->cell->latency, t->s->w->now - t->up->since);
	t->state = TUNNEL_OPEN;
	active(t);
	watch(t);
}

static void tell_passive(struct tunnel *t, struct member *m, enum probe_code code, int error)
{
	struct finding f = {
		.code = code,
		.phase = PHASE_CONNECT,
		.sys_errno = error,
		.connect_us = -1,
		.first_byte_us = -1,
		.total_us = t->s->w->now - t->begun_us,
	};

	upstream_tell_passive(t->s->w, t->pool->pool->conf, m, &f);
}

/* The member could not be reached: the next one, while there are tries. False: given up. */
static bool connect_failed(struct tunnel *t, struct member *m, enum outcome outcome, int error)
{
	struct upstream_slot *slot = upstream_slot(t->s->w, m);
	bool timeout = outcome == OUTCOME_CONNECT_TIMEOUT;

	tell_passive(t, m, timeout ? CODE_L4TOUT : CODE_L4CON, error);
	if (!t->up && slot)
		cell_add(&slot->cell->outcome[outcome], 1);
	leave_member(t, outcome);
	if (!t->tries_left || !t->pool->pool->conf->retry.on_connect) {
		fail(t, sock_is_shortage(error) ? OWN_OVERLOADED
			: timeout		? OWN_CONNECT_TIMEOUT
						: OWN_CONNECT_FAILED);
		return false;
	}
	t->tries_left--;
	if (t->tried.n < TRIED_MAX)
		t->tried.member[t->tried.n++] = m;
	if (slot)
		cell_add(&slot->cell->retried, 1);
	cell_add(&t->pool->cell->retries, 1);
	t->state = TUNNEL_NEW;
	return true;
}

static void nobody(struct tunnel *t, const struct view *v)
{
	if ((v && !v->nothing_judged) || t->pool->n_waiting >= WAITING_MAX) {
		fail(t, t->tried.n ? OWN_CONNECT_FAILED : OWN_NO_MEMBER);
		return;
	}
	t->pool->n_waiting++;
	cell_add(&t->pool->cell->waiting, 1);
	list_push_back(&t->pool->waiting_tunnels, &t->link);
	t->state = TUNNEL_WAITING;
	session_deadline(t->s, t->pool->pool->conf->first_check_wait_ms * 1000);
	watch(t);
}

static bool try_member(struct tunnel *t, struct member *m)
{
	struct upstream_slot *slot = upstream_slot(t->s->w, m);
	struct upstream *u;

	if (!slot) {
		errno = ENOMEM;
		return false;
	}
	slot->keep_us = t->pool->pool->conf->keepalive_timeout_ms * 1000;
	t->tries++;
	t->member_name = m->name;
	cell_add(&slot->cell->requests, 1);
	u = upstream_take(slot, true, false);
	if (!u)
		return false;
	u->tunnel = t;
	t->up = u;
	cell_add(&slot->cell->in_flight, 1);
	t->state = TUNNEL_CONNECTING;
	session_deadline(t->s, t->pool->pool->conf->connect_timeout_ms * 1000);
	watch(t);
	return true;
}

static void dispatch(struct tunnel *t)
{
	for (;;) {
		const struct view *v = pool_view(t->pool->pool);
		struct member *m = NULL;

		if (v && v->n)
			m = balance_pick(t->pool->pool->conf->balance, v, &t->pool->balance,
					 &t->tried);
		if (!m) {
			nobody(t, v);
			return;
		}
		if (try_member(t, m) || !connect_failed(t, m, OUTCOME_CONNECT, errno))
			return;
	}
}

void tunnel_upstream_event(struct upstream *u, int revents)
{
	struct tunnel *t = u->tunnel;
	struct session *s = t->s;

	if (t->state == TUNNEL_CONNECTING) {
		int error = sock_error(u->stream.io.fd);

		if (!error)
			opened(t);
		else if (connect_failed(t, u->slot->member, OUTCOME_CONNECT, error))
			dispatch(t);
		return;
	}
	if ((revents & EV_WRITE) && stream_flush(&u->stream, &s->w->chunks) == IO_ERROR) {
		finish(t, OUTCOME_TRUNCATED, true);
		return;
	}
	if ((revents & EV_READ) && !t->member_eof && !s->stream.out) {
		if (!pump(t, &u->stream, &s->stream, &t->member_eof, &t->bytes_out,
			  &s->listener->cell->bytes_out, &u->slot->cell->bytes_in))
			return;
	}
	settle(t);
}

static bool still_moves(struct stream *to)
{
	return to->out_bytes && stream_drains(to);
}

void tunnel_timeout(struct session *s)
{
	struct tunnel *t = s->tunnel;

	switch (t->state) {
	case TUNNEL_WAITING:
		fail(t, OWN_NOT_JUDGED);
		break;
	case TUNNEL_CONNECTING:
		if (connect_failed(t, t->up->slot->member, OUTCOME_CONNECT_TIMEOUT, ETIMEDOUT))
			dispatch(t);
		break;
	default:
		if (still_moves(&s->stream) || still_moves(&t->up->stream))
			active(t);
		else
			finish(t, OUTCOME_TIMEOUT, s->stream.out_bytes != 0);
	}
}

static void pick_again(struct tunnel *t)
{
	leave_waiting(t);
	t->state = TUNNEL_NEW;
	dispatch(t);
}

void tunnels_retry_pick(struct worker_pool *p)
{
	struct list now, *it, *tmp;

	/* Those that must wait again queue up behind. */
	list_take_all(&now, &p->waiting_tunnels);
	LIST_FOREACH_SAFE(it, tmp, &now)
		pick_again(CONTAINER_OF(it, struct tunnel, link));
}

void tunnels_move(struct worker_pool *from, struct worker_pool *to)
{
	struct list now, *it, *tmp;

	list_take_all(&now, &from->waiting_tunnels);
	LIST_FOREACH_SAFE(it, tmp, &now) {
		struct tunnel *t = CONTAINER_OF(it, struct tunnel, link);

		if (!to) {
			fail(t, OWN_NO_MEMBER);
			continue;
		}
		leave_waiting(t);
		t->state = TUNNEL_NEW;
		worker_gen_ref(to->gen);
		worker_gen_unref(t->pool->gen);
		t->pool = to;
		t->tried.n = 0;
		dispatch(t);
	}
}

void tunnel_begin(struct session *s)
{
	struct worker_gen *gen = s->listener->gen;
	struct tunnel *t = calloc(1, sizeof(*t));

	s->tunnel = t;
	if (!t) {
		cell_add(&s->w->stats.out_of_memory, 1);
		session_close(s, true);
		return;
	}
	t->s = s;
	t->begun_us = s->w->now;
	t->pool = &gen->pools[s->listener->conf->pool->index];
	t->tries_left = t->pool->pool->conf->retry.tries;
	list_init(&t->link);
	worker_gen_ref(t->pool->gen);
	cell_add(&t->pool->cell->requests, 1);
	cell_add(&s->listener->cell->requests, 1);
	dispatch(t);
}
