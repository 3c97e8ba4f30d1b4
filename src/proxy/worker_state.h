/* SPDX-License-Identifier: MIT */
/*
 * What the files of one worker share: its buffers, its slabs, its tables. Everything here
 * belongs to the worker's thread.
 *
 * Freeing: whatever may be on the C stack when it ends (session, exchange, upstream connection)
 * is closed at once, put on the list of the dead, and given back at the end of the turn.
 */
#ifndef AORTA_PROXY_WORKER_STATE_H
#define AORTA_PROXY_WORKER_STATE_H

#include <ev.h>

#include "aorta/balance.h"
#include "aorta/http1.h"
#include "aorta/list.h"
#include "aorta/mailbox.h"
#include "aorta/slab.h"
#include "aorta/stream.h"
#include "aorta/worker.h"

/* One recv() of a head asks for this much: head and small body in one piece. */
#define HEAD_READ_BYTES 65536
/* One recv() of a body, and the size of the shared read buffer. */
#define READ_BYTES 262144
/* The answer's head is built here, with a small body behind it. */
#define OUT_BYTES 98304
/* A member's answer head may be this long. */
#define ANSWER_HEAD_MAX 65536
/* A client may send this much ahead of the answers it waits for. */
#define PENDING_MAX 65536

struct worker_gen;

/* A pool as one worker sees it. */
struct worker_pool {
	struct pool *pool; /* borrows from the generation */
	struct worker_gen *gen;
	struct pool_cell *cell;
	struct balance_state balance;
	struct list waiting;	     /* exchanges, in order, until a first verdict */
	struct list waiting_tunnels; /* likewise */
	unsigned n_waiting;	     /* in both */
};

/* A generation as one worker holds it: alive while anything of this worker points into it. */
struct worker_gen {
	struct worker *w;
	struct generation *g;
	unsigned refs;
	unsigned n_pools;
	struct worker_pool pools[];
};

struct worker {
	/* configuration */
	unsigned index, n_workers, max_sessions;
	struct worker_ops ops;
	struct log_ring *ring; /* borrows */
	/* loop */
	struct ev_loop *loop; /* owns */
	struct epoch_reader *reader;
	ev_prepare prepare;
	ev_check check;
	ev_timer sweep;
	ev_timer accept_pause; /* listener.c: runs while nothing is accepted */
	ev_timer stop_timer;   /* the deadline, once stopping */
	struct mailbox mailbox;
	int64_t now;		 /* monotonic us, read once a turn */
	int64_t wall_minus_mono; /* wall clock = now + this; refreshed once a second */
	/* state */
	struct worker_gen *gen; /* a reference */
	bool stopping;
	uint64_t cut;
	/* objects */
	struct slab sessions, exchanges, upstreams, chunks;
	struct list all_sessions;
	struct list listeners;
	struct list dead_sessions, dead_exchanges, dead_upstreams;
	struct upstream_slot **slots; /* owns; by member->slot, NULL where there is none */
	unsigned n_slots;
	struct worker_stats stats;
	/* shared buffers, valid within one event */
	struct slice in;	      /* unread bytes of the session being served */
	struct http1_request request; /* of the head just parsed */
	struct http1_response answer; /* likewise */
	char *read;		      /* READ_BYTES */
	char *out;		      /* OUT_BYTES */
};

struct worker_gen *worker_gen_ref(struct worker_gen *g);
void worker_gen_unref(struct worker_gen *g);

/* Wall clock of this turn, microseconds since the epoch. */
static inline int64_t worker_wall(const struct worker *w)
{
	return w->now + w->wall_minus_mono;
}

#endif
