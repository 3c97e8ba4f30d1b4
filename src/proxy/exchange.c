/* SPDX-License-Identifier: MIT */
/*
 * The exchange's machine: member after member until one answers, what a failure leads to, and
 * what is counted. Runs on the worker's thread. The bytes are dealt with in exchange_request.c
 * and exchange_answer.c; whether a failed try may be repeated is retry.c's to say.
 */
#include "proxy/exchange.h"

#include <errno.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "proxy/access_log.h"
#include "proxy/reply.h"

/* Requests of one worker that wait for a pool's first verdict; beyond it they fail at once. */
#define WAITING_MAX 1024

#define BIT(state) (1u << (state))

static const unsigned exchange_next[EXCHANGE_STATES] = {
	[EXCHANGE_NEW] = BIT(EXCHANGE_WAITING) | BIT(EXCHANGE_CONNECTING) | BIT(EXCHANGE_SENT) |
			 BIT(EXCHANGE_DONE),
	[EXCHANGE_WAITING] = BIT(EXCHANGE_NEW) | BIT(EXCHANGE_DONE),
	[EXCHANGE_CONNECTING] = BIT(EXCHANGE_NEW) | BIT(EXCHANGE_SENT) | BIT(EXCHANGE_DONE),
	[EXCHANGE_SENT] = BIT(EXCHANGE_NEW) | BIT(EXCHANGE_ANSWERING) | BIT(EXCHANGE_DONE),
	[EXCHANGE_ANSWERING] = BIT(EXCHANGE_DONE),
};

void exchange_goto(struct exchange *x, enum exchange_state next)
{
	const struct conf_pool *c = x->pool ? x->pool->pool->conf : NULL;

	AORTA_ASSERT(exchange_next[x->state] & BIT(next));
	x->state = (uint8_t)next;
	switch (next) {
	case EXCHANGE_WAITING:
		session_deadline(x->s, c->first_check_wait_ms * 1000);
		break;
	case EXCHANGE_CONNECTING:
		session_deadline(x->s, c->connect_timeout_ms * 1000);
		break;
	case EXCHANGE_SENT:
		session_deadline(x->s, x->request_body.done
					       ? c->response_timeout_ms * 1000
					       : x->s->listener->conf->idle_timeout_ms * 1000);
		break;
	case EXCHANGE_ANSWERING:
		session_deadline(x->s, c->idle_timeout_ms * 1000);
		break;
	case EXCHANGE_NEW:
	case EXCHANGE_DONE:
	case EXCHANGE_STATES:
		break;
	}
}

/* ---- counting ---- */

void exchange_count_status(struct exchange *x)
{
	unsigned class = x->status / 100;

	cell_add(&x->s->listener->cell->status[class <= 5 ? class : 0], 1);
}

/* The member of this try is done with, in whatever way. */
static void leave_member(struct exchange *x, enum outcome outcome)
{
	struct upstream *u = x->up;

	if (!u)
		return;
	cell_sub(&u->slot->cell->in_flight, 1);
	cell_add(&u->slot->cell->outcome[outcome], 1);
	cell_add(&u->slot->cell->bytes_out, x->request_len + x->request_body.taken);
	x->up = NULL;
}

/* Access log fields that are only in the head that we kept. */
static struct slice header_of(const struct exchange *x, struct slice name)
{
	struct slice head = slice_of(x->head, x->request_len);

	while (head.n) {
		const char *end = memchr(head.p, '\n', head.n);
		size_t n = end ? (size_t)(end - head.p) + 1 : head.n;

		if (n > name.n + 1 && head.p[name.n] == ':' &&
		    slice_ieq(slice_of(head.p, name.n), name))
			return slice_trim(slice_of(head.p + name.n + 1, n - name.n - 3));
		head.p += n;
		head.n -= n;
	}
	return slice_of(NULL, 0);
}

static void write_log(struct exchange *x, enum outcome outcome)
{
	const char *end = x->head_len ? memchr(x->head, '\r', x->head_len) : NULL;
	/* Two scans of the head that only this format asks for. */
	bool combined = x->s->listener->gen->g->conf->log.access_format == LOG_COMBINED;
	struct slice none = { NULL, 0 };
	struct access_record r = {
		.request_line = slice_of(x->head, end ? (size_t)(end - x->head) : 0),
		.host = header_of(x, SLICE_LIT("Host")),
		.referer = combined ? header_of(x, SLICE_LIT("Referer")) : none,
		.user_agent = combined ? header_of(x, SLICE_LIT("User-Agent")) : none,
		.pool = x->pool ? x->pool->pool->conf->name : NULL,
		.member = x->member_name,
		.status = x->status,
		.own = x->own,
		.outcome = outcome,
		.tries = x->tries,
		.bytes_in = x->request_body.taken,
		.bytes_out = x->answer_bytes,
		.body_out = x->answer_body.taken,
		.total_us = x->s->w->now - x->begun_us,
		.member_us = x->answered_us ? x->answered_us - x->sent_us : -1,
	};

	access_log_write(x->s, &r);
}

