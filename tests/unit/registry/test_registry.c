/* SPDX-License-Identifier: MIT */
/*
 * Who exists: members across generations, how they leave, and what changed in words.
 *
 * The epoch has one reader, which stays inside a turn while a test looks: what was retired then
 * waits, and epoch_reclaim() tells how many do. Freed for real (and looked after by a sanitizer)
 * it is when the reader leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/registry.h"

#define WORKERS 3

struct world {
	struct epoch *epoch;
	struct epoch_reader *reader;
	struct registry *registry;
	unsigned forgets; /* calls of forget() */
	struct member *forgotten;
	int64_t within_ms;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->epoch = epoch_new();
	w->reader = epoch_reader_new(w->epoch);
	w->registry = registry_new(WORKERS, w->epoch);
	assert_non_null(w->registry);
	epoch_enter(w->reader);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	epoch_leave(w->reader);
	registry_free(w->registry);
	epoch_free(w->epoch);
	free(w);
	return 0;
}

static struct conf *load(const char *text)
{
	struct conf_problems problems;
	struct conf *c;

	conf_problems_init(&problems);
	c = conf_load_text("text", slice_str(text), &problems);
	if (!c)
		fail_msg("%s: %s", problems.at[0].err.message, problems.at[0].source);
	conf_problems_fini(&problems);
	return c;
}

/* A generation that is built and not (yet) in force. */
static struct generation *build(struct world *w, const char *text)
{
	struct err e = { 0 };
	struct generation *g = registry_generation(w->registry, load(text), &e);

	assert_non_null(g);
	assert_int_equal(g->magic, GENERATION_MAGIC);
	return g;
}

static struct generation *commit(struct world *w, const char *text)
{
	struct generation *g = build(w, text);

	registry_generation_replaced(w->registry, g);
	return g;
}

static void drop(struct world *w, struct generation *g)
{
	registry_generation_free(w->registry, g);
}

static struct member *member_of(const struct generation *g, const char *pool, const char *name)
{
	for (unsigned i = 0; i < g->n_pools; i++)
		for (unsigned k = 0; k < g->pools[i].n_members; k++) {
			struct member *m = g->pools[i].members[k];

			if (strcmp(m->pool, pool) == 0 && strcmp(m->name, name) == 0)
				return m;
		}
	fail_msg("no member %s/%s", pool, name);
	return NULL;
}

static void forget(void *ctx, struct member *m, int64_t within_ms)
{
	struct world *w = ctx;

	w->forgets++;
	w->forgotten = m;
	w->within_ms = within_ms;
}

static void release(struct world *w, struct member *m)
{
	unsigned before = w->forgets;

	registry_member_released(w->registry, m, forget, w);
	assert_int_equal(w->forgets, before + 1);
	assert_ptr_equal(w->forgotten, m);
}

static void all_leave(struct world *w, struct member *m)
{
	for (unsigned i = 0; i < WORKERS; i++)
		registry_member_left(w->registry, m);
}

static unsigned retired(struct world *w)
{
	return epoch_reclaim(w->epoch);
}

#define A1     "pool web { member a 127.0.0.1:81; }\n"
#define A1_B   "pool web { member a 127.0.0.1:81; member b 127.0.0.1:82; }\n"
#define A2_B   "pool web { member a 127.0.0.2:81; member b 127.0.0.1:82; }\n"
#define B_A1   "pool web { member b 127.0.0.1:82 weight 3; member a 127.0.0.1:81 tier 2; }\n"
#define ONLY_B "pool web { member b 127.0.0.1:82; drain_timeout 7s; }\n"
#define WWW    "listener www { bind 127.0.0.1:80; pool web; }\n"

/* ---- identity ---- */

