/* SPDX-License-Identifier: MIT */
/* Memory for a struct that ends in an array of per-worker cells, each on cache lines of its own. */
#ifndef POOL_CELLS_H
#define POOL_CELLS_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "aorta/cell.h"

/* Zeroed; `head` and `each` are multiples of CACHE_LINE. NULL when out of memory. free() ends it.
 */
static inline void *cells_alloc(size_t head, size_t each, unsigned n)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(each, n, &bytes) || __builtin_add_overflow(bytes, head, &bytes))
		return NULL;
	p = aligned_alloc(CACHE_LINE, bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

#endif
