/* SPDX-License-Identifier: MIT */
/*
 * Heads as they are forwarded: a table of what comes and what goes, byte for byte; and, for many
 * random heads, that the result fits its room, parses again, and says the same (see
 * tests/fuzz/rewrite_check.h, which the fuzz target shares).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../fuzz/rewrite_check.h"
#include "aorta/buf.h"
#include "aorta/rng.h"

#define HEADS 60000
#define FOR   "X-Forwarded-For: 10.0.0.9\r\n"
#define PROTO "X-Forwarded-Proto: http\r\n"
#define HOSTA "X-Forwarded-Host: a\r\n"
#define VIA   "Via: 1.1 aorta\r\n"
/* What is behind the client's own lines of a request to host a. */
#define TAIL FOR PROTO HOSTA VIA "\r\n"
#define GET  "GET / HTTP/1.1\r\nHost: a\r\n"

struct row {
	const char *what, *in, *out;
};

static const struct row requests[] = {
	{ "nothing to leave out", GET "\r\n", GET TAIL },
	{ "lines keep their order, case, blanks and repetition",
	  "POST /p?q=1 HTTP/1.1\r\nb:  2 \r\nHOST:a\r\nB: 1\t\r\nb: 2\r\nContent-Length: 3\r\n"
	  "X-Empty:\r\n\r\n",
	  "POST /p?q=1 HTTP/1.1\r\nb:  2 \r\nHOST:a\r\nB: 1\t\r\nb: 2\r\nContent-Length: 3\r\n"
	  "X-Empty:\r\n" TAIL },
	{ "the lines of this hop go",
	  "GET / HTTP/1.1\r\nConnection: keep-alive\r\nA: 1\r\nKeep-Alive: 5\r\n"
	  "Proxy-Connection: x\r\nHost: a\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\nB: 2\r\n"
	  "\r\n",
	  "GET / HTTP/1.1\r\nA: 1\r\nHost: a\r\nB: 2\r\n" TAIL },
	{ "and those that Connection names, wherever they stand",
	  "GET / HTTP/1.1\r\nX-One: 1\r\nHost: a\r\nconnection: close, x-one , ,X-TWO\r\n"
	  "X-Two: 2\r\nX-Three: 3\r\nx-two: 4\r\nX-One-More: 5\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a\r\nX-Three: 3\r\nX-One-More: 5\r\n" TAIL },
	{ "in several lines", GET "Connection: B\r\nA: 1\r\nB: 2\r\nConnection: A\r\nC: 3\r\n\r\n",
	  GET "C: 3\r\n" TAIL },
	{ "but not what the message itself is made of",
	  GET "Connection: host, content-length, cookie, x-forwarded-for\r\nCookie: c\r\n"
	      "Content-Length: 2\r\n\r\n",
	  GET "Cookie: c\r\nContent-Length: 2\r\n" TAIL },
	{ "a length in an odd spelling is written anew",
	  "POST / HTTP/1.1\r\nContent-Length: 007\r\nHost: a\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n" TAIL },
	{ "so is one with other blanks",
	  "POST / HTTP/1.1\r\nCONTENT-LENGTH:\t0 \r\nHost: a\r\nA: 1\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a\r\nA: 1\r\nContent-Length: 0\r\n" TAIL },
	{ "credentials for the next proxy stay", GET "Proxy-Authorization: b\r\n\r\n",
	  GET "Proxy-Authorization: b\r\n" TAIL },
	{ "chunks are announced anew",
	  "POST / HTTP/1.1\r\nTransfer-Encoding:  CHUNKED\r\nHost: a\r\nA: 1\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a\r\nA: 1\r\nTransfer-Encoding: chunked\r\n" TAIL },
	{ "an expectation goes on", GET "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	  GET "Expect: 100-continue\r\nContent-Length: 1\r\n" TAIL },
	{ "X-Forwarded-For is joined in one line",
	  GET "X-Forwarded-For: 1.1.1.1\r\nA: 1\r\nx-forwarded-for:\r\n"
	      "X-FORWARDED-FOR: 2.2.2.2, 3.3.3.3 \r\n\r\n",
	  GET "A: 1\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.9\r\n" PROTO HOSTA VIA
	      "\r\n" },
	{ "X-Forwarded-Proto and -Host are overwritten",
	  GET "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nx-forwarded-proto: https\r\n"
	      "\r\n",
	  GET TAIL },
	{ "a client cannot have them taken away",
	  GET "Connection: X-Forwarded-For, X-Forwarded-Host\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n",
	  GET "X-Forwarded-For: 1.1.1.1, 10.0.0.9\r\n" PROTO HOSTA VIA "\r\n" },
	{ "earlier hops' Via stays in front", GET "Via: 1.0 x\r\n\r\n", GET "Via: 1.0 x\r\n" TAIL },
	{ "absolute-form becomes origin-form, its authority is the Host",
	  "GET http://a:81/x?y HTTP/1.1\r\nA: 1\r\nHost: A:81\r\nB: 2\r\n\r\n",
	  "GET /x?y HTTP/1.1\r\nHost: a:81\r\nA: 1\r\nB: 2\r\n" FOR PROTO
	  "X-Forwarded-Host: a:81\r\n" VIA "\r\n" },
	{ "absolute-form without a path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", GET TAIL },
	{ "absolute-form of HTTP/1.0 without Host", "GET http://a/ HTTP/1.0\r\n\r\n",
	  GET FOR PROTO HOSTA "Via: 1.0 aorta\r\n\r\n" },
	{ "OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
	  "OPTIONS * HTTP/1.1\r\nHost: a\r\n" TAIL },
	{ "OPTIONS * in absolute-form", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
	  "OPTIONS * HTTP/1.1\r\nHost: a\r\n" TAIL },
	{ "HTTP/1.0 goes on as 1.1", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
	  GET FOR PROTO HOSTA "Via: 1.0 aorta\r\n\r\n" },
	{ "without Host it stays 1.0: 1.1 must have one",
	  "POST / HTTP/1.0\r\nContent-Length: 1\r\nX-Forwarded-Host: evil\r\n\r\n",
	  "POST / HTTP/1.0\r\nContent-Length: 1\r\n" FOR PROTO "Via: 1.0 aorta\r\n\r\n" },
	{ "an expectation of HTTP/1.0 is none",
	  "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" FOR PROTO HOSTA
	  "Via: 1.0 aorta\r\n\r\n" },
	{ "a method that nobody knows", "FOO! /\\x HTTP/1.1\r\nHost: a\r\n\r\n",
	  "FOO! /\\x HTTP/1.1\r\nHost: a\r\n" TAIL },
};

struct answer_row {
	const char *what, *in;
	struct rewrite_answer how;
	bool interim;
	const char *out;
};

#define OK200 "HTTP/1.1 200 OK\r\n"

static const struct answer_row answers[] = {
	{ "as it came", OK200 "Server: x\r\nDate: now\r\nContent-Length: 1\r\n\r\n",
	  .out = OK200 "Server: x\r\nDate: now\r\nContent-Length: 1\r\n" VIA "\r\n" },
	{ "the lines of this hop go, and those that Connection names",
	  OK200 "Connection: X-A, keep-alive\r\nX-A: 1\r\nKeep-Alive: 1\r\nX-B: 2\r\nTrailer: T\r\n"
		"Transfer-Encoding: chunked\r\nUpgrade: h2c\r\nProxy-Connection: x\r\n\r\n",
	  .how = { .chunked = true },
	  .out = OK200 "X-B: 2\r\n" VIA "Transfer-Encoding: chunked\r\n\r\n" },
	{ "chunks taken off", OK200 "Transfer-Encoding: chunked\r\n\r\n", .how = { .close = true },
	  .out = OK200 VIA "Connection: close\r\n\r\n" },
	{ "chunks put on", "HTTP/1.0 200 OK\r\nA: 1\r\n\r\n", .how = { .chunked = true },
	  .out = OK200 "A: 1\r\nVia: 1.0 aorta\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ "the connection stays, for a client that must be told",
	  OK200 "Content-Length: 0\r\nConnection: close\r\n\r\n", .how = { .keep_alive = true },
	  .out = OK200 "Content-Length: 0\r\n" VIA "Connection: keep-alive\r\n\r\n" },
	{ "close outweighs keep-alive", OK200 "Content-Length: 0\r\n\r\n",
	  .how = { .keep_alive = true, .close = true },
	  .out = OK200 "Content-Length: 0\r\n" VIA "Connection: close\r\n\r\n" },
	{ "the member's own reason", "HTTP/1.1 404 Nix da \xe4\r\nContent-Length: 0\r\n\r\n",
	  .out = "HTTP/1.1 404 Nix da \xe4\r\nContent-Length: 0\r\n" VIA "\r\n" },
	{ "no reason", "HTTP/1.1 999 \r\n\r\n", .out = "HTTP/1.1 999 \r\n" VIA "\r\n" },
	{ "what only requests have rewritten stays", OK200 "X-Forwarded-For: 1\r\nHost: b\r\n\r\n",
	  .out = OK200 "X-Forwarded-For: 1\r\nHost: b\r\n" VIA "\r\n" },
	{ "cookies in their order",
	  OK200 "Set-Cookie: a\r\nVia: 1.1 x\r\nSet-Cookie: b\r\nConnection: set-cookie\r\n\r\n",
	  .out = OK200 "Set-Cookie: a\r\nVia: 1.1 x\r\nSet-Cookie: b\r\n" VIA "\r\n" },
	{ "an interim answer",
	  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: 1\r\n\r\n",
	  .interim = true, .out = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" },
	{ "a bare interim answer", "HTTP/1.1 100 Continue\r\n\r\n", .interim = true,
	  .out = "HTTP/1.1 100 Continue\r\n\r\n" },
};

static struct http1_request request;
static struct http1_response response;

static void assert_text(const char *what, const char *got, size_t n, const char *expected)
{
	if (!slice_eq(slice_of(got, n), slice_str(expected)))
		fail_msg("%s:\n%.*sexpected:\n%s", what, (int)n, got, expected);
}

static void requests_are_written_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const struct row *r = &requests[i];
		char out[2048];
		const char *wrong;

		if (http1_parse_request(&request, r->in, strlen(r->in)) != HTTP1_DONE)
			fail_msg("%s: %s", r->what, http1_error_text(request.head.error));
		assert_text(
			r->what, out,
			rewrite_request(out, &request, SLICE_LIT("10.0.0.9"), SLICE_LIT("http")),
			r->out);
		wrong = rewrite_check_request(&request);
		if (wrong)
			fail_msg("%s: %s", r->what, wrong);
	}
}

