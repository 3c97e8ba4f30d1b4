/* SPDX-License-Identifier: MIT */
/*
 * The engine against real sockets: first verdicts, rise and fall, doubt from traffic, orders,
 * adoption, what is recorded and in which order it is published.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "aorta/clock.h"
#include "origin.h"
#include "rig.h"

#define OK_ANSWER  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BAD_ANSWER "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"

/* One pool "web" of one member "a" on one origin, the usual case. */
struct one {
	struct rig rig;
	struct origin *origin;
	struct member *m;
	struct conf_probe readiness;
	struct generation *g;
};

/* With slow intervals whatever happens soon has been made to happen. */
enum pace { QUICK, SLOW };

static void one_open_at(struct one *t, enum probe_kind kind, enum pace pace)
{
	struct addr a;
	struct rig_pool pool = { .name = "web", .n_members = 1 };

	rig_open(&t->rig);
	t->origin = origin_new(t->rig.loop, ORIGIN_ANSWER, OK_ANSWER);
	a = origin_addr(t->origin);
	t->m = rig_member("web", "a", &a, 0);
	t->rig.watch = t->m;
	t->readiness = rig_probe(kind);
	if (pace == SLOW)
		t->readiness.interval_ms = t->readiness.fast_interval_ms =
			t->readiness.down_interval_ms = 3600000;
	pool.members[0] = t->m;
	pool.probes[ROLE_READINESS] = &t->readiness;
	t->g = rig_generation(&pool, 1);
}

static void one_open(struct one *t, enum probe_kind kind)
{
	one_open_at(t, kind, QUICK);
}

static void one_adopt(struct one *t)
{
	assert_int_equal(health_adopt(t->rig.health, t->g), 0);
}

static void one_close(struct one *t)
{
	origin_free(t->origin);
	rig_close(&t->rig);
	rig_generation_free(t->g);
	member_free(t->m);
}

static const struct role_report *readiness(const struct one *t)
{
	return &member_report(t->m)->roles[ROLE_READINESS];
}

static void first_pass_serves(void **state)
{
	struct one t;
	const struct evidence *e;

	one_open(&t, PROBE_HTTP);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	assert_int_equal(readiness(&t)->runs, 1);
	assert_int_equal(readiness(&t)->counter, 4); /* rise + fall - 1 */
	assert_true(rig_in_view(&t.g->pools[0], t.m));
	e = rig_transition(&t.rig, t.m, 0);
	assert_non_null(e);
	assert_int_equal(e->from, MEMBER_CHECKING);
	assert_int_equal(e->to, MEMBER_UP);
	assert_int_equal(e->source, SOURCE_READINESS);
	assert_int_equal(e->finding.code, CODE_L7OK);
	assert_int_equal(e->finding.status, 200);
	assert_int_equal(e->streak, 1);
	assert_int_equal(e->needed, 1);
	assert_int_equal(member_report(t.m)->why.id, e->id);
	assert_non_null(
		strstr(origin_request(t.origin), "GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(origin_request(t.origin), "User-Agent: aorta-probe/"));
	one_close(&t);
}

static void first_failure_downs_and_rise_brings_back(void **state)
{
	struct one t;
	const struct evidence *e;

	one_open(&t, PROBE_TCP);
	origin_refuse(t.origin);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_DOWN));
	assert_int_equal(readiness(&t)->runs, 1);
	e = rig_transition(&t.rig, t.m, 0);
	assert_int_equal(e->finding.code, CODE_L4CON);
	assert_int_equal(e->finding.sys_errno, ECONNREFUSED);
	assert_int_equal(e->finding.phase, PHASE_CONNECT);
	assert_string_equal(e->note, "first check failed");
	assert_int_equal(t.rig.outs, 0); /* it never served */
	assert_false(pool_view(&t.g->pools[0])->nothing_judged);

	origin_return(t.origin);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	e = rig_transition(&t.rig, t.m, 1);
	assert_int_equal(e->streak, 2);
	assert_int_equal(e->needed, 2);
	assert_int_equal(e->finding.code, CODE_L4OK);
	one_close(&t);
}

