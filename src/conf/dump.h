/* SPDX-License-Identifier: MIT */
/* Printing a configuration as a file, row by row of the schema. Private to src/conf. */
#ifndef AORTA_CONF_DUMP_H
#define AORTA_CONF_DUMP_H

#include "aorta/buf.h"
#include "conf/schema.h"

struct dump {
	struct buf *out; /* borrows */
	const struct conf *conf;
	unsigned depth;
	bool http; /* in an http probe or listener */
};

void dump_begin(struct dump *d, const char *word); /* indentation and the directive's word */
void dump_word(struct dump *d, const char *text);  /* quoted when it has to be */
void dump_printf(struct dump *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void dump_pattern(struct dump *d, const struct pattern *p); /* ~ "..." */
void dump_statuses(struct dump *d, const struct conf_status_range *at, unsigned n);
void dump_addr(struct dump *d, const char *word, const struct addr *a); /* a whole line */
void dump_end(struct dump *d);						/* ; */
/* { the rows of a block } */
void dump_block(struct dump *d, const struct block *b, const void *from, bool http);

#endif
