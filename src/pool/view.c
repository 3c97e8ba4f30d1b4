/* SPDX-License-Identifier: MIT */
/*
 * Making the view: from the members' states to "who may be given work now". Pure. The caller
 * owns the result, publishes it and has it freed when no reader can still see it.
 */
#include "aorta/pool.h"

#include <stdlib.h>

#include "aorta/assert.h"

/* The lowest tier with a serving member and how many serve in it; 0 when there is none. */
static unsigned serving_tier(const struct view_input *in, unsigned n, unsigned *n_serving)
{
	unsigned tier = 0;

	*n_serving = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!member_state_serves(in[i].state))
			continue;
		if (*n_serving == 0 || in[i].tier < tier) {
			tier = in[i].tier;
			*n_serving = 0;
		}
		*n_serving += in[i].tier == tier;
	}
	return tier;
}

/*
 * Whether it is worth to wait for a first verdict. Members that an operator or the file has
 * taken out do not count: they would not serve whatever their probes said.
 */
static bool nothing_judged(const struct view_input *in, unsigned n)
{
	unsigned waiting = 0;

	for (unsigned i = 0; i < n; i++) {
		if (in[i].state == MEMBER_MAINT || in[i].state == MEMBER_DRAINING)
			continue;
		if (in[i].state != MEMBER_CHECKING || in[i].judged)
			return false;
		waiting++;
	}
	return waiting > 0;
}

static void add_entry(struct view *v, const struct view_input *in)
{
	AORTA_ASSERT(in->weight > 0);
	v->entries[v->n++] = (struct view_entry){ in->member, in->weight };
	if (in->weight != v->entries[0].weight)
		v->equal_weights = false;
}

struct view *view_build(const struct view_input *in, unsigned n, uint64_t serial)
{
	unsigned n_serving;
	unsigned tier = serving_tier(in, n, &n_serving);
	struct view *v = calloc(1, sizeof(*v) + n_serving * sizeof(v->entries[0]));

	if (!v)
		return NULL;
	v->serial = serial;
	v->tier = tier;
	v->n_total = n;
	v->nothing_judged = nothing_judged(in, n);
	v->equal_weights = true;
	for (unsigned i = 0; i < n; i++)
		if (member_state_serves(in[i].state) && in[i].tier == tier)
			add_entry(v, &in[i]);
	return v;
}

void view_free(struct view *v)
{
	free(v);
}
