/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions: the only door to PCRE2. A pattern is compiled once (with JIT where the
 * system has it) and then only read, by any thread. Matching works on bytes, needs no NUL, and
 * is bounded: a match that would backtrack beyond the limit counts as no match.
 */
#ifndef AORTA_PATTERN_H
#define AORTA_PATTERN_H

#include <stdbool.h>

#include "aorta/err.h"
#include "aorta/slice.h"

struct pattern;

/* NULL and `e` filled (message with PCRE2's reason and the offset) on a bad pattern. */
struct pattern *pattern_new(struct slice source, struct err *e);
void pattern_free(struct pattern *p); /* NULL is allowed */
bool pattern_match(const struct pattern *p, struct slice subject);
const char *pattern_source(const struct pattern *p); /* borrowed */
/* A thread that matched frees what it kept for that, before it ends. */
void pattern_thread_done(void);

#endif
