/* SPDX-License-Identifier: MIT */
/*
 * A single-producer single-consumer ring of lines, each behind a 4-byte head of length and
 * stream. Positions only grow; the place is their remainder. The producer publishes a line by
 * its release store of `tail`, the consumer gives room back by that of `head`.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aorta/cell.h"
#include "aorta/log.h"
#include "base/log_ring.h"

struct log_ring {
	size_t mask;				    /* bytes - 1 */
	char *data;				    /* owns */
	_Alignas(CACHE_LINE) _Atomic uint64_t tail; /* producer */
	uint64_t head_seen;			    /* producer's copy of head */
	cell_t dropped;
	_Alignas(CACHE_LINE) _Atomic uint64_t head; /* consumer */
};

#define HEAD_BYTES 4
#define LINE_MAX_  0xffffffu

struct log_ring *log_ring_new(size_t bytes)
{
	struct log_ring *r = aligned_alloc(CACHE_LINE, sizeof(*r));
	size_t cap = 4096;

	while (cap < bytes)
		cap *= 2;
	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->mask = cap - 1;
	r->data = malloc(cap);
	if (!r->data) {
		free(r);
		return NULL;
	}
	return r;
}

void log_ring_free(struct log_ring *r)
{
	if (!r)
		return;
	free(r->data);
	free(r);
}

static void copy_in(struct log_ring *r, uint64_t at, const void *p, size_t n)
{
	size_t place = (size_t)at & r->mask;
	size_t first = r->mask + 1 - place;

	if (first > n)
		first = n;
	memcpy(r->data + place, p, first);
	memcpy(r->data, (const char *)p + first, n - first);
}

static void copy_out(const struct log_ring *r, uint64_t at, void *p, size_t n)
{
	size_t place = (size_t)at & r->mask;
	size_t first = r->mask + 1 - place;

	if (first > n)
		first = n;
	memcpy(p, r->data + place, first);
	memcpy((char *)p + first, r->data, n - first);
}

bool log_ring_push(struct log_ring *r, enum log_stream stream, const char *line, size_t n)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	size_t need = HEAD_BYTES + n;
	uint32_t mark = (uint32_t)n << 8 | (uint32_t)stream;

	if (n > LINE_MAX_ || tail + need - r->head_seen > r->mask + 1)
		r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
	if (n > LINE_MAX_ || tail + need - r->head_seen > r->mask + 1) {
		cell_add(&r->dropped, 1);
		return false;
	}
	copy_in(r, tail, &mark, HEAD_BYTES);
	copy_in(r, tail + HEAD_BYTES, line, n);
	atomic_store_explicit(&r->tail, tail + need, memory_order_release);
	return true;
}

bool log_ring_pop(struct log_ring *r, enum log_stream *stream, char *out, size_t cap, size_t *n)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t mark;
	size_t len;

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return false;
	copy_out(r, head, &mark, HEAD_BYTES);
	len = mark >> 8;
	*stream = (enum log_stream)(mark & 0xffu);
	*n = len < cap ? len : cap;
	copy_out(r, head + HEAD_BYTES, out, *n);
	atomic_store_explicit(&r->head, head + HEAD_BYTES + len, memory_order_release);
	return true;
}

uint64_t log_ring_dropped(const struct log_ring *r)
{
	return cell_get(&r->dropped);
}
