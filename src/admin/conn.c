/* SPDX-License-Identifier: MIT */
/*
 * One connection of the admin side: reads a request, has it answered, writes the answer as the
 * socket takes it. A connection owns its descriptor and buffers and is owned by the server's
 * list; every state that waits has a time limit. Control thread; it never blocks.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "orders.h"
#include "server.h"
#include "state.h"

#define CONN_MAGIC 0x61636e6eu

/* Which states may follow, as bits; and what is watched, and for how long, in each. */
static const struct {
	unsigned next;
	int events;
	double seconds;
} states[CONN_STATES] = {
	[CONN_READING] = { 1u << CONN_WAITING | 1u << CONN_WRITING | 1u << CONN_CLOSED, EV_READ,
			   ASK_TIMEOUT_S },
	[CONN_WAITING] = { 1u << CONN_WRITING | 1u << CONN_CLOSED, 0, ORDER_TIMEOUT_S },
	[CONN_WRITING] = { 1u << CONN_READING | 1u << CONN_LINGERING | 1u << CONN_CLOSED, EV_WRITE,
			   WRITE_TIMEOUT_S },
	[CONN_LINGERING] = { 1u << CONN_CLOSED, EV_READ, LINGER_S },
	[CONN_CLOSED] = { 0, 0, 0 },
};

static struct ev_loop *loop_of(const struct conn *c)
{
	return c->server->admin->loop;
}

static void conn_watch(struct conn *c)
{
	struct ev_loop *loop = loop_of(c);

	ev_io_stop(loop, &c->io);
	ev_io_set(&c->io, c->fd, states[c->state].events);
	if (states[c->state].events != 0)
		ev_io_start(loop, &c->io);
	ev_timer_stop(loop, &c->timer);
	ev_timer_set(&c->timer, states[c->state].seconds, 0);
	if (c->state != CONN_CLOSED)
		ev_timer_start(loop, &c->timer);
}

static void conn_goto(struct conn *c, enum conn_state next)
{
	AORTA_ASSERT(states[c->state].next & 1u << next);
	c->state = next;
	conn_watch(c);
}

bool conn_is_idle(const struct conn *c)
{
	return c->state == CONN_READING && c->used == 0;
}

void conn_close(struct conn *c)
{
	AORTA_CHECK(c, CONN_MAGIC);
	conn_goto(c, CONN_CLOSED);
	list_remove(&c->link);
	close(c->fd);
	server_left(c->server, c->peer.local);
	buf_fini(&c->out);
	c->magic = 0;
	free(c);
}

/* ---- answering ---- */

