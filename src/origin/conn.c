/* SPDX-License-Identifier: MIT */
/*
 * Connections. Requests are read into the origin's one buffer and answered from it; what a good
 * origin says to a bodyless GET of / is copied from a ready answer, gathered, and sent once a
 * turn. Everything else goes through `answer`. The port's list owns connections; a connection
 * that closes is freed at the end of its event. It must never trust a length it was told with
 * memory, nor read ahead while it has something to send.
 */
#include "conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "control.h"

#define HEAD_MAX	(1u << 20)  /* more than any proxy under test lets through */
#define BODY_KEPT_MAX	(64u << 20) /* of /echo and of commands */
#define KEPT_BUFFER_MAX 65536u	    /* larger ones are given back between requests */
#define LINGER_S	2.0	    /* for the client to close after the last answer */
#define PACE_S		0.05	    /* between two pieces of a paced answer, at least */

static const int wanted_events[] = {
	[CONN_HEAD] = EV_READ, [CONN_BODY] = EV_READ,	   [CONN_DELAYED] = 0,
	[CONN_SENDING] = -1,   [CONN_BLOCKED] = EV_WRITE,  [CONN_PACING] = 0,
	[CONN_HUNG] = EV_READ, [CONN_LINGERING] = EV_READ, [CONN_CLOSED] = 0,
};

static struct ev_loop *conn_loop(const struct conn *c)
{
	return c->port->origin->loop;
}

