/* SPDX-License-Identifier: MIT */
/* Responses: what is accepted, what is refused and why, and what the fields say. */
#include "rows.h"

#define END	 "\r\n\r\n"
#define FIELD(s) "HTTP/1.1 200 OK\r\n" s END

static struct http1_response response;

static enum http1_result parse(const char *p, size_t n, struct http1_head **head)
{
	*head = &response.head;
	return http1_parse_response(&response, p, n);
}

static const struct row status_lines[] = {
	OK("9112 4", "HTTP/1.1 200 OK" END),
	OK("9112 4", "HTTP/1.0 404 Not Found" END),
	OK("9112 4 empty reason", "HTTP/1.1 204 " END),
	OK("9112 4 seen in practice: no SP", "HTTP/1.1 200" END),
	OK("9112 4 reason of any field byte", "HTTP/1.1 200 \t\xe4\xff  OK: \"\"" END),
	OK("9110 15 first", "HTTP/1.1 100 Continue" END),
	OK("9110 15 last", "HTTP/1.1 999 x" END),
	OK("9110 15 more than the classes", "HTTP/1.1 600 x" END),
	MORE("9112 4", ""),
	MORE("9112 4", "HTTP/1.1 200 OK\r\nX: y\r\n"),
	BAD("9112 4", START_LINE, "ICY 200 OK" END),
	BAD("9112 4", START_LINE, "\r\nHTTP/1.1 200 OK" END),
	BAD("9112 4", START_LINE, " HTTP/1.1 200 OK" END),
	BAD("9112 4", START_LINE, "HTTP/1.1\t200 OK" END),
	BAD("9112 4", START_LINE, "HTTP/1.1" END),
	BAD("9112 4", START_LINE, "http/1.1 200 OK" END),
	BAD("9112 4", START_LINE, "HTTP/1.11 200 OK" END),
	BAD("9112 4", START_LINE, "SSH-2.0-x\r\n"),
	BAD("9112 2.3", VERSION, "HTTP/2.0 200 OK" END),
	BAD("9112 2.3", VERSION, "HTTP/1.9 200 OK" END),
	BAD("9112 4 two SP", STATUS, "HTTP/1.1  200 OK" END),
	BAD("9112 4 no status", STATUS, "HTTP/1.1 OK" END),
	BAD("9110 15", STATUS, "HTTP/1.1 099 x" END),
	BAD("9110 15", STATUS, "HTTP/1.1 000 x" END),
	BAD("9110 15", STATUS, "HTTP/1.1 20 OK" END),
	BAD("9110 15", STATUS, "HTTP/1.1 2000 OK" END),
	BAD("9110 15", STATUS, "HTTP/1.1 -20 OK" END),
	BAD("9110 15", STATUS, "HTTP/1.1 2x0 OK" END),
	BAD("9112 4", STATUS, "HTTP/1.1 200\tOK" END),
	BAD("9112 2.2 bare LF", LINE_END, "HTTP/1.1 200 OK\n\n"),
	BAD("9112 2.2 bare LF", LINE_END, "HTTP/1.1 200\n\n"),
	BAD("9112 2.2 bare CR", LINE_END, "HTTP/1.1 200 O\rK" END),
	BAD("9112 2.2 bare CR", LINE_END, "HTTP/1.1 200\rK" END),
	BAD("9112 4 NUL", LINE_END, "HTTP/1.1 200 O\0K" END),
	BAD("9112 4 control", LINE_END, "HTTP/1.1 200 O\x1bK" END),
	BAD("9112 4 DEL", LINE_END, "HTTP/1.1 200 O\x7fK" END),
};

