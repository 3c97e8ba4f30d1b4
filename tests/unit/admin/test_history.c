/* SPDX-License-Identifier: MIT */
/* The history of evidence: order, filters, and what pushes out what. */
#include "unit.h"

#include "admin/history.h"

#define KEEP 8

static void add(struct history *h, uint64_t id, const char *pool, const char *member, bool change)
{
	struct evidence e = { .id = id, .transition = change };

	snprintf(e.pool, sizeof(e.pool), "%s", pool);
	snprintf(e.member, sizeof(e.member), "%s", member);
	history_add(h, &e);
}

/* "1 2 3": the ids of what is listed. */
static void expect(const struct history *h, struct history_filter f, bool oldest, unsigned cap,
		   const char *ids)
{
	const struct evidence *found[64];
	char text[256] = "";
	unsigned i, n = history_list(h, &f, oldest, found, cap);
	size_t at = 0;

	for (i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", i == 0 ? "" : " ",
				       (unsigned)found[i]->id);
	assert_string_equal(text, ids);
}

static void both_kinds_are_listed_by_rising_id(void **state)
{
	struct history *h = history_new(KEEP);
	uint64_t id;

	expect(h, (struct history_filter){ 0 }, false, 10, "");
	for (id = 1; id <= 10; id++)
		add(h, id, "web", "a", id % 3 == 0);
	expect(h, (struct history_filter){ 0 }, false, 64, "1 2 3 4 5 6 7 8 9 10");
	expect(h, (struct history_filter){ 0 }, false, 3, "8 9 10");
	expect(h, (struct history_filter){ .transitions = true }, false, 2, "6 9");
	assert_int_equal(history_last(h), 10);
	history_free(h);
}

static void since_gives_what_follows_closest_first(void **state)
{
	struct history *h = history_new(KEEP);
	uint64_t id;

	for (id = 1; id <= 10; id++)
		add(h, id, "web", "a", id % 2 == 0);
	/* For every limit: a client that goes on from the last id meets each record once. */
	expect(h, (struct history_filter){ .since = 4 }, true, 3, "5 6 7");
	expect(h, (struct history_filter){ .since = 7 }, true, 3, "8 9 10");
	expect(h, (struct history_filter){ .since = 4 }, true, 4, "5 6 7 8");
	expect(h, (struct history_filter){ .since = 4 }, true, 1, "5");
	expect(h, (struct history_filter){ .since = 10 }, true, 3, "");
	expect(h, (struct history_filter){ .since = 4, .transitions = true }, true, 2, "6 8");
	history_free(h);
}

static void filters_by_pool_and_member(void **state)
{
	struct history *h = history_new(KEEP);

	add(h, 1, "web", "a", true);
	add(h, 2, "web", "b", false);
	add(h, 3, "api", "a", true);
	expect(h, (struct history_filter){ .pool = "web" }, false, 9, "1 2");
	expect(h, (struct history_filter){ .member = "a" }, false, 9, "1 3");
	expect(h, (struct history_filter){ .pool = "api", .member = "b" }, false, 9, "");
	history_free(h);
}

static void a_flood_of_findings_pushes_out_no_transition(void **state)
{
	struct history *h = history_new(KEEP);
	struct history_filter all = { .since = 1 }, changes = { .since = 1, .transitions = true };
	uint64_t id;

	add(h, 1, "web", "a", true);
	add(h, 2, "web", "b", true);
	for (id = 3; id < 1000; id++)
		add(h, id, "web", "a", false);
	expect(h, (struct history_filter){ .transitions = true }, false, 9, "1 2");
	expect(h, (struct history_filter){ .pool = "web" }, false, 4, "996 997 998 999");
	expect(h, (struct history_filter){ 0 }, false, 64, "1 2 992 993 994 995 996 997 998 999");
	assert_true(history_missed(h, &all));
	assert_false(history_missed(h, &changes));
	history_free(h);
}

static void the_oldest_transitions_go_first(void **state)
{
	struct history *h = history_new(3);
	struct history_filter f = { .since = 2 }, g = { .since = 1 };
	uint64_t id;

	for (id = 1; id <= 5; id++)
		add(h, id, "web", "a", true);
	expect(h, (struct history_filter){ 0 }, false, 9, "3 4 5");
	assert_false(history_missed(h, &f));
	assert_true(history_missed(h, &g));
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_are_listed_by_rising_id),
		cmocka_unit_test(since_gives_what_follows_closest_first),
		cmocka_unit_test(filters_by_pool_and_member),
		cmocka_unit_test(a_flood_of_findings_pushes_out_no_transition),
		cmocka_unit_test(the_oldest_transitions_go_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
