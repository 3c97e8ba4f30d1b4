/* SPDX-License-Identifier: MIT */
/*
 * Sessions over HTTP/1.1: reads requests, hands each to an exchange, and ends the connection in
 * a way that does not lose the last answer. Runs on the worker's thread. It never looks at pools
 * or members: that is the exchange's.
 */
#include "proxy/session.h"

#include <stdio.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "proxy/access_log.h"
#include "proxy/exchange.h"
#include "proxy/reply.h"
#include "proxy/tunnel.h"

/* What a client may still send after our last answer is read and dropped for this long, so that
 * a reset does not overtake the answer (RFC 9112 9.6). nginx: 5 s between two reads. */
#define LINGER_US (2 * 1000000)
/* Idle connections get this much when the worker winds down: enough for a client that is about
 * to send to be told Connection: close instead of being cut. */
#define WIND_DOWN_US (1 * 1000000)

#define BIT(state) (1u << (state))

/* Which states may follow which. */
static const unsigned session_next[SESSION_STATES] = {
	[SESSION_IDLE] = BIT(SESSION_HEAD) | BIT(SESSION_EXCHANGE) | BIT(SESSION_FLUSH) |
			 BIT(SESSION_TUNNEL) | BIT(SESSION_CLOSED),
	[SESSION_HEAD] = BIT(SESSION_EXCHANGE) | BIT(SESSION_FLUSH) | BIT(SESSION_CLOSED),
	[SESSION_EXCHANGE] = BIT(SESSION_IDLE) | BIT(SESSION_FLUSH) | BIT(SESSION_CLOSED),
	[SESSION_TUNNEL] = BIT(SESSION_CLOSED),
	[SESSION_FLUSH] = BIT(SESSION_LINGER) | BIT(SESSION_CLOSED),
	[SESSION_LINGER] = BIT(SESSION_CLOSED),
};

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents);

/* ---- deadlines ---- */

static void timer_arm(struct session *s, int64_t due)
{
	struct worker *w = s->w;

	ev_timer_stop(w->loop, &s->timer);
	ev_timer_set(&s->timer, due > w->now ? (double)(due - w->now) / 1e6 : 0., 0.);
	ev_timer_start(w->loop, &s->timer);
	s->timer_due = due;
}

void session_deadline(struct session *s, int64_t us)
{
	s->deadline = s->w->now + us;
	/* A timer that fires too early looks, and waits on: only one too late must be moved. */
	if (!ev_is_active(&s->timer) || s->timer_due > s->deadline)
		timer_arm(s, s->deadline);
}

static void session_fail(struct session *s, enum own_error e, const char *detail);
static int64_t state_patience_us(const struct session *s);

static void time_is_up(struct session *s)
{
	switch ((enum session_state)s->state) {
	case SESSION_HEAD:
		session_fail(s, OWN_REQUEST_TIMEOUT, NULL);
		break;
	case SESSION_EXCHANGE:
		exchange_timeout(s->exchange);
		session_resume(s);
		break;
	case SESSION_TUNNEL:
		tunnel_timeout(s);
		break;
	case SESSION_IDLE:
	case SESSION_LINGER:
	case SESSION_FLUSH:
		if (s->stream.out_bytes && stream_drains(&s->stream)) {
			session_deadline(s, state_patience_us(s));
			break;
		}
		/* What is still queued is lost: the client must not take what it has for all. */
		session_close(s, s->stream.out_bytes != 0);
		break;
	case SESSION_CLOSED:
	case SESSION_STATES:
		break;
	}
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct session *s = CONTAINER_OF(t, struct session, timer);

	(void)loop;
	(void)revents;
	AORTA_CHECK(s, SESSION_MAGIC);
	if (s->w->now < s->deadline)
		timer_arm(s, s->deadline);
	else
		time_is_up(s);
	if (s->state != SESSION_CLOSED && !ev_is_active(&s->timer))
		timer_arm(s, s->deadline);
}

/* ---- states ---- */

