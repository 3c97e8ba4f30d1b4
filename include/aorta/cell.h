/* SPDX-License-Identifier: MIT */
/*
 * Cells: counters that one thread writes and any thread reads. The writer pays a plain load and
 * store (no locked instruction), the reader sums the cells of all writers. Values may be a
 * moment old; none is ever torn.
 */
#ifndef AORTA_CELL_H
#define AORTA_CELL_H

#include <stdatomic.h>
#include <stdint.h>

#define CACHE_LINE 64

typedef _Atomic uint64_t cell_t;

/* Only by the thread that owns the cell. */
static inline void cell_add(cell_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void cell_sub(cell_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) - n,
			      memory_order_relaxed);
}

static inline void cell_set(cell_t *c, uint64_t n)
{
	atomic_store_explicit(c, n, memory_order_relaxed);
}

/* Any thread. */
static inline uint64_t cell_get(const cell_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

#endif
