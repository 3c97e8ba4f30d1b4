/* SPDX-License-Identifier: MIT */
/* The chunked decoder: grammar, limits, splits, and equality with a naive model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aorta/assert.h"
#include "aorta/chunked.h"
#include "aorta/rng.h"
#include "wire/chars.h"

#define BODY_MAX 65536

/* What came of a whole input. */
struct outcome {
	enum chunked_result result; /* never DATA */
	size_t used;
	size_t n;
	char body[BODY_MAX];
};

/* Decodes one piece; false when the body ended, one way or the other. */
static bool decode_piece(struct chunked *c, const char *p, size_t n, struct outcome *o)
{
	struct slice data;
	size_t used;

	for (;;) {
		o->result = chunked_decode(c, p, n, &used, &data);
		assert_true(used <= n);
		o->used += used;
		if (o->result != CHUNKED_DATA)
			break;
		assert_true(data.n > 0 && data.p >= p && data.p + data.n == p + used);
		assert_true(o->n + data.n <= BODY_MAX);
		memcpy(o->body + o->n, data.p, data.n);
		o->n += data.n;
		p += used;
		n -= used;
	}
	assert_true(o->result != CHUNKED_MORE || used == n);
	return o->result == CHUNKED_MORE;
}

/* Pieces of random size up to `piece_max`, each in memory of its own size. */
static void decode(struct slice in, size_t piece_max, struct rng *rng, struct outcome *o)
{
	struct chunked c;
	size_t at = 0;
	bool more = true;

	o->result = CHUNKED_MORE;
	o->used = o->n = 0;
	chunked_init(&c);
	while (more && at < in.n) {
		size_t n = 1 + rng_below(rng, (uint32_t)piece_max);
		char *piece;

		if (n > in.n - at)
			n = in.n - at;
		piece = malloc(n);
		assert_non_null(piece);
		memcpy(piece, in.p + at, n);
		more = decode_piece(&c, piece, n, o);
		free(piece);
		at += n;
	}
}

/* The model: the same grammar written as a descent over input that is all there. */
struct model {
	const char *p, *end;
	size_t line_bytes;
	struct outcome *o;
};

/* Counts a byte of a line against `max`; -1 at the end of the input, -2 past the limit. */
static int model_byte(struct model *m, size_t max)
{
	if (m->p == m->end)
		return -1;
	if (++m->line_bytes > max)
		return -2;
	return (unsigned char)*m->p++;
}

static enum chunked_result model_stop(int b)
{
	return b == -1 ? CHUNKED_MORE : CHUNKED_BAD;
}

static enum chunked_result model_literal(struct model *m, const char *text)
{
	for (; *text; text++) {
		if (m->p == m->end)
			return CHUNKED_MORE;
		if (*m->p++ != *text)
			return CHUNKED_BAD;
	}
	return CHUNKED_DONE;
}

static enum chunked_result model_size(struct model *m, uint64_t *size)
{
	char digits[17] = "";
	size_t n = 0;
	int b;

	m->line_bytes = 0;
	while ((b = model_byte(m, CHUNKED_LINE_MAX)) >= 0 && strchr("0123456789abcdefABCDEF", b) &&
	       b != 0) {
		if (n == 16)
			return CHUNKED_BAD;
		digits[n++] = (char)b;
	}
	if (b < 0 || n == 0)
		return model_stop(b);
	while (b == ' ' || b == '\t') {
		b = model_byte(m, CHUNKED_LINE_MAX);
		if (b == '\r')
			return CHUNKED_BAD;
	}
	if (b == ';') {
		do
			b = model_byte(m, CHUNKED_LINE_MAX);
		while (b == '\t' || (b >= ' ' && b != 0x7f));
	}
	if (b != '\r')
		return model_stop(b);
	b = model_byte(m, CHUNKED_LINE_MAX);
	*size = strtoull(digits, NULL, 16);
	return b == '\n' ? CHUNKED_DONE : model_stop(b);
}

