/* SPDX-License-Identifier: MIT */
/*
 * The schedule in virtual time: pace by confidence, bounds and repeatability of jitter, an even
 * start, and no burst that builds up later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "health/schedule.h"

static const struct conf_probe probe = {
	.interval_ms = 2000,
	.fast_interval_ms = 500,
	.down_interval_ms = 8000,
	.jitter_percent = 10,
};

static void pace_follows_confidence_within_the_jitter(void **state)
{
	static const struct {
		enum probe_role role;
		enum confidence c;
		int64_t ms;
	} cases[] = {
		{ ROLE_READINESS, SURE_UP, 2000 },   { ROLE_READINESS, IN_DOUBT, 500 },
		{ ROLE_READINESS, SURE_DOWN, 8000 }, { ROLE_LIVENESS, SURE_UP, 2000 },
		{ ROLE_LIVENESS, IN_DOUBT, 500 },    { ROLE_LIVENESS, SURE_DOWN, 8000 },
		{ ROLE_STARTUP, IN_DOUBT, 2000 },    { ROLE_STARTUP, SURE_DOWN, 8000 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t least = INT64_MAX, most = 0, base = cases[i].ms * 1000;
		struct rng rng;
		int k;

		rng_seed(&rng, i);
		for (k = 0; k < 10000; k++) {
			int64_t us = schedule_gap_us(&probe, cases[i].role, cases[i].c, &rng);

			least = us < least ? us : least;
			most = us > most ? us : most;
		}
		assert_true(least >= base - base / 10);
		assert_true(most <= base + base / 10);
		/* and the whole range is used */
		assert_true(least < base - base / 10 + base / 200);
		assert_true(most > base + base / 10 - base / 200);
	}
}

static void without_jitter_the_gap_is_exact(void **state)
{
	struct conf_probe p = probe;
	struct rng rng;

	p.jitter_percent = 0;
	rng_seed(&rng, 7);
	assert_int_equal(schedule_gap_us(&p, ROLE_READINESS, SURE_UP, &rng), 2000000);
}

static void the_seed_is_of_the_member_and_role(void **state)
{
	uint64_t s = schedule_seed(1, "web", "a", ROLE_READINESS);

	assert_true(s == schedule_seed(1, "web", "a", ROLE_READINESS));
	assert_true(s != schedule_seed(2, "web", "a", ROLE_READINESS));
	assert_true(s != schedule_seed(1, "web", "b", ROLE_READINESS));
	assert_true(s != schedule_seed(1, "we", "ba", ROLE_READINESS));
	assert_true(s != schedule_seed(1, "web", "a", ROLE_LIVENESS));
}

static void first_probes_are_spread_evenly(void **state)
{
	unsigned i, n = 50;

	assert_int_equal(schedule_first_us(&probe, 0, 1), 0);
	for (i = 0; i < n; i++)
		assert_int_equal(schedule_first_us(&probe, i, n), 500000 / n * i);
}

static void a_shorter_interval_pulls_and_a_longer_one_does_not_push(void **state)
{
	assert_int_equal(schedule_pull_us(10000, 1000, 500), 1500);
	assert_int_equal(schedule_pull_us(1200, 1000, 500), 1200);
}

static void urgent_probes_have_places_of_their_own(void **state)
{
	assert_true(schedule_admits(0, false));
	assert_true(schedule_admits(PROBES_RUNNING_MAX - 1, false));
	assert_false(schedule_admits(PROBES_RUNNING_MAX, false));
	assert_true(schedule_admits(PROBES_RUNNING_MAX, true));
	assert_false(schedule_admits(PROBES_RUNNING_MAX + PROBES_URGENT_EXTRA, true));
}

static void the_second_probe_is_anywhere_within_the_gap(void **state)
{
	int64_t least = INT64_MAX, most = 0;
	struct rng rng;
	int k;

	rng_seed(&rng, 3);
	assert_int_equal(schedule_phase_us(1, &rng), 1);
	for (k = 0; k < 10000; k++) {
		int64_t us = schedule_phase_us(1000000, &rng);

		least = us < least ? us : least;
		most = us > most ? us : most;
	}
	assert_in_range(least, 1, 5000);
	assert_in_range(most, 995000, 1000000);
}

/* ---- many members over an hour of virtual time ---- */

#define MEMBERS	  1000
#define WINDOW_US 100000
#define HOUR_US	  3600000000
#define WINDOWS	  (HOUR_US / WINDOW_US)

static void count_starts(unsigned *starts, unsigned i)
{
	char name[16];
	struct rng rng;
	int64_t at = schedule_first_us(&probe, i, MEMBERS);
	unsigned run;

	(void)snprintf(name, sizeof(name), "m%u", i);
	rng_seed(&rng, schedule_seed(1, "web", name, ROLE_READINESS));
	for (run = 1; at < HOUR_US; run++) {
		int64_t gap = schedule_gap_us(&probe, ROLE_READINESS, SURE_UP, &rng);

		starts[at / WINDOW_US]++;
		at += run == 1 ? schedule_phase_us(gap, &rng) : gap;
	}
}

/*
 * 1,000 members at 2 s: 50 starts are due in each 100 ms, in a random process. 50 + 6 sigma
 * (sigma = sqrt(50)) is not passed by chance in an hour. The first probes come evenly within
 * 500 ms (200 a window), and those that follow are spread from their second probe on.
 */
static void no_burst_builds_up(void **state)
{
	unsigned *starts = calloc(WINDOWS, sizeof(*starts));
	unsigned i, w, worst = 0;

	assert_non_null(starts);
	for (i = 0; i < MEMBERS; i++)
		count_starts(starts, i);
	for (w = 0; w < 5; w++)
		assert_in_range(starts[w], 200, 200 + 50 + 43);
	for (w = 25; w < WINDOWS; w++)
		worst = starts[w] > worst ? starts[w] : worst;
	assert_in_range(worst, 50, 50 + 43);
	free(starts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_follows_confidence_within_the_jitter),
		cmocka_unit_test(without_jitter_the_gap_is_exact),
		cmocka_unit_test(the_seed_is_of_the_member_and_role),
		cmocka_unit_test(first_probes_are_spread_evenly),
		cmocka_unit_test(a_shorter_interval_pulls_and_a_longer_one_does_not_push),
		cmocka_unit_test(urgent_probes_have_places_of_their_own),
		cmocka_unit_test(the_second_probe_is_anywhere_within_the_gap),
		cmocka_unit_test(no_burst_builds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
