/* SPDX-License-Identifier: MIT */
/*
 * Balancers: which member of a view gets the next request. One file each under src/pool/, pure:
 * state and seed come in, a member comes out. Worker threads, each with state of its own.
 */
#ifndef AORTA_BALANCE_H
#define AORTA_BALANCE_H

#include "aorta/pool.h"
#include "aorta/rng.h"

/* A worker's memory for one pool. */
struct balance_state {
	uint64_t serial;  /* view that `current` was made for */
	int64_t *current; /* owns: round robin's running weights or p2c's sums, one per entry */
	unsigned cap;
	unsigned next; /* where equal weights go on */
	struct rng rng;
};

void balance_state_init(struct balance_state *s, uint64_t seed);
void balance_state_fini(struct balance_state *s);

/* Members that this exchange has already tried and is not to be given again. */
#define TRIED_MAX 12
struct tried {
	unsigned n;
	const struct member *member[TRIED_MAX];
};

/*
 * The member to use, or NULL when the view has none that is eligible and untried. `tried` may
 * be NULL. In-flight counts are summed over the workers.
 */
struct member *balance_pick(enum balance_kind kind, const struct view *v, struct balance_state *s,
			    const struct tried *tried);

/* The algorithms, for tests; all take the arguments of balance_pick(). */
struct member *balance_round_robin(const struct view *v, struct balance_state *s,
				   const struct tried *tried);
struct member *balance_least(const struct view *v, struct balance_state *s,
			     const struct tried *tried);
struct member *balance_p2c(const struct view *v, struct balance_state *s,
			   const struct tried *tried);

#endif
