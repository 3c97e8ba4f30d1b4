/* SPDX-License-Identifier: MIT */
/* The balancers: proportion, order, load, and never a member that may not be picked. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define ROWS(t) (sizeof(t) / sizeof((t)[0]))

typedef struct member *pick_fn(const struct view *v, struct balance_state *s,
			       const struct tried *tried);

static pick_fn *const all_picks[] = { balance_round_robin, balance_least, balance_p2c };

static void set_load(struct fixture *f, unsigned i, unsigned worker, uint64_t in_flight)
{
	cell_set(&member_cell(f->members[i], worker)->in_flight, in_flight);
}

/* ---- round robin ---- */

/* The order of nginx's algorithm, by hand from its commit message: 5, 1, 1 gives a a b a c a a. */
static void weighted_order_is_that_of_nginx(void **state)
{
	const unsigned weights[] = { 5, 1, 1 };
	const char *period = "aabacaa";
	bool seen[7] = { false };
	struct fixture f;

	fixture_init(&f, 3, weights);
	for (uint64_t seed = 0; seed < 64; seed++) {
		struct balance_state s;
		char got[22] = "", twice[15];
		const char *at;

		balance_state_init(&s, seed);
		for (unsigned i = 0; i < 21; i++)
			got[i] = balance_round_robin(f.view, &s, NULL)->name[0];
		snprintf(twice, sizeof(twice), "%s%s", period, period);
		got[21] = '\0';
		/* Three periods, each the same, from some place of the period on. */
		assert_memory_equal(got, got + 7, 14);
		got[7] = '\0';
		at = strstr(twice, got);
		assert_non_null(at);
		seen[at - twice] = true;
		balance_state_fini(&s);
	}
	/* Workers start all over the period. */
	for (unsigned i = 0; i < 7; i++)
		assert_true(seen[i]);
	fixture_fini(&f);
}

/*
 * Over each whole period every entry is given exactly its weight, and at no time is it more than
 * one whole turn away from its share (a bound of ours; smooth weighted round robin is not
 * perfectly fair for odd weights but never bursts).
 */
static void weighted_shares_are_exact_and_smooth(void **state)
{
	struct rng rng;

	rng_seed(&rng, 11);
	for (unsigned round = 0; round < 60; round++) {
		unsigned weights[12], counts[12] = { 0 };
		unsigned n = 2 + rng_below(&rng, 11), total = 0;
		struct balance_state s;
		struct fixture f;

		for (unsigned i = 0; i < n; i++)
			total += weights[i] = 1 + rng_below(&rng, 20);
		fixture_init(&f, n, weights);
		balance_state_init(&s, round);
		for (unsigned k = 1; k <= 3 * total; k++) {
			counts[fixture_index(&f, balance_round_robin(f.view, &s, NULL))]++;
			for (unsigned i = 0; k % total == 0 && i < n; i++)
				assert_int_equal(counts[i], weights[i] * k / total);
			for (unsigned i = 0; i < n; i++) {
				double share = (double)k * weights[i] / total;

				assert_true(counts[i] < share + n && counts[i] + n > share);
			}
		}
		balance_state_fini(&s);
		fixture_fini(&f);
	}
}

static void equal_weights_take_strict_turns(void **state)
{
	const unsigned weights[] = { 4, 4, 4, 4, 4 };
	struct balance_state s;
	struct fixture f;
	unsigned last;

	fixture_init(&f, 5, weights);
	balance_state_init(&s, 3);
	last = fixture_index(&f, balance_round_robin(f.view, &s, NULL));
	for (unsigned i = 0; i < 100; i++) {
		unsigned now = fixture_index(&f, balance_round_robin(f.view, &s, NULL));

		assert_int_equal(now, (last + 1) % 5);
		last = now;
	}
	assert_null(s.current); /* nothing was allocated for it */
	balance_state_fini(&s);
	fixture_fini(&f);
}