static int64_t state_patience_us(const struct session *s)
{
	const struct conf_listener *c = s->listener->conf;

	switch ((enum session_state)s->state) {
	case SESSION_IDLE:
		if (s->stream.out_bytes)
			return c->idle_timeout_ms * 1000;
		if (s->w->stopping || s->listener->gone)
			return WIND_DOWN_US;
		return (s->fresh ? c->header_timeout_ms : c->keepalive_timeout_ms) * 1000;
	case SESSION_HEAD:
		return c->header_timeout_ms * 1000;
	case SESSION_FLUSH:
		return c->idle_timeout_ms * 1000;
	case SESSION_LINGER:
		return LINGER_US;
	default:
		return -1; /* the exchange or tunnel sets its own */
	}
}

void session_goto(struct session *s, enum session_state next)
{
	int64_t patience;

	AORTA_ASSERT(session_next[s->state] & BIT(next));
	s->state = (uint8_t)next;
	if (next == SESSION_CLOSED)
		return;
	patience = state_patience_us(s);
	if (patience >= 0)
		session_deadline(s, patience);
}

void session_watch(struct session *s)
{
	bool want_read = true;

	switch ((enum session_state)s->state) {
	case SESSION_IDLE:
		/* Who does not take the answers is not asked for further requests. */
		want_read = s->stream.out_bytes == 0;
		break;
	case SESSION_EXCHANGE:
		want_read = !s->eof && exchange_wants_request(s->exchange) &&
			    s->pending.end - s->pending.start < PENDING_MAX;
		break;
	case SESSION_FLUSH:
		want_read = false;
		break;
	case SESSION_TUNNEL: /* the tunnel watches both of its sides */
	case SESSION_CLOSED:
		return;
	default:
		break;
	}
	stream_watch(&s->stream, s->w->loop, want_read, false);
}

bool session_last_answer(const struct session *s)
{
	if (s->w->stopping || s->listener->gone)
		return true;
	/* With its side ended, no more requests come than those that are here. */
	return s->eof && !s->pending.data && s->w->in.n == 0;
}

void session_close(struct session *s, bool reset)
{
	struct worker *w = s->w;

	if (s->state == SESSION_CLOSED)
		return;
	if (s->state == SESSION_EXCHANGE && s->exchange)
		exchange_abort(s->exchange, OUTCOME_CLIENT_ABORT);
	if (s->state == SESSION_CLOSED)
		return;
	session_goto(s, SESSION_CLOSED);
	ev_timer_stop(w->loop, &s->timer);
	stream_close(&s->stream, w->loop, &w->chunks, reset);
	pending_free(&s->pending);
	list_remove(&s->link);
	list_push_back(&w->dead_sessions, &s->link);
	cell_sub(&s->listener->cell->active, 1);
	cell_sub(&w->stats.sessions, 1);
	listener_session_ended(s->listener);
}

void session_free(struct session *s)
{
	s->magic = 0;
	slab_give(&s->w->sessions, s);
}

/* Our side is done: closes when nothing can be lost by it, else lets the client finish first. */
static void flush_done(struct session *s)
{
	if (s->eof || !s->linger) {
		session_close(s, false);
		return;
	}
	stream_shut(&s->stream);
	session_goto(s, SESSION_LINGER);
	session_watch(s);
}

/* The last answer is sent or queued. */
static void begin_flush(struct session *s)
{
	session_goto(s, SESSION_FLUSH);
	if (s->stream.out_bytes == 0)
		flush_done(s);
	else
		session_watch(s);
}

void session_exchange_done(struct session *s, bool close, bool unread)
{
	s->exchange = NULL;
	if (close) {
		s->linger = unread || s->pending.data || s->w->in.n;
		begin_flush(s);
		return;
	}
	session_goto(s, SESSION_IDLE);
}

void session_wind_down(struct session *s)
{
	if (s->state == SESSION_IDLE && s->stream.out_bytes == 0)
		session_deadline(s, WIND_DOWN_US);
}

/* ---- unread bytes ---- */

/* Keeps what is left of w->in for later, wherever it is. */
static void stash(struct session *s)
{
	struct slice in = s->w->in;

	s->w->in = slice_of(NULL, 0);
	if (s->state == SESSION_CLOSED || pending_keep(&s->pending, in))
		return;
	cell_add(&s->w->stats.out_of_memory, 1);
	session_close(s, true);
}

void session_hold_input(struct session *s)
{
	stash(s);
	s->w->in = pending_slice(&s->pending);
}

/* ---- requests ---- */

