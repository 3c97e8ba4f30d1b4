/* SPDX-License-Identifier: MIT */
/*
 * Operators' orders, roles, and the adoption of generations, against real sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "aorta/clock.h"
#include "origin.h"
#include "rig.h"

#define OK_ANSWER  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BAD_ANSWER "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy"
#define N	   3

/* A pool "web" of up to three members, each with an origin of its own. */
struct trio {
	struct rig rig;
	struct origin *origin[N];
	struct member *m[N];
	struct conf_probe probes[PROBE_ROLES];
	struct generation *g, *old;
};

static struct conf_probe once_a_minute(enum probe_kind kind)
{
	struct conf_probe p = rig_probe(kind);

	p.interval_ms = p.fast_interval_ms = p.down_interval_ms = 60000;
	return p;
}

static void trio_open(struct trio *t)
{
	static const char *const names[N] = { "a", "b", "c" };
	struct addr a;
	unsigned i;

	memset(t, 0, sizeof(*t));
	rig_open(&t->rig);
	for (i = 0; i < N; i++) {
		t->origin[i] = origin_new(t->rig.loop, ORIGIN_ANSWER, OK_ANSWER);
		a = origin_addr(t->origin[i]);
		t->m[i] = rig_member("web", names[i], &a, i + 5);
	}
	for (i = 0; i < PROBE_ROLES; i++)
		t->probes[i] = rig_probe(PROBE_HTTP);
}

static void trio_close(struct trio *t)
{
	unsigned i;

	for (i = 0; i < N; i++)
		origin_free(t->origin[i]);
	rig_close(&t->rig);
	rig_generation_free(t->g);
	if (t->old)
		rig_generation_free(t->old);
	for (i = 0; i < N; i++)
		member_free(t->m[i]);
}

static bool is_adopted(struct rig *r, void *arg)
{
	return r->adoptions == *(unsigned *)arg;
}

/* A generation with the first `n` members from `first` on, and the roles of this bit set. */
static void trio_adopt(struct trio *t, unsigned first, unsigned n, unsigned roles)
{
	struct rig_pool pool = { .name = "web", .n_members = n, .drain_timeout_ms = 7000 };
	unsigned i, adoptions = t->rig.adoptions + 1;

	for (i = 0; i < n; i++)
		pool.members[i] = t->m[first + i];
	for (i = 0; i < PROBE_ROLES; i++)
		if (roles & 1u << i)
			pool.probes[i] = &t->probes[i];
	if (t->old)
		rig_generation_free(t->old);
	t->old = t->g;
	t->g = rig_generation(&pool, 1);
	assert_int_equal(health_adopt(t->rig.health, t->g), 0);
	assert_true(rig_await(&t->rig, is_adopted, &adoptions, 5000));
}

#define READINESS (1u << ROLE_READINESS)
#define LIVENESS  (1u << ROLE_LIVENESS)
#define STARTUP	  (1u << ROLE_STARTUP)

static const struct role_report *role(const struct member *m, enum probe_role r)
{
	return &member_report(m)->roles[r];
}

static void order(struct trio *t, struct member *m, enum admin_state to)
{
	unsigned answers = t->rig.answers + 1;

	t->rig.watch = m;
	assert_int_equal(health_order(t->rig.health, 100 + answers, m, to, "test"), 0);
	assert_true(rig_await_answers(&t->rig, answers));
	assert_int_equal(t->rig.last_tag, 100 + answers);
	assert_string_equal(t->rig.last_error, "");
}

/* ---- orders ---- */

