/* SPDX-License-Identifier: MIT */
/*
 * An intrusive circular doubly linked list. The holder embeds a `struct list`; the list owns
 * nothing. All operations are constant time. One thread.
 */
#ifndef AORTA_LIST_H
#define AORTA_LIST_H

#include <stdbool.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_between(struct list *e, struct list *prev, struct list *next)
{
	e->prev = prev;
	e->next = next;
	prev->next = e;
	next->prev = e;
}

static inline void list_push_front(struct list *l, struct list *e)
{
	list_insert_between(e, l, l->next);
}

static inline void list_push_back(struct list *l, struct list *e)
{
	list_insert_between(e, l->prev, l);
}

/* Takes `e` out of its list and leaves it alone in one of its own; may be called twice. */
static inline void list_remove(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

/* Moves all of `from`, in order, to `to`, which is initialised by this. */
static inline void list_take_all(struct list *to, struct list *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

/* `it` may be removed inside the loop; `tmp` may not. */
#define LIST_FOREACH_SAFE(it, tmp, l)                                                              \
	for ((it) = (l)->next, (tmp) = (it)->next; (it) != (l); (it) = (tmp), (tmp) = (it)->next)
#define LIST_FOREACH(it, l) for ((it) = (l)->next; (it) != (l); (it) = (it)->next)

#endif
