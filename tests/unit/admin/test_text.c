/* SPDX-License-Identifier: MIT */
/* Small texts: numbers and times for people, query parameters. */
#include "unit.h"

#include "admin/form.h"
#include "admin/route.h"
#include "aorta/assert.h"

#define DAY_US (86400 * INT64_C(1000000))

static void expect(struct buf *b, const char *text)
{
	assert_string_equal(buf_cstr(b), text);
	buf_clear(b);
}

static void numbers(void **state)
{
	static const struct {
		double n;
		const char *text;
	} counts[] = { { 0, "0" },	 { 0.25, "0.2" },   { 3, "3" },
		       { 42.4, "42" },	 { 999, "999" },    { 1234, "1.2k" },
		       { 45678, "46k" }, { 3.2e6, "3.2M" }, { -1, "0" } },
	  shares[] = { { -1, "-" },	    { 0, "0%" },       { 0.00001, "<0.01%" },
		       { 0.0005, "0.05%" }, { 0.034, "3.4%" }, { 0.5, "50%" },
		       { 0.9999, "99%" },   { 1, "100%" } };
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		form_count(&b, counts[i].n);
		expect(&b, counts[i].text);
	}
	for (i = 0; i < ARRAY_LEN(shares); i++) {
		form_share(&b, shares[i].n);
		expect(&b, shares[i].text);
	}
	buf_fini(&b);
}

static void times(void **state)
{
	/* 2026-01-02T03:04:05Z */
	const int64_t at = INT64_C(1767323045) * 1000000;
	struct buf b;

	buf_init(&b);
	form_since(&b, at, at + 12 * INT64_C(1000000));
	expect(&b, "03:04:05 (12s)");
	form_since(&b, at, at + 4500000);
	expect(&b, "03:04:05 (4s)");
	form_since(&b, at, at + DAY_US);
	expect(&b, "2026-01-02 03:04:05 (1d 0h)");
	form_clock(&b, 0, at);
	expect(&b, "never");
	form_age(&b, -5);
	expect(&b, "0s");
	buf_fini(&b);
}

static void decode(const char *in, bool form, const char *out)
{
	char text[8];

	if (out == NULL) {
		assert_false(query_decode(slice_str(in), form, text, sizeof(text)));
		return;
	}
	assert_true(query_decode(slice_str(in), form, text, sizeof(text)));
	assert_string_equal(text, out);
}

static void percent_decoding(void **state)
{
	decode("a%2Fb", false, "a/b");
	decode("a+b", true, "a b");
	decode("a+b", false, "a+b");
	decode("%41", false, "A");
	decode("", false, "");
	decode("1234567", false, "1234567");
	decode("12345678", false, NULL);
	decode("%", false, NULL);
	decode("%4", false, NULL);
	decode("%4g", false, NULL);
	decode("a%00b", false, NULL);
}

static void parameters(void **state)
{
	struct slice q = SLICE_LIT("text&pool=web&exclude=a&x=&exclude=b%26c");
	char text[16];
	uint64_t n;
	size_t at = 0;

	assert_true(query_has(q, "text"));
	assert_true(query_has(q, "x"));
	assert_false(query_has(q, "tex"));
	assert_false(query_has(slice_of("", 0), "text"));
	assert_true(query_get(q, "pool", text, sizeof(text)));
	assert_string_equal(text, "web");
	assert_false(query_get(q, "member", text, sizeof(text)));
	assert_true(query_next(q, "exclude", &at, text, sizeof(text)));
	assert_string_equal(text, "a");
	assert_true(query_next(q, "exclude", &at, text, sizeof(text)));
	assert_string_equal(text, "b&c");
	assert_false(query_next(q, "exclude", &at, text, sizeof(text)));
	assert_true(query_u64(q, "limit", 7, &n));
	assert_int_equal(n, 7);
	assert_false(query_u64(q, "pool", 7, &n));
	assert_true(query_u64(SLICE_LIT("since=42"), "since", 0, &n));
	assert_int_equal(n, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(times),
		cmocka_unit_test(percent_decoding),
		cmocka_unit_test(parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