/* ---- the end ---- */

static void leave_waiting(struct exchange *x)
{
	if (x->state != EXCHANGE_WAITING)
		return;
	list_remove(&x->link);
	x->pool->n_waiting--;
	cell_sub(&x->pool->cell->waiting, 1);
}

/* Nothing more is sent or counted for `x`; its session is told by the caller. */
static void bury(struct exchange *x, enum outcome outcome)
{
	struct worker *w = x->s->w;

	if (access_log_wanted(x->s))
		write_log(x, outcome);
	leave_waiting(x);
	exchange_goto(x, EXCHANGE_DONE);
	cell_add(&x->s->listener->cell->bytes_out, x->answer_bytes);
	cell_sub(&w->stats.exchanges, 1);
	if (x->pool)
		worker_gen_unref(x->pool->gen);
	x->pool = NULL;
	x->s->exchange = NULL;
	list_push_back(&w->dead_exchanges, &x->link);
}

void exchange_free(struct exchange *x)
{
	if (x->head != x->head_inline)
		free(x->head);
	x->magic = 0;
	slab_give(&x->s->w->exchanges, x);
}

void exchange_finish(struct exchange *x, enum outcome outcome)
{
	struct session *s = x->s;
	struct upstream *u = x->up;
	bool request_left = !x->request_body.done;
	bool close = x->answer_close || request_left;

	if (u) {
		unsigned keep = x->pool->pool->conf->keepalive_connections;
		bool reusable =
			x->member_keep && !request_left && !u->stream.out && !u->stream.error;

		leave_member(x, outcome);
		if (reusable)
			upstream_give(u, keep);
		else
			upstream_close(u);
	}
	bury(x, outcome);
	session_exchange_done(s, close, request_left);
}

/* What our own answer says of the member that was being asked. */
static enum outcome outcome_behind(enum own_error e)
{
	switch (e) {
	case OWN_ANSWER_TIMEOUT:
	case OWN_NO_MEMBER:
		return OUTCOME_TIMEOUT;
	case OWN_BAD_ANSWER:
		return OUTCOME_BAD_ANSWER;
	default:
		return OUTCOME_CLIENT_ABORT;
	}
}

void exchange_cut(struct exchange *x, enum outcome why)
{
	struct session *s = x->s;

	exchange_abort(x, why);
	session_close(s, true);
}

void exchange_fail(struct exchange *x, enum own_error e)
{
	struct session *s = x->s;
	struct worker *w = s->w;
	bool close = !x->client_keep_alive || !x->client_minor || !x->request_body.done ||
		     session_last_answer(s);
	struct upstream *u = x->up;
	size_t n, body;

	if (x->status) {
		/* The client has a part of an answer: it must not take it for the whole. */
		exchange_cut(x, OUTCOME_TRUNCATED);
		return;
	}
	leave_member(x, outcome_behind(e));
	if (u)
		upstream_close(u);
	n = reply_build(w->out, e, NULL, close, x->method == HTTP1_HEAD, &body);
	x->answer_body.taken = body;
	x->own = (uint8_t)e;
	x->status = (uint16_t)own_error_status(e);
	x->answer_bytes += n;
	x->answer_close = close;
	cell_add(&s->listener->cell->own[e], 1);
	if (x->pool)
		cell_add(&x->pool->cell->own[e], 1);
	exchange_count_status(x);
	if (stream_send(&s->stream, &w->chunks, w->out, n, false) != IO_OK) {
		exchange_cut(x, OUTCOME_CLIENT_ABORT);
		return;
	}
	exchange_finish(x, OUTCOME_OK);
}

void exchange_abort(struct exchange *x, enum outcome why)
{
	struct upstream *u = x->up;

	leave_member(x, why);
	if (u)
		upstream_close(u);
	bury(x, why);
}

/* ---- tries ---- */

static void tell_passive(struct exchange *x, struct member *m, enum outcome outcome, int error)
{
	struct finding f = {
		.code = outcome == OUTCOME_CONNECT_TIMEOUT ? CODE_L4TOUT
			: outcome == OUTCOME_CONNECT	   ? CODE_L4CON
							   : CODE_L7RSP,
		.phase = outcome == OUTCOME_RESET ? PHASE_FIRST_BYTE : PHASE_CONNECT,
		.sys_errno = error,
		.connect_us = -1,
		.first_byte_us = -1,
		.total_us = x->s->w->now - x->begun_us,
	};

	upstream_tell_passive(x->s->w, x->pool->pool->conf, m, &f);
}

