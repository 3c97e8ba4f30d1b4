/* SPDX-License-Identifier: MIT */
/*
 * Adoption: a generation becomes what is watched. Everything that needs memory comes first; then
 * nothing can fail any more, and the generation is in force as a whole. When memory is missing
 * the mail waits and the beat tries again: the old generation stays in force.
 * Health thread only. After adopted() no pointer into an older generation is left.
 */
#include "health/engine.h"

#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/log.h"
#include "health/text.h"

/* What an adoption needs; taken over by the engine when nothing can fail any more. */
struct plan {
	struct watched **by_slot; /* owns */
	unsigned n_slots;
	bool *dirty;	   /* owns */
	struct list fresh; /* owns the watched */
	unsigned n_fresh;
};

static unsigned slots_needed(const struct health *h, const struct generation *g)
{
	unsigned p, i, n = h->n_slots;

	for (p = 0; p < g->n_pools; p++)
		for (i = 0; i < g->pools[p].n_members; i++)
			if (g->pools[p].members[i]->slot >= n)
				n = g->pools[p].members[i]->slot + 1;
	return n;
}

static void plan_drop(struct plan *plan)
{
	while (!list_empty(&plan->fresh))
		watched_free(CONTAINER_OF(plan->fresh.next, struct watched, link));
	free(plan->by_slot);
	free(plan->dirty);
}

static int plan_pool(struct health *h, const struct pool *p, struct plan *plan)
{
	unsigned i;

	for (i = 0; i < p->n_members; i++) {
		struct member *m = p->members[i];
		struct watched *w;

		if (health_find(h, m, m->slot))
			continue;
		w = watched_new(h, m);
		if (!w)
			return -1;
		list_push_back(&plan->fresh, &w->link);
		plan->n_fresh++;
	}
	return 0;
}

static int plan_make(struct health *h, const struct generation *g, struct plan *plan)
{
	unsigned p;

	list_init(&plan->fresh);
	plan->n_fresh = 0;
	plan->n_slots = slots_needed(h, g);
	plan->by_slot = calloc(plan->n_slots + 1, sizeof(*plan->by_slot));
	plan->dirty = calloc(g->n_pools + 1, sizeof(*plan->dirty));
	if (!plan->by_slot || !plan->dirty) {
		plan_drop(plan);
		return -1;
	}
	for (p = 0; p < g->n_pools; p++)
		if (plan_pool(h, &g->pools[p], plan) != 0) {
			plan_drop(plan);
			return -1;
		}
	return 0;
}

/* ---- from here on nothing fails ---- */

static void plan_take(struct health *h, struct plan *plan)
{
	struct list *it, *tmp;
	unsigned i;

	for (i = 0; i < h->n_slots; i++)
		plan->by_slot[i] = h->by_slot[i];
	free(h->by_slot);
	h->by_slot = plan->by_slot;
	h->n_slots = plan->n_slots;
	free(h->dirty);
	h->dirty = plan->dirty;
	h->n_dirty = 0;
	LIST_FOREACH_SAFE(it, tmp, &plan->fresh) {
		struct watched *w = CONTAINER_OF(it, struct watched, link);

		AORTA_ASSERT(!h->by_slot[w->member->slot]);
		h->by_slot[w->member->slot] = w;
		list_remove(it);
		list_push_back(&h->all, it);
	}
}

static void judge_configured(struct watched *w, const char *note, bool notable)
{
	struct evidence e = watched_evidence(w, SOURCE_CONFIG);

	text_copy(e.note, sizeof(e.note), note);
	watched_judge(w, &e, notable);
	watched_report(w);
}

/* One member of the new generation; `fresh_seen` counts the new ones for the start spread. */
static void take_member(struct health *h, struct pool *p, unsigned i, unsigned *fresh_seen,
			unsigned n_fresh)
{
	struct watched *w = health_find(h, p->members[i], p->members[i]->slot);
	bool fresh = w->pool == NULL;

	AORTA_ASSERT(w->serial != h->serial); /* named once in a generation */
	w->serial = h->serial;
	w->pool = p;
	w->index = i;
	watched_configure(w, p->conf, *fresh_seen, n_fresh);
	if (fresh)
		++*fresh_seen;
	publish_dirty(h, w);
	if (fresh)
		judge_configured(w, p->conf->probes[ROLE_READINESS] ? "new" : "nothing judges it",
				 h->serial > 1);
	else
		judge_configured(w, "the configuration changed", false);
}

static void release(struct health *h, struct watched *w)
{
	struct member *m = w->member;

	w->pool = NULL;
	w->removed = true;
	if (w->admin == ADMIN_READY)
		w->drain_deadline_mono_us = clock_mono_us() + w->drain_timeout_ms * 1000;
	judge_configured(w, "removed from the configuration", true);
	h->by_slot[m->slot] = NULL;
	watched_free(w);
	h->ops.released(h->ops.ctx, m);
}

static void release_unnamed(struct health *h)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &h->all) {
		struct watched *w = CONTAINER_OF(it, struct watched, link);

		if (w->serial != h->serial)
			release(h, w);
	}
}

static int adopt(struct health *h, struct generation *g)
{
	struct plan plan;
	unsigned p, i, fresh_seen = 0;

	if (plan_make(h, g, &plan) != 0)
		return -1;
	publish_flush(h); /* what is due to the old generation */
	plan_take(h, &plan);
	h->serial++;
	h->g = g;
	for (p = 0; p < g->n_pools; p++) {
		for (i = 0; i < g->pools[p].n_members; i++)
			take_member(h, &g->pools[p], i, &fresh_seen, plan.n_fresh);
		if (g->pools[p].n_members == 0) {
			h->dirty[p] = true; /* an empty view is a view */
			h->n_dirty++;
		}
	}
	release_unnamed(h);
	publish_flush(h);
	h->ops.adopted(h->ops.ctx, g);
	return 0;
}

void adopt_pending(struct health *h)
{
	while (!list_empty(&h->adopting)) {
		struct adopt_mail *a = CONTAINER_OF(h->adopting.next, struct adopt_mail, link);

		if (adopt(h, a->g) != 0) {
			log_msg(LOG_ERROR_, "health_memory",
				"out of memory: the new configuration is not in force yet");
			return;
		}
		list_remove(&a->link);
		free(a);
	}
}

void adopt_mail_run(struct mail *m, void *owner)
{
	struct adopt_mail *a = CONTAINER_OF(m, struct adopt_mail, mail);
	struct health *h = owner;

	if (h->state == HEALTH_STOPPED) {
		free(a);
		return;
	}
	list_push_back(&h->adopting, &a->link);
	adopt_pending(h);
}
