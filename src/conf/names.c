/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing over a power of two, at most half full, hashed with
 * FNV-1a. Written out because the map lives in an arena and must report a failed allocation,
 * which is as long with a hash library. One thread.
 */
#include "conf/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "aorta/arena.h"

struct entry {
	const char *name; /* NULL: free */
	const void *value;
};

struct names {
	struct arena *arena;
	struct entry *entries;
	size_t cap, used;
};

#define FIRST_CAP 64

struct names *names_new(struct arena *a)
{
	struct names *n = arena_alloc(a, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->arena = a;
	n->cap = FIRST_CAP;
	n->entries = arena_calloc(a, n->cap, sizeof(*n->entries));
	return n->entries ? n : NULL;
}

/* FNV-1a, 64 bits (draft-eastlake-fnv, section 2). */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

static struct entry *slot(struct entry *entries, size_t cap, const char *name)
{
	size_t i = (size_t)hash(name) & (cap - 1);

	while (entries[i].name != NULL && strcmp(entries[i].name, name) != 0)
		i = (i + 1) & (cap - 1);
	return &entries[i];
}

static bool grow(struct names *n)
{
	struct entry *bigger = arena_calloc(n->arena, n->cap * 2, sizeof(*bigger));

	if (bigger == NULL)
		return false;
	for (size_t i = 0; i < n->cap; i++)
		if (n->entries[i].name != NULL)
			*slot(bigger, n->cap * 2, n->entries[i].name) = n->entries[i];
	n->entries = bigger;
	n->cap *= 2;
	return true;
}

const void *names_find(const struct names *n, const char *name)
{
	return slot(n->entries, n->cap, name)->value;
}

const void *names_add(struct names *n, const char *name, const void *value, int *failed)
{
	struct entry *e = slot(n->entries, n->cap, name);

	if (e->name != NULL)
		return e->value;
	if ((n->used + 1) * 2 > n->cap) {
		if (!grow(n)) {
			*failed = 1;
			return NULL;
		}
		e = slot(n->entries, n->cap, name);
	}
	e->name = arena_strdup(n->arena, name);
	if (e->name == NULL) {
		*failed = 1;
		return NULL;
	}
	e->value = value;
	n->used++;
	return NULL;
}
