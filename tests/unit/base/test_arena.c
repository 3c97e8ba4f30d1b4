/* SPDX-License-Identifier: MIT */
/* The arena: alignment, zeroes, growth, and refusing what cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "aorta/arena.h"
#include "aorta/rng.h"

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
	struct arena *a = arena_new();
	struct {
		unsigned char *p;
		size_t n;
	} pieces[400];
	struct rng rng;

	assert_non_null(a);
	rng_seed(&rng, 1);
	for (unsigned i = 0; i < 400; i++) {
		/* Some are larger than a block. */
		size_t n = rng_below(&rng, i % 50 == 49 ? 100000 : 500);
		unsigned char *p = arena_alloc(a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[k], 0);
		memset(p, (int)(i % 251) + 1, n);
		pieces[i].p = p;
		pieces[i].n = n;
	}
	/* What was written into one is in no other. */
	for (unsigned i = 0; i < 400; i++)
		for (size_t k = 0; k < pieces[i].n; k++)
			assert_int_equal(pieces[i].p[k], i % 251 + 1);
	arena_free(a);
}

static void sizes_that_overflow_are_refused(void **state)
{
	struct arena *a = arena_new();
	size_t before;

	assert_non_null(arena_alloc(a, 1));
	before = arena_bytes(a);
	assert_null(arena_calloc(a, SIZE_MAX / 2, 3));
	assert_null(arena_calloc(a, SIZE_MAX, SIZE_MAX));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_alloc(a, SIZE_MAX - alignof(max_align_t)));
	assert_null(arena_strndup(a, "x", SIZE_MAX));
	assert_int_equal(arena_bytes(a), before);
	assert_non_null(arena_calloc(a, 0, 8));
	assert_non_null(arena_alloc(a, 1)); /* still usable */
	arena_free(a);
	arena_free(NULL);
}

static void strings_are_copied_with_their_nul(void **state)
{
	struct arena *a = arena_new();
	char text[] = "members";
	char *whole = arena_strdup(a, text);
	char *part = arena_strndup(a, text, 3);
	struct slice bytes = arena_slice(a, slice_of("a\0b", 3));
	struct slice none = arena_slice(a, slice_of(NULL, 0));

	memset(text, 'x', sizeof(text));
	assert_string_equal(whole, "members");
	assert_string_equal(part, "mem");
	assert_int_equal(bytes.n, 3);
	assert_memory_equal(bytes.p, "a\0b", 4);
	assert_int_equal(none.n, 0);
	assert_string_equal(arena_strdup(a, ""), "");
	arena_free(a);
}

static void small_pieces_share_blocks(void **state)
{
	struct arena *a = arena_new();

	for (unsigned i = 0; i < 10000; i++)
		assert_non_null(arena_alloc(a, 10)); /* 16 bytes each: 160,000 in all */
	assert_in_range(arena_bytes(a), 160000, 210000);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_zeroed_and_apart),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(strings_are_copied_with_their_nul),
		cmocka_unit_test(small_pieces_share_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
