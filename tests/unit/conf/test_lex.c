/* SPDX-License-Identifier: MIT */
/* The lexer: tokens, places, escapes, the environment, and what is no word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aorta/conf.h"
#include "conf/lex.h"

/* All tokens of a text, printed: w(bare) s(quoted) ~ { } ; and ! before a bad one. */
struct lexed {
	struct buf text;
	struct conf_problems problems;
	struct conf_place last; /* of the last token before the end */
};

static void put_token(struct buf *b, const struct token *t)
{
	static const char *const MARKS[] = {
		[TOKEN_OPEN] = "{", [TOKEN_CLOSE] = "}", [TOKEN_END] = ";"
	};

	if (t->bad)
		buf_putc(b, '!');
	if (t->kind != TOKEN_WORD)
		buf_puts(b, MARKS[t->kind]);
	else if (t->tilde)
		buf_puts(b, "~");
	else
		buf_printf(b, "%c(%s)", t->quoted ? 's' : 'w', t->text);
}

static void lex(struct lexed *out, const char *text, size_t n)
{
	struct load l = { .problems = &out->problems };
	struct source *s;
	struct lexer x;

	conf_problems_init(&out->problems);
	buf_init(&out->text);
	l.sources_tail = &l.sources;
	l.tree = arena_new();
	l.scratch = arena_new();
	s = source_text(&l, "test", slice_of(text, n));
	lexer_init(&x, &l, s);
	for (struct token t = lexer_next(&x); t.kind != TOKEN_EOF; t = lexer_next(&x)) {
		put_token(&out->text, &t);
		out->last = t.place;
	}
	lexer_fini(&x);
	sources_free(&l);
	arena_free(l.tree);
	arena_free(l.scratch);
}

static void lexed_fini(struct lexed *x)
{
	buf_fini(&x->text);
	conf_problems_fini(&x->problems);
}

static void expect_lexed(const char *text, const char *expected, unsigned n_problems)
{
	struct lexed x;

	lex(&x, text, strlen(text));
	assert_string_equal(buf_cstr(&x.text), expected);
	assert_int_equal(x.problems.n, n_problems);
	lexed_fini(&x);
}

static void expect_refused(const char *text, unsigned col, const char *message)
{
	struct lexed x;

	lex(&x, text, strlen(text));
	assert_true(x.problems.n >= 1);
	assert_string_equal(x.problems.at[0].err.message, message);
	assert_int_equal(x.problems.at[0].err.col, col);
	lexed_fini(&x);
}

static void words_and_marks(void **state)
{
	expect_lexed("", "", 0);
	expect_lexed("a b;", "w(a)w(b);", 0);
	expect_lexed("a{b;}", "w(a){w(b);}", 0);
	expect_lexed("a\r\n\tb ;", "w(a)w(b);", 0);
	expect_lexed("\xef\xbb\xbf"
		     "a;",
		     "w(a);", 0);
	expect_lexed("\"a b\" \"\";", "s(a b)s();", 0);
	expect_lexed("a\\b ;", "w(a\\b);", 0);
}

static void comments_begin_a_token(void **state)
{
	expect_lexed("# all\na; # rest\n#\nb;#end", "w(a);w(b);", 0);
	expect_lexed("/a#b;", "w(/a#b);", 0);
	expect_lexed("\"# no\";", "s(# no);", 0);
}

static void tilde_is_an_operator_before_a_space_or_string(void **state)
{
	expect_lexed("path ~ x;", "w(path)~w(x);", 0);
	expect_lexed("path ~\"x\";", "w(path)~s(x);", 0);
	expect_lexed("path ~;", "w(path)~;", 0);
	expect_lexed("~user \"~\" a~b;", "w(~user)s(~)w(a~b);", 0);
}

static void escapes_in_quotes(void **state)
{
	expect_lexed("\"\\\" \\\\ \\n \\t \\r\";", "s(\" \\ \n \t \r);", 0);
	expect_lexed("\"\\.png\\d$\";", "s(\\.png\\d$);", 0);
	expect_lexed("\"\\${HOME}\";", "s(${HOME});", 0);
}

