/* SPDX-License-Identifier: MIT */
/*
 * Builds the model that everything is rendered from. Owned by the handler that asked for it, for
 * one turn of the control thread's loop. It only reads: generation, reports, views and cells.
 */
#include "snapshot.h"

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/nearest.h"
#include "state.h"

const char *concern_css(enum concern c)
{
	static const char *const css[] = {
#define X(name, css, text) css,
		CONCERNS(X)
#undef X
	};

	return css[c];
}

static enum concern concern_of_state(enum member_state s)
{
	static const enum concern of[MEMBER_STATE_COUNT] = {
		[MEMBER_CHECKING] = CONCERN_CHECKING, [MEMBER_UP] = CONCERN_NONE,
		[MEMBER_DEGRADED] = CONCERN_REDUCED,  [MEMBER_PROBATION] = CONCERN_REDUCED,
		[MEMBER_EJECTED] = CONCERN_WRONG,     [MEMBER_DOWN] = CONCERN_WRONG,
		[MEMBER_DRAINING] = CONCERN_OPERATOR, [MEMBER_MAINT] = CONCERN_OPERATOR,
	};

	return of[s];
}

/* A probe that is configured and whose last finding did not pass. */
static bool any_role_failing(const struct member_report *r)
{
	unsigned i;

	for (i = 0; i < PROBE_ROLES; i++) {
		const struct role_report *x = &r->roles[i];

		if (x->configured && !x->held && x->runs > 0 && !probe_code_passed(x->last.code))
			return true;
	}
	return false;
}

struct standing role_standing(const struct role_report *r)
{
	/* The counter of anchors' 2.1: passing is rise .. rise+fall-1, failing is below. */
	if (r->passing) {
		unsigned top = r->rise + r->fall - 1;

		return (struct standing){ r->counter < top ? top - r->counter : 0, r->fall,
					  "fall" };
	}
	return (struct standing){ r->counter, r->rise, "rise" };
}

/* The last bucket has no upper bound: its lower one, the largest duration that can be told. */
static int64_t quantile(const struct histogram_sum *sum, double q)
{
	int64_t us = histogram_quantile_us(sum, q);

	return us == INT64_MAX ? histogram_bound_us(HISTOGRAM_BUCKETS - 2) : us;
}

static void quantiles_of(const struct histogram_sum *sum, struct quantiles *q)
{
	q->count = sum->count;
	if (sum->count == 0) {
		q->p50_us = q->p95_us = q->p99_us = -1;
		return;
	}
	q->p50_us = quantile(sum, 0.50);
	q->p95_us = quantile(sum, 0.95);
	q->p99_us = quantile(sum, 0.99);
}

static const char *sentence_of(struct snapshot *s, const struct evidence *e)
{
	struct buf b;
	const char *text;

	buf_init(&b);
	evidence_sentence(&b, e);
	text = arena_strdup(s->arena, buf_cstr(&b));
	buf_fini(&b);
	return text == NULL ? "" : text;
}

static bool view_has(const struct view *v, const struct member *m)
{
	unsigned i;

	for (i = 0; v != NULL && i < v->n; i++) {
		if (v->entries[i].member == m)
			return true;
	}
	return false;
}

static void fill_report(struct snapshot *s, struct snap_member *x)
{
	const struct member_report *r = member_report(x->member);

	x->state = r == NULL ? MEMBER_CHECKING : r->state;
	x->concern = concern_of_state(x->state);
	x->sentence = "";
	x->drain_left_ms = -1;
	x->report = r;
	if (r == NULL)
		return;
	if (x->concern == CONCERN_NONE && any_role_failing(r))
		x->concern = CONCERN_DOUBT;
	x->since_wall_us = r->since_wall_us;
	if (r->why.wall_us != 0) {
		x->why = &r->why;
		x->sentence = sentence_of(s, &r->why);
	}
	if (r->drain_deadline_mono_us != 0) {
		int64_t left = (r->drain_deadline_mono_us - s->mono_us) / 1000;

		x->drain_left_ms = left > 0 ? left : 0;
	}
}

static void fill_traffic(struct admin *a, struct snap_member *x, unsigned ordinal)
{
	struct histogram_sum minute;

	member_totals(x->member, &x->totals);
	sampler_window(a->sampler, ordinal, SAMPLER_SHORT, &x->now);
	sampler_window(a->sampler, ordinal, SAMPLER_SECONDS, &x->minute);
	sampler_latency(a->sampler, ordinal, &x->totals.latency, &minute);
	quantiles_of(&minute, &x->latency_minute);
	quantiles_of(&x->totals.latency, &x->latency);
}

static void fill_pool_standing(struct snap_pool *p)
{
	const struct view *v = pool_view(p->pool);
	enum concern worst = CONCERN_NONE;
	unsigned i;

	for (i = 0; i < p->n_members; i++) {
		struct snap_member *m = &p->members[i];

		p->n_state[m->state]++;
		p->n_serving += member_state_serves(m->state);
		p->in_flight += m->totals.in_flight;
		m->in_view = view_has(v, m->member);
		if (p->lowest_tier == 0 || m->conf->tier < p->lowest_tier)
			p->lowest_tier = m->conf->tier;
		if (m->concern > worst)
			worst = m->concern;
	}
	p->tier = v == NULL ? 0 : v->tier;
	p->concern = worst;
	if (p->n_serving == 0 && p->n_members > 0)
		p->concern = p->n_state[MEMBER_CHECKING] == p->n_members ? CONCERN_CHECKING
									 : CONCERN_FATAL;
}

