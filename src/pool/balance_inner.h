/* SPDX-License-Identifier: MIT */
/* What the balancers share: who may be picked, and whose load is lower. Inlined into each pick. */
#ifndef POOL_BALANCE_INNER_H
#define POOL_BALANCE_INNER_H

#include "aorta/balance.h"

static inline bool was_tried(const struct tried *tried, const struct member *m)
{
	for (unsigned i = 0; i < tried->n; i++)
		if (tried->member[i] == m)
			return true;
	return false;
}

static inline bool usable(const struct member *m, const struct tried *tried)
{
	return member_eligible(m) && (!tried || tried->n == 0 || !was_tried(tried, m));
}

/* What a member would carry with one more request, in proportion to its weight. */
struct load {
	uint64_t busy; /* in flight + 1 */
	uint64_t weight;
};

static inline struct load load_of(const struct view_entry *e)
{
	return (struct load){ member_in_flight(e->member) + 1, e->weight };
}

/* a.busy/a.weight against b.busy/b.weight, by cross-multiplication: < 0, 0 or > 0. */
static inline int load_cmp(struct load a, struct load b)
{
	uint64_t left = a.busy * b.weight;
	uint64_t right = b.busy * a.weight;

	return (left > right) - (left < right);
}

/* Room for `n` entries in s->current, whose values are then undefined. False: out of memory. */
bool balance_reserve(struct balance_state *s, unsigned n);

#endif
