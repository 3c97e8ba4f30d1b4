/* SPDX-License-Identifier: MIT */
/*
 * A small, fast, seedable generator (splitmix64: Steele, Lea, Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014). For jitter and load balancing, never for
 * secrets. One thread per generator; the same seed gives the same sequence.
 */
#ifndef AORTA_RNG_H
#define AORTA_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline void rng_seed(struct rng *r, uint64_t seed)
{
	r->state = seed;
}

static inline uint64_t rng_u64(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 .. bound-1, by multiply-shift (Lemire 2016); the bias is under bound / 2^32. bound > 0. */
static inline uint32_t rng_below(struct rng *r, uint32_t bound)
{
	return (uint32_t)(((rng_u64(r) >> 32) * bound) >> 32);
}

/* A value in [0, 1). */
static inline double rng_unit(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1.0p-53;
}

/* A seed that differs between processes and calls, from the system. Never fails. */
uint64_t rng_seed_from_system(void);

#endif
