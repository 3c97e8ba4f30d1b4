/* SPDX-License-Identifier: MIT */
/*
 * The rise/fall counter against a model that knows no counter: it reads the whole string of
 * results anew and looks for runs. All strings up to 12 results, rise and fall up to 5, all
 * three ways to a first verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "health/rise_fall.h"

#define LONGEST	  12
#define THRESHOLD 5

enum said { NOTHING, UP, DOWN };

struct model {
	enum said verdict;
	unsigned run;  /* results against the verdict in a row, at the end */
	bool run_pass; /* before a verdict: what the run consists of */
};

/* Length of the run of `c` that ends at s[n-1], not looking before s[from]. */
static unsigned run_at(const char *s, unsigned from, unsigned n, char c)
{
	unsigned k = 0;

	while (n > from && s[n - 1] == c) {
		n--;
		k++;
	}
	return k;
}

/* How many of `c` in a row make a first verdict. */
static unsigned first_needs(enum rise_fall_start start, char c, unsigned rise, unsigned fall)
{
	if (start == RISE_FALL_FIRST_DECIDES)
		return 1;
	if (c == 'P')
		return start == RISE_FALL_TRUSTED ? 1 : rise;
	return fall;
}

/* The end of the first verdict's string, 0 when there is none yet. */
static unsigned first_end(enum rise_fall_start start, const char *s, unsigned n, unsigned rise,
			  unsigned fall)
{
	unsigned i;

	for (i = 1; i <= n; i++)
		if (run_at(s, 0, i, s[i - 1]) >= first_needs(start, s[i - 1], rise, fall))
			return i;
	return 0;
}

static struct model model_of(enum rise_fall_start start, const char *s, unsigned n, unsigned rise,
			     unsigned fall)
{
	unsigned since = first_end(start, s, n, rise, fall);
	unsigned i;
	struct model m = { NOTHING, 0, false };

	if (since == 0) {
		m.run = n ? run_at(s, 0, n, s[n - 1]) : 0;
		m.run_pass = n && s[n - 1] == 'P';
		return m;
	}
	m.verdict = s[since - 1] == 'P' ? UP : DOWN;
	for (i = since + 1; i <= n; i++) {
		if (m.verdict == UP && run_at(s, since, i, 'F') == fall) {
			m.verdict = DOWN;
			since = i;
		} else if (m.verdict == DOWN && run_at(s, since, i, 'P') == rise) {
			m.verdict = UP;
			since = i;
		}
	}
	m.run = run_at(s, since, n, m.verdict == UP ? 'F' : 'P');
	return m;
}

static void check(enum rise_fall_start start, const struct rise_fall *c, const char *s, unsigned n,
		  unsigned rise, unsigned fall)
{
	struct model m = model_of(start, s, n, rise, fall);
	bool agree;

	agree = c->judged == (m.verdict != NOTHING) && rise_fall_passing(c) == (m.verdict == UP) &&
		c->h < rise + fall;
	if (m.verdict == UP)
		agree = agree && c->h == rise + fall - 1 - m.run &&
			rise_fall_confidence(c) == (m.run ? IN_DOUBT : SURE_UP);
	else if (m.verdict == DOWN)
		agree = agree && c->h == m.run &&
			rise_fall_confidence(c) == (m.run ? IN_DOUBT : SURE_DOWN);
	else
		agree = agree && rise_fall_confidence(c) == IN_DOUBT;
	if (!agree)
		fail_msg("start %d rise %u fall %u after \"%.*s\": h %u judged %d, model %d run %u",
			 (int)start, rise, fall, (int)n, s, c->h, c->judged, (int)m.verdict, m.run);
}

static void walk(enum rise_fall_start start, struct rise_fall c, char *s, unsigned n, unsigned rise,
		 unsigned fall)
{
	struct rise_fall next;

	check(start, &c, s, n, rise, fall);
	if (n == LONGEST)
		return;
	next = c;
	s[n] = 'P';
	rise_fall_pass(&next);
	walk(start, next, s, n + 1, rise, fall);
	next = c;
	s[n] = 'F';
	rise_fall_fail(&next);
	walk(start, next, s, n + 1, rise, fall);
}

