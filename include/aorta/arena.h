/* SPDX-License-Identifier: MIT */
/*
 * An arena: memory that is allocated piece by piece and freed all at once, for trees that are
 * built once and then only read (a configuration, what a page is made from). One thread at a time.
 */
#ifndef AORTA_ARENA_H
#define AORTA_ARENA_H

#include <stddef.h>

#include "aorta/slice.h"

struct arena;

/* NULL when out of memory. The caller owns the arena. */
struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is allowed */
/* Zeroed memory aligned for any type, valid until arena_free(); NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t bytes);
/* Zeroed memory for `n` items of `size` bytes; NULL on overflow or when out of memory. */
void *arena_calloc(struct arena *a, size_t n, size_t size);
/* A NUL-terminated copy; NULL when out of memory. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
struct slice arena_slice(struct arena *a, struct slice s);
/* Bytes obtained from the system. */
size_t arena_bytes(const struct arena *a);

#endif
