/* SPDX-License-Identifier: MIT */
/* A folder of a test's own, with the files that it needs; gone when the test ends. */
#ifndef AORTA_TEST_CONF_SCRATCH_H
#define AORTA_TEST_CONF_SCRATCH_H

#include <stddef.h>

struct scratch {
	char dir[64];
};

/* Makes the folder, or fails the test. */
void scratch_open(struct scratch *s);
/* Takes the folder away with all that is in it. */
void scratch_close(struct scratch *s);
/* Writes a file in the folder ("sub/name" makes sub). */
void scratch_write(const struct scratch *s, const char *name, const char *text, size_t n);
void scratch_puts(const struct scratch *s, const char *name, const char *text);
/* The file's path; a buffer that the next call overwrites. */
const char *scratch_path(const struct scratch *s, const char *name);

#endif
