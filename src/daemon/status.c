/* SPDX-License-Identifier: MIT */
/* What the admin side asks of the daemon, and orders. Control thread. */
#include <stdio.h>
#include <unistd.h>

#include "aorta/clock.h"
#include "daemon/daemon.h"

/* A thread that has not turned its once-a-second timer for this long is stuck. */
#define STUCK_US (5 * 1000000)
/* More pools than this are one line of /readyz. */
#define POOL_CHECKS_MAX 40

static const struct generation *current(void *ctx)
{
	struct daemon *d = ctx;

	return d->generation;
}

static void process(void *ctx, struct admin_process *out)
{
	struct daemon *d = ctx;

	*out = (struct admin_process){
		.version = PACKAGE_VERSION,
		.pid = getpid(),
		.workers = d->n_workers,
		.started_wall_us = d->started_wall_us,
		.stopping = d->stopping,
		.stop_deadline_mono_us = d->stop_deadline,
		.log_dropped = log_thread_dropped(d->log),
		.reloads = d->reloads,
		.reloads_failed = d->reloads_failed,
		.last_reload_wall_us = d->last_reload_wall_us,
	};
	snprintf(out->last_reload_error, sizeof(out->last_reload_error), "%s",
		 d->last_reload_error);
	for (unsigned i = 0; i < d->n_workers; i++)
		out->connections += cell_get(&worker_stats(d->workers[i].worker)->sessions);
}

/* ---- checks ---- */

static void check_workers(struct daemon *d, struct admin_check *c)
{
	int64_t now = clock_mono_us();
	unsigned stuck = 0;

	for (unsigned i = 0; i < d->n_workers; i++) {
		const struct worker_stats *s = worker_stats(d->workers[i].worker);

		if (now - (int64_t)cell_get(&s->beat_mono_us) > STUCK_US)
			stuck++;
	}
	*c = (struct admin_check){ .name = "workers", .live = true, .ok = stuck == 0 };
	snprintf(c->detail, sizeof(c->detail), "%u of %u turning", d->n_workers - stuck,
		 d->n_workers);
}

static void check_health(struct daemon *d, struct admin_check *c)
{
	const struct health_stats *s = health_stats(d->health.health);
	int64_t silent = clock_mono_us() - (int64_t)cell_get(&s->beat_mono_us);

	*c = (struct admin_check){ .name = "health", .live = true, .ok = silent < STUCK_US };
	snprintf(c->detail, sizeof(c->detail), "last turn %lld ms ago", (long long)(silent / 1000));
}

static void check_serving(struct daemon *d, struct admin_check *c)
{
	*c = (struct admin_check){ .name = "listeners", .ok = d->generation && !d->stopping };
	snprintf(c->detail, sizeof(c->detail), "%s",
		 d->stopping ? "stopping: nothing new is accepted" : "open");
}

/* A pool is ready once health has said something of it; how many serve is the page's to show. */
static bool check_pool(struct pool *p, struct admin_check *c, char *name, size_t bytes)
{
	const struct view *v = pool_view(p);

	snprintf(name, bytes, "pool:%s", p->conf->name);
	*c = (struct admin_check){ .name = name, .ok = v && !v->nothing_judged };
	snprintf(c->detail, sizeof(c->detail), v ? "%u of %u members serve" : "not judged yet",
		 v ? v->n : 0, p->n_members);
	return c->ok;
}

static unsigned checks(void *ctx, struct admin_check *out, unsigned cap)
{
	static char names[POOL_CHECKS_MAX][NAME_BYTES + 8];
	struct daemon *d = ctx;
	const struct generation *g = d->generation;
	unsigned n = 0, judged = 0;

	check_workers(d, &out[n++]);
	check_health(d, &out[n++]);
	check_serving(d, &out[n++]);
	if (!g || n + g->n_pools > cap)
		return n;
	if (g->n_pools <= POOL_CHECKS_MAX) {
		for (unsigned i = 0; i < g->n_pools; i++)
			check_pool(&g->pools[i], &out[n++], names[i], sizeof(names[i]));
		return n;
	}
	for (unsigned i = 0; i < g->n_pools; i++) {
		struct admin_check c;

		judged += check_pool(&g->pools[i], &c, names[0], sizeof(names[0]));
	}
	out[n] = (struct admin_check){ .name = "pools", .ok = judged == g->n_pools };
	snprintf(out[n].detail, sizeof(out[n].detail), "%u of %u judged", judged, g->n_pools);
	return n + 1;
}

/* ---- orders ---- */

static void order(void *ctx, uint64_t tag, struct member *m, enum admin_state to, const char *who)
{
	struct daemon *d = ctx;

	if (health_order(d->health.health, tag, m, to, who) < 0)
		admin_ordered(d->admin, tag, "out of memory");
}

static void probe_now(void *ctx, uint64_t tag, struct member *m)
{
	struct daemon *d = ctx;

	if (health_probe_now(d->health.health, tag, m) < 0)
		admin_ordered(d->admin, tag, "out of memory");
}

static int reload(void *ctx, struct buf *report)
{
	return reload_file(ctx, report);
}

static const struct health_stats *engine(void *ctx)
{
	struct daemon *d = ctx;

	return health_stats(d->health.health);
}

const struct admin_ops status_ops = {
	.generation = current,
	.process = process,
	.checks = checks,
	.order = order,
	.probe_now = probe_now,
	.reload = reload,
	.health = engine,
};
