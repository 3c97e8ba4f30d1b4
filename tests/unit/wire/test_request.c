/* SPDX-License-Identifier: MIT */
/* Requests: what is accepted, what is refused and why, and what the fields say. */
#include "rows.h"

/* A request whose first line and Host are good. */
#define HEAD	 "GET / HTTP/1.1\r\nHost: a\r\n"
#define END	 "\r\n\r\n"
#define LINE(s)	 s "\r\nHost: a" END	    /* a first line */
#define FIELD(s) HEAD s END		    /* a field */
#define HOST(s)	 "GET / HTTP/1.1\r\n" s END /* the Host line */
#define TEN(s)	 s s s s s s s s s s

static struct http1_request request;

static enum http1_result parse(const char *p, size_t n, struct http1_head **head)
{
	*head = &request.head;
	return http1_parse_request(&request, p, n);
}

static const struct row start_lines[] = {
	OK("9112 3", LINE("GET / HTTP/1.1")),
	OK("9112 3", LINE("GET / HTTP/1.0")),
	OK("9110 9.1 any token", LINE("M-SEARCH!#$%&'*+-.^_`|~09az / HTTP/1.1")),
	OK("9110 9.1 lower case is another method", LINE("get / HTTP/1.1")),
	OK("9112 3.2.1 query", LINE("GET /a/b?c=d?e/f HTTP/1.1")),
	OK("9112 3.2.1 path that looks like an authority", LINE("GET //b/c HTTP/1.1")),
	OK("3986 2 bytes outside of the grammar, visible", LINE("GET /\"<>[]\\^`{|} HTTP/1.1")),
	OK("9112 3 long", LINE("GET /" TEN("0123456789abcdef") "?q HTTP/1.1")),
	MORE("9112 3", ""),
	MORE("9112 3", "GET"),
	MORE("9112 3", "GET / HTTP/1."),
	MORE("9112 3 no empty line", "GET / HTTP/1.1\r\nHost: a\r\n"),
	MORE("9112 3 half an empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r"),
	BAD("9112 2.2 empty line is the caller's", METHOD, "\r\n" LINE("GET / HTTP/1.1")),
	BAD("9112 3", METHOD, LINE(" GET / HTTP/1.1")),
	BAD("9110 9.1", METHOD, LINE("GE(T / HTTP/1.1")),
	BAD("9110 9.1", METHOD, LINE("GE\0T / HTTP/1.1")),
	BAD("9110 9.1", METHOD, LINE("G\xc3\x89T / HTTP/1.1")),
	BAD("9112 3 TLS", METHOD, "\x16\x03\x01\x02\x00\x01"),
	BAD("9112 3 HTAB", METHOD, LINE("GET\t/ HTTP/1.1")),
	BAD("9112 3 two SP", START_LINE, LINE("GET  / HTTP/1.1")),
	BAD("9112 3 two SP", START_LINE, LINE("GET /  HTTP/1.1")),
	BAD("9112 3 SP at the end", START_LINE, LINE("GET / HTTP/1.1 ")),
	BAD("9112 3 HTAB", TARGET, LINE("GET /\tHTTP/1.1")),
	BAD("9112 3 no target", START_LINE, LINE("GET")),
	BAD("9112 3 no target", START_LINE, LINE("GET ")),
	BAD("9112 3 no target", START_LINE, LINE("GET HTTP/1.1")),
	BAD("1945 4.1 HTTP/0.9", START_LINE, LINE("GET /")),
	BAD("1945 4.1 HTTP/0.9", START_LINE, "GET /\n"),
	BAD("9112 3 SP in target", START_LINE, LINE("GET /a b HTTP/1.1")),
	BAD("9112 2.3", VERSION, LINE("GET / HTTP/1.2")),
	BAD("9112 2.3", VERSION, LINE("GET / HTTP/2.0")),
	BAD("9112 2.3", VERSION, LINE("GET / HTTP/0.9")),
	BAD("9113 3.4 preface of HTTP/2", VERSION, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	BAD("9112 2.3 case", START_LINE, LINE("GET / http/1.1")),
	BAD("9112 2.3", START_LINE, LINE("GET / HTTP/1.10")),
	BAD("9112 2.3", START_LINE, LINE("GET / HTTP/11.1")),
	BAD("9112 2.3", START_LINE, LINE("GET / HTTP/1,1")),
	BAD("9112 2.3", START_LINE, LINE("GET / HTTP/1.x")),
	BAD("9112 2.3", START_LINE, LINE("GET / HTTP 1.1")),
	BAD("9112 2.3", START_LINE, LINE("GET / ICAP/1.0")),
	BAD("9112 2.2 bare LF", LINE_END, "GET / HTTP/1.1\nHost: a" END),
	BAD("9112 2.2 bare CR", LINE_END, "GET / HTTP/1.1\rHost: a" END),
	BAD("9112 2.2 CR CR LF", LINE_END, "GET / HTTP/1.1\r\r\nHost: a" END),
	BAD("9112 2.2 NUL", START_LINE, LINE("GET / HTTP/1.1\0")),
};

/* A fault is seen in the bytes that are there, without waiting for the rest. */
static const struct row early[] = {
	BAD("9110 9.1", METHOD, "G("),
	BAD("9112 3", START_LINE, "GET  "),
	BAD("9112 3.2", TARGET, "GET /\x7f"),
	BAD("9112 2.3", START_LINE, "GET / X"),
	BAD("9112 2.3", START_LINE, "GET / HTTQ"),
	BAD("9112 2.3", VERSION, "GET / HTTP/3.0"),
	BAD("9112 2.2", LINE_END, "GET / HTTP/1.1\n"),
	BAD("9112 3.2.1", TARGET, "GET a HTTP/1.1\r\n"),
	BAD("9112 2.2", HEADER_NAME, "GET / HTTP/1.1\r\n "),
	BAD("9112 5.1", HEADER_NAME, "GET / HTTP/1.1\r\nX "),
	BAD("9112 5.2", FOLDING, HEAD " "),
	BAD("9110 5.5", HEADER_VALUE, HEAD "X: \x01"),
	BAD("9112 2.2", LINE_END, HEAD "X: y\n"),
	BAD("9112 2.2", LINE_END, HEAD "\rX"),
};

static const struct row targets[] = {
	OK("9112 3.2.2", LINE("GET http://a/b HTTP/1.1")),
	OK("9112 3.2.2 no path", LINE("GET http://a HTTP/1.1")),
	OK("3986 3.1 scheme of any case", LINE("GET hTTps://a/ HTTP/1.1")),
	OK("9110 4.2.3 case of hosts", LINE("GET http://A/ HTTP/1.1")),
	OK("9110 4.2.3 default port", LINE("GET http://a:80/ HTTP/1.1")),
	OK("9110 4.2.3 default port", LINE("GET https://a:443/ HTTP/1.1")),
	OK("9110 4.2.3 default port", "GET https://a/ HTTP/1.1\r\nHost: a:443" END),
	OK("9112 3.2.2 HTTP/1.0 without Host", "GET http://a/ HTTP/1.0" END),
	OK("9112 3.2.3", LINE("CONNECT a:443 HTTP/1.1")),
	OK("9112 3.2.3", LINE("CONNECT [::1]:443 HTTP/1.1")),
	OK("9112 3.2.4", LINE("OPTIONS * HTTP/1.1")),
	OK("9112 3.2.4", LINE("OPTIONS http://a HTTP/1.1")),
	OK("9112 3.2.1", LINE("OPTIONS / HTTP/1.1")),
	BAD("9112 3.2.1 fragment", TARGET, LINE("GET /a#b HTTP/1.1")),
	BAD("9112 3.2.1 fragment", TARGET, LINE("GET # HTTP/1.1")),
	BAD("9112 3.2 NUL", TARGET, LINE("GET /\0 HTTP/1.1")),
	BAD("9112 3.2 control", TARGET, LINE("GET /\x01 HTTP/1.1")),
	BAD("9112 3.2 DEL", TARGET, LINE("GET /\x7f HTTP/1.1")),
	BAD("9112 3.2 DEL late", TARGET, LINE("GET /0123456789abcdef0123456789\x7f HTTP/1.1")),
	BAD("9112 3.2 over 7f", TARGET, LINE("GET /\x80 HTTP/1.1")),
	BAD("9112 3.2 over 7f", TARGET, LINE("GET /0123456789abcdef\xff HTTP/1.1")),
	BAD("9112 3.2 relative", TARGET, LINE("GET a/b HTTP/1.1")),
	BAD("9112 3.2 query alone", TARGET, LINE("GET ?q HTTP/1.1")),
	BAD("9112 3.2.2 scheme", TARGET, LINE("GET ftp://a/ HTTP/1.1")),
	BAD("9112 3.2.2 scheme", TARGET, LINE("GET http:/a/ HTTP/1.1")),
	BAD("9112 3.2.2 scheme", TARGET, LINE("GET httpx://a/ HTTP/1.1")),
	BAD("9110 4.2.1 empty host", TARGET, LINE("GET http:/// HTTP/1.1")),
	BAD("9110 4.2.1 empty host", TARGET, LINE("GET http:// HTTP/1.1")),
	BAD("9110 4.2.1 empty host", TARGET, LINE("GET http://:80/ HTTP/1.1")),
	BAD("9110 4.2.4 userinfo", TARGET, LINE("GET http://u@a/ HTTP/1.1")),
	BAD("9110 4.2.4 userinfo", TARGET, LINE("GET http://u:p@a/ HTTP/1.1")),
	BAD("3986 3.2.3 port", TARGET, LINE("GET http://a:x/ HTTP/1.1")),
	BAD("3986 3.2.3 backslash", TARGET, LINE("GET http://a\\b/ HTTP/1.1")),
	BAD("9112 3.2.2 query without path", TARGET, LINE("GET http://a?q HTTP/1.1")),
	BAD("9112 3.2.3 authority without CONNECT", TARGET, LINE("GET a:80 HTTP/1.1")),
	BAD("9112 3.2.3 no port", TARGET, LINE("CONNECT a HTTP/1.1")),
	BAD("9112 3.2.3 empty port", TARGET, LINE("CONNECT a: HTTP/1.1")),
	BAD("9112 3.2.3 origin-form", TARGET, LINE("CONNECT / HTTP/1.1")),
	BAD("9112 3.2.3 absolute-form", TARGET, LINE("CONNECT http://a/ HTTP/1.1")),
	BAD("9112 3.2.4 not OPTIONS", TARGET, LINE("GET * HTTP/1.1")),
	BAD("9112 3.2.4", TARGET, LINE("OPTIONS ** HTTP/1.1")),
	BAD("9112 3.2.4", TARGET, LINE("OPTIONS *?a HTTP/1.1")),
	BAD("9112 3.2.2", HOST_CONFLICT, LINE("GET http://b/ HTTP/1.1")),
	BAD("9112 3.2.2", HOST_CONFLICT, LINE("GET http://a.b/ HTTP/1.1")),
	BAD("9112 3.2.2 port", HOST_CONFLICT, LINE("GET http://a:81/ HTTP/1.1")),
	BAD("9112 3.2.2 the other scheme's port", HOST_CONFLICT,
	    LINE("GET http://a:443/ HTTP/1.1")),
	BAD("9112 3.2.2 the other scheme's port", HOST_CONFLICT,
	    LINE("GET https://a:80/ HTTP/1.1")),
	BAD("9112 3.2 absolute-form needs Host too", HOST, "GET http://a/ HTTP/1.1" END),
};

static const struct row hosts[] = {
	OK("9112 3.2", HOST("Host: example.org")),
	OK("9112 3.2", HOST("HOST:example.org:8080")),
	OK("3986 3.2.2", HOST("Host: 192.0.2.1:1")),
	OK("3986 3.2.2", HOST("Host: [2001:db8::1]")),
	OK("3986 3.2.2", HOST("Host: [::ffff:192.0.2.1]:65535")),
	OK("3986 3.2.2 reg-name", HOST("Host: a_b-c.~x!$&'()*+;=%2f.")),
	OK("9112 3.2 not before HTTP/1.1", "GET / HTTP/1.0" END),
	OK("9112 3.2 in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a" END),
	OK("9110 5.6.3 blanks", HOST("Host: \t a \t ")),
	BAD("9112 3.2 missing", HOST, "GET / HTTP/1.1" END),
	BAD("9112 3.2 missing", HOST, HOST("Hosts: a")),
	BAD("9112 3.2 twice", HOST, HOST("Host: a\r\nHost: b")),
	BAD("9112 3.2 twice, equal", HOST, HOST("Host: a\r\nX: y\r\nhost: a")),
	BAD("9112 3.2 twice, HTTP/1.0", HOST, "GET / HTTP/1.0\r\nHost: a\r\nHost: a" END),
	BAD("9110 4.2.1 empty", HOST, HOST("Host:")),
	BAD("9110 4.2.1 empty", HOST, HOST("Host: ")),
	BAD("9110 4.2.1 empty", HOST, HOST("Host: :80")),
	BAD("9110 4.2.1 empty, HTTP/1.0", HOST, "GET / HTTP/1.0\r\nHost:" END),
	BAD("9112 3.2 list", HOST, HOST("Host: a,b")),
	BAD("9112 3.2 list", HOST, HOST("Host: a b")),
	BAD("9112 3.2 userinfo", HOST, HOST("Host: u@a")),
	BAD("9112 3.2 URI", HOST, HOST("Host: http://a")),
	BAD("9112 3.2 path", HOST, HOST("Host: a/b")),
	BAD("9112 3.2 query", HOST, HOST("Host: a?b")),
	BAD("9112 3.2 fragment", HOST, HOST("Host: a#b")),
	BAD("3986 3.2.2 obs-text", HOST, HOST("Host: \xe4")),
	BAD("3986 2.1 half an escape", HOST, HOST("Host: a%2")),
	BAD("3986 2.1 not an escape", HOST, HOST("Host: a%2g")),
	BAD("3986 3.2.3 empty port", HOST, HOST("Host: a:")),
	BAD("3986 3.2.3 port", HOST, HOST("Host: a:+1")),
	BAD("3986 3.2.3 port", HOST, HOST("Host: a:65536")),
	BAD("3986 3.2.3 port", HOST, HOST("Host: a:000080")),
	BAD("3986 3.2.3 two ports", HOST, HOST("Host: a:1:2")),
	BAD("3986 3.2.2 open bracket", HOST, HOST("Host: [::1")),
	BAD("3986 3.2.2 bracket", HOST, HOST("Host: ::1")),
	BAD("3986 3.2.2 bracket", HOST, HOST("Host: []")),
	BAD("3986 3.2.2 bracket", HOST, HOST("Host: [a]")),
	BAD("3986 3.2.2 bracket", HOST, HOST("Host: [1.2.3.4]")),
	BAD("3986 3.2.2 IPvFuture", HOST, HOST("Host: [v1.a]")),
	BAD("6874 zone", HOST, HOST("Host: [fe80::1%25eth0]")),
	BAD("3986 3.2.2 after the bracket", HOST, HOST("Host: [::1]a")),
	BAD("3986 3.2.2 too long for an address", HOST,
	    HOST("Host: [0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]")),
};

static const struct row fields[] = {
	OK("9112 5", FIELD("X: y")),
	OK("9112 5 empty value", FIELD("X:")),
	OK("9112 5 empty value", FIELD("X: \t ")),
	OK("9112 5 no blank", FIELD("X:y")),
	OK("9110 5.5 HTAB, obs-text", FIELD("X: a\tb \x80\xff c")),
	OK("9110 5.5 long", FIELD("X: " TEN("0123456789\t\xff(=;,)\""))),
	OK("9110 5.1 any token", FIELD("!#$%&'*+-.^_`|~09aZ: y")),
	OK("9110 5.3 repeated", FIELD("X: y\r\nX: y")),
	OK("9112 5 colons", FIELD("X: :y:")),
	BAD("9112 5.1 blank before the colon", HEADER_NAME, FIELD("X : y")),
	BAD("9112 5.1 blank before the colon", HEADER_NAME, FIELD("Content-Length\t: 1")),
	BAD("9112 5 no colon", HEADER_NAME, FIELD("X")),
	BAD("9112 5 no name", HEADER_NAME, FIELD(": y")),
	BAD("9110 5.1", HEADER_NAME, FIELD("X\0: y")),
	BAD("9110 5.1", HEADER_NAME, FIELD("X(): y")),
	BAD("9110 5.1", HEADER_NAME, FIELD("X/y: z")),
	BAD("9110 5.1", HEADER_NAME, FIELD("\xc3\xa9: y")),
	BAD("9110 5.1", HEADER_NAME, FIELD("\"X\": y")),
	BAD("9112 2.2 blank before the first field", HEADER_NAME, HOST(" Host: a")),
	BAD("9112 2.2 blank before the first field", HEADER_NAME, HOST("\tHost: a")),
	BAD("9112 5.2", FOLDING, FIELD("X: y\r\n z")),
	BAD("9112 5.2", FOLDING, FIELD("X: y\r\n\tz")),
	BAD("9112 5.2", FOLDING, HEAD " \r\n\r\n"),
	BAD("9112 5.2", FOLDING, FIELD("Transfer-Encoding:\r\n chunked")),
	BAD("9110 5.5 NUL", HEADER_VALUE, FIELD("X: y\0z")),
	BAD("9110 5.5 control", HEADER_VALUE, FIELD("X: y\x01z")),
	BAD("9110 5.5 control", HEADER_VALUE, FIELD("X: 0123456789abcdef\x1f")),
	BAD("9110 5.5 DEL", HEADER_VALUE, FIELD("X: y\x7f")),
	BAD("9110 5.5 VT", HEADER_VALUE,
	    FIELD("Content-Length: \x0b"
		  "5")),
	BAD("9112 2.2 bare LF", LINE_END, HEAD "X: y\n\r\n"),
	BAD("9112 2.2 bare LF", LINE_END, HEAD "X: y\n\n"),
	BAD("9112 2.2 bare LF", LINE_END, HEAD "X: y\r\n\n"),
	BAD("9112 2.2 bare LF", LINE_END, HEAD "X\n\r\n"),
	BAD("9112 2.2 bare LF", LINE_END, HEAD "\n"),
	BAD("9112 2.2 bare CR", LINE_END, FIELD("X: y\rz")),
	BAD("9112 2.2 bare CR", LINE_END, FIELD("X: y\r")),
	BAD("9112 2.2 bare CR", LINE_END, FIELD("X: y\r\r\nContent-Length: 1")),
	BAD("9112 2.2 bare CR", LINE_END, HEAD "\rX"),
};

static const struct row framing[] = {
	OK("9110 8.6", FIELD("Content-Length: 0")),
	OK("9110 8.6", FIELD("CONTENT-LENGTH:  42 ")),
	OK("9110 8.6 leading zeros", FIELD("Content-Length: 0000000000000000000000042")),
	OK("9110 8.6 largest", FIELD("Content-Length: 9223372036854775807")),
	OK("9112 7.1", FIELD("Transfer-Encoding: chunked")),
	OK("9112 7 case", FIELD("transfer-encoding:CHUNKED ")),
	BAD("9112 6.3 twice, equal", CONTENT_LENGTH,
	    FIELD("Content-Length: 1\r\nContent-Length: 1")),
	BAD("9112 6.3 twice", CONTENT_LENGTH, FIELD("Content-Length: 1\r\ncontent-length: 2")),
	BAD("9110 8.6 list", CONTENT_LENGTH, FIELD("Content-Length: 1, 1")),
	BAD("9110 8.6 list", CONTENT_LENGTH, FIELD("Content-Length: 1,")),
	BAD("9110 8.6 empty", CONTENT_LENGTH, FIELD("Content-Length:")),
	BAD("9110 8.6 signed", CONTENT_LENGTH, FIELD("Content-Length: +1")),
	BAD("9110 8.6 signed", CONTENT_LENGTH, FIELD("Content-Length: -1")),
	BAD("9110 8.6 signed", CONTENT_LENGTH, FIELD("Content-Length: -0")),
	BAD("9110 8.6 hex", CONTENT_LENGTH, FIELD("Content-Length: 0x10")),
	BAD("9110 8.6 digits", CONTENT_LENGTH, FIELD("Content-Length: 1 2")),
	BAD("9110 8.6 digits", CONTENT_LENGTH, FIELD("Content-Length: 1.0")),
	BAD("9110 8.6 digits", CONTENT_LENGTH, FIELD("Content-Length: 1e3")),
	BAD("9110 8.6 digits", CONTENT_LENGTH, FIELD("Content-Length: \xb2")),
	BAD("9110 8.6 2^63", CONTENT_LENGTH, FIELD("Content-Length: 9223372036854775808")),
	BAD("9110 8.6 2^64", CONTENT_LENGTH, FIELD("Content-Length: 18446744073709551616")),
	BAD("9110 8.6 2^64+1", CONTENT_LENGTH, FIELD("Content-Length: 18446744073709551617")),
	BAD("9110 8.6 long", CONTENT_LENGTH, FIELD("Content-Length: " TEN("9999999999"))),
	BAD("9112 6.1 both", LENGTH_CONFLICT,
	    FIELD("Content-Length: 1\r\nTransfer-Encoding: chunked")),
	BAD("9112 6.1 both", LENGTH_CONFLICT,
	    FIELD("Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 0")),
	BAD("9112 6.1 twice", TRANSFER_ENCODING,
	    FIELD("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
	BAD("9112 6.1 twice", TRANSFER_ENCODING, FIELD("Transfer-Encoding: chunked, chunked")),
	BAD("9112 6.1 twice", TRANSFER_ENCODING,
	    FIELD("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
	BAD("9112 6.1 not last", TRANSFER_ENCODING, FIELD("Transfer-Encoding: chunked, gzip")),
	BAD("9112 7.2 other coding", TRANSFER_ENCODING, FIELD("Transfer-Encoding: gzip, chunked")),
	BAD("9112 7 identity", TRANSFER_ENCODING, FIELD("Transfer-Encoding: identity")),
	BAD("9112 7 empty", TRANSFER_ENCODING, FIELD("Transfer-Encoding:")),
	BAD("9112 7 list", TRANSFER_ENCODING, FIELD("Transfer-Encoding: ,chunked")),
	BAD("9112 7 parameter", TRANSFER_ENCODING, FIELD("Transfer-Encoding: chunked;a=b")),
	BAD("9112 7 quotes", TRANSFER_ENCODING, FIELD("Transfer-Encoding: \"chunked\"")),
	BAD("9112 7 prefix", TRANSFER_ENCODING, FIELD("Transfer-Encoding: xchunked")),
	BAD("9112 6.1 HTTP/1.0", TRANSFER_ENCODING,
	    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked" END),
	OK("9110 10.1.1", FIELD("Expect: 100-continue")),
	OK("9110 10.1.1 case", FIELD("expect: 100-Continue")),
	BAD("9110 10.1.1", EXPECT, FIELD("Expect: 200-ok")),
	BAD("9110 10.1.1", EXPECT, FIELD("Expect:")),
	BAD("9110 10.1.1", EXPECT, FIELD("Expect: 100-continue, x")),
	OK("9110 7.6.1", FIELD("Connection: close")),
	OK("9110 7.6.1 empty elements", FIELD("Connection: ,, close ,,")),
	OK("9110 7.6.1 at the limit", FIELD("Connection: a" TEN(",a,a,a") ",a")),
	BAD("9110 7.6.1 past the limit", HEADER_VALUE,
	    FIELD("Connection: a" TEN(",a,a,a") "\r\nConnection: b,c")),
};

#define ROWS_TEST(rows)                                                                            \
	static void test_##rows(void **state)                                                      \
	{                                                                                          \
		rows_check(parse, rows, ARRAY_LEN(rows));                                          \
	}
ROWS_TEST(start_lines)
ROWS_TEST(early)
ROWS_TEST(targets)
ROWS_TEST(hosts)
ROWS_TEST(fields)
ROWS_TEST(framing)

static void parse_good(const char *text)
{
	if (http1_parse_request(&request, text, strlen(text)) != HTTP1_DONE)
		fail_msg("%s: %s", http1_error_text(request.head.error), text);
}

static void assert_slice(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_str(text)))
		fail_msg("got '%.*s', expected '%s'", SLICE_ARG(s), text);
}

static void test_methods_are_recognised(void **state)
{
	static const char *const names[] = { "GET",	"HEAD",	 "POST",  "PUT",     "DELETE",
					     "OPTIONS", "TRACE", "PATCH", "CONNECT", "PROPFIND" };
	static const bool idempotent[] = { true, true, false, true,  true,
					   true, true, false, false, false };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", names[i],
			 i == HTTP1_CONNECT ? "a:1" : "/");
		parse_good(text);
		assert_int_equal(request.method, i);
		assert_slice(request.method_text, names[i]);
		assert_int_equal(http1_idempotent(request.method), idempotent[i]);
	}
}

struct split_row {
	const char *line;
	const char *path, *path_query, *host;
	bool absolute;
};

static void test_targets_are_split(void **state)
{
	static const struct split_row rows[] = {
		{ "GET /", "/", "/", "A:80", false },
		{ "GET /x/y?z=1?2", "/x/y", "/x/y?z=1?2", "A:80", false },
		{ "GET /?", "/", "/?", "A:80", false },
		{ "GET http://a/x?y", "/x", "/x?y", "a", true },
		{ "GET HTTP://a:80", "/", "/", "a:80", true },
		{ "OPTIONS http://a", "*", "*", "a", true },
		{ "OPTIONS http://a/", "/", "/", "a", true },
		{ "OPTIONS *", "*", "*", "A:80", false },
		{ "CONNECT b:443", "", "", "b:443", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[128];

		snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: A:80\r\n\r\n", rows[i].line);
		parse_good(text);
		assert_slice(request.path, rows[i].path);
		assert_slice(request.path_query, rows[i].path_query);
		assert_slice(request.host, rows[i].host);
		assert_slice(request.target, strchr(rows[i].line, ' ') + 1);
		assert_int_equal(request.absolute, rows[i].absolute);
	}
}

static void test_header_offsets(void **state)
{
	static const char text[] = "GET / HTTP/1.0\r\nA:\r\nHost: \t b \t\r\nA: c d\r\n\r\nrest";
	const struct http1_head *h = &request.head;
	uint32_t at;

	parse_good(text);
	assert_ptr_equal(h->base, text);
	assert_int_equal(h->len, sizeof(text) - 1 - 4);
	assert_int_equal(h->n_headers, 3);
	assert_int_equal(h->minor, 0);
	at = h->headers_at;
	assert_int_equal(at, 16);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(h->headers[i].line, at);
		at = h->headers[i].end;
		assert_memory_equal(text + at - 2, "\r\n", 2);
	}
	assert_int_equal(at + 2, h->len);
	assert_slice(http1_name(h, &h->headers[1]), "Host");
	assert_slice(http1_value(h, &h->headers[0]), "");
	assert_slice(http1_value(h, &h->headers[1]), "b");
	assert_slice(http1_value(h, &h->headers[2]), "c d");
	assert_ptr_equal(http1_find(h, HTTP1_H_HOST), &h->headers[1]);
	assert_null(http1_find(h, HTTP1_H_VIA));
	assert_ptr_equal(http1_find_name(h, SLICE_LIT("a")), &h->headers[0]);
	assert_null(http1_find_name(h, SLICE_LIT("B")));
}

struct known_row {
	const char *name;
	enum http1_header_id id;
	bool drop;
	const char *value;
};

static const struct known_row known[] = {
	{ "Connection", HTTP1_H_CONNECTION, true, "" },
	{ "Content-Length", HTTP1_H_CONTENT_LENGTH, false, "1" },
	{ "Expect", HTTP1_H_EXPECT, false, "100-continue" },
	{ "Host", HTTP1_H_HOST, false, "a" },
	{ "Keep-Alive", HTTP1_H_KEEP_ALIVE, true, "" },
	{ "Proxy-Authenticate", HTTP1_H_PROXY_AUTHENTICATE, false, "" },
	{ "Proxy-Connection", HTTP1_H_PROXY_CONNECTION, true, "" },
	{ "TE", HTTP1_H_TE, true, "" },
	{ "Trailer", HTTP1_H_TRAILER, true, "" },
	{ "Transfer-Encoding", HTTP1_H_TRANSFER_ENCODING, true, "chunked" },
	{ "Upgrade", HTTP1_H_UPGRADE, true, "" },
	{ "Via", HTTP1_H_VIA, false, "" },
	{ "X-Forwarded-For", HTTP1_H_X_FORWARDED_FOR, false, "" },
	{ "X-Forwarded-Host", HTTP1_H_X_FORWARDED_HOST, false, "" },
	{ "X-Forwarded-Proto", HTTP1_H_X_FORWARDED_PROTO, false, "" },
	{ "Date", HTTP1_H_DATE, false, "" },
};

/* The id of the last header when its name is `name`. */
static const struct http1_header *parse_named(const char *name, const char *value)
{
	static char text[128];
	const char *host = slice_ieq(slice_str(name), SLICE_LIT("host")) ? "" : "Host: a\r\n";

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s%s: %s\r\n\r\n", host, name, value);
	parse_good(text);
	return &request.head.headers[request.head.n_headers - 1];
}

static void test_known_names_in_any_case(void **state)
{
	assert_int_equal(ARRAY_LEN(known), HTTP1_H_IDS - 1);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		char name[32];

		for (unsigned mask = 0; mask < 3; mask++) {
			snprintf(name, sizeof(name), "%s", known[i].name);
			for (char *p = name; *p; p++) {
				if (*p != '-' && mask > 0)
					*p = (char)(mask == 1 ? *p | 0x20 : *p & ~0x20);
			}
			assert_int_equal(parse_named(name, known[i].value)->id, known[i].id);
			assert_int_equal(parse_named(name, known[i].value)->drop, known[i].drop);
		}
	}
}

/* One byte changed, taken away or added makes it another name. */
static void test_near_names_are_not_known(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i].name);
		char name[32];

		for (size_t at = 0; at < n; at++) {
			snprintf(name, sizeof(name), "%s", known[i].name);
			name[at] = name[at] == '_' ? '-' : '_';
			assert_int_equal(parse_named(name, "x")->id, HTTP1_H_OTHER);
		}
		snprintf(name, sizeof(name), "%sx", known[i].name);
		assert_int_equal(parse_named(name, "x")->id, HTTP1_H_OTHER);
		name[n - 1] = '\0';
		assert_int_equal(parse_named(name, "x")->id, HTTP1_H_OTHER);
	}
}