static enum chunked_result model_trailers(struct model *m)
{
	m->line_bytes = 0;
	for (;;) {
		size_t name = 0;
		int b;

		if (m->p < m->end && *m->p == '\r')
			return model_literal(m, "\r\n");
		while ((b = model_byte(m, CHUNKED_TRAILER_MAX)) >= 0 &&
		       char_is((char)b, CHAR_TOKEN))
			name++;
		if (b != ':' || name == 0)
			return model_stop(b);
		do
			b = model_byte(m, CHUNKED_TRAILER_MAX);
		while (b == '\t' || (b >= ' ' && b != 0x7f));
		if (b != '\r')
			return model_stop(b);
		b = model_byte(m, CHUNKED_TRAILER_MAX);
		if (b != '\n')
			return model_stop(b);
	}
}

static enum chunked_result model_chunks(struct model *m)
{
	for (;;) {
		uint64_t size = 0;
		enum chunked_result r = model_size(m, &size);
		size_t there = (size_t)(m->end - m->p);

		if (r != CHUNKED_DONE)
			return r;
		if (size == 0)
			return model_trailers(m);
		if (there > size)
			there = (size_t)size;
		memcpy(m->o->body + m->o->n, m->p, there);
		m->o->n += there;
		m->p += there;
		if (there < size)
			return CHUNKED_MORE;
		r = model_literal(m, "\r\n");
		if (r != CHUNKED_DONE)
			return r;
	}
}

static void model_decode(struct slice in, struct outcome *o)
{
	struct model m = { in.p, in.p + in.n, 0, o };

	o->n = 0;
	o->result = model_chunks(&m);
	o->used = (size_t)(m.p - in.p);
}

static struct outcome got, want;

static void assert_as_model(struct slice in, size_t piece_max, struct rng *rng)
{
	decode(in, piece_max, rng, &got);
	model_decode(in, &want);
	if (got.result != want.result || got.n != want.n ||
	    memcmp(got.body, want.body, got.n) != 0 ||
	    (got.result == CHUNKED_DONE && got.used != want.used))
		fail_msg("result %d, model %d; %zu bytes, model %zu: %.*s", (int)got.result,
			 (int)want.result, got.n, want.n, SLICE_ARG(in));
}

struct row {
	const char *section; /* RFC and section */
	struct slice raw;
	enum chunked_result result;
	struct slice body;
};

#define OK(section, body, raw)                                                                     \
	{                                                                                          \
		section, SLICE_INIT(raw), CHUNKED_DONE, SLICE_INIT(body)                           \
	}
#define MORE(section, raw)                                                                         \
	{                                                                                          \
		section, SLICE_INIT(raw), CHUNKED_MORE, SLICE_INIT("")                             \
	}
#define BAD(section, raw)                                                                          \
	{                                                                                          \
		section, SLICE_INIT(raw), CHUNKED_BAD, SLICE_INIT("")                              \
	}
#define LAST "0\r\n\r\n"

