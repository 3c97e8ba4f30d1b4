/* SPDX-License-Identifier: MIT */
/*
 * A slice: a borrowed run of bytes with its length. It owns nothing, need not end in NUL, and
 * is valid as long as the memory that it was cut from. Pure; any thread.
 */
#ifndef AORTA_SLICE_H
#define AORTA_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p; /* borrows; may be NULL only when n is 0 */
	size_t n;      /* bytes */
};

/* printf("%.*s", SLICE_ARG(s)) */
#define SLICE_ARG(s)   ((int)(s).n), ((s).n ? (s).p : "")
#define SLICE_LIT(lit) ((struct slice){ "" lit, sizeof(lit) - 1 })
#define SLICE_INIT(lit)                                                                            \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){ p, n };
}

/* The slice of a NUL-terminated string; an empty slice for NULL. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equality without regard to ASCII case. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
/* `s` without leading and trailing spaces and tabs (RFC 9110 5.6.3, OWS). */
struct slice slice_trim(struct slice s);
/* The whole of `s` as a decimal number; false when empty, not all digits, or over UINT64_MAX. */
bool slice_u64(struct slice s, uint64_t *out);
/*
 * Cuts the next element off a comma-separated list (RFC 9110 5.6.1), trimmed; empty elements
 * are passed over. False when there is none left.
 */
bool slice_next_token(struct slice *list, struct slice *out);

#endif
