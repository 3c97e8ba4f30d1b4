/* SPDX-License-Identifier: MIT */
/*
 * Round robin: each entry in turn, in proportion to its weight and spread as evenly as can be
 * (nginx's smooth weighted round robin, ngx_http_upstream_get_peer). Views with equal weights
 * take the short way: one step on. Pure; state belongs to the worker. Allocates only when a view
 * has more entries than any before it.
 */
#include "aorta/balance.h"

#include <string.h>

#include "pool/balance_inner.h"

/* The next usable entry after the one given last. */
static struct member *step(const struct view *v, struct balance_state *s, const struct tried *tried)
{
	unsigned i = s->next < v->n ? s->next : s->next % v->n;

	for (unsigned left = v->n; left > 0; left--) {
		struct member *m = v->entries[i].member;

		i = i + 1 < v->n ? i + 1 : 0;
		if (usable(m, tried)) {
			s->next = i;
			return m;
		}
	}
	return NULL;
}

/*
 * One pick by running weights: all gain their weight, the leader is taken and pays the sum. The
 * entries that may not be picked now stand still.
 */
static struct member *pick_smooth(const struct view *v, int64_t *current, const struct tried *tried,
				  bool all)
{
	int64_t total = 0;
	unsigned best = v->n;

	for (unsigned i = 0; i < v->n; i++) {
		const struct view_entry *e = &v->entries[i];

		if (!all && !usable(e->member, tried))
			continue;
		current[i] += e->weight;
		total += e->weight;
		if (best == v->n || current[i] > current[best])
			best = i;
	}
	if (best == v->n)
		return NULL;
	current[best] -= total;
	return v->entries[best].member;
}

/* Entry updates spent on finding a place in the period: some tens of microseconds. */
#define START_STEPS 16384

/*
 * Starts the running weights at a random point of their period, so that workers are not in step
 * and a new view does not always begin with the heaviest member.
 */
static void start_anywhere(const struct view *v, struct balance_state *s)
{
	uint64_t period = 0;
	uint32_t steps, most = START_STEPS / v->n + 1;

	for (unsigned i = 0; i < v->n; i++)
		period += v->entries[i].weight;
	memset(s->current, 0, v->n * sizeof(s->current[0]));
	steps = rng_below(&s->rng, period < most ? (uint32_t)period : most);
	while (steps-- > 0)
		pick_smooth(v, s->current, NULL, true);
}

/* Running weights for this view. False when out of memory. */
static bool prepare(const struct view *v, struct balance_state *s)
{
	if (s->current && s->serial == v->serial)
		return true;
	if (!balance_reserve(s, v->n))
		return false;
	start_anywhere(v, s);
	s->serial = v->serial;
	return true;
}

struct member *balance_round_robin(const struct view *v, struct balance_state *s,
				   const struct tried *tried)
{
	if (v->n == 0)
		return NULL;
	/* Without memory for weights everybody is still served, evenly. */
	if (v->equal_weights || !prepare(v, s))
		return step(v, s, tried);
	return pick_smooth(v, s->current, tried, false);
}
