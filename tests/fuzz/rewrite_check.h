/* SPDX-License-Identifier: MIT */
/*
 * What must hold between a head and its rewritten form, by the bytes alone: the rewritten one is
 * parsed again and compared. Shared by tests/unit/proxy/test_rewrite and tests/fuzz/fuzz_rewrite.
 * Each check returns what does not hold, or NULL.
 */
#ifndef AORTA_TEST_REWRITE_CHECK_H
#define AORTA_TEST_REWRITE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "proxy/rewrite.h"

#define REWRITE_CHECK(cond)                                                                        \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return #cond;                                                              \
	} while (0)

/* The longest address that a peer can have (INET6_ADDRSTRLEN - 1). */
#define REWRITE_CLIENT SLICE_LIT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
#define REWRITE_SCHEME SLICE_LIT("http")

/* RFC 9110 7.6.1, and the two of old; written down here once more on purpose. */
static inline bool rewrite_hop_by_hop(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("Connection"), SLICE_INIT("Proxy-Connection"),
		SLICE_INIT("Keep-Alive"), SLICE_INIT("TE"),
		SLICE_INIT("Trailer"),	  SLICE_INIT("Transfer-Encoding"),
		SLICE_INIT("Upgrade"),
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_ieq(name, names[i]))
			return true;
	return false;
}

static inline bool rewrite_line_is(const struct http1_head *h, unsigned i, const char *name)
{
	return slice_ieq(http1_name(h, &h->headers[i]), slice_str(name));
}

static inline bool rewrite_line_is_forwarded(const struct http1_head *h, unsigned i)
{
	return rewrite_line_is(h, i, "X-Forwarded-For") ||
	       rewrite_line_is(h, i, "X-Forwarded-Host") ||
	       rewrite_line_is(h, i, "X-Forwarded-Proto");
}

static inline struct slice rewrite_line(const struct http1_head *h, unsigned i)
{
	return slice_of(h->base + h->headers[i].line, h->headers[i].end - h->headers[i].line);
}

/* The line of `h` at *at is exactly this one; steps over it. */
static inline bool rewrite_next_is(const struct http1_head *h, unsigned *at, const char *name,
				   struct slice value)
{
	unsigned i = *at;

	if (i >= h->n_headers || !rewrite_line_is(h, i, name))
		return false;
	*at = i + 1;
	return slice_eq(http1_value(h, &h->headers[i]), value);
}

/* Steps over X-Forwarded-For, which joins those of `was` and ends with the client. */
static inline bool rewrite_next_is_for(const struct http1_head *h, unsigned *at,
				       const struct http1_head *was, struct slice client)
{
	unsigned i = (*at)++;
	struct slice rest;

	if (i >= h->n_headers || !rewrite_line_is(h, i, "X-Forwarded-For"))
		return false;
	rest = http1_value(h, &h->headers[i]);
	for (unsigned k = 0; k < was->n_headers; k++) {
		struct slice value = http1_value(was, &was->headers[k]);

		if (!rewrite_line_is(was, k, "X-Forwarded-For") || value.n == 0)
			continue;
		if (!slice_starts(rest, value))
			return false;
		rest = slice_of(rest.p + value.n, rest.n - value.n);
		if (!slice_starts(rest, SLICE_LIT(", ")))
			return false;
		rest = slice_of(rest.p + 2, rest.n - 2);
	}
	return slice_eq(rest, client);
}

/* Nothing of the connection that it came on, but for our own chunked marker. */
static inline const char *rewrite_check_end_to_end(const struct http1_head *h, bool chunked)
{
	unsigned markers = 0;

	for (unsigned i = 0; i < h->n_headers; i++) {
		if (rewrite_line_is(h, i, "Transfer-Encoding"))
			markers++;
		else
			REWRITE_CHECK(!rewrite_hop_by_hop(http1_name(h, &h->headers[i])));
	}
	REWRITE_CHECK(markers == (chunked ? 1 : 0));
	REWRITE_CHECK(h->chunked == chunked);
	REWRITE_CHECK(!h->close && !h->keep_alive && !h->connection_upgrade);
	return NULL;
}

