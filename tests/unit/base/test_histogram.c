/* SPDX-License-Identifier: MIT */
/* The histogram: buckets without gaps, quantiles within 19 % of the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aorta/histogram.h"
#include "aorta/rng.h"

#define SAMPLES 20000

/* The bucket that a value falls into, as the histogram itself has it. */
static size_t bucket_of(int64_t us)
{
	struct histogram h = { 0 };

	histogram_record(&h, us);
	assert_int_equal(cell_get(&h.count), 1);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (cell_get(&h.bucket[i]))
			return i;
	fail_msg("in no bucket");
	return 0;
}

static void bounds_rise_and_split_the_values(void **state)
{
	assert_int_equal(histogram_bound_us(HISTOGRAM_BUCKETS - 1), INT64_MAX);
	for (size_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		int64_t bound = histogram_bound_us(i);

		assert_true(bound < histogram_bound_us(i + 1));
		assert_int_equal(bucket_of(bound - 1), i);
		assert_int_equal(bucket_of(bound), i + 1);
	}
	assert_in_range(histogram_bound_us(0), 64, 64);
	assert_in_range(histogram_bound_us(HISTOGRAM_BUCKETS - 2), 67108864, 67108864);
}

static void odd_values_have_a_place(void **state)
{
	struct histogram h = { 0 };

	assert_int_equal(bucket_of(-1), 0);
	assert_int_equal(bucket_of(INT64_MIN), 0);
	assert_int_equal(bucket_of(0), 0);
	assert_int_equal(bucket_of(INT64_MAX), HISTOGRAM_BUCKETS - 1);
	histogram_record(&h, -5);
	histogram_record(&h, 7);
	assert_int_equal(cell_get(&h.sum_us), 7);
	assert_int_equal(cell_get(&h.count), 2);
}

static int ascending(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void check_quantiles(int64_t *values, const struct histogram *h)
{
	static const double quantiles[] = { 0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1 };
	struct histogram_sum sum = { 0 };

	histogram_sum_add(&sum, h);
	qsort(values, SAMPLES, sizeof(values[0]), ascending);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		int64_t truth = values[(size_t)(quantiles[i] * (SAMPLES - 1))];
		int64_t told = histogram_quantile_us(&sum, quantiles[i]);

		/* An upper bound, and at most a fourth root of two above; whole microseconds. */
		assert_true(told >= truth);
		assert_true((double)told <= (double)truth * 1.19 + 1);
	}
}

static void quantiles_are_within_19_percent(void **state)
{
	static int64_t values[SAMPLES];
	struct rng rng;

	rng_seed(&rng, 3);
	for (unsigned shape = 0; shape < 3; shape++) {
		struct histogram h = { 0 };

		for (unsigned i = 0; i < SAMPLES; i++) {
			double u = rng_unit(&rng);

			/* even, skewed over five decades, two humps */
			if (shape == 0)
				values[i] = 64 + (int64_t)(u * 5000);
			else if (shape == 1)
				values[i] = 64 + (int64_t)(1e7 * u * u * u * u * u * u);
			else
				values[i] = (rng_below(&rng, 2) ? 200 : 900000) + (int64_t)(u * 40);
			histogram_record(&h, values[i]);
		}
		check_quantiles(values, &h);
	}
}

/* The worst case: all samples at the bottom of a bucket. */
static void no_single_value_is_off_by_more(void **state)
{
	for (int64_t us = 64; us < 60000000; us += us / 97 + 1) {
		struct histogram h = { 0 };
		struct histogram_sum sum = { 0 };
		int64_t told;

		histogram_record(&h, us);
		histogram_sum_add(&sum, &h);
		told = histogram_quantile_us(&sum, 0.5);
		assert_true(told > us);
		assert_true((double)told <= (double)us * 1.19 + 1);
	}
}

static void sums_add_up(void **state)
{
	struct histogram a = { 0 }, b = { 0 };
	struct histogram_sum sum = { 0 };

	assert_int_equal(histogram_quantile_us(&sum, 0.5), 0);
	for (int i = 0; i < 90; i++)
		histogram_record(&a, 100);
	for (int i = 0; i < 10; i++)
		histogram_record(&b, 50000);
	histogram_sum_add(&sum, &a);
	histogram_sum_add(&sum, &b);
	assert_int_equal(sum.count, 100);
	assert_int_equal(sum.sum_us, 90 * 100 + 10 * 50000);
	assert_in_range(histogram_quantile_us(&sum, 0.5), 101, 119);
	assert_in_range(histogram_quantile_us(&sum, 0.95), 50001, 59500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_rise_and_split_the_values),
		cmocka_unit_test(odd_values_have_a_place),
		cmocka_unit_test(quantiles_are_within_19_percent),
		cmocka_unit_test(no_single_value_is_off_by_more),
		cmocka_unit_test(sums_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
