/* SPDX-License-Identifier: MIT */
/*
 * Power of two choices (Mitzenmacher 2001): of two different entries drawn at random, the one
 * with the lower (in_flight + 1) / weight. Nearly as even as a full search, at a constant price
 * and without the herd that follows the one least busy member. Pure.
 */
#include "aorta/balance.h"

#include "pool/balance_inner.h"

/* Two different indexes below n >= 2, from the two halves of one random number. */
static void draw_two(struct rng *r, uint32_t n, uint32_t *a, uint32_t *b)
{
	uint64_t bits = rng_u64(r);

	*a = (uint32_t)(((bits >> 32) * n) >> 32);
	*b = (uint32_t)(((bits & 0xffffffffu) * (n - 1)) >> 32);
	*b += *b >= *a;
}

struct member *balance_p2c(const struct view *v, struct balance_state *s, const struct tried *tried)
{
	const struct view_entry *a, *b;
	uint32_t i, j;
	bool a_usable, b_usable;

	if (v->n < 2)
		return v->n && usable(v->entries[0].member, tried) ? v->entries[0].member : NULL;
	draw_two(&s->rng, v->n, &i, &j);
	a = &v->entries[i];
	b = &v->entries[j];
	a_usable = usable(a->member, tried);
	b_usable = usable(b->member, tried);
	if (a_usable && b_usable)
		return load_cmp(load_of(a), load_of(b)) <= 0 ? a->member : b->member;
	if (a_usable || b_usable)
		return a_usable ? a->member : b->member;
	/* Both out: a rare case, worth a search so that nobody is refused while one could serve. */
	return balance_least(v, s, tried);
}
