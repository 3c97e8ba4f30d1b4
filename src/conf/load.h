/* SPDX-License-Identifier: MIT */
/*
 * What one run of conf_load() holds while it works: the arenas, the files read, the problems
 * found. Lives on the stack of conf_load(); one thread. Private to src/conf.
 */
#ifndef AORTA_CONF_LOAD_H
#define AORTA_CONF_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "aorta/arena.h"
#include "aorta/conf.h"
#include "aorta/pattern.h"

/*
 * Limits, so that a wrong file (a log, a device, a generated monster) is an error and not an
 * out-of-memory. A real file of 1,000 pools of 10 members is 0.5 MB in 11,000 directives.
 */
#define LOAD_FILE_BYTES_MAX    ((size_t)16 << 20)
#define LOAD_FILES_BYTES_MAX   ((size_t)64 << 20)
#define LOAD_FILES_MAX	       4096
#define LOAD_INCLUDE_DEPTH_MAX 16
#define LOAD_BLOCK_DEPTH_MAX   16
#define LOAD_ARENA_BYTES_MAX   ((size_t)512 << 20)

/* A file that was read, or the text that was given. Lives in the scratch arena. */
struct source {
	struct source *next;		  /* in the order of reading */
	const char *name;		  /* in the tree's arena: places point to it */
	struct slice text;		  /* owns when `owned` */
	char *owned;			  /* owns: malloc'd text of a file */
	const struct source *included_by; /* NULL for the first */
	struct conf_place included_at;
	unsigned order, depth;
	dev_t dev;
	ino_t ino;
	size_t *lines; /* owns: offset of each line, made when first asked for */
	size_t n_lines;
};

/* What the arena of the tree cannot free. */
struct conf_owned {
	struct conf_owned *next;
	struct pattern *pattern; /* owns */
};

struct probe_slot;
struct reference;
struct names;

struct load {
	struct conf_problems *problems; /* borrows */
	struct conf *conf;		/* in `tree` */
	struct arena *tree;		/* owns until the load ends well */
	struct arena *scratch;		/* owns */
	bool from_memory;		/* no other file may be read */
	bool out_of_memory;
	bool over_limit;
	struct source *sources, **sources_tail;
	unsigned n_sources;
	size_t sources_bytes;

	struct names *pools, *probes, *listeners, *binds; /* in scratch */
	struct reference *references;	/* in scratch; to pools and probes, by name */
	struct probe_slot *probe_slots; /* in scratch; by index of conf.probes */
};

/* Zeroed memory of the tree or of the scratch arena; NULL (and noted in `l`) when there is none. */
void *tree_alloc(struct load *l, size_t n, size_t size);
const char *tree_strdup(struct load *l, const char *s);
void *scratch_alloc(struct load *l, size_t n, size_t size);

/*
 * Records a problem at a place. `nearest` may be NULL. When the place has no line the message
 * is about the file as a whole.
 */
void problem(struct load *l, struct conf_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void problem_near(struct load *l, struct conf_place at, const char *nearest, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Orders the problems as one reads: by file, line and column. */
void problems_sort(struct load *l);
bool load_failed(const struct load *l);

/* source.c: NULL after a problem was recorded. `at`: the include that asks for it. */
struct source *source_read(struct load *l, const char *path, const struct source *included_by,
			   struct conf_place at);
struct source *source_text(struct load *l, const char *name, struct slice text);
void sources_free(struct load *l);
/* Reads the secret of `file:PATH`, relative to the file that names it. NULL after a problem. */
const char *secret_read(struct load *l, const char *path, struct conf_place at);
/* `path` as seen from the folder of the file `from`. In scratch; NULL when out of memory. */
const char *path_beside(struct load *l, const char *from, const char *path);

#endif
