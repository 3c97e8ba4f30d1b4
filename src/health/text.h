/* SPDX-License-Identifier: MIT */
/*
 * Texts of findings: bounded, printable, whatever a peer sent. Private to src/health/. Pure.
 */
#ifndef AORTA_HEALTH_TEXT_H
#define AORTA_HEALTH_TEXT_H

#include <stddef.h>

#include "aorta/slice.h"

/* Copies `s`, NUL-terminated: bytes outside of printable ASCII become '.', a cut ends in "...". */
void text_printable(char *out, size_t cap, struct slice s);
/* A plain copy that always ends in NUL, cut where it must be. */
void text_copy(char *out, size_t cap, const char *s);

#endif
