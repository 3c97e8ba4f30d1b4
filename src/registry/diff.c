/* SPDX-License-Identifier: MIT */
/* What changed between two generations, in words. Pure reading; control thread. */
#include "aorta/registry.h"

#include <stdlib.h>

/* The members of a pool by name: pools may have thousands, and each is looked up. */
struct index {
	const struct conf_member **at; /* owns; sorted; NULL when out of memory */
	unsigned n;
};

static int by_name(const void *a, const void *b)
{
	const struct conf_member *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void index_init(struct index *x, const struct conf_pool *p)
{
	x->n = p->n_members;
	x->at = calloc(p->n_members + 1, sizeof(const struct conf_member *));
	if (!x->at)
		return;
	for (unsigned i = 0; i < p->n_members; i++)
		x->at[i] = &p->members[i];
	qsort(x->at, x->n, sizeof(x->at[0]), by_name);
}

static const struct conf_member *index_find(const struct index *x, const struct conf_member *named)
{
	const struct conf_member **found = bsearch(&named, x->at, x->n, sizeof(x->at[0]), by_name);

	return found ? *found : NULL;
}

static const struct conf_pool *pool_named(const struct conf *c, const char *name)
{
	for (unsigned i = 0; i < c->n_pools; i++)
		if (strcmp(c->pools[i].name, name) == 0)
			return &c->pools[i];
	return NULL;
}

static const struct conf_listener *listener_named(const struct conf *c, const char *name)
{
	for (unsigned i = 0; i < c->n_listeners; i++)
		if (strcmp(c->listeners[i].name, name) == 0)
			return &c->listeners[i];
	return NULL;
}

static void member_change(struct buf *out, const char *pool, const struct conf_member *was,
			  const struct conf_member *is)
{
	char from[ADDR_TEXT_BYTES], to[ADDR_TEXT_BYTES];

	if (!addr_eq(&was->addr, &is->addr)) {
		addr_print(&was->addr, from);
		addr_print(&is->addr, to);
		buf_printf(out, "member %s/%s: address %s -> %s, checked anew\n", pool, is->name,
			   from, to);
	}
	if (was->weight != is->weight)
		buf_printf(out, "member %s/%s: weight %u -> %u\n", pool, is->name, was->weight,
			   is->weight);
	if (was->tier != is->tier)
		buf_printf(out, "member %s/%s: tier %u -> %u\n", pool, is->name, was->tier,
			   is->tier);
}

static void members_change(struct buf *out, const struct conf_pool *was, const struct conf_pool *is)
{
	struct index before, now;

	index_init(&before, was);
	index_init(&now, is);
	if (!before.at || !now.at) {
		out->failed = true;
	} else {
		for (unsigned i = 0; i < is->n_members; i++) {
			const struct conf_member *old = index_find(&before, &is->members[i]);

			if (old)
				member_change(out, is->name, old, &is->members[i]);
			else
				buf_printf(out, "member %s/%s: added\n", is->name,
					   is->members[i].name);
		}
		for (unsigned i = 0; i < was->n_members; i++)
			if (!index_find(&now, &was->members[i]))
				buf_printf(out, "member %s/%s: removed, finishes what it has\n",
					   was->name, was->members[i].name);
	}
	free(before.at);
	free(now.at);
}

static void pool_change(struct buf *out, const struct conf_pool *was, const struct conf_pool *is)
{
	members_change(out, was, is);
	if (was->balance != is->balance)
		buf_printf(out, "pool %s: balance %s -> %s\n", is->name,
			   balance_kind_name(was->balance), balance_kind_name(is->balance));
}

static bool has_bind(const struct conf_listener *l, const struct addr *a)
{
	for (unsigned i = 0; i < l->n_binds; i++)
		if (addr_eq(&l->binds[i], a))
			return true;
	return false;
}

static void binds_change(struct buf *out, const struct conf_listener *in,
			 const struct conf_listener *not_in, const char *what)
{
	char text[ADDR_TEXT_BYTES];

	for (unsigned i = 0; i < in->n_binds; i++) {
		if (has_bind(not_in, &in->binds[i]))
			continue;
		addr_print(&in->binds[i], text);
		buf_printf(out, "listener %s: %s %s\n", in->name, text, what);
	}
}

void registry_diff(const struct generation *from, const struct generation *to, struct buf *out)
{
	const struct conf *was = from->conf, *is = to->conf;
	size_t before = out->len;

	for (unsigned i = 0; i < is->n_pools; i++) {
		const struct conf_pool *old = pool_named(was, is->pools[i].name);

		if (old)
			pool_change(out, old, &is->pools[i]);
		else
			buf_printf(out, "pool %s: added, %u members\n", is->pools[i].name,
				   is->pools[i].n_members);
	}
	for (unsigned i = 0; i < was->n_pools; i++)
		if (!pool_named(is, was->pools[i].name))
			buf_printf(out, "pool %s: removed\n", was->pools[i].name);
	for (unsigned i = 0; i < is->n_listeners; i++) {
		const struct conf_listener *old = listener_named(was, is->listeners[i].name);

		if (!old) {
			buf_printf(out, "listener %s: added\n", is->listeners[i].name);
			continue;
		}
		binds_change(out, &is->listeners[i], old, "opened");
		binds_change(out, old, &is->listeners[i], "closed");
	}
	for (unsigned i = 0; i < was->n_listeners; i++)
		if (!listener_named(is, was->listeners[i].name))
			buf_printf(out, "listener %s: removed\n", was->listeners[i].name);
	if (out->len == before)
		buf_puts(out, "no member, pool or listener came, went or moved; "
			      "other settings are as the file says now\n");
}
