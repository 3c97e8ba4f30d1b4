/* SPDX-License-Identifier: MIT */
/*
 * The tables of the page: members of a pool, listeners. Control thread; owns nothing.
 */
#include "aorta/assert.h"
#include "cells.h"
#include "form.h"
#include "page.h"

/*
 * Beyond so many members in all, a pool in which nothing is wrong is one line: thousands of rows
 * that say "UP" hide the one that does not.
 */
#define MEMBERS_IN_FULL 300
/* And of one that has many, only the rows that want attention are shown. */
#define POOL_IN_FULL 60

static void cell_state(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	page_state(b, m->state, m->concern);
}

static void cell_member(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	page_member_link(b, m->pool->name, m->conf->name, false);
	buf_puts(b, "<br><span class=\"soft mono\">");
	page_text(b, m->member->addr_text);
	buf_puts(b, "</span>");
}

/* "14:02:11" and below it the age; on a phone in one line. */
static void cell_when(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	if (m->since_wall_us == 0) {
		buf_putc(b, '-');
		return;
	}
	form_clock(b, m->since_wall_us, s->wall_us);
	buf_puts(b, "<br><span class=\"soft\">");
	form_age(b, s->wall_us - m->since_wall_us);
	buf_puts(b, "</span>");
}

/* A member that serves although its last probe failed: that is what is to be known of it. */
static void cell_why(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	const struct role_report *r = cell_leading_role(m);
	struct buf v;

	if (m->concern != CONCERN_DOUBT || r == NULL || probe_code_passed(r->last.code)) {
		page_text(b, m->sentence);
		return;
	}
	buf_init(&v);
	buf_puts(&v, "last probe: ");
	finding_sentence(&v, &r->last);
	buf_html(b, buf_as_slice(&v));
	buf_fini(&v);
}

static void cell_last_probe(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	const struct role_report *r = cell_leading_role(m);
	struct buf v;

	if (r == NULL || r->runs == 0) {
		buf_puts(b, r == NULL ? "-" : "not yet");
		return;
	}
	buf_init(&v);
	cell_role_result(&v, r);
	buf_html(b, buf_as_slice(&v));
	buf_puts(b, "<br><span class=\"soft nw\">");
	buf_clear(&v);
	cell_role_timing(&v, s, r);
	buf_html(b, buf_as_slice(&v));
	buf_puts(b, "</span>");
	buf_fini(&v);
}

static void cell_weight(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	buf_printf(b, "%u &middot; %u", m->conf->weight, m->conf->tier);
	if (m->state == MEMBER_UP && !m->in_view)
		buf_puts(b, " <span class=\"soft\">spare</span>");
}

/* For a phone, where the columns are lines, `label` stands before the value. */
static const struct {
	const char *title, *label, *css;
	void (*put)(struct buf *b, const struct snapshot *s, const struct snap_member *m);
	bool html; /* the cell writes HTML by itself */
} columns[] = {
	{ "state", NULL, "", cell_state, true },
	{ "member", NULL, "nw", cell_member, true },
	{ "since (UTC)", "since", "nw", cell_when, true },
	{ "why", NULL, "why", cell_why, true },
	{ "last probe", "probe", "", cell_last_probe, true },
	{ "count", "count", "nw", cell_count, false },
	{ "req/s", "req/s", "n", cell_rate, false },
	{ "total", "total", "n", cell_total, false },
	{ "in flight", "in flight", "n", cell_in_flight, false },
	{ "errors 1m", "errors 1m", "n", cell_errors, false },
	{ "p50 p95 p99", "p50 p95 p99", "n", cell_latency, false },
	{ "weight &middot; tier", "weight, tier", "n", cell_weight, true },
};

static void member_row(struct buf *b, const struct snapshot *s, const struct snap_member *m,
		       struct buf *cell)
{
	size_t i;

	buf_printf(b, "<tr class=\"%s\">", concern_css(m->concern));
	for (i = 0; i < ARRAY_LEN(columns); i++) {
		buf_printf(b, "<td class=\"%s\"", columns[i].css);
		if (columns[i].label != NULL)
			buf_printf(b, " data-l=\"%s\"", columns[i].label);
		buf_putc(b, '>');
		if (columns[i].html) {
			columns[i].put(b, s, m);
		} else {
			buf_clear(cell);
			columns[i].put(cell, s, m);
			buf_html(b, buf_as_slice(cell));
		}
		buf_puts(b, "</td>");
	}
	buf_puts(b, "</tr>");
}

static void pool_title(struct buf *b, const struct snap_pool *p)
{
	buf_puts(b, "<h2>");
	page_pool_link(b, p->conf->name, p->conf->name);
	buf_printf(b, " <span class=\"c-%s\">%u of %u serve</span> <span class=\"soft\">",
		   concern_css(p->concern), p->n_serving, p->n_members);
	buf_puts(b, balance_kind_name(p->conf->balance));
	if (p->tier > p->lowest_tier)
		buf_printf(b, ", tier %u serves", p->tier);
	buf_puts(b, " &middot; ");
	form_count(b, window_rate(&p->now, p->now.begun));
	buf_printf(b, " req/s &middot; %llu requests &middot; %llu in flight",
		   (unsigned long long)p->totals.requests, (unsigned long long)p->in_flight);
	if (p->totals.retries > 0)
		buf_printf(b, " &middot; %llu retries", (unsigned long long)p->totals.retries);
	if (p->totals.waiting > 0)
		buf_printf(b, " &middot; %llu wait for a first verdict",
			   (unsigned long long)p->totals.waiting);
	buf_puts(b, "</span>");
	if (p->own_errors > 0)
		buf_printf(b, " <span class=\"c-wrong\">%llu errors of aorta's own</span>",
			   (unsigned long long)p->own_errors);
	buf_puts(b, "</h2>");
}

