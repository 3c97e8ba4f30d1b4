/* SPDX-License-Identifier: MIT */
/*
 * A member under watch: what is known of it, the state that follows, and the record of why. It
 * owns its targets; the member itself belongs to the daemon and is borrowed until released().
 * Health thread only. The state changes in one function, watched_goto().
 */
#include "health/engine.h"

#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "health/text.h"

static const enum evidence_source sources[PROBE_ROLES] = {
	[ROLE_READINESS] = SOURCE_READINESS,
	[ROLE_LIVENESS] = SOURCE_LIVENESS,
	[ROLE_STARTUP] = SOURCE_STARTUP,
};

enum evidence_source source_of_role(enum probe_role role)
{
	return sources[role];
}

struct watched *watched_new(struct health *h, struct member *m)
{
	struct watched *w = calloc(1, sizeof(*w));
	int role;

	if (!w)
		return NULL;
	w->magic = WATCHED_MAGIC;
	w->health = h;
	w->member = m;
	w->state = MEMBER_CHECKING;
	w->since_wall_us = clock_wall_us();
	w->since_mono_us = clock_mono_us();
	for (role = 0; role < PROBE_ROLES; role++)
		target_init(&w->targets[role], w, (enum probe_role)role);
	list_init(&w->link);
	list_init(&w->out_link);
	list_init(&w->tags);
	w->why = watched_evidence(w, SOURCE_CONFIG);
	w->why.from = w->why.to = MEMBER_CHECKING;
	text_copy(w->why.note, sizeof(w->why.note), "new, not probed yet");
	return w;
}

void watched_free(struct watched *w)
{
	int role;

	AORTA_CHECK(w, WATCHED_MAGIC);
	orders_answer(w, "the member is not in the configuration any more");
	for (role = 0; role < PROBE_ROLES; role++)
		target_fini(&w->targets[role]);
	list_remove(&w->link);
	list_remove(&w->out_link);
	w->magic = 0;
	free(w);
}

struct evidence watched_evidence(const struct watched *w, enum evidence_source source)
{
	struct evidence e = { .wall_us = clock_wall_us(),
			      .mono_us = clock_mono_us(),
			      .source = source,
			      .finding = { .connect_us = -1, .first_byte_us = -1 } };

	text_copy(e.pool, sizeof(e.pool), w->member->pool);
	text_copy(e.member, sizeof(e.member), w->member->name);
	return e;
}

/* ---- state ---- */

static struct verdict_input inputs(const struct watched *w)
{
	struct verdict_input in = { .admin = w->admin, .removed = w->removed };
	int role;

	for (role = 0; role < PROBE_ROLES; role++)
		in.roles[role] = target_verdict(&w->targets[role]);
	return in;
}

struct verdict watched_verdict(const struct watched *w)
{
	struct verdict_input in = inputs(w);

	return verdict_of(&in);
}

/* Its work is better tried elsewhere: it was serving and fell, or an operator wants it out. */
static bool goes_out(enum member_state from, enum member_state to)
{
	return to == MEMBER_MAINT || (to == MEMBER_DOWN && member_state_serves(from));
}

static void watched_goto(struct watched *w, enum member_state to, struct evidence *e)
{
	enum member_state from = w->state;

	e->transition = true;
	e->from = from;
	e->to = to;
	w->state = to;
	w->since_wall_us = e->wall_us;
	w->since_mono_us = e->mono_us;
	w->transitions++;
	/* seen by the very next pick, before any view can be built without it */
	if (!member_state_serves(to))
		atomic_store_explicit(&w->member->eligible, false, memory_order_release);
	if (goes_out(from, to) && list_empty(&w->out_link))
		list_push_back(&w->health->outs, &w->out_link);
	publish_evidence(w->health, e);
	w->why = *e;
	publish_dirty(w->health, w);
}

/* A pass, or a member that traffic doubted without reason, takes work again. */
static void restore_eligible(struct watched *w)
{
	if (!member_state_serves(w->state) || !w->in_view || w->recheck != RECHECK_NONE ||
	    member_eligible(w->member))
		return;
	member_connect_ok(w->member); /* the next run of failures counts anew */
	atomic_store_explicit(&w->member->eligible, true, memory_order_release);
}

/* Whether the probes have spoken, whatever an operator or the file says over them. */
static bool has_verdict(const struct watched *w)
{
	struct verdict_input in = inputs(w);

	in.admin = ADMIN_READY;
	in.removed = false;
	return verdict_of(&in).state != MEMBER_CHECKING;
}

void watched_judge(struct watched *w, struct evidence *e, bool notable)
{
	struct verdict v = watched_verdict(w);

	w->judged = w->judged || has_verdict(w);
	if (v.state != w->state) {
		watched_goto(w, v.state, e);
		return;
	}
	restore_eligible(w);
	if (!notable)
		return;
	e->from = e->to = w->state;
	publish_evidence(w->health, e);
}

/* ---- configuration ---- */

void watched_gate(struct watched *w)
{
	struct verdict_input in = inputs(w);
	bool back = verdict_holds_back(&in);
	int64_t now = clock_mono_us();
	int role;

	for (role = 0; role < PROBE_ROLES; role++) {
		struct target *t = &w->targets[role];

		if (!t->conf)
			continue;
		if (back && role != ROLE_STARTUP) {
			if (t->state != TARGET_HELD)
				target_stop(t, TARGET_HELD);
		} else if (t->state == TARGET_HELD) {
			target_due(t, t->node.due > now ? t->node.due : now, false);
		}
	}
}

/*
 * A probe that a reload adds to a member that serves already does not take it out until it has
 * spoken: the first failure does. A startup probe comes too late for such a member.
 */
void watched_configure(struct watched *w, const struct conf_pool *conf, unsigned i, unsigned n)
{
	bool serves = member_state_serves(w->state);
	bool started = w->judged;
	int role;

	w->drain_timeout_ms = conf->drain_timeout_ms;
	for (role = 0; role < PROBE_ROLES; role++) {
		const struct conf_probe *p = conf->probes[role];
		bool inherit = role == ROLE_STARTUP ? started : role == ROLE_READINESS && serves;

		target_configure(&w->targets[role], p, inherit, p ? schedule_first_us(p, i, n) : 0);
	}
	watched_gate(w);
}

/* ---- report ---- */

void watched_report(struct watched *w)
{
	struct member_report *r = calloc(1, sizeof(*r));
	int role;

	if (!r)
		return; /* the next result tries again; the state itself is published by views */
	r->state = w->state;
	r->since_wall_us = w->since_wall_us;
	r->since_mono_us = w->since_mono_us;
	r->admin = w->admin;
	r->drain_deadline_mono_us = w->drain_deadline_mono_us;
	r->removed = w->removed;
	r->transitions = w->transitions;
	r->why = w->why;
	for (role = 0; role < PROBE_ROLES; role++)
		target_report(&w->targets[role], &r->roles[role]);
	publish_report(w->health, w->member, r);
}
