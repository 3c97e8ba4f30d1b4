/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.x heads, parsed in place: RFC 9112 (message syntax) and RFC 9110 (semantics).
 *
 * Strict on purpose: a head that two parsers could read differently is refused. Lines end in
 * CRLF only; no bare CR or LF, no NUL or other control character, no folding, no space before
 * the colon or before the first header; names and methods are tokens. Content-Length twice
 * (even if equal), with Transfer-Encoding, signed, empty, a list, or over 2^63-1 is refused, and
 * so is any Transfer-Encoding but exactly `chunked` (in HTTP/1.0 any at all).
 *
 * Narrower than the RFCs also here: a host or an announced port is not empty, a host has no ',',
 * brackets hold an IPv6 address without zone, an absolute target with a query has a path, and
 * Connection lists at most 32 options. A field that Connection nominates is dropped unless it is
 * meant for every recipient (RFC 9110 7.6.1): Host, Content-Length, Expect, Date, Via,
 * Forwarded, X-Forwarded-*, X-Real-IP, Authorization, Cookie, Set-Cookie, Cache-Control,
 * Content-Type, Content-Encoding stay, since nominating them is an attack on what is behind.
 *
 * A verdict is final: more bytes never change BAD into something else, nor its reason, and no
 * prefix of a good head is anything but MORE. Faults of syntax are found as soon as their byte
 * is there, those of meaning (lengths, Host, Expect) at the empty line.
 *
 * Nothing is allocated and nothing copied: slices point into the caller's bytes, headers are
 * offsets. Pure; any thread. Fuzzed by tests/fuzz/fuzz_http1.
 */
#ifndef AORTA_HTTP1_H
#define AORTA_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aorta/slice.h"

#define HTTP1_HEADERS_MAX 128

/* Why a head was refused: name, status for a request (a response is always 502), sentence. */
#define HTTP1_ERRORS(X)                                                                            \
	X(NONE, 0, "ok")                                                                           \
	X(START_LINE, 400, "malformed start line")                                                 \
	X(METHOD, 400, "invalid method")                                                           \
	X(TARGET, 400, "invalid request target")                                                   \
	X(VERSION, 505, "unsupported HTTP version")                                                \
	X(STATUS, 400, "invalid status code")                                                      \
	X(LINE_END, 400, "bare CR, LF or control character")                                       \
	X(HEADER_NAME, 400, "invalid header name")                                                 \
	X(HEADER_VALUE, 400, "invalid header value")                                               \
	X(FOLDING, 400, "folded header line")                                                      \
	X(TOO_MANY_HEADERS, 431, "too many header lines")                                          \
	X(CONTENT_LENGTH, 400, "invalid or repeated Content-Length")                               \
	X(TRANSFER_ENCODING, 400, "unsupported or repeated Transfer-Encoding")                     \
	X(LENGTH_CONFLICT, 400, "Content-Length together with Transfer-Encoding")                  \
	X(HOST, 400, "missing, repeated or invalid Host")                                          \
	X(HOST_CONFLICT, 400, "Host differs from the authority of the target")                     \
	X(EXPECT, 417, "unknown expectation")

enum http1_error {
#define X(name, status, text) HTTP1_E_##name,
	HTTP1_ERRORS(X)
#undef X
};

unsigned http1_error_status(enum http1_error e); /* of a request */
const char *http1_error_text(enum http1_error e);

enum http1_result { HTTP1_DONE, HTTP1_MORE, HTTP1_BAD };

enum http1_method {
	HTTP1_GET,
	HTTP1_HEAD,
	HTTP1_POST,
	HTTP1_PUT,
	HTTP1_DELETE,
	HTTP1_OPTIONS,
	HTTP1_TRACE,
	HTTP1_PATCH,
	HTTP1_CONNECT,
	HTTP1_OTHER, /* any other token */
};

