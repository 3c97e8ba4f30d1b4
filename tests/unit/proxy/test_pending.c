/* SPDX-License-Identifier: MIT */
/* Waiting input against a plain copy of what should wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aorta/rng.h"
#include "proxy/pending.h"

#define MODEL_BYTES 100000

static void assert_waits(const struct pending *p, const char *model, size_t n)
{
	struct slice s = pending_slice(p);

	assert_int_equal(s.n, n);
	assert_true(n == 0 || memcmp(s.p, model, n) == 0);
}

static void nothing_waits_and_nothing_is_owned(void **state)
{
	struct pending p = { 0 };

	assert_true(pending_keep(&p, slice_of(NULL, 0)));
	assert_null(p.data);
	assert_waits(&p, "", 0);
}

static void a_rest_of_what_waits_stays_where_it_is(void **state)
{
	struct pending p = { 0 };
	struct slice s;

	assert_true(pending_keep(&p, SLICE_LIT("GET / HTTP/1.1")));
	s = pending_slice(&p);
	assert_true(pending_keep(&p, slice_of(s.p + 4, s.n - 4)));
	assert_waits(&p, "/ HTTP/1.1", 10);
	assert_ptr_equal(pending_slice(&p).p, s.p + 4);
	s = pending_slice(&p);
	assert_true(pending_keep(&p, slice_of(s.p + s.n, 0)));
	assert_null(p.data); /* memory goes with the last byte */
}

static void what_comes_goes_behind_and_what_is_used_leaves_in_front(void **state)
{
	static char model[MODEL_BYTES];
	struct pending p = { 0 };
	struct rng rng;
	size_t n = 0;

	rng_seed(&rng, 7);
	for (unsigned round = 0; round < 20000; round++) {
		size_t some = rng_below(&rng, 3000);
		struct slice s;

		if (rng_below(&rng, 2) && n + some < MODEL_BYTES / 2) {
			char *to = pending_reserve(&p, (uint32_t)some);

			assert_non_null(to);
			for (size_t i = 0; i < some; i++)
				model[n + i] = to[i] = (char)rng_u64(&rng);
			p.end += (uint32_t)some;
			n += some;
		} else {
			some = some < n ? some : n;
			s = pending_slice(&p);
			assert_true(pending_keep(&p, slice_of(s.p + some, s.n - some)));
			memmove(model, model + some, n - some);
			n -= some;
		}
		assert_waits(&p, model, n);
	}
	pending_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_waits_and_nothing_is_owned),
		cmocka_unit_test(a_rest_of_what_waits_stays_where_it_is),
		cmocka_unit_test(what_comes_goes_behind_and_what_is_used_leaves_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
