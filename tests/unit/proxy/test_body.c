/* SPDX-License-Identifier: MIT */
/*
 * Body framing: what of the input is the body, what of that is data, and where it ends. Every
 * piece of input lies in writable memory of exactly its size, so that a sanitizer sees a step
 * outside of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aorta/assert.h"
#include "aorta/buf.h"
#include "aorta/rng.h"
#include "proxy/body.h"

#define ROUNDS	   3000
#define DATA_MAX   3000
#define CHUNKS_MAX 40
#define EXTRA	   "GET /next HTTP/1.1\r\n"

/* ---- how a message is framed ---- */

struct framing_row {
	const char *head;
	bool head_request;
	enum body_kind kind;
	uint64_t length;
	bool done;
};

static void requests_are_framed_by_their_head(void **state)
{
	static const struct framing_row rows[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, BODY_NONE, 0, true },
		{ "POST / HTTP/1.1\r\nHost: a\r\n\r\n", 0, BODY_NONE, 0, true },
		{ "POST / HTTP/1.0\r\n\r\n", 0, BODY_NONE, 0, true },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 0, BODY_LENGTH, 0,
		  true },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", 0, BODY_LENGTH, 7,
		  false },
		{ "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", 0, BODY_LENGTH, 7,
		  false },
		{ "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
		  BODY_CHUNKED, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct http1_request r;
		struct body b;

		assert_int_equal(http1_parse_request(&r, rows[i].head, strlen(rows[i].head)),
				 HTTP1_DONE);
		memset(&b, 0xee, sizeof(b));
		body_init_request(&b, &r);
		assert_int_equal(b.kind, rows[i].kind);
		assert_int_equal(b.done, rows[i].done);
		assert_int_equal(b.taken, 0);
		if (b.kind == BODY_LENGTH)
			assert_int_equal(b.left, rows[i].length);
	}
}