static const struct row fields[] = {
	OK("9112 6.3 no length", FIELD("Server: x")),
	OK("9110 8.6", FIELD("Content-Length: 5")),
	OK("9112 7.1", FIELD("Transfer-Encoding: Chunked")),
	OK("9110 10.1.1 only of requests", FIELD("Expect: x")),
	OK("9110 7.2 only of requests", FIELD("Host: a b\r\nHost: c")),
	OK("9112 9.3", FIELD("Connection: keep-alive\r\nKeep-Alive: timeout=5")),
	BAD("9112 6.3 both", LENGTH_CONFLICT,
	    FIELD("Transfer-Encoding: chunked\r\nContent-Length: 5")),
	BAD("9112 6.3 twice", CONTENT_LENGTH, FIELD("Content-Length: 5\r\nContent-Length: 5")),
	BAD("9110 8.6", CONTENT_LENGTH, FIELD("Content-Length: five")),
	BAD("9112 7.2", TRANSFER_ENCODING, FIELD("Transfer-Encoding: gzip")),
	BAD("9112 6.1 HTTP/1.0", TRANSFER_ENCODING,
	    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked" END),
	BAD("9112 5.2", FOLDING, FIELD("X: y\r\n z")),
	BAD("9112 5.2 before the first field", HEADER_NAME, FIELD(" X: y")),
	BAD("9112 5.1", HEADER_NAME, FIELD("X : y")),
	BAD("9112 5", HEADER_NAME, FIELD("X y")),
	BAD("9110 5.5", HEADER_VALUE, FIELD("X: \0")),
	BAD("9112 2.2", LINE_END, "HTTP/1.1 200 OK\r\nX: y\n\n"),
	BAD("9112 2.2", LINE_END, "HTTP/1.1 200 OK\r\n\n"),
};

static void test_status_lines(void **state)
{
	rows_check(parse, status_lines, ARRAY_LEN(status_lines));
}

static void test_fields(void **state)
{
	rows_check(parse, fields, ARRAY_LEN(fields));
}

static void parse_good(const char *text)
{
	if (http1_parse_response(&response, text, strlen(text)) != HTTP1_DONE)
		fail_msg("%s: %s", http1_error_text(response.head.error), text);
}

static void test_status_and_reason(void **state)
{
	parse_good("HTTP/1.1 503 Service  Unavailable \r\n\r\n");
	assert_int_equal(response.status, 503);
	assert_int_equal(response.head.minor, 1);
	assert_true(slice_eq(response.reason, SLICE_LIT("Service  Unavailable ")));
	parse_good("HTTP/1.0 204 \r\n\r\n");
	assert_int_equal(response.head.minor, 0);
	assert_int_equal(response.reason.n, 0);
	parse_good("HTTP/1.1 204\r\n\r\n");
	assert_int_equal(response.status, 204);
	assert_int_equal(response.reason.n, 0);
}

static void test_connection_and_length(void **state)
{
	parse_good(FIELD("Connection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 7\r\nDate: x"));
	assert_true(response.head.close && response.head.has_length);
	assert_int_equal(response.head.length, 7);
	assert_true(response.head.headers[0].drop);
	assert_true(response.head.headers[1].drop);
	assert_false(response.head.headers[2].drop);
	assert_int_equal(response.head.headers[3].id, HTTP1_H_DATE);
}

static void test_every_error_has_status_and_text(void **state)
{
	for (int e = HTTP1_E_NONE; e <= HTTP1_E_EXPECT; e++) {
		unsigned status = http1_error_status((enum http1_error)e);

		assert_true(strlen(http1_error_text((enum http1_error)e)) > 0);
		if (e == HTTP1_E_NONE)
			assert_int_equal(status, 0);
		else
			assert_string_not_equal(http1_reason(status), "Unknown");
	}
}

static void test_reasons(void **state)
{
	assert_string_equal(http1_reason(200), "OK");
	assert_string_equal(http1_reason(431), "Request Header Fields Too Large");
	assert_string_equal(http1_reason(511), "Network Authentication Required");
	assert_string_equal(http1_reason(299), "Unknown");
	assert_string_equal(http1_reason(512), "Unknown");
	assert_string_equal(http1_reason(0), "Unknown");
	assert_string_equal(http1_reason(4000000000U), "Unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_lines),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_status_and_reason),
		cmocka_unit_test(test_connection_and_length),
		cmocka_unit_test(test_every_error_has_status_and_text),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests_name("wire/response", tests, NULL, NULL);
}
