/* SPDX-License-Identifier: MIT */
/*
 * The registry of members and counters. It owns every member from member_new() until the epoch
 * frees it, and all listener and pool counters. Control thread; no I/O.
 */
#include "aorta/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "aorta/assert.h"
#include "aorta/clock.h"

#define IDENTITY_BYTES (2 * NAME_BYTES + ADDR_TEXT_BYTES)

/* A member with what only the registry needs to know. */
struct record {
	struct member *member;	       /* owns */
	bool leaving;		       /* not to be found by identity any more */
	bool released;		       /* by health: the workers have been asked */
	bool forgotten;		       /* by all workers */
	unsigned named_by;	       /* serial of the last generation that was seen to name it */
	unsigned workers_left;	       /* that have not forgotten it yet */
	int64_t drain_ms;	       /* of its pool, when last named */
	char identity[IDENTITY_BYTES]; /* "pool/name address" */
	UT_hash_handle hh;	       /* in registry.living, unless leaving */
};

struct registry {
	unsigned n_workers;
	unsigned serial;
	struct epoch *epoch;	 /* borrows */
	struct record *living;	 /* hash by identity, of those not leaving */
	struct record **records; /* owns; all there are, by slot number, NULL where free */
	unsigned n_records, free_hint;
	struct listener_stats **listeners; /* owns */
	unsigned n_listeners;
	struct pool_stats **pools; /* owns */
	unsigned n_pools;
};

struct registry *registry_new(unsigned n_workers, struct epoch *epoch)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->n_workers = n_workers;
	r->epoch = epoch;
	return r;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	HASH_CLEAR(hh, r->living);
	for (unsigned i = 0; i < r->n_records; i++) {
		if (!r->records[i])
			continue;
		member_free(r->records[i]->member);
		free(r->records[i]);
	}
	for (unsigned i = 0; i < r->n_listeners; i++)
		listener_stats_free(r->listeners[i]);
	for (unsigned i = 0; i < r->n_pools; i++)
		pool_stats_free(r->pools[i]);
	free(r->listeners);
	free(r->pools);
	free(r->records);
	free(r);
}

/* ---- counters ---- */

static void *grow(void *array, unsigned n, size_t size)
{
	return reallocarray(array, n + 1, size);
}

static struct listener_stats *listener_stats_of(struct registry *r, const char *name)
{
	struct listener_stats **more;

	for (unsigned i = 0; i < r->n_listeners; i++)
		if (strcmp(r->listeners[i]->name, name) == 0)
			return r->listeners[i];
	more = grow(r->listeners, r->n_listeners, sizeof(struct listener_stats *));
	if (!more)
		return NULL;
	r->listeners = more;
	more[r->n_listeners] = listener_stats_new(name, r->n_workers);
	return more[r->n_listeners] ? more[r->n_listeners++] : NULL;
}

static struct pool_stats *pool_stats_of(struct registry *r, const char *name)
{
	struct pool_stats **more;

	for (unsigned i = 0; i < r->n_pools; i++)
		if (strcmp(r->pools[i]->name, name) == 0)
			return r->pools[i];
	more = grow(r->pools, r->n_pools, sizeof(struct pool_stats *));
	if (!more)
		return NULL;
	r->pools = more;
	more[r->n_pools] = pool_stats_new(name, r->n_workers);
	return more[r->n_pools] ? more[r->n_pools++] : NULL;
}

/* ---- members ---- */

static struct record *record_of(struct registry *r, const struct member *m)
{
	return r->records[m->slot];
}

static void identity_of(char out[IDENTITY_BYTES], const char *pool, const struct conf_member *c)
{
	char address[ADDR_TEXT_BYTES];

	addr_print(&c->addr, address);
	snprintf(out, IDENTITY_BYTES, "%s/%s %s", pool, c->name, address);
}

static struct record *find(struct registry *r, const char *pool, const struct conf_member *c)
{
	char identity[IDENTITY_BYTES];
	struct record *rec;

	identity_of(identity, pool, c);
	HASH_FIND_STR(r->living, identity, rec);
	return rec;
}

/* A free slot number; -1 when out of memory. */
static int slot_find(struct registry *r)
{
	unsigned n = r->n_records ? r->n_records * 2 : 64;
	struct record **records;

	for (unsigned i = r->free_hint; i < r->n_records; i++)
		if (!r->records[i])
			return (int)(r->free_hint = i);
	records = reallocarray(r->records, n, sizeof(struct record *));
	if (!records)
		return -1;
	for (unsigned i = r->n_records; i < n; i++)
		records[i] = NULL;
	r->records = records;
	r->free_hint = r->n_records;
	r->n_records = n;
	return (int)r->free_hint;
}

/* From now on the identity is free for another. */
static void record_leaves(struct registry *r, struct record *rec)
{
	if (!rec->leaving)
		HASH_DEL(r->living, rec);
	rec->leaving = true;
}

static struct record *record_new(struct registry *r, const char *pool, const struct conf_member *c)
{
	struct record *rec = calloc(1, sizeof(*rec));
	int slot = slot_find(r);

