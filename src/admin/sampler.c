/* SPDX-License-Identifier: MIT */
/*
 * The sampler: once a second it notes the counters of every pool, member and listener of the
 * generation in force. Owned by the admin object, control thread only. It reads cells and never
 * follows a report or a view. A series lives as long as its member or statistics are named.
 *
 * Notes are kept modulo 2^32: only differences within a minute are ever taken.
 */
#include "sampler.h"

#include <stdlib.h>

#define RING (SAMPLER_SECONDS + 1)

struct sample {
	uint32_t begun, ended, errors;
};

struct latencies {
	uint32_t at[SAMPLER_HISTS][HISTOGRAM_BUCKETS];
	uint64_t noted; /* ever */
};

struct series {
	const void *key; /* identity only, never followed */
	bool claimed;	 /* while the list is rebuilt */
	uint64_t first_tick;
	struct sample ring[RING];
	struct latencies *latencies; /* owns; NULL before there was any traffic */
};

struct sampler {
	struct series **series; /* owns; in the order of the generation, NULL where memory failed */
	unsigned n;
	const struct generation *generation; /* identity only */
	unsigned serial;
	uint64_t tick; /* of the newest sample; 0: none yet */
	int64_t at_us[RING];
};

/* ---- windows ---- */

double window_rate(const struct window *w, uint64_t n)
{
	return w->span_us <= 0 ? 0 : (double)n * 1e6 / (double)w->span_us;
}

double window_error_share(const struct window *w)
{
	if (w->ended == 0)
		return w->errors > 0 ? 1 : -1;
	return w->errors >= w->ended ? 1 : (double)w->errors / (double)w->ended;
}

static const struct series *series_at(const struct sampler *s, unsigned ordinal)
{
	return ordinal < s->n ? s->series[ordinal] : NULL;
}

void sampler_window(const struct sampler *s, unsigned ordinal, unsigned seconds, struct window *out)
{
	const struct series *x = series_at(s, ordinal);
	const struct sample *a, *b;
	uint64_t from;

	*out = (struct window){ 0 };
	if (x == NULL || x->first_tick == 0 || x->first_tick >= s->tick)
		return;
	from = s->tick > seconds ? s->tick - seconds : 1;
	if (from < x->first_tick)
		from = x->first_tick;
	a = &x->ring[from % RING];
	b = &x->ring[s->tick % RING];
	out->span_us = s->at_us[s->tick % RING] - s->at_us[from % RING];
	out->begun = b->begun - a->begun;
	out->ended = b->ended - a->ended;
	out->errors = b->errors - a->errors;
}

void sampler_latency(const struct sampler *s, unsigned ordinal, const struct histogram_sum *now,
		     struct histogram_sum *out)
{
	const struct series *x = series_at(s, ordinal);
	const struct latencies *l = x == NULL ? NULL : x->latencies;
	const uint32_t *old;
	size_t i;

	*out = (struct histogram_sum){ 0 };
	if (l == NULL || l->noted == 0)
		return;
	old = l->at[l->noted < SAMPLER_HISTS ? 0 : l->noted % SAMPLER_HISTS];
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		out->bucket[i] = (uint32_t)now->bucket[i] - old[i];
		out->count += out->bucket[i];
	}
}

/* ---- noting ---- */

static struct sample sample_pool(const struct pool *p)
{
	struct pool_totals t;
	uint64_t errors = 0;
	unsigned i;

	pool_totals(p->stats, &t);
	for (i = OWN_NONE + 1; i < OWN_ERROR_COUNT; i++)
		errors += t.own[i];
	return (struct sample){ (uint32_t)t.requests, (uint32_t)t.requests, (uint32_t)errors };
}

/* An end that is the member's fault; a client that went away is not. */
static bool outcome_is_error(unsigned o)
{
	return o != OUTCOME_OK && o != OUTCOME_CLIENT_ABORT;
}

/* Only the few cells that are needed: this runs for every member once a second. */
static struct sample sample_member(const struct member *m)
{
	uint64_t begun = 0, ended = 0, errors = 0;
	unsigned w, o;

	for (w = 0; w < m->n_workers; w++) {
		const struct member_cell *c = &m->cells[w];

		begun += cell_get(&c->requests);
		errors += cell_get(&c->status[5]);
		for (o = 0; o < OUTCOME_COUNT; o++) {
			uint64_t n = cell_get(&c->outcome[o]);

			ended += n;
			if (outcome_is_error(o))
				errors += n;
		}
	}
	return (struct sample){ (uint32_t)begun, (uint32_t)ended, (uint32_t)errors };
}

static struct sample sample_listener(const struct conf_listener *conf,
				     const struct listener_stats *stats)
{
	struct listener_totals t;
	uint64_t ended = 0;
	unsigned i;

	listener_totals(stats, &t);
	if (conf->mode == MODE_TCP)
		return (struct sample){ (uint32_t)t.accepted, (uint32_t)(t.accepted - t.active),
					(uint32_t)(t.refused + t.cut) };
	for (i = 0; i < 6; i++)
		ended += t.status[i];
	return (struct sample){ (uint32_t)t.requests, (uint32_t)ended, (uint32_t)t.status[5] };
}

