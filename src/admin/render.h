/* SPDX-License-Identifier: MIT */
/*
 * The handlers of the route table, one file each.
 */
#ifndef ADMIN_RENDER_H
#define ADMIN_RENDER_H

#include "route.h"
#include "snapshot.h"

void page_get(struct ask *ask, struct reply *reply); /* "/", and text_get() for "?text" */
void text_get(struct ask *ask, struct reply *reply);
void metrics_get(struct ask *ask, struct reply *reply);
void livez_get(struct ask *ask, struct reply *reply);
void readyz_get(struct ask *ask, struct reply *reply);

void api_status(struct ask *ask, struct reply *reply);
void api_pools(struct ask *ask, struct reply *reply);
void api_pool(struct ask *ask, struct reply *reply);
void api_member(struct ask *ask, struct reply *reply);
void api_listeners(struct ask *ask, struct reply *reply);
void api_events(struct ask *ask, struct reply *reply);

void order_drain(struct ask *ask, struct reply *reply);
void order_maint(struct ask *ask, struct reply *reply);
void order_ready(struct ask *ask, struct reply *reply);
void order_probe(struct ask *ask, struct reply *reply);
void order_reload(struct ask *ask, struct reply *reply);

/* The answer to an order: the member as it is now. */
void api_ordered(struct admin *a, const char *pool, const char *member, const char *what,
		 struct reply *reply);

/* A snapshot for this request; NULL after a 500 or 503 in `reply`. */
struct snapshot *render_snapshot(struct ask *ask, struct reply *reply);
/* The pool of args[0] and the member of args[1]; NULL after a 404 that names the nearest. */
struct snap_pool *render_pool(struct ask *ask, const struct snapshot *s, struct reply *reply,
			      const char *name);
struct snap_member *render_member(const struct snap_pool *p, const char *name, struct reply *reply);

#endif
