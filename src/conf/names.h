/* SPDX-License-Identifier: MIT */
/* A hash map from text to a pointer, in an arena: it grows, nothing is ever taken out. */
#ifndef AORTA_CONF_NAMES_H
#define AORTA_CONF_NAMES_H

#include <stddef.h>

struct arena;
struct names;

/* NULL when out of memory. Lives as long as the arena. */
struct names *names_new(struct arena *a);
/*
 * What is known under `name` (borrowed until the arena goes), or, when there is nothing yet,
 * keeps `value` (not NULL) and returns NULL. An allocation that fails sets `*failed`.
 */
const void *names_add(struct names *n, const char *name, const void *value, int *failed);
const void *names_find(const struct names *n, const char *name);

#endif
