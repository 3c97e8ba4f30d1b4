/* SPDX-License-Identifier: MIT */
/* Rates and latencies of the last seconds, with ticks at times of our own. */
#include "unit.h"

#include "admin/sampler.h"
#include "aorta/assert.h"
#include "world.h"

#define SECOND 1000000

static const char conf[] =
	"admin { bind 127.0.0.1:9900; }\n"
	"pool web { member a 127.0.0.1:1; member b 127.0.0.1:2; readiness none; }\n"
	"pool api { member c 127.0.0.1:3; readiness none; }\n";

/* The order of series: web, a, b, api, c. */
enum { WEB, A, B, API, C };

struct fixture {
	struct world w;
	struct sampler *s;
	int64_t now;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	world_open(&f.w, conf, 8);
	f.s = sampler_new();
	f.now = 1000 * (int64_t)SECOND;
	*state = &f;
	return f.s == NULL;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	sampler_free(f->s);
	world_close(&f->w);
	return 0;
}

static void ticks(struct fixture *f, unsigned n, struct member *m, unsigned a_second, bool bad)
{
	while (n-- > 0) {
		world_traffic(&f->w, m, a_second, 1000, bad);
		f->now += SECOND;
		sampler_tick(f->s, &f->w.generation, f->now);
	}
}

static void nothing_is_said_before_two_samples(void **state)
{
	struct fixture *f = *state;
	struct window w;

	sampler_sync(f->s, &f->w.generation);
	sampler_window(f->s, A, SAMPLER_SHORT, &w);
	assert_int_equal(w.span_us, 0);
	assert_true(window_rate(&w, w.begun) == 0);
	assert_true(window_error_share(&w) < 0);
	ticks(f, 1, world_member(&f->w, "web", "a"), 50, false);
	sampler_window(f->s, A, SAMPLER_SHORT, &w);
	assert_int_equal(w.span_us, 0);
}

static void rate_is_growth_over_time(void **state)
{
	struct fixture *f = *state;
	struct window w;

	ticks(f, 5, world_member(&f->w, "web", "a"), 40, true);
	sampler_window(f->s, A, SAMPLER_SHORT, &w);
	assert_int_equal(w.span_us, 4 * SECOND);
	assert_int_equal(w.begun, 160);
	assert_true(window_rate(&w, w.begun) == 40);
	assert_int_equal(w.errors, 16); /* one in ten */
	assert_true(window_error_share(&w) == 0.1);
	sampler_window(f->s, WEB, SAMPLER_SHORT, &w);
	assert_int_equal(w.begun, 160);
	sampler_window(f->s, B, SAMPLER_SHORT, &w);
	assert_int_equal(w.begun, 0);
}

static void old_traffic_leaves_the_window(void **state)
{
	struct fixture *f = *state;
	struct member *a = world_member(&f->w, "web", "a");
	struct window now, minute;

	ticks(f, 30, a, 100, true);
	ticks(f, 10, a, 0, false);
	sampler_window(f->s, A, SAMPLER_SHORT, &now);
	sampler_window(f->s, A, SAMPLER_SECONDS, &minute);
	assert_int_equal(now.begun, 0);
	assert_int_equal(minute.begun, 2900);
	assert_int_equal(minute.errors, 290);
	ticks(f, 60, a, 0, false);
	sampler_window(f->s, A, SAMPLER_SECONDS, &minute);
	assert_int_equal(minute.begun, 0);
	assert_int_equal(minute.span_us, 60 * (int64_t)SECOND);
}

static void failures_that_are_the_clients_are_no_errors(void **state)
{
	struct fixture *f = *state;
	struct member *a = world_member(&f->w, "web", "a");
	struct window w;

	ticks(f, 1, a, 1, false);
	cell_add(&member_cell(a, 1)->outcome[OUTCOME_CLIENT_ABORT], 5);
	cell_add(&member_cell(a, 1)->outcome[OUTCOME_CONNECT], 5);
	ticks(f, 1, a, 0, false);
	sampler_window(f->s, A, SAMPLER_SHORT, &w);
	assert_int_equal(w.ended, 10);
	assert_int_equal(w.errors, 5);
}

static void latencies_are_those_of_the_last_minute(void **state)
{
	struct fixture *f = *state;
	struct member *a = world_member(&f->w, "web", "a");
	struct histogram_sum minute;
	struct member_totals t;

	world_traffic(&f->w, a, 1000, 400000, false); /* slow, long ago */
	ticks(f, 1, a, 0, false);
	ticks(f, 80, a, 0, false);
	world_traffic(&f->w, a, 10, 1000, false);
	member_totals(a, &t);
	sampler_latency(f->s, A, &t.latency, &minute);
	assert_int_equal(minute.count, 10);
	assert_true(histogram_quantile_us(&minute, 0.99) < 10000);
	assert_true(histogram_quantile_us(&t.latency, 0.5) > 100000);
}

/* The same counters in another generation keep their past; those that are gone are forgotten. */
static void a_reload_keeps_what_stays(void **state)
{
	struct fixture *f = *state;
	struct generation *g = &f->w.generation, next = *g;
	struct pool pools[2] = { g->pools[1], g->pools[0] };
	struct window w;

	ticks(f, 5, world_member(&f->w, "web", "a"), 10, false);
	next.serial = 2;
	next.pools = pools;
	sampler_sync(f->s, &next);
	sampler_window(f->s, 3, SAMPLER_SHORT, &w); /* api, c, web, a */
	assert_int_equal(w.begun, 40);
	next.n_pools = 1;
	next.serial = 3;
	sampler_sync(f->s, &next);
	sampler_sync(f->s, g);
	sampler_window(f->s, A, SAMPLER_SHORT, &w);
	assert_int_equal(w.span_us, 0);
}

static void a_counter_that_went_back_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct member *a = world_member(&f->w, "web", "a");
	struct window w;

	ticks(f, 5, a, 100, false);
	cell_set(&member_cell(a, 0)->requests, 0);
	ticks(f, 3, a, 10, false);
	sampler_window(f->s, A, SAMPLER_SHORT, &w);
	assert_int_equal(w.span_us, 2 * SECOND);
	assert_int_equal(w.begun, 20);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(nothing_is_said_before_two_samples),
		WITH(rate_is_growth_over_time),
		WITH(old_traffic_leaves_the_window),
		WITH(failures_that_are_the_clients_are_no_errors),
		WITH(latencies_are_those_of_the_last_minute),
		WITH(a_reload_keeps_what_stays),
		WITH(a_counter_that_went_back_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