static void put_head(struct conn *c, const struct reply *r)
{
	time_t now = (time_t)(clock_wall_us() / 1000000);
	char date[40] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(&c->out, "HTTP/1.1 %u %s\r\nDate: %s\r\n", r->status, http1_reason(r->status),
		   date);
	buf_printf(&c->out, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->type, r->body.len);
	buf_puts(&c->out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	buf_slice(&c->out, buf_as_slice(&r->headers));
	buf_printf(&c->out, "Connection: %s\r\n\r\n", c->keep ? "keep-alive" : "close");
}

void conn_answer(struct conn *c, struct reply *r)
{
	static const char no_memory[] = "HTTP/1.1 500 Internal Server Error\r\n"
					"Content-Length: 0\r\nConnection: close\r\n\r\n";

	AORTA_CHECK(c, CONN_MAGIC);
	if (r->body.failed || r->headers.failed)
		c->out.failed = true;
	put_head(c, r);
	if (!c->head_only)
		buf_slice(&c->out, buf_as_slice(&r->body));
	if (c->out.failed) {
		buf_fini(&c->out);
		buf_init(&c->out);
		buf_puts(&c->out, no_memory);
		c->keep = false;
	}
	c->sent = 0;
	c->pending.tag = 0;
	c->write_until = ev_now(loop_of(c)) + WRITE_TOTAL_S;
	conn_goto(c, CONN_WRITING);
}

void conn_wait(struct conn *c)
{
	conn_goto(c, CONN_WAITING);
}

static void answer_error(struct conn *c, unsigned status, const char *text)
{
	struct reply r;

	reply_init(&r);
	reply_error(&r, status, NULL, "%s", text);
	c->keep = false;
	conn_answer(c, &r);
	reply_fini(&r);
}

/* ---- reading a request ---- */

static bool wants_keep(const struct http1_head *h)
{
	return h->minor >= 1 ? !h->close : h->keep_alive && !h->close;
}

static void dispatch(struct conn *c)
{
	struct ask ask = {
		.admin = c->server->admin, .conn = c, .http = &c->http, .peer = &c->peer
	};
	struct slice path = c->http.path, all = c->http.path_query;
	struct reply reply;

	if (all.n > path.n && all.p[path.n] == '?')
		ask.query = slice_of(all.p + path.n + 1, all.n - path.n - 1);
	reply_init(&reply);
	route_dispatch(&ask, &reply);
	if (!reply.later)
		conn_answer(c, &reply);
	reply_fini(&reply);
}

/* The head is there: waits for the body, which no handler needs, and then dispatches. */
static bool take_request(struct conn *c)
{
	const struct http1_head *h = &c->http.head;
	uint64_t body = h->has_length ? h->length : 0;

	c->keep = wants_keep(h);
	c->head_only = c->http.method == HTTP1_HEAD;
	if (h->chunked || body > BODY_MAX) {
		answer_error(c, h->chunked ? 411 : 413,
			     h->chunked ? "a body must come with its Content-Length"
					: "the body is larger than 4096 bytes");
		return true;
	}
	if (c->used < h->len + body) {
		if (c->http.expect_continue && !c->continued) {
			/* Nothing else is on its way out, so these few bytes go at once or never.
			 */
			(void)!send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
			c->continued = true;
		}
		return false;
	}
	c->done = h->len + (size_t)body;
	dispatch(c);
	return true;
}

/* False: more bytes are needed. */
static bool conn_parse(struct conn *c)
{
	size_t skip = http1_skip_crlf(c->in, c->used);

	if (skip > 0) {
		c->used -= skip;
		memmove(c->in, c->in + skip, c->used);
	}
	if (c->used == 0)
		return false;
	switch (http1_parse_request(&c->http, c->in, c->used)) {
	case HTTP1_DONE:
		if (c->http.head.len <= HEAD_MAX)
			return take_request(c);
		break;
	case HTTP1_MORE:
		if (c->used < HEAD_MAX)
			return false;
		break;
	case HTTP1_BAD:
		answer_error(c, http1_error_status(c->http.head.error),
			     http1_error_text(c->http.head.error));
		return true;
	}
	answer_error(c, 431, "the request head is larger than 8192 bytes");
	return true;
}

enum io { IO_OK, IO_AGAIN, IO_END };

static enum io conn_recv(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->used, sizeof(c->in) - c->used, 0);

	if (n > 0) {
		if (c->used == 0 && c->state == CONN_READING)
			conn_watch(c); /* the time for a request runs from its first byte */
		c->used += (size_t)n;
		return IO_OK;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return IO_AGAIN;
	return IO_END;
}

/* ---- writing the answer ---- */

static enum io conn_send(struct conn *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_END;
		c->sent += (size_t)n;
		if (ev_now(loop_of(c)) < c->write_until)
			conn_watch(c); /* progress: its timer begins anew */
	}
	return IO_OK;
}

/* The answer is out: the next request, or goodbye. */
static void conn_sent(struct conn *c)
{
	buf_fini(&c->out);
	buf_init(&c->out);
	if (!c->keep) {
		shutdown(c->fd, SHUT_WR);
		c->used = 0;
		conn_goto(c, CONN_LINGERING);
		return;
	}
	c->used -= c->done;
	memmove(c->in, c->in + c->done, c->used);
	c->done = 0;
	c->continued = false;
	list_remove(&c->link);
	list_push_back(&c->server->conns, &c->link);
	conn_goto(c, CONN_READING);
}

/* ---- the steps ---- */

static enum io linger(struct conn *c)
{
	enum io io = conn_recv(c);

	c->used = 0;
	return io;
}

/* Goes on until the socket or an order is waited for, or the end. */
static void conn_step(struct conn *c)
{
	enum io io = IO_OK;

	AORTA_CHECK(c, CONN_MAGIC);
	while (io == IO_OK) {
		switch (c->state) {
		case CONN_READING:
			if (!conn_parse(c))
				io = conn_recv(c);
			break;
		case CONN_WAITING:
			return;
		case CONN_WRITING:
			io = conn_send(c);
			if (io == IO_OK)
				conn_sent(c);
			break;
		case CONN_LINGERING:
			/* One bite a turn: a client that goes on talking has its second, no more.
			 */
			if (linger(c) == IO_END)
				conn_close(c);
			return;
		case CONN_CLOSED:
		case CONN_STATES:
			AORTA_ASSERT(!"a closed connection has no steps");
		}
	}
	if (io == IO_END)
		conn_close(c);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	conn_step(io->data);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct conn *c = timer->data;

	if (c->state == CONN_WAITING) {
		orders_timed_out(c);
		conn_step(c);
	} else if (c->state == CONN_READING && c->used > 0) {
		answer_error(c, 408, "the request did not arrive in time");
		conn_step(c);
	} else {
		conn_close(c);
	}
}

bool conn_open(struct server *s, int fd, const struct peer *peer)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return false;
	}
	c->magic = CONN_MAGIC;
	c->server = s;
	c->fd = fd;
	c->peer = *peer;
	c->state = CONN_READING;
	buf_init(&c->out);
	ev_io_init(&c->io, on_io, fd, EV_READ);
	ev_timer_init(&c->timer, on_timeout, ASK_TIMEOUT_S, 0);
	c->io.data = c->timer.data = c;
	list_push_back(&s->conns, &c->link);
	conn_watch(c);
	return true;
}
