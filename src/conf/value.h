/* SPDX-License-Identifier: MIT */
/* Numbers as they are written: durations, sizes, shares, counts; and back. Pure. */
#ifndef AORTA_CONF_VALUE_H
#define AORTA_CONF_VALUE_H

#include <stdint.h>

#include "aorta/buf.h"

enum value_result {
	VALUE_OK,
	VALUE_NOT_NUMBER, /* does not begin with a digit */
	VALUE_NO_UNIT,	  /* a unit is needed and missing */
	VALUE_BAD_UNIT,	  /* what follows the digits is no unit of this kind */
	VALUE_TOO_BIG,	  /* does not fit in 63 bits */
};

/* "200ms" "2s" "5m" "1h" "7d" in milliseconds. */
enum value_result value_duration(const char *text, int64_t *ms);
/* "300" "16k" "64m" "1g" (powers of 1024) in bytes. */
enum value_result value_size(const char *text, int64_t *bytes);
/* "40%" */
enum value_result value_percent(const char *text, int64_t *percent);
/* "300" */
enum value_result value_count(const char *text, int64_t *n);

/* In the largest unit that says it exactly; reads back to the same value. */
void value_put_duration(struct buf *b, int64_t ms);
void value_put_size(struct buf *b, int64_t bytes);

#endif
