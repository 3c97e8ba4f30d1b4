/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the page: page.c puts the document together from the parts of
 * page_parts.c and page_tables.c.
 */
#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

#include "history.h"
#include "snapshot.h"

/* What is asked to be seen. */
struct page_filter {
	bool only_wrong;
	const char *pool;   /* NULL: all */
	const char *member; /* NULL: all */
};

/* Escaped text. */
void page_text(struct buf *b, const char *s);
/* "<b class='st c-wrong'><i>x</i>DOWN</b>" */
void page_state(struct buf *b, enum member_state state, enum concern concern);
/* A link to the view of one pool. */
void page_pool_link(struct buf *b, const char *pool, const char *text);
/* A link to a member's own view. */
void page_member_link(struct buf *b, const char *pool, const char *member, bool with_pool);

/* The full standing of a member: what its probes say, the record, what to do. */
void page_card(struct buf *b, const struct snapshot *s, const struct snap_member *m);
void page_pool(struct buf *b, const struct snapshot *s, const struct snap_pool *p,
	       const struct page_filter *f);
void page_listeners(struct buf *b, const struct snapshot *s);
void page_events(struct buf *b, const struct snapshot *s, const struct history *h,
		 const struct page_filter *f);
void page_process(struct buf *b, const struct snapshot *s);

#endif