static void the_environment_fills_variables(void **state)
{
	setenv("AORTA_TEST_X", "v;{ }\"", 1);
	setenv("AORTA_TEST_EMPTY", "", 1);
	expect_lexed("a${AORTA_TEST_X}b;", "w(av;{ }\"b);", 0);
	expect_lexed("\"${AORTA_TEST_X}\";", "s(v;{ }\");", 0);
	expect_lexed("x${AORTA_TEST_EMPTY}y;", "w(xy);", 0);
	expect_lexed("${AORTA_TEST_EMPTY:-d};", "w(d);", 0);
	expect_lexed("${AORTA_TEST_UNSET:-a b;c}:1;", "w(a b;c:1);", 0);
	expect_lexed("${AORTA_TEST_UNSET:-};", "w();", 0);
	expect_lexed("$x $$ cost$;", "w($x)w($$)w(cost$);", 0);
}

static void bad_variables_are_refused_where_they_stand(void **state)
{
	setenv("AORTA_TEST_CONTROL", "a\x01", 1);
	expect_refused("a ${AORTA_TEST_UNSET};", 3,
		       "environment variable 'AORTA_TEST_UNSET' is not set; set it, or write "
		       "${AORTA_TEST_UNSET:-default}");
	expect_refused("a ${AORTA_TEST_CONTROL};", 3,
		       "environment variable 'AORTA_TEST_CONTROL' holds a control character");
	expect_refused("a ${X", 3, "'${' without its '}'");
	expect_refused("a ${X\n}", 3, "'${' without its '}'");
	expect_refused("a ${1};", 3,
		       "'${1}' is no variable: ${NAME} or ${NAME:-default} is expected");
	expect_refused("a \"b ${X:y}\";", 6,
		       "'${X:y}' is no variable: ${NAME} or ${NAME:-default} is expected");
}

static void broken_words_are_refused_and_left_behind(void **state)
{
	expect_lexed("\"abc\nd;", "!s(abc)w(d);", 1);
	expect_lexed("\"abc", "!s(abc)", 1);
	expect_lexed("\"a\\", "!s(a\\)", 1);
	expect_lexed("\"a\"b;", "!s(a)w(b);", 1);
	expect_lexed("a\"b\";", "!w(a)s(b);", 1);
	expect_lexed("'a';", "!w('a');", 1);
	expect_lexed("a\x01;", "!w(a\x01);", 1);
}

static void a_nul_is_refused(void **state)
{
	static const char TEXT[] = "a\0b;";
	struct lexed x;

	lex(&x, TEXT, sizeof(TEXT) - 1);
	assert_int_equal(x.problems.n, 1);
	assert_string_equal(x.problems.at[0].err.message, "control character \\x00 in the file");
	lexed_fini(&x);
}

static void places_are_lines_and_columns(void **state)
{
	struct lexed x;
	const char *text = "a;\n  b # c\n\t\"d\" e";

	lex(&x, text, strlen(text));
	assert_string_equal(buf_cstr(&x.text), "w(a);w(b)s(d)w(e)");
	assert_int_equal(x.last.line, 3);
	assert_int_equal(x.last.col, 6);
	assert_string_equal(x.last.file ? "named" : "", "named");
	lexed_fini(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_marks),
		cmocka_unit_test(comments_begin_a_token),
		cmocka_unit_test(tilde_is_an_operator_before_a_space_or_string),
		cmocka_unit_test(escapes_in_quotes),
		cmocka_unit_test(the_environment_fills_variables),
		cmocka_unit_test(bad_variables_are_refused_where_they_stand),
		cmocka_unit_test(broken_words_are_refused_and_left_behind),
		cmocka_unit_test(a_nul_is_refused),
		cmocka_unit_test(places_are_lines_and_columns),
	};

	unsetenv("AORTA_TEST_UNSET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
