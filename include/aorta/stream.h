/* SPDX-License-Identifier: MIT */
/*
 * A stream: one non-blocking connection on a loop, with a queue for what the socket would not
 * take. Every call is tried before it is waited for; the watcher stays armed for reading for the
 * life of the connection and for writing only while something is queued. Bytes at rest own no
 * memory: a queue exists only while it holds something.
 *
 * The seam for TLS: whoever uses a stream sees bytes and four results, never a descriptor.
 * One thread, that of the loop.
 */
#ifndef AORTA_STREAM_H
#define AORTA_STREAM_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "aorta/slab.h"

/* Queued bytes come in pieces of this size, from a slab that the loop's owner keeps. */
#define CHUNK_BYTES 16384

struct chunk {
	struct chunk *next;
	uint32_t start, end; /* of the bytes inside data */
	char data[CHUNK_BYTES - 16];
};

enum io_result {
	IO_OK,
	IO_AGAIN, /* nothing to read now */
	IO_EOF,	  /* the peer has ended its side */
	IO_ERROR, /* the connection is broken; `stream.error` has the errno */
};

struct stream {
	ev_io io;
	struct chunk *out;	/* owns; bytes that wait for the socket */
	struct chunk *out_last; /* borrows the end of `out` */
	uint32_t out_bytes;	/* in `out` */
	uint32_t unacked;	/* bytes in the kernel's queue when it last took no more */
	int16_t error;		/* errno of the last failure */
	bool shut_after;	/* end our side once the queue is empty */
	bool shut;		/* it is ended */
};

typedef void stream_fn(struct ev_loop *loop, ev_io *w, int revents);

/* Takes `fd`. No watcher runs before stream_watch(). */
void stream_open(struct stream *s, int fd, stream_fn *fn);
/* Stops, closes, and gives the queue back. `reset`: the peer sees a reset. */
void stream_close(struct stream *s, struct ev_loop *loop, struct slab *chunks, bool reset);
static inline bool stream_is_open(const struct stream *s)
{
	return s->io.fd >= 0;
}

/*
 * Which events are watched: reading when `want_read`, writing when something is queued or
 * `want_write` (a connect in progress). No system call when nothing changes.
 */
void stream_watch(struct stream *s, struct ev_loop *loop, bool want_read, bool want_write);

/* One recv() of up to `cap` bytes; *n is set with IO_OK. */
enum io_result stream_recv(struct stream *s, void *p, size_t cap, size_t *n);

/*
 * One send() and no queue: *sent bytes were taken with IO_OK. On a socket that is still
 * connecting IO_AGAIN, or IO_ERROR with the reason why it cannot connect. Nothing is queued yet.
 */
enum io_result stream_try(struct stream *s, const void *p, size_t n, size_t *sent, bool more);

/*
 * Sends, and queues what the socket does not take. IO_OK (look at out_bytes) or IO_ERROR.
 * `more`: further bytes or a close follow at once (MSG_MORE).
 */
enum io_result stream_send(struct stream *s, struct slab *chunks, const void *p, size_t n,
			   bool more);
/* The same for several pieces in one call; at most 4. */
enum io_result stream_sendv(struct stream *s, struct slab *chunks, const struct iovec *v,
			    unsigned n, bool more);
/* The socket became writable: sends from the queue. IO_OK or IO_ERROR. */
enum io_result stream_flush(struct stream *s, struct slab *chunks);
/*
 * Whether the peer has taken something since the socket last took no more, or since this was last
 * asked. The socket is reported writable only when a third of the kernel's queue (up to 4 MiB) is
 * free, which a slow peer needs minutes for: ask before taking silence for a stall.
 */
bool stream_drains(struct stream *s);
/* Forgets what is queued: the peer takes no more. */
void stream_drop(struct stream *s, struct slab *chunks);
/* Ends our side now, or when the queue is empty. */
void stream_shut(struct stream *s);

#endif
