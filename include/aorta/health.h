/* SPDX-License-Identifier: MIT */
/*
 * The health engine: judges the members of a generation and publishes reports and views.
 *
 * All of it runs on the health thread, on the loop it is given; everybody else speaks to it by
 * the mailbox functions below, which any thread may call. It never calls into other modules but
 * through `struct health_ops`, whose functions run on the health thread and must not block.
 */
#ifndef AORTA_HEALTH_H
#define AORTA_HEALTH_H

#include <ev.h>

#include "aorta/epoch.h"
#include "aorta/evidence.h"
#include "aorta/member.h"
#include "aorta/pool.h"

struct health;

struct health_ops {
	void *ctx;
	/* Every record, transitions and the findings between them alike; copied by the callee. */
	void (*evidence)(void *ctx, const struct evidence *e);
	/* A pool's view was replaced (requests waiting for a first verdict may go on). */
	void (*view_changed)(void *ctx, struct pool *p);
	/* A member that served is DOWN, or any is in MAINT: its work is to be tried elsewhere. */
	void (*member_out)(void *ctx, struct member *m);
	/* A generation given by health_adopt() is in force: the last one is not looked at any more.
	 */
	void (*adopted)(void *ctx, struct generation *g);
	/* A member that the generation in force does not name is forgotten here; the workers are
	 * next (registry.h). */
	void (*released)(void *ctx, struct member *m);
	/* The order with this tag is carried out (published). `error` NULL, or why not. */
	void (*ordered)(void *ctx, uint64_t tag, const char *error);
};

/* Before the thread starts. `seed` makes jitter repeatable in tests. NULL: out of memory. */
struct health *health_new(struct ev_loop *loop, struct epoch *epoch, const struct health_ops *ops,
			  uint64_t seed);
/* After the loop has stopped. */
void health_free(struct health *h);

/*
 * Any thread: judge this generation from now on. Members that it shares with the one before
 * keep state, counters and probe schedule (settings are taken from the new one); new ones start
 * as CHECKING; members no longer named are released. This and the three below return 0, or -1
 * when there was no memory for the mail and nothing will happen.
 */
int health_adopt(struct health *h, struct generation *g);

/* Any thread: an operator's order; `who` is a note for the record ("aortactl", an address). */
int health_order(struct health *h, uint64_t tag, struct member *m, enum admin_state to,
		 const char *who);
/* Any thread: traffic saw a connection fail as configured by `passive`. */
int health_passive(struct health *h, struct member *m, const struct finding *f, unsigned in_a_row,
		   enum passive_action action);
/* Any thread: probe now. */
int health_probe_now(struct health *h, uint64_t tag, struct member *m);
/* The health thread stops all probes; its loop may then be broken. On the health thread. */
void health_stop(struct health *h);

/* Cells of the engine itself, readable by any thread. */
struct health_stats {
	cell_t probes; /* done */
	cell_t probes_failed;
	cell_t probes_running;
	cell_t late_us_max;  /* worst lateness of a probe's start since the last second */
	cell_t beat_mono_us; /* last turn of the engine's once-a-second timer: is it alive? */
};
const struct health_stats *health_stats(const struct health *h);

#endif
