/* SPDX-License-Identifier: MIT */
/* Waiting input: one growing piece of memory, used from the front, filled at the back. */
#include "proxy/pending.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 2048 /* a usual request head */

char *pending_reserve(struct pending *p, uint32_t n)
{
	uint32_t used = p->end - p->start, cap = p->cap ? p->cap : FIRST_BYTES;
	char *data;

	if (p->start && p->data) {
		memmove(p->data, p->data + p->start, used);
		p->start = 0;
		p->end = used;
	}
	if (p->data && p->cap - used >= n)
		return p->data + p->end;
	while (cap - used < n)
		cap *= 2;
	data = realloc(p->data, cap);
	if (!data)
		return NULL;
	p->data = data;
	p->cap = cap;
	return p->data + p->end;
}

bool pending_keep(struct pending *p, struct slice in)
{
	char *to;

	if (in.n == 0) {
		pending_free(p);
		return true;
	}
	if (p->data && in.p >= p->data && in.p < p->data + p->cap) {
		p->start = (uint32_t)(in.p - p->data);
		p->end = p->start + (uint32_t)in.n;
		return true;
	}
	to = pending_reserve(p, (uint32_t)in.n);
	if (!to)
		return false;
	memcpy(to, in.p, in.n);
	p->end += (uint32_t)in.n;
	return true;
}

struct slice pending_slice(const struct pending *p)
{
	return slice_of(p->data ? p->data + p->start : NULL, p->end - p->start);
}

void pending_free(struct pending *p)
{
	free(p->data);
	*p = (struct pending){ 0 };
}
