/* SPDX-License-Identifier: MIT */
/*
 * Loading: includes, secrets, limits, and that every problem is reported, in order, with its
 * line. Files are made in a folder of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "aorta/conf.h"
#include "scratch.h"

#define POOL "pool web { member a 10.0.0.1:80; }\n"

struct loaded {
	struct scratch dir;
	struct conf *conf;
	struct conf_problems problems;
};

static int setup(void **state)
{
	struct loaded *x = calloc(1, sizeof(*x));

	scratch_open(&x->dir);
	conf_problems_init(&x->problems);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct loaded *x = *state;

	conf_free(x->conf);
	conf_problems_fini(&x->problems);
	scratch_close(&x->dir);
	free(x);
	return 0;
}

static struct conf *load(struct loaded *x, const char *name)
{
	conf_free(x->conf);
	conf_problems_fini(&x->problems);
	x->conf = conf_load(scratch_path(&x->dir, name), &x->problems);
	assert_true((x->conf == NULL) == (x->problems.n > 0));
	return x->conf;
}

static struct conf *load_text(struct loaded *x, const char *text)
{
	conf_free(x->conf);
	conf_problems_fini(&x->problems);
	x->conf = conf_load_text("text", slice_str(text), &x->problems);
	assert_true((x->conf == NULL) == (x->problems.n > 0));
	return x->conf;
}

/* The first problem says `message` somewhere. */
static void assert_refused(const struct loaded *x, const char *message)
{
	assert_null(x->conf);
	if (strstr(x->problems.at[0].err.message, message) == NULL)
		fail_msg("'%s' is not in '%s'", message, x->problems.at[0].err.message);
}

/* ---- include ---- */

static void includes_are_read_beside_the_file_in_order(void **state)
{
	struct loaded *x = *state;

	scratch_puts(&x->dir, "main.conf",
		     "include conf.d/*.conf;\npool last { member a 10.0.0.1:80; }\n");
	scratch_puts(&x->dir, "conf.d/20-b.conf", "pool b { member a 10.0.0.1:80; }\n");
	scratch_puts(&x->dir, "conf.d/10-a.conf",
		     "include ../shared.inc;\npool a { member a 10.0.0.1:80; }\n");
	scratch_puts(&x->dir, "conf.d/ignored.txt", "bogus");
	scratch_puts(&x->dir, "shared.inc", "pool shared { member a 10.0.0.1:80; }\n");
	assert_non_null(load(x, "main.conf"));
	assert_int_equal(x->conf->n_pools, 4);
	assert_string_equal(x->conf->pools[0].name, "shared");
	assert_string_equal(x->conf->pools[1].name, "a");
	assert_string_equal(x->conf->pools[2].name, "b");
	assert_string_equal(x->conf->pools[3].name, "last");
	assert_non_null(strstr(x->conf->pools[2].place.file, "conf.d/20-b.conf"));
}

static void a_wildcard_may_match_nothing_a_path_may_not(void **state)
{
	struct loaded *x = *state;

	scratch_puts(&x->dir, "main.conf", "include none.d/*.conf;\ninclude *.nothing;\n" POOL);
	assert_non_null(load(x, "main.conf"));
	scratch_puts(&x->dir, "main.conf", POOL "include missing.conf;\n");
	load(x, "main.conf");
	assert_refused(x, "No such file or directory");
	assert_int_equal(x->problems.at[0].err.line, 2);
	assert_int_equal(x->problems.at[0].err.col, 9);
}

static void an_include_of_itself_is_refused_with_the_chain(void **state)
{
	struct loaded *x = *state;

	scratch_puts(&x->dir, "a.conf", "include b.conf;\n" POOL);
	scratch_puts(&x->dir, "b.conf", "include a.conf;\n");
	load(x, "a.conf");
	assert_refused(x, "the file includes itself: ");
	assert_non_null(strstr(x->problems.at[0].err.message, "a.conf -> "));
	assert_non_null(strstr(x->problems.at[0].err.message, "b.conf -> "));
	assert_int_equal(x->problems.n, 1);
}

static void one_file_may_be_reached_twice_on_different_ways(void **state)
{
	struct loaded *x = *state;

	scratch_puts(&x->dir, "a.conf", "include b.conf;\ninclude c.conf;\n" POOL);
	scratch_puts(&x->dir, "b.conf", "include empty.conf;\n");
	scratch_puts(&x->dir, "c.conf", "include empty.conf;\n");
	scratch_puts(&x->dir, "empty.conf", "");
	assert_non_null(load(x, "a.conf"));
}