static void agrees_with_the_model_on_all_strings(void **state)
{
	char s[LONGEST];
	unsigned rise, fall;
	int start;

	for (start = RISE_FALL_FIRST_DECIDES; start <= RISE_FALL_WITHHELD; start++)
		for (rise = 1; rise <= THRESHOLD; rise++)
			for (fall = 1; fall <= THRESHOLD; fall++) {
				struct rise_fall c;

				rise_fall_init(&c, (enum rise_fall_start)start, rise, fall);
				walk((enum rise_fall_start)start, c, s, 0, rise, fall);
			}
}

/* The transition itself comes exactly when `needed` said it would. */
static void needed_tells_how_many(void **state)
{
	unsigned rise, fall, i, before;

	for (rise = 1; rise <= THRESHOLD; rise++)
		for (fall = 1; fall <= THRESHOLD; fall++) {
			struct rise_fall c;

			rise_fall_init(&c, RISE_FALL_FIRST_DECIDES, rise, fall);
			assert_int_equal(rise_fall_needed(&c, true), 1);
			rise_fall_pass(&c);
			assert_int_equal(rise_fall_needed(&c, true), 0);
			before = rise_fall_needed(&c, false);
			for (i = 0; rise_fall_passing(&c); i++)
				rise_fall_fail(&c);
			assert_int_equal(i, before);
			assert_int_equal(rise_fall_needed(&c, false), 0);
			before = rise_fall_needed(&c, true);
			for (i = 0; !rise_fall_passing(&c); i++)
				rise_fall_pass(&c);
			assert_int_equal(i, before);
		}
}

static void mark_down_downs_from_anywhere(void **state)
{
	unsigned rise, fall, h, i;

	for (rise = 1; rise <= THRESHOLD; rise++)
		for (fall = 1; fall <= THRESHOLD; fall++)
			for (h = 0; h < rise + fall; h++) {
				struct rise_fall c;

				rise_fall_init(&c, RISE_FALL_FIRST_DECIDES, rise, fall);
				c.judged = true;
				c.h = h;
				rise_fall_mark_down(&c);
				assert_int_equal(c.h, 0);
				assert_int_equal(rise_fall_confidence(&c), SURE_DOWN);
				for (i = 0; i < rise; i++) {
					assert_false(rise_fall_passing(&c));
					rise_fall_pass(&c);
				}
				assert_true(rise_fall_passing(&c));
			}
}

static void an_inherited_pass_falls_at_the_first_failure(void **state)
{
	struct rise_fall c;

	rise_fall_init(&c, RISE_FALL_FIRST_DECIDES, 2, 3);
	rise_fall_inherit_up(&c);
	assert_true(rise_fall_passing(&c));
	rise_fall_fail(&c);
	assert_false(rise_fall_passing(&c));
	assert_int_equal(c.h, 0);
}

/* New thresholds never change the verdict, nor leave the range. */
static void resize_keeps_the_verdict(void **state)
{
	unsigned r1, f1, r2, f2, h;

	for (r1 = 1; r1 <= THRESHOLD; r1++)
		for (f1 = 1; f1 <= THRESHOLD; f1++)
			for (r2 = 1; r2 <= THRESHOLD; r2++)
				for (f2 = 1; f2 <= THRESHOLD; f2++)
					for (h = 0; h < r1 + f1; h++) {
						struct rise_fall c;
						bool sure, up;

						rise_fall_init(&c, RISE_FALL_FIRST_DECIDES, r1, f1);
						c.judged = true;
						c.h = h;
						up = rise_fall_passing(&c);
						sure = rise_fall_confidence(&c) != IN_DOUBT;
						rise_fall_resize(&c, r2, f2);
						assert_int_equal(rise_fall_passing(&c), up);
						assert_true(c.h < r2 + f2);
						if (sure)
							assert_int_not_equal(
								rise_fall_confidence(&c), IN_DOUBT);
					}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_model_on_all_strings),
		cmocka_unit_test(needed_tells_how_many),
		cmocka_unit_test(mark_down_downs_from_anywhere),
		cmocka_unit_test(an_inherited_pass_falls_at_the_first_failure),
		cmocka_unit_test(resize_keeps_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
