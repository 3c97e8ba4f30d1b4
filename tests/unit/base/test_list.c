/* SPDX-License-Identifier: MIT */
/* The intrusive list against an array of what it should hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aorta/assert.h"
#include "aorta/list.h"
#include "aorta/rng.h"

#define ITEMS 20

struct item {
	int id;
	struct list link;
};

static void check_holds(struct list *l, const int *ids, unsigned n)
{
	struct list *it, *back = l->prev;
	unsigned i = 0;

	LIST_FOREACH(it, l) {
		assert_true(i < n);
		assert_int_equal(CONTAINER_OF(it, struct item, link)->id, ids[i]);
		i++;
	}
	assert_int_equal(i, n);
	while (i-- > 0) {
		assert_int_equal(CONTAINER_OF(back, struct item, link)->id, ids[i]);
		back = back->prev;
	}
	assert_ptr_equal(back, l);
	assert_int_equal(list_empty(l), n == 0);
}

static void it_holds_what_was_put_in_from_both_ends(void **state)
{
	struct item items[ITEMS];
	int ids[ITEMS] = { 0 };
	bool in[ITEMS] = { false };
	unsigned n = 0;
	struct list l;
	struct rng rng;

	rng_seed(&rng, 4);
	list_init(&l);
	check_holds(&l, ids, 0);
	for (int i = 0; i < ITEMS; i++) {
		items[i].id = i;
		list_init(&items[i].link);
	}
	for (unsigned round = 0; round < 5000; round++) {
		int i = (int)rng_below(&rng, ITEMS);

		if (in[i]) {
			unsigned at = 0;

			while (ids[at] != i)
				at++;
			memmove(ids + at, ids + at + 1, (--n - at) * sizeof(ids[0]));
			list_remove(&items[i].link);
		} else if (rng_below(&rng, 2)) {
			ids[n++] = i;
			list_push_back(&l, &items[i].link);
		} else {
			memmove(ids + 1, ids, n++ * sizeof(ids[0]));
			ids[0] = i;
			list_push_front(&l, &items[i].link);
		}
		in[i] = !in[i];
		check_holds(&l, ids, n);
	}
}

static void removing_twice_does_no_harm(void **state)
{
	struct item a = { .id = 1 };
	struct list l;

	list_init(&l);
	list_push_back(&l, &a.link);
	list_remove(&a.link);
	assert_true(list_empty(&l));
	list_remove(&a.link);
	assert_true(list_empty(&l));
	assert_true(list_empty(&a.link));
}

static void a_walk_may_remove_where_it_stands(void **state)
{
	struct item items[6];
	const int odd[] = { 1, 3, 5 };
	struct list l, *it, *tmp;

	list_init(&l);
	for (int i = 0; i < 6; i++) {
		items[i].id = i;
		list_push_back(&l, &items[i].link);
	}
	LIST_FOREACH_SAFE(it, tmp, &l)
		if (CONTAINER_OF(it, struct item, link)->id % 2 == 0)
			list_remove(it);
	check_holds(&l, odd, 3);
}

static void taking_all_moves_them_in_order(void **state)
{
	struct item items[3];
	const int ids[] = { 0, 1, 2 };
	struct list from, to;

	list_init(&from);
	list_take_all(&to, &from);
	assert_true(list_empty(&to) && list_empty(&from));
	for (int i = 0; i < 3; i++) {
		items[i].id = i;
		list_push_back(&from, &items[i].link);
	}
	list_take_all(&to, &from);
	assert_true(list_empty(&from));
	check_holds(&to, ids, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_was_put_in_from_both_ends),
		cmocka_unit_test(removing_twice_does_no_harm),
		cmocka_unit_test(a_walk_may_remove_where_it_stands),
		cmocka_unit_test(taking_all_moves_them_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
