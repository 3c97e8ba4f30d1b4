/* SPDX-License-Identifier: MIT */
/*
 * A health engine on the test's own loop, generations made by hand, and all that the engine says
 * kept for the tests to look at. Support for the tests of health.
 */
#ifndef TEST_HEALTH_RIG_H
#define TEST_HEALTH_RIG_H

#include <ev.h>

#include "aorta/health.h"

#define RIG_RECORDS 2048
#define RIG_MEMBERS 1024

struct rig {
	struct ev_loop *loop;
	struct epoch *epoch;
	struct health *health;
	/* what the engine said */
	struct evidence records[RIG_RECORDS];
	unsigned n_records;
	unsigned view_changes;
	unsigned outs, adoptions, releases, answers;
	struct member *last_out, *last_released;
	uint64_t last_tag;
	char last_error[128];
	/* the member's state at the time of the last answer */
	struct member *watch;
	enum member_state state_at_answer;
};

/* One pool of a generation to be. */
struct rig_pool {
	const char *name;
	struct member *members[RIG_MEMBERS];
	unsigned n_members;
	const struct conf_probe *probes[PROBE_ROLES];
	int64_t drain_timeout_ms; /* 0: one minute */
};

void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* Owned by the caller; freed by rig_generation_free() once nothing looks at it. */
struct generation *rig_generation(const struct rig_pool *pools, unsigned n);
void rig_generation_free(struct generation *g);
struct member *rig_member(const char *pool, const char *name, const struct addr *a, unsigned slot);
/* A probe with quick intervals: 20 ms, fast 10 ms, down 10 ms, timeout 100 ms, rise 2, fall 3. */
struct conf_probe rig_probe(enum probe_kind kind);

/* Turns the loop until `done` says so; false after `within_ms`. */
typedef bool rig_done_fn(struct rig *r, void *arg);
bool rig_await(struct rig *r, rig_done_fn *done, void *arg, int within_ms);
bool rig_await_state(struct rig *r, struct member *m, enum member_state s);
bool rig_await_outs(struct rig *r, unsigned n);
bool rig_await_answers(struct rig *r, unsigned n);
bool rig_await_runs(struct rig *r, struct member *m, enum probe_role role, uint64_t runs);
enum member_state rig_state(const struct member *m);
/* The n-th transition (from 0) recorded of `m`, or NULL. */
const struct evidence *rig_transition(const struct rig *r, const struct member *m, unsigned n);
unsigned rig_records_of(const struct rig *r, const struct member *m);
bool rig_in_view(const struct pool *p, const struct member *m);

#endif
