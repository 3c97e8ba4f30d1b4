/* SPDX-License-Identifier: MIT */
/* The producer's side of a ring, for log.c alone. */
#ifndef AORTA_BASE_LOG_RING_H
#define AORTA_BASE_LOG_RING_H

#include "aorta/log.h"

/* False when there was no room: the line is dropped and counted. */
bool log_ring_push(struct log_ring *r, enum log_stream stream, const char *line, size_t n);

#endif
