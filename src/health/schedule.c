/* SPDX-License-Identifier: MIT */
/*
 * The schedule of probes: pace by confidence, jitter, start spread, admission. Pure: `now`, a
 * generator and counts come in, times come out. It must never read a clock.
 */
#include "health/schedule.h"

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t fnv(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u; /* no text has this byte: "ab" "c" is not "a" "bc" */
}

uint64_t schedule_seed(uint64_t seed, const char *pool, const char *member, enum probe_role role)
{
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	h = fnv(fnv(h, pool), member);
	return h + (uint64_t)role;
}

static int64_t pace_ms(const struct conf_probe *p, enum probe_role role, enum confidence c)
{
	switch (c) {
	case SURE_UP:
		return p->interval_ms;
	case SURE_DOWN:
		return p->down_interval_ms;
	case IN_DOUBT:
		break;
	}
	return role == ROLE_STARTUP ? p->interval_ms : p->fast_interval_ms;
}

int64_t schedule_gap_us(const struct conf_probe *p, enum probe_role role, enum confidence c,
			struct rng *rng)
{
	int64_t gap = pace_ms(p, role, c) * 1000;
	double swing = (double)gap * (double)p->jitter_percent / 100.0;
	int64_t us = gap + (int64_t)(swing * (2.0 * rng_unit(rng) - 1.0));

	return us > 0 ? us : 1;
}

/* First probes: a second, or one a millisecond, is spread enough; who waits for them is waiting. */
#define FIRST_SPREAD_MS 1000

int64_t schedule_first_us(const struct conf_probe *p, unsigned i, unsigned n)
{
	int64_t window =
		p->fast_interval_ms < p->interval_ms ? p->fast_interval_ms : p->interval_ms;
	int64_t enough = n > FIRST_SPREAD_MS ? n : FIRST_SPREAD_MS;

	if (window > enough)
		window = enough;
	return n == 0 ? 0 : window * 1000 * (int64_t)i / (int64_t)n;
}

int64_t schedule_phase_us(int64_t gap_us, struct rng *rng)
{
	return 1 + (int64_t)((double)(gap_us - 1) * rng_unit(rng));
}

int64_t schedule_pull_us(int64_t due_us, int64_t now_us, int64_t gap_us)
{
	return due_us > now_us + gap_us ? now_us + gap_us : due_us;
}

bool schedule_admits(uint64_t running, bool urgent)
{
	return running < PROBES_RUNNING_MAX + (urgent ? PROBES_URGENT_EXTRA : 0u);
}
