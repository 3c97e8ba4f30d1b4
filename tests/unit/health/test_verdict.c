/* SPDX-License-Identifier: MIT */
/*
 * The verdict over all combinations of its inputs, against a table of rules written out: the
 * first row that fits decides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aorta/assert.h"
#include "health/verdict.h"

#define ANY (-1)

struct rule {
	int admin, removed, startup, readiness, liveness;
	enum member_state state;
	enum evidence_source source;
};

static const struct rule rules[] = {
	/* operators and the file */
	{ ADMIN_MAINT, ANY, ANY, ANY, ANY, MEMBER_MAINT, SOURCE_ADMIN },
	{ ANY, true, ANY, ANY, ANY, MEMBER_DRAINING, SOURCE_CONFIG },
	{ ADMIN_DRAIN, false, ANY, ANY, ANY, MEMBER_DRAINING, SOURCE_ADMIN },
	/* startup comes before the others */
	{ ADMIN_READY, false, ROLE_UNKNOWN, ANY, ANY, MEMBER_CHECKING, SOURCE_STARTUP },
	{ ADMIN_READY, false, ROLE_FAILING, ANY, ANY, MEMBER_DOWN, SOURCE_STARTUP },
	/* readiness routes, whatever liveness says */
	{ ADMIN_READY, false, ANY, ROLE_UNKNOWN, ANY, MEMBER_CHECKING, SOURCE_READINESS },
	{ ADMIN_READY, false, ANY, ROLE_PASSING, ANY, MEMBER_UP, SOURCE_READINESS },
	{ ADMIN_READY, false, ANY, ROLE_FAILING, ANY, MEMBER_DOWN, SOURCE_READINESS },
	/* nobody judges */
	{ ADMIN_READY, false, ROLE_PASSING, ROLE_ABSENT, ANY, MEMBER_UP, SOURCE_STARTUP },
	{ ADMIN_READY, false, ROLE_ABSENT, ROLE_ABSENT, ANY, MEMBER_UP, SOURCE_CONFIG },
};

static bool fits(int want, int is)
{
	return want == ANY || want == is;
}

static const struct rule *rule_for(const struct verdict_input *in)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++)
		if (fits(rules[i].admin, (int)in->admin) && fits(rules[i].removed, in->removed) &&
		    fits(rules[i].startup, (int)in->roles[ROLE_STARTUP]) &&
		    fits(rules[i].readiness, (int)in->roles[ROLE_READINESS]) &&
		    fits(rules[i].liveness, (int)in->roles[ROLE_LIVENESS]))
			return &rules[i];
	return NULL;
}

static void every_combination_follows_the_table(void **state)
{
	const int of_admin = 3, of_removed = 2, of_role = 4;
	int i, n = of_admin * of_removed * of_role * of_role * of_role;

	for (i = 0; i < n; i++) {
		struct verdict_input in;
		const struct rule *r;
		struct verdict v;
		int k = i;

		in.admin = (enum admin_state)(k % of_admin);
		k /= of_admin;
		in.removed = k % of_removed;
		k /= of_removed;
		in.roles[ROLE_STARTUP] = (enum role_verdict)(k % of_role);
		k /= of_role;
		in.roles[ROLE_READINESS] = (enum role_verdict)(k % of_role);
		k /= of_role;
		in.roles[ROLE_LIVENESS] = (enum role_verdict)k;
		r = rule_for(&in);
		assert_non_null(r);
		v = verdict_of(&in);
		assert_int_equal(v.state, r->state);
		assert_int_equal(v.source, r->source);
	}
}

static void startup_holds_the_others_back_until_it_passes(void **state)
{
	struct verdict_input in = { .admin = ADMIN_READY };

	in.roles[ROLE_STARTUP] = ROLE_ABSENT;
	assert_false(verdict_holds_back(&in));
	in.roles[ROLE_STARTUP] = ROLE_UNKNOWN;
	assert_true(verdict_holds_back(&in));
	in.roles[ROLE_STARTUP] = ROLE_FAILING;
	assert_true(verdict_holds_back(&in));
	in.roles[ROLE_STARTUP] = ROLE_PASSING;
	assert_false(verdict_holds_back(&in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_follows_the_table),
		cmocka_unit_test(startup_holds_the_others_back_until_it_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
