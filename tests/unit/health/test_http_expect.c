/* SPDX-License-Identifier: MIT */
/* What an HTTP probe expects against what came: matching, and the words for a miss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "aorta/assert.h"
#include "aorta/pattern.h"
#include "health/probes/http_expect.h"
#include "health/text.h"

static struct http1_response parsed(const char *text)
{
	struct http1_response r;

	assert_int_equal(http1_parse_response(&r, text, strlen(text)), HTTP1_DONE);
	return r;
}

static bool head_holds(struct conf_expect *x, unsigned n, const char *text,
		       struct expect_miss *miss)
{
	struct conf_probe p = { .expects = x, .n_expects = n };
	struct http1_response r = parsed(text);

	return http_expect_head(&p, &r, slice_of(NULL, 0), miss);
}

static bool status_holds(struct conf_expect *x, unsigned n, unsigned status)
{
	struct conf_probe p = { .expects = x, .n_expects = n };
	struct http1_response r = parsed("HTTP/1.1 200 OK\r\n\r\n");
	struct expect_miss miss;

	r.status = status;
	return http_expect_head(&p, &r, slice_of(NULL, 0), &miss);
}

static void without_a_word_2xx_and_3xx_do(void **state)
{
	unsigned s;

	for (s = 100; s < 600; s++)
		assert_int_equal(status_holds(NULL, 0, s), s >= 200 && s <= 399);
}

static void several_status_lines_are_one_set(void **state)
{
	struct conf_status_range a[] = { { 200, 204 } }, b[] = { { 301, 301 }, { 404, 404 } };
	struct conf_expect x[] = { { .kind = EXPECT_STATUS, .statuses = a, .n_statuses = 1 },
				   { .kind = EXPECT_HEADER, .header = "A" },
				   { .kind = EXPECT_STATUS, .statuses = b, .n_statuses = 2 } };
	struct expect_miss miss;
	unsigned s;

	for (s = 100; s < 600; s++) {
		bool in = (s >= 200 && s <= 204) || s == 301 || s == 404;
		struct conf_expect only[] = { x[0], x[2] };

		assert_int_equal(status_holds(only, 2, s), in);
	}
	assert_false(head_holds(x, 3, "HTTP/1.1 500 No\r\nA: 1\r\n\r\n", &miss));
	assert_string_equal(miss.expected, "status 200-204 301 404");
	assert_string_equal(miss.got, "status 500");
	assert_true(head_holds(x, 3, "HTTP/1.1 404 No\r\nA: 1\r\n\r\n", &miss));
	assert_false(head_holds(x, 3, "HTTP/1.1 404 No\r\nB: 1\r\n\r\n", &miss));
}

static void headers_by_presence_value_and_pattern(void **state)
{
	static const char text[] =
		"HTTP/1.1 200 OK\r\nX-Role: slave\r\nx-role: Master\r\nEmpty:\r\n\r\n";
	struct conf_expect x = { .kind = EXPECT_HEADER, .header = "X-ROLE" };
	struct expect_miss miss;

	assert_true(head_holds(&x, 1, text, &miss));
	x.header = "Empty";
	assert_true(head_holds(&x, 1, text, &miss));
	x.header = "Missing";
	assert_false(head_holds(&x, 1, text, &miss));
	assert_string_equal(miss.expected, "header Missing");
	assert_string_equal(miss.got, "no such header");

	x.header = "X-Role";
	x.literal = "Master"; /* any of several lines will do */
	assert_true(head_holds(&x, 1, text, &miss));
	x.literal = "master"; /* values have their case */
	assert_false(head_holds(&x, 1, text, &miss));
	x.literal = "Mast"; /* and are compared as a whole */
	assert_false(head_holds(&x, 1, text, &miss));

	x.literal = NULL;
	x.pattern = pattern_new(SLICE_LIT("^(?i)master$"), NULL);
	assert_true(head_holds(&x, 1, text, &miss));
	pattern_free(x.pattern);
	x.pattern = pattern_new(SLICE_LIT("^leader$"), NULL);
	assert_false(head_holds(&x, 1, text, &miss));
	assert_string_equal(miss.expected, "header X-Role ~ \"^leader$\"");
	assert_string_equal(miss.got, "\"Master\"");
	pattern_free(x.pattern);
}

static void all_body_expectations_must_hold(void **state)
{
	struct conf_expect x[] = { { .kind = EXPECT_BODY, .literal = "db" },
				   { .kind = EXPECT_BODY, .literal = "ok" } };
	struct conf_probe p = { .expects = x, .n_expects = 2 };
	struct expect_miss miss;

	assert_true(http_expect_needs_body(&p));
	assert_true(http_expect_body(&p, SLICE_LIT("db: ok"), &miss));
	assert_false(http_expect_body(&p, SLICE_LIT("db: no"), &miss));
	assert_string_equal(miss.expected, "body \"ok\"");
	assert_string_equal(miss.got, "\"db: no\"");
	assert_false(http_expect_body(&p, slice_of(NULL, 0), &miss));
	assert_string_equal(miss.got, "an empty body");
	/* a NUL does not end the search */
	assert_true(http_expect_body(&p, SLICE_LIT("\0db\0ok"), &miss));
	p.n_expects = 0;
	assert_false(http_expect_needs_body(&p));
	assert_true(http_expect_body(&p, slice_of(NULL, 0), &miss));
}

static void texts_are_cut_and_harmless(void **state)
{
	char out[12];

	text_printable(out, sizeof(out), SLICE_LIT("a\r\n\x1b[31m\xff"));
	assert_string_equal(out, "a...[31m.");
	text_printable(out, sizeof(out), SLICE_LIT("12345678901"));
	assert_string_equal(out, "12345678901");
	text_printable(out, sizeof(out), SLICE_LIT("123456789012"));
	assert_string_equal(out, "12345678...");
	text_printable(out, sizeof(out), slice_of(NULL, 0));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_2xx_and_3xx_do),
		cmocka_unit_test(several_status_lines_are_one_set),
		cmocka_unit_test(headers_by_presence_value_and_pattern),
		cmocka_unit_test(all_body_expectations_must_hold),
		cmocka_unit_test(texts_are_cut_and_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
