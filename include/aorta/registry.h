/* SPDX-License-Identifier: MIT */
/*
 * The registry: who exists. It turns a configuration into a generation, giving members and
 * counters that were there before to the new one by identity (pool, name and address), and sees
 * them out when nobody names them any more. Control thread only. The file is its one source
 * today; others will bring member sets as messages.
 *
 * How a member leaves: no generation names it -> health has released it -> each worker has
 * finished with it -> it is retired and freed. Its slot number is given out again after that.
 */
#ifndef AORTA_REGISTRY_H
#define AORTA_REGISTRY_H

#include "aorta/buf.h"
#include "aorta/conf.h"
#include "aorta/epoch.h"
#include "aorta/pool.h"

struct registry;

/* NULL when out of memory. */
struct registry *registry_new(unsigned n_workers, struct epoch *epoch);
/* After all threads have ended and every generation was freed. */
void registry_free(struct registry *r);

/*
 * Makes a generation of `conf`, which it takes (frees on failure too). Members are shared with
 * living generations. NULL and `e` when out of memory.
 */
struct generation *registry_generation(struct registry *r, struct conf *conf, struct err *e);
/* Nobody uses `g` any more: frees it and what only it named. */
void registry_generation_free(struct registry *r, struct generation *g);
/*
 * `by` is in force from now on: members that it does not name will not be found again, so that
 * one that comes back later begins anew.
 */
void registry_generation_replaced(struct registry *r, const struct generation *by);

/* Health has released `m`: calls forget(ctx, m, within_ms), which asks all workers. */
void registry_member_released(struct registry *r, struct member *m,
			      void (*forget)(void *ctx, struct member *m, int64_t within_ms),
			      void *ctx);
/* One worker has forgotten `m`; with the last one it is freed. */
void registry_member_left(struct registry *r, struct member *m);

/* What differs between two generations, for people: "member web/web4: added", a line each. */
void registry_diff(const struct generation *from, const struct generation *to, struct buf *out);

#endif