static void answers_are_written_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const struct answer_row *r = &answers[i];
		char out[2048];
		const char *wrong;
		size_t n;

		if (http1_parse_response(&response, r->in, strlen(r->in)) != HTTP1_DONE)
			fail_msg("%s: %s", r->what, http1_error_text(response.head.error));
		n = r->interim ? rewrite_interim(out, &response)
			       : rewrite_answer(out, &response, &r->how);
		assert_text(r->what, out, n, r->out);
		wrong = rewrite_check_answers(&response);
		if (wrong)
			fail_msg("%s: %s", r->what, wrong);
	}
}

/* ---- random heads ---- */

static const char *pick(struct rng *rng, const char *const *words, size_t n)
{
	return words[rng_below(rng, (uint32_t)n)];
}

#define PICK(rng, words) pick(rng, words, ARRAY_LEN(words))

static const char *const names[] = {
	"A",
	"B",
	"X-Long-Name-Of-Nothing",
	"Connection",
	"connection",
	"Keep-Alive",
	"Upgrade",
	"TE",
	"Trailer",
	"Via",
	"Expect",
	"Proxy-Connection",
	"Cookie",
	"Content-Type",
	"X-Forwarded-For",
	"x-forwarded-for",
	"X-Forwarded-Host",
	"X-Forwarded-Proto",
	"Transfer-Encoding",
	"Content-Length",
	"Date",
};

