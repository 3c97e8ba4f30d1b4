/* SPDX-License-Identifier: MIT */
/* Our own answers: each is a valid message whose length is right, and says which error it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aorta/assert.h"
#include "aorta/http1.h"
#include "proxy/reply.h"

struct reply {
	char *bytes; /* owns; exactly REPLY_BYTES, so that a sanitizer sees a write past it */
	size_t n, body_bytes; /* as told */
	struct http1_response head;
	struct slice body;
};

static void reply_open(struct reply *r, enum own_error e, const char *detail, bool close,
		       bool head_only)
{
	r->bytes = malloc(REPLY_BYTES);
	assert_non_null(r->bytes);
	r->n = reply_build(r->bytes, e, detail, close, head_only, &r->body_bytes);
	assert_in_range(r->n, 1, REPLY_BYTES);
	assert_int_equal(http1_parse_response(&r->head, r->bytes, r->n), HTTP1_DONE);
	r->body = slice_of(r->bytes + r->head.head.len, r->n - r->head.head.len);
	assert_int_equal(r->body_bytes, r->body.n);
}

static void reply_close(struct reply *r)
{
	free(r->bytes);
}

static struct slice field(const struct reply *r, const char *name)
{
	const struct http1_header *x = http1_find_name(&r->head.head, slice_str(name));

	return x ? http1_value(&r->head.head, x) : slice_of(NULL, 0);
}

static bool contains(struct slice s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static void check_reply(const struct reply *r, enum own_error e, bool close)
{
	const struct http1_head *h = &r->head.head;

	assert_int_equal(h->minor, 1);
	assert_int_equal(r->head.status, own_error_status(e));
	assert_true(slice_eq(r->head.reason, slice_str(http1_reason(own_error_status(e)))));
	assert_true(slice_eq(field(r, "Aorta-Error"), slice_str(own_error_word(e))));
	assert_true(slice_eq(field(r, "Cache-Control"), SLICE_LIT("no-store")));
	assert_true(field(r, "Content-Type").n > 0);
	assert_int_equal(h->close, close);
	assert_false(h->chunked);
	assert_true(h->has_length);
	/* RFC 9110 15.5.6: a 405 names what is allowed. */
	assert_int_equal(field(r, "Allow").n > 0, own_error_status(e) == 405);
}

static void check_error(enum own_error e, const char *detail, bool close)
{
	struct reply get, head;

	reply_open(&get, e, detail, close, false);
	check_reply(&get, e, close);
	assert_int_equal(get.head.head.length, get.body.n);
	assert_true(contains(get.body, own_error_text(e)));
	assert_true(!detail || contains(get.body, detail));
	assert_int_equal(get.body.p[get.body.n - 1], '\n');
	/* To HEAD the same head and not one byte more (RFC 9110 9.3.2). */
	reply_open(&head, e, detail, close, true);
	check_reply(&head, e, close);
	assert_int_equal(head.body.n, 0);
	assert_int_equal(head.head.head.len, get.head.head.len);
	assert_memory_equal(head.bytes, get.bytes, head.n);
	reply_close(&get);
	reply_close(&head);
}

static void each_error_is_a_whole_answer(void **state)
{
	for (unsigned e = OWN_NONE + 1; e < OWN_ERROR_COUNT; e++)
		for (unsigned close = 0; close < 2; close++) {
			check_error((enum own_error)e, NULL, close);
			check_error((enum own_error)e, "What was wrong.", close);
		}
}

/* The sentences that the parser has for a refused request are such details. */
static void each_reason_of_the_parser_fits(void **state)
{
	static const char *const texts[] = {
#define X(name, status, text) text,
		HTTP1_ERRORS(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check_error(OWN_BAD_REQUEST, texts[i], true);
}

/* However long the detail: the answer keeps its bound, and its length is that of its body. */
static void a_long_detail_is_cut(void **state)
{
	static char detail[4 * REPLY_BYTES];

	for (size_t n = 1; n < sizeof(detail); n++) {
		struct reply r;

		memset(detail, 'x', n);
		reply_open(&r, OWN_METHOD, detail, true, false);
		check_reply(&r, OWN_METHOD, true);
		assert_int_equal(r.head.head.length, r.body.n);
		assert_int_equal(r.body.p[r.body.n - 1], '\n');
		reply_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_is_a_whole_answer),
		cmocka_unit_test(each_reason_of_the_parser_fits),
		cmocka_unit_test(a_long_detail_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
