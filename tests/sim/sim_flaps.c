/* SPDX-License-Identifier: MIT */
/*
 * A simulated day of members that come and go, in virtual time, seeded: schedule, counter and
 * verdict together as the engine uses them, with no socket and no clock. What must hold at all
 * times:
 *   - a member that went away is out after fall probes at the pace of doubt, never later;
 *   - one that came back is in after rise probes, never later;
 *   - single failures, whatever their number, never take a member out (fall 3);
 *   - nobody is ever taken out who did not fail `fall` times in a row, nor let in without `rise`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "health/schedule.h"
#include "health/verdict.h"

#define S_US	    ((int64_t)1000000)
#define DAY_US	    (86400 * S_US)
#define MEMBERS	    20
#define PROBE_US    3000  /* a probe that is answered */
#define SINGLE_LOSS 0.002 /* share of probes of a healthy member that fail alone */

static const struct conf_probe probe = {
	.interval_ms = 2000,
	.fast_interval_ms = 500,
	.down_interval_ms = 4000,
	.timeout_ms = 1000,
	.jitter_percent = 10,
	.rise = 2,
	.fall = 3,
};

struct simulated {
	struct rise_fall counter;
	struct rng jitter, world;
	int64_t next_at;	/* the next probe's start */
	bool alive;		/* the truth */
	int64_t turn_at;	/* when the truth changes next */
	int64_t turned_at;	/* when it did last */
	bool lost_one;		/* the last probe failed by chance: the next does not */
	unsigned fails, passes; /* in a row */
	enum member_state state;
	unsigned transitions, turns;
	int64_t slowest_out, slowest_in;
};

/* Outages and lives of 1 minute to 2 hours: long enough for a verdict. */
static void next_turn(struct simulated *m, int64_t now)
{
	m->turned_at = now;
	m->turn_at = now + 60 * S_US + (int64_t)(rng_unit(&m->world) * 7140.0) * S_US;
}

static void begin(struct simulated *m, unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "m%u", i);
	*m = (struct simulated){ .alive = true, .state = MEMBER_CHECKING };
	rise_fall_init(&m->counter, RISE_FALL_FIRST_DECIDES, probe.rise, probe.fall);
	rng_seed(&m->jitter, schedule_seed(9, "sim", name, ROLE_READINESS));
	rng_seed(&m->world, 1000 + i);
	m->next_at = schedule_first_us(&probe, i, MEMBERS);
	next_turn(m, 0);
}

static bool answers(struct simulated *m)
{
	bool lost;

	if (!m->alive)
		return false;
	lost = !m->lost_one && m->state == MEMBER_UP && rng_unit(&m->world) < SINGLE_LOSS;
	m->lost_one = lost;
	return !lost;
}

static enum member_state state_now(const struct simulated *m)
{
	struct verdict_input in = { .admin = ADMIN_READY };

	if (m->counter.judged)
		in.roles[ROLE_READINESS] =
			rise_fall_passing(&m->counter) ? ROLE_PASSING : ROLE_FAILING;
	else
		in.roles[ROLE_READINESS] = ROLE_UNKNOWN;
	return verdict_of(&in).state;
}

static void check_transition(struct simulated *m, enum member_state to, int64_t now)
{
	int64_t took = now - m->turned_at;

	if (to == MEMBER_DOWN) {
		assert_false(m->alive); /* no chance failure did it */
		assert_true(m->fails >= probe.fall);
		m->slowest_out = took > m->slowest_out ? took : m->slowest_out;
	} else {
		assert_true(m->alive);
		assert_true(m->state == MEMBER_CHECKING || m->passes >= probe.rise);
		if (m->state == MEMBER_DOWN)
			m->slowest_in = took > m->slowest_in ? took : m->slowest_in;
	}
}

static void one_probe(struct simulated *m)
{
	int64_t start = m->next_at, end;
	enum member_state to;
	bool passed;

	while (m->turn_at <= start) {
		m->alive = !m->alive;
		m->turns++;
		next_turn(m, m->turn_at);
	}
	passed = answers(m);
	end = start + (passed ? PROBE_US : probe.timeout_ms * 1000);
	m->fails = passed ? 0 : m->fails + 1;
	m->passes = passed ? m->passes + 1 : 0;
	if (passed)
		rise_fall_pass(&m->counter);
	else
		rise_fall_fail(&m->counter);
	to = state_now(m);
	if (to != m->state) {
		check_transition(m, to, end);
		m->state = to;
		m->transitions++;
	}
	m->next_at = start + schedule_gap_us(&probe, ROLE_READINESS,
					     rise_fall_confidence(&m->counter), &m->jitter);
	if (m->next_at < end)
		m->next_at = end;
}

static void a_day_of_flaps(void **state)
{
	/* the longest gap before the first failure, then at the pace of doubt, where a timeout of
	 * 1 s is longer than the gap */
	const int64_t out = 2200000 + (int64_t)probe.fall * 1000000;
	const int64_t in = 4400000 + 550000 * ((int64_t)probe.rise - 1) + 2 * PROBE_US + 1000000;
	unsigned i, turns = 0;

	for (i = 0; i < MEMBERS; i++) {
		struct simulated m;

		begin(&m, i);
		while (m.next_at < DAY_US)
			one_probe(&m);
		assert_in_range(m.slowest_out, 1, out);
		assert_in_range(m.slowest_in, 1, in);
		/* every outage was seen, and nothing else: the last may be under way */
		assert_in_range(m.transitions, m.turns, m.turns + 1);
		turns += m.turns;
	}
	assert_true(turns > MEMBERS * 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_of_flaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
