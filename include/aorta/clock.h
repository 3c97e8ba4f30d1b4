/* SPDX-License-Identifier: MIT */
/*
 * The two clocks, in microseconds: monotonic for durations and deadlines, wall for what people
 * read. Policy code takes `now` as an argument and never calls these. Any thread.
 */
#ifndef AORTA_CLOCK_H
#define AORTA_CLOCK_H

#include <stdint.h>

int64_t clock_mono_us(void);
int64_t clock_wall_us(void);

#endif