static void a_generation_is_what_the_file_says(void **state)
{
	struct world *w = *state;
	struct generation *g = commit(w, A1_B "pool api { member a 127.0.0.1:81; }\n" WWW);

	assert_int_equal(g->serial, 1);
	assert_int_equal(g->n_pools, 2);
	for (unsigned i = 0; i < g->n_pools; i++) {
		const struct pool *p = &g->pools[i];

		assert_int_equal(p->magic, POOL_MAGIC);
		assert_ptr_equal(p->conf, &g->conf->pools[i]);
		assert_int_equal(p->n_members, p->conf->n_members);
		assert_string_equal(p->stats->name, p->conf->name);
		for (unsigned k = 0; k < p->n_members; k++) {
			assert_string_equal(p->members[k]->name, p->conf->members[k].name);
			assert_string_equal(p->members[k]->pool, p->conf->name);
			assert_true(addr_eq(&p->members[k]->addr, &p->conf->members[k].addr));
			assert_int_equal(p->members[k]->refs, 1);
		}
	}
	/* One name and address in two pools are two members: they are judged apart. */
	assert_ptr_not_equal(member_of(g, "web", "a"), member_of(g, "api", "a"));
	assert_string_equal(g->listener_stats[0]->name, "www");
	drop(w, g);
}

static void what_stays_is_the_same_object(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B WWW), *g2 = commit(w, B_A1 WWW);

	assert_int_equal(g2->serial, 2);
	assert_ptr_equal(member_of(g1, "web", "a"), member_of(g2, "web", "a"));
	assert_ptr_equal(member_of(g1, "web", "b"), member_of(g2, "web", "b"));
	assert_string_equal(g2->pools[0].members[0]->name, "b"); /* in the order of the file */
	assert_int_equal(member_of(g2, "web", "a")->refs, 2);
	assert_ptr_equal(g1->pools[0].stats, g2->pools[0].stats);
	assert_ptr_equal(g1->listener_stats[0], g2->listener_stats[0]);
	drop(w, g1);
	assert_int_equal(member_of(g2, "web", "a")->refs, 1);
	assert_int_equal(retired(w), 0);
	drop(w, g2);
}

static void another_address_is_another_member(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = commit(w, A2_B);
	struct member *before = member_of(g1, "web", "a"), *after = member_of(g2, "web", "a");

	assert_ptr_not_equal(before, after);
	assert_int_not_equal(before->slot, after->slot);
	assert_string_equal(after->addr_text, "127.0.0.2:81");
	assert_ptr_equal(member_of(g1, "web", "b"), member_of(g2, "web", "b"));
	drop(w, g1);
	drop(w, g2);
}

static void who_comes_back_begins_anew(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = commit(w, ONLY_B), *g3 = commit(w, A1_B);

	assert_ptr_not_equal(member_of(g1, "web", "a"), member_of(g3, "web", "a"));
	assert_ptr_equal(member_of(g1, "web", "b"), member_of(g3, "web", "b"));
	drop(w, g1);
	drop(w, g2);
	drop(w, g3);
}

/* Counters are found again by name even when nobody had them meanwhile. */
static void counters_outlive_their_pool_and_listener(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1 WWW), *g2, *g3;
	struct pool_stats *pool = g1->pools[0].stats;
	struct listener_stats *listener = g1->listener_stats[0];

	g2 = commit(w, "pool other { member a 127.0.0.1:81; }\n");
	drop(w, g1);
	g3 = commit(w, A1 WWW);
	assert_ptr_equal(g3->pools[0].stats, pool);
	assert_ptr_equal(g3->listener_stats[0], listener);
	drop(w, g2);
	drop(w, g3);
}

/* ---- a generation that never comes into force ---- */

static void a_generation_given_up_leaves_nothing_behind(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1), *g2 = build(w, A1_B);
	struct member *a = member_of(g1, "web", "a");
	unsigned slot = member_of(g2, "web", "b")->slot;

	drop(w, g2);
	assert_int_equal(a->refs, 1);
	assert_int_equal(retired(w), 0); /* nobody can have seen b: freed on the spot */
	g2 = commit(w, A1_B);
	assert_ptr_equal(member_of(g2, "web", "a"), a);
	assert_int_equal(member_of(g2, "web", "b")->slot, slot);
	drop(w, g1);
	drop(w, g2);
}

/* The members in force are not forgotten for the sake of a reload that failed. */
static void a_changed_address_given_up_leaves_the_member_as_it_was(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = build(w, A2_B), *g3;

	drop(w, g2);
	g3 = commit(w, A1_B);
	assert_ptr_equal(member_of(g3, "web", "a"), member_of(g1, "web", "a"));
	drop(w, g1);
	drop(w, g3);
}

/* ---- leaving ---- */