/* A counter that went back belongs to another object at the same address: begin anew. */
static void series_note(struct sampler *s, struct series *x, struct sample now)
{
	const struct sample *last = &x->ring[(s->tick - 1) % RING];

	if (x->first_tick != 0 && (int32_t)(now.begun - last->begun) < 0) {
		free(x->latencies);
		x->latencies = NULL;
		x->first_tick = 0;
	}
	if (x->first_tick == 0)
		x->first_tick = s->tick;
	x->ring[s->tick % RING] = now;
}

static void series_note_latency(struct series *x, const struct member *m)
{
	struct histogram_sum sum = { 0 };
	struct latencies *l;
	unsigned w;
	size_t i;

	if (x->latencies == NULL)
		x->latencies = calloc(1, sizeof(*x->latencies));
	l = x->latencies;
	if (l == NULL)
		return;
	for (w = 0; w < m->n_workers; w++)
		histogram_sum_add(&sum, &m->cells[w].latency);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		l->at[l->noted % SAMPLER_HISTS][i] = (uint32_t)sum.bucket[i];
	l->noted++;
}

static void note_member(struct sampler *s, struct series *x, unsigned ordinal,
			const struct member *m)
{
	struct sample now = sample_member(m);

	series_note(s, x, now);
	if (x->latencies == NULL && now.begun == 0)
		return;
	/* The first at once; then in turn, so that the work is spread over the seconds. */
	if (x->latencies == NULL || (s->tick + ordinal) % SAMPLER_HIST_EVERY == 0)
		series_note_latency(x, m);
}

void sampler_tick(struct sampler *s, const struct generation *g, int64_t mono_us)
{
	unsigned i, j, ordinal = 0;

	sampler_sync(s, g);
	if (s->series == NULL)
		return;
	s->tick++;
	s->at_us[s->tick % RING] = mono_us;
	for (i = 0; i < g->n_pools; i++) {
		const struct pool *p = &g->pools[i];

		if (s->series[ordinal] != NULL)
			series_note(s, s->series[ordinal], sample_pool(p));
		ordinal++;
		for (j = 0; j < p->n_members; j++, ordinal++) {
			if (s->series[ordinal] != NULL)
				note_member(s, s->series[ordinal], ordinal, p->members[j]);
		}
	}
	for (i = 0; i < g->conf->n_listeners; i++, ordinal++) {
		if (s->series[ordinal] != NULL)
			series_note(s, s->series[ordinal],
				    sample_listener(&g->conf->listeners[i], g->listener_stats[i]));
	}
}

/* ---- which series there are ---- */

static int by_key(const void *a, const void *b)
{
	const struct series *const *x = a, *const *y = b;
	uintptr_t p = *x == NULL ? 0 : (uintptr_t)(*x)->key;
	uintptr_t q = *y == NULL ? 0 : (uintptr_t)(*y)->key;

	return p < q ? -1 : p > q;
}

static void series_free(struct series *x)
{
	if (x != NULL)
		free(x->latencies);
	free(x);
}

/* The series of `key` from the sorted old ones, or a new one. NULL: out of memory. */
static struct series *series_claim(struct series **old, unsigned n, const void *key)
{
	struct series probe = { .key = key };
	struct series *p = &probe, **found, *x;

	found = n == 0 ? NULL : bsearch(&p, old, n, sizeof(struct series *), by_key);
	if (found != NULL && !(*found)->claimed) {
		(*found)->claimed = true;
		return *found;
	}
	x = calloc(1, sizeof(*x));
	if (x != NULL) {
		x->key = key;
		x->claimed = true;
	}
	return x;
}

static void claim_all(struct sampler *s, const struct generation *g, struct series **old,
		      unsigned n_old)
{
	unsigned i, j, ordinal = 0;

	for (i = 0; i < g->n_pools; i++) {
		s->series[ordinal++] = series_claim(old, n_old, g->pools[i].stats);
		for (j = 0; j < g->pools[i].n_members; j++)
			s->series[ordinal++] = series_claim(old, n_old, g->pools[i].members[j]);
	}
	for (i = 0; i < g->conf->n_listeners; i++)
		s->series[ordinal++] = series_claim(old, n_old, g->listener_stats[i]);
}

static unsigned count_series(const struct generation *g)
{
	unsigned i, n = g->n_pools + g->conf->n_listeners;

	for (i = 0; i < g->n_pools; i++)
		n += g->pools[i].n_members;
	return n;
}

void sampler_sync(struct sampler *s, const struct generation *g)
{
	struct series **old = s->series;
	unsigned i, n_old = s->n;

	if (s->generation == g && s->serial == g->serial && old != NULL)
		return;
	s->n = count_series(g);
	s->series = calloc(s->n + 1, sizeof(struct series *));
	if (s->series == NULL) {
		s->n = 0; /* nothing can be said about now; tried again at the next tick */
	} else {
		if (n_old > 0)
			qsort(old, n_old, sizeof(struct series *), by_key);
		claim_all(s, g, old, n_old);
	}
	for (i = 0; i < n_old; i++) {
		if (old[i] != NULL && !old[i]->claimed)
			series_free(old[i]);
	}
	free(old);
	for (i = 0; i < s->n; i++) {
		if (s->series[i] != NULL)
			s->series[i]->claimed = false;
	}
	s->generation = g;
	s->serial = g->serial;
}

struct sampler *sampler_new(void)
{
	return calloc(1, sizeof(struct sampler));
}

void sampler_free(struct sampler *s)
{
	unsigned i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		series_free(s->series[i]);
	free(s->series);
	free(s);
}
