/* SPDX-License-Identifier: MIT */
/*
 * A small world to try the admin side in: a generation built from a configuration text, with
 * members whose reports and counters a test sets by hand. It stands for daemon and health engine.
 */
#ifndef TESTS_ADMIN_WORLD_H
#define TESTS_ADMIN_WORLD_H

#include "aorta/admin.h"

#define WORLD_WORKERS 2

struct world {
	struct ev_loop *loop;
	struct admin *admin;
	struct admin_ops ops;
	struct generation generation;
	struct health_stats health;
	struct admin_process process;
	uint64_t last_evidence;
	bool not_ready;
	bool mute;	    /* orders are not answered */
	bool late;	    /* they are, in a later turn of the loop */
	bool broken_file;   /* reload fails */
	const char *refuse; /* orders end with this error */
	/* the last order */
	uint64_t tag;
	struct member *ordered;
	enum admin_state to;
	char who[128];
	unsigned n_orders, n_probes;
	ev_timer late_timer;
};

/* Aborts when anything fails: this is a test. */
void world_open(struct world *w, const char *conf_text, unsigned history);
void world_close(struct world *w);

struct pool *world_pool(struct world *w, const char *name);
struct member *world_member(struct world *w, const char *pool, const char *member);
/* Puts a member into a state as the engine would: report, evidence, view. */
void world_state(struct world *w, struct member *m, enum member_state to,
		 enum evidence_source source);
/* A failed probe that changed nothing. */
void world_finding(struct world *w, struct member *m, enum probe_code code);
/* `n` requests answered on worker 0, one in ten of them with 500 when `bad`. */
void world_traffic(struct world *w, struct member *m, unsigned n, int64_t latency_us, bool bad);

#endif
