/* SPDX-License-Identifier: MIT */
/* Errors on their way up: messages, causes, and never a byte too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "aorta/err.h"

static void a_message_is_formatted(void **state)
{
	struct err e = { .sys_errno = 7 };

	assert_int_equal(err_set(&e, ERR_CONFIG, "unknown word %s", "memer"), -1);
	assert_int_equal(e.code, ERR_CONFIG);
	assert_int_equal(e.sys_errno, 0);
	assert_string_equal(e.message, "unknown word memer");
}

static void the_system_gives_its_reason(void **state)
{
	struct err e = { 0 };

	errno = EADDRINUSE;
	assert_int_equal(err_sys(&e, "cannot bind %s", "127.0.0.1:80"), -1);
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_int_equal(e.sys_errno, EADDRINUSE);
	assert_string_equal(e.message, "cannot bind 127.0.0.1:80: Address already in use");
	errno = 99999; /* not an error of this system */
	err_sys(&e, "cannot");
	assert_null(strstr(e.message, "null"));
	assert_non_null(strstr(e.message, "99999"));
}

static void causes_are_put_in_front(void **state)
{
	struct err e = { 0 };

	err_set(&e, ERR_LIMIT, "too many");
	assert_int_equal(err_wrap(&e, "pool web"), -1);
	err_wrap(&e, "reload");
	assert_string_equal(e.message, "reload: pool web: too many");
	assert_int_equal(e.code, ERR_LIMIT);
}

static void nobody_needs_to_care(void **state)
{
	assert_int_equal(err_set(NULL, ERR_MEMORY, "x"), -1);
	assert_int_equal(err_sys(NULL, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
}

static void long_messages_are_cut_at_the_field(void **state)
{
	char text[2000];
	struct err e = { 0 };

	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ERR_CONFIG, "%s", text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	errno = ENOENT;
	err_sys(&e, "%s", text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	err_wrap(&e, text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_formatted),
		cmocka_unit_test(the_system_gives_its_reason),
		cmocka_unit_test(causes_are_put_in_front),
		cmocka_unit_test(nobody_needs_to_care),
		cmocka_unit_test(long_messages_are_cut_at_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
