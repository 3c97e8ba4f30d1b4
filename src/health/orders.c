/* SPDX-License-Identifier: MIT */
/*
 * What others ask of the engine, as mails: operators' orders, connections that failed in
 * traffic, and probes wanted now. A mail names its member by pointer and slot and looks behind
 * the pointer only when the member is still watched, since it may be gone by then. Senders run
 * on any thread, the rest on the health thread.
 */
#include "health/engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "health/text.h"

static const char gone[] = "the member is not in the configuration any more";
static const char stopping[] = "aorta is stopping";

static void answer(struct health *h, uint64_t tag, const char *error)
{
	h->ops.ordered(h->ops.ctx, tag, error);
}

/* ---- operators' orders ---- */

struct order_mail {
	struct mail mail;
	uint64_t tag;
	struct member *member;
	unsigned slot;
	enum admin_state to;
	char who[96];
};

static const char *const order_words[] = {
	[ADMIN_READY] = "made ready",
	[ADMIN_DRAIN] = "drained",
	[ADMIN_MAINT] = "put into maintenance",
};

/* The finding behind the verdict that an order uncovered: what a probe saw last. */
static void add_finding(const struct watched *w, struct evidence *e)
{
	struct verdict v = watched_verdict(w);
	int role;

	for (role = 0; role < PROBE_ROLES; role++) {
		const struct target *t = &w->targets[role];

		if (source_of_role((enum probe_role)role) == v.source && t->runs > 0)
			e->finding = t->last;
	}
}

static void order_carry_out(struct watched *w, const struct order_mail *o)
{
	struct evidence e = watched_evidence(w, SOURCE_ADMIN);

	w->admin = o->to;
	w->drain_deadline_mono_us =
		o->to == ADMIN_READY ? 0 : e.mono_us + w->drain_timeout_ms * 1000;
	(void)snprintf(e.note, sizeof(e.note), "%s by %s", order_words[o->to], o->who);
	add_finding(w, &e);
	watched_judge(w, &e, true);
	watched_report(w);
	publish_flush(w->health);
}

static void order_run(struct mail *m, void *owner)
{
	struct order_mail *o = CONTAINER_OF(m, struct order_mail, mail);
	struct health *h = owner;
	struct watched *w = health_find(h, o->member, o->slot);
	const char *error = NULL;

	if (h->state == HEALTH_STOPPED)
		error = stopping;
	else if (!w)
		error = gone;
	else if (w->admin != o->to)
		order_carry_out(w, o);
	answer(h, o->tag, error);
	free(o);
}

int health_order(struct health *h, uint64_t tag, struct member *m, enum admin_state to,
		 const char *who)
{
	struct order_mail *o = calloc(1, sizeof(*o));

	if (!o)
		return -1;
	o->mail.run = order_run;
	o->tag = tag;
	o->member = m;
	o->slot = m->slot;
	o->to = to;
	text_copy(o->who, sizeof(o->who), who);
	mailbox_post(&h->mailbox, &o->mail);
	return 0;
}

/* ---- traffic ---- */

struct passive_mail {
	struct mail mail;
	struct member *member;
	unsigned slot;
	struct finding finding;
	unsigned in_a_row;
	enum passive_action action;
};

/* At most one record a second and member of what traffic saw without effect: it may see a lot. */
#define TRAFFIC_RECORD_US 1000000

static void start_recheck(struct watched *w, const struct passive_mail *p, struct evidence *e)
{
	struct target *t = &w->targets[ROLE_READINESS];
	int64_t earliest = w->recheck_at + RECHECK_SPACING_US;
	bool record = e->mono_us - w->traffic_record_at >= TRAFFIC_RECORD_US;

	if (w->recheck != RECHECK_NONE)
		return;
	w->suspicion = p->finding;
	w->suspicion_recorded = record;
	if (record)
		w->traffic_record_at = e->mono_us;
	w->recheck = t->state == TARGET_RUNNING ? RECHECK_AFTER : RECHECK_DUE;
	watched_judge(w, e, record);
	if (t->state == TARGET_WAITING)
		target_due(t, earliest > e->mono_us ? earliest : e->mono_us, true);
}

