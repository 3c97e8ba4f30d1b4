/* SPDX-License-Identifier: MIT */
/* The balancers under simulated traffic: what one odd member of ten does to all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "sim/traffic.h"

#define MEMBERS 10
#define KINDS	3

static const char *const kind_names[KINDS] = { "round_robin", "least", "p2c" };

/* Member 0 is `odd`, the other nine are `even`. */
static struct scene scene_of(struct scene_member odd, struct scene_member even, unsigned per_second)
{
	struct scene sc = {
		.workers = 4,
		.per_second = per_second,
		.for_us = 60 * 1000000LL,
		.seed = 2024,
		.n_members = MEMBERS,
	};

	for (unsigned i = 0; i < MEMBERS; i++)
		sc.members[i] = i ? even : odd;
	return sc;
}

static void run_all(const char *what, struct scene sc, struct scene_result results[KINDS])
{
	print_message("%s: share of the odd member, latency p50 and p99, unfinished\n", what);
	for (unsigned k = 0; k < KINDS; k++) {
		sc.balance = (enum balance_kind)k;
		scene_run(&sc, &results[k]);
		print_message("  %-12s %5.1f %%  %8.1f ms %8.1f ms  %llu\n", kind_names[k],
			      scene_share(&results[k], 0),
			      (double)histogram_quantile_us(&results[k].latency, 0.5) / 1e3,
			      (double)histogram_quantile_us(&results[k].latency, 0.99) / 1e3,
			      (unsigned long long)results[k].left);
	}
}

static void assert_between(double value, double low, double high)
{
	if (value < low || value > high)
		fail_msg("%g is not between %g and %g", value, low, high);
}

static void equal_members_share_equally(void **state)
{
	const struct scene_member even = { 1, 10000, 4 };
	struct scene_result r[KINDS];

	run_all("ten equal members", scene_of(even, even, 1500), r);
	for (unsigned k = 0; k < KINDS; k++) {
		for (unsigned i = 0; i < MEMBERS; i++)
			assert_between(scene_share(&r[k], i), 9.5, 10.5);
		assert_true(r[k].left < 100);
	}
}

/*
 * Ten times slower than the others, it can serve 40 of the 150 requests a second that would be
 * its share. Round robin does not see that and queues without end; the other two do.
 */
static void a_slow_member_gets_less_from_those_who_look(void **state)
{
	const struct scene_member slow = { 1, 100000, 4 }, even = { 1, 10000, 4 };
	struct scene_result r[KINDS];

	run_all("one of ten is ten times slower", scene_of(slow, even, 1500), r);
	assert_between(scene_share(&r[BALANCE_ROUND_ROBIN], 0), 9.9, 10.1);
	assert_true(r[BALANCE_ROUND_ROBIN].left > 5000);
	for (unsigned k = BALANCE_LEAST; k <= BALANCE_P2C; k++) {
		assert_between(scene_share(&r[k], 0), 0.2, 3.0);
		for (unsigned i = 1; i < MEMBERS; i++)
			assert_between(scene_share(&r[k], i), 10.0, 11.7);
		assert_true(r[k].left < 100);
		assert_true(histogram_quantile_us(&r[k].latency, 0.99) < 250000);
	}
}

/*
 * A member that fails in 1 ms beside nine that work for 100 ms looks idle, and least sends it
 * most of the traffic: why outcomes must count too, and probes must be quick. The expected shares
 * are those of the study of this scene that the design rests on: 10, 71 and 20 percent.
 */
static void a_member_that_fails_fast_attracts_least(void **state)
{
	const struct scene_member failing = { 1, 1000, 0 }, even = { 1, 100000, 0 };
	struct scene_result r[KINDS];

	run_all("one of ten fails fast", scene_of(failing, even, 500), r);
	assert_between(scene_share(&r[BALANCE_ROUND_ROBIN], 0), 9.9, 10.1);
	assert_between(scene_share(&r[BALANCE_LEAST], 0), 66, 76);
	assert_between(scene_share(&r[BALANCE_P2C], 0), 18, 22);
}

/*
 * Four times the weight for four times the speed: 4 of 13 by turns. Those who look at the load give
 * the fast one more while there is room: idle, it is the lightest for its weight.
 */
static void a_heavier_member_carries_more(void **state)
{
	const struct scene_member heavy = { 4, 2500, 4 }, even = { 1, 10000, 4 };
	struct scene_result r[KINDS];

	run_all("one of ten is four times as fast, weight 4", scene_of(heavy, even, 3000), r);
	assert_between(scene_share(&r[BALANCE_ROUND_ROBIN], 0), 30.5, 31.1); /* 4 of 13 */
	assert_between(scene_share(&r[BALANCE_LEAST], 0), 31, 60);
	assert_between(scene_share(&r[BALANCE_P2C], 0), 31, 60);
	for (unsigned k = 0; k < KINDS; k++)
		assert_true(r[k].left < 200);
}

static void a_scene_is_repeatable(void **state)
{
	const struct scene_member even = { 1, 10000, 4 };
	struct scene sc = scene_of(even, even, 500);
	struct scene_result a, b;

	sc.balance = BALANCE_P2C;
	scene_run(&sc, &a);
	scene_run(&sc, &b);
	assert_memory_equal(&a, &b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_members_share_equally),
		cmocka_unit_test(a_slow_member_gets_less_from_those_who_look),
		cmocka_unit_test(a_member_that_fails_fast_attracts_least),
		cmocka_unit_test(a_heavier_member_carries_more),
		cmocka_unit_test(a_scene_is_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
