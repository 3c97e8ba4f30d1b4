/* SPDX-License-Identifier: MIT */
/*
 * Counters of listeners and pools, and the table of the answers that aorta makes itself. The
 * control thread makes and frees the objects; workers write their own cells; any thread sums.
 */
#include "aorta/stats.h"

#include <stdio.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "pool/cells.h"

struct own_error_row {
	unsigned status;
	const char *word;
	const char *text;
};

static const struct own_error_row own_errors[] = {
#define X(name, status, word, text) { status, word, text },
	OWN_ERRORS(X)
#undef X
};

static const struct own_error_row *own_error_row(enum own_error e)
{
	return &own_errors[(unsigned)e < OWN_ERROR_COUNT ? e : OWN_INTERNAL];
}

unsigned own_error_status(enum own_error e)
{
	return own_error_row(e)->status;
}

const char *own_error_word(enum own_error e)
{
	return own_error_row(e)->word;
}

const char *own_error_text(enum own_error e)
{
	return own_error_row(e)->text;
}

struct listener_stats *listener_stats_new(const char *name, unsigned n_workers)
{
	struct listener_stats *s = cells_alloc(sizeof(*s), sizeof(s->cells[0]), n_workers);

	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->n_workers = n_workers;
	return s;
}

struct pool_stats *pool_stats_new(const char *name, unsigned n_workers)
{
	struct pool_stats *s = cells_alloc(sizeof(*s), sizeof(s->cells[0]), n_workers);

	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->n_workers = n_workers;
	return s;
}

void listener_stats_free(struct listener_stats *s)
{
	free(s);
}

void pool_stats_free(struct pool_stats *s)
{
	free(s);
}

void listener_totals(const struct listener_stats *s, struct listener_totals *out)
{
	*out = (struct listener_totals){ 0 };
	for (unsigned w = 0; w < s->n_workers; w++) {
		const struct listener_cell *c = &s->cells[w];

		out->accepted += cell_get(&c->accepted);
		out->active += cell_get(&c->active);
		out->refused += cell_get(&c->refused);
		out->requests += cell_get(&c->requests);
		for (size_t i = 0; i < ARRAY_LEN(out->status); i++)
			out->status[i] += cell_get(&c->status[i]);
		for (size_t i = 0; i < ARRAY_LEN(out->own); i++)
			out->own[i] += cell_get(&c->own[i]);
		out->bytes_in += cell_get(&c->bytes_in);
		out->bytes_out += cell_get(&c->bytes_out);
		out->cut += cell_get(&c->cut);
	}
}

void pool_totals(const struct pool_stats *s, struct pool_totals *out)
{
	*out = (struct pool_totals){ 0 };
	for (unsigned w = 0; w < s->n_workers; w++) {
		const struct pool_cell *c = &s->cells[w];

		out->requests += cell_get(&c->requests);
		out->waiting += cell_get(&c->waiting);
		for (size_t i = 0; i < ARRAY_LEN(out->own); i++)
			out->own[i] += cell_get(&c->own[i]);
		out->retries += cell_get(&c->retries);
	}
}
