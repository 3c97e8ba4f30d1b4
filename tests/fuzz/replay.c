/* SPDX-License-Identifier: MIT */
/*
 * A plain main for a fuzz target: runs every file of the given directories or files through it,
 * so that `make check` replays the corpus with any compiler. Without arguments replay_NAME
 * takes the corpus of NAME in the source tree (environment AORTA_SRC, else srcdir). One thread.
 * Must never pass when there was nothing to replay.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "fuzz.h"

#define FILE_MAX (1 << 20) /* libFuzzer's own default limit */

static unsigned replayed;

static void die(const char *what, const char *path)
{
	fprintf(stderr, "replay: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

/* From memory of exactly the file's size, so that a sanitizer sees a read past it. */
static void replay_bytes(const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);

	if (!exact)
		die("cannot", "allocate");
	if (n)
		memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	replayed++;
}

static void replay_file(const char *path)
{
	static uint8_t bytes[FILE_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		die("cannot open", path);
	n = fread(bytes, 1, sizeof(bytes), f);
	if (ferror(f))
		die("cannot read", path);
	fclose(f);
	/* The last line printed names the input that a target aborts on. */
	printf("%s: %zu bytes\n", path, n);
	fflush(stdout);
	replay_bytes(bytes, n);
}

static void replay_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		die("cannot open", path);
	while ((entry = readdir(dir)) != NULL) {
		char file[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		replay_file(file);
	}
	closedir(dir);
}

static void replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		die("cannot find", path);
	if (S_ISDIR(st.st_mode))
		replay_directory(path);
	else
		replay_file(path);
}

static void replay_own_corpus(const char *program)
{
	const char *root = getenv("AORTA_SRC");
	const char *name = strstr(program, "replay_");
	char path[PATH_MAX];

	if (!root)
		root = getenv("srcdir");
	if (!root || !name) {
		fprintf(stderr, "usage: replay_NAME FILE-OR-DIRECTORY...\n");
		exit(2);
	}
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", root, name + strlen("replay_"));
	replay(path);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		replay_own_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("replayed %u inputs\n", replayed);
	return replayed > 0 ? 0 : 1;
}