/* Whether this failure counts against the member at all. */
static bool is_evidence(enum retry_cause cause, enum outcome outcome)
{
	if (cause != RETRY_CONNECT && cause != RETRY_RESET)
		return false;
	return outcome == OUTCOME_CONNECT || outcome == OUTCOME_CONNECT_TIMEOUT ||
	       outcome == OUTCOME_RESET;
}

/* Takes the try back and says how to go on; `m` failed with `error` (errno, or 0). */
static enum retry_decision try_is_over(struct exchange *x, struct member *m, enum retry_cause cause,
				       enum outcome outcome, int error)
{
	struct retry_facts facts = {
		.cause = cause,
		.status = x->status,
		.idempotent = http1_idempotent(x->method),
		.replayable = x->replayable,
		.answer_seen = x->answer_seen,
		.tries_left = x->tries_left,
	};
	enum retry_decision d;

	if (cause == RETRY_STATUS)
		facts.status = x->s->w->answer.status;
	d = retry_decide(&x->pool->pool->conf->retry, &facts);
	if (is_evidence(cause, outcome))
		tell_passive(x, m, outcome, error);
	if (d == RETRY_ELSEWHERE) {
		x->tries_left--;
		if (x->tried.n < TRIED_MAX)
			x->tried.member[x->tried.n++] = m;
	}
	return d;
}

static void again(struct exchange *x, struct member_cell *cell)
{
	cell_add(&cell->retried, 1);
	cell_add(&x->pool->cell->retries, 1);
	x->answer_seen = false;
}

void exchange_try_failed(struct exchange *x, enum retry_cause cause, enum outcome outcome,
			 enum own_error e)
{
	struct upstream *u = x->up;
	struct upstream_slot *slot = u->slot;
	enum retry_decision d;

	/* A kept connection that the member closed meanwhile says nothing of the member. */
	if (cause == RETRY_RESET && u->reused)
		cause = RETRY_STALE;
	d = try_is_over(x, slot->member, cause, outcome, u->stream.error);
	if (d == RETRY_NOT) {
		leave_member(x, outcome);
		upstream_close(u);
		exchange_fail(x, e);
		return;
	}
	x->failure = (uint8_t)e;
	leave_member(x, outcome);
	upstream_close(u);
	again(x, slot->cell);
	exchange_goto(x, EXCHANGE_NEW);
	exchange_dispatch(x);
}

/* A connection to `m`, the head sent on it if it is open. False: refused at once, see errno. */
static bool try_member(struct exchange *x, struct member *m)
{
	struct upstream_slot *slot = upstream_slot(x->s->w, m);
	bool fresh = x->failure == OWN_MEMBER_RESET && x->tries;
	struct upstream *u;

	if (!slot) {
		errno = ENOMEM;
		return false;
	}
	slot->keep_us = x->pool->pool->conf->keepalive_timeout_ms * 1000;
	u = upstream_take(slot, fresh, !http1_idempotent(x->method));
	x->tries++;
	x->member_name = m->name;
	cell_add(&slot->cell->requests, 1);
	if (!u)
		return false;
	u->exchange = x;
	x->up = u;
	cell_add(&slot->cell->in_flight, 1);
	return exchange_send_head(x);
}

/* No member of the pool can be picked now. */
static void nobody(struct exchange *x, const struct view *v)
{
	if (v && !v->nothing_judged) {
		exchange_fail(x, x->failure ? x->failure : OWN_NO_MEMBER);
		return;
	}
	if (x->pool->n_waiting >= WAITING_MAX) {
		exchange_fail(x, OWN_NOT_JUDGED);
		return;
	}
	x->pool->n_waiting++;
	cell_add(&x->pool->cell->waiting, 1);
	list_push_back(&x->pool->waiting, &x->link);
	exchange_goto(x, EXCHANGE_WAITING);
}

/* What a synchronous failure of try_member() leads to. False: the exchange has ended. */
static bool dispatch_failed(struct exchange *x, struct member *m)
{
	int error = errno;
	struct upstream_slot *slot = upstream_slot(x->s->w, m);
	struct upstream *u = x->up;
	bool stale = u && u->reused;
	enum retry_cause cause = stale ? RETRY_STALE : RETRY_CONNECT;
	enum outcome outcome = stale ? OUTCOME_RESET : OUTCOME_CONNECT;
	enum own_error e = sock_is_shortage(error) ? OWN_OVERLOADED
			   : stale		   ? OWN_MEMBER_RESET
						   : OWN_CONNECT_FAILED;
	enum retry_decision d = try_is_over(x, m, cause, outcome, error);

	if (u) {
		leave_member(x, outcome);
		upstream_close(u);
	} else if (slot) {
		cell_add(&slot->cell->outcome[outcome], 1);
	}
	if (d == RETRY_NOT || !slot) {
		exchange_fail(x, e);
		return false;
	}
	x->failure = (uint8_t)e;
	again(x, slot->cell);
	return true;
}

