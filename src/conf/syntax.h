/* SPDX-License-Identifier: MIT */
/*
 * The generic syntax tree: directives of words, with or without a block. It knows nothing of
 * what the words mean. Lives in the scratch arena. Private to src/conf.
 */
#ifndef AORTA_CONF_SYNTAX_H
#define AORTA_CONF_SYNTAX_H

#include <stdbool.h>

#include "conf/load.h"

struct directive;

struct word {
	const char *text;
	bool quoted;
	bool tilde; /* the operator ~ */
	bool bad;   /* a problem has been recorded */
	struct conf_place place, end;
};

struct node {
	struct node *next;  /* after it in the same block */
	struct word *words; /* the directive's own word first */
	unsigned n_words;   /* >= 1 */
	bool bad;	    /* one of the words is, or its end is missing */
	bool has_block;
	struct node *children;		 /* of the block */
	const struct directive *meaning; /* its row of the schema; NULL when there is none */
};

/* The directives of a file, `include` followed. NULL when there are none or all are broken. */
struct node *syntax_parse(struct load *l, struct source *s);

#endif
