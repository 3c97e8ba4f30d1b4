/* SPDX-License-Identifier: MIT */
/* What a text becomes: every default, every derived value, every form of each directive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aorta/conf.h"
#include "aorta/pattern.h"

/* Loads a text that is right, or fails the test. */
static struct conf *load(const char *text)
{
	struct conf_problems problems;
	struct conf *c;
	struct buf out;

	conf_problems_init(&problems);
	c = conf_load_text("text", slice_str(text), &problems);
	if (c == NULL) {
		buf_init(&out);
		conf_problems_print(&problems, &out);
		fail_msg("%s", buf_cstr(&out));
	}
	conf_problems_fini(&problems);
	return c;
}

static void defaults_of_the_file(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; }");

	assert_int_equal(c->workers, 0);
	assert_int_equal(c->shutdown_timeout_ms, 30000);
	assert_int_equal(c->max_connections, 0);
	assert_null(c->log.events_path);
	assert_int_equal(c->log.events_format, LOG_LOGFMT);
	assert_int_equal(c->log.level, LOG_INFO_);
	assert_null(c->log.access_path);
	assert_int_equal(c->log.access_format, LOG_JSON);
	assert_int_equal(c->admin.n_binds, 0);
	assert_null(c->admin.socket);
	assert_null(c->admin.token);
	conf_free(c);
}

static void defaults_of_a_pool(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; }");
	const struct conf_pool *p = &c->pools[0];

	assert_int_equal(p->balance, BALANCE_ROUND_ROBIN);
	assert_int_equal(p->members[0].weight, 1);
	assert_int_equal(p->members[0].tier, 1);
	assert_int_equal(p->passive_connect_errors, 1);
	assert_int_equal(p->passive_action, PASSIVE_RECHECK);
	assert_true(p->retry.on_connect && p->retry.on_reset);
	assert_int_equal(p->retry.n_statuses, 0);
	assert_int_equal(p->retry.tries, 2);
	assert_int_equal(p->connect_timeout_ms, 5000);
	assert_int_equal(p->response_timeout_ms, 60000);
	assert_int_equal(p->idle_timeout_ms, 60000);
	assert_int_equal(p->keepalive_timeout_ms, 60000);
	assert_int_equal(p->keepalive_connections, 256);
	assert_int_equal(p->drain_timeout_ms, 60000);
	assert_int_equal(p->first_check_wait_ms, 5000);
	assert_null(p->probes[ROLE_LIVENESS]);
	assert_null(p->probes[ROLE_STARTUP]);
	conf_free(c);
}

static void defaults_of_a_probe(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; }");
	const struct conf_probe *r = c->pools[0].probes[ROLE_READINESS];

	assert_string_equal(r->name, "p.readiness");
	assert_int_equal(r->kind, PROBE_TCP);
	assert_null(r->shared);
	assert_int_equal(r->interval_ms, 2000);
	assert_int_equal(r->fast_interval_ms, 500);
	assert_int_equal(r->down_interval_ms, 2000);
	assert_int_equal(r->timeout_ms, 1000);
	assert_int_equal(r->connect_timeout_ms, 1000);
	assert_int_equal(r->first_byte_timeout_ms, 1000);
	assert_int_equal(r->jitter_percent, 10);
	assert_int_equal(r->rise, 2);
	assert_int_equal(r->fall, 3);
	conf_free(c);
}

static void times_of_a_probe_follow_interval_and_timeout(void **state)
{
	struct conf *c = load("probe a tcp { interval 300ms; } probe b tcp { interval 60ms; }"
			      "probe c http { interval 10s; timeout 3s; }"
			      "pool p { member a 10.0.0.1:80; }");

	assert_int_equal(c->probes[0].fast_interval_ms, 100); /* not 75 */
	assert_int_equal(c->probes[0].timeout_ms, 300);
	assert_int_equal(c->probes[1].fast_interval_ms, 60); /* not above interval */
	assert_int_equal(c->probes[2].fast_interval_ms, 2500);
	assert_int_equal(c->probes[2].connect_timeout_ms, 3000);
	assert_int_equal(c->probes[2].first_byte_timeout_ms, 3000);
	assert_int_equal(c->probes[2].down_interval_ms, 10000);
	conf_free(c);
}