/* How long the head has been coming; 0 when it came in one piece. */
static int64_t head_age_us(const struct session *s)
{
	if (s->state != SESSION_HEAD)
		return 0;
	return state_patience_us(s) - (s->deadline - s->w->now);
}

/* Answers ourselves to a request that never became an exchange, and ends the connection. */
static void session_fail(struct session *s, enum own_error e, const char *detail)
{
	struct worker *w = s->w;
	struct listener_cell *cell = s->listener->cell;
	size_t body;
	size_t n = reply_build(w->out, e, detail, true, false, &body);
	struct access_record r = {
		.own = e,
		.status = own_error_status(e),
		.bytes_out = n,
		.body_out = body,
		.total_us = head_age_us(s),
		.member_us = -1,
	};

	cell_add(&cell->own[e], 1);
	cell_add(&cell->status[own_error_status(e) / 100], 1);
	cell_add(&cell->requests, 1);
	cell_add(&cell->bytes_out, n);
	if (access_log_wanted(s))
		access_log_write(s, &r);
	w->in = slice_of(NULL, 0);
	s->linger = true;
	if (stream_send(&s->stream, &w->chunks, w->out, n, false) != IO_OK)
		session_close(s, true);
	else
		begin_flush(s);
}

static enum own_error head_error(enum http1_error e)
{
	switch (http1_error_status(e)) {
	case 431:
		return OWN_HEADER_TOO_LARGE;
	case 417:
		return OWN_EXPECTATION;
	case 505:
		return OWN_VERSION;
	default:
		return OWN_BAD_REQUEST;
	}
}

static void bad_head(struct session *s, enum http1_error e)
{
	char detail[128];

	snprintf(detail, sizeof(detail), "Cause: %s.", http1_error_text(e));
	session_fail(s, head_error(e), detail);
}

/* Takes one request off w->in. False when there is no whole head yet. */
static bool take_request(struct session *s)
{
	struct worker *w = s->w;
	uint64_t max = s->listener->conf->max_header;

	if (s->state == SESSION_IDLE) {
		size_t skip = http1_skip_crlf(w->in.p, w->in.n);

		w->in.p += skip;
		w->in.n -= skip;
		if (w->in.n == 0)
			return false;
	}
	switch (http1_parse_request(&w->request, w->in.p, w->in.n)) {
	case HTTP1_BAD:
		bad_head(s, w->request.head.error);
		return true;
	case HTTP1_MORE:
		if (w->in.n >= max) {
			session_fail(s, OWN_HEADER_TOO_LARGE, NULL);
			return true;
		}
		if (s->state == SESSION_IDLE)
			session_goto(s, SESSION_HEAD);
		return false;
	case HTTP1_DONE:
		break;
	}
	if (w->request.head.len > max) {
		session_fail(s, OWN_HEADER_TOO_LARGE, NULL);
		return true;
	}
	w->in.p += w->request.head.len;
	w->in.n -= w->request.head.len;
	s->fresh = false;
	exchange_begin(s);
	return true;
}

/* The client said no more than this: when all of it is answered, the connection ends. */
static void end_answered(struct session *s)
{
	bool unanswered = s->pending.data && s->stream.out_bytes;

	if ((s->state == SESSION_IDLE && !unanswered) || s->state == SESSION_HEAD)
		begin_flush(s);
}

/* Uses w->in as far as it goes, then keeps the rest. */
static void process(struct session *s)
{
	struct worker *w = s->w;

	for (;;) {
		if (s->state == SESSION_IDLE || s->state == SESSION_HEAD) {
			if (w->in.n == 0 || s->stream.out_bytes || !take_request(s))
				break;
		} else if (s->state == SESSION_EXCHANGE) {
			size_t before = w->in.n;

			if (before)
				exchange_pump_request(s->exchange);
			if (s->state == SESSION_EXCHANGE || w->in.n == before)
				break;
		} else {
			w->in = slice_of(NULL, 0);
			break;
		}
	}
	stash(s);
	if (s->eof)
		end_answered(s);
	session_watch(s);
}

void session_resume(struct session *s)
{
	struct pending *p = &s->pending;

	if (s->state == SESSION_CLOSED)
		return;
	if (!p->data && !s->eof) {
		session_watch(s);
		return;
	}
	s->w->in = pending_slice(p);
	process(s);
}

/* ---- events ---- */

