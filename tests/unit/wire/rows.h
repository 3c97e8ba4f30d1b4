/* SPDX-License-Identifier: MIT */
/*
 * A table of raw messages: the section of the RFC that decides, the bytes, and the verdict. Each
 * is parsed whole, with bytes after it, and at every prefix, from memory of exactly that size.
 */
#ifndef AORTA_TEST_WIRE_ROWS_H
#define AORTA_TEST_WIRE_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aorta/assert.h"
#include "aorta/http1.h"

struct row {
	const char *section; /* RFC and section */
	struct slice raw;
	enum http1_result result;
	enum http1_error error;
};

#define OK(section, raw)                                                                           \
	{                                                                                          \
		section, SLICE_INIT(raw), HTTP1_DONE, HTTP1_E_NONE                                 \
	}
#define MORE(section, raw)                                                                         \
	{                                                                                          \
		section, SLICE_INIT(raw), HTTP1_MORE, HTTP1_E_NONE                                 \
	}
#define BAD(section, error, raw)                                                                   \
	{                                                                                          \
		section, SLICE_INIT(raw), HTTP1_BAD, HTTP1_E_##error                               \
	}

/* Parses, as a request or as a response, and hands back the head. */
typedef enum http1_result rows_parse_fn(const char *p, size_t n, struct http1_head **head);

/* Parses a copy in memory of exactly `n` bytes, so that a sanitizer sees a read past it. */
static inline enum http1_result rows_parse_copy(rows_parse_fn *parse, struct slice raw,
						enum http1_error *error, uint32_t *len)
{
	char *copy = malloc(raw.n ? raw.n : 1);
	struct http1_head *head;
	enum http1_result result;

	assert_non_null(copy);
	if (raw.n)
		memcpy(copy, raw.p, raw.n);
	result = parse(copy, raw.n, &head);
	*error = head->error;
	*len = head->len;
	free(copy);
	return result;
}

static inline void rows_fail(const struct row *row, const char *what, size_t n,
			     enum http1_result result, enum http1_error error)
{
	print_error("%s: %s at %zu bytes: result %d (%s)\n%.*s\n", row->section, what, n,
		    (int)result, http1_error_text(error), SLICE_ARG(row->raw));
	fail();
}

/* A prefix of a good head is MORE; of a bad one MORE, then BAD for the same reason. */
static inline void rows_check_prefixes(rows_parse_fn *parse, const struct row *row)
{
	bool bad_seen = false;

	for (size_t n = 0; n < row->raw.n; n++) {
		enum http1_error error;
		uint32_t len;
		enum http1_result result =
			rows_parse_copy(parse, slice_of(row->raw.p, n), &error, &len);
		bool bad = result == HTTP1_BAD && row->result == HTTP1_BAD && error == row->error;

		if (result == HTTP1_MORE ? bad_seen : !bad)
			rows_fail(row, "prefix", n, result, error);
		bad_seen = bad;
	}
}

static inline void rows_check_whole(rows_parse_fn *parse, const struct row *row)
{
	enum http1_error error;
	uint32_t len;
	enum http1_result result = rows_parse_copy(parse, row->raw, &error, &len);

	if (result != row->result || error != row->error)
		rows_fail(row, "whole", row->raw.n, result, error);
	if (result == HTTP1_DONE)
		assert_int_equal(len, row->raw.n);
}

/* What follows a head, here the worst that could, does not touch its verdict. */
static inline void rows_check_followed(rows_parse_fn *parse, const struct row *row)
{
	static const char after[] = "\0\r\n\n GET / HTTP/1.1\r\nHost: other\r\n\r\n";
	size_t n = row->raw.n + sizeof(after);
	char *text = malloc(n);
	enum http1_error error;
	enum http1_result result;
	uint32_t len;

	assert_non_null(text);
	memcpy(text, row->raw.p, row->raw.n);
	memcpy(text + row->raw.n, after, sizeof(after));
	result = rows_parse_copy(parse, slice_of(text, n), &error, &len);
	free(text);
	if (result != row->result || error != row->error)
		rows_fail(row, "followed", n, result, error);
	if (result == HTTP1_DONE)
		assert_int_equal(len, row->raw.n);
}

static inline void rows_check(rows_parse_fn *parse, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rows_check_whole(parse, &rows[i]);
		rows_check_prefixes(parse, &rows[i]);
		if (rows[i].result != HTTP1_MORE)
			rows_check_followed(parse, &rows[i]);
	}
}

#endif