/* Nobody had a reason to touch this line. */
static inline bool rewrite_stays(const struct http1_head *was, unsigned i,
				 const struct http1_request *request)
{
	if (was->headers[i].drop || rewrite_hop_by_hop(http1_name(was, &was->headers[i])))
		return false;
	if (!request)
		return true;
	if (rewrite_line_is_forwarded(was, i))
		return false;
	if (request->absolute && rewrite_line_is(was, i, "Host"))
		return false;
	/* HTTP/1.0 has no expectations: what stands there means nothing. */
	return was->minor > 0 || !rewrite_line_is(was, i, "Expect");
}

/* Content-Length as everybody reads it: one blank, digits without zeros in front. */
static inline bool rewrite_length_is_plain(const struct http1_head *h, unsigned i)
{
	char plain[64];
	struct slice line = rewrite_line(h, i);
	size_t n = h->headers[i].name_len;

	snprintf(plain, sizeof(plain), ": %llu\r\n", (unsigned long long)h->length);
	return slice_eq(slice_of(line.p + n, line.n - n), slice_str(plain));
}

/*
 * Steps over the lines that stayed, byte for byte and in their order; behind them a length that
 * was written in an odd way.
 */
static inline const char *rewrite_check_kept(const struct http1_head *h, unsigned *at,
					     const struct http1_head *was,
					     const struct http1_request *request)
{
	bool odd = false;

	for (unsigned i = 0; i < was->n_headers; i++) {
		if (!rewrite_stays(was, i, request))
			continue;
		if (rewrite_line_is(was, i, "Content-Length") && !rewrite_length_is_plain(was, i)) {
			odd = true;
			continue;
		}
		REWRITE_CHECK(*at < h->n_headers);
		REWRITE_CHECK(slice_eq(rewrite_line(h, *at), rewrite_line(was, i)));
		++*at;
	}
	if (odd) {
		REWRITE_CHECK(*at < h->n_headers && rewrite_length_is_plain(h, *at));
		REWRITE_CHECK(rewrite_line_is(h, *at, "Content-Length"));
		++*at;
	}
	return NULL;
}

static inline const char *rewrite_check_same_request(const struct http1_request *is,
						     const struct http1_request *was)
{
	REWRITE_CHECK(is->method == was->method);
	REWRITE_CHECK(slice_eq(is->method_text, was->method_text));
	REWRITE_CHECK(slice_eq(is->path, was->path));
	REWRITE_CHECK(slice_eq(is->path_query, was->path_query));
	REWRITE_CHECK(slice_eq(is->target, is->path_query) && !is->absolute);
	REWRITE_CHECK(slice_eq(is->host, was->host));
	REWRITE_CHECK(is->head.has_length == was->head.has_length);
	REWRITE_CHECK(is->head.length == was->head.length);
	REWRITE_CHECK(is->expect_continue == was->expect_continue);
	/* Ours is HTTP/1.1, which without a host is no valid request. */
	REWRITE_CHECK(is->head.minor == (was->host.n ? 1 : 0));
	return NULL;
}

static inline const char *rewrite_check_request_lines(const struct http1_request *is,
						      const struct http1_request *was)
{
	const struct http1_head *h = &is->head;
	const char *wrong;
	unsigned at = 0;

	if (was->absolute)
		REWRITE_CHECK(rewrite_next_is(h, &at, "Host", was->host));
	wrong = rewrite_check_kept(h, &at, &was->head, was);
	if (wrong)
		return wrong;
	if (was->head.chunked)
		REWRITE_CHECK(rewrite_next_is(h, &at, "Transfer-Encoding", SLICE_LIT("chunked")));
	REWRITE_CHECK(rewrite_next_is_for(h, &at, &was->head, REWRITE_CLIENT));
	REWRITE_CHECK(rewrite_next_is(h, &at, "X-Forwarded-Proto", REWRITE_SCHEME));
	if (was->host.n)
		REWRITE_CHECK(rewrite_next_is(h, &at, "X-Forwarded-Host", was->host));
	REWRITE_CHECK(rewrite_next_is(
		h, &at, "Via", was->head.minor ? SLICE_LIT("1.1 aorta") : SLICE_LIT("1.0 aorta")));
	REWRITE_CHECK(at == h->n_headers);
	return NULL;
}

/* We add up to five lines, so a head near our own parser's limit may go beyond it. */
#define REWRITE_LINES_ADDED 5

static inline bool rewrite_too_many(const struct http1_head *is, const struct http1_head *was)
{
	return is->error == HTTP1_E_TOO_MANY_HEADERS &&
	       was->n_headers + REWRITE_LINES_ADDED > HTTP1_HEADERS_MAX;
}

