/* SPDX-License-Identifier: MIT */
/*
 * When a probe runs next, private to src/health/: pure, times in microseconds of whatever clock
 * the caller keeps.
 */
#ifndef AORTA_HEALTH_SCHEDULE_H
#define AORTA_HEALTH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/conf.h"
#include "aorta/rng.h"
#include "health/rise_fall.h"

/*
 * Probes that run at once. Each holds a descriptor; a quarter of the 2,048 that the smallest
 * usual limit (1,024 soft, raised at boot where possible) would bear, and at 512 hung members
 * with a timeout of 1 s still 512 probes/s.
 */
#define PROBES_RUNNING_MAX 512
/* Further ones for rechecks and orders, so that hung members do not hold up a mark-down. */
#define PROBES_URGENT_EXTRA 128
/*
 * Least time between two rechecks of one member that traffic asks for: a quarter of the 200 ms
 * in which a dead member is to be out, and no more than 20 probes/s on an ailing one.
 */
#define RECHECK_SPACING_US 50000

/* The generator of one probe: the same seed and names give the same jitter. */
uint64_t schedule_seed(uint64_t seed, const char *pool, const char *member, enum probe_role role);

/*
 * From the start of one probe to the start of the next: interval, fast_interval in doubt or
 * down_interval, with the jitter. A startup probe that has not given up keeps to its interval:
 * people write its budget as interval x fall.
 */
int64_t schedule_gap_us(const struct conf_probe *p, enum probe_role role, enum confidence c,
			struct rng *rng);

/* The delay of the first probe of the i-th of n new members: even over the shortest interval, but
 * over no more than a second, or a millisecond for each member. */
int64_t schedule_first_us(const struct conf_probe *p, unsigned i, unsigned n);

/*
 * The gap after the first probe: anywhere up to `gap_us`. The first ones are close together, so
 * that new members are judged soon; from the second on they are spread over the whole interval.
 */
int64_t schedule_phase_us(int64_t gap_us, struct rng *rng);

/* A changed interval holds from now on: never later than one new interval away. */
int64_t schedule_pull_us(int64_t due_us, int64_t now_us, int64_t gap_us);

/* May another one start? */
bool schedule_admits(uint64_t running, bool urgent);

#endif