/* Blanks in front and behind, then a value that suits the name more often than not. */
static void put_value(struct buf *b, struct rng *rng, const char *name)
{
	static const char *const blanks[] = { "", " ", " ", "\t  " };
	static const char *const values[] = { "", "1", "1.2.3.4, ::1", "a, b", "X \xff\t\"q\"" };
	static const char *const options[] = { "a",	  "close",  "keep-alive",      "b, A",
					       "upgrade", "cookie", "x-forwarded-for", ", ,",
					       "via" };
	struct slice n = slice_str(name);

	buf_puts(b, PICK(rng, blanks));
	if (slice_ieq(n, SLICE_LIT("connection")))
		buf_puts(b, PICK(rng, options));
	else if (slice_ieq(n, SLICE_LIT("transfer-encoding")))
		buf_puts(b, rng_below(rng, 2) ? "chunked" : "Chunked");
	else if (slice_ieq(n, SLICE_LIT("content-length")))
		buf_printf(b, "%s%u", rng_below(rng, 3) ? "" : "00",
			   (unsigned)rng_below(rng, 1000000));
	else if (slice_ieq(n, SLICE_LIT("expect")))
		buf_puts(b, "100-continue");
	else
		buf_puts(b, PICK(rng, values));
	buf_puts(b, PICK(rng, blanks));
}

