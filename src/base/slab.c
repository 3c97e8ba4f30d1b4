/* SPDX-License-Identifier: MIT */
/* The slab: blocks cut into pieces, free pieces in a last-in first-out chain. One thread. */
#include "aorta/slab.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "aorta/assert.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_ASAN 1
#endif
#endif

#ifdef SLAB_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

struct slab_piece {
	struct slab_piece *next;
};

struct slab_block {
	struct slab_block *next;
	alignas(64) char data[];
};

void slab_init(struct slab *s, size_t piece_bytes, size_t pieces_per_block)
{
	const size_t align = alignof(max_align_t);

	AORTA_ASSERT(piece_bytes >= sizeof(struct slab_piece) && pieces_per_block > 0);
	*s = (struct slab){ .piece_bytes = (piece_bytes + align - 1) / align * align,
			    .pieces_per_block = pieces_per_block };
}

void slab_fini(struct slab *s)
{
	while (s->blocks) {
		struct slab_block *next = s->blocks->next;

		UNPOISON(s->blocks->data, s->piece_bytes * s->pieces_per_block);
		free(s->blocks);
		s->blocks = next;
	}
	s->free = NULL;
	s->in_use = s->total = 0;
}

static void push(struct slab *s, struct slab_piece *p)
{
	p->next = s->free;
	s->free = p;
	POISON(p, s->piece_bytes);
}

static int grow(struct slab *s)
{
	size_t bytes = s->piece_bytes * s->pieces_per_block;
	struct slab_block *b;

	b = aligned_alloc(64, (sizeof(*b) + bytes + 63) / 64 * 64);
	if (!b)
		return -1;
	b->next = s->blocks;
	s->blocks = b;
	for (size_t i = s->pieces_per_block; i-- > 0;)
		push(s, (struct slab_piece *)(void *)(b->data + i * s->piece_bytes));
	s->total += s->pieces_per_block;
	return 0;
}

void *slab_take(struct slab *s)
{
	struct slab_piece *p;

	if (!s->free && grow(s) < 0)
		return NULL;
	p = s->free;
	UNPOISON(p, s->piece_bytes);
	s->free = p->next;
	s->in_use++;
	return p;
}

void slab_give(struct slab *s, void *piece)
{
	AORTA_ASSERT(s->in_use > 0);
	s->in_use--;
	push(s, piece);
}
