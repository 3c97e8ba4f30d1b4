/* SPDX-License-Identifier: MIT */
/*
 * A target: one probe of one member. It owns the counter, the place in the schedule, the run in
 * progress and the memory of results; it hands what a result means to the member it belongs to.
 * Health thread only. It must never publish anything itself.
 */
#include "health/engine.h"

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "health/text.h"

static const enum rise_fall_start starts[PROBE_ROLES] = {
	[ROLE_READINESS] = RISE_FALL_FIRST_DECIDES,
	[ROLE_LIVENESS] = RISE_FALL_TRUSTED,
	[ROLE_STARTUP] = RISE_FALL_WITHHELD,
};

static struct health *health_of(const struct target *t)
{
	return t->owner->health;
}

void target_init(struct target *t, struct watched *owner, enum probe_role role)
{
	const struct member *m = owner->member;

	*t = (struct target){ .owner = owner, .role = role };
	heap_node_init(&t->node);
	rng_seed(&t->rng, schedule_seed(owner->health->seed, m->pool, m->name, role));
	t->last.connect_us = t->last.first_byte_us = -1;
}

/* The heap that the target is or would be in. */
static struct heap *heap_of(const struct target *t)
{
	return t->urgent ? &health_of(t)->urgent : &health_of(t)->due;
}

static void unschedule(struct target *t)
{
	heap_remove(heap_of(t), &t->node);
}

void target_stop(struct target *t, enum target_state to)
{
	struct health *h = health_of(t);

	unschedule(t);
	if (t->run) {
		step_cancel(t->run);
		t->run = NULL;
	}
	if (t->state == TARGET_RUNNING)
		cell_set(&h->stats.probes_running, --h->running);
	t->state = to;
}

void target_fini(struct target *t)
{
	target_stop(t, TARGET_OFF);
}

void target_due(struct target *t, int64_t at, bool urgent)
{
	AORTA_ASSERT(t->conf && t->state != TARGET_RUNNING);
	if (t->state == TARGET_WAITING && t->node.due < at)
		at = t->node.due;
	if (urgent && !t->urgent) {
		unschedule(t);
		t->urgent = true;
	}
	t->state = TARGET_WAITING;
	if (heap_put(heap_of(t), &t->node, at) != 0)
		t->state = TARGET_HELD; /* out of memory: the beat comes back to it */
}

enum role_verdict target_verdict(const struct target *t)
{
	if (!t->conf)
		return ROLE_ABSENT;
	if (!t->counter.judged)
		return ROLE_UNKNOWN;
	return rise_fall_passing(&t->counter) ? ROLE_PASSING : ROLE_FAILING;
}

/* This machine failed, not the member: shown, and not counted. */
static bool says_nothing(const struct finding *f)
{
	return f->code == CODE_SOCKERR;
}

static int64_t gap_us(struct target *t)
{
	bool clear = t->runs > 0 && !says_nothing(&t->last);
	enum confidence c = clear ? rise_fall_confidence(&t->counter) : IN_DOUBT;
	int64_t us = schedule_gap_us(t->conf, t->role, c, &t->rng);

	return t->runs == 1 ? schedule_phase_us(us, &t->rng) : us;
}

static void forget(struct target *t)
{
	target_stop(t, TARGET_OFF);
	target_init(t, t->owner, t->role);
}

static void begin(struct target *t, const struct conf_probe *conf, bool inherit_up)
{
	t->conf = conf;
	rise_fall_init(&t->counter, starts[t->role], conf->rise, conf->fall);
	if (inherit_up)
		rise_fall_inherit_up(&t->counter);
	t->state = inherit_up && t->role == ROLE_STARTUP ? TARGET_PASSED : TARGET_HELD;
}

/* The same probe with settings of a new generation: what is known stays. */
static void go_on(struct target *t, const struct conf_probe *conf)
{
	int64_t now = clock_mono_us();
	bool was_running = t->state == TARGET_RUNNING;

	t->conf = conf;
	if (t->counter.rise != conf->rise || t->counter.fall != conf->fall)
		rise_fall_resize(&t->counter, conf->rise, conf->fall);
	if (was_running)
		target_stop(t, TARGET_HELD); /* it looks at the old settings */
	if (was_running)
		target_due(t, now, t->urgent);
	else if (t->state == TARGET_WAITING)
		target_due(t, schedule_pull_us(t->node.due, now, gap_us(t)), false);
}

void target_configure(struct target *t, const struct conf_probe *conf, bool inherit_up,
		      int64_t first_us)
{
	if (!conf) {
		if (t->conf)
			forget(t);
		return;
	}
	if (t->conf) {
		go_on(t, conf);
		return;
	}
	begin(t, conf, inherit_up);
	if (t->state == TARGET_HELD)
		t->node.due = clock_mono_us() + first_us; /* for watched_gate() */
}

/* ---- a result ---- */

static bool same(const struct finding *a, const struct finding *b)
{
	return a->code == b->code && a->phase == b->phase && a->sys_errno == b->sys_errno &&
	       a->status == b->status;
}

