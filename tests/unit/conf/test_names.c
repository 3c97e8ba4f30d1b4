/* SPDX-License-Identifier: MIT */
/* The map of names: what was put in first stays, through all growing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "aorta/arena.h"
#include "conf/names.h"

#define MANY 5000

static void names_are_found_after_growing(void **state)
{
	static int values[MANY];
	struct arena *a = arena_new();
	struct names *n = names_new(a);
	char name[32];
	int failed = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		assert_null(names_add(n, name, &values[i], &failed));
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		assert_ptr_equal(names_find(n, name), &values[i]);
	}
	assert_null(names_find(n, "name5000"));
	assert_null(names_find(n, ""));
	assert_int_equal(failed, 0);
	arena_free(a);
}

static void the_first_value_is_kept(void **state)
{
	static const int first = 1, second = 2;
	struct arena *a = arena_new();
	struct names *n = names_new(a);
	int failed = 0;

	assert_null(names_add(n, "x", &first, &failed));
	assert_ptr_equal(names_add(n, "x", &second, &failed), &first);
	assert_ptr_equal(names_find(n, "x"), &first);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_after_growing),
		cmocka_unit_test(the_first_value_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