/* The only writer of the state; arms what the state waits for. -1: within a turn, as it is. */
static void conn_goto(struct conn *c, enum conn_state next)
{
	int events = wanted_events[next];

	c->state = next;
	if (events < 0 || events == (c->io.events & (EV_READ | EV_WRITE)))
		return;
	ev_io_stop(conn_loop(c), &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	if (events)
		ev_io_start(conn_loop(c), &c->io);
}

static void conn_wait(struct conn *c, enum conn_state next, double seconds)
{
	conn_goto(c, next);
	ev_timer_set(&c->timer, seconds, 0.);
	ev_timer_start(conn_loop(c), &c->timer);
}

static void conn_close(struct conn *c, bool reset)
{
	ev_io_stop(conn_loop(c), &c->io);
	ev_timer_stop(conn_loop(c), &c->timer);
	if (reset)
		sock_reset(c->io.fd);
	else
		close(c->io.fd);
	list_remove(&c->link);
	c->port->counters.open--;
	c->state = CONN_CLOSED;
}

static void conn_free(struct conn *c)
{
	buf_fini(&c->stash);
	buf_fini(&c->head);
	buf_fini(&c->body);
	answer_fini(&c->answer);
	slab_give(&c->port->origin->connections, c);
}

/* ---- sending ---- */

/* Bytes sent, 0 when the socket is full, -1 when the connection is gone (and closed). */
static ssize_t conn_send(struct conn *c, const char *p, size_t n)
{
	ssize_t sent = send(c->io.fd, p, n, MSG_NOSIGNAL);

	if (sent >= 0) {
		c->port->counters.bytes_out += (uint64_t)sent;
		return sent;
	}
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	c->port->counters.aborted++;
	conn_close(c, false);
	return -1;
}

/* Sends what this turn gathered. False when the connection has become busy with it, or closed. */
static bool conn_flush(struct conn *c)
{
	struct origin *o = c->port->origin;
	size_t n = o->out_len;
	ssize_t sent;

	if (n == 0)
		return true;
	o->out_len = 0;
	sent = conn_send(c, o->out, n);
	if (sent < 0)
		return false;
	if ((size_t)sent == n)
		return true;
	answer_reset(&c->answer);
	buf_put(&c->answer.bytes, o->out + sent, n - (size_t)sent);
	c->sent = 0;
	conn_goto(c, CONN_SENDING);
	return false;
}

static void trim_buffer(struct buf *b)
{
	if (b->cap > KEPT_BUFFER_MAX)
		buf_fini(b);
	else
		buf_clear(b);
}

static void conn_end_answer(struct conn *c)
{
	trim_buffer(&c->answer.bytes);
	trim_buffer(&c->body);
	switch (c->answer.ending) {
	case END_KEEP:
		conn_goto(c, CONN_HEAD);
		break;
	case END_POLITE:
		shutdown(c->io.fd, SHUT_WR);
		conn_wait(c, CONN_LINGERING, LINGER_S);
		break;
	case END_ABRUPT:
	case END_RESET:
		conn_close(c, c->answer.ending == END_RESET);
		break;
	case END_HANG:
		conn_goto(c, CONN_HUNG);
		break;
	}
}

/* How much of `left` bytes may go now. */
static size_t conn_allowance(const struct answer *a, size_t left)
{
	uint64_t n = left < a->cut_left ? left : a->cut_left;

	if (a->rate) {
		uint64_t piece = (uint64_t)((double)a->rate * PACE_S);

		if (piece == 0)
			piece = 1;
		n = n < piece ? n : piece;
	}
	return (size_t)n;
}

/* One piece of the answer: leaves SENDING when it must wait or has done. */
static void conn_send_piece(struct conn *c)
{
	struct answer *a = &c->answer;
	size_t left = a->bytes.len - c->sent;
	ssize_t sent;

	if (left == 0 && a->cut_left > 0 && answer_refill(a)) {
		c->sent = 0;
		left = a->bytes.len;
	}
	if (left == 0 || a->cut_left == 0) {
		conn_end_answer(c);
		return;
	}
	sent = conn_send(c, a->bytes.data + c->sent, conn_allowance(a, left));
	if (sent < 0)
		return;
	if (sent == 0) {
		conn_goto(c, CONN_BLOCKED);
		return;
	}
	c->sent += (size_t)sent;
	if (a->cut_left != UINT64_MAX)
		a->cut_left -= (uint64_t)sent;
	if (a->rate)
		conn_wait(c, CONN_PACING, (double)sent / (double)a->rate);
}

/* ---- answering ---- */

static void conn_begin_answer(struct conn *c)
{
	c->sent = 0;
	if (c->answer.bytes.failed) {
		conn_close(c, true); /* out of memory for this answer */
		return;
	}
	if (c->answer.delay_ms)
		conn_wait(c, CONN_DELAYED, (double)c->answer.delay_ms / 1000.);
	else
		conn_goto(c, CONN_SENDING);
}

static void conn_refuse_request(struct conn *c, unsigned status, const char *text)
{
	c->port->counters.bad_requests++;
	answer_text(&c->answer, NULL, status, "text/plain", slice_str(text), false);
	c->input.n = 0;
	conn_begin_answer(c);
}

static bool is_health(const struct request *r)
{
	return slice_eq(r->path, SLICE_LIT("/healthz"));
}

static void count_request(struct port *p, const struct request *r)
{
	if (is_health(r)) {
		p->counters.health_requests++;
		return;
	}
	p->counters.requests++;
	buf_clear(&p->last_head);
	buf_slice(&p->last_head, r->head);
}

static void conn_answer(struct conn *c, const struct request *r, struct slice body)
{
	struct fault_set faults;

	if (slice_starts(r->path, SLICE_LIT(CONTROL_PREFIX))) {
		c->port->counters.control_requests++;
		control_run(c, r, body);
	} else if (c->port->control_only) {
		answer_text(&c->answer, r, 404, "text/plain",
			    SLICE_LIT("this port takes only /_origin/ commands\n"), r->keep_alive);
	} else {
		count_request(c->port, r);
		fault_take(&c->port->faults, is_health(r), &faults);
		answer_make(&c->answer, c->port, r, body, &faults);
	}
	conn_begin_answer(c);
}

/* The ready answer to a plain request, or NULL. */
static const struct buf *ready_answer(const struct port *p, const struct request *r)
{
	if (p->faults.n || p->control_only || r->http10 || !r->keep_alive || r->body != BODY_NONE ||
	    !slice_eq(r->method, SLICE_LIT("GET")))
		return NULL;
	if (slice_eq(r->path, SLICE_LIT("/")))
		return &p->root_answer;
	return is_health(r) ? &p->health_answer : NULL;
}

/* ---- reading ---- */

static void input_cut(struct conn *c, size_t n)
{
	c->input.p += n;
	c->input.n -= n;
}

/* Whether the answer to the request at hand is going to look at its body. */
static bool keeps_body(const struct request *r)
{
	return answer_wants_body(r) || slice_starts(r->path, SLICE_LIT(CONTROL_PREFIX));
}

static void conn_begin_body(struct conn *c, const struct request *r)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	buf_clear(&c->head);
	buf_slice(&c->head, r->head);
	buf_clear(&c->body);
	body_begin(&c->reader, r);
	input_cut(c, r->head.n);
	conn_goto(c, CONN_BODY);
	if (r->expect_continue && c->input.n == 0)
		conn_send(c, go_on, sizeof(go_on) - 1);
}

/* False when more input is needed. */
static bool conn_take_head(struct conn *c)
{
	struct origin *o = c->port->origin;
	size_t n = request_head_length(c->input.p, c->input.n);
	const struct buf *ready;
	struct request r;
	bool good;

	if (n == 0 && c->input.n <= HEAD_MAX)
		return false;
	good = n && request_parse(&r, slice_of(c->input.p, n));
	ready = good ? ready_answer(c->port, &r) : NULL;
	if (ready && ready->len <= OUT_BYTES - o->out_len) {
		count_request(c->port, &r);
		memcpy(o->out + o->out_len, ready->data, ready->len);
		o->out_len += ready->len;
		input_cut(c, n);
		return true;
	}
	if (!conn_flush(c) || ready)
		return true;
	if (!good) {
		conn_refuse_request(c, n ? 400 : 431, "cannot read this request\n");
	} else if (r.body != BODY_NONE) {
		conn_begin_body(c, &r);
	} else {
		input_cut(c, n);
		conn_answer(c, &r, slice_of("", 0));
	}
	return true;
}

