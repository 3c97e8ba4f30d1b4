/* SPDX-License-Identifier: MIT */
/*
 * Bytes received from a client and not yet used: a partial head, a pipelined request, early body.
 * They have memory of their own only while there are any, so that a connection at rest has none.
 * Embedded in a session, which owns it; how much may wait is the session's to bound.
 */
#ifndef AORTA_PROXY_PENDING_H
#define AORTA_PROXY_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/slice.h"

struct pending {
	char *data; /* owns; NULL when there are none */
	uint32_t start, end, cap;
};

/* Room for `n` more bytes behind those that wait; the caller then adds to `end`. NULL: memory. */
char *pending_reserve(struct pending *p, uint32_t n);
/*
 * From now on `in`, and nothing else, is what waits: a rest of what waited before, or bytes from
 * elsewhere, which are copied behind it. Empty: the memory is freed. False: out of memory.
 */
bool pending_keep(struct pending *p, struct slice in);
/* What waits; borrowed until the next call on `p`, and writable. */
struct slice pending_slice(const struct pending *p);
void pending_free(struct pending *p);

#endif
