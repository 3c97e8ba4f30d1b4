/* SPDX-License-Identifier: MIT */
/*
 * The last records of evidence. Transitions and the findings between them are kept in a ring
 * each, so that a member that fails its probe twice a second cannot push out the record of why
 * another one went down an hour ago.
 */
#ifndef ADMIN_HISTORY_H
#define ADMIN_HISTORY_H

#include "aorta/evidence.h"

struct history;

struct history_filter {
	const char *pool;   /* NULL: any */
	const char *member; /* NULL: any */
	bool transitions;   /* only these */
	uint64_t since;	    /* only records with a higher id */
};

/* `n` records of each kind, at least 1. NULL: out of memory. */
struct history *history_new(unsigned n);
void history_free(struct history *h);
void history_add(struct history *h, const struct evidence *e);
/* The id of the newest record, 0 before the first. */
uint64_t history_last(const struct history *h);
/* Records after `since` that the filter might have taken were pushed out. */
bool history_missed(const struct history *h, const struct history_filter *f);

/*
 * Up to `cap` matching records into `out`, by rising id; borrowed until the next history_add().
 * The newest ones, or with `oldest_first` those that follow `since` most closely.
 */
unsigned history_list(const struct history *h, const struct history_filter *f, bool oldest_first,
		      const struct evidence **out, unsigned cap);

#endif
