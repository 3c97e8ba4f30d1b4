/* SPDX-License-Identifier: MIT */
/* Patterns: bytes without NUL, bounded backtracking, reasons for what does not compile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aorta/buf.h"
#include "aorta/clock.h"
#include "aorta/pattern.h"

static bool matches(const char *source, struct slice subject)
{
	struct err e = { 0 };
	struct pattern *p = pattern_new(slice_str(source), &e);
	bool yes;

	assert_non_null(p);
	assert_string_equal(pattern_source(p), source);
	yes = pattern_match(p, subject);
	pattern_free(p);
	return yes;
}

static void what_matches(void **state)
{
	char unterminated[4] = { 'a', 'b', 'c', 'd' };

	assert_true(matches("^/static/", SLICE_LIT("/static/x.css")));
	assert_false(matches("^/static/", SLICE_LIT("/api/static/")));
	assert_true(matches("\"db\": *\"ok\"", SLICE_LIT("{\"db\":  \"ok\"}")));
	assert_true(matches("", SLICE_LIT("")));
	assert_true(matches("^$", slice_of(NULL, 0)));
	assert_true(matches("d$", slice_of(unterminated, 4)));
	assert_false(matches("d", slice_of(unterminated, 3)));
	assert_true(matches("a.b", slice_of("a\0b", 3)));
	assert_true(matches("\xff", slice_of("\xfe\xff", 2))); /* bytes, not UTF-8 */
	assert_true(matches("(?i)OK", SLICE_LIT("ok")));
}

static void what_does_not_compile_says_why(void **state)
{
	struct err e = { 0 };

	assert_null(pattern_new(SLICE_LIT("a(b"), &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.message, "parenthesis"));
	assert_non_null(strstr(e.message, "character 4"));
	assert_null(pattern_new(SLICE_LIT("[z-a]"), NULL));
	pattern_free(NULL);
}

/* A pattern is as long as its slice says, NULs included. */
static void a_pattern_may_hold_any_byte(void **state)
{
	struct pattern *p = pattern_new(slice_of("a\0b", 3), NULL);
	char *cut = malloc(2); /* without a NUL, so that a sanitizer sees a read past the end */

	assert_non_null(p);
	assert_true(pattern_match(p, slice_of("xa\0by", 5)));
	assert_false(pattern_match(p, SLICE_LIT("a")));
	pattern_free(p);
	assert_non_null(cut);
	memcpy(cut, "ab", 2);
	p = pattern_new(slice_of(cut, 2), NULL);
	free(cut); /* the pattern has a copy */
	assert_non_null(p);
	assert_string_equal(pattern_source(p), "ab");
	pattern_free(p);
	p = pattern_new(slice_of(NULL, 0), NULL);
	assert_non_null(p);
	assert_true(pattern_match(p, SLICE_LIT("anything")));
	pattern_free(p);
}

/* Exponential backtracking ends at the limit, as no match and soon. */
static void a_runaway_match_is_stopped(void **state)
{
	struct pattern *p = pattern_new(SLICE_LIT("^(a+)+$"), NULL);
	int64_t before = clock_mono_us();
	char subject[64];

	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '!';
	assert_non_null(p);
	assert_false(pattern_match(p, slice_of(subject, sizeof(subject))));
	assert_true(clock_mono_us() - before < 1000000); /* 2^63 steps would be years */
	assert_true(pattern_match(p, SLICE_LIT("aaaa")));
	pattern_free(p);
}

/* A probe reads up to 16k of a body by default; a plain pattern over all of it must not give up. */
static void a_whole_body_is_searched(void **state)
{
	static const char *const sources[] = {
		"\"db\": *\"ok\"",
		"(?s)^\\{.*\"db\": *\"ok\"",
		"^\\{(.|\n)*\"db\": *\"ok\"",
		"(a|b|[^\"]|\"x)+\"db\"",
	};
	struct buf body;

	buf_init(&body);
	buf_puts(&body, "{");
	while (body.len < 16000)
		buf_puts(&body, "line of text, ab\n");
	buf_puts(&body, "\"db\": \"ok\"}");
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		assert_true(matches(sources[i], buf_as_slice(&body)));
	buf_fini(&body);
}

static void *match_often(void *arg)
{
	const struct pattern *p = arg;
	uintptr_t n = 0;

	for (unsigned i = 0; i < 2000; i++)
		n += pattern_match(p, i % 2 ? SLICE_LIT("/v1/x") : SLICE_LIT("/v2/x"));
	pattern_thread_done();
	return (void *)n;
}

static void threads_share_a_pattern(void **state)
{
	struct pattern *p = pattern_new(SLICE_LIT("^/v1/(.*)$"), NULL);
	pthread_t threads[3];

	assert_non_null(p);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, match_often, p), 0);
	for (unsigned i = 0; i < 3; i++) {
		void *n;

		pthread_join(threads[i], &n);
		assert_int_equal((uintptr_t)n, 1000);
	}
	pattern_free(p);
}

static int thread_done(void **state)
{
	pattern_thread_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches),
		cmocka_unit_test(what_does_not_compile_says_why),
		cmocka_unit_test(a_pattern_may_hold_any_byte),
		cmocka_unit_test(a_runaway_match_is_stopped),
		cmocka_unit_test(a_whole_body_is_searched),
		cmocka_unit_test(threads_share_a_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, thread_done);
}
