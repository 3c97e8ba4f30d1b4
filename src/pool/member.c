/* SPDX-License-Identifier: MIT */
/*
 * The member as all threads share it: birth, death, and the sums of its cells. The control
 * thread makes and frees members and owns them; sums may be taken by any thread that knows the
 * member to be alive. Never judges: `report` and `eligible` are written by others.
 */
#include "aorta/member.h"

#include <stdio.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "pool/cells.h"

static const char *const outcome_names[] = {
#define X(name, text) #name,
	OUTCOMES(X)
#undef X
};

static const char *const outcome_texts[] = {
#define X(name, text) text,
	OUTCOMES(X)
#undef X
};

const char *outcome_name(enum outcome o)
{
	return (unsigned)o < OUTCOME_COUNT ? outcome_names[o] : "?";
}

const char *outcome_text(enum outcome o)
{
	return (unsigned)o < OUTCOME_COUNT ? outcome_texts[o] : "?";
}

struct member *member_new(const char *pool, const char *name, const struct addr *addr,
			  unsigned slot, unsigned n_workers)
{
	struct member *m = cells_alloc(sizeof(*m), sizeof(m->cells[0]), n_workers);

	if (!m)
		return NULL;
	m->magic = MEMBER_MAGIC;
	snprintf(m->pool, sizeof(m->pool), "%s", pool);
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->addr = *addr;
	addr_print(addr, m->addr_text);
	m->slot = slot;
	m->n_workers = n_workers;
	return m;
}

/* The report came from malloc(). */
void member_free(struct member *m)
{
	if (!m)
		return;
	AORTA_CHECK(m, MEMBER_MAGIC);
	free(atomic_load_explicit(&m->report, memory_order_acquire));
	m->magic = 0;
	free(m);
}

uint64_t member_in_flight(const struct member *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->n_workers; i++)
		sum += cell_get(&m->cells[i].in_flight);
	return sum;
}

static void totals_add(struct member_totals *out, const struct member_cell *c)
{
	out->in_flight += cell_get(&c->in_flight);
	out->requests += cell_get(&c->requests);
	for (size_t i = 0; i < ARRAY_LEN(out->status); i++)
		out->status[i] += cell_get(&c->status[i]);
	out->bytes_in += cell_get(&c->bytes_in);
	out->bytes_out += cell_get(&c->bytes_out);
	out->connects += cell_get(&c->connects);
	out->reuses += cell_get(&c->reuses);
	out->retried += cell_get(&c->retried);
	out->idle += cell_get(&c->idle);
	for (size_t i = 0; i < ARRAY_LEN(out->outcome); i++)
		out->outcome[i] += cell_get(&c->outcome[i]);
	histogram_sum_add(&out->latency, &c->latency);
}

void member_totals(const struct member *m, struct member_totals *out)
{
	*out = (struct member_totals){ 0 };
	for (unsigned i = 0; i < m->n_workers; i++)
		totals_add(out, &m->cells[i]);
}

bool member_connect_failed(struct member *m, unsigned limit)
{
	/* Of several threads that count at once, each sees another number: one sees the limit. */
	return atomic_fetch_add_explicit(&m->connect_errors, 1, memory_order_relaxed) + 1 == limit;
}
