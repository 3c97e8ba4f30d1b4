/* SPDX-License-Identifier: MIT */
/*
 * What the fields of a whole head mean for the proxy: the framing of the body (RFC 9112 6), the
 * connection options (RFC 9110 7.6.1), Host (RFC 9112 3.2) and Expect (RFC 9110 10.1.1). Owns
 * nothing; any thread. Must never choose between two readings: it refuses.
 */
#include "aorta/assert.h"
#include "wire/authority.h"
#include "wire/chars.h"
#include "wire/http1_private.h"

/*
 * More connection options than this are refused: each is compared with every header, and a
 * large head of ",a,a,a" must not buy the sender a quadratic amount of work.
 */
#define OPTIONS_MAX 32

#define PORT_HTTP  80
#define PORT_HTTPS 443

/* `text` as char_same() takes it. */
static inline bool is(struct slice value, struct slice text)
{
	return value.n == text.n && char_same(value.p, text.p, text.n);
}

static bool length_parse(uint64_t *length, struct slice s)
{
	uint64_t value = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (!char_digit(s.p[i]) || value > (INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*length = value;
	return true;
}

static enum http1_error note_length(struct http1_head *h, struct slice value)
{
	if (h->has_length || !length_parse(&h->length, value))
		return HTTP1_E_CONTENT_LENGTH;
	h->has_length = true;
	return h->chunked ? HTTP1_E_LENGTH_CONFLICT : HTTP1_E_NONE;
}

static enum http1_error note_transfer_encoding(struct http1_head *h, struct slice value)
{
	if (h->minor == 0 || h->chunked || !is(value, SLICE_LIT("chunked")))
		return HTTP1_E_TRANSFER_ENCODING;
	h->chunked = true;
	return h->has_length ? HTTP1_E_LENGTH_CONFLICT : HTTP1_E_NONE;
}

/*
 * Fields that Connection cannot take away. RFC 9110 7.6.1 forbids to nominate what is meant for
 * every recipient, and doing so is how a client makes one proxy hide from the next hop what
 * another had added or relies on.
 */
static bool nominable(const struct http1_header *x, struct slice name)
{
	static const struct slice prefix = SLICE_INIT("x-forwarded-");
	static const struct slice kept[] = {
		SLICE_INIT("authorization"), SLICE_INIT("cache-control"),
		SLICE_INIT("cookie"),	     SLICE_INIT("content-encoding"),
		SLICE_INIT("content-type"),  SLICE_INIT("forwarded"),
		SLICE_INIT("set-cookie"),    SLICE_INIT("x-real-ip"),
	};

	if (x->id != HTTP1_H_OTHER)
		return false; /* what is to be dropped of these is marked already */
	if (name.n >= prefix.n && slice_ieq(slice_of(name.p, prefix.n), prefix))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (slice_ieq(name, kept[i]))
			return false;
	}
	return true;
}

static void nominate(struct http1_head *h, struct slice option)
{
	for (unsigned i = 0; i < h->n_headers; i++) {
		struct http1_header *x = &h->headers[i];

		if (x->name_len != option.n || x->drop)
			continue;
		if (slice_ieq(http1_name(h, x), option) && nominable(x, option))
			x->drop = true;
	}
}

/* False when the option is none that the proxy itself heeds. */
static bool note_flag(struct http1_head *h, struct slice option)
{
	if (is(option, SLICE_LIT("keep-alive")))
		return h->keep_alive = true;
	if (is(option, SLICE_LIT("close")))
		return h->close = true;
	if (is(option, SLICE_LIT("upgrade")))
		return h->connection_upgrade = true;
	return false;
}

static enum http1_error note_connection(struct http1_head *h, struct slice value, unsigned *options)
{
	struct slice option;

	if (note_flag(h, value)) /* mostly it is one option */
		return HTTP1_E_NONE;
	while (slice_next_token(&value, &option)) {
		if (++*options > OPTIONS_MAX)
			return HTTP1_E_HEADER_VALUE;
		if (!note_flag(h, option))
			nominate(h, option);
	}
	return HTTP1_E_NONE;
}

enum http1_error http1_judge_head(struct http1_head *h)
{
	enum http1_error e = HTTP1_E_NONE;
	unsigned options = 0;

	for (unsigned i = 0; i < h->n_headers && e == HTTP1_E_NONE; i++) {
		const struct http1_header *x = &h->headers[i];

		switch (x->id) {
		case HTTP1_H_CONTENT_LENGTH:
			e = note_length(h, http1_value(h, x));
			break;
		case HTTP1_H_TRANSFER_ENCODING:
			e = note_transfer_encoding(h, http1_value(h, x));
			break;
		case HTTP1_H_CONNECTION:
			e = note_connection(h, http1_value(h, x), &options);
			break;
		default:
			break;
		}
	}
	return e;
}

/* An absolute target outranks Host, but the two must agree (RFC 9112 3.2.2). */
static enum http1_error check_agreement(const struct http1_request *r, const struct authority *host)
{
	bool https = (r->target.p[4] | 0x20) == 's';
	struct authority target;

	if (!authority_parse(&target, r->host))
		return HTTP1_E_TARGET;
	if (!authority_same(&target, host, https ? PORT_HTTPS : PORT_HTTP))
		return HTTP1_E_HOST_CONFLICT;
	return HTTP1_E_NONE;
}

static enum http1_error note_host(struct http1_request *r, struct slice value)
{
	struct authority host;

	if (!authority_parse(&host, value))
		return HTTP1_E_HOST;
	if (r->absolute)
		return check_agreement(r, &host);
	if (r->method != HTTP1_CONNECT)
		r->host = value;
	return HTTP1_E_NONE;
}

/* An expectation in HTTP/1.0 is to be ignored: RFC 9110 10.1.1. */
static enum http1_error note_expect(struct http1_request *r, struct slice value)
{
	if (!is(value, SLICE_LIT("100-continue")))
		return HTTP1_E_EXPECT;
	r->expect_continue = r->head.minor > 0;
	return HTTP1_E_NONE;
}

enum http1_error http1_judge_request(struct http1_request *r)
{
	enum http1_error e = HTTP1_E_NONE;
	const struct http1_head *h = &r->head;
	unsigned hosts = 0;

	for (unsigned i = 0; i < h->n_headers && e == HTTP1_E_NONE; i++) {
		const struct http1_header *x = &h->headers[i];

		if (x->id == HTTP1_H_HOST)
			e = ++hosts > 1 ? HTTP1_E_HOST : note_host(r, http1_value(h, x));
		else if (x->id == HTTP1_H_EXPECT)
			e = note_expect(r, http1_value(h, x));
	}
	if (e == HTTP1_E_NONE && hosts == 0 && h->minor > 0)
		e = HTTP1_E_HOST;
	return e;
}
