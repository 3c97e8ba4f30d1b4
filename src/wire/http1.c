/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1 heads: the public calls, which run the parts in order (first line, field lines, then
 * their meaning), and the tables of errors and reason phrases. Owns nothing, allocates nothing;
 * any thread. Must never read past the input nor report DONE before the empty line.
 */
#include "aorta/http1.h"

#include "aorta/assert.h"
#include "wire/http1_private.h"

struct error_row {
	unsigned status;
	const char *text;
};

static const struct error_row errors[] = {
#define X(name, status, text) [HTTP1_E_##name] = { status, text },
	HTTP1_ERRORS(X)
#undef X
};

unsigned http1_error_status(enum http1_error e)
{
	return errors[e].status;
}

const char *http1_error_text(enum http1_error e)
{
	return errors[e].text;
}

/* The array of headers is left as it is: n_headers says how much of it is valid. */
static void head_init(struct http1_head *h, const char *base)
{
	h->base = base;
	h->len = 0;
	h->n_headers = 0;
	h->minor = 0;
	h->chunked = false;
	h->close = false;
	h->keep_alive = false;
	h->connection_upgrade = false;
	h->has_length = false;
	h->length = 0;
	h->error = HTTP1_E_NONE;
	h->headers_at = 0;
}

static void request_init(struct http1_request *r, const char *base)
{
	const struct slice none = slice_of(NULL, 0);

	head_init(&r->head, base);
	r->method = HTTP1_OTHER;
	r->method_text = none;
	r->target = none;
	r->path = none;
	r->path_query = none;
	r->host = none;
	r->absolute = false;
	r->expect_continue = false;
}

/* Offsets are 32 bits; a head that large is far past every caller's limit. */
static const char *input_end(const char *p, size_t n)
{
	return p + (n > UINT32_MAX ? UINT32_MAX : n);
}

static enum http1_result verdict(struct http1_head *h, enum http1_error e)
{
	return e == HTTP1_E_NONE ? HTTP1_DONE : http1_bad(h, e);
}

static enum http1_result take_rest(struct http1_head *h, const char *at, const char *end)
{
	enum http1_result result;

	h->headers_at = (uint32_t)(at - h->base);
	result = http1_take_fields(h, &at, end);
	if (result != HTTP1_DONE)
		return result;
	h->len = (uint32_t)(at - h->base);
	return verdict(h, http1_judge_head(h));
}

enum http1_result http1_parse_request(struct http1_request *r, const char *p, size_t n)
{
	const char *at = p;
	const char *end = input_end(p, n);
	enum http1_result result;

	request_init(r, p);
	result = http1_take_request_line(r, &at, end);
	if (result == HTTP1_DONE)
		result = verdict(&r->head, http1_split_target(r));
	if (result == HTTP1_DONE)
		result = take_rest(&r->head, at, end);
	if (result == HTTP1_DONE)
		result = verdict(&r->head, http1_judge_request(r));
	return result;
}

enum http1_result http1_parse_response(struct http1_response *r, const char *p, size_t n)
{
	const char *at = p;
	const char *end = input_end(p, n);
	enum http1_result result;

	head_init(&r->head, p);
	r->status = 0;
	r->reason = slice_of(NULL, 0);
	result = http1_take_status_line(r, &at, end);
	if (result == HTTP1_DONE)
		result = take_rest(&r->head, at, end);
	return result;
}

size_t http1_skip_crlf(const char *p, size_t n)
{
	return n >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

const struct http1_header *http1_find(const struct http1_head *h, enum http1_header_id id)
{
	for (unsigned i = 0; i < h->n_headers; i++) {
		if (h->headers[i].id == id)
			return &h->headers[i];
	}
	return NULL;
}

const struct http1_header *http1_find_name(const struct http1_head *h, struct slice name)
{
	for (unsigned i = 0; i < h->n_headers; i++) {
		if (slice_ieq(http1_name(h, &h->headers[i]), name))
			return &h->headers[i];
	}
	return NULL;
}

bool http1_idempotent(enum http1_method m)
{
	switch (m) {
	case HTTP1_GET:
	case HTTP1_HEAD:
	case HTTP1_PUT:
	case HTTP1_DELETE:
	case HTTP1_OPTIONS:
	case HTTP1_TRACE:
		return true;
	default:
		return false;
	}
}

/* RFC 9110 15, and the registered codes of RFC 8297, 6585, 7725, 4918, 8470. */
static const char *const reasons[] = {
	[100] = "Continue",
	[101] = "Switching Protocols",
	[102] = "Processing",
	[103] = "Early Hints",
	[200] = "OK",
	[201] = "Created",
	[202] = "Accepted",
	[203] = "Non-Authoritative Information",
	[204] = "No Content",
	[205] = "Reset Content",
	[206] = "Partial Content",
	[207] = "Multi-Status",
	[300] = "Multiple Choices",
	[301] = "Moved Permanently",
	[302] = "Found",
	[303] = "See Other",
	[304] = "Not Modified",
	[305] = "Use Proxy",
	[307] = "Temporary Redirect",
	[308] = "Permanent Redirect",
	[400] = "Bad Request",
	[401] = "Unauthorized",
	[402] = "Payment Required",
	[403] = "Forbidden",
	[404] = "Not Found",
	[405] = "Method Not Allowed",
	[406] = "Not Acceptable",
	[407] = "Proxy Authentication Required",
	[408] = "Request Timeout",
	[409] = "Conflict",
	[410] = "Gone",
	[411] = "Length Required",
	[412] = "Precondition Failed",
	[413] = "Content Too Large",
	[414] = "URI Too Long",
	[415] = "Unsupported Media Type",
	[416] = "Range Not Satisfiable",
	[417] = "Expectation Failed",
	[421] = "Misdirected Request",
	[422] = "Unprocessable Content",
	[423] = "Locked",
	[424] = "Failed Dependency",
	[425] = "Too Early",
	[426] = "Upgrade Required",
	[428] = "Precondition Required",
	[429] = "Too Many Requests",
	[431] = "Request Header Fields Too Large",
	[451] = "Unavailable For Legal Reasons",
	[500] = "Internal Server Error",
	[501] = "Not Implemented",
	[502] = "Bad Gateway",
	[503] = "Service Unavailable",
	[504] = "Gateway Timeout",
	[505] = "HTTP Version Not Supported",
	[507] = "Insufficient Storage",
	[511] = "Network Authentication Required",
};

const char *http1_reason(unsigned status)
{
	if (status >= ARRAY_LEN(reasons) || !reasons[status])
		return "Unknown";
	return reasons[status];
}