static void mark_down(struct watched *w, struct evidence *e)
{
	struct target *t = &w->targets[ROLE_READINESS];

	if (t->state == TARGET_RUNNING) /* it began before and knows less */
		target_stop(t, TARGET_HELD);
	rise_fall_mark_down(&t->counter);
	w->recheck = RECHECK_NONE;
	watched_judge(w, e, true);
	target_due(t, e->mono_us + t->conf->fast_interval_ms * 1000, true);
}

/*
 * Only a member that readiness holds for well can be doubted. One that nothing judges cannot: it
 * would have no way back.
 */
static void doubt(struct watched *w, const struct passive_mail *p)
{
	struct evidence e = watched_evidence(w, SOURCE_TRAFFIC);

	if (target_verdict(&w->targets[ROLE_READINESS]) != ROLE_PASSING) {
		watched_judge(w, &e, false);
		return;
	}
	e.finding = p->finding;
	e.streak = e.needed = p->in_a_row;
	if (p->action == PASSIVE_DOWN)
		mark_down(w, &e);
	else
		start_recheck(w, p, &e);
	watched_report(w);
}

static void passive_run(struct mail *m, void *owner)
{
	struct passive_mail *p = CONTAINER_OF(m, struct passive_mail, mail);
	struct health *h = owner;
	struct watched *w = health_find(h, p->member, p->slot);

	if (w && h->state == HEALTH_RUNNING)
		doubt(w, p);
	free(p);
}

int health_passive(struct health *h, struct member *m, const struct finding *f, unsigned in_a_row,
		   enum passive_action action)
{
	struct passive_mail *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	p->mail.run = passive_run;
	p->member = m;
	p->slot = m->slot;
	p->finding = *f;
	p->in_a_row = in_a_row;
	p->action = action;
	mailbox_post(&h->mailbox, &p->mail);
	return 0;
}

/* ---- probe now ---- */

struct probe_mail {
	struct mail mail;
	struct list link; /* watched.tags */
	uint64_t tag;
	struct member *member;
	unsigned slot;
};

void orders_answer(struct watched *w, const char *error)
{
	if (list_empty(&w->tags))
		return;
	if (!error)
		publish_flush(w->health);
	while (!list_empty(&w->tags)) {
		struct probe_mail *p = CONTAINER_OF(w->tags.next, struct probe_mail, link);

		list_remove(&p->link);
		answer(w->health, p->tag, error);
		free(p);
	}
}

/* Hurries all probes that may run. False: there is none. */
static bool hurry(struct watched *w)
{
	int64_t now = clock_mono_us();
	bool any = false;
	int role;

	for (role = 0; role < PROBE_ROLES; role++) {
		struct target *t = &w->targets[role];

		if (t->state == TARGET_WAITING)
			target_due(t, now, true);
		any = any || t->state == TARGET_WAITING || t->state == TARGET_RUNNING;
	}
	return any;
}

static void probe_run(struct mail *m, void *owner)
{
	struct probe_mail *p = CONTAINER_OF(m, struct probe_mail, mail);
	struct health *h = owner;
	struct watched *w = health_find(h, p->member, p->slot);
	const char *error = NULL;

	if (h->state == HEALTH_STOPPED)
		error = stopping;
	else if (!w)
		error = gone;
	else if (!hurry(w))
		error = "the member has no probe to run";
	if (!error) {
		list_push_back(&w->tags, &p->link);
		return;
	}
	answer(h, p->tag, error);
	free(p);
}

int health_probe_now(struct health *h, uint64_t tag, struct member *m)
{
	struct probe_mail *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	p->mail.run = probe_run;
	list_init(&p->link);
	p->tag = tag;
	p->member = m;
	p->slot = m->slot;
	mailbox_post(&h->mailbox, &p->mail);
	return 0;
}
