/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the known word that is nearest to one that was written. Pure. */
#ifndef AORTA_NEAREST_H
#define AORTA_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word; /* borrows: what was written */
	const char *best; /* borrows: the nearest offered so far, NULL when none is near enough */
	unsigned distance;
};

void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *candidate);
/* Insertions, deletions, changes and swaps of neighbours from `a` to `b`; at most `limit` + 1. */
unsigned word_distance(const char *a, const char *b, unsigned limit);

#endif