/* False when more input is needed. */
static bool conn_take_body(struct conn *c)
{
	struct request r;
	struct slice data;
	enum body_result result;

	AORTA_ASSERT(request_parse(&r, buf_as_slice(&c->head)));
	do {
		result = body_read(&c->reader, &c->input, &data);
		c->port->counters.body_bytes += data.n;
		if (!keeps_body(&r))
			continue;
		if (data.n > BODY_KEPT_MAX - c->body.len) {
			conn_refuse_request(c, 413, "more than is kept here\n");
			return true;
		}
		buf_slice(&c->body, data);
	} while (result == BODY_MORE && c->input.n);
	if (result == BODY_MORE)
		return false;
	if (result == BODY_BAD)
		conn_refuse_request(c, 400, "cannot read this body\n");
	else
		conn_answer(c, &r, buf_as_slice(&c->body));
	return true;
}

/* Input of this turn that was not used is kept for the next one. */
static void conn_keep_input(struct conn *c)
{
	struct slice in = c->input;

	c->input = slice_of("", 0);
	if (in.n == 0) {
		trim_buffer(&c->stash);
	} else if (c->stash.len) { /* then it points into the stash */
		memmove(c->stash.data, in.p, in.n);
		c->stash.len = in.n;
	} else {
		buf_slice(&c->stash, in);
	}
	if (c->stash.failed)
		conn_close(c, true);
}

/* Goes on as far as input and socket allow. */
static void conn_run(struct conn *c)
{
	bool going = true;

	while (going) {
		switch (c->state) {
		case CONN_HEAD:
			going = conn_take_head(c) || !conn_flush(c);
			break;
		case CONN_BODY:
			going = conn_take_body(c);
			break;
		case CONN_SENDING:
			conn_send_piece(c);
			break;
		default:
			going = false;
		}
	}
	c->port->origin->out_len = 0;
	if (c->state == CONN_CLOSED)
		conn_free(c);
	else
		conn_keep_input(c);
}

/* ---- events ---- */

static void conn_eof(struct conn *c)
{
	if (c->state == CONN_HUNG)
		c->port->counters.aborted++;
	conn_close(c, false);
	conn_free(c);
}

static void conn_receive(struct conn *c)
{
	struct origin *o = c->port->origin;
	ssize_t n = recv(c->io.fd, o->in, IN_BYTES, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_eof(c);
		return;
	}
	c->port->counters.bytes_in += (uint64_t)n;
	if (c->state == CONN_HUNG || c->state == CONN_LINGERING)
		return;
	c->input = slice_of(o->in, (size_t)n);
	if (c->stash.len) {
		buf_slice(&c->stash, c->input);
		c->input = buf_as_slice(&c->stash);
	}
	conn_run(c);
}

static void conn_resume(struct conn *c)
{
	conn_goto(c, CONN_SENDING);
	c->input = buf_as_slice(&c->stash);
	conn_run(c);
}

static void on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = CONTAINER_OF(w, struct conn, io);

	if (c->state == CONN_BLOCKED)
		conn_resume(c);
	else
		conn_receive(c);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct conn *c = CONTAINER_OF(w, struct conn, timer);

	if (c->state == CONN_LINGERING) {
		conn_close(c, false);
		conn_free(c);
	} else {
		conn_resume(c);
	}
}

void conn_start(struct port *p, int fd)
{
	struct conn *c = slab_take(&p->origin->connections);

	if (!c) {
		close(fd);
		return;
	}
	*c = (struct conn){ .port = p, .state = CONN_HEAD };
	buf_init(&c->stash);
	buf_init(&c->head);
	buf_init(&c->body);
	answer_init(&c->answer);
	ev_init(&c->timer, on_timer);
	ev_io_init(&c->io, on_io, fd, EV_READ);
	ev_io_start(p->origin->loop, &c->io);
	list_push_back(&p->connections, &c->link);
	p->counters.accepted++;
	p->counters.open++;
}

void conn_close_all(struct port *p, const struct conn *spared, bool reset)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &p->connections) {
		struct conn *c = CONTAINER_OF(it, struct conn, link);

		if (c == spared)
			continue;
		conn_close(c, reset);
		conn_free(c);
	}
}

unsigned conn_close_idle(struct port *p, const struct conn *spared, bool reset)
{
	struct list *it, *tmp;
	unsigned n = 0;

	LIST_FOREACH_SAFE(it, tmp, &p->connections) {
		struct conn *c = CONTAINER_OF(it, struct conn, link);

		if (c == spared || c->state != CONN_HEAD || c->stash.len)
			continue;
		conn_close(c, reset);
		conn_free(c);
		n++;
	}
	return n;
}