/* Mostly few lines; now and then as many as a head may have. */
static void put_lines(struct buf *b, struct rng *rng)
{
	uint32_t n = rng_below(rng, rng_below(rng, 20) ? 12 : HTTP1_HEADERS_MAX);

	while (n-- > 0) {
		const char *name = PICK(rng, names);

		buf_puts(b, name);
		buf_putc(b, ':');
		put_value(b, rng, name);
		buf_puts(b, "\r\n");
	}
}

static void put_host(struct buf *b, struct rng *rng)
{
	static const char *const hosts[] = { "a", "www.example.org:8080", "[::1]:1" };
	const char *host = PICK(rng, hosts);

	buf_puts(b, host);
	/* Long ones, since the room that is needed grows with the host. */
	if (host[0] == 'a')
		for (uint32_t n = rng_below(rng, 300); n > 0; n--)
			buf_putc(b, 'a');
}

static void random_request(struct buf *b, struct rng *rng)
{
	static const char *const methods[] = { "GET", "POST", "HEAD", "OPTIONS", "CONNECT", "M" };
	static const char *const paths[] = { "", "/", "/a?b", "*", "/%2e/\\" };
	const char *path = PICK(rng, paths);
	bool absolute = rng_below(rng, 3) == 0;
	struct buf host;

	buf_init(&host);
	put_host(&host, rng);
	buf_clear(b);
	buf_printf(b, "%s %s", PICK(rng, methods), absolute ? "http://" : "");
	if (absolute)
		buf_slice(b, buf_as_slice(&host));
	buf_printf(b, "%s HTTP/1.%u\r\n", path, (unsigned)rng_below(rng, 2));
	put_lines(b, rng);
	if (rng_below(rng, 5))
		buf_printf(b, "Host:%s%s\r\n", rng_below(rng, 2) ? " " : "", buf_cstr(&host));
	put_lines(b, rng);
	buf_puts(b, "\r\n");
	buf_fini(&host);
}

static void random_response(struct buf *b, struct rng *rng)
{
	static const char *const reasons[] = { " OK", " ", " A B\t\xe4", "" };

	buf_clear(b);
	buf_printf(b, "HTTP/1.%u %u%s\r\n", (unsigned)rng_below(rng, 2),
		   (unsigned)(100 + rng_below(rng, 900)), PICK(rng, reasons));
	put_lines(b, rng);
	buf_puts(b, "\r\n");
}

static void judge(const char *wrong, const struct buf *head)
{
	if (wrong)
		fail_msg("does not hold: %s\n%s", wrong, buf_cstr(head));
}

static void any_request_fits_and_says_the_same(void **state)
{
	unsigned good = 0;
	struct buf head;
	struct rng rng;

	buf_init(&head);
	rng_seed(&rng, 9110);
	for (unsigned i = 0; i < HEADS; i++) {
		random_request(&head, &rng);
		if (http1_parse_request(&request, head.data, head.len) != HTTP1_DONE)
			continue;
		good++;
		judge(rewrite_check_request(&request), &head);
	}
	print_message("%u of %u random heads were requests\n", good, HEADS);
	assert_true(good > HEADS / 10);
	buf_fini(&head);
}

static void any_answer_fits_and_says_the_same(void **state)
{
	unsigned good = 0;
	struct buf head;
	struct rng rng;

	buf_init(&head);
	rng_seed(&rng, 9112);
	for (unsigned i = 0; i < HEADS; i++) {
		random_response(&head, &rng);
		if (http1_parse_response(&response, head.data, head.len) != HTTP1_DONE)
			continue;
		good++;
		judge(rewrite_check_answers(&response), &head);
	}
	print_message("%u of %u random heads were answers\n", good, HEADS);
	assert_true(good > HEADS / 10);
	buf_fini(&head);
}

/* The head to which most is added: short, absolute, a long host, the longest client address. */
static void the_most_that_is_added_stays_within_the_room(void **state)
{
	for (size_t host = 1; host < 5000; host += 1 + host / 3) {
		struct buf head;

		buf_init(&head);
		buf_puts(&head, "GET http://");
		for (size_t i = 0; i < host; i++)
			buf_putc(&head, 'h');
		buf_puts(&head, " HTTP/1.0\r\n\r\n");
		if (http1_parse_request(&request, head.data, head.len) == HTTP1_DONE)
			judge(rewrite_check_request(&request), &head);
		else
			assert_true(host > 255); /* hosts have a bound of their own */
		buf_fini(&head);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_written_as_the_table_says),
		cmocka_unit_test(answers_are_written_as_the_table_says),
		cmocka_unit_test(any_request_fits_and_says_the_same),
		cmocka_unit_test(any_answer_fits_and_says_the_same),
		cmocka_unit_test(the_most_that_is_added_stays_within_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
