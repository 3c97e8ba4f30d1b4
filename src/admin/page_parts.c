/* SPDX-License-Identifier: MIT */
/*
 * Parts of the page: a member's card, the events, the process. All text from outside goes
 * through page_text(). Control thread; owns nothing.
 */
#include "aorta/health.h"
#include "cells.h"
#include "form.h"
#include "page.h"

#define EVENTS_SHOWN	    15
#define EVENTS_SHOWN_MEMBER 60

void page_text(struct buf *b, const char *s)
{
	buf_html(b, slice_str(s));
}

/* Signs that differ in shape, for those who cannot tell the colours. */
static const char *state_sign(enum member_state s)
{
	static const char *const signs[MEMBER_STATE_COUNT] = {
		[MEMBER_CHECKING] = "?",      [MEMBER_UP] = "\u25cf",
		[MEMBER_DEGRADED] = "\u25d1", [MEMBER_PROBATION] = "\u25d4",
		[MEMBER_EJECTED] = "\u2298",  [MEMBER_DOWN] = "\u2715",
		[MEMBER_DRAINING] = "\u2193", [MEMBER_MAINT] = "\u25a0",
	};

	return signs[s];
}

void page_state(struct buf *b, enum member_state state, enum concern concern)
{
	buf_printf(b,
		   "<span class=\"st c-%s\" title=\"%s\"><i aria-hidden=\"true\">%s</i>%s</span>",
		   concern_css(concern), member_state_text(state), state_sign(state),
		   member_state_name(state));
}