static void a_member_is_freed_when_all_have_left_it(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = commit(w, ONLY_B);
	struct member *a = member_of(g1, "web", "a");

	atomic_store(&a->eligible, true);
	drop(w, g1);
	assert_int_equal(a->refs, 0);
	assert_int_equal(retired(w), 0); /* named by none, but health and workers have it */
	release(w, a);
	assert_false(member_eligible(a));      /* views of before still list it */
	assert_int_equal(w->within_ms, 60000); /* the drain timeout of the pool that had it */
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(retired(w), 0);
		registry_member_left(w->registry, a);
	}
	assert_int_equal(retired(w), 1);
	assert_int_equal(a->magic, MEMBER_MAGIC); /* not under a reader in its turn */
	epoch_leave(w->reader);
	assert_int_equal(retired(w), 0);
	epoch_enter(w->reader);
	drop(w, g2);
}

/* The other order: the workers are done first, an old generation still lists it. */
static void a_member_stays_as_long_as_a_generation_names_it(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = commit(w, A1_B), *g3 = commit(w, ONLY_B);
	struct member *a = member_of(g1, "web", "a");

	release(w, a);
	all_leave(w, a);
	assert_int_equal(retired(w), 0);
	drop(w, g2);
	assert_int_equal(retired(w), 0);
	assert_int_equal(a->refs, 1);
	drop(w, g1);
	assert_int_equal(retired(w), 1);
	drop(w, g3);
	assert_int_equal(retired(w), 1);
}

static void the_drain_timeout_is_the_last_one_named(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = commit(w, ONLY_B), *g3 = commit(w, A1);
	struct member *b = member_of(g1, "web", "b");

	release(w, b);
	assert_int_equal(w->within_ms, 7000);
	all_leave(w, b);
	drop(w, g1);
	assert_int_equal(retired(w), 0);
	drop(w, g2);
	assert_int_equal(retired(w), 1);
	drop(w, g3);
}

static void a_slot_is_given_out_again_when_its_member_is_gone(void **state)
{
	struct world *w = *state;
	struct generation *g1 = commit(w, A1_B), *g2 = commit(w, ONLY_B), *g3;
	struct member *a = member_of(g1, "web", "a");
	unsigned slot = a->slot;

	g3 = commit(w, "pool web { member b 127.0.0.1:82; member c 127.0.0.1:83; }\n");
	assert_int_not_equal(member_of(g3, "web", "c")->slot, slot); /* a still lives there */
	assert_int_not_equal(member_of(g3, "web", "c")->slot, member_of(g3, "web", "b")->slot);
	drop(w, g1);
	drop(w, g2);
	release(w, a);
	all_leave(w, a);
	g2 = commit(w, "pool web { member c 127.0.0.1:83; member d 127.0.0.1:84; }\n");
	assert_int_equal(member_of(g2, "web", "d")->slot, slot);
	drop(w, g2);
	drop(w, g3);
}

/* ---- many ---- */

static void put_members(struct buf *b, unsigned from, unsigned n, const char *pool)
{
	buf_printf(b, "pool %s {\n", pool);
	for (unsigned i = from; i < from + n; i++)
		buf_printf(b, "member m%u 10.%u.%u.%u:80;\n", i, i / 65536, i / 256 % 256, i % 256);
	buf_puts(b, "}\n");
}

/* Slots are unique among those alive and small: the workers' tables are indexed by them. */
static void check_slots(const struct generation *g, unsigned alive)
{
	static bool seen[40000];

	assert_true(alive <= ARRAY_LEN(seen));
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < g->n_pools; i++)
		for (unsigned k = 0; k < g->pools[i].n_members; k++) {
			unsigned slot = g->pools[i].members[k]->slot;

			assert_true(slot < alive);
			assert_false(seen[slot]);
			seen[slot] = true;
		}
}

