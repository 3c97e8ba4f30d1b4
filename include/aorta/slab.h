/* SPDX-License-Identifier: MIT */
/*
 * A slab: fixed-size pieces for one thread, handed out last-in first-out so that the piece that
 * comes next is the one the cache still holds. Grows by blocks; memory is given back only by
 * slab_fini() (a worker's peak is its working set). One thread.
 *
 * With AddressSanitizer a free piece is poisoned, so use after free is still found.
 */
#ifndef AORTA_SLAB_H
#define AORTA_SLAB_H

#include <stddef.h>

struct slab_block;
struct slab_piece;

struct slab {
	size_t piece_bytes;
	size_t pieces_per_block;
	struct slab_piece *free;   /* owns */
	struct slab_block *blocks; /* owns */
	size_t in_use;		   /* pieces handed out */
	size_t total;		   /* pieces allocated */
};

void slab_init(struct slab *s, size_t piece_bytes, size_t pieces_per_block);
void slab_fini(struct slab *s); /* every piece must have been given back or be forgotten */
/* An uninitialised piece, or NULL when out of memory. */
void *slab_take(struct slab *s);
void slab_give(struct slab *s, void *piece);

#endif
