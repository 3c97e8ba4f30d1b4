/* SPDX-License-Identifier: MIT */
/*
 * The name nearest to one that was mistyped. Pure.
 */
#ifndef ADMIN_NEAREST_H
#define ADMIN_NEAREST_H

#include "aorta/evidence.h"

struct nearest {
	const char *wanted; /* borrows */
	const char *best;   /* borrows; NULL while nothing is near */
	unsigned distance;
};

struct nearest nearest_to(const char *wanted);
/* Takes `name` when it is nearer than what was offered before. */
void nearest_offer(struct nearest *n, const char *name);

#endif