static void rise_and_fall_follow_the_role(void **state)
{
	struct conf *c =
		load("probe x http { get /x; } probe y tcp { fall 7; }"
		     "pool p { member a 10.0.0.1:80; readiness x; liveness x; startup x; }"
		     "pool q { member a 10.0.0.1:80; readiness x; liveness tcp; startup y; }");
	const struct conf_pool *p = &c->pools[0], *q = &c->pools[1];

	assert_int_equal(p->probes[ROLE_READINESS]->rise, 2);
	assert_int_equal(p->probes[ROLE_READINESS]->fall, 3);
	assert_int_equal(p->probes[ROLE_LIVENESS]->rise, 1);
	assert_int_equal(p->probes[ROLE_LIVENESS]->fall, 3);
	assert_int_equal(p->probes[ROLE_STARTUP]->rise, 1);
	assert_int_equal(p->probes[ROLE_STARTUP]->fall, 30);
	assert_string_equal(p->probes[ROLE_STARTUP]->name, "x");
	assert_ptr_equal(p->probes[ROLE_STARTUP]->shared, &c->probes[0]);
	assert_ptr_equal(p->probes[ROLE_READINESS], q->probes[ROLE_READINESS]);
	assert_int_equal(q->probes[ROLE_LIVENESS]->rise, 1);
	assert_int_equal(q->probes[ROLE_STARTUP]->rise, 1);
	assert_int_equal(q->probes[ROLE_STARTUP]->fall, 7);
	conf_free(c);
}

static void an_http_probe_without_statuses_expects_success(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; readiness http { expect body x; } }");
	const struct conf_probe *r = c->pools[0].probes[ROLE_READINESS];

	assert_string_equal(r->method, "GET");
	assert_string_equal(r->path, "/");
	assert_int_equal(r->max_body, 16384);
	assert_int_equal(r->n_expects, 2);
	assert_int_equal(r->expects[1].kind, EXPECT_STATUS);
	assert_int_equal(r->expects[1].n_statuses, 1);
	assert_int_equal(r->expects[1].statuses[0].first, 200);
	assert_int_equal(r->expects[1].statuses[0].last, 399);
	conf_free(c);
}

static void statuses_of_several_expects_are_one_set(void **state)
{
	struct conf *c =
		load("pool p { member a 10.0.0.1:80; readiness http {"
		     " expect status 200-204 301; expect header X; expect status 404; } }");
	const struct conf_probe *r = c->pools[0].probes[ROLE_READINESS];
	const struct conf_expect *e = &r->expects[0];

	assert_int_equal(r->n_expects, 2);
	assert_int_equal(e->kind, EXPECT_STATUS);
	assert_int_equal(e->n_statuses, 3);
	assert_true(conf_status_in(e->statuses, e->n_statuses, 200));
	assert_true(conf_status_in(e->statuses, e->n_statuses, 204));
	assert_true(conf_status_in(e->statuses, e->n_statuses, 301));
	assert_true(conf_status_in(e->statuses, e->n_statuses, 404));
	assert_false(conf_status_in(e->statuses, e->n_statuses, 199));
	assert_false(conf_status_in(e->statuses, e->n_statuses, 205));
	assert_false(conf_status_in(NULL, 0, 200));
	conf_free(c);
}

static void the_forms_of_expect(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; readiness http {"
			      " expect header A; expect header B \"x y\"; expect header C ~ \"^z\";"
			      " expect body \"in it\"; expect body ~ \"o.?k\"; post /p?q=1;"
			      " header Host h; header X \"\"; } }");
	const struct conf_probe *r = c->pools[0].probes[ROLE_READINESS];
	const struct conf_expect *e = r->expects;

	assert_int_equal(r->n_expects, 6);
	assert_true(e[0].literal == NULL && e[0].pattern == NULL);
	assert_string_equal(e[0].header, "A");
	assert_string_equal(e[1].literal, "x y");
	assert_true(pattern_match(e[2].pattern, slice_str("zz")));
	assert_false(pattern_match(e[2].pattern, slice_str("az")));
	assert_int_equal(e[3].kind, EXPECT_BODY);
	assert_string_equal(e[3].literal, "in it");
	assert_true(pattern_match(e[4].pattern, slice_str("all ok")));
	assert_string_equal(r->method, "POST");
	assert_string_equal(r->path, "/p?q=1");
	assert_int_equal(r->n_headers, 2);
	assert_string_equal(r->headers[0].value, "h");
	assert_string_equal(r->headers[1].value, "");
	conf_free(c);
}

static void without_readiness_nobody_judges(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; readiness none; }"
			      "pool q { member a 10.0.0.1:80; readiness none; passive off; }"
			      "pool r { member a 10.0.0.1:80; passive off; retry off; }");

	assert_null(c->pools[0].probes[ROLE_READINESS]);
	assert_int_equal(c->pools[0].passive_connect_errors, 0);
	assert_int_equal(c->pools[1].passive_connect_errors, 0);
	assert_non_null(c->pools[2].probes[ROLE_READINESS]);
	assert_int_equal(c->pools[2].passive_connect_errors, 0);
	assert_false(c->pools[2].retry.on_connect || c->pools[2].retry.on_reset);
	assert_int_equal(c->pools[2].retry.tries, 0);
	conf_free(c);
}