static const struct row rows[] = {
	OK("9112 7.1 empty", "", LAST),
	OK("9112 7.1", "hello", "5\r\nhello\r\n" LAST),
	OK("9112 7.1 two", "hello, world", "5\r\nhello\r\n7\r\n, world\r\n" LAST),
	OK("9112 7.1 hex of either case", "0123456789abcdefghijklmnop",
	   "A\r\n0123456789\r\n00f\r\nabcdefghijklmno\r\n1\r\np\r\n" LAST),
	OK("9112 7.1 data of any byte", "\0\r\n0\r\n\r\n\xff", "9\r\n\0\r\n0\r\n\r\n\xff\r\n" LAST),
	OK("9112 7.1 sixteen digits", "x", "0000000000000001\r\nx\r\n0000000000000000\r\n\r\n"),
	OK("9112 7.1.1 extension", "x", "1;a\r\nx\r\n0;a=b;c=\"d e\\\"f\"\r\n\r\n"),
	OK("9112 7.1.1 BWS", "x", "1 \t; a = b\r\nx\r\n" LAST),
	OK("9112 7.1.1 obs-text when quoted", "x", "1;a=\"\xe4\"\r\nx\r\n" LAST),
	OK("9112 7.1.2 trailer", "", "0\r\nX: y\r\n\r\n"),
	OK("9112 7.1.2 trailers", "x", "1\r\nx\r\n0\r\nX:\r\nY: \tz\xff \r\n\r\n"),
	MORE("9112 7.1", ""),
	MORE("9112 7.1", "5"),
	MORE("9112 7.1", "5\r\nhello"),
	MORE("9112 7.1", "5\r\nhello\r\n0\r\n"),
	MORE("9112 7.1 largest size", "ffffffffffffffff\r\n"),
	MORE("9112 7.1.2", "0\r\nX: y\r\n"),
	BAD("9112 7.1 no size", "\r\nhello\r\n"),
	BAD("9112 7.1 no size", ";a\r\n"),
	BAD("9112 7.1 negative", "-1\r\n"),
	BAD("9112 7.1 signed", "+1\r\n"),
	BAD("9112 7.1 0x", "0x1\r\n"),
	BAD("9112 7.1 not hex", "g\r\n"),
	BAD("9112 7.1 not hex", "1g\r\n"),
	BAD("9112 7.1 NUL", "1\0\r\n"),
	BAD("9112 7.1 seventeen digits", "00000000000000001\r\nx\r\n"),
	BAD("9112 7.1 overflow", "10000000000000000\r\n"),
	BAD("9112 7.1 overflow", "fffffffffffffffff\r\n"),
	BAD("9112 7.1 blank before", " 5\r\nhello\r\n"),
	BAD("9112 7.1 blank after", "5 \r\nhello\r\n"),
	BAD("9112 7.1 blank within", "5 5\r\nhello\r\n"),
	BAD("9112 7.1 bare LF", "5\nhello\r\n"),
	BAD("9112 7.1 bare CR", "5\rhello\r\n"),
	BAD("9112 7.1 CR CR LF", "5\r\r\nhello\r\n"),
	BAD("9112 7.1.1 bare LF", "5;a\nhello\r\n"),
	BAD("9112 7.1.1 bare CR", "5;a\rb\r\nhello\r\n"),
	BAD("9112 7.1.1 NUL", "5;a\0\r\nhello\r\n"),
	BAD("9112 7.1.1 control", "5;a\x01\r\nhello\r\n"),
	BAD("9112 7.1.1 DEL", "5;a\x7f\r\nhello\r\n"),
	BAD("9112 7.1 data too long", "5\r\nhello!\r\n"),
	BAD("9112 7.1 data too short", "5\r\nhell\r\n0\r\n"),
	BAD("9112 7.1 LF after data", "5\r\nhello\n0\r\n"),
	BAD("9112 7.1 CR after data", "5\r\nhello\r0\r\n"),
	BAD("9112 7.1 no CRLF after data", "5\r\nhello0\r\n\r\n"),
	BAD("9112 7.1 bare LF at the end", "0\n\n"),
	BAD("9112 7.1 bare LF at the end", "0\r\n\n"),
	BAD("9112 7.1 bare CR at the end", "0\r\n\rX"),
	BAD("9112 7.1.2 no colon", "0\r\nX\r\n\r\n"),
	BAD("9112 7.1.2 no name", "0\r\n: y\r\n\r\n"),
	BAD("9112 7.1.2 blank before colon", "0\r\nX : y\r\n\r\n"),
	BAD("9112 7.1.2 folding", "0\r\nX: y\r\n z\r\n\r\n"),
	BAD("9112 7.1.2 blank first", "0\r\n X: y\r\n\r\n"),
	BAD("9112 7.1.2 bare LF", "0\r\nX: y\n\r\n"),
	BAD("9112 7.1.2 bare CR", "0\r\nX: y\rz\r\n\r\n"),
	BAD("9112 7.1.2 NUL", "0\r\nX: \0\r\n\r\n"),
	BAD("9112 7.1.2 another message", "0\r\nGET / HTTP/1.1\r\n\r\n"),
};

