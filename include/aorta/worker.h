/* SPDX-License-Identifier: MIT */
/*
 * A worker: one thread of the data path, with its own loop, listeners, sessions, upstream
 * connections and counters. It shares nothing on the way of a request: it reads views, writes its
 * cells, and hears from others by mailbox.
 *
 * worker_run() is the thread's function; worker_post_*() may be called by any thread; what the
 * worker has to tell others goes through `struct worker_ops`, called on the worker's thread.
 */
#ifndef AORTA_WORKER_H
#define AORTA_WORKER_H

#include "aorta/epoch.h"
#include "aorta/evidence.h"
#include "aorta/log.h"
#include "aorta/pool.h"

struct worker;

struct worker_ops {
	void *ctx;
	/* Connections to `m` failed so often in a row as `passive` asks for. */
	void (*passive)(void *ctx, struct member *m, const struct finding *f, unsigned in_a_row,
			enum passive_action action);
	/* This worker has nothing of this generation in hand any more. */
	void (*generation_left)(void *ctx, unsigned worker, struct generation *g);
	/* This worker has forgotten the member (see worker_post_forget). */
	void (*member_left)(void *ctx, unsigned worker, struct member *m);
	/* All is finished or cut; the loop has ended. */
	void (*stopped)(void *ctx, unsigned worker, uint64_t cut);
};

/* A socket that the control thread has bound for one worker and one `bind` of a listener. */
struct worker_socket {
	unsigned listener; /* index in conf.listeners */
	struct addr addr;
	int fd; /* owns; -1: keep the one that is open on `addr` already */
};

/* `max_connections`: this worker's share. NULL and `e` on failure. Before the thread starts. */
struct worker *worker_new(unsigned index, unsigned n_workers, unsigned max_connections,
			  struct epoch_reader *reader, struct log_ring *ring,
			  const struct worker_ops *ops, struct err *e);
void worker_free(struct worker *w);
/* The thread: runs until it has stopped. */
void worker_run(struct worker *w);

/* Any thread: closes those that are open, for whoever does not get to use them. */
void worker_sockets_close(const struct worker_socket *sockets, unsigned n);
/* Serve this generation from now on; takes the sockets. -1: out of memory, nothing was done. */
int worker_post_generation(struct worker *w, struct generation *g,
			   const struct worker_socket *sockets, unsigned n);
/* `p` has a new view. */
int worker_post_view(struct worker *w, struct pool *p);
/* `m` does not serve any more: what may be tried again elsewhere is, and kept connections close. */
int worker_post_member_out(struct worker *w, struct member *m);
/* No generation names `m` any more: finish with it (at the latest when its pool's drain time is
 * over), then call member_left. */
int worker_post_forget(struct worker *w, struct member *m, int64_t within_ms);
/* Stop accepting, finish what runs, cut what is left at the deadline, then end. */
int worker_post_stop(struct worker *w, int64_t deadline_mono_us);

/* Any thread. */
struct worker_stats {
	cell_t turns;	      /* of the loop */
	cell_t beat_mono_us;  /* last turn of the once-a-second timer: is it alive? */
	cell_t sessions;      /* now */
	cell_t exchanges;     /* now */
	cell_t upstreams;     /* connections to members now, kept ones included */
	cell_t chunks;	      /* 16 KiB pieces in use */
	cell_t out_of_memory; /* sessions refused for want of memory */
	cell_t out_of_fds;    /* accepts that failed for want of descriptors */
};
const struct worker_stats *worker_stats(const struct worker *w);

#endif
