/* SPDX-License-Identifier: MIT */
/*
 * The world of world.h. Everything runs on the calling thread; the world owns what it makes.
 */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/sock.h"

static const struct generation *world_generation(void *ctx)
{
	return &((struct world *)ctx)->generation;
}

static void world_process(void *ctx, struct admin_process *out)
{
	*out = ((struct world *)ctx)->process;
}

static unsigned world_checks(void *ctx, struct admin_check *out, unsigned cap)
{
	struct world *w = ctx;

	AORTA_ASSERT(cap >= 3);
	out[0] = (struct admin_check){ "workers", true, true, "" };
	out[1] = (struct admin_check){ "health", true, true, "" };
	out[2] = (struct admin_check){ "pool:web", false, !w->not_ready, "no member serves" };
	return 3;
}

static void apply_order(struct world *w)
{
	static const enum member_state states[] = { MEMBER_UP, MEMBER_DRAINING, MEMBER_MAINT };

	if (w->refuse == NULL && w->ordered != NULL)
		world_state(w, w->ordered, states[w->to], SOURCE_ADMIN);
	admin_ordered(w->admin, w->tag, w->refuse);
}

static void on_late(struct ev_loop *loop, ev_timer *t, int events)
{
	apply_order(t->data);
}

static void give_answer(struct world *w)
{
	if (w->mute)
		return;
	if (w->late)
		ev_timer_start(w->loop, &w->late_timer);
	else
		apply_order(w);
}

static void world_order(void *ctx, uint64_t tag, struct member *m, enum admin_state to,
			const char *who)
{
	struct world *w = ctx;

	w->tag = tag;
	w->ordered = m;
	w->to = to;
	w->n_orders++;
	snprintf(w->who, sizeof(w->who), "%s", who);
	give_answer(w);
}

static void world_probe_now(void *ctx, uint64_t tag, struct member *m)
{
	struct world *w = ctx;

	w->tag = tag;
	w->ordered = NULL;
	w->n_probes++;
	give_answer(w);
}

static int world_reload(void *ctx, struct buf *report)
{
	struct world *w = ctx;

	buf_puts(report, w->broken_file ? "aorta.conf:3:1: unknown directive \"pol\"\n"
					: "nothing changed\n");
	return w->broken_file ? -1 : 0;
}

static const struct health_stats *world_health(void *ctx)
{
	return &((struct world *)ctx)->health;
}

/* ---- the generation ---- */

static void build_pool(struct world *w, const struct conf_pool *conf, struct pool *p,
		       unsigned *slot)
{
	unsigned i;

	p->magic = POOL_MAGIC;
	p->conf = conf;
	p->n_members = conf->n_members;
	p->members = calloc(p->n_members + 1, sizeof(struct member *));
	p->stats = pool_stats_new(conf->name, WORLD_WORKERS);
	AORTA_ASSERT(p->members != NULL && p->stats != NULL);
	for (i = 0; i < p->n_members; i++) {
		p->members[i] = member_new(conf->name, conf->members[i].name,
					   &conf->members[i].addr, (*slot)++, WORLD_WORKERS);
		AORTA_ASSERT(p->members[i] != NULL);
	}
}

static void build_generation(struct world *w, const char *text)
{
	struct generation *g = &w->generation;
	struct conf_problems problems;
	struct buf b;
	unsigned i, slot = 0;

	conf_problems_init(&problems);
	g->conf = conf_load_text("aorta.conf", slice_str(text), &problems);
	if (g->conf == NULL) {
		buf_init(&b);
		conf_problems_print(&problems, &b);
		fprintf(stderr, "%s", buf_cstr(&b));
		abort();
	}
	conf_problems_fini(&problems);
	g->magic = GENERATION_MAGIC;
	g->serial = 1;
	g->loaded_wall_us = clock_wall_us();
	g->n_pools = g->conf->n_pools;
	g->pools = calloc(g->n_pools + 1, sizeof(struct pool));
	g->listener_stats = calloc(g->conf->n_listeners + 1, sizeof(struct listener_stats *));
	AORTA_ASSERT(g->pools != NULL && g->listener_stats != NULL);
	for (i = 0; i < g->n_pools; i++)
		build_pool(w, &g->conf->pools[i], &g->pools[i], &slot);
	for (i = 0; i < g->conf->n_listeners; i++) {
		g->listener_stats[i] =
			listener_stats_new(g->conf->listeners[i].name, WORLD_WORKERS);
		AORTA_ASSERT(g->listener_stats[i] != NULL);
	}
}