static void write_chain(struct loaded *x, unsigned n)
{
	char name[32], text[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%u.conf", i);
		snprintf(text, sizeof(text), "include f%u.conf;\n", i + 1);
		scratch_puts(&x->dir, name, text);
	}
	snprintf(name, sizeof(name), "f%u.conf", n);
	scratch_puts(&x->dir, name, POOL);
}

static void includes_nest_sixteen_deep_and_no_deeper(void **state)
{
	struct loaded *x = *state;

	write_chain(x, 16);
	assert_non_null(load(x, "f0.conf"));
	write_chain(x, 17);
	load(x, "f0.conf");
	assert_refused(x, "includes are nested more than 16 deep: ");
	assert_non_null(strstr(x->problems.at[0].err.message, "f17.conf"));
}

static void only_regular_files_are_read(void **state)
{
	struct loaded *x = *state;

	assert_int_equal(mkfifo(scratch_path(&x->dir, "fifo.conf"), 0600), 0);
	load(x, "fifo.conf"); /* and does not wait for a writer */
	assert_refused(x, "not a regular file");
	load(x, ".");
	assert_refused(x, "not a regular file");
	load(x, "missing.conf");
	assert_refused(x, "No such file or directory");
}

static void from_memory_no_other_file_is_read(void **state)
{
	struct loaded *x = *state;

	load_text(x, "include /etc/passwd;\n" POOL);
	assert_refused(x, "include is not possible in a text without a file");
	load_text(x, "admin { bind 127.0.0.1:1; token file:/etc/passwd; }\n" POOL);
	assert_refused(x, "file: is not possible in a text without a file");
}

/* ---- secrets ---- */

static void load_token(struct loaded *x, const char *secret, size_t n)
{
	scratch_puts(&x->dir, "main.conf",
		     POOL "admin { bind 127.0.0.1:9900; token file:sub/token; }\n");
	scratch_write(&x->dir, "sub/token", secret, n);
	load(x, "main.conf");
}

static void a_secret_is_its_file_without_the_last_line_break(void **state)
{
	struct loaded *x = *state;
	struct buf dump;

	buf_init(&dump);
	load_token(x, "s3cret\r\n", 8);
	assert_non_null(x->conf);
	assert_string_equal(x->conf->admin.token, "s3cret");
	assert_string_equal(x->conf->admin.token_file, scratch_path(&x->dir, "sub/token"));
	conf_dump(x->conf, &dump);
	assert_null(strstr(buf_cstr(&dump), "s3cret"));
	assert_non_null(strstr(buf_cstr(&dump), scratch_path(&x->dir, "sub/token")));
	buf_fini(&dump);
}

static void a_secret_that_is_no_secret_is_refused(void **state)
{
	struct loaded *x = *state;
	char big[5000];

	load_token(x, "\n\n", 2);
	assert_refused(x, "is empty");
	load_token(x, "a\0b", 3);
	assert_refused(x, "is not text");
	load_token(x, "two words", 9);
	assert_refused(x, "a space or an unprintable character");
	assert_null(strstr(x->problems.at[0].err.message, "two words"));
	memset(big, 'x', sizeof(big));
	load_token(x, big, sizeof(big));
	assert_refused(x, "longer than 4096 bytes");
	assert_int_equal(unlink(scratch_path(&x->dir, "sub/token")), 0);
	load(x, "main.conf");
	assert_refused(x, "No such file or directory");
}

static void a_literal_token_is_masked_and_the_mask_is_no_token(void **state)
{
	struct loaded *x = *state;
	struct buf dump;

	buf_init(&dump);
	assert_non_null(load_text(x, POOL "admin { bind 127.0.0.1:1; token hunter2; }"));
	assert_string_equal(x->conf->admin.token, "hunter2");
	conf_dump(x->conf, &dump);
	assert_null(strstr(buf_cstr(&dump), "hunter2"));
	load_text(x, buf_cstr(&dump));
	assert_refused(x, "the mask of a dump");
	buf_fini(&dump);
}

/* ---- problems ---- */