static void fall_failures_in_a_row_down(void **state)
{
	struct one t;
	const struct evidence *e;
	unsigned before;

	one_open(&t, PROBE_HTTP);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	before = t.rig.n_records;
	origin_set(t.origin, ORIGIN_ANSWER, BAD_ANSWER);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_DOWN));
	assert_int_equal(t.rig.n_records, before + 3); /* each step towards it, and the verdict */
	e = &t.rig.records[before];
	assert_false(e->transition);
	assert_int_equal(e->streak, 1);
	assert_int_equal(e->needed, 3);
	e = rig_transition(&t.rig, t.m, 1);
	assert_int_equal(e->from, MEMBER_UP);
	assert_int_equal(e->finding.code, CODE_L7STS);
	assert_int_equal(e->finding.status, 503);
	assert_string_equal(e->finding.expected, "status 200-399");
	assert_string_equal(e->finding.got, "status 503, \"busy\"");
	assert_int_equal(e->streak, 3);
	assert_true(rig_await_outs(&t.rig, 1));
	assert_ptr_equal(t.rig.last_out, t.m);
	assert_false(rig_in_view(&t.g->pools[0], t.m));

	/* it goes on failing the same way: counted, not recorded */
	before = t.rig.n_records;
	assert_true(rig_await_runs(&t.rig, t.m, ROLE_READINESS, readiness(&t)->runs + 5));
	assert_int_equal(t.rig.n_records, before);
	assert_true(readiness(&t)->streak >= 8);
	one_close(&t);
}

static struct finding refused(void)
{
	return (struct finding){ .code = CODE_L4CON,
				 .phase = PHASE_CONNECT,
				 .sys_errno = ECONNREFUSED,
				 .connect_us = -1,
				 .first_byte_us = -1 };
}

static void refused_traffic_rechecks_and_downs_at_once(void **state)
{
	struct one t;
	struct finding f = refused();
	const struct evidence *e;
	int64_t began;

	one_open_at(&t, PROBE_TCP, SLOW);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	origin_refuse(t.origin);
	began = clock_mono_us();
	assert_int_equal(health_passive(t.rig.health, t.m, &f, 1, PASSIVE_RECHECK), 0);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_DOWN));
	assert_true(clock_mono_us() - began < 200000);
	assert_int_equal(readiness(&t)->failures, 1); /* not fall */
	e = rig_transition(&t.rig, t.m, 1);
	assert_int_equal(e->source, SOURCE_READINESS);
	assert_string_equal(e->note, "confirms what traffic saw");
	assert_int_equal(t.rig.records[1].source, SOURCE_TRAFFIC);
	assert_int_equal(t.rig.records[1].finding.sys_errno, ECONNREFUSED);
	assert_true(rig_await_outs(&t.rig, 1));
	assert_false(rig_in_view(&t.g->pools[0], t.m));
	one_close(&t);
}

static bool recheck_passed(struct rig *r, void *arg)
{
	const struct one *t = arg;

	return readiness(t)->runs >= 2 && member_eligible(t->m);
}

static void unfounded_doubt_is_cleared(void **state)
{
	struct one t;
	struct finding f = refused();

	one_open_at(&t, PROBE_TCP, SLOW);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	atomic_store(&t.m->eligible, false); /* as a worker may */
	assert_int_equal(health_passive(t.rig.health, t.m, &f, 1, PASSIVE_RECHECK), 0);
	assert_true(rig_await(&t.rig, recheck_passed, &t, 5000));
	assert_int_equal(rig_state(t.m), MEMBER_UP);
	assert_int_equal(member_report(t.m)->transitions, 1);
	assert_string_equal(t.rig.records[t.rig.n_records - 1].note, "not what traffic saw");
	one_close(&t);
}

static void traffic_marks_down_when_told_so(void **state)
{
	struct one t;
	struct finding f = refused();
	const struct evidence *e;

	one_open(&t, PROBE_TCP);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	assert_int_equal(health_passive(t.rig.health, t.m, &f, 4, PASSIVE_DOWN), 0);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_DOWN));
	e = rig_transition(&t.rig, t.m, 1);
	assert_int_equal(e->source, SOURCE_TRAFFIC);
	assert_int_equal(e->streak, 4);
	assert_int_equal(e->finding.code, CODE_L4CON);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	e = rig_transition(&t.rig, t.m, 2);
	assert_int_equal(e->needed, 2); /* by rise */
	one_close(&t);
}

static bool is_running(struct rig *r, void *arg)
{
	return cell_get(&health_stats(r->health)->probes_running) == 1;
}

/* A member that is up, with a readiness probe under way whose answer takes its time. */
static void one_open_probing(struct one *t, const char *answer)
{
	one_open_at(t, PROBE_HTTP, SLOW);
	one_adopt(t);
	assert_true(rig_await_state(&t->rig, t->m, MEMBER_UP));
	origin_set(t->origin, ORIGIN_TRICKLE, answer);
	assert_int_equal(health_probe_now(t->rig.health, 1, t->m), 0);
	assert_true(rig_await(&t->rig, is_running, NULL, 5000));
}

