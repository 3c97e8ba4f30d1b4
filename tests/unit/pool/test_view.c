/* SPDX-License-Identifier: MIT */
/* view_build(): who is in a view, which tier serves, and when waiting makes sense. */
#include "fixture.h"

#define TABLE_MAX 4

struct row {
	const char *what;
	unsigned n;
	struct view_input in[TABLE_MAX]; /* members are filled in */
	/* expected */
	const char *entries; /* names, in order */
	unsigned tier;
	bool nothing_judged;
	bool equal_weights;
};

#define M(st, seen, w, t)                                                                          \
	{                                                                                          \
		.state = MEMBER_##st, .judged = (seen), .weight = (w), .tier = (t)                 \
	}

static const struct row rows[] = {
	{ "nobody at all", 0, { { 0 } }, "", 0, false, true },
	{ "two up", 2, { M(UP, 1, 1, 1), M(UP, 1, 1, 1) }, "ab", 1, false, true },
	{ "weights differ", 2, { M(UP, 1, 1, 1), M(UP, 1, 2, 1) }, "ab", 1, false, false },
	{ "equal weights over one",
	  3,
	  { M(UP, 1, 7, 1), M(DOWN, 1, 2, 1), M(UP, 1, 7, 1) },
	  "ac",
	  1,
	  false,
	  true },
	{ "a spare rests", 2, { M(UP, 1, 1, 1), M(UP, 1, 1, 2) }, "a", 1, false, true },
	{ "a spare stands in", 2, { M(DOWN, 1, 1, 1), M(UP, 1, 1, 2) }, "b", 2, false, true },
	{ "the lowest tier wins wherever it stands",
	  3,
	  { M(UP, 1, 1, 3), M(UP, 1, 1, 2), M(UP, 1, 1, 3) },
	  "b",
	  2,
	  false,
	  true },
	{ "one of tier 1 is enough",
	  4,
	  { M(UP, 1, 1, 2), M(DOWN, 1, 1, 1), M(UP, 1, 1, 2), M(UP, 1, 1, 1) },
	  "d",
	  1,
	  false,
	  true },
	{ "weights of the resting tier do not matter",
	  3,
	  { M(UP, 1, 1, 1), M(UP, 1, 9, 2), M(UP, 1, 1, 1) },
	  "ac",
	  1,
	  false,
	  true },
	{ "degraded and on probation serve, the others do not",
	  4,
	  { M(DEGRADED, 1, 1, 1), M(PROBATION, 1, 1, 1), M(EJECTED, 1, 1, 1), M(MAINT, 1, 1, 1) },
	  "ab",
	  1,
	  false,
	  true },
	{ "draining and checking take nothing new",
	  2,
	  { M(DRAINING, 1, 1, 1), M(CHECKING, 1, 1, 1) },
	  "",
	  0,
	  false,
	  true },
	{ "all fresh", 2, { M(CHECKING, 0, 1, 1), M(CHECKING, 0, 1, 1) }, "", 0, true, true },
	{ "one was judged down",
	  2,
	  { M(CHECKING, 0, 1, 1), M(DOWN, 1, 1, 1) },
	  "",
	  0,
	  false,
	  true },
	{ "one serves already", 2, { M(CHECKING, 0, 1, 1), M(UP, 1, 1, 1) }, "b", 1, false, true },
	{ "checking again, judged before",
	  2,
	  { M(CHECKING, 1, 1, 1), M(CHECKING, 0, 1, 1) },
	  "",
	  0,
	  false,
	  true },
	{ "fresh beside those an operator took out",
	  3,
	  { M(MAINT, 1, 1, 1), M(CHECKING, 0, 1, 1), M(DRAINING, 1, 1, 1) },
	  "",
	  0,
	  true,
	  true },
	{ "all taken out by an operator",
	  2,
	  { M(MAINT, 0, 1, 1), M(MAINT, 0, 1, 1) },
	  "",
	  0,
	  false,
	  true },
};

static void check_row(const struct row *r, struct member **members, uint64_t serial)
{
	struct view_input in[TABLE_MAX];
	char names[TABLE_MAX + 1] = "";
	struct view *v;

	for (unsigned i = 0; i < r->n; i++) {
		in[i] = r->in[i];
		in[i].member = members[i];
	}
	v = view_build(in, r->n, serial);
	assert_non_null(v);
	for (unsigned i = 0; i < v->n; i++) {
		names[i] = v->entries[i].member->name[0];
		assert_int_equal(v->entries[i].weight, in[names[i] - 'a'].weight);
	}
	print_message("%s\n", r->what);
	assert_string_equal(names, r->entries);
	assert_int_equal(v->tier, r->tier);
	assert_int_equal(v->nothing_judged, r->nothing_judged);
	assert_int_equal(v->equal_weights, r->equal_weights);
	assert_int_equal(v->n_total, r->n);
	assert_int_equal(v->serial, serial);
	view_free(v);
}

static void views_are_built_as_the_table_says(void **state)
{
	struct member *members[TABLE_MAX];

	for (unsigned i = 0; i < TABLE_MAX; i++)
		members[i] = fixture_member(i);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], members, 100 + i);
	for (unsigned i = 0; i < TABLE_MAX; i++)
		member_free(members[i]);
}

/* Random pools: every entry serves in the view's tier, and nobody who does is left out. */
static void a_view_holds_exactly_the_servers_of_its_tier(void **state)
{
	struct fixture f;
	struct rng rng;

	rng_seed(&rng, 7);
	fixture_init(&f, 20, NULL);
	for (unsigned round = 0; round < 2000; round++) {
		unsigned lowest = 0, expected = 0, e = 0;

		for (unsigned i = 0; i < f.n; i++) {
			f.in[i].state = (enum member_state)rng_below(&rng, MEMBER_STATE_COUNT);
			f.in[i].tier = 1 + rng_below(&rng, 8);
			f.in[i].weight = 1 + rng_below(&rng, 256);
			if (member_state_serves(f.in[i].state) &&
			    (!lowest || f.in[i].tier < lowest))
				lowest = f.in[i].tier;
		}
		fixture_rebuild(&f, round + 2);
		assert_int_equal(f.view->tier, lowest);
		for (unsigned i = 0; i < f.n; i++) {
			if (!member_state_serves(f.in[i].state) || f.in[i].tier != lowest)
				continue;
			assert_ptr_equal(f.view->entries[e].member, f.members[i]);
			assert_int_equal(f.view->entries[e].weight, f.in[i].weight);
			e++;
			expected++;
		}
		assert_int_equal(f.view->n, expected);
	}
	fixture_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_are_built_as_the_table_says),
		cmocka_unit_test(a_view_holds_exactly_the_servers_of_its_tier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
