/* SPDX-License-Identifier: MIT */
/* Durations, sizes, shares and counts: read, refused, and printed so that they read back. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aorta/assert.h"
#include "conf/value.h"

typedef enum value_result reader(const char *text, int64_t *out);

struct example {
	reader *read;
	const char *text;
	enum value_result result;
	int64_t value;
};

static const struct example EXAMPLES[] = {
	{ value_duration, "200ms", VALUE_OK, 200 },
	{ value_duration, "2s", VALUE_OK, 2000 },
	{ value_duration, "5m", VALUE_OK, 300000 },
	{ value_duration, "1h", VALUE_OK, 3600000 },
	{ value_duration, "7d", VALUE_OK, 604800000 },
	{ value_duration, "0s", VALUE_OK, 0 },
	{ value_duration, "5", VALUE_NO_UNIT, 0 },
	{ value_duration, "1w", VALUE_BAD_UNIT, 0 },
	{ value_duration, "1.5s", VALUE_BAD_UNIT, 0 },
	{ value_duration, "1S", VALUE_BAD_UNIT, 0 },
	{ value_duration, "", VALUE_NOT_NUMBER, 0 },
	{ value_duration, "s", VALUE_NOT_NUMBER, 0 },
	{ value_duration, "-1s", VALUE_NOT_NUMBER, 0 },
	{ value_duration, "99999999999999d", VALUE_TOO_BIG, 0 },
	{ value_duration, "9223372036854775807ms", VALUE_OK, INT64_MAX },
	{ value_duration, "9223372036854775808ms", VALUE_TOO_BIG, 0 },
	{ value_duration, "99999999999999999999999ms", VALUE_TOO_BIG, 0 },
	{ value_duration, "99999999999999999999999", VALUE_NO_UNIT, 0 },
	{ value_size, "0", VALUE_OK, 0 },
	{ value_size, "300", VALUE_OK, 300 },
	{ value_size, "16k", VALUE_OK, 16384 },
	{ value_size, "64m", VALUE_OK, 67108864 },
	{ value_size, "2g", VALUE_OK, 2147483648 },
	{ value_size, "1t", VALUE_BAD_UNIT, 0 },
	{ value_size, "9999999999999g", VALUE_TOO_BIG, 0 },
	{ value_percent, "40%", VALUE_OK, 40 },
	{ value_percent, "40", VALUE_NO_UNIT, 0 },
	{ value_percent, "%", VALUE_NOT_NUMBER, 0 },
	{ value_count, "300", VALUE_OK, 300 },
	{ value_count, "300k", VALUE_BAD_UNIT, 0 },
	{ value_count, "0x10", VALUE_BAD_UNIT, 0 },
};

static void numbers_are_read_or_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(EXAMPLES); i++) {
		const struct example *e = &EXAMPLES[i];
		int64_t got = -1;

		if (e->read(e->text, &got) != e->result)
			fail_msg("'%s'", e->text);
		if (e->result == VALUE_OK)
			assert_int_equal(got, e->value);
	}
}

static void what_is_printed_reads_back(void **state)
{
	static const int64_t VALUES[] = { 0,	   1,	    999,     1000,     1001,
					  59000,   60000,   90000,   3600000,  86400000,
					  1 << 10, 3 << 20, 1 << 30, INT64_MAX };
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < ARRAY_LEN(VALUES); i++) {
		int64_t got = -1;

		buf_clear(&b);
		value_put_duration(&b, VALUES[i]);
		assert_int_equal(value_duration(buf_cstr(&b), &got), VALUE_OK);
		assert_int_equal(got, VALUES[i]);
		buf_clear(&b);
		value_put_size(&b, VALUES[i]);
		assert_int_equal(value_size(buf_cstr(&b), &got), VALUE_OK);
		assert_int_equal(got, VALUES[i]);
	}
	buf_fini(&b);
}

static void the_largest_exact_unit_is_printed(void **state)
{
	struct buf b;

	buf_init(&b);
	value_put_duration(&b, 90000);
	buf_putc(&b, ' ');
	value_put_duration(&b, 172800000);
	buf_putc(&b, ' ');
	value_put_duration(&b, 1500);
	buf_putc(&b, ' ');
	value_put_size(&b, 16384);
	assert_string_equal(buf_cstr(&b), "90s 2d 1500ms 16k");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_or_refused),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(the_largest_exact_unit_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
