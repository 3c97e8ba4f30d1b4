/* SPDX-License-Identifier: MIT */
/*
 * Power of two choices (Mitzenmacher 2001): of two different entries drawn at random, the one
 * with the lower (in_flight + 1) / weight. Nearly as even as a full search, at a constant price
 * and without the herd that follows the one least busy member. Pure.
 *
 * Where weights differ the draw goes by weight too. With an even draw no member of ten could have
 * more than a fifth of the traffic, whatever its weight: that is how often it is among the two.
 */
#include "aorta/balance.h"

#include "pool/balance_inner.h"

/* Two different indexes below n >= 2, evenly, from the two halves of one random number. */
static void draw_evenly(struct rng *r, uint32_t n, uint32_t *a, uint32_t *b)
{
	uint64_t bits = rng_u64(r);

	*a = (uint32_t)(((bits >> 32) * n) >> 32);
	*b = (uint32_t)(((bits & 0xffffffffu) * (n - 1)) >> 32);
	*b += *b >= *a;
}

/* Sums of the weights up to and with each entry. False when out of memory. */
static bool prepare(const struct view *v, struct balance_state *s)
{
	int64_t sum = 0;

	if (s->current && s->serial == v->serial)
		return true;
	if (!balance_reserve(s, v->n))
		return false;
	for (unsigned i = 0; i < v->n; i++)
		s->current[i] = sum += v->entries[i].weight;
	s->serial = v->serial;
	return true;
}

/* The entry in whose part of the sum `x` lies. */
static uint32_t find(const int64_t *sums, uint32_t n, int64_t x)
{
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (sums[middle] > x)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Two different indexes, by weight: the second from what is left without the first. */
static void draw_by_weight(const struct view *v, struct balance_state *s, uint32_t *a, uint32_t *b)
{
	uint32_t total = (uint32_t)s->current[v->n - 1];
	uint32_t weight;
	int64_t x;

	*a = find(s->current, v->n, rng_below(&s->rng, total));
	weight = v->entries[*a].weight;
	x = rng_below(&s->rng, total - weight);
	if (x >= s->current[*a] - weight)
		x += weight;
	*b = find(s->current, v->n, x);
}

struct member *balance_p2c(const struct view *v, struct balance_state *s, const struct tried *tried)
{
	const struct view_entry *a, *b;
	uint32_t i, j;
	bool a_usable, b_usable;

	if (v->n < 2)
		return v->n && usable(v->entries[0].member, tried) ? v->entries[0].member : NULL;
	if (v->equal_weights || !prepare(v, s))
		draw_evenly(&s->rng, v->n, &i, &j);
	else
		draw_by_weight(v, s, &i, &j);
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