static void test_rows_whole_and_byte_by_byte(void **state)
{
	struct rng rng;

	rng_seed(&rng, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t piece = 1; piece <= 4096; piece *= 4096) {
			decode(rows[i].raw, piece, &rng, &got);
			if (got.result != rows[i].result)
				fail_msg("%s: result %d: %.*s", rows[i].section, (int)got.result,
					 SLICE_ARG(rows[i].raw));
			if (got.result == CHUNKED_DONE)
				assert_true(slice_eq(slice_of(got.body, got.n), rows[i].body));
			assert_as_model(rows[i].raw, piece, &rng);
		}
	}
}

/* Cut in two at each place, a good body gives the same bytes, and no earlier verdict. */
static void test_every_split(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice in = rows[i].raw;

		for (size_t cut = 0; rows[i].result == CHUNKED_DONE && cut <= in.n; cut++) {
			struct chunked c;

			chunked_init(&c);
			got.n = got.used = 0;
			assert_int_equal(decode_piece(&c, in.p, cut, &got), cut < in.n);
			decode_piece(&c, in.p + cut, in.n - cut, &got);
			assert_int_equal(got.result, CHUNKED_DONE);
			assert_int_equal(got.used, in.n);
			assert_true(slice_eq(slice_of(got.body, got.n), rows[i].body));
		}
	}
}

static void test_next_message_is_left_alone(void **state)
{
	static const struct slice in = SLICE_INIT("1\r\nx\r\n" LAST "GET / HTTP/1.1\r\n");
	struct chunked c;
	struct slice data;
	size_t used;

	chunked_init(&c);
	got.n = got.used = 0;
	decode_piece(&c, in.p, in.n, &got);
	assert_int_equal(got.result, CHUNKED_DONE);
	assert_string_equal(in.p + got.used, "GET / HTTP/1.1\r\n");
	assert_int_equal(chunked_decode(&c, in.p, in.n, &used, &data), CHUNKED_DONE);
	assert_int_equal(used, 0);
}

static void test_bad_stays_bad(void **state)
{
	struct chunked c;
	struct slice data;
	size_t used;

	chunked_init(&c);
	assert_int_equal(chunked_decode(&c, "x", 1, &used, &data), CHUNKED_BAD);
	assert_int_equal(chunked_decode(&c, LAST, 5, &used, &data), CHUNKED_BAD);
	assert_int_equal(used, 0);
}

/* `before`, `n` times 'a', `after`. */
static enum chunked_result decode_padded(const char *before, size_t n, const char *after)
{
	size_t head = strlen(before), tail = strlen(after);
	char *text = malloc(head + n + tail);
	struct rng rng;

	assert_non_null(text);
	memcpy(text, before, head);
	memset(text + head, 'a', n);
	memcpy(text + head + n, after, tail);
	rng_seed(&rng, n);
	assert_as_model(slice_of(text, head + n + tail), 1000, &rng);
	free(text);
	return got.result;
}

static void test_limits(void **state)
{
	/* "0;" and CRLF count too. */
	assert_int_equal(decode_padded("0;", CHUNKED_LINE_MAX - 4, "\r\n\r\n"), CHUNKED_DONE);
	assert_int_equal(decode_padded("0;", CHUNKED_LINE_MAX - 3, "\r\n\r\n"), CHUNKED_BAD);
	assert_int_equal(decode_padded("0;", CHUNKED_LINE_MAX, ""), CHUNKED_BAD);
	/* Each line has the limit to itself. */
	assert_int_equal(decode_padded("1;", CHUNKED_LINE_MAX - 4, "\r\nx\r\n0;aaaaaaa\r\n\r\n"),
			 CHUNKED_DONE);
	/* All trailers have one limit together, less the last empty line. */
	assert_int_equal(decode_padded("0\r\nB:\r\nA:", CHUNKED_TRAILER_MAX - 8, "\r\n\r\n"),
			 CHUNKED_DONE);
	assert_int_equal(decode_padded("0\r\nB:\r\nA:", CHUNKED_TRAILER_MAX - 7, "\r\n\r\n"),
			 CHUNKED_BAD);
	assert_int_equal(decode_padded("0\r\nB:\r\nA:", CHUNKED_TRAILER_MAX, ""), CHUNKED_BAD);
}

