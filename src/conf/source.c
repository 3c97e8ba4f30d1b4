/* SPDX-License-Identifier: MIT */
/*
 * The files of a configuration: read whole, once, with their limits, and kept until the load
 * ends, so that a problem can show its line. Texts are malloc'd and freed by sources_free().
 * Reads regular files only, and so never waits for a pipe or a device. One thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aorta/buf.h"
#include "conf/load.h"

struct source *source_text(struct load *l, const char *name, struct slice text)
{
	struct source *s = scratch_alloc(l, 1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->name = tree_strdup(l, name);
	if (s->name == NULL)
		return NULL;
	s->text = text;
	s->order = l->n_sources++;
	*l->sources_tail = s;
	l->sources_tail = &s->next;
	return s;
}

void sources_free(struct load *l)
{
	for (struct source *s = l->sources; s != NULL; s = s->next) {
		free(s->owned);
		free(s->lines);
	}
}

/* Of a long chain the ends are shown: so many files from each. */
#define CHAIN_SHOWN 3

/* "a.conf -> b.conf -> ": who included whom, down to `s`, which is `last` deep at most. */
static void put_chain(struct buf *b, const struct source *s, unsigned last)
{
	if (s == NULL)
		return;
	put_chain(b, s->included_by, last);
	if (s->depth < CHAIN_SHOWN || s->depth + CHAIN_SHOWN > last)
		buf_printf(b, "%s -> ", s->name);
	else if (s->depth == CHAIN_SHOWN)
		buf_puts(b, "... -> ");
}

static void problem_chain(struct load *l, const struct source *by, struct conf_place at,
			  const char *path, const char *what)
{
	struct buf chain;

	buf_init(&chain);
	put_chain(&chain, by, by->depth);
	buf_puts(&chain, path);
	problem(l, at, "%s: %s", what, buf_cstr(&chain));
	buf_fini(&chain);
}

static bool may_include(struct load *l, const char *path, const struct source *by,
			struct conf_place at, const struct stat *st)
{
	if (by != NULL && by->depth + 1 > LOAD_INCLUDE_DEPTH_MAX) {
		problem_chain(l, by, at, path, "includes are nested more than 16 deep");
		return false;
	}
	for (const struct source *s = by; s != NULL; s = s->included_by) {
		if (s->dev == st->st_dev && s->ino == st->st_ino) {
			problem_chain(l, by, at, path, "the file includes itself");
			return false;
		}
	}
	if (l->n_sources >= LOAD_FILES_MAX) {
		problem(l, at, "more than %d files", LOAD_FILES_MAX);
		l->over_limit = true;
		return false;
	}
	return true;
}

static bool check_size(struct load *l, const char *path, struct conf_place at, size_t n)
{
	if (n > LOAD_FILE_BYTES_MAX) {
		problem(l, at, "'%s' is larger than %zu MiB", path, LOAD_FILE_BYTES_MAX >> 20);
		return false;
	}
	if (n > LOAD_FILES_BYTES_MAX - l->sources_bytes) {
		problem(l, at, "all files together are larger than %zu MiB",
			LOAD_FILES_BYTES_MAX >> 20);
		l->over_limit = true;
		return false;
	}
	return true;
}

/* Reads what `fd` holds, at most `max` + 1 bytes, into malloc'd memory. -1 and errno on failure. */
static ssize_t read_all(int fd, size_t expected, size_t max, char **out)
{
	size_t cap = (expected < max ? expected : max) + 1, len = 0;
	char *text = malloc(cap);

	while (text != NULL) {
		ssize_t n = read(fd, text + len, cap - len);
		char *bigger;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		len += (size_t)n;
		if (n == 0 || len > max) {
			*out = text;
			return (ssize_t)len;
		}
		if (len < cap)
			continue;
		cap = cap * 2 < max + 1 ? cap * 2 : max + 1; /* it grew since fstat() */
		bigger = realloc(text, cap);
		if (bigger == NULL)
			break;
		text = bigger;
	}
	free(text);
	return -1;
}

/* Opens a regular file. -1 after a problem. */
static int open_regular(struct load *l, const char *path, struct conf_place at, const char *what,
			struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st) != 0) {
		problem(l, at, "cannot read %s'%s': %s", what, path, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st->st_mode)) {
		problem(l, at, "cannot read %s'%s': not a regular file", what, path);
		goto fail;
	}
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool read_text(struct load *l, const char *path, struct conf_place at, int fd,
		      const struct stat *st, struct slice *text)
{
	char *data = NULL;
	ssize_t n = read_all(fd, (size_t)st->st_size, LOAD_FILE_BYTES_MAX, &data);

	if (n < 0) {
		problem(l, at, "cannot read '%s': %s", path, strerror(errno));
		return false;
	}
	if (!check_size(l, path, at, (size_t)n)) {
		free(data);
		return false;
	}
	*text = slice_of(data, (size_t)n);
	return true;
}

struct source *source_read(struct load *l, const char *path, const struct source *included_by,
			   struct conf_place at)
{
	struct source *s = NULL;
	struct slice text;
	struct stat st;
	int fd = open_regular(l, path, at, "", &st);

	if (fd < 0)
		return NULL;
	if (!may_include(l, path, included_by, at, &st) || !read_text(l, path, at, fd, &st, &text))
		goto out;
	s = source_text(l, path, text);
	if (s == NULL) {
		free((char *)text.p);
		goto out;
	}
	s->owned = (char *)text.p;
	s->included_by = included_by;
	s->included_at = at;
	s->depth = included_by ? included_by->depth + 1 : 0;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	l->sources_bytes += text.n;
out:
	close(fd);
	return s;
}

const char *path_beside(struct load *l, const char *from, const char *path)
{
	const char *slash = path[0] == '/' ? NULL : strrchr(from, '/');
	size_t folder = slash ? (size_t)(slash - from) + 1 : 0, n = strlen(path);
	char *joined = scratch_alloc(l, folder + n + 1, 1);

	if (joined == NULL)
		return NULL;
	memcpy(joined, from, folder);
	memcpy(joined + folder, path, n + 1);
	return joined;
}

/* No secret is longer; a longer file is not the one that was meant. */
#define SECRET_BYTES_MAX 4096

/* Ends the text at its last line break and looks that nothing unfit for a header is in it. */
static const char *secret_check(struct load *l, char *text, size_t n, const char *path,
				struct conf_place at)
{
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n == 0) {
		problem(l, at, "the secret file '%s' is empty", path);
		return NULL;
	}
	if (n > SECRET_BYTES_MAX) {
		problem(l, at, "the secret file '%s' is longer than %d bytes", path,
			SECRET_BYTES_MAX);
		return NULL;
	}
	if (memchr(text, '\0', n) != NULL) {
		problem(l, at, "the secret file '%s' is not text", path);
		return NULL;
	}
	text[n] = '\0';
	return tree_strdup(l, text);
}

const char *secret_read(struct load *l, const char *path, struct conf_place at)
{
	const char *secret = NULL;
	char *text = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	if (l->from_memory) {
		problem(l, at, "file: is not possible in a text without a file");
		return NULL;
	}
	fd = open_regular(l, path, at, "the secret file ", &st);
	if (fd < 0)
		return NULL;
	n = read_all(fd, SECRET_BYTES_MAX + 2, SECRET_BYTES_MAX + 2, &text);
	if (n < 0)
		problem(l, at, "cannot read the secret file '%s': %s", path, strerror(errno));
	else
		secret = secret_check(l, text, (size_t)n, path, at);
	if (text != NULL)
		explicit_bzero(text, (size_t)n);
	free(text);
	close(fd);
	return secret;
}