static void drain_takes_no_new_work_and_is_published_before_the_answer(void **state)
{
	struct trio t;
	const struct evidence *e;
	int64_t left;

	trio_open(&t);
	trio_adopt(&t, 0, 2, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	assert_true(rig_await_state(&t.rig, t.m[1], MEMBER_UP));
	order(&t, t.m[0], ADMIN_DRAIN);
	assert_int_equal(t.rig.state_at_answer, MEMBER_DRAINING);
	assert_false(member_eligible(t.m[0]));
	assert_false(rig_in_view(&t.g->pools[0], t.m[0]));
	assert_true(rig_in_view(&t.g->pools[0], t.m[1]));
	left = member_report(t.m[0])->drain_deadline_mono_us - clock_mono_us();
	assert_true(left > 6000000 && left <= 7000000);
	assert_int_equal(t.rig.outs, 0); /* what it has, it finishes */
	e = rig_transition(&t.rig, t.m[0], 1);
	assert_int_equal(e->source, SOURCE_ADMIN);
	assert_string_equal(e->note, "drained by test");

	order(&t, t.m[0], ADMIN_READY);
	assert_int_equal(t.rig.state_at_answer, MEMBER_UP);
	assert_true(member_eligible(t.m[0]));
	assert_true(rig_in_view(&t.g->pools[0], t.m[0]));
	assert_int_equal(member_report(t.m[0])->drain_deadline_mono_us, 0);
	trio_close(&t);
}

static void maint_puts_its_work_out_and_ready_trusts_the_probes(void **state)
{
	struct trio t;
	const struct evidence *e;

	trio_open(&t);
	trio_adopt(&t, 0, 1, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	order(&t, t.m[0], ADMIN_MAINT);
	assert_int_equal(t.rig.state_at_answer, MEMBER_MAINT);
	assert_int_equal(t.rig.outs, 1);
	assert_true(member_report(t.m[0])->drain_deadline_mono_us > clock_mono_us());

	/* probing goes on, so that `ready` does not send work to a dead member */
	origin_set(t.origin[0], ORIGIN_ANSWER, BAD_ANSWER);
	assert_true(rig_await_runs(&t.rig, t.m[0], ROLE_READINESS,
				   role(t.m[0], ROLE_READINESS)->runs + 5));
	assert_int_equal(rig_state(t.m[0]), MEMBER_MAINT);
	assert_false(role(t.m[0], ROLE_READINESS)->passing);
	order(&t, t.m[0], ADMIN_READY);
	assert_int_equal(t.rig.state_at_answer, MEMBER_DOWN);
	e = &member_report(t.m[0])->why;
	assert_string_equal(e->note, "made ready by test");
	assert_int_equal(e->finding.code, CODE_L7STS); /* why it is DOWN */
	trio_close(&t);
}

static void an_order_that_changes_nothing_is_answered_and_not_recorded(void **state)
{
	struct trio t;
	unsigned records;

	trio_open(&t);
	trio_adopt(&t, 0, 1, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	records = t.rig.n_records;
	order(&t, t.m[0], ADMIN_READY);
	assert_int_equal(t.rig.n_records, records);
	trio_close(&t);
}

static void orders_on_a_stranger_are_refused(void **state)
{
	struct trio t;

	trio_open(&t);
	trio_adopt(&t, 0, 1, READINESS);
	assert_int_equal(health_order(t.rig.health, 1, t.m[2], ADMIN_DRAIN, "test"), 0);
	assert_int_equal(health_probe_now(t.rig.health, 2, t.m[2]), 0);
	assert_true(rig_await_answers(&t.rig, 2));
	assert_string_equal(t.rig.last_error, "the member is not in the configuration any more");
	trio_close(&t);
}

static void probe_now_is_answered_by_its_result(void **state)
{
	struct trio t;

	trio_open(&t);
	t.probes[ROLE_READINESS] = once_a_minute(PROBE_HTTP);
	trio_adopt(&t, 0, 1, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	assert_int_equal(role(t.m[0], ROLE_READINESS)->runs, 1);
	assert_int_equal(health_probe_now(t.rig.health, 9, t.m[0]), 0);
	assert_true(rig_await_answers(&t.rig, 1));
	assert_int_equal(t.rig.last_tag, 9);
	assert_string_equal(t.rig.last_error, "");
	assert_int_equal(role(t.m[0], ROLE_READINESS)->runs, 2);
	trio_close(&t);
}

static void probe_now_without_a_probe_is_refused(void **state)
{
	struct trio t;

	trio_open(&t);
	trio_adopt(&t, 0, 1, 0);
	assert_int_equal(health_probe_now(t.rig.health, 9, t.m[0]), 0);
	assert_true(rig_await_answers(&t.rig, 1));
	assert_string_equal(t.rig.last_error, "the member has no probe to run");
	trio_close(&t);
}

/* ---- roles ---- */

static void without_readiness_members_are_up_from_the_start(void **state)
{
	struct trio t;
	const struct evidence *e;

	trio_open(&t);
	trio_adopt(&t, 0, 1, 0);
	assert_int_equal(rig_state(t.m[0]), MEMBER_UP); /* already when it is adopted */
	assert_true(member_eligible(t.m[0]));
	assert_true(rig_in_view(&t.g->pools[0], t.m[0]));
	e = rig_transition(&t.rig, t.m[0], 0);
	assert_int_equal(e->source, SOURCE_CONFIG);
	trio_close(&t);
}

static void startup_holds_readiness_and_liveness_back(void **state)
{
	struct trio t;

	trio_open(&t);
	t.probes[ROLE_STARTUP].rise = 1;
	t.probes[ROLE_STARTUP].fall = 4;
	t.probes[ROLE_STARTUP].interval_ms = 5;
	origin_set(t.origin[0], ORIGIN_ANSWER, BAD_ANSWER);
	trio_adopt(&t, 0, 1, READINESS | LIVENESS | STARTUP);
	assert_true(rig_await_runs(&t.rig, t.m[0], ROLE_STARTUP, 3));
	assert_int_equal(rig_state(t.m[0]), MEMBER_CHECKING);
	assert_true(role(t.m[0], ROLE_READINESS)->held);
	assert_true(pool_view(&t.g->pools[0])->nothing_judged);
	/* its budget used up: DOWN, and probed on */
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_DOWN));
	assert_int_equal(member_report(t.m[0])->why.source, SOURCE_STARTUP);
	assert_int_equal(member_report(t.m[0])->why.streak, 4);
	assert_int_equal(role(t.m[0], ROLE_READINESS)->runs, 0);
	assert_int_equal(role(t.m[0], ROLE_LIVENESS)->runs, 0);

	origin_set(t.origin[0], ORIGIN_ANSWER, OK_ANSWER);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	assert_int_equal(member_report(t.m[0])->why.source, SOURCE_READINESS);
	assert_true(rig_await_runs(&t.rig, t.m[0], ROLE_LIVENESS, 1));
	trio_close(&t);
}

static void a_passed_startup_probe_does_not_run_again(void **state)
{
	struct trio t;
	uint64_t runs;

	trio_open(&t);
	t.probes[ROLE_STARTUP].rise = 1;
	trio_adopt(&t, 0, 1, READINESS | STARTUP);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	runs = role(t.m[0], ROLE_STARTUP)->runs;
	assert_true(rig_await_runs(&t.rig, t.m[0], ROLE_READINESS, 6));
	assert_int_equal(role(t.m[0], ROLE_STARTUP)->runs, runs);
	assert_int_equal(runs, 1);
	trio_close(&t);
}

static bool liveness_failing(struct rig *r, void *arg)
{
	const struct role_report *x = role(arg, ROLE_LIVENESS);

	return x->judged && !x->passing;
}

static void failing_liveness_is_shown_and_routes_nothing_away(void **state)
{
	struct trio t;

	trio_open(&t);
	t.probes[ROLE_READINESS].kind = PROBE_TCP;
	t.probes[ROLE_LIVENESS].rise = 1;
	origin_set(t.origin[0], ORIGIN_ANSWER, BAD_ANSWER);
	trio_adopt(&t, 0, 1, READINESS | LIVENESS);
	assert_true(rig_await(&t.rig, liveness_failing, t.m[0], 5000));
	assert_int_equal(role(t.m[0], ROLE_LIVENESS)->failures, 3); /* fall */
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	assert_true(rig_in_view(&t.g->pools[0], t.m[0]));
	trio_close(&t);
}

/* ---- generations ---- */

static void members_that_stay_keep_what_is_known(void **state)
{
	struct trio t;
	uint64_t runs, transitions;
	struct member *kept;

	trio_open(&t);
	t.probes[ROLE_READINESS] = once_a_minute(PROBE_HTTP);
	trio_adopt(&t, 0, 2, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	assert_int_equal(health_probe_now(t.rig.health, 1, t.m[1]), 0);
	assert_true(rig_await_state(&t.rig, t.m[1], MEMBER_UP));
	order(&t, t.m[1], ADMIN_DRAIN);
	kept = t.m[1];
	runs = role(kept, ROLE_READINESS)->runs;
	transitions = member_report(kept)->transitions;

	trio_adopt(&t, 1, 2, READINESS); /* a goes, b stays, c comes */
	assert_int_equal(rig_state(kept), MEMBER_DRAINING);
	assert_int_equal(role(kept, ROLE_READINESS)->runs, runs);
	assert_int_equal(member_report(kept)->transitions, transitions);
	assert_true(role(kept, ROLE_READINESS)->next_mono_us > clock_mono_us() + 1000000);

	assert_int_equal(t.rig.releases, 1);
	assert_ptr_equal(t.rig.last_released, t.m[0]);
	assert_int_equal(rig_state(t.m[0]), MEMBER_DRAINING);
	assert_true(member_report(t.m[0])->removed);
	assert_false(member_eligible(t.m[0]));
	assert_true(member_report(t.m[0])->drain_deadline_mono_us > clock_mono_us());
	assert_string_equal(member_report(t.m[0])->why.note, "removed from the configuration");

	assert_true(rig_await_state(&t.rig, t.m[2], MEMBER_UP));
	assert_true(rig_in_view(&t.g->pools[0], t.m[2]));
	assert_true(
		rig_in_view(&t.old->pools[0], t.m[0])); /* the old one is not touched any more */
	trio_close(&t);
}

/* The old probe settings may be freed as soon as the new generation is adopted. */
static void a_running_probe_lets_go_of_the_old_settings(void **state)
{
	struct trio t;

	trio_open(&t);
	t.probes[ROLE_READINESS].timeout_ms = 60000;
	t.probes[ROLE_READINESS].first_byte_timeout_ms = 60000;
	origin_set(t.origin[0], ORIGIN_HOLD, "");
	trio_adopt(&t, 0, 1, READINESS);
	while (origin_request(t.origin[0])[0] == '\0')
		ev_run(t.rig.loop, EVRUN_ONCE);
	assert_int_equal(cell_get(&health_stats(t.rig.health)->probes_running), 1);
	t.probes[ROLE_READINESS].path = "/new";
	trio_adopt(&t, 0, 1, READINESS);
	rig_generation_free(t.old); /* the sanitizer sees whoever looks back */
	t.old = NULL;
	origin_set(t.origin[0], ORIGIN_ANSWER, OK_ANSWER);
	/* the one that began anew hangs too; the next settings time it out */
	t.probes[ROLE_READINESS].timeout_ms = 50;
	trio_adopt(&t, 0, 1, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	assert_non_null(strstr(origin_request(t.origin[0]), "GET /new "));
	trio_close(&t);
}

static void readiness_added_to_a_serving_member_does_not_interrupt(void **state)
{
	struct trio t;

	trio_open(&t);
	trio_adopt(&t, 0, 1, 0);
	assert_int_equal(rig_state(t.m[0]), MEMBER_UP);
	trio_adopt(&t, 0, 1, READINESS | STARTUP);
	assert_int_equal(rig_state(t.m[0]), MEMBER_UP);
	assert_true(member_eligible(t.m[0]));
	assert_true(rig_await_runs(&t.rig, t.m[0], ROLE_READINESS, 1));
	assert_int_equal(member_report(t.m[0])->transitions, 1);
	/* and removed again: nothing judges it */
	trio_adopt(&t, 0, 1, 0);
	assert_int_equal(rig_state(t.m[0]), MEMBER_UP);
	assert_false(role(t.m[0], ROLE_READINESS)->configured);
	trio_close(&t);
}

static void a_member_that_comes_back_is_new(void **state)
{
	struct trio t;

	trio_open(&t);
	trio_adopt(&t, 0, 2, READINESS);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	order(&t, t.m[0], ADMIN_MAINT);
	trio_adopt(&t, 1, 1, READINESS);
	assert_int_equal(rig_state(t.m[0]), MEMBER_MAINT); /* the operator's word stands */
	trio_adopt(&t, 0, 2, READINESS);
	assert_false(member_report(t.m[0])->removed);
	assert_true(rig_await_state(&t.rig, t.m[0], MEMBER_UP));
	trio_close(&t);
}

static void an_empty_pool_has_a_view(void **state)
{
	struct trio t;

	trio_open(&t);
	trio_adopt(&t, 0, 0, READINESS);
	assert_non_null(pool_view(&t.g->pools[0]));
	assert_int_equal(pool_view(&t.g->pools[0])->n_total, 0);
	trio_close(&t);
}

/* ---- many at once ---- */

#define HUNG 600 /* more than may run at once */

static bool all_places_taken(struct rig *r, void *arg)
{
	return cell_get(&health_stats(r->health)->probes_running) == 512;
}

/* Hung members fill all places; one that somebody waits for is probed all the same. */
static void hung_members_do_not_hold_up_an_order(void **state)
{
	static struct member *hung[HUNG];
	struct trio t;
	struct rig_pool pools[2] = { { .name = "hung", .n_members = HUNG }, { .name = "web" } };
	struct origin *deaf;
	struct conf_probe slow = once_a_minute(PROBE_TCP), quick = once_a_minute(PROBE_HTTP);
	struct addr a;
	char name[16];
	unsigned i;

	trio_open(&t);
	deaf = origin_new(t.rig.loop, ORIGIN_DEAF, "");
	a = origin_addr(deaf);
	for (i = 0; i < HUNG; i++) {
		(void)snprintf(name, sizeof(name), "h%u", i);
		pools[0].members[i] = hung[i] = rig_member("hung", name, &a, 100 + i);
	}
	slow.fast_interval_ms = 10; /* all of them start at once */
	slow.timeout_ms = slow.connect_timeout_ms = 60000;
	pools[0].probes[ROLE_READINESS] = &slow;
	pools[1].n_members = 1;
	pools[1].members[0] = t.m[0];
	pools[1].probes[ROLE_READINESS] = &quick;
	t.g = rig_generation(pools, 2);
	assert_int_equal(health_adopt(t.rig.health, t.g), 0);
	assert_true(rig_await(&t.rig, all_places_taken, NULL, 10000));
	assert_int_equal(role(hung[HUNG - 1], ROLE_READINESS)->runs, 0);

	assert_int_equal(health_probe_now(t.rig.health, 3, t.m[0]), 0);
	assert_true(rig_await_answers(&t.rig, 1));
	assert_int_equal(rig_state(t.m[0]), MEMBER_UP);
	assert_int_equal(cell_get(&health_stats(t.rig.health)->probes_running), 512);
	origin_free(deaf);
	trio_close(&t);
	for (i = 0; i < HUNG; i++)
		member_free(hung[i]);
}

static void stopping_answers_those_who_wait(void **state)
{
	struct trio t;

	trio_open(&t);
	t.probes[ROLE_READINESS].first_byte_timeout_ms = 60000;
	t.probes[ROLE_READINESS].timeout_ms = 60000;
	origin_set(t.origin[0], ORIGIN_HOLD, "");
	trio_adopt(&t, 0, 1, READINESS);
	while (origin_request(t.origin[0])[0] == '\0')
		ev_run(t.rig.loop, EVRUN_ONCE);
	assert_int_equal(health_probe_now(t.rig.health, 4, t.m[0]), 0);
	ev_run(t.rig.loop, EVRUN_ONCE);
	assert_int_equal(t.rig.answers, 0);
	health_stop(t.rig.health);
	assert_int_equal(t.rig.answers, 1);
	assert_string_equal(t.rig.last_error, "aorta is stopping");
	assert_int_equal(health_order(t.rig.health, 5, t.m[0], ADMIN_DRAIN, "test"), 0);
	assert_true(rig_await_answers(&t.rig, 2));
	assert_string_equal(t.rig.last_error, "aorta is stopping");
	trio_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drain_takes_no_new_work_and_is_published_before_the_answer),
		cmocka_unit_test(maint_puts_its_work_out_and_ready_trusts_the_probes),
		cmocka_unit_test(an_order_that_changes_nothing_is_answered_and_not_recorded),
		cmocka_unit_test(orders_on_a_stranger_are_refused),
		cmocka_unit_test(probe_now_is_answered_by_its_result),
		cmocka_unit_test(probe_now_without_a_probe_is_refused),
		cmocka_unit_test(without_readiness_members_are_up_from_the_start),
		cmocka_unit_test(startup_holds_readiness_and_liveness_back),
		cmocka_unit_test(a_passed_startup_probe_does_not_run_again),
		cmocka_unit_test(failing_liveness_is_shown_and_routes_nothing_away),
		cmocka_unit_test(members_that_stay_keep_what_is_known),
		cmocka_unit_test(a_running_probe_lets_go_of_the_old_settings),
		cmocka_unit_test(readiness_added_to_a_serving_member_does_not_interrupt),
		cmocka_unit_test(a_member_that_comes_back_is_new),
		cmocka_unit_test(an_empty_pool_has_a_view),
		cmocka_unit_test(hung_members_do_not_hold_up_an_order),
		cmocka_unit_test(stopping_answers_those_who_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