static void client_gone(struct session *s)
{
	if (s->state == SESSION_EXCHANGE)
		exchange_abort(s->exchange, OUTCOME_CLIENT_ABORT);
	session_close(s, false);
}

/* The client ended its side. It may still read (RFC 9112 9.6), so an answer under way goes on. */
static void client_eof(struct session *s)
{
	s->eof = true;
	if (s->state == SESSION_EXCHANGE && !s->exchange->request_body.done)
		client_gone(s);
	else if (s->state == SESSION_EXCHANGE)
		session_watch(s);
	else
		end_answered(s);
}

/* Input goes to the shared buffer, or behind what is waiting already. */
static enum io_result receive(struct session *s, struct slice *in)
{
	struct pending *p = &s->pending;
	enum io_result r;
	size_t n = 0;
	char *to;

	if (!p->data) {
		r = stream_recv(&s->stream, s->w->read, HEAD_READ_BYTES, &n);
		cell_add(&s->listener->cell->bytes_in, n);
		*in = slice_of(s->w->read, n);
		return r;
	}
	to = pending_reserve(p, 16384);
	if (!to)
		return IO_ERROR;
	r = stream_recv(&s->stream, to, p->cap - p->end, &n);
	p->end += (uint32_t)n;
	cell_add(&s->listener->cell->bytes_in, n);
	*in = pending_slice(p);
	return r;
}

static void discard(struct session *s)
{
	size_t n;
	enum io_result r = stream_recv(&s->stream, s->w->read, HEAD_READ_BYTES, &n);

	if (r == IO_EOF || r == IO_ERROR)
		session_close(s, false);
}

static void readable(struct session *s)
{
	struct slice in = { NULL, 0 };

	if (s->state == SESSION_LINGER) {
		discard(s);
		return;
	}
	if (s->state == SESSION_FLUSH)
		return;
	switch (receive(s, &in)) {
	case IO_AGAIN:
		return;
	case IO_EOF:
		client_eof(s);
		return;
	case IO_ERROR:
		client_gone(s);
		return;
	case IO_OK:
		break;
	}
	s->w->in = in;
	process(s);
}

/* Some of the queue went: the client is alive. */
static void writable(struct session *s)
{
	if (stream_flush(&s->stream, &s->w->chunks) == IO_ERROR) {
		client_gone(s);
		return;
	}
	switch ((enum session_state)s->state) {
	case SESSION_EXCHANGE:
		exchange_client_progress(s->exchange);
		session_watch(s);
		break;
	case SESSION_IDLE:
		session_deadline(s, state_patience_us(s));
		if (s->stream.out_bytes == 0)
			session_resume(s);
		break;
	case SESSION_FLUSH:
		session_deadline(s, state_patience_us(s));
		if (s->stream.out_bytes == 0)
			flush_done(s);
		break;
	default:
		session_watch(s);
	}
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct session *s = CONTAINER_OF(io, struct session, stream.io);

	(void)loop;
	AORTA_CHECK(s, SESSION_MAGIC);
	if (s->state == SESSION_TUNNEL) {
		tunnel_client_event(s, revents);
		return;
	}
	if (revents & EV_WRITE)
		writable(s);
	if ((revents & EV_READ) && s->state != SESSION_CLOSED)
		readable(s);
}

/* ---- birth ---- */

void session_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct worker *w = l->w;
	struct session *s = slab_take(&w->sessions);

	if (!s) {
		cell_add(&w->stats.out_of_memory, 1);
		cell_add(&l->cell->refused, 1);
		sock_reset(fd);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->magic = SESSION_MAGIC;
	s->state = SESSION_IDLE;
	s->fresh = true;
	s->w = w;
	s->listener = l;
	s->peer = *peer;
	stream_open(&s->stream, fd, on_io);
	ev_timer_init(&s->timer, on_timer, 0., 0.);
	list_push_back(&w->all_sessions, &s->link);
	l->sessions++;
	cell_add(&l->cell->accepted, 1);
	cell_add(&l->cell->active, 1);
	cell_add(&w->stats.sessions, 1);
	if (l->conf->mode == MODE_TCP) {
		session_goto(s, SESSION_TUNNEL);
		tunnel_begin(s);
		return;
	}
	session_deadline(s, l->conf->header_timeout_ms * 1000);
	session_watch(s);
}