void world_open(struct world *w, const char *conf_text, unsigned history)
{
	struct err e = { 0 };
	unsigned i;

	memset(w, 0, sizeof(*w));
	w->loop = sock_loop_new();
	AORTA_ASSERT(w->loop != NULL);
	w->ops = (struct admin_ops){
		.ctx = w,
		.generation = world_generation,
		.process = world_process,
		.checks = world_checks,
		.order = world_order,
		.probe_now = world_probe_now,
		.reload = world_reload,
		.health = world_health,
	};
	w->process = (struct admin_process){
		.version = "0.1.0", .pid = 42, .workers = 2, .started_wall_us = clock_wall_us()
	};
	ev_timer_init(&w->late_timer, on_late, 0.02, 0);
	w->late_timer.data = w;
	build_generation(w, conf_text);
	/* Ports of our own, which a file cannot ask for; admin_bound() tells them. */
	for (i = 0; i < w->generation.conf->admin.n_binds; i++)
		addr_set_port(&w->generation.conf->admin.binds[i], 0);
	w->admin = admin_new(w->loop, &w->ops, NULL, history);
	AORTA_ASSERT(w->admin != NULL);
	if (admin_configure(w->admin, &w->generation.conf->admin, &e) != 0) {
		fprintf(stderr, "%s\n", e.message);
		abort();
	}
}

void world_close(struct world *w)
{
	struct generation *g = &w->generation;
	unsigned i, j;

	ev_timer_stop(w->loop, &w->late_timer);
	admin_free(w->admin);
	for (i = 0; i < g->n_pools; i++) {
		for (j = 0; j < g->pools[i].n_members; j++)
			member_free(g->pools[i].members[j]);
		free(g->pools[i].members);
		pool_stats_free(g->pools[i].stats);
		view_free(atomic_load(&g->pools[i].view));
	}
	for (i = 0; i < g->conf->n_listeners; i++)
		listener_stats_free(g->listener_stats[i]);
	free(g->pools);
	free(g->listener_stats);
	conf_free(g->conf);
	ev_loop_destroy(w->loop);
}

struct pool *world_pool(struct world *w, const char *name)
{
	unsigned i;

	for (i = 0; i < w->generation.n_pools; i++) {
		if (strcmp(w->generation.pools[i].conf->name, name) == 0)
			return &w->generation.pools[i];
	}
	return NULL;
}

struct member *world_member(struct world *w, const char *pool, const char *member)
{
	struct pool *p = world_pool(w, pool);
	unsigned i;

	for (i = 0; p != NULL && i < p->n_members; i++) {
		if (strcmp(p->members[i]->name, member) == 0)
			return p->members[i];
	}
	return NULL;
}

/* ---- what the engine would do ---- */

static void publish_view(struct world *w, struct pool *p)
{
	struct view_input in[64];
	unsigned i;

	for (i = 0; i < p->n_members && i < 64; i++) {
		const struct member_report *r = member_report(p->members[i]);

		in[i] = (struct view_input){ p->members[i], r == NULL ? MEMBER_CHECKING : r->state,
					     r != NULL, p->conf->members[i].weight,
					     p->conf->members[i].tier };
	}
	view_free(atomic_exchange(&p->view, view_build(in, i, ++w->last_evidence)));
}

static struct finding some_finding(enum probe_code code)
{
	struct finding f = {
		.code = code, .connect_us = 210, .first_byte_us = -1, .total_us = 240
	};

	if (code == CODE_L4CON) {
		f.phase = PHASE_CONNECT;
		f.sys_errno = ECONNREFUSED;
		f.connect_us = -1;
	} else if (code == CODE_L7STS) {
		f.phase = PHASE_EXPECT;
		f.status = 503;
		f.first_byte_us = 800;
		f.total_us = 1200;
		snprintf(f.expected, sizeof(f.expected), "status 200-399");
		snprintf(f.got, sizeof(f.got), "503 <b>\"sorry\"</b> & bye");
	} else if (code == CODE_L7OK) {
		f.status = 200;
		f.first_byte_us = 800;
		f.total_us = 1200;
	}
	return f;
}

static struct evidence some_evidence(struct world *w, const struct member *m,
				     enum evidence_source source)
{
	struct evidence e = { .id = ++w->last_evidence,
			      .wall_us = clock_wall_us(),
			      .mono_us = clock_mono_us(),
			      .source = source };

	memcpy(e.pool, m->pool, sizeof(e.pool));
	memcpy(e.member, m->name, sizeof(e.member));
	return e;
}

