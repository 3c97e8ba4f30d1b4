/* SPDX-License-Identifier: MIT */
/*
 * The block listener and its routes: their readers and writers. Everything goes into the
 * tree's arena. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "conf/dump.h"
#include "conf/names.h"

/* ---- the block ---- */

/* The mode decides which directives have a meaning, wherever it stands. */
static bool is_tcp(const struct node *n)
{
	for (const struct node *c = n->children; c != NULL; c = c->next)
		if (c->n_words == 2 && strcmp(c->words[0].text, "mode") == 0)
			return strcmp(c->words[1].text, "tcp") == 0;
	return false;
}

void read_listener(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf *c = s->into;
	struct conf_listener *x = &c->listeners[c->n_listeners];

	x->place = n->words[0].place;
	x->index = c->n_listeners++;
	x->name = "?"; /* a broken line is read for what is in its block */
	if (n->n_words >= 2 && !n->words[1].bad) {
		x->name = tree_strdup(s->load, n->words[1].text);
		ref_declare(s->load, s->load->listeners, &n->words[1], "listener", &x->place, x);
	}
	if (x->name != NULL)
		block_read(s->load, &BLOCK_LISTENER, n, n->children, x->place, x, !is_tcp(n));
}

void write_listener(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf *c = from;

	for (unsigned i = 0; i < c->n_listeners; i++) {
		const struct conf_listener *x = &c->listeners[i];

		dump_begin(d, row->word);
		dump_word(d, x->name);
		dump_block(d, &BLOCK_LISTENER, x, x->mode == MODE_HTTP);
	}
}

void start_listener(struct scope *s)
{
	struct conf_listener *x = s->into;

	x->binds = tree_alloc(s->load, scope_count(s, "bind"), sizeof(*x->binds));
	x->routes = tree_alloc(s->load, scope_count(s, "route"), sizeof(*x->routes));
}

void finish_listener(struct scope *s)
{
	struct conf_listener *x = s->into;

	if (scope_seen(s, "bind") == NULL)
		problem(s->load, s->place, "listener '%.63s' has no bind", x->name);
	if (scope_seen(s, "pool") != NULL)
		return;
	if (!s->http)
		problem(s->load, s->place, "listener '%.63s' needs a pool, as its mode is tcp",
			x->name);
	else if (scope_seen(s, "route") == NULL)
		problem(s->load, s->place, "listener '%.63s' has neither a route nor a pool",
			x->name);
}

void read_bind(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_listener *x = s->into;

	if (bind_read(s->load, &n->words[1], &x->binds[x->n_binds]))
		x->n_binds++;
}

void write_bind(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_listener *x = from;

	for (unsigned i = 0; i < x->n_binds; i++)
		dump_addr(d, row->word, &x->binds[i]);
}

bool bind_read(struct load *l, const struct word *w, struct addr *out)
{
	char text[ADDR_TEXT_BYTES];
	const struct conf_place *first;
	int failed = 0;

	if (!arg_addr(l, w, "bind", out))
		return false;
	addr_print(out, text);
	first = names_add(l->binds, text, &w->place, &failed);
	if (failed)
		l->out_of_memory = true;
	if (first == NULL)
		return !failed;
	problem(l, w->place, "%s is already bound at %s:%u", text, first->file, first->line);
	return false;
}

void read_listener_pool(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_listener *x = s->into;

	ref_pool(s->load, &n->words[1], &x->pool);
}

void write_listener_pool(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_listener *x = from;

	if (x->pool == NULL)
		return;
	dump_begin(d, row->word);
	dump_word(d, x->pool->name);
	dump_end(d);
}

/* ---- routes ---- */

static bool route_host(struct load *l, const struct word *w, const char **out)
{
	/* Lower case is what requests are compared with; brackets are for [::1]. */
	static const char HOST[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	const char *text = w->text;
	char lower[256];
	size_t n = 0;

	for (; text[n] != '\0' && n < sizeof(lower) - 1; n++)
		lower[n] = (char)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] + 32 : text[n]);
	lower[n] = '\0';
	if (lower[0] == '[' && n > 2 && strspn(lower + 1, "0123456789abcdef:.") == n - 2 &&
	    lower[n - 1] == ']') {
		*out = tree_strdup(l, lower);
		return true;
	}
	if (n == 0 || text[n] != '\0' || lower[strspn(lower, HOST)] != '\0') {
		problem(l, w->place,
			"'%.60s' is no host; expected a name without port, such as api.example.com",
			text);
		return false;
	}
	*out = tree_strdup(l, lower);
	return true;
}

