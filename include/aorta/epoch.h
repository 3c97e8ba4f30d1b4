/* SPDX-License-Identifier: MIT */
/*
 * Quiescent-state reclamation: how an object that other threads may be reading is freed.
 *
 * Each reading thread registers a reader and marks the turns of its loop: epoch_enter() after it
 * wakes, epoch_leave() before it sleeps. Between the two it may follow shared pointers (views,
 * reports) without a lock, and it must drop them before it leaves. A writer first makes the
 * object unreachable, then gives it to epoch_retire(); it is freed by a later epoch_reclaim()
 * once every reader has been seen outside of the turn it was in.
 *
 * Cost to a reader: two stores and a fence per turn of the loop, nothing per request.
 * (The scheme is QSBR as in Hart et al., "Performance of memory reclamation for lockless
 * synchronization", 2007, with sleeping counted as quiescent.)
 */
#ifndef AORTA_EPOCH_H
#define AORTA_EPOCH_H

#include <stdatomic.h>
#include <stdint.h>

#define EPOCH_READERS_MAX 256

struct epoch_reader {
	_Alignas(64) _Atomic uint64_t turn; /* odd while inside a turn */
};

struct epoch;

/* One domain for the whole process. NULL when out of memory. */
struct epoch *epoch_new(void);
void epoch_free(struct epoch *e); /* frees all that was retired; no reader may be left */
/* At boot, before the reader's thread starts. Owned by the domain. NULL when there are too many. */
struct epoch_reader *epoch_reader_new(struct epoch *e);

/* The reader's thread only. */
void epoch_enter(struct epoch_reader *r);
void epoch_leave(struct epoch_reader *r);

/*
 * Any thread. `object` is out of reach of new readers; `free_fn(object)` will be called by the
 * thread whose epoch_reclaim() finds that nobody can still see it. When memory for the note is
 * missing the object is leaked and counted.
 */
void epoch_retire(struct epoch *e, void *object, void (*free_fn)(void *object));
/* Any thread, at leisure (a timer): frees what can be freed; returns how many are left. */
unsigned epoch_reclaim(struct epoch *e);

#endif
