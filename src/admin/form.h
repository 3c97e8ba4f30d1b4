/* SPDX-License-Identifier: MIT */
/*
 * Numbers and times as people read them, in one form everywhere. Pure.
 */
#ifndef ADMIN_FORM_H
#define ADMIN_FORM_H

#include "aorta/buf.h"

/* "14:02:11" in UTC, like the log; with the date before it when it is not of the day of `now`. */
void form_clock(struct buf *b, int64_t wall_us, int64_t now_wall_us);
/* "0s", "12s", "4m 10s" */
void form_age(struct buf *b, int64_t us);
/* "14:02:11 (12s)" */
void form_since(struct buf *b, int64_t wall_us, int64_t now_wall_us);
/* "0", "0.3", "12", "1.2k", "34k", "5.6M" */
void form_count(struct buf *b, double n);
/* "0%", "0.02%", "3.4%", "100%"; "-" when negative. Never rounds an error away, nor up to 100. */
void form_share(struct buf *b, double share);
/* A latency, "-" when negative. */
void form_latency(struct buf *b, int64_t us);
/* "512 B", "3.4 KiB" */
void form_bytes(struct buf *b, uint64_t bytes);

#endif
