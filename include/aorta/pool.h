/* SPDX-License-Identifier: MIT */
/*
 * A pool of one generation, its views, and the generation itself.
 *
 * A pool belongs to the generation it was built for; its members outlive it. The view is the
 * immutable answer to "who may be given work now": built by the health thread, published with
 * an atomic exchange, read by workers within one turn of their loop.
 */
#ifndef AORTA_POOL_H
#define AORTA_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "aorta/conf.h"
#include "aorta/member.h"
#include "aorta/stats.h"

#define POOL_MAGIC	 0x706f6f6cu
#define GENERATION_MAGIC 0x67656e65u

struct view_entry {
	struct member *member; /* borrows: lives as long as the view */
	unsigned weight;       /* 1.. */
};

struct view {
	uint64_t serial;     /* rises with each view of any pool */
	unsigned tier;	     /* that serves; 0 when none can */
	unsigned n_total;    /* members of the pool */
	bool nothing_judged; /* every member that could serve is still CHECKING for the first time
			      */
	bool equal_weights;
	unsigned n; /* entries: the serving members of the serving tier */
	struct view_entry entries[];
};

/* What the view is made from: one per member of the pool, in the order of the file. */
struct view_input {
	struct member *member;
	enum member_state state;
	bool judged; /* has ever had a verdict */
	unsigned weight, tier;
};

/* Pure. The lowest tier with a serving member serves. NULL when out of memory. */
struct view *view_build(const struct view_input *in, unsigned n, uint64_t serial);
void view_free(struct view *v);

struct pool {
	unsigned magic;
	const struct conf_pool *conf; /* borrows from the generation's configuration */
	struct member **members;      /* owns the array; n_members as in conf, same order */
	unsigned n_members;
	struct pool_stats *stats;    /* shared between generations by name */
	_Atomic(struct view *) view; /* owns; NULL until health has published the first */
};

/* Borrowed until the end of the turn. May be NULL before the first publication. */
static inline const struct view *pool_view(const struct pool *p)
{
	return atomic_load_explicit(&p->view, memory_order_acquire);
}

/* One configuration brought to life: what a reload replaces as a whole. */
struct generation {
	unsigned magic;
	unsigned serial; /* 1.. */
	int64_t loaded_wall_us;
	struct conf *conf;  /* owns */
	struct pool *pools; /* owns; as in conf, same order */
	unsigned n_pools;
	struct listener_stats **listener_stats; /* owns the array; as in conf.listeners */
	unsigned users; /* threads that may still look at it; control thread only */
};

#endif
