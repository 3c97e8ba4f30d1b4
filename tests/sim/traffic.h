/* SPDX-License-Identifier: MIT */
/*
 * Simulated traffic: requests arrive by chance (Poisson) at workers in turn, each worker picks a
 * member with a balancer of its own, each member serves a number of them at a time and queues
 * the rest. The clock is virtual, all chance is seeded: the same scene gives the same result.
 */
#ifndef TESTS_SIM_TRAFFIC_H
#define TESTS_SIM_TRAFFIC_H

#include "aorta/conf.h"
#include "aorta/histogram.h"

#define SCENE_MEMBERS_MAX 16

struct scene_member {
	unsigned weight;
	int64_t service_us; /* mean; each request's is drawn between half and one and a half */
	unsigned slots;	    /* served at a time; 0: without limit */
};

struct scene {
	enum balance_kind balance;
	unsigned workers;
	unsigned per_second; /* arrivals, all workers together */
	int64_t for_us;
	uint64_t seed;
	unsigned n_members;
	struct scene_member members[SCENE_MEMBERS_MAX];
};

struct scene_result {
	uint64_t requests;
	uint64_t served[SCENE_MEMBERS_MAX]; /* picked, by member */
	struct histogram_sum latency;	    /* of those that were done in time */
	uint64_t left;			    /* still queued or in service at the end */
};

/* Never fails: out of memory ends the program. */
void scene_run(const struct scene *sc, struct scene_result *out);

/* Percent of all requests that member `i` was given. */
double scene_share(const struct scene_result *r, unsigned i);

#endif