static void all_problems_are_reported_in_order(void **state)
{
	struct loaded *x = *state;
	static const unsigned LINES[] = { 1, 2, 4, 5, 7, 8 };

	load_text(x, "workers x;\n"	 /* 1: a value */
		     "bogus { a; b; }\n" /* 2: a word, not what is in it */
		     "listener l {\n"
		     "  bind 127.0.0.1;\n" /* 4: an address */
		     "  pool nowhere;\n"   /* 5: a reference, known last */
		     "}\n"
		     "pool web { }\n" /* 7: what is missing */
		     "log { level \"x\"y; }\n" /* 8: a token, known first */);
	assert_int_equal(x->problems.n, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(x->problems.at[i].err.line, LINES[i]);
}

static void one_mistake_is_one_problem(void **state)
{
	static const char *const TEXTS[] = {
		"pool web { member a 10.0.0.1:80 wieght 2; }",
		"pool web { member a foo:80; }\nlistener l { bind 127.0.0.1:1; pool web; }",
		POOL "listener l { bind 127.0.0.1; pool web; }",
		POOL "listener l { bind 127.0.0.1:1; route path x pool web; }",
		POOL "listener l { mode tcp; bind 127.0.0.1:1; pool wbe; }",
		"probe p http { interval 1; timeout 3s; }\n" POOL,
		"probe p http { timeout 5; connect_timeout 1500ms; }\n" POOL,
		"pool web { member a 10.0.0.1:80; readiness rdy; }",
		"pool ${AORTA_TEST_UNSET} { member a 10.0.0.1:80; }",
	};
	struct loaded *x = *state;

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		load_text(x, TEXTS[i]);
		if (x->problems.n != 1)
			fail_msg("%u problems in: %s", x->problems.n, TEXTS[i]);
	}
}

static void the_list_of_problems_ends(void **state)
{
	struct loaded *x = *state;
	struct buf text, out;

	buf_init(&text);
	buf_init(&out);
	for (unsigned i = 0; i < CONF_PROBLEMS_MAX + 50; i++)
		buf_puts(&text, "bogus;\n");
	load_text(x, buf_cstr(&text));
	assert_int_equal(x->problems.n, CONF_PROBLEMS_MAX);
	assert_int_equal(x->problems.suppressed, 50);
	conf_problems_print(&x->problems, &out);
	assert_non_null(strstr(buf_cstr(&out), "and 50 more\n"));
	buf_fini(&text);
	buf_fini(&out);
}

static void the_caret_stands_under_the_place(void **state)
{
	struct loaded *x = *state;
	char text[800];

	load_text(x, "\tworkers \"\xc3\xa4\" x;\n" POOL);
	assert_string_equal(x->problems.at[0].source, " workers \"\xc3\xa4\" x;");
	assert_int_equal(x->problems.at[0].err.col, 15); /* bytes */
	assert_int_equal(x->problems.at[0].caret, 14);	 /* characters */
	snprintf(text, sizeof(text), "%600s bogus; %s", "", POOL);
	load_text(x, text);
	assert_memory_equal(x->problems.at[0].source, "...", 3);
	assert_memory_equal(x->problems.at[0].source + x->problems.at[0].caret - 1, "bogus", 5);
}

/* ---- limits ---- */

static void a_file_too_large_is_refused(void **state)
{
	struct loaded *x = *state;
	size_t n = ((size_t)16 << 20) + 1;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, '\n', n);
	memcpy(text, POOL, strlen(POOL));
	scratch_write(&x->dir, "big.conf", text, n);
	load(x, "big.conf");
	assert_refused(x, "is larger than 16 MiB");
	scratch_write(&x->dir, "big.conf", text, n - 1);
	assert_non_null(load(x, "big.conf"));
	free(text);
}

static void a_file_of_many_words_is_refused_before_memory_is_out(void **state)
{
	struct loaded *x = *state;
	size_t n = (size_t)16 << 20;
	char *text = malloc(n);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = i % 2 ? ';' : 'a';
	scratch_write(&x->dir, "many.conf", text, n);
	load(x, "many.conf");
	assert_refused(x, "the configuration is too large");
	free(text);
}

static void deep_blocks_are_refused(void **state)
{
	struct loaded *x = *state;
	size_t n = 100000;
	char *text = malloc(2 * n + 1);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = 'a';
		text[2 * i + 1] = '{';
	}
	text[2 * n] = '\0';
	load_text(x, text);
	assert_null(x->conf);
	assert_true(x->problems.n > 0);
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(includes_are_read_beside_the_file_in_order),
		TEST(a_wildcard_may_match_nothing_a_path_may_not),
		TEST(an_include_of_itself_is_refused_with_the_chain),
		TEST(one_file_may_be_reached_twice_on_different_ways),
		TEST(includes_nest_sixteen_deep_and_no_deeper),
		TEST(only_regular_files_are_read),
		TEST(from_memory_no_other_file_is_read),
		TEST(a_secret_is_its_file_without_the_last_line_break),
		TEST(a_secret_that_is_no_secret_is_refused),
		TEST(a_literal_token_is_masked_and_the_mask_is_no_token),
		TEST(all_problems_are_reported_in_order),
		TEST(one_mistake_is_one_problem),
		TEST(the_list_of_problems_ends),
		TEST(the_caret_stands_under_the_place),
		TEST(a_file_too_large_is_refused),
		TEST(a_file_of_many_words_is_refused_before_memory_is_out),
		TEST(deep_blocks_are_refused),
	};

	unsetenv("AORTA_TEST_UNSET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
