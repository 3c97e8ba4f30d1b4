/* SPDX-License-Identifier: MIT */
/*
 * Header lines of an HTTP/1 head (RFC 9112 5), their syntax and the recognition of the names
 * that the proxy must know. Owns nothing; any thread. Must never accept a line that another
 * parser could end, fold or name differently.
 */
#include "wire/http1_private.h"
#include "wire/scan.h"

/*
 * Known names sit in a table of 64 at length + first letter, which is free of collisions; one
 * more name that collides does not build (-Woverride-init). The rest is compared in full.
 */
#define SLOTS		    64
#define SLOT(length, first) (((length) + (unsigned char)(first)) % SLOTS)
#define NAME_MAX_LEN	    18 /* proxy-authenticate */

struct known_name {
	char text[NAME_MAX_LEN + 1]; /* lower case */
	uint8_t len;		     /* 0: free slot */
	uint8_t id;
	bool drop; /* hop-by-hop: RFC 9110 7.6.1, and Proxy-Connection, Keep-Alive of old */
};

#define NAME(first, text, id, drop)                                                                \
	[SLOT(sizeof(text) - 1, first)] = { text, sizeof(text) - 1, HTTP1_H_##id, drop }

static const struct known_name known_names[SLOTS] = {
	NAME('c', "connection", CONNECTION, true),
	NAME('c', "content-length", CONTENT_LENGTH, false),
	NAME('d', "date", DATE, false),
	NAME('e', "expect", EXPECT, false),
	NAME('h', "host", HOST, false),
	NAME('k', "keep-alive", KEEP_ALIVE, true),
	NAME('p', "proxy-authenticate", PROXY_AUTHENTICATE, false),
	NAME('p', "proxy-connection", PROXY_CONNECTION, true),
	NAME('t', "te", TE, true),
	NAME('t', "trailer", TRAILER, true),
	NAME('t', "transfer-encoding", TRANSFER_ENCODING, true),
	NAME('u', "upgrade", UPGRADE, true),
	NAME('v', "via", VIA, false),
	NAME('x', "x-forwarded-for", X_FORWARDED_FOR, false),
	NAME('x', "x-forwarded-host", X_FORWARDED_HOST, false),
	NAME('x', "x-forwarded-proto", X_FORWARDED_PROTO, false),
};

/* `name` is a token of `n` > 0 bytes. */
static const struct known_name *known_find(const char *name, size_t n)
{
	const struct known_name *k = &known_names[SLOT(n, name[0] | 0x20)];

	return k->len == n && char_same(name, k->text, n) ? k : NULL;
}

static void add_header(struct http1_head *h, const char *line, size_t name_len, const char *value,
		       const char *value_end)
{
	struct http1_header *x = &h->headers[h->n_headers++];
	const struct known_name *k = known_find(line, name_len);

	x->line = (uint32_t)(line - h->base);
	x->value = (uint32_t)(value - h->base);
	x->value_len = (uint32_t)(value_end - value);
	x->name_len = (uint16_t)name_len;
	x->id = k ? k->id : HTTP1_H_OTHER;
	x->drop = k ? k->drop : false;
}

/* One whole line, which does not start with a blank or CR. */
static enum http1_result take_field(struct http1_head *h, const char **at, const char *end)
{
	const char *line = *at;
	const char *colon = scan_token(line, end);
	const char *value, *stop, *next;
	enum http1_result result;

	if (colon - line > UINT16_MAX)
		return http1_bad(h, HTTP1_E_HEADER_NAME);
	if (colon == end)
		return HTTP1_MORE;
	if (*colon != ':' || colon == line)
		return http1_bad(h, *colon == '\n' ? HTTP1_E_LINE_END : HTTP1_E_HEADER_NAME);
	value = colon + 1;
	/* From the line, not the colon: all of a name is field bytes, and the two scans overlap. */
	stop = next = scan_field(line, end);
	result = http1_take_crlf(h, &next, end, HTTP1_E_HEADER_VALUE);
	if (result != HTTP1_DONE)
		return result;
	while (value < stop && char_blank(*value))
		value++;
	while (stop > value && char_blank(stop[-1]))
		stop--;
	add_header(h, line, (size_t)(colon - line), value, stop);
	h->headers[h->n_headers - 1].end = (uint32_t)(next - h->base);
	*at = next;
	return HTTP1_DONE;
}

enum http1_result http1_take_fields(struct http1_head *h, const char **at, const char *end)
{
	enum http1_result result = HTTP1_DONE;

	while (*at != end && **at != '\r') {
		if (char_blank(**at))
			return http1_bad(h, h->n_headers ? HTTP1_E_FOLDING : HTTP1_E_HEADER_NAME);
		if (h->n_headers == HTTP1_HEADERS_MAX)
			return http1_bad(h, HTTP1_E_TOO_MANY_HEADERS);
		result = take_field(h, at, end);
		if (result != HTTP1_DONE)
			return result;
	}
	return http1_take_crlf(h, at, end, HTTP1_E_LINE_END);
}
