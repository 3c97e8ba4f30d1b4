/* SPDX-License-Identifier: MIT */
/*
 * The query part of a target: percent-decoding and parameters by name. Pure.
 */
#include "route.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool query_decode(struct slice s, bool form, char *out, size_t cap)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		int c = (unsigned char)s.p[i];

		if (c == '%') {
			int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
			int low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		if (c == 0 || n + 1 >= cap)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

/* Cuts "name=value" off the front of `query`; false at the end. */
static bool next_pair(struct slice *query, struct slice *name, struct slice *value)
{
	const char *amp, *eq;
	size_t n;

	if (query->n == 0)
		return false;
	amp = memchr(query->p, '&', query->n);
	n = amp == NULL ? query->n : (size_t)(amp - query->p);
	eq = memchr(query->p, '=', n);
	if (eq == NULL) {
		*name = slice_of(query->p, n);
		*value = slice_of(query->p + n, 0);
	} else {
		*name = slice_of(query->p, (size_t)(eq - query->p));
		*value = slice_of(eq + 1, n - name->n - 1);
	}
	*query = slice_of(query->p + n, query->n - n);
	if (amp != NULL)
		*query = slice_of(query->p + 1, query->n - 1);
	return true;
}

bool query_next(struct slice query, const char *wanted, size_t *at, char *out, size_t cap)
{
	struct slice rest = slice_of(query.p + *at, query.n - *at);
	struct slice name, value;

	while (next_pair(&rest, &name, &value)) {
		*at = query.n - rest.n;
		if (slice_eq(name, slice_str(wanted)) && query_decode(value, true, out, cap))
			return true;
	}
	return false;
}

bool query_get(struct slice query, const char *name, char *out, size_t cap)
{
	size_t at = 0;

	return query.n > 0 && query_next(query, name, &at, out, cap);
}

bool query_has(struct slice query, const char *wanted)
{
	struct slice name, value;

	while (next_pair(&query, &name, &value)) {
		if (slice_eq(name, slice_str(wanted)))
			return true;
	}
	return false;
}

bool query_u64(struct slice query, const char *name, uint64_t otherwise, uint64_t *out)
{
	char text[24];

	*out = otherwise;
	if (!query_has(query, name))
		return true;
	return query_get(query, name, text, sizeof(text)) && slice_u64(slice_str(text), out);
}