static void fill_role(struct role_report *r, const struct conf_probe *conf, bool passing,
		      struct finding f)
{
	int64_t now = clock_wall_us();

	r->configured = true;
	r->judged = true;
	r->passing = passing;
	r->rise = conf->rise;
	r->fall = conf->fall;
	r->counter = passing ? r->rise + r->fall - 1 : 0;
	r->runs += 3;
	r->failures += passing ? 0 : 3;
	r->streak = 3;
	r->last_wall_us = now;
	if (probe_code_passed(f.code))
		r->last_good_wall_us = now;
	r->next_mono_us = clock_mono_us() + 1500000;
	r->last = f;
}

static struct member_report *next_report(const struct member *m)
{
	struct member_report *r = calloc(1, sizeof(*r));
	const struct member_report *old = member_report(m);

	AORTA_ASSERT(r != NULL);
	if (old != NULL)
		*r = *old;
	return r;
}

static void publish_report(struct member *m, struct member_report *r)
{
	free(atomic_exchange(&m->report, r));
}

static void apply_state(struct member_report *r, enum member_state to, const struct evidence *e)
{
	r->state = to;
	r->since_wall_us = e->wall_us;
	r->since_mono_us = e->mono_us;
	r->transitions++;
	r->why = *e;
	r->admin = to == MEMBER_DRAINING ? ADMIN_DRAIN
		   : to == MEMBER_MAINT	 ? ADMIN_MAINT
					 : ADMIN_READY;
	r->drain_deadline_mono_us = to == MEMBER_DRAINING ? e->mono_us + 60000000 : 0;
}

void world_state(struct world *w, struct member *m, enum member_state to,
		 enum evidence_source source)
{
	struct pool *p = world_pool(w, m->pool);
	struct member_report *r = next_report(m);
	struct evidence e = some_evidence(w, m, source);
	bool up = to != MEMBER_DOWN;
	unsigned i;

	e.from = r->state;
	e.to = to;
	e.transition = e.from != e.to;
	if (source == SOURCE_ADMIN) {
		snprintf(e.note, sizeof(e.note), "%s", w->who);
	} else {
		e.finding = some_finding(up ? CODE_L7OK : CODE_L4CON);
		e.streak = e.needed = up ? 2 : 3;
	}
	for (i = 0; i < PROBE_ROLES; i++) {
		if (p->conf->probes[i] != NULL)
			fill_role(&r->roles[i], p->conf->probes[i], up,
				  some_finding(up ? CODE_L7OK : CODE_L4CON));
	}
	apply_state(r, to, &e);
	publish_report(m, r);
	publish_view(w, p);
	admin_evidence(w->admin, &e);
}

void world_finding(struct world *w, struct member *m, enum probe_code code)
{
	struct member_report *r = next_report(m);
	struct evidence e = some_evidence(w, m, SOURCE_READINESS);
	struct role_report *role = &r->roles[ROLE_READINESS];

	e.from = e.to = r->state;
	e.finding = some_finding(code);
	e.streak = 1;
	e.needed = 3;
	role->last = e.finding;
	role->last_wall_us = e.wall_us;
	role->runs++;
	if (!probe_code_passed(code)) {
		role->failures++;
		if (role->counter > 0)
			role->counter--;
	}
	publish_report(m, r);
	admin_evidence(w->admin, &e);
}

static void answered(struct world *w, struct member *m, unsigned class, int64_t latency_us)
{
	struct member_cell *c = member_cell(m, 0);
	unsigned i;

	cell_add(&c->requests, 1);
	cell_add(&c->status[class], 1);
	cell_add(&c->outcome[OUTCOME_OK], 1);
	cell_add(&c->bytes_in, 512);
	cell_add(&c->bytes_out, 128);
	cell_add(&c->reuses, 1);
	histogram_record(&c->latency, latency_us);
	cell_add(&world_pool(w, m->pool)->stats->cells[0].requests, 1);
	for (i = 0; i < w->generation.conf->n_listeners; i++) {
		struct listener_cell *l = &w->generation.listener_stats[i]->cells[0];

		if (w->generation.conf->listeners[i].mode != MODE_HTTP)
			continue;
		cell_add(&l->requests, 1);
		cell_add(&l->status[class], 1);
	}
}

void world_traffic(struct world *w, struct member *m, unsigned n, int64_t latency_us, bool bad)
{
	unsigned i;

	for (i = 0; i < n; i++)
		answered(w, m, bad && i % 10 == 0 ? 5 : 2, latency_us + (i % 17) * latency_us / 8);
}
