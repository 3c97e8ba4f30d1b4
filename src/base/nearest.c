/* SPDX-License-Identifier: MIT */
/*
 * The nearest known word, by the Damerau-Levenshtein distance in its optimal string alignment
 * form. Pure: owns nothing, any thread.
 */
#include "aorta/nearest.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 63 /* names are no longer; nothing longer is a slip of the keyboard */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned cell_distance(const unsigned *above2, const unsigned *above, const unsigned *row,
			      const char *a, const char *b, size_t i, size_t j)
{
	unsigned d = above[j - 1] + (a[i - 1] != b[j - 1]);

	d = least(d, above[j] + 1);
	d = least(d, row[j - 1] + 1);
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		d = least(d, above2[j - 2] + 1);
	return d;
}

unsigned word_distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX || (na > nb ? na - nb : nb - na) > limit)
		return limit + 1;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++)
			row[j] = cell_distance(rows[(i + 1) % 3], rows[(i + 2) % 3], row, a, b, i,
					       j);
	}
	return least(rows[na % 3][nb], limit + 1);
}

/* Two slips, or a third of a long word; one in a word so short that two would change it all. */
static unsigned slips_allowed(size_t length)
{
	if (length <= 3)
		return 1;
	return length / 3 > 2 ? (unsigned)(length / 3) : 2;
}

void nearest_init(struct nearest *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->distance = slips_allowed(strlen(word)) + 1;
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	unsigned d;

	if (n->distance == 0)
		return;
	d = word_distance(n->word, candidate, n->distance - 1);
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
	}
}
