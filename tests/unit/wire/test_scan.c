/* SPDX-License-Identifier: MIT */
/* The vector scans stop where the scalar ones do, and the classes are those of the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/scan.h"

#define LONGEST 70 /* several vectors and a tail */

typedef const char *scan_fn(const char *p, const char *end);

static const char *field(const char *p, const char *end)
{
	return scan_field(p, end);
}

static const char *token(const char *p, const char *end)
{
	return scan_token(p, end);
}

static const char *target(const char *p, const char *end)
{
	return scan_target(p, end);
}

/* Each byte value at each place of runs of each length, in memory of exactly that size. */
static void check_scan(scan_fn *scan, unsigned class)
{
	for (size_t n = 0; n <= LONGEST; n++) {
		char *run = malloc(n ? n : 1);

		assert_non_null(run);
		memset(run, 'a', n ? n : 1);
		assert_ptr_equal(scan(run, run + n), run + n);
		for (size_t at = 0; at < n; at++) {
			for (unsigned c = 0; c < 256; c++) {
				run[at] = (char)c;
				assert_ptr_equal(scan(run, run + n),
						 scan_class(run, run + n, class));
			}
			run[at] = 'a';
		}
		free(run);
	}
}

static void test_field_scan_equals_scalar(void **state)
{
	check_scan(field, CHAR_FIELD);
}

static void test_token_scan_equals_scalar(void **state)
{
	check_scan(token, CHAR_TOKEN);
}

static void test_target_scan_equals_scalar(void **state)
{
	check_scan(target, CHAR_TARGET);
}

static bool one_of(unsigned c, const char *set)
{
	return c != 0 && strchr(set, (int)c) != NULL;
}

static bool alnum(unsigned c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The classes as the RFCs spell them out. */
static void test_classes(void **state)
{
	for (unsigned c = 0; c < 256; c++) {
		char b = (char)c;
		bool vchar = c > 0x20 && c < 0x7f;

		assert_int_equal(char_is(b, CHAR_TOKEN), alnum(c) || one_of(c, "!#$%&'*+-.^_`|~"));
		assert_int_equal(char_is(b, CHAR_FIELD),
				 vchar || c == ' ' || c == '\t' || c >= 0x80);
		assert_int_equal(char_is(b, CHAR_TARGET), vchar && c != '#');
		assert_int_equal(char_is(b, CHAR_REGNAME), alnum(c) || one_of(c, "-._~!$&'()*+;="));
		assert_int_equal(char_is(b, CHAR_HEX), one_of(c, "0123456789abcdefABCDEF"));
	}
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(char_hex("0123456789abcdef"[i]), i);
		assert_int_equal(char_hex("0123456789ABCDEF"[i]), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_field_scan_equals_scalar),
		cmocka_unit_test(test_token_scan_equals_scalar),
		cmocka_unit_test(test_target_scan_equals_scalar),
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests_name("wire/scan", tests, NULL, NULL);
}