void exchange_dispatch(struct exchange *x)
{
	for (;;) {
		const struct view *v = pool_view(x->pool->pool);
		struct member *m = NULL;

		if (v && v->n)
			m = balance_pick(x->pool->pool->conf->balance, v, &x->pool->balance,
					 &x->tried);
		if (!m) {
			nobody(x, v);
			return;
		}
		if (try_member(x, m) || !dispatch_failed(x, m))
			return;
	}
}

static bool was_tried(const struct exchange *x, const struct member *m)
{
	for (unsigned i = 0; i < x->tried.n; i++)
		if (x->tried.member[i] == m)
			return true;
	return x->up && x->up->slot->member == m;
}

bool exchange_has_alternative(const struct exchange *x)
{
	const struct view *v = pool_view(x->pool->pool);

	for (unsigned i = 0; v && i < v->n; i++)
		if (member_eligible(v->entries[i].member) && !was_tried(x, v->entries[i].member))
			return true;
	return false;
}

static void pick_again(struct exchange *x)
{
	struct session *s = x->s;

	leave_waiting(x);
	exchange_goto(x, EXCHANGE_NEW);
	exchange_dispatch(x);
	session_resume(s);
}

void exchanges_retry_pick(struct worker_pool *p)
{
	struct list now, *it, *tmp;

	/* Those that must wait again queue up behind. */
	list_take_all(&now, &p->waiting);
	LIST_FOREACH_SAFE(it, tmp, &now)
		pick_again(CONTAINER_OF(it, struct exchange, link));
}

void exchanges_move(struct worker_pool *from, struct worker_pool *to)
{
	struct list now, *it, *tmp;

	list_take_all(&now, &from->waiting);
	LIST_FOREACH_SAFE(it, tmp, &now) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, link);
		struct session *s = x->s;

		if (!to) {
			exchange_fail(x, OWN_NO_ROUTE);
			session_resume(s);
			continue;
		}
		leave_waiting(x);
		exchange_goto(x, EXCHANGE_NEW);
		worker_gen_ref(to->gen);
		worker_gen_unref(x->pool->gen);
		x->pool = to;
		x->tried.n = 0;
		exchange_dispatch(x);
		session_resume(s);
	}
}

void exchange_member_out(struct exchange *x)
{
	struct retry_facts facts = {
		.cause = RETRY_OUT,
		.idempotent = http1_idempotent(x->method),
		.replayable = x->replayable,
		.answer_seen = x->answer_seen,
		.tries_left = x->tries_left,
	};

	if (x->state != EXCHANGE_SENT && x->state != EXCHANGE_CONNECTING)
		return;
	/* What this member may still answer is worth more than our own 503. */
	if (!exchange_has_alternative(x))
		return;
	if (x->state == EXCHANGE_CONNECTING)
		facts.cause = RETRY_CONNECT;
	if (retry_decide(&x->pool->pool->conf->retry, &facts) == RETRY_NOT)
		return;
	exchange_try_failed(x, facts.cause, OUTCOME_TIMEOUT, OWN_NO_MEMBER);
}

/* Whether a slow reader, client or member, is the reason, and is reading. */
static bool still_moves(const struct exchange *x)
{
	struct stream *to = x->state == EXCHANGE_ANSWERING ? &x->s->stream
			    : x->state == EXCHANGE_SENT	   ? &x->up->stream
							   : NULL;

	return to && to->out_bytes && stream_drains(to);
}

void exchange_timeout(struct exchange *x)
{
	if (still_moves(x)) {
		session_deadline(x->s, x->pool->pool->conf->idle_timeout_ms * 1000);
		return;
	}
	switch ((enum exchange_state)x->state) {
	case EXCHANGE_WAITING:
		exchange_fail(x, OWN_NOT_JUDGED);
		break;
	case EXCHANGE_CONNECTING:
		exchange_try_failed(x, RETRY_CONNECT, OUTCOME_CONNECT_TIMEOUT, OWN_CONNECT_TIMEOUT);
		break;
	case EXCHANGE_SENT:
		if (!x->request_body.done && x->up->stream.out_bytes == 0)
			exchange_fail(x, OWN_REQUEST_TIMEOUT);
		else
			exchange_fail(x, OWN_ANSWER_TIMEOUT);
		break;
	case EXCHANGE_ANSWERING:
		exchange_cut(x, x->s->stream.out_bytes ? OUTCOME_CLIENT_ABORT : OUTCOME_TIMEOUT);
		break;
	case EXCHANGE_NEW:
	case EXCHANGE_DONE:
	case EXCHANGE_STATES:
		break;
	}
}