static void workers_start_at_different_members(void **state)
{
	unsigned first[4] = { 0 };
	struct fixture f;

	fixture_init(&f, 4, NULL);
	for (uint64_t seed = 0; seed < 400; seed++) {
		struct balance_state s;

		balance_state_init(&s, seed);
		first[fixture_index(&f, balance_round_robin(f.view, &s, NULL))]++;
		balance_state_fini(&s);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(first[i], 60, 140); /* 100 +- 4 sigma of 8.7 */
	fixture_fini(&f);
}

/* Views that are replaced after each pick: shares stay those of the weights. */
static void many_new_views_do_not_favour_one_member(void **state)
{
	const unsigned equal[] = { 1, 1, 1, 1 }, unequal[] = { 4, 2, 1, 1 };
	const unsigned *weights[] = { equal, unequal };

	for (size_t w = 0; w < ROWS(weights); w++) {
		unsigned counts[4] = { 0 }, total = 0;
		struct balance_state s;
		struct fixture f;

		fixture_init(&f, 4, weights[w]);
		balance_state_init(&s, 5);
		for (unsigned i = 0; i < 8000; i++) {
			fixture_rebuild(&f, i + 2);
			counts[fixture_index(&f, balance_round_robin(f.view, &s, NULL))]++;
		}
		for (unsigned i = 0; i < 4; i++)
			total += weights[w][i];
		for (unsigned i = 0; i < 4; i++) {
			unsigned share = 8000 * weights[w][i] / total;

			assert_in_range(counts[i], share - 200, share + 200); /* > 4 sigma */
		}
		balance_state_fini(&s);
		fixture_fini(&f);
	}
}

/* The memory of a large view serves small ones; a member that leaves is not given again. */
static void views_may_shrink_and_grow(void **state)
{
	unsigned weights[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 8, weights);
	balance_state_init(&s, 1);
	for (unsigned round = 0; round < 200; round++) {
		unsigned n = 1 + round * 5 % 8;

		for (unsigned i = 0; i < 8; i++) {
			f.in[i].state = i < n ? MEMBER_UP : MEMBER_DOWN;
			f.in[i].weight = round % 3 ? weights[i] : 1;
		}
		fixture_rebuild(&f, round + 2);
		for (unsigned k = 0; k < 20; k++)
			assert_true(fixture_index(&f, balance_round_robin(f.view, &s, NULL)) < n);
	}
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* While one is marked down by a worker, the others keep their proportions. */
static void the_ineligible_are_left_out_of_the_weights(void **state)
{
	const unsigned weights[] = { 5, 3, 2 };
	unsigned counts[3] = { 0 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 3, weights);
	balance_state_init(&s, 9);
	atomic_store(&f.members[0]->eligible, false);
	for (unsigned i = 0; i < 5000; i++)
		counts[fixture_index(&f, balance_round_robin(f.view, &s, NULL))]++;
	assert_int_equal(counts[0], 0);
	assert_in_range(counts[1], 2995, 3005);
	assert_in_range(counts[2], 1995, 2005);
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* ---- least ---- */

static void least_picks_a_minimum(void **state)
{
	struct rng rng;

	rng_seed(&rng, 23);
	for (unsigned round = 0; round < 500; round++) {
		unsigned weights[16], load[16] = { 0 }, n = 1 + rng_below(&rng, 16);
		struct balance_state s;
		struct fixture f;
		unsigned got;

		for (unsigned i = 0; i < n; i++)
			weights[i] = 1 + rng_below(&rng, 8);
		fixture_init(&f, n, weights);
		for (unsigned i = 0; i < n; i++)
			for (unsigned w = 0; w < WORKERS; w++) {
				unsigned k = rng_below(&rng, 6);

				set_load(&f, i, w, k); /* the sum over workers is what counts */
				load[i] += k;
			}
		balance_state_init(&s, round);
		got = fixture_index(&f, balance_least(f.view, &s, NULL));
		for (unsigned i = 0; i < n; i++)
			assert_true((load[got] + 1) * weights[i] <= (load[i] + 1) * weights[got]);
		balance_state_fini(&s);
		fixture_fini(&f);
	}
}

/* Equal members share evenly wherever they stand among busier ones. */
static void least_shares_ties_evenly(void **state)
{
	unsigned counts[10] = { 0 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 10, NULL);
	balance_state_init(&s, 2);
	for (unsigned i = 0; i < 10; i++)
		set_load(&f, i, i % WORKERS, i == 0 || i == 1 || i == 7 ? 3 : 4);
	for (unsigned i = 0; i < 9000; i++)
		counts[fixture_index(&f, balance_least(f.view, &s, NULL))]++;
	assert_in_range(counts[0], 2820, 3180); /* 3000 +- 4 sigma of 45 */
	assert_in_range(counts[1], 2820, 3180);
	assert_in_range(counts[7], 2820, 3180);
	assert_int_equal(counts[0] + counts[1] + counts[7], 9000);
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* Requests that stay: in-flight counts come to stand in proportion to the weights. */
static void least_fills_up_in_proportion_to_weights(void **state)
{
	const unsigned weights[] = { 1, 2, 5 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 3, weights);
	balance_state_init(&s, 4);
	for (unsigned i = 0; i < 800; i++)
		cell_add(&member_cell(balance_least(f.view, &s, NULL), i % WORKERS)->in_flight, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(member_in_flight(f.members[i]), 100 * weights[i] - 2,
				100 * weights[i] + 2);
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* ---- p2c ---- */

/*
 * Ten members, loads 0..9, each pair equally likely: the member with rank k (0 the least busy)
 * wins against the 9 - k busier ones, so its share is (9 - k) / 45; the busiest gets nothing.
 */
static void p2c_gives_each_rank_its_share(void **state)
{
	unsigned counts[10] = { 0 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 10, NULL);
	balance_state_init(&s, 6);
	for (unsigned i = 0; i < 10; i++)
		set_load(&f, i, i % WORKERS, i);
	for (unsigned i = 0; i < 90000; i++)
		counts[fixture_index(&f, balance_p2c(f.view, &s, NULL))]++;
	for (unsigned i = 0; i < 10; i++) {
		unsigned share = 2000 * (9 - i);

		assert_in_range(counts[i], share > 500 ? share - 500 : 0,
				share + (share ? 500 : 0));
	}
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* Without load and with equal weights all members are drawn alike. */
static void p2c_is_even_without_load(void **state)
{
	unsigned counts[7] = { 0 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 7, NULL);
	balance_state_init(&s, 8);
	for (unsigned i = 0; i < 70000; i++)
		counts[fixture_index(&f, balance_p2c(f.view, &s, NULL))]++;
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(counts[i], 9600, 10400); /* 10000 +- 4 sigma of 93 */
	balance_state_fini(&s);
	fixture_fini(&f);
}

static void p2c_compares_by_weight(void **state)
{
	const unsigned weights[] = { 1, 4 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 2, weights);
	balance_state_init(&s, 10);
	set_load(&f, 0, 0, 2);	/* 3/1 */
	set_load(&f, 1, 3, 10); /* 11/4 */
	for (unsigned i = 0; i < 100; i++)
		assert_ptr_equal(balance_p2c(f.view, &s, NULL), f.members[1]);
	set_load(&f, 1, 3, 12); /* 13/4 */
	for (unsigned i = 0; i < 100; i++)
		assert_ptr_equal(balance_p2c(f.view, &s, NULL), f.members[0]);
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* A heavy one of ten: more than the 2 in 10 that an even draw of two could ever give it. */
static void p2c_fills_up_in_proportion_to_weights(void **state)
{
	const unsigned weights[] = { 1, 1, 1, 1, 9, 1, 1, 1, 1, 1 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 10, weights);
	balance_state_init(&s, 14);
	for (unsigned i = 0; i < 18000; i++)
		cell_add(&member_cell(balance_p2c(f.view, &s, NULL), i % WORKERS)->in_flight, 1);
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(member_in_flight(f.members[i]), 1000 * weights[i] * 97 / 100,
				1000 * weights[i] * 103 / 100);
	balance_state_fini(&s);
	fixture_fini(&f);
}

/*
 * Each entry alike busy for its weight, so that every pair ties and the first drawn wins: the
 * share is the chance to be drawn first, which is the weight's.
 */
static void p2c_draws_by_weight(void **state)
{
	const unsigned weights[] = { 3, 1, 4, 2 };
	unsigned counts[4] = { 0 };
	struct balance_state s;
	struct fixture f;

	fixture_init(&f, 4, weights);
	balance_state_init(&s, 15);
	for (unsigned i = 0; i < 4; i++)
		set_load(&f, i, 0, 10 * weights[i] - 1);
	for (unsigned i = 0; i < 40000; i++)
		counts[fixture_index(&f, balance_p2c(f.view, &s, NULL))]++;
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(counts[i], 4000 * weights[i] - 400, 4000 * weights[i] + 400);
	balance_state_fini(&s);
	fixture_fini(&f);
}

/* ---- all of them ---- */

/*
 * Random eligibility, loads, weights and lists of tried members: what is picked may be picked,
 * and NULL means that nobody could be.
 */
static void only_the_eligible_and_untried_are_picked(void **state)
{
	struct rng rng;

	rng_seed(&rng, 31);
	for (unsigned round = 0; round < 1500; round++) {
		unsigned weights[12], n = 1 + rng_below(&rng, 12), open_ones = 0;
		unsigned odds = rng_below(&rng, 8); /* from all eligible to nearly none */
		bool may[12];
		struct tried tried = { 0 };
		struct fixture f;

		for (unsigned i = 0; i < n; i++)
			weights[i] = round % 2 ? 1 + rng_below(&rng, 5) : 1;
		fixture_init(&f, n, weights);
		for (unsigned i = 0; i < n; i++) {
			may[i] = rng_below(&rng, 8) >= odds;
			atomic_store(&f.members[i]->eligible, may[i]);
			set_load(&f, i, 0, rng_below(&rng, 4));
			if (rng_below(&rng, 3) == 0) {
				tried.member[tried.n++] = f.members[i];
				may[i] = false;
			}
			open_ones += may[i];
		}
		for (size_t p = 0; p < ROWS(all_picks); p++) {
			struct balance_state s;

			balance_state_init(&s, round);
			for (unsigned k = 0; k < 30; k++) {
				struct member *m = all_picks[p](f.view, &s, &tried);

				assert_int_equal(m != NULL, open_ones > 0);
				assert_true(!m || may[fixture_index(&f, m)]);
			}
			balance_state_fini(&s);
		}
		fixture_fini(&f);
	}
}

/* Round robin and p2c with one open member among 64: it is found each time. */
static void the_last_open_member_is_found(void **state)
{
	struct fixture f;

	fixture_init(&f, MEMBERS_MAX, NULL);
	for (unsigned open = 0; open < MEMBERS_MAX; open++) {
		for (unsigned i = 0; i < MEMBERS_MAX; i++)
			atomic_store(&f.members[i]->eligible, i == open);
		for (size_t p = 0; p < ROWS(all_picks); p++) {
			struct balance_state s;

			balance_state_init(&s, open);
			for (unsigned k = 0; k < 10; k++)
				assert_ptr_equal(all_picks[p](f.view, &s, NULL), f.members[open]);
			balance_state_fini(&s);
		}
	}
	fixture_fini(&f);
}

static void an_empty_view_gives_nobody(void **state)
{
	struct view *v = view_build(NULL, 0, 1);
	struct balance_state s;

	assert_non_null(v);
	balance_state_init(&s, 1);
	for (int k = BALANCE_ROUND_ROBIN; k <= BALANCE_P2C; k++)
		assert_null(balance_pick((enum balance_kind)k, v, &s, NULL));
	balance_state_fini(&s);
	view_free(v);
}

/* balance_pick() is the algorithm that it names: told apart by what they do under load. */
static void the_kind_chooses_the_algorithm(void **state)
{
	const enum balance_kind kinds[] = { BALANCE_ROUND_ROBIN, BALANCE_LEAST, BALANCE_P2C };
	unsigned counts[3][3] = { { 0 } };
	struct fixture f;

	fixture_init(&f, 3, NULL);
	for (unsigned i = 0; i < 3; i++)
		set_load(&f, i, 0, i);
	for (size_t k = 0; k < ROWS(kinds); k++) {
		struct balance_state s;

		balance_state_init(&s, 12);
		for (unsigned i = 0; i < 300; i++)
			counts[k][fixture_index(&f, balance_pick(kinds[k], f.view, &s, NULL))]++;
		balance_state_fini(&s);
	}
	assert_int_equal(counts[0][0], 100);
	assert_int_equal(counts[0][2], 100);
	assert_int_equal(counts[1][0], 300);
	assert_in_range(counts[2][0], 150, 250); /* two pairs of three */
	assert_in_range(counts[2][1], 50, 150);	 /* one pair of three */
	assert_int_equal(counts[2][2], 0);
	fixture_fini(&f);
}

static void the_same_seed_gives_the_same_picks(void **state)
{
	const unsigned weights[] = { 3, 1, 2, 2 };
	struct fixture f;

	fixture_init(&f, 4, weights);
	for (size_t p = 0; p < ROWS(all_picks); p++) {
		struct balance_state a, b;

		balance_state_init(&a, 77);
		balance_state_init(&b, 77);
		for (unsigned i = 0; i < 200; i++)
			assert_ptr_equal(all_picks[p](f.view, &a, NULL),
					 all_picks[p](f.view, &b, NULL));
		balance_state_fini(&a);
		balance_state_fini(&b);
	}
	fixture_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weighted_order_is_that_of_nginx),
		cmocka_unit_test(weighted_shares_are_exact_and_smooth),
		cmocka_unit_test(equal_weights_take_strict_turns),
		cmocka_unit_test(workers_start_at_different_members),
		cmocka_unit_test(many_new_views_do_not_favour_one_member),
		cmocka_unit_test(views_may_shrink_and_grow),
		cmocka_unit_test(the_ineligible_are_left_out_of_the_weights),
		cmocka_unit_test(least_picks_a_minimum),
		cmocka_unit_test(least_shares_ties_evenly),
		cmocka_unit_test(least_fills_up_in_proportion_to_weights),
		cmocka_unit_test(p2c_gives_each_rank_its_share),
		cmocka_unit_test(p2c_is_even_without_load),
		cmocka_unit_test(p2c_compares_by_weight),
		cmocka_unit_test(p2c_fills_up_in_proportion_to_weights),
		cmocka_unit_test(p2c_draws_by_weight),
		cmocka_unit_test(only_the_eligible_and_untried_are_picked),
		cmocka_unit_test(the_last_open_member_is_found),
		cmocka_unit_test(an_empty_view_gives_nobody),
		cmocka_unit_test(the_kind_chooses_the_algorithm),
		cmocka_unit_test(the_same_seed_gives_the_same_picks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