/* Fragments in random order: mostly malformed, each step of the grammar often. */
static size_t random_fragments(struct rng *rng, char *out)
{
	static const struct slice parts[] = {
		SLICE_INIT("0"),	 SLICE_INIT("1"),	  SLICE_INIT("2\r\n"),
		SLICE_INIT("\r\n"),	 SLICE_INIT("\r"),	  SLICE_INIT("\n"),
		SLICE_INIT(" "),	 SLICE_INIT(";"),	  SLICE_INIT("a=b"),
		SLICE_INIT("T"),	 SLICE_INIT(": "),	  SLICE_INIT("3\r\nabc\r\n"),
		SLICE_INIT("0\r\n\r\n"), SLICE_INIT("0\r\nT: v"), SLICE_INIT("\x80"),
		SLICE_INIT("\0"),	 SLICE_INIT("F"),	  SLICE_INIT("1;e\r\nx\r\n"),
	};
	size_t n = 0;

	for (unsigned count = rng_below(rng, 12); count > 0; count--) {
		struct slice part = parts[rng_below(rng, ARRAY_LEN(parts))];

		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	return n;
}

/* A good body of random chunks, encoded with chunked_size_line(); sometimes one byte is hit. */
static size_t random_body(struct rng *rng, char *out)
{
	size_t n = 0;

	for (unsigned count = rng_below(rng, 6); count > 0; count--) {
		size_t size = 1 + rng_below(rng, 300);

		n += chunked_size_line(out + n, size);
		for (size_t i = 0; i < size; i++)
			out[n++] = (char)rng_below(rng, 256);
		memcpy(out + n, "\r\n", 2);
		n += 2;
	}
	memcpy(out + n, LAST, 5);
	n += 5;
	if (rng_below(rng, 2))
		out[rng_below(rng, (uint32_t)n)] = "0\r\n;: Ta\x01"[rng_below(rng, 9)];
	return n;
}

static void test_random_inputs_as_the_model(void **state)
{
	static char text[4096];
	unsigned results[4] = { 0 };
	struct rng rng;

	rng_seed(&rng, 20240601);
	for (unsigned i = 0; i < 60000; i++) {
		size_t n = i % 2 ? random_fragments(&rng, text) : random_body(&rng, text);

		assert_as_model(slice_of(text, n), 1 + rng_below(&rng, 64), &rng);
		results[got.result]++;
	}
	/* The inputs were not all of one kind. */
	assert_true(results[CHUNKED_DONE] > 1000);
	assert_true(results[CHUNKED_MORE] > 1000);
	assert_true(results[CHUNKED_BAD] > 1000);
}

static void test_size_line(void **state)
{
	static const struct {
		uint64_t size;
		const char *line;
	} lines[] = {
		{ 0, "0\r\n" },
		{ 1, "1\r\n" },
		{ 15, "f\r\n" },
		{ 16, "10\r\n" },
		{ 0xabc, "abc\r\n" },
		{ UINT32_MAX, "ffffffff\r\n" },
		{ 1ULL << 60, "1000000000000000\r\n" },
		{ UINT64_MAX, "ffffffffffffffff\r\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char out[CHUNKED_SIZE_BYTES];
		size_t n = chunked_size_line(out, lines[i].size);

		assert_true(slice_eq(slice_of(out, n), slice_str(lines[i].line)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_whole_and_byte_by_byte),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_next_message_is_left_alone),
		cmocka_unit_test(test_bad_stays_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_random_inputs_as_the_model),
		cmocka_unit_test(test_size_line),
	};

	return cmocka_run_group_tests_name("wire/chunked", tests, NULL, NULL);
}