/* RFC 9112 6.3, in its order. */
static void answers_are_framed_by_request_status_and_head(void **state)
{
#define CL "Content-Length: 7\r\n\r\n"
#define TE "Transfer-Encoding: chunked\r\n\r\n"
	static const struct framing_row rows[] = {
		{ "HTTP/1.1 200 OK\r\n" CL, true, BODY_NONE, 0, true },
		{ "HTTP/1.1 200 OK\r\n" TE, true, BODY_NONE, 0, true },
		{ "HTTP/1.1 200 OK\r\n\r\n", true, BODY_NONE, 0, true },
		{ "HTTP/1.1 100 Continue\r\n\r\n", false, BODY_NONE, 0, true },
		{ "HTTP/1.1 199 Early\r\n" CL, false, BODY_NONE, 0, true },
		{ "HTTP/1.1 204 No Content\r\n" CL, false, BODY_NONE, 0, true },
		{ "HTTP/1.1 204 No Content\r\n" TE, false, BODY_NONE, 0, true },
		{ "HTTP/1.1 304 Not Modified\r\n" CL, false, BODY_NONE, 0, true },
		{ "HTTP/1.1 304 Not Modified\r\n" TE, false, BODY_NONE, 0, true },
		{ "HTTP/1.1 200 OK\r\n" TE, false, BODY_CHUNKED, 0, false },
		{ "HTTP/1.1 200 OK\r\n" CL, false, BODY_LENGTH, 7, false },
		{ "HTTP/1.0 200 OK\r\n" CL, false, BODY_LENGTH, 7, false },
		{ "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", false, BODY_LENGTH, 0, true },
		{ "HTTP/1.1 502 Bad\r\n\r\n", false, BODY_UNTIL_CLOSE, 0, false },
		{ "HTTP/1.0 200 OK\r\n\r\n", false, BODY_UNTIL_CLOSE, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct http1_response r;
		struct body b;

		assert_int_equal(http1_parse_response(&r, rows[i].head, strlen(rows[i].head)),
				 HTTP1_DONE);
		memset(&b, 0xee, sizeof(b));
		body_init_answer(&b, &r, rows[i].head_request);
		if (b.kind != rows[i].kind || b.done != rows[i].done)
			fail_msg("kind %d done %d: %s", b.kind, b.done, rows[i].head);
		if (b.kind == BODY_LENGTH)
			assert_int_equal(b.left, rows[i].length);
	}
#undef CL
#undef TE
}

/* ---- taking ---- */

/* Shows `text[0..n)` to the body; its data goes to `out`. Returns how many bytes it left. */
static size_t show(struct body *b, const char *text, size_t n, struct buf *out,
		   enum body_result *result)
{
	char *piece = malloc(n ? n : 1);
	struct slice in = { piece, n }, data;

	assert_non_null(piece);
	if (n)
		memcpy(piece, text, n);
	*result = body_take(b, &in, &data);
	assert_ptr_equal(in.p + in.n, piece + n);
	assert_true(in.n <= n);
	if (*result == BODY_OK) {
		assert_true(data.p >= piece && data.p + data.n <= in.p);
		buf_slice(out, data);
	}
	n = in.n;
	free(piece);
	return n;
}

/* All of `text`, in pieces of 1 to `piece_max` bytes. Returns how many bytes were left over. */
static size_t show_split(struct body *b, struct slice text, struct rng *rng, uint32_t piece_max,
			 struct buf *out)
{
	size_t at = 0;

	while (at < text.n && !b->done) {
		size_t n = 1 + rng_below(rng, piece_max), left;
		enum body_result result;

		if (n > text.n - at)
			n = text.n - at;
		left = show(b, text.p + at, n, out, &result);
		assert_int_equal(result, BODY_OK);
		assert_true(b->done || left == 0);
		at += n - left;
		assert_int_equal(b->taken, out->len);
	}
	return text.n - at;
}

static void no_body_takes_nothing(void **state)
{
	struct buf out;
	struct body b;
	enum body_result result;

	buf_init(&out);
	body_init(&b, BODY_NONE, 0);
	assert_true(b.done);
	assert_int_equal(show(&b, EXTRA, strlen(EXTRA), &out, &result), strlen(EXTRA));
	assert_int_equal(result, BODY_OK);
	assert_int_equal(out.len, 0);
	assert_true(body_end(&b));
	buf_fini(&out);
}

static void a_length_is_taken_to_its_last_byte_and_no_further(void **state)
{
	for (size_t length = 0; length <= 6; length++)
		for (uint32_t piece = 1; piece <= 12; piece++) {
			struct slice text = SLICE_LIT("abcdefGET /");
			struct buf out;
			struct rng rng;
			struct body b;

			rng_seed(&rng, piece);
			buf_init(&out);
			body_init(&b, BODY_LENGTH, length);
			assert_int_equal(show_split(&b, text, &rng, piece, &out), text.n - length);
			assert_true(b.done && b.left == 0 && b.taken == length);
			assert_int_equal(out.len, length);
			assert_memory_equal(buf_cstr(&out), text.p, length);
			assert_true(body_end(&b));
			buf_fini(&out);
		}
}

static void a_length_that_ends_early_is_cut_short(void **state)
{
	struct buf out;
	struct body b;
	enum body_result result;

	buf_init(&out);
	body_init(&b, BODY_LENGTH, UINT64_C(1) << 40);
	assert_int_equal(show(&b, "abc", 3, &out, &result), 0);
	assert_int_equal(b.left, (UINT64_C(1) << 40) - 3);
	assert_false(b.done);
	assert_false(body_end(&b));
	assert_false(b.done);
	buf_fini(&out);
}

static void until_close_takes_all_and_ends_with_the_connection(void **state)
{
	struct buf out;
	struct body b;
	struct rng rng;

	rng_seed(&rng, 5);
	buf_init(&out);
	body_init(&b, BODY_UNTIL_CLOSE, 0);
	assert_int_equal(show_split(&b, SLICE_LIT("0\r\n\r\n" EXTRA), &rng, 7, &out), 0);
	assert_string_equal(buf_cstr(&out), "0\r\n\r\n" EXTRA);
	assert_false(b.done);
	assert_true(body_end(&b));
	assert_true(b.done);
	buf_fini(&out);
}

/* ---- chunked ---- */

struct model {
	struct buf data, wire; /* the body, and as it travels */
};

static void put_size_line(struct buf *wire, struct rng *rng, size_t n)
{
	static const char *const extensions[] = { "", "", ";a", " ;a=b", ";a=\"\t x\"" };

	for (uint32_t zeros = rng_below(rng, 4); zeros > 0; zeros--)
		buf_putc(wire, '0');
	if (rng_below(rng, 2))
		buf_printf(wire, "%zx", n);
	else
		buf_printf(wire, "%zX", n);
	buf_puts(wire, extensions[rng_below(rng, ARRAY_LEN(extensions))]);
	buf_puts(wire, "\r\n");
}

static void put_chunk(struct model *m, struct rng *rng, size_t n)
{
	size_t from = m->data.len;

	for (size_t i = 0; i < n; i++) {
		/* Bytes that would be framing if anybody mistook them for it, among others. */
		static const char likely[] = "\r\n0;aF";
		uint32_t r = rng_below(rng, 300);

		buf_putc(&m->data, r < sizeof(likely) - 1 ? likely[r] : (char)r);
	}
	put_size_line(&m->wire, rng, n);
	buf_put(&m->wire, m->data.data + from, n);
	buf_puts(&m->wire, "\r\n");
}

/* A random body in random chunks, with bytes of a next message behind it. */
static void model_build(struct model *m, struct rng *rng)
{
	uint32_t chunks = rng_below(rng, CHUNKS_MAX);

	buf_clear(&m->data);
	buf_clear(&m->wire);
	while (chunks-- > 0) {
		/* Mostly small, so that several lie in one piece. */
		uint32_t size = 1 + rng_below(rng, rng_below(rng, 4) ? 20 : DATA_MAX);

		put_chunk(m, rng, size);
	}
	put_size_line(&m->wire, rng, 0);
	for (uint32_t trailers = rng_below(rng, 3); trailers > 0; trailers--)
		buf_puts(&m->wire, "X-Sum: 0123\r\n");
	buf_puts(&m->wire, "\r\n" EXTRA);
	assert_false(m->data.failed || m->wire.failed);
}

static void check_model(const struct model *m, struct rng *rng, uint32_t piece_max)
{
	struct buf out;
	struct body b;

	buf_init(&out);
	body_init(&b, BODY_CHUNKED, 0);
	assert_int_equal(show_split(&b, buf_as_slice(&m->wire), rng, piece_max, &out),
			 strlen(EXTRA));
	assert_true(b.done);
	assert_int_equal(b.taken, m->data.len);
	assert_int_equal(out.len, m->data.len);
	if (out.len)
		assert_memory_equal(out.data, m->data.data, out.len);
	assert_true(body_end(&b));
	buf_fini(&out);
}

static void chunks_become_the_body_however_they_are_cut(void **state)
{
	static const uint32_t pieces[] = { 1, 2, 3, 17, 400, 1 << 20 };
	struct model m;
	struct rng rng;

	buf_init(&m.data);
	buf_init(&m.wire);
	rng_seed(&rng, 9112);
	for (unsigned round = 0; round < ROUNDS; round++) {
		model_build(&m, &rng);
		check_model(&m, &rng, pieces[round % ARRAY_LEN(pieces)]);
	}
	buf_fini(&m.data);
	buf_fini(&m.wire);
}

static void several_chunks_in_one_piece_are_one_run(void **state)
{
	char piece[] = "3\r\nabc\r\n1;x=y\r\nd\r\n4\r\nefgh\r\n2\r\ni";
	struct slice in = slice_of(piece, sizeof(piece) - 1), data;
	struct body b;

	body_init(&b, BODY_CHUNKED, 0);
	assert_int_equal(body_take(&b, &in, &data), BODY_OK);
	assert_int_equal(in.n, 0);
	assert_ptr_equal(data.p, piece + 3); /* moved no further than to the first */
	assert_int_equal(data.n, 9);
	assert_memory_equal(data.p, "abcdefghi", 9);
	assert_false(b.done);
	assert_false(body_end(&b)); /* a chunked body has an end of its own */
}

static void malformed_chunks_are_bad(void **state)
{
	static const char *const bad[] = { "x\r\n",	    "3\nabc\r\n0\r\n\r\n",
					   "3\r\nabcd\r\n", "3\r\nabc0\r\n\r\n",
					   "\r\n",	    "-1\r\n" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf out;
		struct body b;
		enum body_result result;

		buf_init(&out);
		body_init(&b, BODY_CHUNKED, 0);
		show(&b, bad[i], strlen(bad[i]), &out, &result);
		assert_int_equal(result, BODY_BAD);
		assert_false(b.done);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_framed_by_their_head),
		cmocka_unit_test(answers_are_framed_by_request_status_and_head),
		cmocka_unit_test(no_body_takes_nothing),
		cmocka_unit_test(a_length_is_taken_to_its_last_byte_and_no_further),
		cmocka_unit_test(a_length_that_ends_early_is_cut_short),
		cmocka_unit_test(until_close_takes_all_and_ends_with_the_connection),
		cmocka_unit_test(chunks_become_the_body_however_they_are_cut),
		cmocka_unit_test(several_chunks_in_one_piece_are_one_run),
		cmocka_unit_test(malformed_chunks_are_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
