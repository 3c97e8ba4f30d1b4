/* SPDX-License-Identifier: MIT */
/* The slab: last in first out, growth by blocks, pieces that do not touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "aorta/rng.h"
#include "aorta/slab.h"

#define PIECES 500

static void the_piece_given_last_is_taken_first(void **state)
{
	void *taken[5];
	struct slab s;

	slab_init(&s, 100, 8);
	for (unsigned i = 0; i < 5; i++)
		taken[i] = slab_take(&s);
	for (unsigned i = 0; i < 5; i++)
		slab_give(&s, taken[i]);
	for (unsigned i = 5; i-- > 0;)
		assert_ptr_equal(slab_take(&s), taken[i]);
	slab_fini(&s);
}

static void it_grows_by_blocks_and_counts(void **state)
{
	void *taken[17];
	struct slab s;

	slab_init(&s, 24, 8);
	assert_int_equal(s.total, 0); /* nothing before it is needed */
	for (unsigned i = 0; i < 17; i++) {
		taken[i] = slab_take(&s);
		assert_non_null(taken[i]);
		assert_int_equal(s.in_use, i + 1);
		assert_int_equal(s.total, (i / 8 + 1) * 8);
	}
	for (unsigned i = 0; i < 17; i++)
		slab_give(&s, taken[i]);
	assert_int_equal(s.in_use, 0);
	for (unsigned i = 0; i < 24; i++)
		slab_take(&s);
	assert_int_equal(s.total, 24); /* nothing was lost */
	slab_fini(&s);
	assert_int_equal(s.total, 0);
}

static void pieces_are_aligned_and_apart(void **state)
{
	static unsigned char *held[PIECES];
	struct slab s;
	struct rng rng;

	rng_seed(&rng, 2);
	slab_init(&s, 41, 16);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = rng_below(&rng, PIECES);

		if (!held[i]) {
			held[i] = slab_take(&s);
			assert_non_null(held[i]);
			assert_int_equal((uintptr_t)held[i] % alignof(max_align_t), 0);
			memset(held[i], (int)(i % 256), 41);
			continue;
		}
		for (unsigned k = 0; k < 41; k++)
			assert_int_equal(held[i][k], i % 256);
		slab_give(&s, held[i]);
		held[i] = NULL;
	}
	slab_fini(&s); /* what is still out is forgotten */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_piece_given_last_is_taken_first),
		cmocka_unit_test(it_grows_by_blocks_and_counts),
		cmocka_unit_test(pieces_are_aligned_and_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
