/* SPDX-License-Identifier: MIT */
/*
 * The health engine's object: its loop's watchers, the due heap with admission, the beat, and
 * the end. Owns everything below it; borrows loop, epoch and the generation in force. Runs on the
 * health thread but for health_new() and the posting of mails. It must never block.
 */
#include "health/engine.h"

#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/clock.h"

/* Seconds: how often the engine shows that it lives, and comes back to what memory denied. */
#define BEAT_S 1.
/* Probes started in one turn of the loop: at some 20 us for one that is refused at once, mails and
 * answers of others wait for about 1 ms at most. */
#define STARTS_PER_TURN 64

struct watched *health_find(const struct health *h, const struct member *m, unsigned slot)
{
	struct watched *w = slot < h->n_slots ? h->by_slot[slot] : NULL;

	return w && w->member == m ? w : NULL;
}

/* ---- probes that are due ---- */

static void note_lateness(struct health *h, int64_t late_us)
{
	if (late_us <= h->late_us_max)
		return;
	h->late_us_max = late_us;
	if ((uint64_t)late_us > cell_get(&h->stats.late_us_max))
		cell_set(&h->stats.late_us_max, (uint64_t)late_us);
}

/* Starts what is due and admitted of one heap. */
static void start_due(struct health *h, struct heap *heap)
{
	unsigned left;

	for (left = STARTS_PER_TURN; left > 0; left--) {
		struct heap_node *node = heap_first(heap);
		struct target *t;
		int64_t now = clock_mono_us();

		if (!node || node->due > now)
			return;
		t = CONTAINER_OF(node, struct target, node);
		if (!schedule_admits(h->running, t->urgent))
			return;
		note_lateness(h, now - node->due);
		target_start(t);
	}
}

/*
 * Until the first one of a heap may start, in microseconds; -1 when none waits, or when all
 * places are taken: then the end of a probe wakes us.
 */
static int64_t until_due_us(const struct health *h, const struct heap *heap)
{
	const struct heap_node *node = heap_first(heap);
	int64_t left;

	if (!node)
		return -1;
	left = node->due - clock_mono_us();
	if (left > 0)
		return left;
	return schedule_admits(h->running, heap == &h->urgent) ? 0 : -1;
}

static void arm_due(struct health *h)
{
	int64_t left = until_due_us(h, &h->due);
	int64_t urgent = until_due_us(h, &h->urgent);

	if (left < 0 || (urgent >= 0 && urgent < left))
		left = urgent;
	ev_timer_stop(h->loop, &h->due_timer);
	if (left < 0)
		return;
	ev_now_update(h->loop);
	ev_timer_set(&h->due_timer, (ev_tstamp)left / 1e6, 0.);
	ev_timer_start(h->loop, &h->due_timer);
}

static void on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	/* on_prepare() starts what is due */
}

/* The end of every turn: what is due is started, what changed is published. */
static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct health *h = CONTAINER_OF(w, struct health, prepare);

	start_due(h, &h->urgent);
	start_due(h, &h->due);
	if (h->n_dirty > 0 || !list_empty(&h->outs))
		publish_flush(h);
	arm_due(h);
}

static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct health *h = CONTAINER_OF(w, struct health, beat);
	struct list *it;

	cell_set(&h->stats.beat_mono_us, (uint64_t)clock_mono_us());
	cell_set(&h->stats.late_us_max, (uint64_t)h->late_us_max);
	h->late_us_max = 0;
	adopt_pending(h);
	LIST_FOREACH(it, &h->all)
		watched_gate(CONTAINER_OF(it, struct watched, link));
	(void)epoch_reclaim(h->epoch);
}

/* ---- beginning and end ---- */

static void start_watchers(struct health *h)
{
	mailbox_open(&h->mailbox, h->loop, h);
	ev_init(&h->due_timer, on_due);
	ev_timer_init(&h->beat, on_beat, 0., BEAT_S);
	ev_timer_start(h->loop, &h->beat);
	ev_prepare_init(&h->prepare, on_prepare);
	ev_prepare_start(h->loop, &h->prepare);
}

struct health *health_new(struct ev_loop *loop, struct epoch *epoch, const struct health_ops *ops,
			  uint64_t seed)
{
	struct health *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->magic = HEALTH_MAGIC;
	h->loop = loop;
	h->epoch = epoch;
	h->ops = *ops;
	h->seed = seed;
	list_init(&h->all);
	list_init(&h->adopting);
	list_init(&h->outs);
	heap_init(&h->due);
	heap_init(&h->urgent);
	start_watchers(h);
	return h;
}

int health_adopt(struct health *h, struct generation *g)
{
	struct adopt_mail *a = calloc(1, sizeof(*a));

	AORTA_CHECK(g, GENERATION_MAGIC);
	if (!a)
		return -1;
	a->mail.run = adopt_mail_run;
	a->g = g;
	list_init(&a->link);
	mailbox_post(&h->mailbox, &a->mail);
	return 0;
}

static void stop_watched(struct watched *w)
{
	int role;

	orders_answer(w, "aorta is stopping");
	for (role = 0; role < PROBE_ROLES; role++)
		target_stop(&w->targets[role], TARGET_OFF);
}

void health_stop(struct health *h)
{
	struct list *it;

	AORTA_CHECK(h, HEALTH_MAGIC);
	if (h->state == HEALTH_STOPPED)
		return;
	h->state = HEALTH_STOPPED;
	LIST_FOREACH(it, &h->all)
		stop_watched(CONTAINER_OF(it, struct watched, link));
	ev_timer_stop(h->loop, &h->due_timer);
	ev_timer_stop(h->loop, &h->beat);
	ev_prepare_stop(h->loop, &h->prepare);
}

void health_free(struct health *h)
{
	AORTA_CHECK(h, HEALTH_MAGIC);
	health_stop(h);
	mailbox_close(&h->mailbox);
	while (!list_empty(&h->adopting)) {
		struct adopt_mail *a = CONTAINER_OF(h->adopting.next, struct adopt_mail, link);

		list_remove(&a->link);
		free(a);
	}
	while (!list_empty(&h->all))
		watched_free(CONTAINER_OF(h->all.next, struct watched, link));
	heap_fini(&h->due);
	heap_fini(&h->urgent);
	free(h->by_slot);
	free(h->dirty);
	h->magic = 0;
	free(h);
}

const struct health_stats *health_stats(const struct health *h)
{
	return &h->stats;
}