static int fill_pool(struct admin *a, struct snapshot *s, struct snap_pool *p, unsigned *ordinal)
{
	unsigned i;

	p->conf = p->pool->conf;
	p->n_members = p->pool->n_members;
	p->members = arena_calloc(s->arena, p->n_members + 1, sizeof(*p->members));
	if (p->members == NULL)
		return -1;
	pool_totals(p->pool->stats, &p->totals);
	for (i = OWN_NONE + 1; i < OWN_ERROR_COUNT; i++)
		p->own_errors += p->totals.own[i];
	sampler_window(a->sampler, *ordinal, SAMPLER_SHORT, &p->now);
	sampler_window(a->sampler, *ordinal, SAMPLER_SECONDS, &p->minute);
	++*ordinal;
	for (i = 0; i < p->n_members; i++) {
		struct snap_member *m = &p->members[i];

		m->member = p->pool->members[i];
		m->conf = &p->conf->members[i];
		m->pool = p->conf;
		fill_report(s, m);
		fill_traffic(a, m, (*ordinal)++);
	}
	fill_pool_standing(p);
	s->n_members += p->n_members;
	s->n_serving += p->n_serving;
	return 0;
}

static void fill_listener(struct admin *a, struct snap_listener *l, const struct generation *g,
			  unsigned i, unsigned ordinal)
{
	unsigned k;

	l->conf = &g->conf->listeners[i];
	listener_totals(g->listener_stats[i], &l->totals);
	for (k = OWN_NONE + 1; k < OWN_ERROR_COUNT; k++)
		l->own_errors += l->totals.own[k];
	sampler_window(a->sampler, ordinal, SAMPLER_SHORT, &l->now);
	sampler_window(a->sampler, ordinal, SAMPLER_SECONDS, &l->minute);
}

static int fill(struct admin *a, struct snapshot *s)
{
	const struct generation *g = s->generation;
	unsigned i, ordinal = 0;

	s->n_pools = g->n_pools;
	s->n_listeners = g->conf->n_listeners;
	s->pools = arena_calloc(s->arena, s->n_pools + 1, sizeof(*s->pools));
	s->listeners = arena_calloc(s->arena, s->n_listeners + 1, sizeof(*s->listeners));
	if (s->pools == NULL || s->listeners == NULL)
		return -1;
	for (i = 0; i < s->n_pools; i++) {
		s->pools[i].pool = &g->pools[i];
		if (fill_pool(a, s, &s->pools[i], &ordinal) != 0)
			return -1;
	}
	for (i = 0; i < s->n_listeners; i++)
		fill_listener(a, &s->listeners[i], g, i, ordinal++);
	return 0;
}

struct snapshot *snapshot_new(struct admin *a)
{
	struct arena *arena = arena_new();
	struct snapshot *s = arena == NULL ? NULL : arena_alloc(arena, sizeof(*s));

	if (s == NULL) {
		arena_free(arena);
		return NULL;
	}
	admin_enter(a);
	s->arena = arena;
	s->admin = a;
	s->wall_us = clock_wall_us();
	s->mono_us = clock_mono_us();
	s->generation = a->ops->generation(a->ops->ctx);
	AORTA_CHECK(s->generation, GENERATION_MAGIC);
	s->health = a->ops->health(a->ops->ctx);
	a->ops->process(a->ops->ctx, &s->process);
	sampler_sync(a->sampler, s->generation);
	if (fill(a, s) != 0) {
		snapshot_free(s);
		return NULL;
	}
	headline_build(s);
	return s;
}

void snapshot_free(struct snapshot *s)
{
	if (s == NULL)
		return;
	admin_leave(s->admin);
	arena_free(s->arena);
}

struct snap_pool *snapshot_pool(const struct snapshot *s, const char *name)
{
	unsigned i;

	for (i = 0; i < s->n_pools; i++) {
		if (strcmp(s->pools[i].conf->name, name) == 0)
			return &s->pools[i];
	}
	return NULL;
}

struct snap_member *snap_pool_member(const struct snap_pool *p, const char *name)
{
	unsigned i;

	for (i = 0; i < p->n_members; i++) {
		if (strcmp(p->members[i].conf->name, name) == 0)
			return &p->members[i];
	}
	return NULL;
}

const char *snapshot_near_pool(const struct snapshot *s, const char *name)
{
	struct nearest n;
	unsigned i;

	nearest_init(&n, name);
	for (i = 0; i < s->n_pools; i++)
		nearest_offer(&n, s->pools[i].conf->name);
	return n.best;
}

const char *snap_pool_near_member(const struct snap_pool *p, const char *name)
{
	struct nearest n;
	unsigned i;

	nearest_init(&n, name);
	for (i = 0; i < p->n_members; i++)
		nearest_offer(&n, p->members[i].conf->name);
	return n.best;
}
