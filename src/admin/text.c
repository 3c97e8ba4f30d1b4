/* SPDX-License-Identifier: MIT */
/*
 * GET /?text and `aortactl status`: the page for a terminal, in aligned columns and plain ASCII.
 * Control thread; owns nothing.
 */
#include <ctype.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "cells.h"
#include "form.h"
#include "history.h"
#include "render.h"
#include "state.h"

#define RECENT 10

/* ---- a table whose columns are as wide as their widest cell ---- */

#define COLUMNS_MAX 14

struct table {
	struct buf text; /* all cells, each with its NUL */
	size_t *at;	 /* owns; offset of each cell */
	size_t n, cap;
	unsigned columns;
	size_t width[COLUMNS_MAX];
};

static void table_cell(struct table *t, const char *s)
{
	size_t len = strlen(s), *at;
	unsigned column = (unsigned)(t->n % t->columns);

	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 256 : t->cap * 2;
		at = realloc(t->at, t->cap * sizeof(*at));
		if (at == NULL) {
			t->text.failed = true;
			t->cap = t->n;
			return;
		}
		t->at = at;
	}
	if (len > t->width[column])
		t->width[column] = len;
	t->at[t->n++] = t->text.len;
	buf_put(&t->text, s, len + 1);
}

static void table_put(struct table *t, struct buf *out)
{
	size_t i;

	if (t->text.failed)
		out->failed = true;
	for (i = 0; i < t->n && !out->failed; i++) {
		unsigned column = (unsigned)(i % t->columns);
		const char *s = t->text.data + t->at[i];

		if (column + 1 == t->columns)
			buf_printf(out, "%s\n", s);
		else
			buf_printf(out, "%s%-*s  ", column == 0 ? "  " : "", (int)t->width[column],
				   s);
	}
	free(t->at);
	buf_fini(&t->text);
}

/* ---- parts ---- */

static void put_title(const struct snapshot *s, struct buf *b)
{
	buf_printf(b, "aorta %s, pid %d, up ", s->process.version, s->process.pid);
	form_age(b, s->wall_us - s->process.started_wall_us);
	buf_printf(b, ", configuration %u, ", s->generation->serial);
	form_clock(b, s->wall_us, s->wall_us);
	buf_puts(b, " UTC\n\n");
}

static void put_headlines(const struct snapshot *s, struct buf *b)
{
	unsigned i;

	for (i = 0; i < s->n_headlines; i++) {
		const struct headline *h = &s->headlines[i];

		buf_printf(b, "%s %s\n",
			   h->concern >= CONCERN_REDUCED ? "!!"
			   : h->concern == CONCERN_NONE	 ? "ok"
							 : "--",
			   h->text);
	}
}

static void put_pool_line(const struct snap_pool *p, struct buf *b)
{
	buf_printf(b, "\npool %s: %u of %u serve, %s", p->conf->name, p->n_serving, p->n_members,
		   balance_kind_name(p->conf->balance));
	if (p->tier > p->lowest_tier)
		buf_printf(b, ", tier %u", p->tier);
	buf_puts(b, ", ");
	form_count(b, window_rate(&p->now, p->now.begun));
	buf_puts(b, " req/s, ");
	form_count(b, (double)p->own_errors);
	buf_printf(b, " own errors, %llu retries\n", (unsigned long long)p->totals.retries);
}

typedef void cell_fn(struct buf *b, const struct snapshot *s, const struct snap_member *m);

static void cell_state(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	buf_puts(b, member_state_name(m->state));
}

static void cell_name(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	buf_puts(b, m->conf->name);
}

static void cell_address(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	buf_puts(b, m->member->addr_text);
}

static void cell_tier(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	buf_printf(b, "%u/%u", m->conf->weight, m->conf->tier);
}