static bool shows_row(const struct snap_member *m, const struct page_filter *f, bool brief)
{
	if (f->member != NULL && strcmp(f->member, m->conf->name) != 0)
		return false;
	return m->concern != CONCERN_NONE || (!f->only_wrong && !brief);
}

static unsigned count_rows(const struct snap_pool *p, const struct page_filter *f, bool brief)
{
	unsigned i, n = 0;

	for (i = 0; i < p->n_members; i++)
		n += shows_row(&p->members[i], f, brief);
	return n;
}

static void rest_line(struct buf *b, const struct snap_pool *p, unsigned hidden)
{
	buf_printf(b, "<p class=\"soft\">%u more serve%s: ", hidden, hidden == 1 ? "s" : "");
	page_pool_link(b, p->conf->name, "show all");
	buf_puts(b, "</p>");
}

void page_pool(struct buf *b, const struct snapshot *s, const struct snap_pool *p,
	       const struct page_filter *f)
{
	bool brief =
		f->pool == NULL && (s->n_members > MEMBERS_IN_FULL || p->n_members > POOL_IN_FULL);
	unsigned i, rows = count_rows(p, f, brief);
	struct buf cell;
	size_t k;

	if (rows == 0 && f->only_wrong)
		return;
	pool_title(b, p);
	if (rows > 0) {
		buf_init(&cell);
		buf_puts(b, "<div class=\"box\"><table class=\"m\"><thead><tr>");
		for (k = 0; k < ARRAY_LEN(columns); k++)
			buf_printf(b, "<th class=\"%s\">%s</th>", columns[k].css, columns[k].title);
		buf_puts(b, "</tr></thead><tbody>");
		for (i = 0; i < p->n_members; i++) {
			if (shows_row(&p->members[i], f, brief))
				member_row(b, s, &p->members[i], &cell);
		}
		buf_puts(b, "</tbody></table></div>");
		buf_fini(&cell);
	}
	if (brief && rows < p->n_members)
		rest_line(b, p, p->n_members - rows);
}

/* ---- listeners ---- */

static void put_own(struct buf *b, const struct snap_listener *l)
{
	unsigned i;

	if (l->own_errors == 0)
		buf_puts(b, "<span class=\"soft\">none</span>");
	for (i = OWN_NONE + 1; i < OWN_ERROR_COUNT; i++) {
		if (l->totals.own[i] > 0)
			buf_printf(b, "<span class=\"nw\" title=\"%s\">%u %s: <b>%llu</b></span> ",
				   own_error_text((enum own_error)i),
				   own_error_status((enum own_error)i),
				   own_error_word((enum own_error)i),
				   (unsigned long long)l->totals.own[i]);
	}
}

static void number_cell(struct buf *b, const char *label, uint64_t n)
{
	buf_printf(b, "<td class=\"n\" data-l=\"%s\">", label);
	form_count(b, (double)n);
	buf_puts(b, "</td>");
}

static void listener_row(struct buf *b, const struct snap_listener *l)
{
	char text[ADDR_TEXT_BYTES];
	unsigned i;

	buf_puts(b, "<tr><td class=\"nw\"><b>");
	page_text(b, l->conf->name);
	buf_printf(b, "</b> %s</td><td class=\"mono\">",
		   l->conf->mode == MODE_TCP ? "tcp" : "http");
	for (i = 0; i < l->conf->n_binds; i++) {
		addr_print(&l->conf->binds[i], text);
		buf_puts(b, i == 0 ? "" : "<br>");
		page_text(b, text);
	}
	buf_puts(b, "</td>");
	number_cell(b, "connections", l->totals.active);
	buf_puts(b, "<td class=\"n\" data-l=\"per second\">");
	form_count(b, window_rate(&l->now, l->now.begun));
	buf_puts(b, "</td>");
	number_cell(b, "total",
		    l->conf->mode == MODE_TCP ? l->totals.accepted : l->totals.requests);
	number_cell(b, "4xx", l->totals.status[4]);
	number_cell(b, "5xx", l->totals.status[5]);
	buf_puts(b, "<td class=\"n\" data-l=\"errors 1m\">");
	form_share(b, window_error_share(&l->minute));
	buf_puts(b, "</td><td class=\"why\" data-l=\"own errors\">");
	put_own(b, l);
	buf_puts(b, "</td></tr>");
}

void page_listeners(struct buf *b, const struct snapshot *s)
{
	unsigned i;

	if (s->n_listeners == 0)
		return;
	buf_puts(b, "<h2>Listeners</h2><div class=\"box\"><table class=\"m\"><thead><tr>"
		    "<th>listener</th><th>address</th><th class=\"n\">connections</th>"
		    "<th class=\"n\">per second</th><th class=\"n\">total</th>"
		    "<th class=\"n\">4xx</th><th class=\"n\">5xx</th>"
		    "<th class=\"n\">errors 1m</th><th>errors of aorta's own</th>"
		    "</tr></thead><tbody>");
	for (i = 0; i < s->n_listeners; i++)
		listener_row(b, &s->listeners[i]);
	buf_puts(b, "</tbody></table></div>");
}
