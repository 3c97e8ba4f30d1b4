/* SPDX-License-Identifier: MIT */
/*
 * What a failed assertion does: says where, to stderr and at once, and aborts. It must not
 * allocate or take a lock, since the state of the process is not known to be sound.
 */
#include "aorta/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void aorta_assert_fail(const char *file, int line, const char *func, const char *expr)
{
	fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, func, expr);
	abort();
}
