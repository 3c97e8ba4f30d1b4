/* SPDX-License-Identifier: MIT */
/* Authorities: their parts, what is refused, when two are the same. RFC 3986 3.2, 9110 4.2.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aorta/assert.h"
#include "wire/authority.h"

struct row {
	const char *text;
	const char *host; /* NULL: refused */
	int port;	  /* -1: none */
};

static const struct row rows[] = {
	{ "a", "a", -1 },
	{ "a.b:0", "a.b", 0 },
	{ "a:65535", "a", 65535 },
	{ "a:00080", "a", 80 },
	{ "1.2.3.4:5", "1.2.3.4", 5 },
	{ "[::1]", "[::1]", -1 },
	{ "[1:2:3:4:5:6:255.255.255.255]:1", "[1:2:3:4:5:6:255.255.255.255]", 1 },
	{ "%2F%2f", "%2F%2f", -1 },
	{ "", NULL, 0 },
	{ ":", NULL, 0 },
	{ "a:", NULL, 0 },
	{ "a:65536", NULL, 0 },
	{ "a:99999", NULL, 0 },
	{ "a:000080", NULL, 0 },
	{ "a:1:", NULL, 0 },
	{ "a,b", NULL, 0 },
	{ "a@b", NULL, 0 },
	{ "%", NULL, 0 },
	{ "%2", NULL, 0 },
	{ "%g0", NULL, 0 },
	{ "[", NULL, 0 },
	{ "[]", NULL, 0 },
	{ "[::1]:", NULL, 0 },
	{ "[::1", NULL, 0 },
	{ "[::1]1", NULL, 0 },
	{ "[1::2::3]", NULL, 0 },
	{ "[::1%lo]", NULL, 0 },
};

/* The text is followed by bytes that would change it, as digits of an escape or a port would. */
static void test_parts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct authority a;
		char text[64];
		bool good;

		snprintf(text, sizeof(text), "%s00]:1", rows[i].text);
		good = authority_parse(&a, slice_of(text, strlen(rows[i].text)));
		if (good != (rows[i].host != NULL))
			fail_msg("'%s' %s", rows[i].text, good ? "accepted" : "refused");
		if (!good)
			continue;
		assert_true(slice_eq(a.host, slice_str(rows[i].host)));
		assert_int_equal(a.has_port ? a.port : -1, rows[i].port);
	}
}

static void test_refuses_nul_in_brackets(void **state)
{
	struct authority a;

	assert_false(authority_parse(&a, SLICE_LIT("[::1\0]")));
}

static bool same(const char *x, const char *y, uint16_t default_port)
{
	struct authority a, b;

	assert_true(authority_parse(&a, slice_str(x)));
	assert_true(authority_parse(&b, slice_str(y)));
	assert_int_equal(authority_same(&a, &b, default_port),
			 authority_same(&b, &a, default_port));
	return authority_same(&a, &b, default_port);
}

static void test_same(void **state)
{
	assert_true(same("a", "A", 80));
	assert_true(same("a:80", "a", 80));
	assert_true(same("a:443", "a", 443));
	assert_true(same("[::A]:1", "[::a]:01", 80));
	assert_false(same("a:443", "a", 80));
	assert_false(same("a:1", "a:2", 80));
	assert_false(same("a", "b", 80));
	assert_false(same("a", "a.", 80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_refuses_nul_in_brackets),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests_name("wire/authority", tests, NULL, NULL);
}
