/* SPDX-License-Identifier: MIT */
/*
 * The admin module as its own files see it: one object, all parts of it on the control thread.
 */
#ifndef ADMIN_STATE_H
#define ADMIN_STATE_H

#include "aorta/admin.h"

#define ADMIN_MAGIC 0x61646d6eu

struct history;
struct sampler;
struct server;

struct admin {
	unsigned magic;
	struct ev_loop *loop;	     /* borrows */
	const struct admin_ops *ops; /* borrows */
	struct epoch_reader *reader; /* borrows; NULL when the loop's owner marks the turns */
	char *token;		     /* owns; NULL: none is configured */
	unsigned turns;		     /* how deep we are in admin_enter() */
	uint64_t last_tag;	     /* of orders given */
	struct history *history;     /* owns */
	struct sampler *sampler;     /* owns */
	struct server *server;	     /* owns */
	ev_timer every_second;
};

/* Reports and views are followed only between these two, which nest. */
static inline void admin_enter(struct admin *a)
{
	if (a->turns++ == 0 && a->reader != NULL)
		epoch_enter(a->reader);
}

static inline void admin_leave(struct admin *a)
{
	if (--a->turns == 0 && a->reader != NULL)
		epoch_leave(a->reader);
}

#endif
