/* SPDX-License-Identifier: MIT */
/* The generator: the published sequence, even spread, bounds kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aorta/rng.h"

/* Reference outputs of splitmix64 for seed 1234567 (Vigna's splitmix64.c). */
static void the_sequence_is_that_of_splitmix64(void **state)
{
	static const uint64_t expected[] = {
		6457827717110365317u, 3203168211198807973u,  9817491932198370423u,
		4593380528125082431u, 16408922859458223821u,
	};
	struct rng r;

	rng_seed(&r, 1234567);
	for (unsigned i = 0; i < 5; i++)
		assert_true(rng_u64(&r) == expected[i]);
}

static void below_is_even_and_never_reaches_its_bound(void **state)
{
	static const uint32_t bounds[] = { 1, 2, 3, 7, 10, 100 };

	for (unsigned b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
		unsigned counts[100] = { 0 };
		struct rng r;

		rng_seed(&r, b);
		for (unsigned i = 0; i < bounds[b] * 10000; i++) {
			uint32_t v = rng_below(&r, bounds[b]);

			assert_true(v < bounds[b]);
			counts[v]++;
		}
		for (unsigned i = 0; i < bounds[b]; i++)
			assert_in_range(counts[i], 9500, 10500); /* 5 sigma of 100 */
	}
}

static void the_largest_bound_works(void **state)
{
	uint32_t top = 0;
	struct rng r;

	rng_seed(&r, 9);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t v = rng_below(&r, UINT32_MAX);

		assert_true(v < UINT32_MAX);
		top = v > top ? v : top;
	}
	assert_true(top > UINT32_MAX / 100 * 98);
}

static void units_lie_in_their_interval(void **state)
{
	double sum = 0;
	struct rng r;

	rng_seed(&r, 10);
	for (unsigned i = 0; i < 100000; i++) {
		double u = rng_unit(&r);

		assert_true(u >= 0 && u < 1);
		sum += u;
	}
	assert_true(sum > 49500 && sum < 50500); /* 5 sigma of 91 */
}

static void seeds_from_the_system_differ(void **state)
{
	assert_true(rng_seed_from_system() != rng_seed_from_system());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequence_is_that_of_splitmix64),
		cmocka_unit_test(below_is_even_and_never_reaches_its_bound),
		cmocka_unit_test(the_largest_bound_works),
		cmocka_unit_test(units_lie_in_their_interval),
		cmocka_unit_test(seeds_from_the_system_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
