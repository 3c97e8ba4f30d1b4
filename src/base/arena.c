/* SPDX-License-Identifier: MIT */
/* The arena: a chain of blocks, the newest first, filled from the front. */
#include "aorta/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 32768 /* a small configuration fits in one; larger pieces get their own */

struct block {
	struct block *next;
	size_t used, cap;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks; /* owns */
	size_t bytes;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->blocks) {
		struct block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	free(a);
}

static struct block *block_add(struct arena *a, size_t need)
{
	size_t cap = need > BLOCK_BYTES ? need : BLOCK_BYTES;
	struct block *b;

	if (cap > SIZE_MAX - sizeof(*b))
		return NULL;
	b = calloc(1, sizeof(*b) + cap);
	if (!b)
		return NULL;
	b->cap = cap;
	b->next = a->blocks;
	a->blocks = b;
	a->bytes += sizeof(*b) + cap;
	return b;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->blocks;
	void *p;

	if (bytes > SIZE_MAX - align)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	if (!b || b->cap - b->used < bytes)
		b = block_add(a, bytes);
	if (!b)
		return NULL;
	p = b->data + b->used;
	b->used += bytes;
	return p;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

	if (copy && n)
		memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	char *copy = arena_strndup(a, s.p, s.n);

	return copy ? slice_of(copy, s.n) : slice_of(NULL, 0);
}

size_t arena_bytes(const struct arena *a)
{
	return a->bytes;
}