/* Headers that the proxy itself must know. */
enum http1_header_id {
	HTTP1_H_OTHER,
	HTTP1_H_CONNECTION,
	HTTP1_H_CONTENT_LENGTH,
	HTTP1_H_EXPECT,
	HTTP1_H_HOST,
	HTTP1_H_KEEP_ALIVE,
	HTTP1_H_PROXY_AUTHENTICATE, /* hop-by-hop only in that it is ours; not removed */
	HTTP1_H_PROXY_CONNECTION,
	HTTP1_H_TE,
	HTTP1_H_TRAILER,
	HTTP1_H_TRANSFER_ENCODING,
	HTTP1_H_UPGRADE,
	HTTP1_H_VIA,
	HTTP1_H_X_FORWARDED_FOR,
	HTTP1_H_X_FORWARDED_HOST,
	HTTP1_H_X_FORWARDED_PROTO,
	HTTP1_H_DATE,
	HTTP1_H_IDS
};

/* One header line, as offsets from the first byte of the head. */
struct http1_header {
	uint32_t line;	/* where the line starts */
	uint32_t value; /* where the trimmed value starts */
	uint32_t value_len;
	uint32_t end; /* just past the line's CRLF */
	uint16_t name_len;
	uint8_t id;   /* enum http1_header_id */
	uint8_t drop; /* hop-by-hop, or nominated by Connection: not to be forwarded */
};

struct http1_head {
	const char *base; /* borrows: the first byte of the head */
	uint32_t len;	  /* bytes of the head, with its empty line */
	uint16_t n_headers;
	uint8_t minor;		 /* HTTP/1.minor; 0 or 1 */
	bool chunked;		 /* Transfer-Encoding: chunked */
	bool close;		 /* Connection: close was said */
	bool keep_alive;	 /* Connection: keep-alive was said */
	bool connection_upgrade; /* Connection: upgrade was said */
	bool has_length;
	uint64_t length; /* of Content-Length when has_length */
	enum http1_error error;
	uint32_t headers_at; /* offset of the first header line */
	struct http1_header headers[HTTP1_HEADERS_MAX];
};

struct http1_request {
	struct http1_head head;
	enum http1_method method;
	struct slice method_text;
	struct slice target;	 /* as it came */
	struct slice path;	 /* "/a/b", without query; "*" for OPTIONS *; "/" when empty */
	struct slice path_query; /* origin-form to forward: path with its query */
	struct slice host; /* Host's value, or the authority of an absolute target, with port */
	bool absolute;	   /* the target was in absolute-form */
	bool expect_continue;
};

struct http1_response {
	struct http1_head head;
	unsigned status; /* 100..999 */
	struct slice reason;
};

/*
 * Parse the head at the front of `p[0..n)`. DONE: all fields are set, head.len bytes were used.
 * MORE: so far good, the head is not complete. BAD: head.error says why. Leading empty lines
 * before a request (RFC 9112 2.2: at most one CRLF) are the caller's to skip, see
 * http1_skip_crlf(). An HTTP/1.1 request must have exactly one Host; 1.0 at most one.
 * CONNECT is parsed (authority-form) and left to the caller to refuse.
 */
enum http1_result http1_parse_request(struct http1_request *r, const char *p, size_t n);
enum http1_result http1_parse_response(struct http1_response *r, const char *p, size_t n);

/* 2 when the bytes start with CRLF, else 0. */
size_t http1_skip_crlf(const char *p, size_t n);

/* The first header with this id, or NULL. */
const struct http1_header *http1_find(const struct http1_head *h, enum http1_header_id id);
/* The first header with this name (any case), or NULL. */
const struct http1_header *http1_find_name(const struct http1_head *h, struct slice name);

static inline struct slice http1_name(const struct http1_head *h, const struct http1_header *x)
{
	return slice_of(h->base + x->line, x->name_len);
}

static inline struct slice http1_value(const struct http1_head *h, const struct http1_header *x)
{
	return slice_of(h->base + x->value, x->value_len);
}

/* Idempotent by RFC 9110 9.2.2: GET HEAD PUT DELETE OPTIONS TRACE. */
bool http1_idempotent(enum http1_method m);

/* The standard reason phrase, or "Unknown". */
const char *http1_reason(unsigned status);

#endif
