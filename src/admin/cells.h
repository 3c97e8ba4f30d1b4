/* SPDX-License-Identifier: MIT */
/*
 * What stands in the cells of a member's row, in page and text alike. Plain text, to be escaped
 * by whoever writes another language. Pure.
 */
#ifndef ADMIN_CELLS_H
#define ADMIN_CELLS_H

#include "snapshot.h"

void cell_since(struct buf *b, const struct snapshot *s, const struct snap_member *m);
/* "L7OK 200 in 1.2ms, 0s ago" */
void cell_probe(struct buf *b, const struct snapshot *s, const struct snap_member *m);
/* "1/3 to fall", "0/2 to rise", "-" without a probe */
void cell_count(struct buf *b, const struct snapshot *s, const struct snap_member *m);
void cell_rate(struct buf *b, const struct snapshot *s, const struct snap_member *m);
void cell_total(struct buf *b, const struct snapshot *s, const struct snap_member *m);
void cell_in_flight(struct buf *b, const struct snapshot *s, const struct snap_member *m);
/* Of the last minute. */
void cell_errors(struct buf *b, const struct snapshot *s, const struct snap_member *m);
/* p50, p95 and p99 of the last minute; "-" without traffic. */
void cell_latency(struct buf *b, const struct snapshot *s, const struct snap_member *m);

/* The same for one role. */
void cell_role_probe(struct buf *b, const struct snapshot *s, const struct role_report *r);
void cell_role_result(struct buf *b, const struct role_report *r); /* "L7OK 200" */
/* "1.2ms, 0s ago" */
void cell_role_timing(struct buf *b, const struct snapshot *s, const struct role_report *r);
void cell_role_count(struct buf *b, const struct role_report *r);
/* The role whose probe speaks for the member: readiness, else another; NULL without any. */
const struct role_report *cell_leading_role(const struct snap_member *m);

#endif
