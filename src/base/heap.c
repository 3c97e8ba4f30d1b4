/* SPDX-License-Identifier: MIT */
/* The binary min-heap; each node knows its place, so that it can be moved or taken out. */
#include "aorta/heap.h"

#include <stdlib.h>

#include "aorta/assert.h"

void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

void heap_fini(struct heap *h)
{
	free(h->at);
	heap_init(h);
}

void heap_node_init(struct heap_node *node)
{
	node->due = 0;
	node->index = HEAP_NOWHERE;
}

static void place(struct heap *h, size_t i, struct heap_node *node)
{
	h->at[i] = node;
	node->index = i;
}

static void sift_up(struct heap *h, size_t i)
{
	struct heap_node *node = h->at[i];

	while (i > 0 && h->at[(i - 1) / 2]->due > node->due) {
		place(h, i, h->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, node);
}

static void sift_down(struct heap *h, size_t i)
{
	struct heap_node *node = h->at[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->at[child + 1]->due < h->at[child]->due)
			child++;
		if (h->at[child]->due >= node->due)
			break;
		place(h, i, h->at[child]);
		i = child;
	}
	place(h, i, node);
}

static int reserve_one(struct heap *h)
{
	size_t cap = h->cap ? h->cap * 2 : 64;
	struct heap_node **at;

	if (h->n < h->cap)
		return 0;
	at = reallocarray(h->at, cap, sizeof(*at));
	if (!at)
		return -1;
	h->at = at;
	h->cap = cap;
	return 0;
}

int heap_put(struct heap *h, struct heap_node *node, int64_t due)
{
	if (node->index == HEAP_NOWHERE) {
		if (reserve_one(h) < 0)
			return -1;
		node->due = due;
		place(h, h->n++, node);
		sift_up(h, node->index);
		return 0;
	}
	AORTA_ASSERT(node->index < h->n && h->at[node->index] == node);
	node->due = due;
	sift_up(h, node->index);
	sift_down(h, node->index);
	return 0;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	size_t i = node->index;
	struct heap_node *last;

	if (i == HEAP_NOWHERE)
		return;
	AORTA_ASSERT(i < h->n && h->at[i] == node);
	node->index = HEAP_NOWHERE;
	last = h->at[--h->n];
	if (last == node)
		return;
	place(h, i, last);
	sift_up(h, i);
	sift_down(h, last->index);
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->n ? h->at[0] : NULL;
}
