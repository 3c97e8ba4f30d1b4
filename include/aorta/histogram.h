/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations with logarithmic buckets: four per doubling from 64 us to about
 * 67 s, so that a quantile is within 19 % of the truth. One writing thread, any readers.
 */
#ifndef AORTA_HISTOGRAM_H
#define AORTA_HISTOGRAM_H

#include <stddef.h>

#include "aorta/cell.h"

#define HISTOGRAM_BUCKETS 82 /* one below 64 us, 80 in between, one above */

struct histogram {
	cell_t bucket[HISTOGRAM_BUCKETS];
	cell_t count;
	cell_t sum_us;
};

/* A plain sum of several histograms, owned by the reader. */
struct histogram_sum {
	uint64_t bucket[HISTOGRAM_BUCKETS];
	uint64_t count;
	uint64_t sum_us;
};

/* The owner of the cells only. Negative durations count as 0. */
void histogram_record(struct histogram *h, int64_t us);
/* Adds `h` to `sum`, which the caller has zeroed before the first. Any thread. */
void histogram_sum_add(struct histogram_sum *sum, const struct histogram *h);
/* The upper bound in microseconds of bucket `i`; INT64_MAX for the last. */
int64_t histogram_bound_us(size_t i);
/* The upper bound of the bucket in which the quantile q (0..1) lies; 0 when empty. */
int64_t histogram_quantile_us(const struct histogram_sum *sum, double q);

#endif
