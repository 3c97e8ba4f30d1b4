/* SPDX-License-Identifier: MIT */
/*
 * What can be checked only when the whole tree is there: names and addresses given twice,
 * routes that can never be reached, defaults that depend on who uses a pool. Runs after the
 * references are resolved; pools that were not found are NULL here. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "conf/names.h"
#include "conf/schema.h"

/* ---- members ---- */

/* `seen` maps a text to the member that has it. */
static void check_unique(struct load *l, struct names *seen, const struct conf_pool *p,
			 const struct conf_member *m, const char *text, const char *what)
{
	int failed = 0;
	const struct conf_member *first = names_add(seen, text, m, &failed);

	if (failed)
		l->out_of_memory = true;
	if (first != NULL)
		problem(l, m->place, "%s %s is in pool '%.63s' already, at line %u", what, text,
			p->name, first->place.line);
}

/* So few are compared with each other: a map for each of 1,000 pools costs more. */
#define COMPARED_MAX 16

static bool any_equal(const struct conf_pool *p)
{
	for (unsigned i = 0; i < p->n_members; i++)
		for (unsigned j = 0; j < i; j++)
			if (strcmp(p->members[i].name, p->members[j].name) == 0 ||
			    addr_eq(&p->members[i].addr, &p->members[j].addr))
				return true;
	return false;
}

static void check_members(struct load *l, const struct conf_pool *p)
{
	struct names *by_name, *by_addr;
	char text[ADDR_TEXT_BYTES];

	if (p->n_members <= COMPARED_MAX && !any_equal(p))
		return;
	by_name = names_new(l->scratch);
	by_addr = names_new(l->scratch);
	if (by_name == NULL || by_addr == NULL) {
		l->out_of_memory = true;
		return;
	}
	for (unsigned i = 0; i < p->n_members && !l->out_of_memory; i++) {
		const struct conf_member *m = &p->members[i];

		check_unique(l, by_name, p, m, m->name, "member");
		addr_print(&m->addr, text);
		check_unique(l, by_addr, p, m, text, "address");
	}
}

/* ---- routes ---- */

/* What a route matches, as a text. */
static void route_key(const struct conf_route *r, struct buf *out)
{
	buf_clear(out);
	buf_printf(out, "%s %d ", r->host ? r->host : "*", (int)r->path_match);
	if (r->path_match == PATH_PATTERN)
		buf_puts(out, r->pattern ? pattern_source(r->pattern) : "");
	else
		buf_slice(out, r->path);
}

/* Two routes that match the same: the second is never used. */
static void check_routes(struct load *l, const struct conf_listener *x)
{
	struct names *seen = x->n_routes > 1 ? names_new(l->scratch) : NULL;
	struct buf key;

	if (seen == NULL)
		return;
	buf_init(&key);
	for (unsigned i = 0; i < x->n_routes; i++) {
		const struct conf_route *first;
		int failed = 0;

		route_key(&x->routes[i], &key);
		first = names_add(seen, buf_cstr(&key), &x->routes[i], &failed);
		if (failed)
			l->out_of_memory = true;
		if (first != NULL)
			problem(l, x->routes[i].place,
				"this route is never used: the one at line %u matches the same",
				first->place.line);
	}
	buf_fini(&key);
}

/* ---- who uses a pool ---- */

#define IDLE_HTTP_MS INT64_C(60000)
#define IDLE_TCP_MS  INT64_C(3600000)

struct users {
	bool tcp, http;
};

static void note_user(struct users *users, const struct conf_pool *p, enum listener_mode mode)
{
	if (p == NULL)
		return;
	if (mode == MODE_TCP)
		users[p->index].tcp = true;
	else
		users[p->index].http = true;
}

/* A passed-through connection may be silent for long; an answer may not. */
static void derive_idle_timeouts(struct load *l)
{
	struct conf *c = l->conf;
	struct users *users = scratch_alloc(l, c->n_pools, sizeof(*users));

	if (users == NULL)
		return;
	for (unsigned i = 0; i < c->n_listeners; i++) {
		const struct conf_listener *x = &c->listeners[i];

		note_user(users, x->pool, x->mode);
		for (unsigned r = 0; r < x->n_routes; r++)
			note_user(users, x->routes[r].pool, x->mode);
	}
	for (unsigned i = 0; i < c->n_pools; i++)
		if (c->pools[i].idle_timeout_ms == 0)
			c->pools[i].idle_timeout_ms =
				users[i].tcp && !users[i].http ? IDLE_TCP_MS : IDLE_HTTP_MS;
}

void conf_check(struct load *l)
{
	struct conf *c = l->conf;

	if (c->n_pools == 0 && c->n_listeners == 0 && c->admin.n_binds == 0 &&
	    c->admin.socket == NULL && !load_failed(l))
		problem(l, (struct conf_place){ c->file, 0, 0 },
			"there is nothing to do: no listener, no pool, no admin");
	for (unsigned i = 0; i < c->n_pools; i++)
		check_members(l, &c->pools[i]);
	for (unsigned i = 0; i < c->n_listeners; i++)
		check_routes(l, &c->listeners[i]);
	derive_idle_timeouts(l);
}
