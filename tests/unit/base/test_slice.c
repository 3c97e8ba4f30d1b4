/* SPDX-License-Identifier: MIT */
/* Slices: comparing, trimming, numbers, and comma-separated lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aorta/slice.h"

static void comparing(void **state)
{
	assert_true(slice_eq(SLICE_LIT("abc"), slice_str("abc")));
	assert_false(slice_eq(SLICE_LIT("abc"), SLICE_LIT("abd")));
	assert_false(slice_eq(SLICE_LIT("abc"), SLICE_LIT("ab")));
	assert_true(slice_eq(slice_str(NULL), SLICE_LIT("")));
	assert_true(slice_ieq(SLICE_LIT("Content-LENGTH"), SLICE_LIT("content-length")));
	assert_false(slice_ieq(SLICE_LIT("a"), SLICE_LIT("ab")));
	/* '@' and '`', '[' and '{' differ by the same bit as a letter's cases. */
	assert_false(slice_ieq(SLICE_LIT("@["), SLICE_LIT("`{")));
	assert_false(slice_ieq(SLICE_LIT("\xc4"), SLICE_LIT("\xe4"))); /* ASCII only */
	assert_true(slice_starts(SLICE_LIT("/v1/x"), SLICE_LIT("/v1/")));
	assert_true(slice_starts(SLICE_LIT("/v1"), SLICE_LIT("")));
	assert_false(slice_starts(SLICE_LIT("/v1"), SLICE_LIT("/v1/")));
}

static void trimming(void **state)
{
	assert_true(slice_eq(slice_trim(SLICE_LIT(" \t a b \t")), SLICE_LIT("a b")));
	assert_true(slice_eq(slice_trim(SLICE_LIT("a")), SLICE_LIT("a")));
	assert_int_equal(slice_trim(SLICE_LIT(" \t ")).n, 0);
	assert_int_equal(slice_trim(slice_str(NULL)).n, 0);
	/* Line ends are not white space here (RFC 9110 5.6.3). */
	assert_int_equal(slice_trim(SLICE_LIT("a\r\n")).n, 3);
}

struct number {
	struct slice text;
	bool good;
	uint64_t value;
};

static void numbers(void **state)
{
	static const struct number rows[] = {
		{ SLICE_INIT("0"), true, 0 },
		{ SLICE_INIT("007"), true, 7 },
		{ SLICE_INIT("18446744073709551615"), true, UINT64_MAX },
		{ SLICE_INIT("18446744073709551616"), false, 0 },
		{ SLICE_INIT("18446744073709551620"), false, 0 },
		{ SLICE_INIT("99999999999999999999"), false, 0 },
		{ SLICE_INIT("184467440737095516150"), false, 0 },
		{ SLICE_INIT(""), false, 0 },
		{ SLICE_INIT("+1"), false, 0 },
		{ SLICE_INIT("-1"), false, 0 },
		{ SLICE_INIT(" 1"), false, 0 },
		{ SLICE_INIT("1 "), false, 0 },
		{ SLICE_INIT("0x10"), false, 0 },
		{ SLICE_INIT("1\0"), false, 0 },
		{ SLICE_INIT("1/"), false, 0 },
		{ SLICE_INIT("1:"), false, 0 },
		{ SLICE_INIT("\xb1"), false, 0 }, /* '1' with the high bit set */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 4711;

		assert_int_equal(slice_u64(rows[i].text, &v), rows[i].good);
		assert_int_equal(v, rows[i].good ? rows[i].value : 4711);
	}
}

static void lists(void **state)
{
	struct slice list = SLICE_LIT(" close ,, keep-alive,\tX-A ,"), token;

	assert_true(slice_next_token(&list, &token));
	assert_true(slice_eq(token, SLICE_LIT("close")));
	assert_true(slice_next_token(&list, &token));
	assert_true(slice_eq(token, SLICE_LIT("keep-alive")));
	assert_true(slice_next_token(&list, &token));
	assert_true(slice_eq(token, SLICE_LIT("X-A")));
	assert_false(slice_next_token(&list, &token));
	assert_false(slice_next_token(&list, &token));
	list = SLICE_LIT(" , ,, ");
	assert_false(slice_next_token(&list, &token));
	list = SLICE_LIT("one");
	assert_true(slice_next_token(&list, &token));
	assert_true(slice_eq(token, SLICE_LIT("one")));
	assert_false(slice_next_token(&list, &token));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),
		cmocka_unit_test(trimming),
		cmocka_unit_test(numbers),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
