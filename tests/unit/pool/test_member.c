/* SPDX-License-Identifier: MIT */
/* Members and counters: identity, sums over workers, the count of failed connects. */
#include "fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS	 WORKERS
#define FAILURES 200000 /* a thread: enough that the threads overlap */

static void a_member_keeps_its_identity(void **state)
{
	char long_name[NAME_BYTES * 2];
	struct addr addr;
	struct member *m;

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(addr_parse(SLICE_LIT("[::1]:5432"), &addr), ADDR_OK);
	m = member_new("pg", long_name, &addr, 17, 3);
	assert_non_null(m);
	assert_int_equal(m->magic, MEMBER_MAGIC);
	assert_string_equal(m->pool, "pg");
	assert_int_equal(strlen(m->name), NAME_BYTES - 1);
	assert_string_equal(m->addr_text, "[::1]:5432");
	assert_true(addr_eq(&m->addr, &addr));
	assert_int_equal(m->slot, 17);
	assert_int_equal(m->n_workers, 3);
	assert_false(member_eligible(m));
	assert_null(member_report(m));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal((uintptr_t)member_cell(m, i) % CACHE_LINE, 0);
	member_free(m);
	member_free(NULL);
}

static void a_member_takes_its_report_with_it(void **state)
{
	struct member *m = fixture_member(0);
	struct member_report *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->state = MEMBER_UP;
	atomic_store(&m->report, r);
	assert_ptr_equal(member_report(m), r);
	member_free(m); /* the leak checker of a sanitizer build sees to the rest */
}

/* Every cell a different power of two or prime, so that a wrong sum cannot come out right. */
static void member_totals_are_the_sums_over_workers(void **state)
{
	struct member *m = fixture_member(0);
	struct member_totals t;

	for (unsigned w = 0; w < WORKERS; w++) {
		struct member_cell *c = member_cell(m, w);
		uint64_t k = w + 1;

		cell_add(&c->in_flight, 2 * k);
		cell_add(&c->requests, 3 * k);
		for (unsigned i = 0; i < 6; i++)
			cell_add(&c->status[i], (100 + i) * k);
		cell_add(&c->bytes_in, 5 * k);
		cell_add(&c->bytes_out, 7 * k);
		cell_add(&c->connects, 11 * k);
		cell_add(&c->reuses, 13 * k);
		cell_add(&c->retried, 17 * k);
		cell_add(&c->idle, 19 * k);
		for (unsigned i = 0; i < OUTCOME_COUNT; i++)
			cell_add(&c->outcome[i], (1000 + i) * k);
		histogram_record(&c->latency, (int64_t)(1000 * k));
	}
	memset(&t, 0xff, sizeof(t)); /* whatever was there before is gone */
	member_totals(m, &t);
	assert_int_equal(t.in_flight, 2 * 10);
	assert_int_equal(t.requests, 3 * 10);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(t.status[i], (100 + i) * 10);
	assert_int_equal(t.bytes_in, 5 * 10);
	assert_int_equal(t.bytes_out, 7 * 10);
	assert_int_equal(t.connects, 11 * 10);
	assert_int_equal(t.reuses, 13 * 10);
	assert_int_equal(t.retried, 17 * 10);
	assert_int_equal(t.idle, 19 * 10);
	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		assert_int_equal(t.outcome[i], (1000 + i) * 10);
	assert_int_equal(t.latency.count, WORKERS);
	assert_int_equal(t.latency.sum_us, 1000 * 10);
	assert_int_equal(member_in_flight(m), 2 * 10);
	member_free(m);
}

static void listener_and_pool_totals_are_sums(void **state)
{
	struct listener_stats *l = listener_stats_new("www", WORKERS);
	struct pool_stats *p = pool_stats_new("web", WORKERS);
	struct listener_totals lt;
	struct pool_totals pt;

	assert_non_null(l);
	assert_non_null(p);
	for (unsigned w = 0; w < WORKERS; w++) {
		uint64_t k = w + 1;
		struct listener_cell *c = &l->cells[w];

		assert_int_equal((uintptr_t)c % CACHE_LINE, 0);
		cell_add(&c->accepted, 2 * k);
		cell_add(&c->active, 3 * k);
		cell_add(&c->refused, 5 * k);
		cell_add(&c->requests, 7 * k);
		for (unsigned i = 0; i < 6; i++)
			cell_add(&c->status[i], (100 + i) * k);
		for (unsigned i = 0; i < OWN_ERROR_COUNT; i++)
			cell_add(&c->own[i], (1000 + i) * k);
		cell_add(&c->bytes_in, 11 * k);
		cell_add(&c->bytes_out, 13 * k);
		cell_add(&c->cut, 17 * k);
		cell_add(&p->cells[w].requests, 19 * k);
		cell_add(&p->cells[w].waiting, 23 * k);
		for (unsigned i = 0; i < OWN_ERROR_COUNT; i++)
			cell_add(&p->cells[w].own[i], (2000 + i) * k);
		cell_add(&p->cells[w].retries, 29 * k);
	}
	memset(&lt, 0xff, sizeof(lt));
	memset(&pt, 0xff, sizeof(pt));
	listener_totals(l, &lt);
	pool_totals(p, &pt);
	assert_string_equal(l->name, "www");
	assert_string_equal(p->name, "web");
	assert_int_equal(lt.accepted, 2 * 10);
	assert_int_equal(lt.active, 3 * 10);
	assert_int_equal(lt.refused, 5 * 10);
	assert_int_equal(lt.requests, 7 * 10);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(lt.status[i], (100 + i) * 10);
	for (unsigned i = 0; i < OWN_ERROR_COUNT; i++) {
		assert_int_equal(lt.own[i], (1000 + i) * 10);
		assert_int_equal(pt.own[i], (2000 + i) * 10);
	}
	assert_int_equal(lt.bytes_in, 11 * 10);
	assert_int_equal(lt.bytes_out, 13 * 10);
	assert_int_equal(lt.cut, 17 * 10);
	assert_int_equal(pt.requests, 19 * 10);
	assert_int_equal(pt.waiting, 23 * 10);
	assert_int_equal(pt.retries, 29 * 10);
	listener_stats_free(l);
	pool_stats_free(p);
}

