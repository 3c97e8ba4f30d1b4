/* SPDX-License-Identifier: MIT */
/* The distance of words, and which one is offered as the one that was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aorta/nearest.h"

static void distances_count_slips(void **state)
{
	assert_int_equal(word_distance("timeout", "timeout", 9), 0);
	assert_int_equal(word_distance("timeot", "timeout", 9), 1);   /* left out */
	assert_int_equal(word_distance("timeoutt", "timeout", 9), 1); /* too much */
	assert_int_equal(word_distance("timeaut", "timeout", 9), 1);  /* another */
	assert_int_equal(word_distance("tiemout", "timeout", 9), 1);  /* swapped */
	assert_int_equal(word_distance("itmeuot", "timeout", 9), 2);  /* swapped twice */
	assert_int_equal(word_distance("ca", "abc", 9), 3); /* no edit inside a swap (OSA) */
	assert_int_equal(word_distance("", "abc", 9), 3);
	assert_int_equal(word_distance("kitten", "sitting", 9), 3);
}

static void distances_stop_at_the_limit(void **state)
{
	static const char LONG[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	assert_int_equal(word_distance("abc", "xyz", 1), 2);
	assert_int_equal(word_distance("a", "abcdef", 2), 3);
	assert_int_equal(sizeof(LONG) - 1, 64);
	assert_int_equal(word_distance(LONG, LONG, 2), 3); /* too long to be a slip */
}

static const char *nearest_of(const char *word, const char *const *candidates)
{
	struct nearest n;

	nearest_init(&n, word);
	for (; *candidates != NULL; candidates++)
		nearest_offer(&n, *candidates);
	return n.best;
}

static void the_nearest_word_is_offered(void **state)
{
	static const char *const WORDS[] = { "interval", "fast_interval", "timeout", "rise",
					     "fall",	 "get",		  NULL };

	assert_string_equal(nearest_of("intervall", WORDS), "interval");
	assert_string_equal(nearest_of("fastinterval", WORDS), "fast_interval");
	assert_string_equal(nearest_of("tmieuot", WORDS), "timeout");
	assert_string_equal(nearest_of("gte", WORDS), "get");
	assert_null(nearest_of("tls", WORDS)); /* one slip at most in so short a word */
	assert_null(nearest_of("heartbeat", WORDS));
	assert_null(nearest_of("", WORDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_slips),
		cmocka_unit_test(distances_stop_at_the_limit),
		cmocka_unit_test(the_nearest_word_is_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
