/* SPDX-License-Identifier: MIT */
/*
 * Choosing the balancer that a pool is configured with, and a worker's memory for it. The worker
 * owns its state; the algorithms are in the files beside this one.
 */
#include "aorta/balance.h"

#include <stdlib.h>

#include "aorta/assert.h"
#include "pool/balance_inner.h"

typedef struct member *pick_fn(const struct view *v, struct balance_state *s,
			       const struct tried *tried);

static pick_fn *const picks[] = {
	[BALANCE_ROUND_ROBIN] = balance_round_robin,
	[BALANCE_LEAST] = balance_least,
	[BALANCE_P2C] = balance_p2c,
};

void balance_state_init(struct balance_state *s, uint64_t seed)
{
	*s = (struct balance_state){ 0 };
	rng_seed(&s->rng, seed);
	/* Workers start at different places, or all would send their first request to one member.
	 */
	s->next = (unsigned)(rng_u64(&s->rng) >> 33);
}

void balance_state_fini(struct balance_state *s)
{
	free(s->current);
	s->current = NULL;
	s->cap = 0;
}

bool balance_reserve(struct balance_state *s, unsigned n)
{
	int64_t *grown;

	if (s->cap >= n)
		return true;
	grown = reallocarray(s->current, n, sizeof(grown[0]));
	if (!grown)
		return false;
	s->current = grown;
	s->cap = n;
	return true;
}

struct member *balance_pick(enum balance_kind kind, const struct view *v, struct balance_state *s,
			    const struct tried *tried)
{
	AORTA_ASSERT((size_t)kind < ARRAY_LEN(picks));
	return picks[kind](v, s, tried);
}