static void the_limit_is_reached_once_in_a_run_of_failures(void **state)
{
	struct member *m = fixture_member(0);

	for (unsigned run = 0; run < 3; run++) {
		assert_false(member_connect_failed(m, 3));
		assert_false(member_connect_failed(m, 3));
		assert_true(member_connect_failed(m, 3));
		for (unsigned i = 0; i < 10; i++)
			assert_false(member_connect_failed(m, 3));
		member_connect_ok(m);
		member_connect_ok(m);
	}
	assert_false(member_connect_failed(m, 3));
	assert_false(member_connect_failed(m, 3));
	member_connect_ok(m); /* a good one in between: the run starts anew */
	assert_false(member_connect_failed(m, 3));
	assert_false(member_connect_failed(m, 3));
	assert_true(member_connect_failed(m, 3));
	member_free(m);
}

static void a_limit_of_one_fires_at_once_and_none_never(void **state)
{
	struct member *m = fixture_member(0);

	assert_true(member_connect_failed(m, 1));
	assert_false(member_connect_failed(m, 1));
	member_connect_ok(m);
	for (unsigned i = 0; i < 100; i++)
		assert_false(member_connect_failed(m, 0));
	member_free(m);
}

struct failer {
	struct member *m;
	pthread_barrier_t *start;
	unsigned limit;
	unsigned reached;
};

static void *fail_often(void *arg)
{
	struct failer *f = arg;

	pthread_barrier_wait(f->start);
	for (unsigned i = 0; i < FAILURES; i++)
		f->reached += member_connect_failed(f->m, f->limit);
	return NULL;
}

static void one_of_many_threads_reaches_the_limit(void **state)
{
	const unsigned limits[] = { 1, 2, 1000, THREADS * FAILURES };
	struct member *m = fixture_member(0);
	pthread_barrier_t start;

	for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
		struct failer failers[THREADS];
		pthread_t threads[THREADS];
		unsigned reached = 0;

		member_connect_ok(m);
		pthread_barrier_init(&start, NULL, THREADS);
		for (unsigned i = 0; i < THREADS; i++) {
			failers[i] = (struct failer){ m, &start, limits[l], 0 };
			assert_int_equal(pthread_create(&threads[i], NULL, fail_often, &failers[i]),
					 0);
		}
		for (unsigned i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			reached += failers[i].reached;
		}
		pthread_barrier_destroy(&start);
		assert_int_equal(reached, 1);
		assert_int_equal(atomic_load(&m->connect_errors), THREADS * FAILURES);
	}
	member_free(m);
}

static void names_of_outcomes_and_own_errors(void **state)
{
	assert_string_equal(outcome_name(OUTCOME_CONNECT_TIMEOUT), "CONNECT_TIMEOUT");
	assert_string_equal(outcome_text(OUTCOME_CONNECT_TIMEOUT), "connect timed out");
	assert_string_equal(outcome_name(OUTCOME_COUNT), "?");
	assert_int_equal(own_error_status(OWN_NO_ROUTE), 404);
	assert_string_equal(own_error_word(OWN_NO_ROUTE), "no-route");
	assert_int_equal(own_error_status(OWN_VERSION), 505);
	for (unsigned i = OWN_NONE + 1; i < OWN_ERROR_COUNT; i++) {
		assert_in_range(own_error_status((enum own_error)i), 400, 599);
		assert_true(own_error_word((enum own_error)i)[0] != '\0');
		assert_true(own_error_text((enum own_error)i)[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_keeps_its_identity),
		cmocka_unit_test(a_member_takes_its_report_with_it),
		cmocka_unit_test(member_totals_are_the_sums_over_workers),
		cmocka_unit_test(listener_and_pool_totals_are_sums),
		cmocka_unit_test(the_limit_is_reached_once_in_a_run_of_failures),
		cmocka_unit_test(a_limit_of_one_fires_at_once_and_none_never),
		cmocka_unit_test(one_of_many_threads_reaches_the_limit),
		cmocka_unit_test(names_of_outcomes_and_own_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
