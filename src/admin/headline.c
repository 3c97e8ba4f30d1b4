/* SPDX-License-Identifier: MIT */
/*
 * The head of page and text: what is wrong, in sentences, the worst first; or that all is well.
 * Works on a snapshot, which owns the texts. Pure but for memory.
 */
#include "form.h"
#include "snapshot.h"

#define NAMES_MAX 4 /* members named in one sentence; the rest is counted */

static void add(struct snapshot *s, enum concern concern, struct buf *b)
{
	const char *text = arena_strdup(s->arena, buf_cstr(b));

	if (concern > s->worst)
		s->worst = concern;
	if (text != NULL && s->n_headlines < HEADLINES_MAX)
		s->headlines[s->n_headlines++] = (struct headline){ concern, text };
	buf_clear(b);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* "2 DOWN, 1 MAINT" */
static void put_states(struct buf *b, const struct snap_pool *p)
{
	const char *comma = "";
	unsigned i;

	for (i = 0; i < MEMBER_STATE_COUNT; i++) {
		if (p->n_state[i] == 0)
			continue;
		buf_printf(b, "%s%u %s", comma, p->n_state[i],
			   member_state_name((enum member_state)i));
		comma = ", ";
	}
}

/* " - SENTENCE, since 14:02:11 (12s)" */
static void put_reason(struct buf *b, const struct snapshot *s, const struct snap_member *m)
{
	if (m->sentence[0] != '\0')
		buf_printf(b, " - %s", m->sentence);
	if (m->since_wall_us != 0) {
		buf_puts(b, ", since ");
		form_since(b, m->since_wall_us, s->wall_us);
	}
	if (m->state == MEMBER_DRAINING) {
		buf_printf(b, ", %llu in flight", (unsigned long long)m->totals.in_flight);
		if (m->drain_left_ms >= 0) {
			buf_puts(b, ", ");
			form_age(b, m->drain_left_ms * 1000);
			buf_puts(b, " left");
		}
	}
}

/* The names and reasons of the members in this state; "A - why; B - why; and 3 more". */
static void put_members(struct buf *b, const struct snapshot *s, const struct snap_pool *p,
			enum member_state state)
{
	const char *sep = "";
	unsigned i, named = 0;

	for (i = 0; i < p->n_members; i++) {
		const struct snap_member *m = &p->members[i];

		if (m->state != state)
			continue;
		if (named++ == NAMES_MAX) {
			buf_printf(b, "; and %u more", p->n_state[state] - NAMES_MAX);
			return;
		}
		buf_printf(b, "%s%s", sep, m->conf->name);
		put_reason(b, s, m);
		sep = "; ";
	}
}

/* "1 of 3 members of pool web is DOWN: web2 - ..., since ..." for each state of this concern */
static void pool_sentences(struct snapshot *s, const struct snap_pool *p, enum concern concern,
			   struct buf *b)
{
	unsigned seen[MEMBER_STATE_COUNT] = { 0 };
	unsigned i;

	for (i = 0; i < p->n_members; i++) {
		const struct snap_member *m = &p->members[i];
		unsigned n = p->n_state[m->state];

		if (m->concern != concern || seen[m->state]++ > 0)
			continue;
		buf_printf(b, "%u of %u member%s of pool %s %s %s: ", n, p->n_members,
			   plural(p->n_members), p->conf->name, n == 1 ? "is" : "are",
			   member_state_name(m->state));
		put_members(b, s, p, m->state);
		buf_puts(b, ".");
		add(s, concern, b);
	}
}

static void fatal_pools(struct snapshot *s, struct buf *b)
{
	unsigned i;

	for (i = 0; i < s->n_pools; i++) {
		const struct snap_pool *p = &s->pools[i];

		if (p->concern != CONCERN_FATAL)
			continue;
		buf_printf(b, "Pool %s cannot serve: ", p->conf->name);
		put_states(b, p);
		buf_puts(b, ".");
		add(s, CONCERN_FATAL, b);
	}
}

static void members_of_concern(struct snapshot *s, enum concern concern, struct buf *b)
{
	unsigned i;

	for (i = 0; i < s->n_pools; i++)
		pool_sentences(s, &s->pools[i], concern, b);
}

static void spare_tiers(struct snapshot *s, struct buf *b)
{
	unsigned i;

	for (i = 0; i < s->n_pools; i++) {
		const struct snap_pool *p = &s->pools[i];

		if (p->tier <= p->lowest_tier)
			continue;
		buf_printf(b, "Pool %s is served by tier %u: no member of a lower tier can.",
			   p->conf->name, p->tier);
		add(s, CONCERN_REDUCED, b);
	}
}

static void doubtful(struct snapshot *s, struct buf *b)
{
	const char *sep = "";
	unsigned i, j, n = 0;

	for (i = 0; i < s->n_pools; i++) {
		for (j = 0; j < s->pools[i].n_members; j++) {
			const struct snap_member *m = &s->pools[i].members[j];

			if (m->concern != CONCERN_DOUBT || n++ >= NAMES_MAX)
				continue;
			buf_printf(b, "%s%s/%s", sep, m->pool->name, m->conf->name);
			sep = ", ";
		}
	}
	if (n > NAMES_MAX)
		buf_printf(b, " and %u more", n - NAMES_MAX);
	if (n == 0)
		return;
	buf_printf(b, " serve%s, but the last probe failed.", n == 1 ? "s" : "");
	add(s, CONCERN_DOUBT, b);
}

static void process_sentences(struct snapshot *s, struct buf *b)
{
	const struct admin_process *p = &s->process;

	if (p->stopping) {
		buf_printf(b, "aorta is stopping: it accepts nothing new, %llu connection%s left",
			   (unsigned long long)p->connections, p->connections == 1 ? "" : "s");
		if (p->stop_deadline_mono_us > s->mono_us) {
			buf_puts(b, ", exits within ");
			form_age(b, p->stop_deadline_mono_us - s->mono_us);
		}
		buf_puts(b, ".");
		add(s, CONCERN_FATAL, b);
	}
	if (p->last_reload_error[0] != '\0') {
		buf_puts(b, "The last reload failed at ");
		form_clock(b, p->last_reload_wall_us, s->wall_us);
		buf_printf(b, ", the configuration before it stays in force: %s",
			   p->last_reload_error);
		add(s, CONCERN_REDUCED, b);
	}
}

static void all_well(struct snapshot *s, struct buf *b)
{
	if (s->n_members == 0)
		buf_puts(b, "No members are configured.");
	else if (s->n_members == 1)
		buf_puts(b, "The one member serves.");
	else
		buf_printf(b, "All %u members of %u pool%s serve.", s->n_members, s->n_pools,
			   plural(s->n_pools));
	add(s, CONCERN_NONE, b);
}

void headline_build(struct snapshot *s)
{
	struct buf b;

	buf_init(&b);
	fatal_pools(s, &b);
	process_sentences(s, &b);
	members_of_concern(s, CONCERN_WRONG, &b);
	spare_tiers(s, &b);
	members_of_concern(s, CONCERN_REDUCED, &b);
	members_of_concern(s, CONCERN_OPERATOR, &b);
	members_of_concern(s, CONCERN_CHECKING, &b);
	if (s->n_headlines == 0)
		all_well(s, &b);
	doubtful(s, &b);
	buf_fini(&b);
}
