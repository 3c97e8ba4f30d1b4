/* SPDX-License-Identifier: MIT */
/* The tests' engine on a loop of their own; see rig.h. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/sock.h"

/* How long a test waits for what must happen: far beyond any interval used, sanitizers included. */
#define PATIENCE_MS 10000

static void on_evidence(void *ctx, const struct evidence *e)
{
	struct rig *r = ctx;

	AORTA_ASSERT(r->n_records < RIG_RECORDS);
	r->records[r->n_records++] = *e;
}

static void on_view(void *ctx, struct pool *p)
{
	struct rig *r = ctx;

	r->view_changes++;
}

static void on_out(void *ctx, struct member *m)
{
	struct rig *r = ctx;

	AORTA_ASSERT(!member_eligible(m));
	r->outs++;
	r->last_out = m;
}

static void on_adopted(void *ctx, struct generation *g)
{
	struct rig *r = ctx;

	r->adoptions++;
}

static void on_released(void *ctx, struct member *m)
{
	struct rig *r = ctx;

	r->releases++;
	r->last_released = m;
}

static void on_ordered(void *ctx, uint64_t tag, const char *error)
{
	struct rig *r = ctx;

	r->answers++;
	r->last_tag = tag;
	r->last_error[0] = '\0';
	if (error)
		(void)snprintf(r->last_error, sizeof(r->last_error), "%s", error);
	if (r->watch)
		r->state_at_answer = rig_state(r->watch);
}

void rig_open(struct rig *r)
{
	struct health_ops ops = { r,	      on_evidence, on_view,   on_out,
				  on_adopted, on_released, on_ordered };

	memset(r, 0, sizeof(*r));
	r->loop = sock_loop_new();
	r->epoch = epoch_new();
	AORTA_ASSERT(r->loop && r->epoch);
	r->health = health_new(r->loop, r->epoch, &ops, 1);
	AORTA_ASSERT(r->health);
}

void rig_close(struct rig *r)
{
	health_stop(r->health);
	health_free(r->health);
	epoch_free(r->epoch);
	ev_loop_destroy(r->loop);
}

/* The generation's own, so that a sanitizer sees who looks at it too late. */
static struct conf_probe *copy_probe(const struct conf_probe *from)
{
	struct conf_probe *p;

	if (!from)
		return NULL;
	p = malloc(sizeof(*p));
	AORTA_ASSERT(p);
	*p = *from;
	return p;
}

static void fill_pool(struct conf_pool *c, struct pool *p, const struct rig_pool *from, unsigned i)
{
	unsigned k;

	c->index = i;
	c->name = from->name;
	c->n_members = from->n_members;
	c->members = calloc(from->n_members + 1, sizeof(*c->members));
	c->drain_timeout_ms = from->drain_timeout_ms ? from->drain_timeout_ms : 60000;
	for (k = 0; k < PROBE_ROLES; k++)
		c->probes[k] = copy_probe(from->probes[k]);
	p->magic = POOL_MAGIC;
	p->conf = c;
	p->n_members = from->n_members;
	p->members = calloc(from->n_members + 1, sizeof(struct member *));
	AORTA_ASSERT(c->members && p->members);
	for (k = 0; k < from->n_members; k++) {
		p->members[k] = from->members[k];
		c->members[k].name = from->members[k]->name;
		c->members[k].weight = c->members[k].tier = 1;
	}
}

struct generation *rig_generation(const struct rig_pool *pools, unsigned n)
{
	struct generation *g = calloc(1, sizeof(*g));
	unsigned i;

	AORTA_ASSERT(g);
	g->magic = GENERATION_MAGIC;
	g->serial = 1;
	g->conf = calloc(1, sizeof(*g->conf));
	g->pools = calloc(n, sizeof(*g->pools));
	AORTA_ASSERT(g->conf && g->pools);
	g->conf->pools = calloc(n, sizeof(*g->conf->pools));
	AORTA_ASSERT(g->conf->pools);
	g->n_pools = g->conf->n_pools = n;
	for (i = 0; i < n; i++)
		fill_pool(&g->conf->pools[i], &g->pools[i], &pools[i], i);
	return g;
}

void rig_generation_free(struct generation *g)
{
	unsigned i, role;

	for (i = 0; i < g->n_pools; i++) {
		for (role = 0; role < PROBE_ROLES; role++)
			free((void *)(uintptr_t)g->conf->pools[i].probes[role]);
		view_free(atomic_load(&g->pools[i].view));
		free(g->pools[i].members);
		free(g->conf->pools[i].members);
	}
	free(g->conf->pools);
	free(g->conf);
	free(g->pools);
	free(g);
}

