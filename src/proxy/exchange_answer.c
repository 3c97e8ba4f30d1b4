/* SPDX-License-Identifier: MIT */
/*
 * From the member to the client: the answer's head, parsed strictly and rewritten, and its body,
 * re-framed where the client's version or the member's framing asks for it. A client that does
 * not read stops the member from being read: what waits in between is bounded by one read.
 */
#include <errno.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "proxy/exchange.h"
#include "proxy/rewrite.h"

/* A body up to this size is copied behind the head for one send; beyond it, two iovecs. */
#define COPY_BYTES 16384

static const char end_last_chunk[] = "\r\n0\r\n\r\n"; /* end of a chunk, then of the body */
static const char *const last_chunk = end_last_chunk + 2;

/* ---- sending ---- */

/* Head (in w->out, may be empty), framing, data and end, in as few system calls as can be. */
static enum io_result send_pieces(struct exchange *x, size_t head, struct slice data, bool more)
{
	struct session *s = x->s;
	struct worker *w = s->w;
	bool end = x->answer_chunked && x->answer_body.done;
	char *at = w->out + head;
	struct iovec v[3];

	if (x->answer_chunked && data.n)
		at += chunked_size_line(at, data.n);
	if (data.n <= COPY_BYTES && (head || x->answer_chunked)) {
		if (data.n) {
			memcpy(at, data.p, data.n);
			at += data.n;
			if (x->answer_chunked) {
				memcpy(at, "\r\n", 2);
				at += 2;
			}
		}
		if (end) {
			memcpy(at, last_chunk, 5);
			at += 5;
		}
		x->answer_bytes += (size_t)(at - w->out);
		return stream_send(&s->stream, &w->chunks, w->out, (size_t)(at - w->out), more);
	}
	if (at == w->out) {
		x->answer_bytes += data.n;
		return stream_send(&s->stream, &w->chunks, data.p, data.n, more);
	}
	v[0] = (struct iovec){ w->out, (size_t)(at - w->out) };
	v[1] = (struct iovec){ (char *)data.p, data.n };
	v[2] = (struct iovec){ (char *)end_last_chunk, x->answer_chunked ? (end ? 7u : 2u) : 0u };
	x->answer_bytes += v[0].iov_len + v[1].iov_len + v[2].iov_len;
	return stream_sendv(&s->stream, &w->chunks, v, 3, more);
}

/* Sends, and ends the exchange when that was the last of it. */
static void forward(struct exchange *x, size_t head, struct slice data)
{
	struct session *s = x->s;
	bool done = x->answer_body.done;
	/* The connection ends right behind the last byte: let the FIN ride on it. */
	bool more = done && x->answer_close && x->request_body.done && !s->pending.data;

	if (head || data.n || (done && x->answer_chunked)) {
		if (send_pieces(x, head, data, more) != IO_OK) {
			exchange_cut(x, OUTCOME_CLIENT_ABORT);
			return;
		}
	}
	if (done) {
		exchange_finish(x, OUTCOME_OK);
		return;
	}
	session_deadline(s, x->pool->pool->conf->idle_timeout_ms * 1000);
	upstream_watch(x->up, s->stream.out_bytes == 0);
	if (s->stream.out_bytes)
		session_watch(s);
}

void exchange_client_progress(struct exchange *x)
{
	if (x->state == EXCHANGE_ANSWERING)
		session_deadline(x->s, x->pool->pool->conf->idle_timeout_ms * 1000);
	if (x->up)
		upstream_watch(x->up, x->s->stream.out_bytes == 0);
}

/* ---- the head ---- */

