/* SPDX-License-Identifier: MIT */
/*
 * The history of evidence: two rings of copied records, transitions and other findings, merged
 * by id when they are read. Owned by the admin object, control thread only; never grows.
 */
#include "history.h"

#include <stdlib.h>

struct ring {
	struct evidence *at; /* owns */
	unsigned size;
	uint64_t added; /* ever; the newest is at[(added - 1) % size] */
	uint64_t pushed_out_id;
};

struct history {
	struct ring transitions, findings;
	uint64_t last_id;
};

static int ring_init(struct ring *r, unsigned n)
{
	r->at = calloc(n, sizeof(*r->at));
	r->size = n;
	return r->at == NULL ? -1 : 0;
}

static unsigned ring_count(const struct ring *r)
{
	return r->added < r->size ? (unsigned)r->added : r->size;
}

/* The record `back` steps before the newest. */
static const struct evidence *ring_back(const struct ring *r, unsigned back)
{
	return &r->at[(r->added - 1 - back) % r->size];
}

static void ring_add(struct ring *r, const struct evidence *e)
{
	struct evidence *slot = &r->at[r->added % r->size];

	if (r->added >= r->size)
		r->pushed_out_id = slot->id;
	*slot = *e;
	r->added++;
}

struct history *history_new(unsigned n)
{
	struct history *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	if (n == 0)
		n = 1;
	if (ring_init(&h->transitions, n) != 0 || ring_init(&h->findings, n) != 0) {
		history_free(h);
		return NULL;
	}
	return h;
}

void history_free(struct history *h)
{
	if (h == NULL)
		return;
	free(h->transitions.at);
	free(h->findings.at);
	free(h);
}

void history_add(struct history *h, const struct evidence *e)
{
	ring_add(e->transition ? &h->transitions : &h->findings, e);
	if (e->id > h->last_id)
		h->last_id = e->id;
}

uint64_t history_last(const struct history *h)
{
	return h->last_id;
}

bool history_missed(const struct history *h, const struct history_filter *f)
{
	if (h->transitions.pushed_out_id > f->since)
		return true;
	return !f->transitions && h->findings.pushed_out_id > f->since;
}

static bool matches(const struct history_filter *f, const struct evidence *e)
{
	if (f->transitions && !e->transition)
		return false;
	if (f->pool != NULL && strcmp(f->pool, e->pool) != 0)
		return false;
	return f->member == NULL || strcmp(f->member, e->member) == 0;
}

/* One ring read backwards, newest first. */
struct cursor {
	const struct ring *ring;
	unsigned back;
};

static const struct evidence *cursor_at(const struct cursor *c, uint64_t since)
{
	const struct evidence *e;

	if (c->back >= ring_count(c->ring))
		return NULL;
	e = ring_back(c->ring, c->back);
	return e->id > since ? e : NULL;
}

/* The newer of the two cursors' records, stepping over it. */
static const struct evidence *merge_next(struct cursor *a, struct cursor *b, uint64_t since)
{
	const struct evidence *x = cursor_at(a, since);
	const struct evidence *y = cursor_at(b, since);

	if (x != NULL && (y == NULL || x->id > y->id)) {
		a->back++;
		return x;
	}
	if (y != NULL)
		b->back++;
	return y;
}

static void reverse(const struct evidence **out, unsigned n)
{
	unsigned i;

	for (i = 0; i < n / 2; i++) {
		const struct evidence *e = out[i];

		out[i] = out[n - 1 - i];
		out[n - 1 - i] = e;
	}
}

/*
 * Walks from the newest record back. Newest wanted: stops when `out` is full. Oldest wanted:
 * goes on to `since`, writing round and round, and what stays are the last `cap` it met.
 */
unsigned history_list(const struct history *h, const struct history_filter *f, bool oldest_first,
		      const struct evidence **out, unsigned cap)
{
	struct cursor a = { &h->transitions, 0 }, b = { &h->findings, 0 };
	const struct evidence *e;
	uint64_t met = 0;
	unsigned n, shift;

	if (cap == 0)
		return 0;
	while ((oldest_first || met < cap) && (e = merge_next(&a, &b, f->since)) != NULL) {
		if (matches(f, e))
			out[met++ % cap] = e;
	}
	n = met < cap ? (unsigned)met : cap;
	shift = met > cap ? (unsigned)(met % cap) : 0;
	/* As written: [shift..n) then [0..shift), by falling id. Each part turned round is in
	 * order. */
	reverse(out, shift);
	reverse(out + shift, n - shift);
	return n;
}
