/* SPDX-License-Identifier: MIT */
/*
 * Expectations of HTTP probes: an answer and a probe's `expect` lines in, a yes or what was
 * missed out. Pure; any thread. It must never decide whether the member is well: that is the
 * counter's business.
 */
#include "health/probes/http_expect.h"

#include <stdio.h>

#include "aorta/buf.h"
#include "aorta/pattern.h"
#include "health/text.h"

/* Kubernetes' success range: the answer of a probe that says nothing about status. */
static const struct conf_status_range usual[] = { { 200, 399 } };

static void take_text(char *out, size_t cap, struct buf *b)
{
	text_copy(out, cap, b->failed ? "(out of memory)" : buf_cstr(b));
	buf_fini(b);
}

/* ---- status ---- */

static void put_ranges(struct buf *b, const struct conf_status_range *at, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		buf_printf(b, " %u", at[i].first);
		if (at[i].last != at[i].first)
			buf_printf(b, "-%u", at[i].last);
	}
}

static void miss_status(const struct conf_probe *p, const struct http1_response *r,
			struct slice body, bool stated, struct expect_miss *miss)
{
	struct buf b;
	unsigned i;
	char snippet[96];

	buf_init(&b);
	buf_puts(&b, "status");
	for (i = 0; i < p->n_expects; i++)
		if (p->expects[i].kind == EXPECT_STATUS)
			put_ranges(&b, p->expects[i].statuses, p->expects[i].n_statuses);
	if (!stated)
		put_ranges(&b, usual, 1);
	take_text(miss->expected, sizeof(miss->expected), &b);

	text_printable(snippet, sizeof(snippet), slice_trim(body));
	(void)snprintf(miss->got, sizeof(miss->got),
		       snippet[0] ? "status %u, \"%s\"" : "status %u%s", r->status, snippet);
}

static bool expect_status(const struct conf_probe *p, const struct http1_response *r,
			  struct slice body, struct expect_miss *miss)
{
	bool stated = false;
	unsigned i;

	for (i = 0; i < p->n_expects; i++) {
		const struct conf_expect *x = &p->expects[i];

		if (x->kind != EXPECT_STATUS)
			continue;
		stated = true;
		if (conf_status_in(x->statuses, x->n_statuses, r->status))
			return true;
	}
	if (!stated && conf_status_in(usual, 1, r->status))
		return true;
	miss_status(p, r, body, stated, miss);
	return false;
}

/* ---- texts ---- */

/* "header X-Role", "header X-Role master", "body ~ "ok"". */
static void miss_expected(const struct conf_expect *x, struct expect_miss *miss)
{
	struct buf b;

	buf_init(&b);
	if (x->kind == EXPECT_HEADER)
		buf_printf(&b, "header %s", x->header);
	else
		buf_puts(&b, "body");
	if (x->pattern)
		buf_printf(&b, " ~ \"%s\"", pattern_source(x->pattern));
	else if (x->literal)
		buf_printf(&b, " \"%s\"", x->literal);
	take_text(miss->expected, sizeof(miss->expected), &b);
}

static bool header_holds(const struct conf_expect *x, struct slice value)
{
	if (x->pattern)
		return pattern_match(x->pattern, value);
	return !x->literal || slice_eq(value, slice_str(x->literal));
}

static bool expect_header(const struct conf_expect *x, const struct http1_head *h,
			  struct expect_miss *miss)
{
	const struct http1_header *last = NULL;
	char value[200];
	unsigned i;

	for (i = 0; i < h->n_headers; i++) {
		if (!slice_ieq(http1_name(h, &h->headers[i]), slice_str(x->header)))
			continue;
		last = &h->headers[i];
		if (header_holds(x, http1_value(h, last)))
			return true;
	}
	miss_expected(x, miss);
	if (last) {
		text_printable(value, sizeof(value), http1_value(h, last));
		(void)snprintf(miss->got, sizeof(miss->got), "\"%s\"", value);
	} else {
		text_copy(miss->got, sizeof(miss->got), "no such header");
	}
	return false;
}

bool http_expect_head(const struct conf_probe *p, const struct http1_response *r, struct slice body,
		      struct expect_miss *miss)
{
	unsigned i;

	if (!expect_status(p, r, body, miss))
		return false;
	for (i = 0; i < p->n_expects; i++)
		if (p->expects[i].kind == EXPECT_HEADER &&
		    !expect_header(&p->expects[i], &r->head, miss))
			return false;
	return true;
}

static bool body_holds(const struct conf_expect *x, struct slice body)
{
	if (x->pattern)
		return pattern_match(x->pattern, body);
	return !x->literal || x->literal[0] == '\0' ||
	       (body.n > 0 && memmem(body.p, body.n, x->literal, strlen(x->literal)) != NULL);
}

bool http_expect_body(const struct conf_probe *p, struct slice body, struct expect_miss *miss)
{
	char text[200];
	unsigned i;

	for (i = 0; i < p->n_expects; i++) {
		const struct conf_expect *x = &p->expects[i];

		if (x->kind != EXPECT_BODY || body_holds(x, body))
			continue;
		miss_expected(x, miss);
		text_printable(text, sizeof(text), slice_trim(body));
		if (text[0])
			(void)snprintf(miss->got, sizeof(miss->got), "\"%s\"", text);
		else
			text_copy(miss->got, sizeof(miss->got), "an empty body");
		return false;
	}
	return true;
}

bool http_expect_needs_body(const struct conf_probe *p)
{
	unsigned i;

	for (i = 0; i < p->n_expects; i++)
		if (p->expects[i].kind == EXPECT_BODY)
			return true;
	return false;
}