/* A path, or all below a path. */
static bool route_plain_path(struct load *l, const struct word *w, struct conf_route *r)
{
	size_t n = strlen(w->text);
	const char *star = strchr(w->text, '*');

	if (!arg_url_path(l, w, false))
		return false;
	r->path_match = PATH_EXACT;
	if (star != NULL) {
		if (star[1] != '\0' || star[-1] != '/') {
			problem(l, w->place,
				"a star stands at the end, after a slash; for '%.60s' use ~ "
				"PATTERN",
				w->text);
			return false;
		}
		r->path_match = PATH_PREFIX;
		n--;
	}
	r->path = slice_of(tree_strdup(l, w->text), n);
	return r->path.p != NULL;
}

/* A route while its words are read. */
struct route_words {
	const struct word *host, *path, *pattern, *pool;
};

static const struct word **route_slot(struct route_words *r, const char *keyword)
{
	if (strcmp(keyword, "host") == 0)
		return &r->host;
	if (strcmp(keyword, "path") == 0)
		return &r->path;
	if (strcmp(keyword, "pool") == 0)
		return &r->pool;
	return NULL;
}

/* [host NAME] [path [~] WHAT] pool POOL, in any order. */
static bool route_split(struct load *l, const struct node *n, struct route_words *out)
{
	static const struct choice KEYWORDS[] = {
		{ "host", 0 }, { "path", 0 }, { "pool", 0 }, { NULL, 0 }
	};

	for (unsigned i = 1; i < n->n_words; i++) {
		const struct word *key = &n->words[i];
		const struct word **slot = route_slot(out, key->text);
		int ignored;

		if (slot == NULL)
			return arg_choice(l, key, "the next word of a route", KEYWORDS, &ignored);
		if (*slot != NULL) {
			problem(l, key->place, "'%s' is given twice", key->text);
			return false;
		}
		i++;
		if (i < n->n_words && n->words[i].tilde && slot == &out->path)
			out->pattern = i + 1 < n->n_words ? &n->words[i + 1] : NULL;
		if (i < n->n_words && n->words[i].tilde && slot == &out->path)
			i++;
		if (i >= n->n_words) {
			problem(l, n->words[n->n_words - 1].end, "a word is missing after '%.60s'",
				n->words[n->n_words - 1].text);
			return false;
		}
		*slot = &n->words[i];
	}
	return true;
}

static bool route_complete(struct load *l, const struct node *n, const struct route_words *w)
{
	if (w->pool == NULL) {
		problem(l, n->words[0].place, "the route names no pool");
		return false;
	}
	if (w->host == NULL && w->path == NULL) {
		problem(l, n->words[0].place,
			"the route has neither host nor path; for everything "
			"else use 'pool %.63s;'",
			w->pool->text);
		return false;
	}
	return true;
}

void read_route(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_listener *x = s->into;
	struct conf_route *r = &x->routes[x->n_routes];
	struct route_words w = { 0 };
	struct load *l = s->load;
	const struct conf_pool **slot;
	bool good;

	if (!route_split(l, n, &w) || !route_complete(l, n, &w))
		return;
	*r = (struct conf_route){ .place = n->words[0].place, .path_match = PATH_ANY };
	good = w.host == NULL || route_host(l, w.host, &r->host);
	if (w.pattern != NULL) {
		r->path_match = PATH_PATTERN;
		r->pattern = arg_pattern(l, w.pattern);
		good = r->pattern != NULL && good;
	} else if (w.path != NULL) {
		good = route_plain_path(l, w.path, r) && good;
	}
	/* Whether the pool is known matters in a broken route too. */
	slot = good ? &r->pool : scratch_alloc(l, 1, sizeof(*slot));
	if (slot != NULL)
		ref_pool(l, w.pool, slot);
	x->n_routes += good;
}

void write_route(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_listener *x = from;

	for (unsigned i = 0; i < x->n_routes; i++) {
		const struct conf_route *r = &x->routes[i];

		dump_begin(d, row->word);
		if (r->host != NULL) {
			dump_word(d, "host");
			dump_word(d, r->host);
		}
		if (r->path_match != PATH_ANY)
			dump_word(d, "path");
		if (r->path_match == PATH_PATTERN)
			dump_pattern(d, r->pattern);
		else if (r->path_match != PATH_ANY)
			dump_word(d, r->path.p); /* its star included */
		dump_word(d, "pool");
		dump_word(d, r->pool->name);
		dump_end(d);
	}
}
