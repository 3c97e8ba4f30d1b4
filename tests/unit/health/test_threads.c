/* SPDX-License-Identifier: MIT */
/*
 * The engine on a thread of its own, while another one orders, doubts, probes, reloads and reads
 * views and reports within turns, as control and workers do. What is right is checked here; that
 * nothing is raced or freed too early is for the sanitizers to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/rng.h"
#include "aorta/sock.h"
#include "origin.h"
#include "rig.h"

#define MEMBERS 4
#define ROUNDS	400
#define EACH	40 /* rounds between two reloads */

struct threads {
	struct ev_loop *loop;
	struct epoch *epoch;
	struct epoch_reader *reader;
	struct health *health;
	pthread_t thread;
	ev_async stop;
	struct origin *origin[MEMBERS];
	struct member *m[MEMBERS];
	struct conf_probe probe;
	struct generation *g;
	uint64_t last_id; /* health thread only */
	_Atomic unsigned adopted, released, answered, outs, views;
};

static void on_evidence(void *ctx, const struct evidence *e)
{
	struct threads *t = ctx;

	AORTA_ASSERT(e->id == t->last_id + 1);
	AORTA_ASSERT(e->transition == (e->from != e->to));
	t->last_id = e->id;
}

static void on_view(void *ctx, struct pool *p)
{
	struct threads *t = ctx;

	AORTA_ASSERT(pool_view(p));
	t->views++;
}

static void on_out(void *ctx, struct member *m)
{
	struct threads *t = ctx;

	AORTA_ASSERT(!member_eligible(m));
	t->outs++;
}

static void on_adopted(void *ctx, struct generation *g)
{
	struct threads *t = ctx;

	t->adopted++;
}

static void on_released(void *ctx, struct member *m)
{
	struct threads *t = ctx;

	AORTA_ASSERT(!member_eligible(m) && member_report(m)->removed);
	t->released++;
}

static void on_ordered(void *ctx, uint64_t tag, const char *error)
{
	struct threads *t = ctx;

	t->answered++;
}

static void on_stop(struct ev_loop *loop, ev_async *w, int revents)
{
	struct threads *t = CONTAINER_OF(w, struct threads, stop);

	health_stop(t->health);
	ev_break(loop, EVBREAK_ALL);
}

static void *run(void *arg)
{
	struct threads *t = arg;

	ev_run(t->loop, 0);
	return NULL;
}

static void adopt(struct threads *t, unsigned n)
{
	struct rig_pool pool = { .name = "web", .n_members = n };
	struct generation *old = t->g;
	unsigned i, want = t->adopted + 1;
	int64_t until = clock_mono_us() + 20000000;

	for (i = 0; i < n; i++)
		pool.members[i] = t->m[i];
	pool.probes[ROLE_READINESS] = &t->probe;
	t->g = rig_generation(&pool, 1);
	assert_int_equal(health_adopt(t->health, t->g), 0);
	while (t->adopted < want && clock_mono_us() < until)
		(void)poll(NULL, 0, 1);
	assert_int_equal(t->adopted, want);
	if (old)
		rig_generation_free(old);
}

static void begin(struct threads *t)
{
	struct health_ops ops = { t,	      on_evidence, on_view,   on_out,
				  on_adopted, on_released, on_ordered };
	char name[] = "m0";
	struct addr a;
	unsigned i;

	memset(t, 0, sizeof(*t));
	t->loop = sock_loop_new();
	t->epoch = epoch_new();
	t->reader = epoch_reader_new(t->epoch);
	t->health = health_new(t->loop, t->epoch, &ops, 1);
	AORTA_ASSERT(t->loop && t->epoch && t->reader && t->health);
	for (i = 0; i < MEMBERS; i++) {
		t->origin[i] = origin_new(t->loop, ORIGIN_HOLD, "");
		a = origin_addr(t->origin[i]);
		name[1] = (char)('0' + i);
		t->m[i] = rig_member("web", name, &a, i);
	}
	origin_refuse(t->origin[1]);
	t->probe = rig_probe(PROBE_TCP);
	t->probe.interval_ms = t->probe.fast_interval_ms = t->probe.down_interval_ms = 2;
	ev_async_init(&t->stop, on_stop);
	ev_async_start(t->loop, &t->stop);
	assert_int_equal(pthread_create(&t->thread, NULL, run, t), 0);
}

