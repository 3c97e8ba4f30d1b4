/* SPDX-License-Identifier: MIT */
/*
 * The first line of an HTTP/1 head, its syntax only: request line (RFC 9112 3) and status line
 * (RFC 9112 4). Exactly one SP between parts, CRLF at the end. Owns nothing; any thread. Must
 * never refuse the prefix of a line that it would accept.
 */
#include "aorta/assert.h"
#include "wire/http1_private.h"
#include "wire/scan.h"

#define VERSION_LEN 8 /* HTTP/1.1 */
#define STATUS_LEN  3

struct method_row {
	struct slice text;
	enum http1_method method;
};

/* Methods are case-sensitive: RFC 9110 9.1. */
static const struct method_row methods[] = {
	{ SLICE_INIT("GET"), HTTP1_GET },	  { SLICE_INIT("HEAD"), HTTP1_HEAD },
	{ SLICE_INIT("POST"), HTTP1_POST },	  { SLICE_INIT("PUT"), HTTP1_PUT },
	{ SLICE_INIT("DELETE"), HTTP1_DELETE },	  { SLICE_INIT("OPTIONS"), HTTP1_OPTIONS },
	{ SLICE_INIT("TRACE"), HTTP1_TRACE },	  { SLICE_INIT("PATCH"), HTTP1_PATCH },
	{ SLICE_INIT("CONNECT"), HTTP1_CONNECT },
};

static enum http1_method method_find(struct slice text)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (slice_eq(methods[i].text, text))
			return methods[i].method;
	}
	return HTTP1_OTHER;
}

static enum http1_result take_method(struct http1_request *r, const char **at, const char *end)
{
	const char *p = scan_token(*at, end);

	if (p == end)
		return HTTP1_MORE;
	if (p == *at)
		return http1_bad(&r->head, HTTP1_E_METHOD);
	if (*p == '\r' || *p == '\n')
		return http1_bad(&r->head, HTTP1_E_START_LINE);
	if (*p != ' ')
		return http1_bad(&r->head, HTTP1_E_METHOD);
	r->method_text = slice_of(*at, (size_t)(p - *at));
	r->method = method_find(r->method_text);
	*at = p + 1;
	return HTTP1_DONE;
}

static enum http1_result take_target(struct http1_request *r, const char **at, const char *end)
{
	const char *p = scan_target(*at, end);

	if (p == end)
		return HTTP1_MORE;
	if (p == *at && *p == ' ')
		return http1_bad(&r->head, HTTP1_E_START_LINE);
	if (*p == '\r' || *p == '\n')
		return http1_bad(&r->head, HTTP1_E_START_LINE);
	if (*p != ' ')
		return http1_bad(&r->head, HTTP1_E_TARGET);
	r->target = slice_of(*at, (size_t)(p - *at));
	*at = p + 1;
	return HTTP1_DONE;
}

/* `p` has all eight bytes. */
static enum http1_result judge_version(struct http1_head *h, const char *p)
{
	if (memcmp(p, "HTTP/1.", 7) == 0 && (p[7] == '0' || p[7] == '1')) {
		h->minor = (uint8_t)(p[7] - '0');
		return HTTP1_DONE;
	}
	if (memcmp(p, "HTTP/", 5) == 0 && char_digit(p[5]) && p[6] == '.' && char_digit(p[7]))
		return http1_bad(h, HTTP1_E_VERSION);
	return http1_bad(h, HTTP1_E_START_LINE);
}

static enum http1_result take_version(struct http1_head *h, const char **at, const char *end)
{
	static const char name[] = "HTTP/";
	size_t n = (size_t)(end - *at);
	enum http1_result result;

	if (n < VERSION_LEN) {
		if (memcmp(*at, name, n < 5 ? n : 5) != 0)
			return http1_bad(h, HTTP1_E_START_LINE);
		return HTTP1_MORE;
	}
	result = judge_version(h, *at);
	if (result == HTTP1_DONE)
		*at += VERSION_LEN;
	return result;
}

enum http1_result http1_take_request_line(struct http1_request *r, const char **at, const char *end)
{
	enum http1_result result = take_method(r, at, end);

	if (result == HTTP1_DONE)
		result = take_target(r, at, end);
	if (result == HTTP1_DONE)
		result = take_version(&r->head, at, end);
	if (result == HTTP1_DONE)
		result = http1_take_crlf(&r->head, at, end, HTTP1_E_START_LINE);
	return result;
}

static enum http1_result take_sp(struct http1_head *h, const char **at, const char *end)
{
	if (*at == end)
		return HTTP1_MORE;
	if (**at != ' ')
		return http1_bad(h, HTTP1_E_START_LINE);
	(*at)++;
	return HTTP1_DONE;
}

static enum http1_result take_status(struct http1_response *r, const char **at, const char *end)
{
	const char *p = *at;

	for (unsigned i = 0; i < STATUS_LEN; i++, p++) {
		if (p == end)
			return HTTP1_MORE;
		if (!char_digit(*p) || (i == 0 && *p == '0'))
			return http1_bad(&r->head, HTTP1_E_STATUS);
		r->status = r->status * 10 + (unsigned)(*p - '0');
	}
	*at = p;
	return HTTP1_DONE;
}

/* The reason may be empty, and servers are seen to leave out even its SP. */
static enum http1_result take_reason(struct http1_response *r, const char **at, const char *end)
{
	const char *p = *at;
	const char *stop;

	if (p == end)
		return HTTP1_MORE;
	if (*p == '\r' || *p == '\n')
		return http1_take_crlf(&r->head, at, end, HTTP1_E_LINE_END);
	if (*p != ' ')
		return http1_bad(&r->head, HTTP1_E_STATUS);
	stop = scan_field(++p, end);
	r->reason = slice_of(p, (size_t)(stop - p));
	*at = stop;
	return http1_take_crlf(&r->head, at, end, HTTP1_E_LINE_END);
}

enum http1_result http1_take_status_line(struct http1_response *r, const char **at, const char *end)
{
	enum http1_result result = take_version(&r->head, at, end);

	if (result == HTTP1_DONE)
		result = take_sp(&r->head, at, end);
	if (result == HTTP1_DONE)
		result = take_status(r, at, end);
	if (result == HTTP1_DONE)
		result = take_reason(r, at, end);
	return result;
}
