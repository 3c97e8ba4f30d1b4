/* SPDX-License-Identifier: MIT */
/*
 * A binary min-heap of things that fall due. Elements embed a heap_node, so that a change of
 * due time is O(log n) without a search. The heap owns its array, not the elements. One thread.
 */
#ifndef AORTA_HEAP_H
#define AORTA_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_NOWHERE ((size_t)-1)

struct heap_node {
	int64_t due;  /* the key, in the caller's unit of time */
	size_t index; /* place in the heap, HEAP_NOWHERE when in none */
};

struct heap {
	struct heap_node **at; /* owns the array, borrows the nodes */
	size_t n, cap;
};

void heap_init(struct heap *h);
void heap_fini(struct heap *h);
void heap_node_init(struct heap_node *node);
/* Puts `node` in, or moves it if it is in already. 0, or -1 when out of memory (unchanged). */
int heap_put(struct heap *h, struct heap_node *node, int64_t due);
/* Takes `node` out; nothing happens when it is in no heap. */
void heap_remove(struct heap *h, struct heap_node *node);
/* The node that is due first, still in the heap; NULL when empty. */
struct heap_node *heap_first(const struct heap *h);

#endif