/* Percent-encodes what is not unreserved (RFC 3986 2.3), so it is safe in an attribute too. */
static void put_query_value(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_' || c == '~')
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void page_pool_link(struct buf *b, const char *pool, const char *text)
{
	buf_puts(b, "<a href=\"/?pool=");
	put_query_value(b, pool);
	buf_puts(b, "\">");
	page_text(b, text);
	buf_puts(b, "</a>");
}

void page_member_link(struct buf *b, const char *pool, const char *member, bool with_pool)
{
	buf_puts(b, "<a href=\"/?pool=");
	put_query_value(b, pool);
	buf_puts(b, "&amp;member=");
	put_query_value(b, member);
	buf_puts(b, "\">");
	if (with_pool) {
		page_text(b, pool);
		buf_putc(b, '/');
	}
	page_text(b, member);
	buf_puts(b, "</a>");
}

static void row(struct buf *b, const char *term, struct buf *value)
{
	if (value->len > 0) {
		buf_printf(b, "<dt>%s</dt><dd>", term);
		buf_html(b, buf_as_slice(value));
		buf_puts(b, "</dd>");
	}
	buf_clear(value);
}

/* "fails (0/2 to rise): L7STS 503 in 1.2ms, 0s ago; last good 14:02:11 (12s)" */
static void role_row(struct buf *b, const struct snapshot *s, const struct snap_member *m,
		     enum probe_role role, struct buf *v)
{
	const struct role_report *r = &m->report->roles[role];

	if (r->held) {
		buf_puts(v, "waits for the startup probe");
		row(b, probe_role_name(role), v);
		return;
	}
	buf_puts(v, !r->judged ? "not judged" : r->passing ? "passes" : "fails");
	buf_puts(v, " (");
	cell_role_count(v, r);
	buf_puts(v, "): ");
	cell_role_probe(v, s, r);
	if (r->runs > 0 && !probe_code_passed(r->last.code)) {
		buf_puts(v, "; last good ");
		form_since(v, r->last_good_wall_us, s->wall_us);
	}
	if (r->next_mono_us > s->mono_us) {
		buf_puts(v, "; next in ");
		buf_duration_us(v, (r->next_mono_us - s->mono_us) / 1000 * 1000);
	}
	row(b, probe_role_name(role), v);
}

static void finding_rows(struct buf *b, const struct evidence *e, struct buf *v)
{
	buf_puts(v, e->finding.expected);
	row(b, "expected", v);
	buf_puts(v, e->finding.got);
	row(b, "got", v);
}

static void traffic_row(struct buf *b, const struct snapshot *s, const struct snap_member *m,
			struct buf *v)
{
	cell_rate(v, s, m);
	buf_puts(v, " req/s now, ");
	cell_in_flight(v, s, m);
	buf_puts(v, " in flight, errors ");
	cell_errors(v, s, m);
	buf_printf(v, " in the last minute; %llu requests, %llu retried elsewhere",
		   (unsigned long long)m->totals.requests, (unsigned long long)m->totals.retried);
	row(b, "traffic", v);
}

static void drain_row(struct buf *b, const struct snap_member *m, struct buf *v)
{
	if (m->state != MEMBER_DRAINING && m->state != MEMBER_MAINT)
		return;
	buf_printf(v, "%llu in flight", (unsigned long long)m->totals.in_flight);
	if (m->totals.in_flight == 0)
		buf_puts(v, ": done, it may be stopped");
	else if (m->drain_left_ms >= 0) {
		buf_puts(v, ", cut in ");
		form_age(v, m->drain_left_ms * 1000);
	}
	row(b, "drain", v);
}

/* What an operator would type next. */
static void command_row(struct buf *b, const struct snap_member *m)
{
	bool out = m->state == MEMBER_DRAINING || m->state == MEMBER_MAINT;

	buf_puts(b, "<dt>commands</dt><dd><code>aortactl why ");
	page_text(b, m->pool->name);
	buf_putc(b, '/');
	page_text(b, m->conf->name);
	buf_printf(b, "</code> &middot; <code>aortactl %s ", out ? "ready" : "maint");
	page_text(b, m->pool->name);
	buf_putc(b, '/');
	page_text(b, m->conf->name);
	buf_puts(b, "</code></dd>");
}

void page_card(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	struct buf v;
	unsigned i;

	buf_init(&v);
	buf_printf(b, "<article class=\"card %s\"><h3>", concern_css(m->concern));
	page_state(b, m->state, m->concern);
	buf_putc(b, ' ');
	page_member_link(b, m->pool->name, m->conf->name, true);
	buf_puts(b, " <span class=\"soft mono\">");
	page_text(b, m->member->addr_text);
	buf_puts(b, "</span></h3><p>");
	page_text(b, m->sentence[0] == '\0' ? member_state_text(m->state) : m->sentence);
	buf_puts(b, "</p><dl>");
	if (m->since_wall_us != 0)
		form_since(&v, m->since_wall_us, s->wall_us);
	row(b, "since", &v);
	if (m->why != NULL && m->concern >= CONCERN_REDUCED)
		finding_rows(b, m->why, &v);
	for (i = 0; m->report != NULL && i < PROBE_ROLES; i++) {
		if (m->report->roles[i].configured)
			role_row(b, s, m, (enum probe_role)i, &v);
	}
	drain_row(b, m, &v);
	traffic_row(b, s, m, &v);
	command_row(b, m);
	buf_puts(b, "</dl></article>");
	buf_fini(&v);
}

/* ---- events ---- */

static enum concern concern_after(const struct evidence *e)
{
	if (!e->transition)
		return probe_code_passed(e->finding.code) ? CONCERN_NONE : CONCERN_DOUBT;
	if (e->to == MEMBER_DOWN || e->to == MEMBER_EJECTED)
		return CONCERN_WRONG;
	if (e->to == MEMBER_UP)
		return CONCERN_NONE;
	return e->to == MEMBER_DEGRADED || e->to == MEMBER_PROBATION ? CONCERN_REDUCED
								     : CONCERN_OPERATOR;
}

static void event_row(struct buf *b, const struct snapshot *s, const struct evidence *e)
{
	struct buf v;

	buf_init(&v);
	form_since(&v, e->wall_us, s->wall_us);
	buf_puts(b, "<tr><td class=\"nw\">");
	buf_html(b, buf_as_slice(&v));
	buf_puts(b, "</td><td class=\"nw\">");
	page_member_link(b, e->pool, e->member, true);
	buf_puts(b, "</td><td class=\"nw\">");
	if (e->transition) {
		buf_printf(b, "<span class=\"soft\">%s</span> &rarr; ", member_state_name(e->from));
		page_state(b, e->to, concern_after(e));
	} else {
		buf_printf(b, "<span class=\"soft\">stays %s</span>", member_state_name(e->to));
	}
	buf_puts(b, "</td><td class=\"why\">");
	buf_clear(&v);
	evidence_sentence(&v, e);
	buf_html(b, buf_as_slice(&v));
	buf_puts(b, "</td></tr>");
	buf_fini(&v);
}

void page_events(struct buf *b, const struct snapshot *s, const struct history *h,
		 const struct page_filter *f)
{
	struct history_filter hf = { .pool = f->pool,
				     .member = f->member,
				     .transitions = f->member == NULL };
	const struct evidence *found[EVENTS_SHOWN_MEMBER];
	unsigned n = history_list(h, &hf, false, found,
				  f->member == NULL ? EVENTS_SHOWN : EVENTS_SHOWN_MEMBER);

	buf_printf(b, "<h2>%s <span class=\"soft\">newest first</span></h2>",
		   f->member == NULL ? "Last changes" : "Evidence");
	if (n == 0) {
		buf_puts(b, "<p class=\"soft\">None since aorta started.</p>");
		return;
	}
	buf_puts(b, "<div class=\"box\"><table class=\"e\"><thead><tr><th>when (UTC)</th>"
		    "<th>member</th><th>change</th><th>why</th></tr></thead><tbody>");
	while (n-- > 0)
		event_row(b, s, found[n]);
	buf_puts(b, "</tbody></table></div>");
}

/* ---- the process ---- */

static void put_health(struct buf *b, const struct snapshot *s)
{
	const struct health_stats *h = s->health;

	if (h == NULL)
		return;
	buf_printf(b, "%llu probes done, %llu running, starts at most ",
		   (unsigned long long)cell_get(&h->probes),
		   (unsigned long long)cell_get(&h->probes_running));
	buf_duration_us(b, (int64_t)cell_get(&h->late_us_max));
	buf_puts(b, " late &middot; ");
}

void page_process(struct buf *b, const struct snapshot *s)
{
	const struct admin_process *p = &s->process;

	buf_puts(b, "aorta ");
	page_text(b, p->version);
	buf_printf(b, ", pid %d, %u worker%s, up ", p->pid, p->workers, p->workers == 1 ? "" : "s");
	form_age(b, s->wall_us - p->started_wall_us);
	buf_printf(b, " &middot; %llu client connection%s &middot; ",
		   (unsigned long long)p->connections, p->connections == 1 ? "" : "s");
	put_health(b, s);
	buf_printf(b, "configuration %u of ", s->generation->serial);
	form_clock(b, s->generation->loaded_wall_us, s->wall_us);
	buf_puts(b, " from <code>");
	page_text(b, s->generation->conf->file == NULL ? "" : s->generation->conf->file);
	buf_printf(b, "</code>, %llu reload%s", (unsigned long long)p->reloads,
		   p->reloads == 1 ? "" : "s");
	if (p->reloads_failed > 0)
		buf_printf(b, " (%llu failed)", (unsigned long long)p->reloads_failed);
	if (p->log_dropped > 0)
		buf_printf(b, " &middot; %llu log lines dropped",
			   (unsigned long long)p->log_dropped);
	buf_puts(b, "<br><a href=\"/?text\">text</a> &middot; <a href=\"/api/v1/pools\">API</a> "
		    "&middot; <a href=\"/api\">all addresses</a> &middot; "
		    "<a href=\"/metrics\">metrics</a> &middot; "
		    "<a href=\"/readyz?verbose\">readyz</a>");
}
