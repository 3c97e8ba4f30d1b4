/* SPDX-License-Identifier: MIT */
/*
 * Streams over plain TCP. Owned by the session or upstream connection that embeds them; runs on
 * that worker's loop; never waits and never allocates outside of the chunk slab.
 */
#include "aorta/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/sock.h"

#define SENDV_MAX 4

void stream_open(struct stream *s, int fd, stream_fn *fn)
{
	memset(s, 0, sizeof(*s));
	ev_io_init(&s->io, fn, fd, EV_READ);
}

void stream_drop(struct stream *s, struct slab *chunks)
{
	while (s->out) {
		struct chunk *next = s->out->next;

		slab_give(chunks, s->out);
		s->out = next;
	}
	s->out_last = NULL;
	s->out_bytes = 0;
}

void stream_close(struct stream *s, struct ev_loop *loop, struct slab *chunks, bool reset)
{
	int fd = s->io.fd;

	if (fd < 0)
		return;
	ev_io_stop(loop, &s->io);
	stream_drop(s, chunks);
	if (reset)
		sock_reset(fd);
	else
		close(fd);
	s->io.fd = -1;
}

void stream_watch(struct stream *s, struct ev_loop *loop, bool want_read, bool want_write)
{
	int events = (want_read ? EV_READ : 0) | (want_write || s->out ? EV_WRITE : 0);

	if (ev_is_active(&s->io) && (s->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(loop, &s->io);
	ev_io_set(&s->io, s->io.fd, events);
	if (events)
		ev_io_start(loop, &s->io);
}

static enum io_result fail(struct stream *s, int error)
{
	s->error = (int16_t)error;
	return IO_ERROR;
}

enum io_result stream_recv(struct stream *s, void *p, size_t cap, size_t *n)
{
	ssize_t got;

	do {
		got = recv(s->io.fd, p, cap, 0);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		*n = (size_t)got;
		return IO_OK;
	}
	if (got == 0)
		return IO_EOF;
	return errno == EAGAIN ? IO_AGAIN : fail(s, errno);
}

/* Bytes that the peer has not acknowledged yet. */
static uint32_t unacked(const struct stream *s)
{
	int n = 0;

	return ioctl(s->io.fd, SIOCOUTQ, &n) < 0 || n < 0 ? 0 : (uint32_t)n;
}

bool stream_drains(struct stream *s)
{
	uint32_t before = s->unacked;

	s->unacked = unacked(s);
	return s->unacked < before;
}

/* Copies to the end of the queue. IO_ERROR with ENOMEM when the slab has nothing left. */
static enum io_result enqueue(struct stream *s, struct slab *chunks, const char *p, size_t n)
{
	if (n && !s->out)
		s->unacked = unacked(s);
	while (n) {
		struct chunk *c = s->out_last;
		size_t room = c ? sizeof(c->data) - c->end : 0;

		if (room == 0) {
			c = slab_take(chunks);
			if (!c)
				return fail(s, ENOMEM);
			c->next = NULL;
			c->start = c->end = 0;
			room = sizeof(c->data);
			if (s->out_last)
				s->out_last->next = c;
			else
				s->out = c;
			s->out_last = c;
		}
		if (room > n)
			room = n;
		memcpy(c->data + c->end, p, room);
		c->end += (uint32_t)room;
		s->out_bytes += (uint32_t)room;
		p += room;
		n -= room;
	}
	return IO_OK;
}

enum io_result stream_try(struct stream *s, const void *p, size_t n, size_t *sent, bool more)
{
	ssize_t r;

	AORTA_ASSERT(!s->out);
	do {
		r = send(s->io.fd, p, n, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	} while (r < 0 && errno == EINTR);
	if (r >= 0) {
		*sent = (size_t)r;
		return IO_OK;
	}
	*sent = 0;
	return errno == EAGAIN ? IO_AGAIN : fail(s, errno);
}

enum io_result stream_send(struct stream *s, struct slab *chunks, const void *p, size_t n,
			   bool more)
{
	size_t sent = 0;

	if (!s->out && n && stream_try(s, p, n, &sent, more) == IO_ERROR)
		return IO_ERROR;
	return enqueue(s, chunks, (const char *)p + sent, n - sent);
}

enum io_result stream_sendv(struct stream *s, struct slab *chunks, const struct iovec *v,
			    unsigned n, bool more)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)v, .msg_iovlen = n };
	ssize_t r = 0;
	size_t sent;

	AORTA_ASSERT(n <= SENDV_MAX);
	if (!s->out) {
		do {
			r = sendmsg(s->io.fd, &msg, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
		} while (r < 0 && errno == EINTR);
		if (r < 0 && errno != EAGAIN)
			return fail(s, errno);
	}
	sent = r > 0 ? (size_t)r : 0;
	for (unsigned i = 0; i < n; i++) {
		size_t skip = sent < v[i].iov_len ? sent : v[i].iov_len;

		sent -= skip;
		if (enqueue(s, chunks, (const char *)v[i].iov_base + skip, v[i].iov_len - skip) !=
		    IO_OK)
			return IO_ERROR;
	}
	return IO_OK;
}

enum io_result stream_flush(struct stream *s, struct slab *chunks)
{
	while (s->out) {
		struct chunk *c = s->out;
		ssize_t r = send(s->io.fd, c->data + c->start, c->end - c->start,
				 MSG_NOSIGNAL | (c->next ? MSG_MORE : 0));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno != EAGAIN)
			return fail(s, errno);
		if (r > 0) {
			c->start += (uint32_t)r;
			s->out_bytes -= (uint32_t)r;
		}
		if (c->start < c->end) {
			s->unacked = unacked(s);
			return IO_OK;
		}
		s->out = c->next;
		if (!s->out)
			s->out_last = NULL;
		slab_give(chunks, c);
	}
	if (s->shut_after)
		stream_shut(s);
	return IO_OK;
}

void stream_shut(struct stream *s)
{
	if (s->out) {
		s->shut_after = true;
		return;
	}
	if (!s->shut)
		shutdown(s->io.fd, SHUT_WR);
	s->shut = true;
	s->shut_after = false;
}
