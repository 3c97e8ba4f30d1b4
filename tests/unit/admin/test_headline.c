/* SPDX-License-Identifier: MIT */
/* What the head of the page says of a state of affairs, the worst first. */
#include "unit.h"

#include "admin/snapshot.h"
#include "world.h"

static const char conf[] =
	"admin { bind 127.0.0.1:9900; }\n"
	"pool web { member a 127.0.0.1:1; member b 127.0.0.1:2; member spare 127.0.0.1:3 tier 2; }\n"
	"pool api { member c 127.0.0.1:4; }\n";

static struct world world;

static int set_up(void **state)
{
	unsigned i, j;

	world_open(&world, conf, 8);
	for (i = 0; i < world.generation.n_pools; i++) {
		for (j = 0; j < world.generation.pools[i].n_members; j++)
			world_state(&world, world.generation.pools[i].members[j], MEMBER_UP,
				    SOURCE_READINESS);
	}
	return 0;
}

static int tear_down(void **state)
{
	world_close(&world);
	return 0;
}

static void go(const char *pool, const char *member, enum member_state to)
{
	enum evidence_source s =
		to == MEMBER_DRAINING || to == MEMBER_MAINT ? SOURCE_ADMIN : SOURCE_READINESS;

	world_state(&world, world_member(&world, pool, member), to, s);
}

/* The i-th sentence begins, and somewhere goes on, like this. */
static void expect(unsigned i, enum concern concern, const char *start, const char *within)
{
	struct snapshot *s = snapshot_new(world.admin);

	assert_non_null(s);
	assert_true(i < s->n_headlines);
	if (strncmp(s->headlines[i].text, start, strlen(start)) != 0 ||
	    strstr(s->headlines[i].text, within) == NULL)
		fail_msg("\"%s\"", s->headlines[i].text);
	assert_int_equal(s->headlines[i].concern, concern);
	if (i == 0)
		assert_true(s->worst >= concern);
	snapshot_free(s);
}

static unsigned count(void)
{
	struct snapshot *s = snapshot_new(world.admin);
	unsigned n = s->n_headlines;

	snapshot_free(s);
	return n;
}

static enum concern worst(void)
{
	struct snapshot *s = snapshot_new(world.admin);
	enum concern c = s->worst;

	snapshot_free(s);
	return c;
}

static void all_is_well(void **state)
{
	expect(0, CONCERN_NONE, "All 4 members of 2 pools serve.", "");
	assert_int_equal(count(), 1);
	assert_int_equal(worst(), CONCERN_NONE);
}

static void one_is_down(void **state)
{
	go("web", "b", MEMBER_DOWN);
	expect(0, CONCERN_WRONG, "1 of 3 members of pool web is DOWN: b - ",
	       "connection refused (ECONNREFUSED)");
	expect(0, CONCERN_WRONG, "1 of 3", ", since ");
}

static void a_pool_that_cannot_serve_comes_first(void **state)
{
	go("web", "a", MEMBER_DOWN);
	go("api", "c", MEMBER_DOWN);
	expect(0, CONCERN_FATAL, "Pool api cannot serve: 1 DOWN.", "");
	expect(1, CONCERN_WRONG, "1 of 3 members of pool web is DOWN: a", "");
}

static void the_spare_tier_serves(void **state)
{
	go("web", "a", MEMBER_DOWN);
	go("web", "b", MEMBER_MAINT);
	expect(0, CONCERN_WRONG, "1 of 3 members of pool web is DOWN: a", "");
	expect(1, CONCERN_REDUCED, "Pool web is served by tier 2", "");
	expect(2, CONCERN_OPERATOR, "1 of 3 members of pool web is MAINT: b", "operator");
}

static void drain_shows_progress(void **state)
{
	cell_set(&member_cell(world_member(&world, "web", "a"), 0)->in_flight, 7);
	go("web", "a", MEMBER_DRAINING);
	expect(0, CONCERN_OPERATOR, "1 of 3 members of pool web is DRAINING: a", "7 in flight, ");
	expect(0, CONCERN_OPERATOR, "1 of 3", " left.");
}

static void a_failed_probe_is_a_doubt(void **state)
{
	world_finding(&world, world_member(&world, "web", "a"), CODE_L7STS);
	expect(0, CONCERN_NONE, "All 4 members of 2 pools serve.", "");
	expect(1, CONCERN_DOUBT, "web/a serves, but the last probe failed.", "");
	assert_int_equal(worst(), CONCERN_DOUBT);
}

static void the_process_speaks_too(void **state)
{
	snprintf(world.process.last_reload_error, sizeof(world.process.last_reload_error),
		 "aorta.conf:3:1: unknown directive");
	expect(0, CONCERN_REDUCED, "The last reload failed", "aorta.conf:3:1");
	world.process.stopping = true;
	world.process.connections = 2;
	expect(0, CONCERN_FATAL, "aorta is stopping", "2 connections left");
}

static void many_sentences_are_bounded(void **state)
{
	struct snapshot *s;

	go("web", "a", MEMBER_DOWN);
	s = snapshot_new(world.admin);
	while (s->n_headlines < HEADLINES_MAX)
		headline_build(s);
	headline_build(s);
	assert_int_equal(s->n_headlines, HEADLINES_MAX);
	snapshot_free(s);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(all_is_well),
		WITH(one_is_down),
		WITH(a_pool_that_cannot_serve_comes_first),
		WITH(the_spare_tier_serves),
		WITH(drain_shows_progress),
		WITH(a_failed_probe_is_a_doubt),
		WITH(the_process_speaks_too),
		WITH(many_sentences_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
