/* SPDX-License-Identifier: MIT */
/* Numbers with units, read and printed. Pure: owns nothing, any thread. */
#include "conf/value.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "aorta/assert.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit DURATION_UNITS[] = {
	{ "d", INT64_C(86400000) }, { "h", INT64_C(3600000) }, { "m", INT64_C(60000) },
	{ "s", INT64_C(1000) },	    { "ms", INT64_C(1) },      { NULL, 0 },
};

static const struct unit SIZE_UNITS[] = {
	{ "g", INT64_C(1) << 30 },
	{ "m", INT64_C(1) << 20 },
	{ "k", INT64_C(1) << 10 },
	{ "", 1 },
	{ NULL, 0 },
};

static const struct unit PERCENT_UNITS[] = { { "%", 1 }, { NULL, 0 } };
static const struct unit COUNT_UNITS[] = { { "", 1 }, { NULL, 0 } };

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (; units->name != NULL; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

static enum value_result value_read(const char *text, const struct unit *units, int64_t *out)
{
	const struct unit *unit;
	int64_t n = 0;
	bool big = false;

	if (*text < '0' || *text > '9')
		return VALUE_NOT_NUMBER;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *text - '0', &n))
			big = true;
	unit = unit_find(units, text);
	if (unit == NULL)
		return *text == '\0' ? VALUE_NO_UNIT : VALUE_BAD_UNIT;
	if (big || __builtin_mul_overflow(n, unit->factor, out))
		return VALUE_TOO_BIG;
	return VALUE_OK;
}

enum value_result value_duration(const char *text, int64_t *ms)
{
	return value_read(text, DURATION_UNITS, ms);
}

enum value_result value_size(const char *text, int64_t *bytes)
{
	return value_read(text, SIZE_UNITS, bytes);
}

enum value_result value_percent(const char *text, int64_t *percent)
{
	return value_read(text, PERCENT_UNITS, percent);
}

enum value_result value_count(const char *text, int64_t *n)
{
	return value_read(text, COUNT_UNITS, n);
}

static void value_put(struct buf *b, int64_t n, const struct unit *units)
{
	AORTA_ASSERT(n >= 0);
	while (n % units->factor != 0)
		units++;
	buf_printf(b, "%" PRId64 "%s", n / units->factor, units->name);
}

void value_put_duration(struct buf *b, int64_t ms)
{
	if (ms == 0) /* nothing but the smallest unit reads well here */
		buf_puts(b, "0ms");
	else
		value_put(b, ms, DURATION_UNITS);
}

void value_put_size(struct buf *b, int64_t bytes)
{
	if (bytes == 0)
		buf_puts(b, "0");
	else
		value_put(b, bytes, SIZE_UNITS);
}
