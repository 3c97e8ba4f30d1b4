/* SPDX-License-Identifier: MIT */
/*
 * From a path or a text to the tree: the order of the steps, and who frees what. The tree's
 * arena belongs to the struct conf once all went well, and is freed here otherwise. Reads
 * files; one thread at a time for each load.
 */
#include <stdio.h>
#include <string.h>

#include "conf/names.h"
#include "conf/schema.h"

static void *keep(struct load *l, void *p)
{
	if (p == NULL)
		l->out_of_memory = true;
	return p;
}

void *tree_alloc(struct load *l, size_t n, size_t size)
{
	return keep(l, arena_calloc(l->tree, n ? n : 1, size));
}

const char *tree_strdup(struct load *l, const char *s)
{
	return keep(l, arena_strdup(l->tree, s));
}

void *scratch_alloc(struct load *l, size_t n, size_t size)
{
	return keep(l, arena_calloc(l->scratch, n ? n : 1, size));
}

bool load_failed(const struct load *l)
{
	return l->problems->n > 0 || l->problems->suppressed > 0 || l->out_of_memory;
}

static void load_free(struct load *l)
{
	sources_free(l);
	arena_free(l->scratch);
}

static void owned_free(struct conf_owned *o)
{
	for (; o != NULL; o = o->next)
		pattern_free(o->pattern);
}

void conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	owned_free(c->owned);
	arena_free(c->arena);
}

/* False when there is no memory to begin with. */
static bool load_init(struct load *l, struct conf_problems *problems)
{
	*l = (struct load){ .problems = problems };
	l->sources_tail = &l->sources;
	l->tree = arena_new();
	l->scratch = arena_new();
	if (l->tree != NULL && l->scratch != NULL) {
		l->conf = tree_alloc(l, 1, sizeof(*l->conf));
		l->binds = names_new(l->scratch);
	}
	if (l->conf == NULL || l->binds == NULL) {
		arena_free(l->tree);
		arena_free(l->scratch);
		return false;
	}
	l->conf->arena = l->tree;
	return true;
}

static void build(struct load *l, struct source *s)
{
	const struct conf_place whole = { s->name, 0, 0 };
	struct node *nodes = syntax_parse(l, s);

	l->conf->file = s->name;
	if (l->out_of_memory || l->over_limit)
		return;
	block_read(l, &BLOCK_TOP, NULL, nodes, whole, l->conf, true);
	if (!l->out_of_memory)
		refs_resolve(l);
	if (!l->out_of_memory)
		conf_check(l);
}

static void no_memory(struct conf_problems *problems, const char *name)
{
	struct load l = { .problems = problems };

	problem(&l, (struct conf_place){ name, 0, 0 }, "out of memory");
	if (problems->n > 0)
		problems->at[problems->n - 1].err.code = ERR_MEMORY;
}

/* Ends a load: the tree, or NULL and the problems in order. */
static struct conf *load_finish(struct load *l, const char *name)
{
	struct conf *c = l->conf;

	if (l->out_of_memory)
		no_memory(l->problems, name);
	problems_sort(l);
	if (load_failed(l)) {
		conf_free(c);
		c = NULL;
	}
	load_free(l);
	return c;
}

struct conf *conf_load(const char *path, struct conf_problems *problems)
{
	struct source *s;
	struct load l;

	if (!load_init(&l, problems)) {
		no_memory(problems, path);
		return NULL;
	}
	s = source_read(&l, path, NULL, (struct conf_place){ NULL, 0, 0 });
	if (s != NULL)
		build(&l, s);
	return load_finish(&l, path);
}

struct conf *conf_load_text(const char *name, struct slice text, struct conf_problems *problems)
{
	struct source *s;
	struct load l;

	if (!load_init(&l, problems)) {
		no_memory(problems, name);
		return NULL;
	}
	l.from_memory = true;
	if (text.n > LOAD_FILE_BYTES_MAX) {
		problem(&l, (struct conf_place){ name, 0, 0 }, "larger than %zu MiB",
			LOAD_FILE_BYTES_MAX >> 20);
	} else {
		s = source_text(&l, name, text);
		if (s != NULL)
			build(&l, s);
	}
	return load_finish(&l, name);
}

/* ---- small helpers of conf.h ---- */

/* Named ones, and those written in place. */
static unsigned probes_used(const struct conf *c)
{
	unsigned n = c->n_probes;

	for (unsigned i = 0; i < c->n_pools; i++)
		for (unsigned r = 0; r < PROBE_ROLES; r++) {
			const struct conf_probe *p = c->pools[i].probes[r];

			n += p != NULL && p->shared == NULL;
		}
	return n;
}

void conf_summary(const struct conf *c, struct buf *out)
{
	const struct {
		unsigned n;
		const char *what;
	} parts[] = {
		{ c->n_listeners, "listener" },
		{ c->n_pools, "pool" },
		{ c->n_members, "member" },
		{ probes_used(c), "probe" },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		buf_printf(out, "%s%u %s%s", i ? ", " : "", parts[i].n, parts[i].what,
			   parts[i].n == 1 ? "" : "s");
}

bool conf_status_in(const struct conf_status_range *ranges, unsigned n, unsigned status)
{
	for (unsigned i = 0; i < n; i++)
		if (status >= ranges[i].first && status <= ranges[i].last)
			return true;
	return false;
}

const char *probe_kind_name(enum probe_kind k)
{
	return k == PROBE_TCP ? "tcp" : "http";
}

const char *probe_role_name(enum probe_role r)
{
	static const char *const NAMES[PROBE_ROLES] = { "readiness", "liveness", "startup" };

	return NAMES[r];
}

const char *balance_kind_name(enum balance_kind b)
{
	return choice_word(CHOICES_BALANCE, (int)b);
}
