/* SPDX-License-Identifier: MIT */
/*
 * Publication: reports and views replaced by atomic exchange, the old ones retired, and what is
 * told to others afterwards. Health thread only.
 *
 * The order matters to workers that read meanwhile. Out: `eligible` is cleared first (in
 * watched_goto()), then the view without the member appears. In: the view with the member
 * appears first, then `eligible` is set. Views are built once a turn of the loop at most,
 * however many members changed.
 */
#include "health/engine.h"

#include <stdlib.h>

#include "aorta/assert.h"

void publish_evidence(struct health *h, struct evidence *e)
{
	e->id = ++h->evidence_id;
	h->ops.evidence(h->ops.ctx, e);
}

void publish_report(struct health *h, struct member *m, struct member_report *r)
{
	struct member_report *old;

	old = atomic_exchange_explicit(&m->report, r, memory_order_acq_rel);
	if (old)
		epoch_retire(h->epoch, old, free);
}

static void free_view(void *v)
{
	view_free(v);
}

void publish_dirty(struct health *h, struct watched *w)
{
	if (!w->pool)
		return;
	if (!h->dirty[w->pool->conf->index])
		h->n_dirty++;
	h->dirty[w->pool->conf->index] = true;
}

static struct view *build(struct health *h, struct pool *p)
{
	struct view_input *in = calloc(p->n_members + 1, sizeof(*in));
	struct view *v;
	unsigned i;

	if (!in)
		return NULL;
	for (i = 0; i < p->n_members; i++) {
		const struct watched *w = health_find(h, p->members[i], p->members[i]->slot);

		in[i] = (struct view_input){ .member = p->members[i],
					     .state = w->state,
					     .judged = w->judged,
					     .weight = p->conf->members[i].weight,
					     .tier = p->conf->members[i].tier };
	}
	v = view_build(in, p->n_members, ++h->view_serial);
	free(in);
	return v;
}

static void admit_members(struct health *h, struct pool *p)
{
	unsigned i;

	for (i = 0; i < p->n_members; i++) {
		struct watched *w = health_find(h, p->members[i], p->members[i]->slot);
		bool serves = member_state_serves(w->state);

		if (serves && !w->in_view) {
			/* A run of failures ended with its being down: the next one counts anew. */
			member_connect_ok(w->member);
			atomic_store_explicit(&w->member->eligible, true, memory_order_release);
		}
		w->in_view = serves;
	}
}

/* False: out of memory, the pool stays dirty; the old view serves on, less what is ineligible. */
static bool publish_view(struct health *h, struct pool *p)
{
	struct view *v = build(h, p);
	struct view *old;

	if (!v)
		return false;
	old = atomic_exchange_explicit(&p->view, v, memory_order_acq_rel);
	if (old)
		epoch_retire(h->epoch, old, free_view);
	admit_members(h, p);
	h->ops.view_changed(h->ops.ctx, p);
	return true;
}

static void tell_outs(struct health *h)
{
	while (!list_empty(&h->outs)) {
		struct watched *w = CONTAINER_OF(h->outs.next, struct watched, out_link);

		list_remove(&w->out_link);
		h->ops.member_out(h->ops.ctx, w->member);
	}
}

void publish_flush(struct health *h)
{
	unsigned i;

	for (i = 0; h->n_dirty > 0 && i < h->g->n_pools; i++) {
		if (!h->dirty[i] || !publish_view(h, &h->g->pools[i]))
			continue;
		h->dirty[i] = false;
		h->n_dirty--;
	}
	tell_outs(h);
}