static bool dropped(const char *name)
{
	const struct http1_header *x = http1_find_name(&request.head, slice_str(name));

	assert_non_null(x);
	return x->drop;
}

static void test_connection_flags(void **state)
{
	parse_good(HEAD "Connection: Close , x\r\nConnection: KEEP-alive\r\n\r\n");
	assert_true(request.head.close && request.head.keep_alive);
	assert_false(request.head.connection_upgrade);
	parse_good(HEAD "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	assert_true(request.head.connection_upgrade);
	assert_false(request.head.close || request.head.keep_alive);
	assert_true(dropped("upgrade"));
	parse_good(HEAD "Connection: closed, xclose\r\nX: close\r\n\r\n");
	assert_false(request.head.close);
}

static void test_connection_nominates(void **state)
{
	parse_good("GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: x-a, , X-B\r\nX-AB: 1\r\n"
		   "x-b: 1\r\nConnection: x-c\r\nX-B: 2\r\nX-C: 3\r\n\r\n");
	for (unsigned i = 0; i < request.head.n_headers; i++) {
		static const bool drops[] = { true, false, true, false, true, true, true, true };

		assert_int_equal(request.head.headers[i].drop, drops[i]);
	}
}

/* What every recipient is meant to see cannot be nominated away (RFC 9110 7.6.1). */
static void test_connection_cannot_nominate(void **state)
{
	static const char *const kept[] = { "Host",
					    "Content-Length",
					    "X-Forwarded-For",
					    "X-Forwarded-Host",
					    "X-Forwarded-Proto",
					    "X-Forwarded-Port",
					    "Forwarded",
					    "X-Real-IP",
					    "Cache-Control",
					    "Authorization",
					    "Cookie",
					    "Content-Type",
					    "Via",
					    "Date",
					    "Content-Encoding",
					    "Set-Cookie" };

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		char text[160];

		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%sConnection: %s\r\n%s: 1\r\n\r\n",
			 i == 0 ? "" : "Host: a\r\n", kept[i], kept[i]);
		parse_good(text);
		if (dropped(kept[i]))
			fail_msg("%s was dropped", kept[i]);
	}
	parse_good(HEAD "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n");
	assert_true(request.head.chunked);
}