struct member *rig_member(const char *pool, const char *name, const struct addr *a, unsigned slot)
{
	struct member *m = member_new(pool, name, a, slot, 1);

	AORTA_ASSERT(m);
	return m;
}

struct conf_probe rig_probe(enum probe_kind kind)
{
	return (struct conf_probe){ .name = "test",
				    .kind = kind,
				    .interval_ms = 20,
				    .fast_interval_ms = 10,
				    .down_interval_ms = 10,
				    .timeout_ms = 100,
				    .connect_timeout_ms = 100,
				    .first_byte_timeout_ms = 100,
				    .jitter_percent = 10,
				    .rise = 2,
				    .fall = 3,
				    .method = "GET",
				    .path = "/health",
				    .max_body = 16384 };
}

/* ---- waiting ---- */

static void on_guard(struct ev_loop *loop, ev_timer *w, int revents)
{
	/* only wakes the loop */
}

bool rig_await(struct rig *r, rig_done_fn *done, void *arg, int within_ms)
{
	int64_t until = clock_mono_us() + (int64_t)within_ms * 1000;
	ev_timer guard;
	bool is_done = done(r, arg);

	ev_now_update(r->loop);
	/* what changes between two events of the loop is looked at every few milliseconds */
	ev_timer_init(&guard, on_guard, 0.005, 0.005);
	ev_timer_start(r->loop, &guard);
	while (!is_done && clock_mono_us() < until) {
		ev_run(r->loop, EVRUN_ONCE);
		is_done = done(r, arg);
	}
	ev_timer_stop(r->loop, &guard);
	return is_done;
}

enum member_state rig_state(const struct member *m)
{
	const struct member_report *r = member_report(m);

	return r ? r->state : MEMBER_STATE_COUNT;
}

struct awaited {
	struct member *m;
	enum member_state state;
	enum probe_role role;
	uint64_t n;
};

static bool state_is(struct rig *r, void *arg)
{
	struct awaited *a = arg;

	return rig_state(a->m) == a->state &&
	       member_eligible(a->m) == member_state_serves(a->state);
}

bool rig_await_state(struct rig *r, struct member *m, enum member_state s)
{
	struct awaited a = { .m = m, .state = s };

	return rig_await(r, state_is, &a, PATIENCE_MS);
}

static bool answered(struct rig *r, void *arg)
{
	struct awaited *a = arg;

	return r->answers >= a->n;
}

bool rig_await_answers(struct rig *r, unsigned n)
{
	struct awaited a = { .n = n };

	return rig_await(r, answered, &a, PATIENCE_MS);
}

static bool is_out(struct rig *r, void *arg)
{
	struct awaited *a = arg;

	return r->outs >= a->n;
}

bool rig_await_outs(struct rig *r, unsigned n)
{
	struct awaited a = { .n = n };

	return rig_await(r, is_out, &a, PATIENCE_MS);
}

static bool has_run(struct rig *r, void *arg)
{
	struct awaited *a = arg;
	const struct member_report *report = member_report(a->m);

	return report && report->roles[a->role].runs >= a->n;
}

bool rig_await_runs(struct rig *r, struct member *m, enum probe_role role, uint64_t runs)
{
	struct awaited a = { .m = m, .role = role, .n = runs };

	return rig_await(r, has_run, &a, PATIENCE_MS);
}

/* ---- looking ---- */

static bool is_of(const struct evidence *e, const struct member *m)
{
	return strcmp(e->pool, m->pool) == 0 && strcmp(e->member, m->name) == 0;
}

const struct evidence *rig_transition(const struct rig *r, const struct member *m, unsigned n)
{
	unsigned i;

	for (i = 0; i < r->n_records; i++)
		if (is_of(&r->records[i], m) && r->records[i].transition && n-- == 0)
			return &r->records[i];
	return NULL;
}

unsigned rig_records_of(const struct rig *r, const struct member *m)
{
	unsigned i, n = 0;

	for (i = 0; i < r->n_records; i++)
		n += is_of(&r->records[i], m);
	return n;
}

bool rig_in_view(const struct pool *p, const struct member *m)
{
	const struct view *v = pool_view(p);
	unsigned i;

	for (i = 0; v && i < v->n; i++)
		if (v->entries[i].member == m)
			return true;
	return false;
}