/* How the answer is framed for this client. */
static void client_framing(struct exchange *x, const struct http1_response *r)
{
	struct body *b = &x->answer_body;

	body_init_answer(b, r, x->method == HTTP1_HEAD);
	x->answer_close = !x->client_keep_alive || session_last_answer(x->s);
	x->answer_chunked = false;
	x->member_keep = r->head.minor ? !r->head.close : r->head.keep_alive && !r->head.close;
	if (b->kind == BODY_UNTIL_CLOSE)
		x->member_keep = false;
	if (b->kind == BODY_CHUNKED || b->kind == BODY_UNTIL_CLOSE) {
		if (x->client_minor)
			x->answer_chunked = true;
		else
			x->answer_close = true;
	}
	/* A request whose body is not read to its end leaves nothing to go on with. */
	if (!x->request_body.done)
		x->answer_close = true;
}

static void count_answer(struct exchange *x, unsigned status)
{
	struct member_cell *cell = x->up->slot->cell;
	struct worker *w = x->s->w;

	x->answered_us = w->now;
	cell_add(&cell->status[status / 100 <= 5 ? status / 100 : 0], 1);
	histogram_record(&cell->latency, w->now - x->sent_us);
}

/* The final answer's head has come; `rest` is what followed it. */
static void answer_head(struct exchange *x, const struct http1_response *r, struct slice rest)
{
	struct worker *w = x->s->w;
	struct rewrite_answer how;
	struct slice data;
	size_t n;

	client_framing(x, r);
	how = (struct rewrite_answer){
		.chunked = x->answer_chunked ||
			   (r->head.chunked && x->client_minor && r->status != 204),
		.close = x->answer_close,
		.keep_alive = !x->answer_close && !x->client_minor,
	};
	/* Malformed from its first bytes on: the client has seen nothing yet. */
	if (body_take(&x->answer_body, &rest, &data) == BODY_BAD) {
		exchange_fail(x, OWN_BAD_ANSWER);
		return;
	}
	n = rewrite_answer(w->out, r, &how);
	x->status = (uint16_t)r->status;
	exchange_count_status(x);
	exchange_goto(x, EXCHANGE_ANSWERING);
	/* Bytes after the end of the answer: whose they are nobody can say. */
	if (rest.n)
		x->member_keep = false;
	forward(x, n, data);
}

/* 1xx: forwarded to those who know it (RFC 9110 15.2). False: the exchange has ended. */
static bool answer_interim(struct exchange *x, const struct http1_response *r)
{
	struct worker *w = x->s->w;
	size_t n;

	if (r->status == 101) {
		exchange_fail(x, OWN_BAD_ANSWER); /* we never asked for an upgrade */
		return false;
	}
	if (!x->client_minor)
		return true;
	n = rewrite_interim(w->out, r);
	x->answer_bytes += n;
	if (stream_send(&x->s->stream, &w->chunks, w->out, n, false) != IO_OK) {
		exchange_cut(x, OUTCOME_CLIENT_ABORT);
		return false;
	}
	/* A member can send these without end; a client need not take them. */
	upstream_watch(x->up, x->s->stream.out_bytes == 0);
	if (x->s->stream.out_bytes)
		session_watch(x->s);
	return true;
}

/* Whether this answer is not to be forwarded but the request tried elsewhere. */
static bool answer_refused(struct exchange *x, unsigned status)
{
	const struct conf_retry *c = &x->pool->pool->conf->retry;
	struct retry_facts f = {
		.cause = RETRY_STATUS,
		.status = status,
		.idempotent = http1_idempotent(x->method),
		.replayable = x->replayable,
		.tries_left = x->tries_left,
	};

	if (!c->n_statuses || retry_decide(c, &f) == RETRY_NOT)
		return false;
	return exchange_has_alternative(x);
}

/* Keeps a partial head, now in the shared buffer, until the rest has come. */
static bool keep_partial(struct upstream *u, struct slice in)
{
	if (in.n > u->in_cap) {
		uint32_t cap = in.n < 4096 ? 4096 : (uint32_t)in.n * 2;
		char *p = realloc(u->in, cap);

		if (!p)
			return false;
		u->in = p;
		u->in_cap = cap;
	}
	memcpy(u->in, in.p, in.n);
	u->in_len = (uint32_t)in.n;
	return true;
}

