/* SPDX-License-Identifier: MIT */
/*
 * The one model that page, text, API and metrics are rendered from, so that they agree. Built
 * for each request within one turn of the loop, from the generation, the reports and the sums of
 * the cells; it borrows from all three and must not outlive the turn.
 */
#ifndef ADMIN_SNAPSHOT_H
#define ADMIN_SNAPSHOT_H

#include "aorta/admin.h"
#include "aorta/arena.h"
#include "sampler.h"

/*
 * How much a thing wants to be looked at; what is worse comes first on the page. name, class in
 * the page, word for people
 */
#define CONCERNS(X)                                                                                \
	X(NONE, "good", "serves")                                                                  \
	X(DOUBT, "doubt", "in doubt")	    /* serves, but the last look at it failed */           \
	X(CHECKING, "checking", "checking") /* not judged yet */                                   \
	X(OPERATOR, "operator", "taken out by an operator")                                        \
	X(REDUCED, "reduced", "serves less")                                                       \
	X(WRONG, "wrong", "cannot serve")                                                          \
	X(FATAL, "fatal", "nothing can serve") /* a whole pool, or aorta itself */

enum concern {
#define X(name, css, text) CONCERN_##name,
	CONCERNS(X)
#undef X
		CONCERN_COUNT
};

const char *concern_css(enum concern c);

/* Latencies; negative when nothing was measured. */
struct quantiles {
	int64_t p50_us, p95_us, p99_us;
	uint64_t count;
};

struct snap_member {
	const struct member *member;
	const struct conf_member *conf;
	const struct conf_pool *pool;
	const struct member_report *report; /* NULL before health has taken it on */
	enum member_state state;
	enum concern concern;
	bool in_view;		    /* is given work now: serves, and in the tier that does */
	int64_t since_wall_us;	    /* 0: unknown */
	const struct evidence *why; /* NULL without a record */
	const char *sentence;	    /* "" without a record */
	struct member_totals totals;
	struct window now, minute;
	struct quantiles latency_minute, latency;
	int64_t drain_left_ms; /* -1: no limit, or not draining */
};

struct snap_pool {
	const struct pool *pool;
	const struct conf_pool *conf;
	struct snap_member *members;
	unsigned n_members;
	unsigned n_state[MEMBER_STATE_COUNT];
	unsigned n_serving;   /* members whose state serves */
	unsigned tier;	      /* that serves; 0: none */
	unsigned lowest_tier; /* of the file */
	enum concern concern;
	struct pool_totals totals;
	uint64_t own_errors;
	uint64_t in_flight; /* of its members */
	struct window now, minute;
};

struct snap_listener {
	const struct conf_listener *conf;
	struct listener_totals totals;
	uint64_t own_errors;
	struct window now, minute;
};

/* One sentence of the head of the page. */
struct headline {
	enum concern concern;
	const char *text;
};
#define HEADLINES_MAX 12

struct snapshot {
	struct arena *arena; /* owns all that follows */
	struct admin *admin; /* borrows; its reader is inside a turn until snapshot_free() */
	int64_t wall_us, mono_us;
	const struct generation *generation;
	struct admin_process process;
	const struct health_stats *health; /* NULL without */
	struct snap_pool *pools;
	unsigned n_pools;
	struct snap_listener *listeners;
	unsigned n_listeners;
	unsigned n_members, n_serving;
	enum concern worst;
	struct headline headlines[HEADLINES_MAX];
	unsigned n_headlines;
};

/* NULL when out of memory. */
struct snapshot *snapshot_new(struct admin *a);
void snapshot_free(struct snapshot *s);
/* The sentences of the head; called by snapshot_new(). */
void headline_build(struct snapshot *s);

/* NULL when there is none of this name. */
struct snap_pool *snapshot_pool(const struct snapshot *s, const char *name);
struct snap_member *snap_pool_member(const struct snap_pool *p, const char *name);
/* The name nearest to `name` among those in force, or NULL when none is near. */
const char *snapshot_near_pool(const struct snapshot *s, const char *name);
const char *snap_pool_near_member(const struct snap_pool *p, const char *name);

/* The counter of rise and fall for people: "2/3", how far it is to the other verdict. */
struct standing {
	unsigned have, need;
	const char *toward; /* "fall" or "rise" */
};
struct standing role_standing(const struct role_report *r);

#endif