static const struct {
	const char *title;
	cell_fn *put;
} columns[] = {
	{ "STATE", cell_state },   { "MEMBER", cell_name },	    { "ADDRESS", cell_address },
	{ "SINCE", cell_since },   { "LAST PROBE", cell_probe },    { "COUNT", cell_count },
	{ "REQ/S", cell_rate },	   { "REQUESTS", cell_total },	    { "NOW", cell_in_flight },
	{ "ERRORS", cell_errors }, { "P50 P95 P99", cell_latency }, { "W/T", cell_tier },
};

static void put_pool(const struct snapshot *s, const struct snap_pool *p, bool only_wrong,
		     struct buf *b)
{
	struct table t = { .columns = ARRAY_LEN(columns) };
	struct buf cell;
	unsigned i, k;

	put_pool_line(p, b);
	buf_init(&cell);
	for (k = 0; k < t.columns; k++)
		table_cell(&t, columns[k].title);
	for (i = 0; i < p->n_members; i++) {
		if (only_wrong && p->members[i].concern == CONCERN_NONE)
			continue;
		for (k = 0; k < t.columns; k++) {
			buf_clear(&cell);
			columns[k].put(&cell, s, &p->members[i]);
			table_cell(&t, buf_cstr(&cell));
		}
	}
	table_put(&t, b);
	buf_fini(&cell);
}

static void put_listeners(const struct snapshot *s, struct buf *b)
{
	unsigned i, k;

	buf_puts(b, "\nlisteners\n");
	for (i = 0; i < s->n_listeners; i++) {
		const struct snap_listener *l = &s->listeners[i];

		buf_printf(b, "  %s (%s): %llu connections, ", l->conf->name,
			   l->conf->mode == MODE_TCP ? "tcp" : "http",
			   (unsigned long long)l->totals.active);
		form_count(b, window_rate(&l->now, l->now.begun));
		buf_printf(b, " %s/s, own errors: %s",
			   l->conf->mode == MODE_TCP ? "sessions" : "req",
			   l->own_errors == 0 ? "none" : "");
		for (k = OWN_NONE + 1; k < OWN_ERROR_COUNT; k++) {
			if (l->totals.own[k] > 0)
				buf_printf(b, "%s %llu  ", own_error_word((enum own_error)k),
					   (unsigned long long)l->totals.own[k]);
		}
		buf_putc(b, '\n');
	}
}

static void put_recent(struct ask *ask, const struct snapshot *s, const char *pool, struct buf *b)
{
	struct history_filter f = { .pool = pool, .transitions = true };
	const struct evidence *found[RECENT];
	unsigned n = history_list(ask->admin->history, &f, false, found, RECENT);

	if (n == 0)
		return;
	buf_puts(b, "\nlast changes\n");
	while (n-- > 0) {
		const struct evidence *e = found[n];

		buf_puts(b, "  ");
		form_clock(b, e->wall_us, s->wall_us);
		buf_printf(b, "  %s/%s %s -> %s: ", e->pool, e->member, member_state_name(e->from),
			   member_state_name(e->to));
		evidence_sentence(b, e);
		buf_putc(b, '\n');
	}
}

void text_get(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	struct buf *b = &reply->body;
	char pool[NAME_BYTES], only[8];
	bool one = query_get(ask->query, "pool", pool, sizeof(pool));
	bool wrong = query_get(ask->query, "only", only, sizeof(only)) && !strcmp(only, "wrong");
	unsigned i;

	if (s == NULL)
		return;
	if (one && render_pool(ask, s, reply, pool) == NULL) {
		snapshot_free(s);
		return;
	}
	reply->type = "text/plain; charset=utf-8";
	put_title(s, b);
	put_headlines(s, b);
	for (i = 0; i < s->n_pools; i++) {
		const struct snap_pool *p = &s->pools[i];

		if (one ? strcmp(p->conf->name, pool) == 0 : !wrong || p->concern != CONCERN_NONE)
			put_pool(s, p, wrong, b);
	}
	if (!one)
		put_listeners(s, b);
	put_recent(ask, s, one ? pool : NULL, b);
	snapshot_free(s);
}