static void end(struct threads *t)
{
	unsigned i;

	ev_async_send(t->loop, &t->stop);
	assert_int_equal(pthread_join(t->thread, NULL), 0);
	for (i = 0; i < MEMBERS; i++)
		origin_free(t->origin[i]);
	health_free(t->health);
	epoch_free(t->epoch);
	ev_loop_destroy(t->loop);
	rig_generation_free(t->g);
	for (i = 0; i < MEMBERS; i++)
		member_free(t->m[i]);
}

/* A worker's turn. */
static void look(struct threads *t)
{
	const struct view *v;
	unsigned i;

	epoch_enter(t->reader);
	v = pool_view(&t->g->pools[0]);
	for (i = 0; v && i < v->n; i++) {
		const struct member_report *r = member_report(v->entries[i].member);

		assert_non_null(r);
		assert_true(r->state < MEMBER_STATE_COUNT);
		assert_string_equal(r->why.member, v->entries[i].member->name);
	}
	epoch_leave(t->reader);
}

/* One of the things that others do; true when an answer will come. */
static bool meddle(struct threads *t, struct rng *rng, uint64_t tag)
{
	struct member *m = t->m[rng_below(rng, MEMBERS)];
	struct finding f = { .code = CODE_L4CON, .sys_errno = ECONNREFUSED };
	int r = 0;

	switch (rng_below(rng, 5)) {
	case 0:
		r = health_order(t->health, tag, m, (enum admin_state)rng_below(rng, 3), "x");
		break;
	case 1:
		r = health_probe_now(t->health, tag, m);
		break;
	case 2:
		atomic_store(&m->eligible, false);
		r = health_passive(t->health, m, &f, 1, PASSIVE_RECHECK);
		assert_int_equal(r, 0);
		return false;
	case 3:
		r = health_passive(t->health, m, &f, 1, PASSIVE_DOWN);
		assert_int_equal(r, 0);
		return false;
	default:
		return false;
	}
	assert_int_equal(r, 0);
	return true;
}

static bool all_as_they_are(struct threads *t, unsigned answers)
{
	unsigned i;

	if (t->answered != answers)
		return false;
	for (i = 0; i < MEMBERS; i++) {
		bool well = i != 1;
		enum member_state s;

		epoch_enter(t->reader);
		s = rig_state(t->m[i]);
		epoch_leave(t->reader);
		if (s != (well ? MEMBER_UP : MEMBER_DOWN) || member_eligible(t->m[i]) != well)
			return false;
	}
	return true;
}

static void whatever_others_do_the_truth_comes_out(void **state)
{
	struct threads t;
	struct rng rng;
	unsigned i, answers = 0;
	int64_t until;

	rng_seed(&rng, 42);
	begin(&t);
	for (i = 0; i < ROUNDS; i++) {
		if (i % EACH == 0)
			adopt(&t, i / EACH % 2 ? MEMBERS / 2 : MEMBERS);
		look(&t);
		answers += meddle(&t, &rng, i);
		if (i % 4 == 0)
			(void)poll(NULL, 0, 1);
	}
	adopt(&t, MEMBERS);
	for (i = 0; i < MEMBERS; i++, answers++)
		assert_int_equal(health_order(t.health, i, t.m[i], ADMIN_READY, "x"), 0);
	until = clock_mono_us() + 20000000;
	while (!all_as_they_are(&t, answers) && clock_mono_us() < until)
		(void)poll(NULL, 0, 1);
	assert_true(all_as_they_are(&t, answers));
	assert_true(t.released >= MEMBERS / 2);
	assert_true(t.outs > 0 && t.views > 0);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_others_do_the_truth_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
