/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1 heads: any bytes, as a request and as a response. Offsets and slices stay within the
 * head; parsing the head alone gives the same; every shorter prefix of a good head is MORE, and
 * the verdict on a prefix of a bad one is the verdict on the whole.
 */
#include "aorta/assert.h"
#include "aorta/http1.h"
#include "fuzz.h"

/* Prefixes tried of one input: all of a short one, an even choice of a long one. */
#define PREFIXES 64

/* Prefixes end where this ends, so that a sanitizer sees a read past them. */
static char scratch[1 << 16];

enum kind { REQUEST, RESPONSE };

union message {
	struct http1_request request;
	struct http1_response response;
};

static enum http1_result parse(enum kind kind, union message *m, const char *p, size_t n)
{
	return kind == REQUEST ? http1_parse_request(&m->request, p, n)
			       : http1_parse_response(&m->response, p, n);
}

/* Both structs start with their head. */
static const struct http1_head *head_of(const union message *m)
{
	return &m->request.head;
}

static void check_slice(const struct http1_head *h, struct slice s)
{
	if (s.n > 0 && s.p >= h->base && s.p < h->base + h->len)
		AORTA_ASSERT(s.n <= (size_t)(h->base + h->len - s.p));
	else
		AORTA_ASSERT(s.n <= 1); /* "", or the parser's own "/" or "*" */
}

static void check_value(const struct http1_head *h, const struct http1_header *x)
{
	struct slice value = http1_value(h, x);

	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		AORTA_ASSERT(c == '\t' || (c >= ' ' && c != 0x7f));
	}
	AORTA_ASSERT(slice_eq(value, slice_trim(value)));
}

/* The lines follow each other without a gap, up to the empty line. */
static void check_headers(const struct http1_head *h)
{
	uint32_t at = h->headers_at;

	AORTA_ASSERT(h->n_headers <= HTTP1_HEADERS_MAX);
	for (unsigned i = 0; i < h->n_headers; i++) {
		const struct http1_header *x = &h->headers[i];

		AORTA_ASSERT(x->line == at && x->name_len > 0 && x->id < HTTP1_H_IDS);
		AORTA_ASSERT(h->base[x->line + x->name_len] == ':');
		AORTA_ASSERT(x->value > x->line + x->name_len);
		AORTA_ASSERT(x->value + x->value_len + 2 <= x->end);
		AORTA_ASSERT(memcmp(h->base + x->end - 2, "\r\n", 2) == 0);
		check_value(h, x);
		at = x->end;
	}
	AORTA_ASSERT(at + 2 == h->len && memcmp(h->base + at, "\r\n", 2) == 0);
}

static unsigned count_id(const struct http1_head *h, enum http1_header_id id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->n_headers; i++)
		n += h->headers[i].id == id;
	return n;
}

/* One length at most, told in one place. */
static void check_framing(const struct http1_head *h)
{
	AORTA_ASSERT(count_id(h, HTTP1_H_CONTENT_LENGTH) == (h->has_length ? 1 : 0));
	AORTA_ASSERT(count_id(h, HTTP1_H_TRANSFER_ENCODING) == (h->chunked ? 1 : 0));
	AORTA_ASSERT(!h->has_length || !h->chunked);
	AORTA_ASSERT(!h->chunked || h->minor == 1);
	AORTA_ASSERT(h->length <= INT64_MAX && (h->has_length || h->length == 0));
}

static void check_request(const struct http1_request *r)
{
	unsigned hosts = count_id(&r->head, HTTP1_H_HOST);

	AORTA_ASSERT(hosts <= 1 && (hosts == 1 || r->head.minor == 0));
	AORTA_ASSERT(r->method_text.n > 0 && r->target.n > 0);
	AORTA_ASSERT(r->host.n > 0 || r->head.minor == 0);
	check_slice(&r->head, r->method_text);
	check_slice(&r->head, r->target);
	check_slice(&r->head, r->host);
	check_slice(&r->head, r->path);
	check_slice(&r->head, r->path_query);
	if (r->method == HTTP1_CONNECT)
		return;
	AORTA_ASSERT(r->path.n > 0 && r->path.n <= r->path_query.n);
	AORTA_ASSERT(r->path.p[0] == '/' || slice_eq(r->path_query, SLICE_LIT("*")));
	AORTA_ASSERT(!memchr(r->path.p, '?', r->path.n));
}

static void check_response(const struct http1_response *r)
{
	AORTA_ASSERT(r->status >= 100 && r->status <= 999);
	check_slice(&r->head, slice_of(r->reason.p, r->reason.n));
}

static void check_done(enum kind kind, const union message *m, size_t n)
{
	const struct http1_head *h = head_of(m);

	AORTA_ASSERT(h->len <= n && h->error == HTTP1_E_NONE);
	check_headers(h);
	check_framing(h);
	if (kind == REQUEST)
		check_request(&m->request);
	else
		check_response(&m->response);
}

/* The head alone, in memory of its own size, is the same message. */
static void check_alone(enum kind kind, const union message *m)
{
	static union message again;
	const struct http1_head *h = head_of(m);
	char *copy = malloc(h->len);

	AORTA_ASSERT(copy != NULL);
	memcpy(copy, h->base, h->len);
	AORTA_ASSERT(parse(kind, &again, copy, h->len) == HTTP1_DONE);
	AORTA_ASSERT(head_of(&again)->len == h->len);
	AORTA_ASSERT(head_of(&again)->n_headers == h->n_headers);
	AORTA_ASSERT(memcmp(head_of(&again)->headers, h->headers,
			    h->n_headers * sizeof(h->headers[0])) == 0);
	free(copy);
}

static void check_prefix(enum kind kind, const char *p, size_t n, enum http1_result whole,
			 enum http1_error error)
{
	static union message part;
	char *copy = scratch + sizeof(scratch) - n;
	enum http1_result result;

	memcpy(copy, p, n);
	result = parse(kind, &part, copy, n);
	AORTA_ASSERT(result != HTTP1_DONE);
	if (result == HTTP1_BAD)
		AORTA_ASSERT(whole == HTTP1_BAD && head_of(&part)->error == error);
}

static void check(enum kind kind, const char *p, size_t n)
{
	static union message m;
	enum http1_result result = parse(kind, &m, p, n);
	size_t shorter = result == HTTP1_DONE ? head_of(&m)->len : n;

	AORTA_ASSERT((result == HTTP1_BAD) == (head_of(&m)->error != HTTP1_E_NONE));
	if (result == HTTP1_DONE) {
		check_done(kind, &m, n);
		check_alone(kind, &m);
	}
	if (shorter > sizeof(scratch))
		shorter = sizeof(scratch);
	for (size_t cut = 0; cut < shorter; cut += 1 + shorter / PREFIXES)
		check_prefix(kind, p, cut, result, head_of(&m)->error);
	if (shorter > 0)
		check_prefix(kind, p, shorter - 1, result, head_of(&m)->error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = size > 0 ? (const char *)data : "";

	check(REQUEST, p, size);
	check(RESPONSE, p, size);
	return 0;
}
