/* SPDX-License-Identifier: MIT */
/*
 * Rewriting heads. The lines to leave out cut the header block into runs; each run is one copy.
 * Callers have checked the room, so that nothing here needs a bound per copy.
 */
#include "proxy/rewrite.h"

#include <stdio.h>
#include <string.h>

/* RFC 9110 7.6.3: our pseudonym, after the version that was received. */
#define VIA_10 "Via: 1.0 aorta\r\n"
#define VIA_11 "Via: 1.1 aorta\r\n"

static char *put(char *out, struct slice s)
{
	if (s.n)
		memcpy(out, s.p, s.n);
	return out + s.n;
}

#define PUT_LIT(out, lit) put(out, SLICE_LIT(lit))

static char *put_via(char *out, const struct http1_head *h)
{
	return h->minor ? PUT_LIT(out, VIA_11) : PUT_LIT(out, VIA_10);
}

/* "Content-Length: 123" in no other spelling: what some parser might read differently we rewrite.
 */
static bool plain_length(const struct http1_head *h, const struct http1_header *x)
{
	return x->value == x->line + x->name_len + 2u && x->end == x->value + x->value_len + 2u &&
	       (x->value_len == 1 || h->base[x->value] != '0');
}

/* The line is not copied but written anew. */
static bool odd_length(const struct http1_head *h, const struct http1_header *x)
{
	return x->id == HTTP1_H_CONTENT_LENGTH && !plain_length(h, x);
}

static char *put_odd_length(char *out, const struct http1_head *h)
{
	const struct http1_header *x = h->has_length ? http1_find(h, HTTP1_H_CONTENT_LENGTH) : NULL;

	if (!x || plain_length(h, x))
		return out;
	return out + snprintf(out, 40, "Content-Length: %llu\r\n", (unsigned long long)h->length);
}

/* Headers of a request that we write ourselves, or not at all. */
static bool request_own(const struct http1_request *r, unsigned id)
{
	switch (id) {
	case HTTP1_H_X_FORWARDED_FOR:
	case HTTP1_H_X_FORWARDED_HOST:
	case HTTP1_H_X_FORWARDED_PROTO:
		return true;
	case HTTP1_H_HOST:
		return r->absolute;
	/* HTTP/1.0 has none: ignored (RFC 9110 10.1.1), and not to come alive in our 1.1. */
	case HTTP1_H_EXPECT:
		return r->head.minor == 0;
	default:
		return false;
	}
}

/* Copies the lines that stay; `own` (may be NULL) names further ones that do not. */
static char *put_lines(char *out, const struct http1_head *h, const struct http1_request *r)
{
	uint32_t from = h->headers_at, at = h->headers_at;

	for (unsigned i = 0; i < h->n_headers; i++) {
		const struct http1_header *x = &h->headers[i];

		if (x->drop || odd_length(h, x) || (r && request_own(r, x->id))) {
			out = put(out, slice_of(h->base + from, at - from));
			from = x->end;
		}
		at = x->end;
	}
	out = put(out, slice_of(h->base + from, at - from));
	return put_odd_length(out, h);
}

/* What earlier hops said comes first, in order, then the peer that we see ourselves. */
static char *put_forwarded_for(char *out, const struct http1_head *h, struct slice client)
{
	out = PUT_LIT(out, "X-Forwarded-For: ");
	for (unsigned i = 0; i < h->n_headers; i++) {
		if (h->headers[i].id != HTTP1_H_X_FORWARDED_FOR || h->headers[i].value_len == 0)
			continue;
		out = put(out, http1_value(h, &h->headers[i]));
		out = PUT_LIT(out, ", ");
	}
	out = put(out, client);
	return PUT_LIT(out, "\r\n");
}

size_t rewrite_request(char *out, const struct http1_request *r, struct slice client,
		       struct slice scheme)
{
	char *at = out;

	at = put(at, r->method_text);
	*at++ = ' ';
	at = put(at, r->path_query);
	/* HTTP/1.1 must have a Host (RFC 9112 3.2); a request of 1.0 that has none stays 1.0. */
	at = r->host.n ? PUT_LIT(at, " HTTP/1.1\r\n") : PUT_LIT(at, " HTTP/1.0\r\n");
	if (r->absolute) {
		at = PUT_LIT(at, "Host: ");
		at = put(at, r->host);
		at = PUT_LIT(at, "\r\n");
	}
	at = put_lines(at, &r->head, r);
	if (r->head.chunked)
		at = PUT_LIT(at, "Transfer-Encoding: chunked\r\n");
	at = put_forwarded_for(at, &r->head, client);
	at = PUT_LIT(at, "X-Forwarded-Proto: ");
	at = put(at, scheme);
	at = PUT_LIT(at, "\r\n");
	if (r->host.n) {
		at = PUT_LIT(at, "X-Forwarded-Host: ");
		at = put(at, r->host);
		at = PUT_LIT(at, "\r\n");
	}
	at = put_via(at, &r->head);
	at = PUT_LIT(at, "\r\n");
	return (size_t)(at - out);
}

/* The status line as we speak it: always HTTP/1.1 (RFC 9112 2.3), the member's own reason. */
static char *put_status_line(char *out, const struct http1_response *r)
{
	out = PUT_LIT(out, "HTTP/1.1 ");
	*out++ = (char)('0' + r->status / 100);
	*out++ = (char)('0' + r->status / 10 % 10);
	*out++ = (char)('0' + r->status % 10);
	*out++ = ' ';
	out = put(out, r->reason);
	return PUT_LIT(out, "\r\n");
}

size_t rewrite_answer(char *out, const struct http1_response *r, const struct rewrite_answer *how)
{
	char *at = put_status_line(out, r);

	at = put_lines(at, &r->head, NULL);
	at = put_via(at, &r->head);
	if (how->chunked)
		at = PUT_LIT(at, "Transfer-Encoding: chunked\r\n");
	if (how->close)
		at = PUT_LIT(at, "Connection: close\r\n");
	else if (how->keep_alive)
		at = PUT_LIT(at, "Connection: keep-alive\r\n");
	at = PUT_LIT(at, "\r\n");
	return (size_t)(at - out);
}

size_t rewrite_interim(char *out, const struct http1_response *r)
{
	char *at = put_status_line(out, r);

	at = put_lines(at, &r->head, NULL);
	at = PUT_LIT(at, "\r\n");
	return (size_t)(at - out);
}
