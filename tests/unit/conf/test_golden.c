/* SPDX-License-Identifier: MIT */
/*
 * The golden files of tests/conf. Each good one loads, and what conf_dump() prints of it loads
 * to the same; each bad one is refused with exactly the messages beside it (*.expect). With
 * CONF_GOLDEN_UPDATE set in the environment the messages are written instead of compared.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "aorta/conf.h"
#include "conf/schema.h"
#include "scratch.h"

/* Loads; the dump, or the problems as printed. True when it loaded. */
static bool load_print(const char *path, struct buf *out)
{
	struct conf_problems problems;
	struct conf *c;

	conf_problems_init(&problems);
	buf_clear(out);
	c = conf_load(path, &problems);
	assert_true((c == NULL) == (problems.n > 0));
	if (c != NULL)
		conf_dump(c, out);
	else
		conf_problems_print(&problems, out);
	assert_false(out->failed);
	conf_free(c);
	conf_problems_fini(&problems);
	return out->len > 0 && problems.n == 0 && c != NULL;
}

static void files(const char *pattern, glob_t *found)
{
	assert_int_equal(chdir(CONF_TEST_DIR), 0);
	assert_int_equal(glob(pattern, 0, NULL, found), 0);
	assert_true(found->gl_pathc > 3);
}

static void good_files_load_and_dump_to_the_same(void **state)
{
	struct buf once, twice;
	struct scratch s;
	glob_t found;

	scratch_open(&s);
	buf_init(&once);
	buf_init(&twice);
	files("good/*.conf", &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (!load_print(found.gl_pathv[i], &once))
			fail_msg("%s does not load:\n%s", found.gl_pathv[i], buf_cstr(&once));
		scratch_puts(&s, "dump.conf", buf_cstr(&once));
		if (!load_print(scratch_path(&s, "dump.conf"), &twice))
			fail_msg("the dump of %s does not load:\n%s", found.gl_pathv[i],
				 buf_cstr(&twice));
		assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
	}
	globfree(&found);
	buf_fini(&once);
	buf_fini(&twice);
	scratch_close(&s);
}

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	buf_clear(out);
	if (f == NULL)
		return;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(out, piece, n);
	fclose(f);
}

static void expect_path(const char *conf, char *out, size_t size)
{
	snprintf(out, size, "%.*s.expect", (int)(strlen(conf) - strlen(".conf")), conf);
}

static void check_bad(const char *path)
{
	struct buf got, expected;
	char beside[512];

	buf_init(&got);
	buf_init(&expected);
	expect_path(path, beside, sizeof(beside));
	if (load_print(path, &got))
		fail_msg("%s loads, and should not", path);
	if (getenv("CONF_GOLDEN_UPDATE") != NULL) {
		FILE *f = fopen(beside, "w");

		assert_non_null(f);
		fputs(buf_cstr(&got), f);
		fclose(f);
	}
	read_file(beside, &expected);
	if (strcmp(buf_cstr(&got), buf_cstr(&expected)) != 0)
		fail_msg("%s: got\n%s\nexpected\n%s", path, buf_cstr(&got), buf_cstr(&expected));
	buf_fini(&got);
	buf_fini(&expected);
}

static void bad_files_are_refused_with_their_messages(void **state)
{
	glob_t found;

	files("bad/*.conf", &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_bad(found.gl_pathv[i]);
	globfree(&found);
}

static const char *block_file_name(const struct block *b)
{
	return b == &BLOCK_TOP ? "top" : b->title;
}

static void every_directive_has_a_bad_file(void **state)
{
	char path[256];

	assert_int_equal(chdir(CONF_TEST_DIR), 0);
	for (unsigned b = 0; BLOCKS[b] != NULL; b++) {
		for (unsigned i = 0; i < BLOCKS[b]->n_rows; i++) {
			snprintf(path, sizeof(path), "bad/%s-%s.conf", block_file_name(BLOCKS[b]),
				 BLOCKS[b]->rows[i].word);
			if (access(path, R_OK) != 0)
				fail_msg("there is no %s", path);
		}
	}
}

/* The text has `word` as a whole word. */
static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p += n)
		if ((p == text || strchr(" \n{", p[-1]) != NULL) && strchr(" ;{", p[n]) != NULL)
			return true;
	return false;
}

static void every_directive_is_in_the_file_of_everything(void **state)
{
	struct buf text;

	buf_init(&text);
	assert_int_equal(chdir(CONF_TEST_DIR), 0);
	read_file("good/everything.conf", &text);
	for (unsigned b = 0; BLOCKS[b] != NULL; b++)
		for (unsigned i = 0; i < BLOCKS[b]->n_rows; i++)
			if (!has_word(buf_cstr(&text), BLOCKS[b]->rows[i].word))
				fail_msg("good/everything.conf lacks %s of %s",
					 BLOCKS[b]->rows[i].word, BLOCKS[b]->title);
	buf_fini(&text);
}

static void the_reference_has_every_directive(void **state)
{
	struct buf text;
	char bold[64];

	buf_init(&text);
	conf_reference(&text);
	for (unsigned b = 0; BLOCKS[b] != NULL; b++) {
		for (unsigned i = 0; i < BLOCKS[b]->n_rows; i++) {
			const struct directive *row = &BLOCKS[b]->rows[i];

			assert_non_null(row->help);
			assert_non_null(row->args);
			snprintf(bold, sizeof(bold), ".TP\n\\fB%s\\fR ", row->word);
			assert_non_null(strstr(buf_cstr(&text), bold));
		}
	}
	assert_non_null(strstr(buf_cstr(&text), "From 1ms to 1d.\nDefault: 2s.\n"));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files_load_and_dump_to_the_same),
		cmocka_unit_test(bad_files_are_refused_with_their_messages),
		cmocka_unit_test(every_directive_has_a_bad_file),
		cmocka_unit_test(every_directive_is_in_the_file_of_everything),
		cmocka_unit_test(the_reference_has_every_directive),
	};

	setenv("AORTA_TEST_ADDR", "10.0.0.7:80", 1);
	unsetenv("AORTA_TEST_UNSET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
