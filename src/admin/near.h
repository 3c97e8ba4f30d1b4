/* SPDX-License-Identifier: MIT */
/*
 * The name nearest to one that was mistyped. Pure.
 */
#ifndef ADMIN_NEAR_H
#define ADMIN_NEAR_H

#include "aorta/evidence.h"

struct near {
	const char *wanted; /* borrows */
	const char *best;   /* borrows; NULL while nothing is near */
	unsigned distance;
};

struct near near_to(const char *wanted);
/* Takes `name` when it is nearer than what was offered before. */
void near_offer(struct near *n, const char *name);

#endif