/* Well-formed so far, and of a size that w->out has room for: one read can bring more than that. */
static bool head_is_good(enum http1_result result, const struct http1_response *r, size_t n)
{
	if (result == HTTP1_BAD)
		return false;
	return result == HTTP1_MORE ? n < ANSWER_HEAD_MAX : r->head.len <= ANSWER_HEAD_MAX;
}

/* Parses heads off `in` until the final one. */
static void answer_bytes(struct exchange *x, struct slice in)
{
	struct worker *w = x->s->w;
	struct http1_response *r = &w->answer;

	for (;;) {
		struct upstream *u = x->up;
		enum http1_result result = http1_parse_response(r, in.p, in.n);

		if (!head_is_good(result, r, in.n)) {
			exchange_fail(x, OWN_BAD_ANSWER);
			return;
		}
		if (result == HTTP1_MORE) {
			if (!keep_partial(u, in))
				exchange_fail(x, OWN_INTERNAL);
			return;
		}
		in.p += r->head.len;
		in.n -= r->head.len;
		if (r->status >= 200)
			break;
		if (!answer_interim(x, r))
			return;
		if (in.n == 0) {
			u->in_len = 0;
			return;
		}
	}
	member_connect_ok(x->up->slot->member);
	count_answer(x, r->status);
	if (answer_refused(x, r->status)) {
		exchange_try_failed(x, RETRY_STATUS, OUTCOME_OK, OWN_BAD_ANSWER);
		return;
	}
	x->up->in_len = 0;
	answer_head(x, r, in);
}

/* ---- reading ---- */

/* Input goes to the shared buffer, or behind a partial head. */
static enum io_result receive(struct upstream *u, struct slice *in)
{
	struct worker *w = u->w;
	enum io_result r;
	size_t n = 0;

	if (!u->in_len) {
		size_t cap =
			u->exchange->state == EXCHANGE_ANSWERING ? READ_BYTES : HEAD_READ_BYTES;

		r = stream_recv(&u->stream, w->read, cap, &n);
		*in = slice_of(w->read, n);
	} else {
		/* Together in the shared buffer: the partial head first. */
		memcpy(w->read, u->in, u->in_len);
		r = stream_recv(&u->stream, w->read + u->in_len, HEAD_READ_BYTES, &n);
		*in = slice_of(w->read, r == IO_OK ? u->in_len + n : 0);
	}
	cell_add(&u->slot->cell->bytes_in, n);
	return r;
}

/* The member ended or broke the connection. */
static void member_ended(struct exchange *x, bool orderly)
{
	if (x->state == EXCHANGE_SENT) {
		if (x->up->in_len)
			exchange_fail(x, OWN_BAD_ANSWER);
		else
			exchange_try_failed(x, RETRY_RESET, OUTCOME_RESET, OWN_MEMBER_RESET);
		return;
	}
	x->member_keep = false;
	if (!orderly || !body_end(&x->answer_body)) {
		exchange_cut(x, OUTCOME_TRUNCATED);
		return;
	}
	forward(x, 0, slice_of(NULL, 0));
}

static void answer_body(struct exchange *x, struct slice in)
{
	struct slice data;

	if (body_take(&x->answer_body, &in, &data) == BODY_BAD) {
		exchange_cut(x, OUTCOME_BAD_ANSWER);
		return;
	}
	if (in.n)
		x->member_keep = false;
	forward(x, 0, data);
}

void exchange_upstream_readable(struct exchange *x)
{
	struct upstream *u = x->up;
	struct slice in = { NULL, 0 };

	switch (receive(u, &in)) {
	case IO_AGAIN:
		return;
	case IO_EOF:
		member_ended(x, true);
		return;
	case IO_ERROR:
		member_ended(x, false);
		return;
	case IO_OK:
		break;
	}
	x->answer_seen = true;
	if (x->state == EXCHANGE_SENT)
		answer_bytes(x, in);
	else
		answer_body(x, in);
}
