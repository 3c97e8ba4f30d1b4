/* SPDX-License-Identifier: MIT */
/*
 * Names in the file that stand for pools and probes: declared where they are defined, noted
 * where they are used, and resolved when the whole file has been read, so that the order of
 * definitions does not matter. All in the scratch arena. One thread.
 */
#include <string.h>

#include "conf/names.h"
#include "aorta/nearest.h"
#include "conf/schema.h"

struct declared {
	struct conf_place place;
	const void *value;
};

struct reference {
	struct reference *next;
	struct conf_place place;
	const char *name;
	const struct conf_pool **pool;	 /* to be filled in; or */
	const struct conf_probe **probe; /* this one, for */
	enum probe_role role;
};

/* The variants of a named probe, made when first used. */
struct probe_slot {
	const struct conf_probe *by_role[PROBE_ROLES];
};

bool ref_declare(struct load *l, struct names *names, const struct word *name, const char *what,
		 const struct conf_place *place, const void *value)
{
	struct declared *d = scratch_alloc(l, 1, sizeof(*d));
	const struct declared *first;
	int failed = 0;

	if (d == NULL || !arg_name(l, name, what))
		return false;
	*d = (struct declared){ *place, value };
	first = names_add(names, name->text, d, &failed);
	if (failed) {
		l->out_of_memory = true;
		return false;
	}
	if (first == NULL)
		return true;
	problem(l, name->place, "%s '%s' is already defined at %s:%u", what, name->text,
		first->place.file, first->place.line);
	return false;
}

static struct reference *note(struct load *l, const struct word *name)
{
	struct reference *r = scratch_alloc(l, 1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->place = name->place;
	r->name = name->text;
	r->next = l->references;
	l->references = r;
	return r;
}

void ref_pool(struct load *l, const struct word *name, const struct conf_pool **slot)
{
	struct reference *r = note(l, name);

	if (r != NULL)
		r->pool = slot;
}

void ref_probe(struct load *l, const struct word *name, enum probe_role role,
	       const struct conf_probe **slot)
{
	struct reference *r = note(l, name);

	if (r != NULL) {
		r->probe = slot;
		r->role = role;
	}
}

static void unknown_name(struct load *l, const struct reference *r)
{
	const struct conf *c = l->conf;
	struct nearest near;

	nearest_init(&near, r->name);
	for (unsigned i = 0; r->pool != NULL && i < c->n_pools; i++)
		nearest_offer(&near, c->pools[i].name);
	for (unsigned i = 0; r->probe != NULL && i < c->n_probes; i++)
		nearest_offer(&near, c->probes[i].name);
	problem_near(l, r->place, near.best, "there is no %s '%.80s'", r->pool ? "pool" : "probe",
		     r->name);
}

static const struct conf_probe *variant(struct load *l, const struct conf_probe *named,
					enum probe_role role)
{
	const struct conf_probe **kept = &l->probe_slots[named - l->conf->probes].by_role[role];
	struct conf_probe *p;

	if (*kept != NULL)
		return *kept;
	p = tree_alloc(l, 1, sizeof(*p));
	if (p == NULL)
		return NULL;
	*p = *named;
	p->shared = named;
	probe_for_role(p, role);
	*kept = p;
	return p;
}

void refs_resolve(struct load *l)
{
	l->probe_slots = scratch_alloc(l, l->conf->n_probes, sizeof(*l->probe_slots));
	if (l->probe_slots == NULL)
		return;
	for (const struct reference *r = l->references; r != NULL; r = r->next) {
		const struct declared *d = names_find(r->pool ? l->pools : l->probes, r->name);

		if (d == NULL)
			unknown_name(l, r);
		else if (r->pool != NULL)
			*r->pool = d->value;
		else
			*r->probe = variant(l, d->value, r->role);
	}
}
