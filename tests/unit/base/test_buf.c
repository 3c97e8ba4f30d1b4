/* SPDX-License-Identifier: MIT */
/* The text buffer: growth, failure, and the escapes of JSON, HTML and logfmt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aorta/buf.h"

#define ROWS(t) (sizeof(t) / sizeof((t)[0]))

typedef void put_fn(struct buf *b, struct slice s);

struct escape {
	struct slice in;
	const char *out;
};

static void check_escapes(put_fn *put, const struct escape *rows, size_t n)
{
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&b);
		put(&b, rows[i].in);
		assert_string_equal(buf_cstr(&b), rows[i].out);
		assert_int_equal(b.len, strlen(rows[i].out));
	}
	buf_fini(&b);
}

static void text_grows_and_stays_terminated(void **state)
{
	struct buf b;

	buf_init(&b);
	assert_string_equal(buf_cstr(&b), "");
	for (unsigned i = 0; i < 5000; i++) {
		buf_putc(&b, (char)('a' + (int)(i % 26)));
		assert_int_equal(b.data[b.len], '\0');
	}
	buf_printf(&b, "%d %s", 42, "x");
	assert_int_equal(b.len, 5004);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	assert_string_equal(b.data + 5000, "42 x");
	buf_clear(&b);
	assert_string_equal(buf_cstr(&b), "");
	buf_put(&b, NULL, 0);
	buf_printf(&b, "%s", "");
	assert_int_equal(b.len, 0);
	buf_fini(&b);
	assert_null(b.data);
}

static void long_formats_are_not_cut(void **state)
{
	char text[3000];
	struct buf b;

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_init(&b);
	buf_puts(&b, "<");
	buf_printf(&b, "%s>", text);
	assert_int_equal(b.len, sizeof(text) + 1);
	assert_int_equal(b.data[sizeof(text)], '>');
	buf_fini(&b);
}

static void a_failure_sticks_and_keeps_what_was_there(void **state)
{
	struct buf b;

	buf_init(&b);
	buf_puts(&b, "ok");
	buf_put(&b, "x", SIZE_MAX); /* cannot be: refused before a byte is read */
	assert_true(b.failed);
	buf_puts(&b, "more");
	buf_printf(&b, "%d", 1);
	buf_json(&b, SLICE_LIT("x"));
	assert_string_equal(buf_cstr(&b), "ok");
	buf_clear(&b);
	assert_false(b.failed);
	buf_puts(&b, "anew");
	assert_string_equal(buf_cstr(&b), "anew");
	buf_fini(&b);
}

#define FFFD "\xef\xbf\xbd"

static void json_strings(void **state)
{
	static const struct escape rows[] = {
		{ SLICE_INIT(""), "\"\"" },
		{ SLICE_INIT("plain"), "\"plain\"" },
		{ SLICE_INIT("a\"b\\c"), "\"a\\\"b\\\\c\"" },
		{ SLICE_INIT("\n\r\t"), "\"\\n\\r\\t\"" },
		{ SLICE_INIT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"" },
		{ SLICE_INIT("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"" },
		{ SLICE_INIT("\xe2\x82\xac \xf0\x9f\x98\x80"),
		  "\"\xe2\x82\xac \xf0\x9f\x98\x80\"" },
		{ SLICE_INIT("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"" }, /* U+10FFFF */
		/* not UTF-8: a lone continuation, a cut sequence, Latin-1 */
		{ SLICE_INIT("a\x80z"), "\"a" FFFD "z\"" },
		{ SLICE_INIT("\xc3"), "\"" FFFD "\"" },
		{ SLICE_INIT("\xe2\x82"), "\"" FFFD FFFD "\"" },
		{ SLICE_INIT("\xe9t\xe9"), "\"" FFFD "t" FFFD "\"" },
		/* overlong forms, a surrogate, beyond U+10FFFF, bytes that never occur */
		{ SLICE_INIT("\xc0\xaf"), "\"" FFFD FFFD "\"" },
		{ SLICE_INIT("\xe0\x80\xaf"), "\"" FFFD FFFD FFFD "\"" },
		{ SLICE_INIT("\xf0\x80\x80\xaf"), "\"" FFFD FFFD FFFD FFFD "\"" },
		{ SLICE_INIT("\xed\xa0\x80"), "\"" FFFD FFFD FFFD "\"" },
		{ SLICE_INIT("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"" },
		{ SLICE_INIT("\xfe\xff"), "\"" FFFD FFFD "\"" },
		/* a quote right after a cut sequence is still escaped */
		{ SLICE_INIT("\xe2\x82\""), "\"" FFFD FFFD "\\\"\"" },
	};

	check_escapes(buf_json, rows, ROWS(rows));
}

static void html_text(void **state)
{
	static const struct escape rows[] = {
		{ SLICE_INIT("<a href=\"x\" b='y'>&amp;</a>"),
		  "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;" },
		{ SLICE_INIT("gr\xc3\xbc"), "gr\xc3\xbc" },
		{ SLICE_INIT(""), "" },
	};

	check_escapes(buf_html, rows, ROWS(rows));
}

static void logfmt_values(void **state)
{
	static const struct escape rows[] = {
		{ SLICE_INIT("bare-1.2:3/[x]"), "bare-1.2:3/[x]" },
		{ SLICE_INIT(""), "\"\"" },
		{ SLICE_INIT("two words"), "\"two words\"" },
		{ SLICE_INIT("a=b"), "\"a=b\"" },
		{ SLICE_INIT("say \"hi\""), "\"say \\\"hi\\\"\"" },
		{ SLICE_INIT("C:\\x"), "\"C:\\\\x\"" },
		{ SLICE_INIT("line\nline\r\t"), "\"line\\nline\\r\\t\"" },
		{ SLICE_INIT("\0\x1b[31m\x7f"), "\"\\x00\\x1b[31m\\x7f\"" },
		{ SLICE_INIT("gr\xc3\xbc"), "\"gr\xc3\xbc\"" },
		{ SLICE_INIT("\xff\xc3"), "\"\\xff\\xc3\"" },
	};

	check_escapes(buf_logfmt, rows, ROWS(rows));
}

struct duration {
	int64_t us;
	const char *text;
};

static void durations(void **state)
{
	static const struct duration rows[] = {
		{ 0, "0us" },
		{ 340, "340us" },
		{ 999, "999us" },
		{ 1000, "1.0ms" },
		{ 1240, "1.2ms" },
		{ 12000, "12ms" },
		{ 999999, "999ms" },
		{ 3200000, "3.2s" },
		{ 59999999, "59s" },
		{ 60000000, "1m 0s" },
		{ 250000000, "4m 10s" },
		{ 3600000000, "1h 0m" },
		{ 7500000000, "2h 5m" },
		{ 86400000000, "1d 0h" },
		{ 273600000000, "3d 4h" },
	};
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < ROWS(rows); i++) {
		buf_clear(&b);
		buf_duration_us(&b, rows[i].us);
		assert_string_equal(buf_cstr(&b), rows[i].text);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_and_stays_terminated),
		cmocka_unit_test(long_formats_are_not_cut),
		cmocka_unit_test(a_failure_sticks_and_keeps_what_was_there),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(html_text),
		cmocka_unit_test(logfmt_values),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