static void remember(struct target *t, const struct finding *f)
{
	bool passed = probe_code_passed(f->code);
	bool again = t->runs > 0 && probe_code_passed(t->last.code) == passed;

	t->streak = again ? t->streak + 1 : 1;
	t->runs++;
	t->last = *f;
	t->last_wall_us = clock_wall_us();
	if (passed)
		t->last_good_wall_us = t->last_wall_us;
	else
		t->failures++;
	cell_add(&health_of(t)->stats.probes, 1);
	cell_add(&health_of(t)->stats.probes_failed, passed ? 0 : 1);
}

/* Counts a failure; one that confirms what traffic saw is enough. */
static void count_failure(struct target *t, struct evidence *e)
{
	struct watched *w = t->owner;

	if (t->role == ROLE_READINESS && w->recheck != RECHECK_NONE &&
	    rise_fall_passing(&t->counter)) {
		rise_fall_mark_down(&t->counter);
		e->needed = e->streak = 1;
		text_copy(e->note, sizeof(e->note), "confirms what traffic saw");
	} else {
		if (!t->counter.judged && t->counter.start == RISE_FALL_FIRST_DECIDES)
			text_copy(e->note, sizeof(e->note), "first check failed");
		rise_fall_fail(&t->counter);
	}
}

static void count(struct target *t, const struct finding *f, struct evidence *e)
{
	bool passed = probe_code_passed(f->code);

	if (says_nothing(f))
		return;
	e->needed = rise_fall_needed(&t->counter, passed);
	if (passed)
		rise_fall_pass(&t->counter);
	else
		count_failure(t, e);
}

/* Whether the record of this result is more than repetition. */
static bool notable(const struct target *t, const struct finding *f, bool differs)
{
	if (differs)
		return true;
	return !probe_code_passed(f->code) && rise_fall_confidence(&t->counter) == IN_DOUBT;
}

/* What this result answers to a doubt of traffic. True: another probe is to follow at once. */
static bool settle_recheck(struct target *t, const struct finding *f)
{
	struct watched *w = t->owner;

	if (t->role != ROLE_READINESS || w->recheck == RECHECK_NONE)
		return false;
	if (says_nothing(f))
		return false;
	if (w->recheck == RECHECK_AFTER && probe_code_passed(f->code)) {
		w->recheck = RECHECK_DUE;
		return true;
	}
	w->recheck = RECHECK_NONE;
	w->recheck_at = clock_mono_us();
	return false;
}

static void schedule_next(struct target *t, bool at_once)
{
	int64_t now = clock_mono_us();
	int64_t at = t->started_mono_us + gap_us(t);

	if (t->role == ROLE_STARTUP && rise_fall_passing(&t->counter)) {
		t->state = TARGET_PASSED;
		return;
	}
	t->state = TARGET_HELD;
	t->urgent = false;
	target_due(t, at_once || at < now ? now : at, at_once);
}

static void on_done(void *owner, const struct finding *f)
{
	struct target *t = owner;
	struct watched *w = t->owner;
	struct evidence e = watched_evidence(w, source_of_role(t->role));
	bool differs = t->runs == 0 || !same(&t->last, f);
	bool recheck = t->role == ROLE_READINESS && w->recheck != RECHECK_NONE;
	bool at_once;

	t->run = NULL;
	cell_set(&w->health->stats.probes_running, --w->health->running);
	t->state = TARGET_HELD;
	remember(t, f);
	e.finding = *f;
	e.streak = t->streak;
	count(t, f, &e);
	at_once = settle_recheck(t, f);
	if (recheck && !at_once && probe_code_passed(f->code) && w->suspicion_recorded)
		text_copy(e.note, sizeof(e.note), "not what traffic saw");
	schedule_next(t, at_once);
	watched_judge(w, &e,
		      notable(t, f, differs) || (recheck && !at_once && w->suspicion_recorded));
	watched_gate(w);
	watched_report(w);
	if (!at_once)
		orders_answer(w, NULL);
}

void target_start(struct target *t)
{
	struct watched *w = t->owner;
	struct health *h = w->health;
	struct step_target target = {
		.loop = h->loop,
		.conf = t->conf,
		.addr = w->member->addr,
		.addr_text = w->member->addr_text,
		.done = on_done,
		.owner = t,
	};
	struct step_run *run;

	AORTA_ASSERT(t->state == TARGET_WAITING);
	unschedule(t);
	t->state = TARGET_RUNNING;
	t->started_mono_us = clock_mono_us();
	cell_set(&h->stats.probes_running, ++h->running);
	run = step_start(&target);
	if (run)
		t->run = run;
}

void target_report(const struct target *t, struct role_report *r)
{
	*r = (struct role_report){
		.configured = t->conf != NULL,
		.held = t->state == TARGET_HELD,
		.passing = t->conf && rise_fall_passing(&t->counter),
		.judged = t->counter.judged,
		.counter = t->counter.h,
		.rise = t->counter.rise,
		.fall = t->counter.fall,
		.streak = t->streak,
		.runs = t->runs,
		.failures = t->failures,
		.last_wall_us = t->last_wall_us,
		.last_good_wall_us = t->last_good_wall_us,
		.next_mono_us = t->state == TARGET_WAITING ? t->node.due : 0,
		.last = t->last,
	};
}