	if (rec && slot >= 0)
		rec->member = member_new(pool, c->name, &c->addr, (unsigned)slot, r->n_workers);
	if (!rec || !rec->member) {
		free(rec);
		return NULL;
	}
	identity_of(rec->identity, pool, c);
	HASH_ADD_STR(r->living, identity, rec);
	r->records[slot] = rec;
	return rec;
}

static void record_free(struct registry *r, struct record *rec)
{
	record_leaves(r, rec);
	r->records[rec->member->slot] = NULL;
	if (rec->member->slot < r->free_hint)
		r->free_hint = rec->member->slot;
	free(rec);
}

static void free_member(void *m)
{
	member_free(m);
}

/* Freed when no worker has work on it and no generation, hence no old view, names it. */
static void member_done(struct registry *r, struct record *rec)
{
	struct member *m = rec->member;

	if (!rec->forgotten || m->refs)
		return;
	record_free(r, rec);
	epoch_retire(r->epoch, m, free_member);
}

void registry_member_left(struct registry *r, struct member *m)
{
	struct record *rec = record_of(r, m);

	AORTA_ASSERT(rec && rec->workers_left > 0);
	if (--rec->workers_left)
		return;
	rec->forgotten = true;
	member_done(r, rec);
}

void registry_member_released(struct registry *r, struct member *m,
			      void (*forget)(void *ctx, struct member *m, int64_t within_ms),
			      void *ctx)
{
	struct record *rec = record_of(r, m);

	AORTA_ASSERT(rec && !rec->released);
	rec->released = true;
	/* Views of the last generation still list it: nobody is to pick it from there. */
	atomic_store_explicit(&m->eligible, false, memory_order_relaxed);
	record_leaves(r, rec);
	rec->workers_left = r->n_workers;
	forget(ctx, m, rec->drain_ms);
}

/* ---- generations ---- */

static int build_pool(struct registry *r, struct pool *p, const struct conf_pool *c)
{
	p->magic = POOL_MAGIC;
	p->conf = c;
	p->stats = pool_stats_of(r, c->name);
	p->members = calloc(c->n_members + 1, sizeof(struct member *));
	if (!p->stats || !p->members)
		return -1;
	for (unsigned i = 0; i < c->n_members; i++) {
		struct record *rec = find(r, c->name, &c->members[i]);

		if (!rec)
			rec = record_new(r, c->name, &c->members[i]);
		if (!rec)
			return -1;
		rec->drain_ms = c->drain_timeout_ms;
		rec->member->refs++;
		p->members[p->n_members++] = rec->member;
	}
	return 0;
}

static int build(struct registry *r, struct generation *g)
{
	const struct conf *c = g->conf;

	g->pools = calloc(c->n_pools + 1, sizeof(struct pool));
	g->listener_stats = calloc(c->n_listeners + 1, sizeof(struct listener_stats *));
	if (!g->pools || !g->listener_stats)
		return -1;
	for (unsigned i = 0; i < c->n_pools; i++) {
		g->n_pools++;
		if (build_pool(r, &g->pools[i], &c->pools[i]) < 0)
			return -1;
	}
	for (unsigned i = 0; i < c->n_listeners; i++) {
		g->listener_stats[i] = listener_stats_of(r, c->listeners[i].name);
		if (!g->listener_stats[i])
			return -1;
	}
	return 0;
}

struct generation *registry_generation(struct registry *r, struct conf *conf, struct err *e)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (!g) {
		conf_free(conf);
		err_set(e, ERR_MEMORY, "out of memory for the new configuration");
		return NULL;
	}
	g->magic = GENERATION_MAGIC;
	g->serial = r->serial + 1;
	g->loaded_wall_us = clock_wall_us();
	g->conf = conf;
	if (build(r, g) < 0) {
		registry_generation_free(r, g);
		err_set(e, ERR_MEMORY, "out of memory for the new configuration");
		return NULL;
	}
	r->serial++;
	return g;
}

static void drop_member(struct registry *r, struct member *m)
{
	struct record *rec = record_of(r, m);

	if (--m->refs)
		return;
	if (rec->named_by) {
		member_done(r, rec);
		return;
	}
	/* The generation was never in force: nobody else has seen the member. */
	record_free(r, rec);
	member_free(m);
}

void registry_generation_free(struct registry *r, struct generation *g)
{
	if (!g)
		return;
	for (unsigned i = 0; i < g->n_pools; i++) {
		struct pool *p = &g->pools[i];

		for (unsigned j = 0; j < p->n_members; j++)
			drop_member(r, p->members[j]);
		view_free(atomic_load(&p->view));
		free(p->members);
	}
	free(g->pools);
	free(g->listener_stats);
	conf_free(g->conf);
	g->magic = 0;
	free(g);
}

void registry_generation_replaced(struct registry *r, const struct generation *by)
{
	for (unsigned i = 0; i < by->n_pools; i++)
		for (unsigned j = 0; j < by->pools[i].n_members; j++)
			record_of(r, by->pools[i].members[j])->named_by = by->serial;
	for (unsigned i = 0; i < r->n_records; i++)
		if (r->records[i] && r->records[i]->named_by != by->serial)
			record_leaves(r, r->records[i]);
}
