/* SPDX-License-Identifier: MIT */
/*
 * From the client to the member: the exchange's birth from a parsed head, the rewritten head in
 * its keep, and the body that streams behind it. A body is read from the client only while the
 * member takes it: what waits in between is bounded by one read.
 */
#include <errno.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "proxy/exchange.h"
#include "proxy/rewrite.h"
#include "proxy/route.h"

static const char line_end[] = "\r\n";
static const char last_chunk[] = "0\r\n\r\n";

/* ---- birth ---- */

static void client_terms(struct exchange *x, const struct http1_request *r)
{
	x->method = (uint8_t)r->method;
	x->client_minor = r->head.minor;
	x->client_keep_alive =
		r->head.minor ? !r->head.close : r->head.keep_alive && !r->head.close;
	body_init_request(&x->request_body, r);
}

/* Memory for the head and what is added to it. */
static bool reserve_head(struct exchange *x, size_t bytes)
{
	if (bytes <= sizeof(x->head_inline)) {
		x->head = x->head_inline;
		x->head_cap = sizeof(x->head_inline);
		return true;
	}
	x->head = malloc(bytes);
	x->head_cap = (uint32_t)bytes;
	if (!x->head)
		x->head = x->head_inline;
	return x->head != x->head_inline;
}

static bool build_head(struct exchange *x, const struct http1_request *r)
{
	char client[ADDR_TEXT_BYTES];
	size_t n = addr_print_host(&x->s->peer, client);
	size_t need = r->head.len + r->host.n + REWRITE_EXTRA;

	/* A small body that has come along is kept and sent with the head, in one piece. */
	if (r->head.has_length && r->head.length <= x->s->w->in.n &&
	    r->head.length <= EXCHANGE_HEAD_MAX)
		need += r->head.length;
	if (!reserve_head(x, need))
		return false;
	x->request_len =
		(uint32_t)rewrite_request(x->head, r, slice_of(client, n), SLICE_LIT("http"));
	x->head_len = x->request_len;
	return true;
}

/* The body that lies in w->in, all of it or none, behind the head. */
static void keep_small_body(struct exchange *x)
{
	struct worker *w = x->s->w;
	struct body *b = &x->request_body;
	struct slice data;

	x->replayable = true;
	if (b->done || b->kind != BODY_LENGTH || b->left > w->in.n ||
	    b->left > x->head_cap - x->head_len)
		return;
	body_take(b, &w->in, &data);
	memcpy(x->head + x->head_len, data.p, data.n);
	x->head_len += (uint32_t)data.n;
}

static struct exchange *exchange_new(struct session *s)
{
	struct worker *w = s->w;
	struct exchange *x = slab_take(&w->exchanges);

	if (!x)
		return NULL;
	/* Everything but the inline head, which is written before it is read. */
	memset(x, 0, offsetof(struct exchange, head_inline));
	x->magic = EXCHANGE_MAGIC;
	x->s = s;
	x->begun_us = w->now;
	x->head = x->head_inline;
	list_init(&x->link);
	s->exchange = x;
	cell_add(&w->stats.exchanges, 1);
	cell_add(&s->listener->cell->requests, 1);
	return x;
}

/* What is wrong with the request before any member is asked; OWN_NONE when nothing is. */
static enum own_error refuse(struct exchange *x, const struct http1_request *r)
{
	uint64_t max = x->s->listener->conf->max_body;
	const struct conf_pool *pool;

	if (r->method == HTTP1_CONNECT)
		return OWN_METHOD;
	if (max && r->head.has_length && r->head.length > max)
		return OWN_BODY_TOO_LARGE;
	pool = route_find(x->s->listener->conf, r->host, r->path);
	if (!pool)
		return OWN_NO_ROUTE;
	x->pool = &x->s->listener->gen->pools[pool->index];
	worker_gen_ref(x->pool->gen);
	cell_add(&x->pool->cell->requests, 1);
	x->tries_left = (uint8_t)pool->retry.tries;
	return OWN_NONE;
}

void exchange_begin(struct session *s)
{
	const struct http1_request *r = &s->w->request;
	struct exchange *x = exchange_new(s);
	enum own_error e;

	if (!x) {
		cell_add(&s->w->stats.out_of_memory, 1);
		session_close(s, true);
		return;
	}
	session_goto(s, SESSION_EXCHANGE);
	client_terms(x, r);
	if (!build_head(x, r)) {
		exchange_fail(x, OWN_INTERNAL);
		return;
	}
	e = refuse(x, r);
	if (e != OWN_NONE) {
		exchange_fail(x, e);
		return;
	}
	keep_small_body(x);
	exchange_dispatch(x);
}

/* ---- the head ---- */

