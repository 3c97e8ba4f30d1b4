/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the HTTP/1 parser share. Each take function reads one part of a head at
 * `*at`, never past `end`, and on DONE moves `*at` just past it; BAD leaves the reason in
 * head.error. They look only forward, so a verdict on a prefix is the verdict on the whole.
 */
#ifndef AORTA_WIRE_HTTP1_PRIVATE_H
#define AORTA_WIRE_HTTP1_PRIVATE_H

#include "aorta/http1.h"

static inline enum http1_result http1_bad(struct http1_head *h, enum http1_error e)
{
	h->error = e;
	return HTTP1_BAD;
}

/* CRLF; a stray CR or LF is LINE_END, another byte is `otherwise`. */
static inline enum http1_result http1_take_crlf(struct http1_head *h, const char **at,
						const char *end, enum http1_error otherwise)
{
	const char *p = *at;

	if (p == end)
		return HTTP1_MORE;
	if (*p != '\r')
		return http1_bad(h, *p == '\n' ? HTTP1_E_LINE_END : otherwise);
	if (p + 1 == end)
		return HTTP1_MORE;
	if (p[1] != '\n')
		return http1_bad(h, HTTP1_E_LINE_END);
	*at = p + 2;
	return HTTP1_DONE;
}

/* http1_start.c: syntax of the first line. */
enum http1_result http1_take_request_line(struct http1_request *r, const char **at,
					  const char *end);
enum http1_result http1_take_status_line(struct http1_response *r, const char **at,
					 const char *end);

/* http1_target.c: sets path, path_query, absolute and, where the target has one, host. */
enum http1_error http1_split_target(struct http1_request *r);

/* http1_fields.c: syntax of the header lines and the empty line. */
enum http1_result http1_take_fields(struct http1_head *h, const char **at, const char *end);

/* http1_semantics.c: what the fields mean, once all are there. */
enum http1_error http1_judge_head(struct http1_head *h);
enum http1_error http1_judge_request(struct http1_request *r);

#endif
