/* SPDX-License-Identifier: MIT */
/*
 * Least: the member with the fewest requests in flight over all workers, in proportion to its
 * weight: (in_flight + 1) / weight is minimal. Members that are equal share evenly, by lot. Pure.
 */
#include "aorta/balance.h"

#include "pool/balance_inner.h"

struct member *balance_least(const struct view *v, struct balance_state *s,
			     const struct tried *tried)
{
	struct member *best = NULL;
	struct load least = { 0, 1 };
	uint32_t equals = 0;

	for (unsigned i = 0; i < v->n; i++) {
		const struct view_entry *e = &v->entries[i];
		struct load load;
		int order;

		if (!usable(e->member, tried))
			continue;
		load = load_of(e);
		order = best ? load_cmp(load, least) : -1;
		if (order > 0)
			continue;
		equals = order < 0 ? 1 : equals + 1;
		/* The k-th of equals takes the place with 1/k: each ends up with the same chance.
		 */
		if (order < 0 || rng_below(&s->rng, equals) == 0) {
			best = e->member;
			least = load;
		}
	}
	return best;
}
