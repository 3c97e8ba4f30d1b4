/* SPDX-License-Identifier: MIT */
/* The folder of a test, under TMPDIR or /tmp. */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aorta/assert.h"

void scratch_open(struct scratch *s)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL || strlen(tmp) > 40)
		tmp = "/tmp";
	snprintf(s->dir, sizeof(s->dir), "%s/aorta-conf-XXXXXX", tmp);
	AORTA_ASSERT(mkdtemp(s->dir) != NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

void scratch_close(struct scratch *s)
{
	nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const struct scratch *s, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	return path;
}

void scratch_write(const struct scratch *s, const char *name, const char *text, size_t n)
{
	const char *slash = strrchr(name, '/');
	char folder[256];
	FILE *f;

	if (slash != NULL) {
		snprintf(folder, sizeof(folder), "%s/%.*s", s->dir, (int)(slash - name), name);
		mkdir(folder, 0700);
	}
	f = fopen(scratch_path(s, name), "w");
	AORTA_ASSERT(f != NULL);
	AORTA_ASSERT(fwrite(text, 1, n, f) == n);
	AORTA_ASSERT(fclose(f) == 0);
}

void scratch_puts(const struct scratch *s, const char *name, const char *text)
{
	scratch_write(s, name, text, strlen(text));
}