bool exchange_send_head(struct exchange *x)
{
	struct upstream *u = x->up;
	struct worker *w = x->s->w;
	bool more = !x->request_body.done && w->in.n;
	size_t sent = 0;
	enum io_result r = stream_try(&u->stream, x->head, x->head_len, &sent, more);

	if (r == IO_ERROR) {
		errno = u->stream.error;
		return false;
	}
	if (r == IO_AGAIN && u->state == UPSTREAM_CONNECTING) {
		exchange_goto(x, EXCHANGE_CONNECTING);
		upstream_watch(u, false);
		return true;
	}
	if (u->state == UPSTREAM_CONNECTING)
		upstream_connected(u);
	if (sent < x->head_len && stream_send(&u->stream, &w->chunks, x->head + sent,
					      x->head_len - sent, false) != IO_OK) {
		/* Not like a connect that failed: the member has a part of it. */
		x->replayable = x->replayable && sent == 0;
		errno = u->stream.error;
		return false;
	}
	x->sent_us = w->now;
	exchange_goto(x, EXCHANGE_SENT);
	upstream_watch(u, true);
	return true;
}

/* ---- the body ---- */

static bool under_way(const struct exchange *x)
{
	return x->state == EXCHANGE_SENT || x->state == EXCHANGE_ANSWERING;
}

/* Whether the member takes more of the body now. One that broke off may still be answering. */
static bool takes_request(const struct exchange *x)
{
	return under_way(x) && x->up->stream.out_bytes == 0 && x->up->stream.error == 0;
}

bool exchange_wants_request(const struct exchange *x)
{
	/* With the body complete, what comes is the next request or the client's end. */
	return x->request_body.done || takes_request(x);
}

static enum io_result send_data(struct exchange *x, struct slice data)
{
	struct worker *w = x->s->w;
	struct stream *to = &x->up->stream;
	char size[CHUNKED_SIZE_BYTES];
	struct iovec v[4];
	unsigned n = 0;

	if (x->request_body.kind != BODY_CHUNKED)
		return stream_send(to, &w->chunks, data.p, data.n, false);
	if (data.n) {
		v[n++] = (struct iovec){ size, chunked_size_line(size, data.n) };
		v[n++] = (struct iovec){ (char *)data.p, data.n };
		v[n++] = (struct iovec){ (char *)line_end, 2 };
	}
	if (x->request_body.done)
		v[n++] = (struct iovec){ (char *)last_chunk, 5 };
	return n ? stream_sendv(to, &w->chunks, v, n, false) : IO_OK;
}

/*
 * The member broke the connection while we were sending. An early answer, such as 413, or the
 * rest of one may lie in the socket in front of the reset: no more is sent, and the reading side
 * says what becomes of the exchange.
 */
static void send_broken(struct exchange *x)
{
	if (x->up->stream.error == ENOMEM) {
		exchange_fail(x, OWN_INTERNAL);
		return;
	}
	session_hold_input(x->s);
	stream_drop(&x->up->stream, &x->s->w->chunks);
	upstream_watch(x->up, x->s->stream.out_bytes == 0);
	if (x->s->stream.out_bytes == 0)
		exchange_upstream_readable(x);
}

/* The body moved: the answer's patience, or the body's, starts again. */
static void request_progress(struct exchange *x)
{
	const struct conf_pool *c = x->pool->pool->conf;
	int64_t idle_ms = x->s->listener->conf->idle_timeout_ms;

	if (x->state == EXCHANGE_ANSWERING) {
		session_deadline(x->s, c->idle_timeout_ms * 1000);
		return;
	}
	x->sent_us = x->s->w->now;
	session_deadline(x->s, (x->request_body.done ? c->response_timeout_ms : idle_ms) * 1000);
}

void exchange_pump_request(struct exchange *x)
{
	struct session *s = x->s;
	struct worker *w = s->w;
	struct body *b = &x->request_body;
	uint64_t max = s->listener->conf->max_body;
	struct slice data;

	if (b->done || !w->in.n || !takes_request(x))
		return;
	if (body_take(b, &w->in, &data) == BODY_BAD) {
		w->in = slice_of(NULL, 0);
		exchange_fail(x, OWN_BAD_REQUEST);
		return;
	}
	if (max && b->taken > max) {
		w->in = slice_of(NULL, 0);
		exchange_fail(x, OWN_BODY_TOO_LARGE);
		return;
	}
	x->replayable = false; /* from here on the body goes by and is gone */
	if (send_data(x, data) != IO_OK) {
		send_broken(x);
		return;
	}
	request_progress(x);
	upstream_watch(x->up, s->stream.out_bytes == 0);
}

static void connect_result(struct exchange *x)
{
	struct upstream *u = x->up;
	int error = sock_error(u->stream.io.fd);

	if (error == 0) {
		upstream_connected(u);
		if (exchange_send_head(x))
			return;
		error = errno;
	}
	u->stream.error = (int16_t)error;
	exchange_try_failed(x, RETRY_CONNECT, OUTCOME_CONNECT, OWN_CONNECT_FAILED);
}

void exchange_upstream_writable(struct exchange *x)
{
	struct upstream *u = x->up;

	if (x->state == EXCHANGE_CONNECTING) {
		connect_result(x);
		return;
	}
	if (stream_flush(&u->stream, &x->s->w->chunks) == IO_ERROR) {
		send_broken(x);
		return;
	}
	request_progress(x);
	/* With room again the caller's session_resume() goes on with the body. */
	upstream_watch(u, x->s->stream.out_bytes == 0);
}
