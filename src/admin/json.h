/* SPDX-License-Identifier: MIT */
/*
 * The model as JSON values, which the caller owns. NULL: out of memory.
 */
#ifndef ADMIN_JSON_H
#define ADMIN_JSON_H

#include <jansson.h>

#include "snapshot.h"

/* A string, or null for NULL; what is no UTF-8 becomes "?". */
json_t *json_text(const char *s);
/* RFC 3339 in UTC; null for 0. */
json_t *json_time(int64_t wall_us);

json_t *json_evidence(const struct evidence *e);
json_t *json_finding(const struct finding *f);
json_t *json_member(const struct snapshot *s, const struct snap_member *m);
json_t *json_pool(const struct snapshot *s, const struct snap_pool *p);
json_t *json_listener(const struct snap_listener *l);
json_t *json_headlines(const struct snapshot *s);

#endif