/* A probe that began before the doubt does not clear it; the one after it does. */
static void a_pass_from_before_the_doubt_is_not_enough(void **state)
{
	struct one t;
	struct finding f = refused();

	one_open_probing(&t, "HTTP/1.1 204 No\r\n\r\n");
	assert_int_equal(health_passive(t.rig.health, t.m, &f, 1, PASSIVE_RECHECK), 0);
	assert_true(rig_await_runs(&t.rig, t.m, ROLE_READINESS, 2));
	assert_int_equal(t.rig.answers, 0); /* the order to probe waits for the newer one too */
	assert_true(rig_await_runs(&t.rig, t.m, ROLE_READINESS, 3));
	assert_int_equal(t.rig.answers, 1);
	assert_int_equal(rig_state(t.m), MEMBER_UP);
	assert_int_equal(member_report(t.m)->transitions, 1);
	one_close(&t);
}

static void a_failure_already_under_way_confirms(void **state)
{
	struct one t;
	struct finding f = refused();

	one_open_probing(&t, "HTTP/1.1 503 No\r\n\r\n");
	assert_int_equal(health_passive(t.rig.health, t.m, &f, 1, PASSIVE_RECHECK), 0);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_DOWN));
	assert_int_equal(readiness(&t)->runs, 2);
	assert_string_equal(member_report(t.m)->why.note, "confirms what traffic saw");
	one_close(&t);
}

/* Traffic that doubts without end neither floods the member with probes nor the history. */
static void repeated_doubt_is_spaced(void **state)
{
	struct one t;
	struct finding f = refused();
	unsigned i, records, rounds = 6;
	int64_t began;

	one_open_at(&t, PROBE_TCP, SLOW);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	records = t.rig.n_records;
	began = clock_mono_us();
	for (i = 0; i < rounds; i++) {
		assert_int_equal(health_passive(t.rig.health, t.m, &f, 1, PASSIVE_RECHECK), 0);
		assert_int_equal(health_passive(t.rig.health, t.m, &f, 1, PASSIVE_RECHECK), 0);
		assert_true(rig_await_runs(&t.rig, t.m, ROLE_READINESS, i + 2));
	}
	assert_int_equal(readiness(&t)->runs, rounds + 1);
	/* 50 ms each but the first */
	assert_true(clock_mono_us() - began >= (int64_t)(rounds - 1) * 50000);
	/* the doubt and its end, once a second at most */
	assert_in_range(t.rig.n_records - records, 2, 2 + 2 * (clock_mono_us() - began) / 1000000);
	one_close(&t);
}

/* Descriptors that we lack say nothing about a member. */
static void our_own_failures_are_shown_and_not_counted(void **state)
{
	struct one t;
	struct rlimit was, none;

	one_open(&t, PROBE_HTTP);
	one_adopt(&t);
	assert_true(rig_await_state(&t.rig, t.m, MEMBER_UP));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(rig_await_runs(&t.rig, t.m, ROLE_READINESS, readiness(&t)->runs + 6));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(readiness(&t)->last.code, CODE_SOCKERR);
	assert_int_equal(readiness(&t)->last.sys_errno, EMFILE);
	assert_int_equal(rig_state(t.m), MEMBER_UP);
	assert_int_equal(readiness(&t)->counter, 4);
	assert_true(member_eligible(t.m));
	one_close(&t);
}

/* The beat shows that the engine lives, and the cells count what it does. */
static void the_engine_counts_itself(void **state)
{
	struct one t;
	const struct health_stats *s;

	one_open(&t, PROBE_TCP);
	s = health_stats(t.rig.health);
	one_adopt(&t);
	origin_refuse(t.origin);
	assert_true(rig_await_runs(&t.rig, t.m, ROLE_READINESS, 3));
	assert_int_equal(cell_get(&s->probes), readiness(&t)->runs);
	assert_int_equal(cell_get(&s->probes_failed), readiness(&t)->failures);
	assert_true(readiness(&t)->failures >= 3);
	assert_int_equal(cell_get(&s->probes_running), 0);
	assert_in_range(clock_mono_us() - (int64_t)cell_get(&s->beat_mono_us), 0, 5000000);
	one_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_pass_serves),
		cmocka_unit_test(first_failure_downs_and_rise_brings_back),
		cmocka_unit_test(fall_failures_in_a_row_down),
		cmocka_unit_test(refused_traffic_rechecks_and_downs_at_once),
		cmocka_unit_test(unfounded_doubt_is_cleared),
		cmocka_unit_test(traffic_marks_down_when_told_so),
		cmocka_unit_test(a_pass_from_before_the_doubt_is_not_enough),
		cmocka_unit_test(a_failure_already_under_way_confirms),
		cmocka_unit_test(repeated_doubt_is_spaced),
		cmocka_unit_test(our_own_failures_are_shown_and_not_counted),
		cmocka_unit_test(the_engine_counts_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
