/* SPDX-License-Identifier: MIT */
/* A seed from the system; falls back to clock and address when the system has none to give. */
#include "aorta/rng.h"

#include <sys/random.h>
#include <sys/types.h>

#include "aorta/clock.h"

uint64_t rng_seed_from_system(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		return seed;
	return (uint64_t)clock_mono_us() ^ (uint64_t)(uintptr_t)&seed;
}
