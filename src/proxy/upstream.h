/* SPDX-License-Identifier: MIT */
/*
 * Upstream connections of one worker: to each member a slot, with the kept (idle) connections,
 * the newest first, and those in use. A connection is either idle and belongs to its slot, or in
 * use by exactly one exchange or tunnel.
 */
#ifndef AORTA_PROXY_UPSTREAM_H
#define AORTA_PROXY_UPSTREAM_H

#include "proxy/worker_state.h"

#define UPSTREAM_MAGIC 0x75707374u

struct exchange;
struct tunnel;

enum upstream_state {
	UPSTREAM_CONNECTING,
	UPSTREAM_BUSY,
	UPSTREAM_IDLE,
	UPSTREAM_CLOSED, /* among the dead */
};

struct upstream {
	unsigned magic;
	uint8_t state;
	bool reused; /* has served an exchange before this one */
	struct stream stream;
	struct worker *w;
	struct upstream_slot *slot;
	struct exchange *exchange; /* borrows; while in use by one */
	struct tunnel *tunnel;	   /* likewise */
	int64_t since;		   /* connect begun, or idle since; monotonic us */
	char *in;		   /* owns; a partial answer head */
	uint32_t in_len, in_cap;
	struct list link; /* slot->idle, slot->busy, or the worker's dead */
};

struct upstream_slot {
	struct worker *w;
	struct member *member; /* borrows; lives until this worker has said member_left */
	struct member_cell *cell;
	struct list idle, busy;
	unsigned n_idle;
	int64_t keep_us; /* how long an idle one is kept; of the pool's newest configuration */
	bool forget;	 /* no generation names the member any more */
	int64_t forget_at;
};

/* The slot of `m`, made on first use. NULL when out of memory. */
struct upstream_slot *upstream_slot(struct worker *w, struct member *m);

/*
 * A connection to the slot's member, in use from now on: a kept one when `fresh` is not asked
 * for, else a new one that may still be connecting. NULL with errno when it failed at once.
 * `peek`: a kept one is checked for an end that the loop has not reported yet.
 */
struct upstream *upstream_take(struct upstream_slot *slot, bool fresh, bool peek);
/* Done with it, ready for another exchange: kept, or closed when there are `keep` already. */
void upstream_give(struct upstream *u, unsigned keep);
void upstream_close(struct upstream *u);
/* Watches what its state needs; `want_read` false is back-pressure. */
void upstream_watch(struct upstream *u, bool want_read);
/* The connect went through. */
void upstream_connected(struct upstream *u);

/*
 * A connection to `m` failed: counts it, and tells health when the pool's limit is reached.
 * A shortage of our own is passed over.
 */
void upstream_tell_passive(struct worker *w, const struct conf_pool *c, struct member *m,
			   const struct finding *f);
/* Once a second: idle connections over their time, members to forget, work over its deadline. */
void upstream_sweep(struct worker *w);
/* `m` does not serve any more. */
void upstream_member_out(struct worker *w, struct member *m);
void upstream_member_forget(struct worker *w, struct member *m, int64_t within_us);
void upstream_free_all(struct worker *w);
void upstream_free(struct upstream *u); /* from the list of the dead */

#endif