static void test_lengths(void **state)
{
	parse_good(HEAD "Content-Length: 9223372036854775807\r\n\r\n");
	assert_true(request.head.has_length);
	assert_true(request.head.length == INT64_MAX);
	assert_false(request.head.chunked);
	parse_good(HEAD "Content-Length: 00\r\n\r\n");
	assert_true(request.head.has_length && request.head.length == 0);
	parse_good(HEAD "Transfer-Encoding: chunked\r\n\r\n");
	assert_true(request.head.chunked && !request.head.has_length);
	parse_good(HEAD "\r\n");
	assert_false(request.head.has_length || request.head.chunked);
}

static void test_expect(void **state)
{
	parse_good(HEAD "Expect: 100-continue\r\n\r\n");
	assert_true(request.expect_continue);
	parse_good(HEAD "\r\n");
	assert_false(request.expect_continue);
	parse_good("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
	assert_false(request.expect_continue);
}

/* Fills `text` with `n` more headers; returns the length without the empty line. */
static size_t many_headers(char *text, size_t room, unsigned n)
{
	size_t at = (size_t)snprintf(text, room, "%s", HEAD);

	while (n-- > 0)
		at += (size_t)snprintf(text + at, room - at, "N%u: v\r\n", n);
	return at;
}

static void test_number_of_headers_is_limited(void **state)
{
	char text[4096];
	size_t n = many_headers(text, sizeof(text), HTTP1_HEADERS_MAX - 1);

	memcpy(text + n, "\r\n", 3);
	parse_good(text);
	assert_int_equal(request.head.n_headers, HTTP1_HEADERS_MAX);
	n = many_headers(text, sizeof(text), HTTP1_HEADERS_MAX);
	assert_int_equal(http1_parse_request(&request, text, n), HTTP1_BAD);
	assert_int_equal(request.head.error, HTTP1_E_TOO_MANY_HEADERS);
	assert_int_equal(http1_error_status(request.head.error), 431);
}

static void test_names_fit_their_length(void **state)
{
	size_t start = strlen(HEAD);
	size_t room = start + UINT16_MAX + 16;
	char *text = malloc(room);

	assert_non_null(text);
	memcpy(text, HEAD, start);
	memset(text + start, 'n', room - start);
	memcpy(text + start + UINT16_MAX, ":\r\n\r\n", 5);
	assert_int_equal(http1_parse_request(&request, text, start + UINT16_MAX + 5), HTTP1_DONE);
	assert_int_equal(request.head.headers[1].name_len, UINT16_MAX);
	memcpy(text + start + UINT16_MAX, "n:\r\n\r\n", 6);
	assert_int_equal(http1_parse_request(&request, text, start + UINT16_MAX + 6), HTTP1_BAD);
	assert_int_equal(request.head.error, HTTP1_E_HEADER_NAME);
	free(text);
}

static void test_leading_crlf(void **state)
{
	assert_int_equal(http1_skip_crlf("\r\nGET", 5), 2);
	assert_int_equal(http1_skip_crlf("\r\n\r\n", 4), 2);
	assert_int_equal(http1_skip_crlf("\r\n", 1), 0);
	assert_int_equal(http1_skip_crlf("\n", 1), 0);
	assert_int_equal(http1_skip_crlf("", 0), 0);
}

/* Nothing of an earlier message is seen in a later one. */
static void test_reuse_of_the_struct(void **state)
{
	parse_good(
		"POST http://a/ HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive, upgrade\r\n"
		"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	parse_good("GET / HTTP/1.0\r\n\r\n");
	assert_false(request.head.close || request.head.keep_alive);
	assert_false(request.head.connection_upgrade || request.head.has_length);
	assert_false(request.expect_continue || request.absolute);
	assert_int_equal(request.head.n_headers, 0);
	assert_int_equal(request.head.error, HTTP1_E_NONE);
	assert_int_equal(request.host.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_lines),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_methods_are_recognised),
		cmocka_unit_test(test_targets_are_split),
		cmocka_unit_test(test_header_offsets),
		cmocka_unit_test(test_known_names_in_any_case),
		cmocka_unit_test(test_near_names_are_not_known),
		cmocka_unit_test(test_connection_flags),
		cmocka_unit_test(test_connection_nominates),
		cmocka_unit_test(test_connection_cannot_nominate),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_number_of_headers_is_limited),
		cmocka_unit_test(test_names_fit_their_length),
		cmocka_unit_test(test_leading_crlf),
		cmocka_unit_test(test_reuse_of_the_struct),
	};

	return cmocka_run_group_tests_name("wire/request", tests, NULL, NULL);
}
