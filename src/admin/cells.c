/* SPDX-License-Identifier: MIT */
/*
 * The cells of a member's row. Pure.
 */
#include "cells.h"

#include "form.h"

void cell_since(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	if (m->since_wall_us == 0)
		buf_puts(b, "-");
	else
		form_since(b, m->since_wall_us, s->wall_us);
}

/* While the startup probe holds the others back it is the one that speaks. */
const struct role_report *cell_leading_role(const struct snap_member *m)
{
	static const enum probe_role order[] = { ROLE_READINESS, ROLE_STARTUP, ROLE_LIVENESS };
	unsigned i;

	for (i = 0; m->report != NULL && i < PROBE_ROLES; i++) {
		const struct role_report *r = &m->report->roles[order[i]];

		if (r->configured && !r->held)
			return r;
	}
	return NULL;
}

void cell_role_result(struct buf *b, const struct role_report *r)
{
	buf_puts(b, probe_code_name(r->last.code));
	if (r->last.status != 0)
		buf_printf(b, " %u", r->last.status);
	if (r->last.sys_errno != 0)
		buf_printf(b, " %s", errno_name(r->last.sys_errno));
}

void cell_role_timing(struct buf *b, const struct snapshot *s, const struct role_report *r)
{
	buf_duration_us(b, r->last.total_us);
	buf_puts(b, ", ");
	form_age(b, s->wall_us - r->last_wall_us);
	buf_puts(b, " ago");
}

void cell_role_probe(struct buf *b, const struct snapshot *s, const struct role_report *r)
{
	if (r->runs == 0) {
		buf_puts(b, "not yet");
		return;
	}
	cell_role_result(b, r);
	buf_puts(b, " in ");
	cell_role_timing(b, s, r);
}

void cell_role_count(struct buf *b, const struct role_report *r)
{
	struct standing st = role_standing(r);

	buf_printf(b, "%u/%u to %s", st.have, st.need, st.toward);
}

void cell_probe(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	const struct role_report *r = cell_leading_role(m);

	if (r == NULL)
		buf_puts(b, "-");
	else
		cell_role_probe(b, s, r);
}

void cell_count(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	const struct role_report *r = cell_leading_role(m);

	if (r == NULL)
		buf_puts(b, "-");
	else
		cell_role_count(b, r);
}

void cell_rate(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	form_count(b, window_rate(&m->now, m->now.begun));
}

void cell_total(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	form_count(b, (double)m->totals.requests);
}

void cell_in_flight(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	form_count(b, (double)m->totals.in_flight);
}

void cell_errors(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	form_share(b, window_error_share(&m->minute));
}

void cell_latency(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	const struct quantiles *q = &m->latency_minute;

	if (q->count == 0) {
		buf_puts(b, "-");
		return;
	}
	form_latency(b, q->p50_us);
	buf_putc(b, ' ');
	form_latency(b, q->p95_us);
	buf_putc(b, ' ');
	form_latency(b, q->p99_us);
}
