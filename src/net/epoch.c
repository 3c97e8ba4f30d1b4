/* SPDX-License-Identifier: MIT */
/*
 * Quiescent-state reclamation. A retired object remembers the turn that every reader was in; it
 * is free once each of those readers was asleep then, or has moved on since.
 *
 * The order that makes it sound: a reader announces its turn (seq_cst fence) before it loads a
 * shared pointer; a writer replaces the pointer before (seq_cst fence) it looks at the turns. So
 * either the writer sees the reader inside, or the reader sees the new pointer.
 */
#include "aorta/epoch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aorta/assert.h"

struct retired {
	struct retired *next;
	void *object; /* owns */
	void (*free_fn)(void *object);
	unsigned n_readers;
	uint64_t turns[]; /* of each reader when it was retired */
};

struct epoch {
	pthread_mutex_t lock; /* of writers among themselves; readers never take it */
	unsigned n_readers;
	struct retired *retired; /* owns */
	unsigned leaked;
	struct epoch_reader readers[EPOCH_READERS_MAX];
};

struct epoch *epoch_new(void)
{
	struct epoch *e = aligned_alloc(_Alignof(struct epoch), sizeof(*e));

	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	pthread_mutex_init(&e->lock, NULL);
	return e;
}

void epoch_free(struct epoch *e)
{
	if (!e)
		return;
	while (e->retired) {
		struct retired *next = e->retired->next;

		e->retired->free_fn(e->retired->object);
		free(e->retired);
		e->retired = next;
	}
	pthread_mutex_destroy(&e->lock);
	free(e);
}

struct epoch_reader *epoch_reader_new(struct epoch *e)
{
	struct epoch_reader *r = NULL;

	pthread_mutex_lock(&e->lock);
	if (e->n_readers < EPOCH_READERS_MAX)
		r = &e->readers[e->n_readers++];
	pthread_mutex_unlock(&e->lock);
	return r;
}

void epoch_enter(struct epoch_reader *r)
{
	uint64_t turn = atomic_load_explicit(&r->turn, memory_order_relaxed);

	AORTA_ASSERT(turn % 2 == 0);
	/* An exchange and not a store with a fence: ThreadSanitizer follows it, at the same cost.
	 */
	atomic_exchange_explicit(&r->turn, turn + 1, memory_order_seq_cst);
}

void epoch_leave(struct epoch_reader *r)
{
	uint64_t turn = atomic_load_explicit(&r->turn, memory_order_relaxed);

	AORTA_ASSERT(turn % 2 == 1);
	atomic_store_explicit(&r->turn, turn + 1, memory_order_release);
}

void epoch_retire(struct epoch *e, void *object, void (*free_fn)(void *object))
{
	struct retired *note;

	if (!object)
		return;
	pthread_mutex_lock(&e->lock);
	note = malloc(sizeof(*note) + e->n_readers * sizeof(note->turns[0]));
	if (note) {
		note->object = object;
		note->free_fn = free_fn;
		note->n_readers = e->n_readers;
		for (unsigned i = 0; i < e->n_readers; i++)
			note->turns[i] = atomic_fetch_add_explicit(&e->readers[i].turn, 0,
								   memory_order_seq_cst);
		note->next = e->retired;
		e->retired = note;
	} else {
		e->leaked++;
	}
	pthread_mutex_unlock(&e->lock);
}

static bool still_seen(struct epoch *e, const struct retired *note)
{
	for (unsigned i = 0; i < note->n_readers; i++) {
		uint64_t then = note->turns[i];

		if (then % 2 == 1 &&
		    atomic_load_explicit(&e->readers[i].turn, memory_order_acquire) == then)
			return true;
	}
	return false;
}

unsigned epoch_reclaim(struct epoch *e)
{
	struct retired *free_list = NULL;
	unsigned left = 0;

	pthread_mutex_lock(&e->lock);
	for (struct retired **at = &e->retired; *at;) {
		struct retired *note = *at;

		if (still_seen(e, note)) {
			left++;
			at = &note->next;
			continue;
		}
		*at = note->next;
		note->next = free_list;
		free_list = note;
	}
	pthread_mutex_unlock(&e->lock);
	while (free_list) {
		struct retired *next = free_list->next;

		free_list->free_fn(free_list->object);
		free(free_list);
		free_list = next;
	}
	return left;
}