static inline const char *rewrite_check_request_bytes(const struct http1_request *was,
						      struct slice out)
{
	static struct http1_request is;
	const char *wrong;

	if (http1_parse_request(&is, out.p, out.n) != HTTP1_DONE) {
		REWRITE_CHECK(rewrite_too_many(&is.head, &was->head));
		return NULL;
	}
	REWRITE_CHECK(is.head.len == out.n);
	wrong = rewrite_check_same_request(&is, was);
	if (!wrong)
		wrong = rewrite_check_end_to_end(&is.head, was->head.chunked);
	return wrong ? wrong : rewrite_check_request_lines(&is, was);
}

/* Rewrites into memory of exactly the promised room, so that a sanitizer sees a byte more. */
static inline const char *rewrite_check_request(const struct http1_request *was)
{
	size_t room = was->head.len + was->host.n + REWRITE_EXTRA;
	char *out = malloc(room);
	const char *wrong = NULL;
	size_t n;

	AORTA_ASSERT(out != NULL);
	n = rewrite_request(out, was, REWRITE_CLIENT, REWRITE_SCHEME);
	if (n > room)
		wrong = "the rewritten request fits its room";
	else if (was->method != HTTP1_CONNECT) /* refused before it would be sent */
		wrong = rewrite_check_request_bytes(was, slice_of(out, n));
	free(out);
	return wrong;
}

static inline const char *rewrite_check_answer_bytes(const struct http1_response *was,
						     const struct rewrite_answer *how,
						     struct slice out)
{
	static struct http1_response is;
	struct http1_head *h = &is.head;
	bool via = false;
	const char *wrong;
	unsigned at = 0;

	if (http1_parse_response(&is, out.p, out.n) != HTTP1_DONE) {
		REWRITE_CHECK(rewrite_too_many(h, &was->head));
		return NULL;
	}
	REWRITE_CHECK(h->len == out.n && h->minor == 1);
	REWRITE_CHECK(is.status == was->status && slice_eq(is.reason, was->reason));
	REWRITE_CHECK(h->has_length == was->head.has_length && h->length == was->head.length);
	wrong = rewrite_check_kept(h, &at, &was->head, NULL);
	if (wrong)
		return wrong;
	if (how)
		via = rewrite_next_is(h, &at, "Via",
				      was->head.minor ? SLICE_LIT("1.1 aorta")
						      : SLICE_LIT("1.0 aorta"));
	REWRITE_CHECK(via == (how != NULL));
	if (how && how->chunked)
		REWRITE_CHECK(rewrite_next_is(h, &at, "Transfer-Encoding", SLICE_LIT("chunked")));
	if (how && how->close)
		REWRITE_CHECK(rewrite_next_is(h, &at, "Connection", SLICE_LIT("close")));
	else if (how && how->keep_alive)
		REWRITE_CHECK(rewrite_next_is(h, &at, "Connection", SLICE_LIT("keep-alive")));
	REWRITE_CHECK(at == h->n_headers);
	REWRITE_CHECK(h->chunked == (how && how->chunked) && !h->connection_upgrade);
	REWRITE_CHECK(h->close == (how && how->close));
	REWRITE_CHECK(h->keep_alive == (how && !how->close && how->keep_alive));
	return NULL;
}

/* As a final answer; `how` NULL: as an interim one. */
static inline const char *rewrite_check_answer(const struct http1_response *was,
					       const struct rewrite_answer *how)
{
	size_t room = was->head.len + REWRITE_EXTRA, n;
	char *out = malloc(room);
	const char *wrong = NULL;

	AORTA_ASSERT(out != NULL);
	n = how ? rewrite_answer(out, was, how) : rewrite_interim(out, was);
	if (n > room)
		wrong = "the rewritten answer fits its room";
	else
		wrong = rewrite_check_answer_bytes(was, how, slice_of(out, n));
	free(out);
	return wrong;
}

/* In each way that the proxy may choose for this answer: never chunks beside a length. */
static inline const char *rewrite_check_answers(const struct http1_response *was)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		struct rewrite_answer how = {
			.chunked = bits & 1,
			.close = bits & 2,
			.keep_alive = bits & 4,
		};
		const char *wrong;

		if (how.chunked && was->head.has_length)
			continue;
		wrong = rewrite_check_answer(was, &how);
		if (wrong)
			return wrong;
	}
	return rewrite_check_answer(was, NULL);
}

#endif