static void retry_on_replaces_the_default(void **state)
{
	struct conf *c = load("pool p { member a 10.0.0.1:80; retry { on connect 502-504 429; } }");
	const struct conf_retry *r = &c->pools[0].retry;

	assert_true(r->on_connect);
	assert_false(r->on_reset);
	assert_int_equal(r->n_statuses, 2);
	assert_true(conf_status_in(r->statuses, r->n_statuses, 503));
	assert_int_equal(r->tries, 2);
	conf_free(c);
}

static void idle_timeout_follows_who_uses_the_pool(void **state)
{
	static const char *const POOLS = "pool t { member a 10.0.0.1:80; }"
					 "pool h { member a 10.0.0.1:80; }"
					 "pool both { member a 10.0.0.1:80; }"
					 "pool said { member a 10.0.0.1:80; idle_timeout 7s; }"
					 "listener a { mode tcp; bind 127.0.0.1:1; pool t; }"
					 "listener b { mode tcp; bind 127.0.0.1:2; pool both; }"
					 "listener c { mode tcp; bind 127.0.0.1:3; pool said; }"
					 "listener d { bind 127.0.0.1:4; route path /x pool both;"
					 "             pool h; }";
	struct conf *c = load(POOLS);

	assert_int_equal(c->pools[0].idle_timeout_ms, 3600000);
	assert_int_equal(c->pools[1].idle_timeout_ms, 60000);
	assert_int_equal(c->pools[2].idle_timeout_ms, 60000);
	assert_int_equal(c->pools[3].idle_timeout_ms, 7000);
	conf_free(c);
}

static void routes_and_defaults_of_a_listener(void **state)
{
	struct conf *c = load("listener l { bind *:80; bind [::1]:81;"
			      " route host WWW.Example.com pool p;"
			      " route path /v1/* host a pool p;"
			      " route path /x pool p;"
			      " route path ~ \"^/y\" pool p; pool q; }"
			      "pool p { member a 10.0.0.1:80; } pool q { member a 10.0.0.2:80; }");
	const struct conf_listener *l = &c->listeners[0];
	const struct conf_route *r = l->routes;

	assert_int_equal(l->n_binds, 2);
	assert_int_equal(addr_port(&l->binds[1]), 81);
	assert_int_equal(l->n_routes, 4);
	assert_int_equal(l->mode, MODE_HTTP);
	assert_ptr_equal(l->pool, &c->pools[1]);
	assert_int_equal(l->header_timeout_ms, 10000);
	assert_int_equal(l->keepalive_timeout_ms, 60000);
	assert_int_equal(l->idle_timeout_ms, 60000);
	assert_int_equal(l->max_header, 32768);
	assert_int_equal(l->max_body, 0);
	assert_string_equal(r[0].host, "www.example.com");
	assert_int_equal(r[0].path_match, PATH_ANY);
	assert_ptr_equal(r[0].pool, &c->pools[0]);
	assert_int_equal(r[1].path_match, PATH_PREFIX);
	assert_true(slice_eq(r[1].path, SLICE_LIT("/v1/")));
	assert_string_equal(r[1].host, "a");
	assert_int_equal(r[2].path_match, PATH_EXACT);
	assert_true(slice_eq(r[2].path, SLICE_LIT("/x")));
	assert_int_equal(r[3].path_match, PATH_PATTERN);
	assert_true(pattern_match(r[3].pattern, slice_str("/yes")));
	conf_free(c);
}

static void the_summary_counts(void **state)
{
	struct conf *c = load("probe x tcp; listener l { bind *:80; pool p; }"
			      "pool p { member a 10.0.0.1:80; member b 10.0.0.2:80; readiness x;"
			      "         liveness tcp; }"
			      "pool q { member a 10.0.0.1:80; readiness none; }");
	struct buf out;

	buf_init(&out);
	conf_summary(c, &out);
	assert_string_equal(buf_cstr(&out), "1 listener, 2 pools, 3 members, 2 probes");
	assert_int_equal(c->n_members, 3);
	assert_int_equal(c->pools[1].index, 1);
	buf_fini(&out);
	conf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_of_the_file),
		cmocka_unit_test(defaults_of_a_pool),
		cmocka_unit_test(defaults_of_a_probe),
		cmocka_unit_test(times_of_a_probe_follow_interval_and_timeout),
		cmocka_unit_test(rise_and_fall_follow_the_role),
		cmocka_unit_test(an_http_probe_without_statuses_expects_success),
		cmocka_unit_test(statuses_of_several_expects_are_one_set),
		cmocka_unit_test(the_forms_of_expect),
		cmocka_unit_test(without_readiness_nobody_judges),
		cmocka_unit_test(retry_on_replaces_the_default),
		cmocka_unit_test(idle_timeout_follows_who_uses_the_pool),
		cmocka_unit_test(routes_and_defaults_of_a_listener),
		cmocka_unit_test(the_summary_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
