/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean ...?": the Levenshtein distance with one row, and what still counts as near.
 * Pure; names are shorter than NAME_BYTES, as conf sees to.
 */
#include "nearest.h"

#include <string.h>

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_BYTES + 1];
	size_t la = strnlen(a, NAME_BYTES), lb = strnlen(b, NAME_BYTES);
	size_t i, j;

	for (j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

struct nearest nearest_to(const char *wanted)
{
	/* A third of the letters may be wrong: the usual bound of spelling helpers. */
	return (struct nearest){ wanted, NULL, (unsigned)(strlen(wanted) / 3 + 2) };
}

void nearest_offer(struct nearest *n, const char *name)
{
	unsigned d = distance(n->wanted, name);

	if (d < n->distance) {
		n->distance = d;
		n->best = name;
	}
}