/* Times are printed for whoever looks, not asserted: the machine may be busy with others. */
static void ten_thousand_members(void **state)
{
	struct world *w = *state;
	struct generation *g1, *g2;
	struct buf text, diff;
	struct err e = { 0 };
	struct conf *c1, *c2;
	int64_t t0, t1, t2, t3;

	buf_init(&text);
	buf_init(&diff);
	put_members(&text, 0, 10000, "web");
	c1 = load(buf_cstr(&text));
	buf_clear(&text);
	put_members(&text, 5000, 10000, "web");
	c2 = load(buf_cstr(&text));
	t0 = clock_mono_us();
	g1 = registry_generation(w->registry, c1, &e);
	t1 = clock_mono_us();
	assert_non_null(g1);
	registry_generation_replaced(w->registry, g1);
	check_slots(g1, 10000);
	t2 = clock_mono_us();
	g2 = registry_generation(w->registry, c2, &e);
	t3 = clock_mono_us();
	assert_non_null(g2);
	check_slots(g2, 15000);
	print_message("10,000 members: built in %.1f ms, again with half of them new in %.1f ms\n",
		      (double)(t1 - t0) / 1000, (double)(t3 - t2) / 1000);
	t0 = clock_mono_us();
	registry_diff(g1, g2, &diff);
	t1 = clock_mono_us();
	print_message("what changed between them, in words: %.1f ms\n", (double)(t1 - t0) / 1000);
	assert_non_null(strstr(buf_cstr(&diff), "member web/m14999: added\n"));
	assert_null(strstr(buf_cstr(&diff), "m9999:"));
	drop(w, g2);
	drop(w, g1);
	buf_fini(&text);
	buf_fini(&diff);
}

/* ---- what changed, in words ---- */

struct diff_row {
	const char *from, *to, *text;
};

#define NO_CHANGE                                                                                  \
	"no member, pool or listener came, went or moved; other settings are as the file says "    \
	"now\n"

static const struct diff_row diffs[] = {
	{ A1 WWW, A1 WWW, NO_CHANGE },
	{ A1, "pool web { member a 127.0.0.1:81; drain_timeout 7s; }\n", NO_CHANGE },
	{ A1, A1_B, "member web/b: added\n" },
	{ A1_B, A1, "member web/b: removed, finishes what it has\n" },
	{ A1_B, A2_B, "member web/a: address 127.0.0.1:81 -> 127.0.0.2:81, checked anew\n" },
	{ A1_B, B_A1, "member web/b: weight 1 -> 3\nmember web/a: tier 1 -> 2\n" },
	{ A1, "pool web { member a 127.0.0.2:81 weight 2 tier 3; balance p2c; }\n",
	  "member web/a: address 127.0.0.1:81 -> 127.0.0.2:81, checked anew\n"
	  "member web/a: weight 1 -> 2\n"
	  "member web/a: tier 1 -> 3\n"
	  "pool web: balance round_robin -> p2c\n" },
	{ A1, "pool web { member x 127.0.0.1:81; }\n",
	  "member web/x: added\nmember web/a: removed, finishes what it has\n" },
	{ A1, A1 "pool api { member a [::1]:81; member b [::1]:82; }\n",
	  "pool api: added, 2 members\n" },
	{ A1 "pool api { member a [::1]:81; }\n", A1, "pool api: removed\n" },
	{ A1, A1 WWW, "listener www: added\n" },
	{ A1 WWW, A1, "listener www: removed\n" },
	{ A1 WWW, A1 "listener www { bind 127.0.0.1:80; bind [::1]:80; pool web; }\n",
	  "listener www: [::1]:80 opened\n" },
	{ A1 WWW, A1 "listener www { bind 127.0.0.1:8080; pool web; }\n",
	  "listener www: 127.0.0.1:8080 opened\nlistener www: 127.0.0.1:80 closed\n" },
};

static void changes_are_told_in_words(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(diffs); i++) {
		struct generation *from = commit(w, diffs[i].from), *to = commit(w, diffs[i].to);
		struct buf out;

		buf_init(&out);
		registry_diff(from, to, &out);
		assert_string_equal(buf_cstr(&out), diffs[i].text);
		buf_fini(&out);
		drop(w, from);
		drop(w, to);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_generation_is_what_the_file_says),
		TEST(what_stays_is_the_same_object),
		TEST(another_address_is_another_member),
		TEST(who_comes_back_begins_anew),
		TEST(counters_outlive_their_pool_and_listener),
		TEST(a_generation_given_up_leaves_nothing_behind),
		TEST(a_changed_address_given_up_leaves_the_member_as_it_was),
		TEST(a_member_is_freed_when_all_have_left_it),
		TEST(a_member_stays_as_long_as_a_generation_names_it),
		TEST(the_drain_timeout_is_the_last_one_named),
		TEST(a_slot_is_given_out_again_when_its_member_is_gone),
		TEST(ten_thousand_members),
		TEST(changes_are_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
