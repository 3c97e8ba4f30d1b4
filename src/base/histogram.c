/* SPDX-License-Identifier: MIT */
/*
 * Logarithmic buckets: bucket 0 is below 64 us, then four per doubling (64, 77, 91, 108, 128,
 * 153, ...) for 20 doublings, the last takes the rest. Each bound is the fourth root of two above
 * the one before, so that all buckets are equally wide in proportion.
 */
#include "aorta/histogram.h"

#define FIRST_US  64
#define FIRST_LOG 6 /* log2(FIRST_US) */
#define DOUBLINGS 20

/* 1024 times 2^(1/4), 2^(2/4), 2^(3/4) and 2. */
static const uint64_t split[] = { 1218, 1448, 1722, 2048 };

static size_t bucket_of(uint64_t us)
{
	unsigned log2, quarter;
	uint64_t scaled; /* 1024 .. 2047 within its doubling */

	if (us < FIRST_US)
		return 0;
	log2 = 63u - (unsigned)__builtin_clzll(us);
	if (log2 >= FIRST_LOG + DOUBLINGS)
		return HISTOGRAM_BUCKETS - 1;
	scaled = (us << 10) >> log2;
	quarter = (scaled >= split[0]) + (scaled >= split[1]) + (scaled >= split[2]);
	return 1 + (size_t)(log2 - FIRST_LOG) * 4 + quarter;
}

void histogram_record(struct histogram *h, int64_t us)
{
	uint64_t v = us > 0 ? (uint64_t)us : 0;

	cell_add(&h->bucket[bucket_of(v)], 1);
	cell_add(&h->count, 1);
	cell_add(&h->sum_us, v);
}

void histogram_sum_add(struct histogram_sum *sum, const struct histogram *h)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum->bucket[i] += cell_get(&h->bucket[i]);
	sum->count += cell_get(&h->count);
	sum->sum_us += cell_get(&h->sum_us);
}

int64_t histogram_bound_us(size_t i)
{
	size_t doubling, quarter;

	if (i == 0)
		return FIRST_US;
	if (i >= HISTOGRAM_BUCKETS - 1)
		return INT64_MAX;
	doubling = (i - 1) / 4;
	quarter = (i - 1) % 4;
	/* Rounded up: the first whole microsecond that belongs to the next bucket. */
	return (int64_t)((((uint64_t)FIRST_US << doubling) * split[quarter] + 1023) / 1024);
}

int64_t histogram_quantile_us(const struct histogram_sum *sum, double q)
{
	uint64_t total = 0, rank, seen = 0;

	/* The buckets are what is ranked: `count` may be a moment apart from them. */
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += sum->bucket[i];
	if (total == 0)
		return 0;
	rank = (uint64_t)(q * (double)(total - 1)) + 1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += sum->bucket[i];
		if (seen >= rank)
			return histogram_bound_us(i);
	}
	return histogram_bound_us(HISTOGRAM_BUCKETS - 1);
}
