/* SPDX-License-Identifier: MIT */
/*
 * Single probes on the step engine against a server that misbehaves: code, phase, errno, status,
 * texts, and timings that are kept apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/pattern.h"
#include "aorta/sock.h"
#include "health/step.h"
#include "origin.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

struct probed {
	struct ev_loop *loop;
	struct finding f;
	unsigned done;
	unsigned late;
};

static void on_probed(void *owner, const struct finding *f)
{
	struct probed *p = owner;

	p->f = *f;
	p->done++;
}

static void on_guard(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct probed *p = w->data;

	p->late = 1;
}

static struct conf_probe usual(enum probe_kind kind)
{
	return (struct conf_probe){ .name = "test",
				    .kind = kind,
				    .timeout_ms = 2000,
				    .connect_timeout_ms = 2000,
				    .first_byte_timeout_ms = 2000,
				    .method = "GET",
				    .path = "/health",
				    .max_body = 16384 };
}

static struct finding run(struct ev_loop *loop, const struct addr *a, const struct conf_probe *conf)
{
	struct probed p = { .loop = loop };
	struct step_target target = { .loop = loop,
				      .conf = conf,
				      .addr = *a,
				      .addr_text = "127.0.0.1:80",
				      .done = on_probed,
				      .owner = &p };
	ev_timer guard;

	ev_now_update(loop);
	ev_timer_init(&guard, on_guard, 10., 0.);
	guard.data = &p;
	ev_timer_start(loop, &guard);
	(void)step_start(&target);
	while (p.done == 0 && !p.late)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &guard);
	assert_int_equal(p.done, 1);
	return p.f;
}

/* One probe of an origin that acts so. */
static struct finding probe(enum origin_act act, const char *text, const struct conf_probe *conf)
{
	struct ev_loop *loop = sock_loop_new();
	struct origin *o = origin_new(loop, act, text);
	struct addr a = origin_addr(o);
	struct finding f = run(loop, &a, conf);

	origin_free(o);
	ev_loop_destroy(loop);
	return f;
}

static struct finding probe_http_with(enum origin_act act, const char *text)
{
	struct conf_probe conf = usual(PROBE_HTTP);

	return probe(act, text, &conf);
}

/* ---- connect ---- */

static void tcp_accepts(void **state)
{
	struct conf_probe conf = usual(PROBE_TCP);
	struct finding f = probe(ORIGIN_HOLD, "", &conf);

	assert_int_equal(f.code, CODE_L4OK);
	assert_int_equal(f.phase, PHASE_NONE);
	assert_true(f.connect_us >= 0 && f.connect_us <= f.total_us);
	assert_int_equal(f.first_byte_us, -1);
	assert_string_equal(f.expected, "");
	assert_string_equal(f.got, "");
}

static void refused_is_l4con_with_its_errno(void **state)
{
	struct ev_loop *loop = sock_loop_new();
	struct origin *o = origin_new(loop, ORIGIN_ANSWER, "");
	struct addr a = origin_addr(o);
	struct conf_probe conf = usual(PROBE_HTTP);
	struct finding f;

	origin_refuse(o);
	f = run(loop, &a, &conf);
	assert_int_equal(f.code, CODE_L4CON);
	assert_int_equal(f.sys_errno, ECONNREFUSED);
	assert_int_equal(f.phase, PHASE_CONNECT);
	assert_int_equal(f.connect_us, -1);
	assert_true(f.total_us >= 0);
	origin_free(o);
	ev_loop_destroy(loop);
}

static void a_full_backlog_is_l4tout(void **state)
{
	struct conf_probe conf = usual(PROBE_TCP);
	struct finding f;

	conf.connect_timeout_ms = 50;
	f = probe(ORIGIN_DEAF, "", &conf);
	assert_int_equal(f.code, CODE_L4TOUT);
	assert_int_equal(f.phase, PHASE_CONNECT);
	assert_int_equal(f.connect_us, -1);
	assert_true(f.total_us >= 50000 && f.total_us < 1500000); /* not the total's 2 s */
	assert_string_equal(f.expected, "a connection within 50ms");
}

/* Without a descriptor to be had nothing is known of the member. */
static void no_descriptor_is_sockerr(void **state)
{
	struct ev_loop *loop = sock_loop_new();
	struct origin *o = origin_new(loop, ORIGIN_ANSWER, OK_HEAD "hello");
	struct addr a = origin_addr(o);
	struct conf_probe conf = usual(PROBE_HTTP);
	struct rlimit was, none;
	struct finding f;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	f = run(loop, &a, &conf);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(f.code, CODE_SOCKERR);
	assert_int_equal(f.sys_errno, EMFILE);
	origin_free(o);
	ev_loop_destroy(loop);
}

/* ---- answers that are as they should be ---- */

static void good_answers_pass(void **state)
{
	static const struct {
		enum origin_act act;
		const char *text;
		unsigned status;
	} cases[] = {
		{ ORIGIN_ANSWER, OK_HEAD "hello", 200 },
		{ ORIGIN_HOLD, OK_HEAD "hello", 200 },
		{ ORIGIN_TRICKLE, OK_HEAD "hello", 200 },
		{ ORIGIN_HOLD, "HTTP/1.1 204 No Content\r\n\r\n", 204 },
		{ ORIGIN_HOLD, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304 },
		{ ORIGIN_ANSWER, "HTTP/1.0 200 OK\r\n\r\nuntil the end", 200 },
		{ ORIGIN_HOLD,
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		  200 },
		{ ORIGIN_HOLD,
		  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\n" OK_HEAD "hello", 200 },
		{ ORIGIN_ANSWER, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 302 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding f = probe_http_with(cases[i].act, cases[i].text);

		if (f.code != CODE_L7OK)
			fail_msg("%s: %s, %s", cases[i].text, probe_code_name(f.code), f.got);
		assert_int_equal(f.status, cases[i].status);
		assert_int_equal(f.phase, PHASE_NONE);
		assert_int_equal(f.sys_errno, 0);
	}
}

static void head_has_no_body_whatever_its_length(void **state)
{
	struct conf_probe conf = usual(PROBE_HTTP);

	conf.method = "HEAD";
	assert_int_equal(probe(ORIGIN_HOLD, OK_HEAD, &conf).code, CODE_L7OK);
}

/* ---- answers that are not ---- */

static void broken_answers_are_l7rsp_with_their_phase(void **state)
{
	static const struct {
		enum origin_act act;
		const char *text;
		enum evidence_phase phase;
		int sys_errno;
		const char *got;
	} cases[] = {
		{ ORIGIN_ANSWER, "", PHASE_FIRST_BYTE, 0, "connection closed without an answer" },
		{ ORIGIN_RESET, "", PHASE_FIRST_BYTE, ECONNRESET, "Connection reset by peer" },
		{ ORIGIN_ANSWER, "HTTP/1.1 200 OK\r\nContent-Le", PHASE_HEAD, 0,
		  "connection closed in the middle" },
		{ ORIGIN_ANSWER, OK_HEAD "hel", PHASE_BODY, 0, "connection closed in the middle" },
		{ ORIGIN_ANSWER,
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", PHASE_BODY,
		  0, "connection closed in the middle" },
		{ ORIGIN_HOLD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		  PHASE_BODY, 0, "malformed chunked body" },
		{ ORIGIN_HOLD, "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", PHASE_HEAD, 0, NULL },
		{ ORIGIN_HOLD, "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", PHASE_HEAD, 0, NULL },
		{ ORIGIN_HOLD, "HTTP/1.1 101 Switching Protocols\r\n\r\n", PHASE_HEAD, 0,
		  "status 101 without being asked" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding f = probe_http_with(cases[i].act, cases[i].text);

		if (f.code != CODE_L7RSP || f.phase != cases[i].phase ||
		    f.sys_errno != cases[i].sys_errno)
			fail_msg("%zu: %s, phase %d, errno %d, %s", i, probe_code_name(f.code),
				 (int)f.phase, f.sys_errno, f.got);
		assert_true(f.got[0] != '\0');
		if (cases[i].got)
			assert_string_equal(f.got, cases[i].got);
	}
}

static void a_head_without_end_is_cut_off(void **state)
{
	static char text[60000];
	size_t n = strlen("HTTP/1.1 200 OK\r\n");
	struct finding f;

	memcpy(text, "HTTP/1.1 200 OK\r\n", n);
	while (n + 110 < sizeof(text)) {
		memset(text + n, 'x', 100);
		memcpy(text + n + 10, ": ", 2);
		memcpy(text + n + 100, "\r\n", 2);
		n += 102;
	}
	f = probe_http_with(ORIGIN_HOLD, text);
	assert_int_equal(f.code, CODE_L7RSP);
	assert_int_equal(f.phase, PHASE_HEAD);
}

static void a_wrong_status_is_l7sts_with_what_came(void **state)
{
	struct finding f =
		probe_http_with(ORIGIN_HOLD, "HTTP/1.1 503 No\r\nContent-Length: 40\r\n\r\n"
					     "db: \x01gone\n");

	assert_int_equal(f.code, CODE_L7STS); /* without waiting for the rest */
	assert_int_equal(f.phase, PHASE_EXPECT);
	assert_int_equal(f.status, 503);
	assert_string_equal(f.expected, "status 200-399");
	assert_string_equal(f.got, "status 503, \"db: .gone.\"");
}

static void header_and_body_mismatches_are_l7sts(void **state)
{
	struct pattern *re = pattern_new(SLICE_LIT("^he.*o$"), NULL);
	struct conf_expect header = { .kind = EXPECT_HEADER,
				      .header = "X-Role",
				      .literal = "master" };
	struct conf_expect body = { .kind = EXPECT_BODY, .pattern = re };
	struct conf_probe conf = usual(PROBE_HTTP);
	struct finding f;

	conf.n_expects = 1;
	conf.expects = &header;
	f = probe(ORIGIN_HOLD, "HTTP/1.1 200 OK\r\nX-Role: slave\r\nContent-Length: 0\r\n\r\n",
		  &conf);
	assert_int_equal(f.code, CODE_L7STS);
	assert_string_equal(f.expected, "header X-Role \"master\"");
	assert_string_equal(f.got, "\"slave\"");
	f = probe(ORIGIN_HOLD, "HTTP/1.1 200 OK\r\nx-role: master\r\nContent-Length: 0\r\n\r\n",
		  &conf);
	assert_int_equal(f.code, CODE_L7OK);

	conf.expects = &body;
	f = probe(ORIGIN_HOLD, OK_HEAD "world", &conf);
	assert_int_equal(f.code, CODE_L7STS);
	assert_int_equal(f.status, 200);
	assert_string_equal(f.expected, "body ~ \"^he.*o$\"");
	assert_string_equal(f.got, "\"world\"");
	assert_int_equal(probe(ORIGIN_TRICKLE, OK_HEAD "hello", &conf).code, CODE_L7OK);
	f = probe(
		ORIGIN_HOLD,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		&conf);
	assert_int_equal(f.code, CODE_L7OK);
	pattern_free(re);
}

/* max_body is where reading stops, not a limit that fails the member. */
static void only_max_body_bytes_are_searched(void **state)
{
	struct conf_expect body = { .kind = EXPECT_BODY, .literal = "lo" };
	struct conf_probe conf = usual(PROBE_HTTP);

	conf.n_expects = 1;
	conf.expects = &body;
	conf.max_body = 4;
	assert_int_equal(probe(ORIGIN_HOLD, OK_HEAD "hello", &conf).code, CODE_L7STS);
	conf.max_body = 5;
	assert_int_equal(probe(ORIGIN_HOLD, OK_HEAD "hello", &conf).code, CODE_L7OK);
	conf.n_expects = 0;
	conf.max_body = 3; /* the rest never comes, and is not waited for */
	assert_int_equal(
		probe(ORIGIN_HOLD, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nhel", &conf).code,
		CODE_L7OK);
}

/* ---- time ---- */

static void silence_is_l7tout_at_the_first_byte(void **state)
{
	struct conf_probe conf = usual(PROBE_HTTP);
	struct finding f;

	conf.first_byte_timeout_ms = 40;
	f = probe(ORIGIN_HOLD, "", &conf);
	assert_int_equal(f.code, CODE_L7TOUT);
	assert_int_equal(f.phase, PHASE_FIRST_BYTE);
	assert_true(f.connect_us >= 0 && f.connect_us < 40000);
	assert_int_equal(f.first_byte_us, -1);
	assert_true(f.total_us >= 40000 && f.total_us < 1500000);
	assert_string_equal(f.expected, "a first byte within 40ms");
	assert_string_equal(f.got, "nothing");
}

/* A byte now and then does not keep a probe alive: the whole has its own limit. */
static void a_trickle_is_l7tout_by_the_total(void **state)
{
	struct conf_probe conf = usual(PROBE_HTTP);
	struct finding f;

	conf.timeout_ms = 100; /* the head alone takes 37 x 5 ms */
	conf.first_byte_timeout_ms = 60;
	f = probe(ORIGIN_TRICKLE, OK_HEAD "hello", &conf);
	assert_int_equal(f.code, CODE_L7TOUT);
	assert_int_equal(f.phase, PHASE_HEAD);
	assert_true(f.first_byte_us >= 0 && f.first_byte_us < 60000);
	assert_true(f.total_us >= 100000 && f.total_us < 1000000);
	assert_string_equal(f.got, "an incomplete answer");
}

static void a_body_that_stops_is_l7tout_in_the_body(void **state)
{
	struct conf_probe conf = usual(PROBE_HTTP);
	struct finding f;

	conf.timeout_ms = 60;
	f = probe(ORIGIN_HOLD, OK_HEAD "hel", &conf);
	assert_int_equal(f.code, CODE_L7TOUT);
	assert_int_equal(f.phase, PHASE_BODY);
	assert_int_equal(f.status, 200);
}

static void timings_are_kept_apart(void **state)
{
	struct finding f = probe_http_with(ORIGIN_TRICKLE, OK_HEAD "hello");

	assert_true(f.connect_us >= 0);
	assert_true(f.first_byte_us >= 4000); /* the first drop falls after 5 ms */
	assert_true(f.total_us >= 40 * 4000); /* and some 40 more */
	assert_true(f.connect_us + f.first_byte_us < f.total_us);
}

/* ---- the request ---- */

static void the_request_has_what_was_configured(void **state)
{
	static struct conf_header headers[] = { { "host", "web.internal" },
						{ "X-Probe", "1" },
						{ "Connection", "keep-alive" } };
	struct ev_loop *loop = sock_loop_new();
	struct origin *o = origin_new(loop, ORIGIN_ANSWER, OK_HEAD "hello");
	struct addr a = origin_addr(o);
	struct conf_probe conf = usual(PROBE_HTTP);
	const char *sent;

	conf.method = "POST";
	conf.path = "/ready?deep=1";
	conf.headers = headers;
	conf.n_headers = ARRAY_LEN(headers);
	assert_int_equal(run(loop, &a, &conf).code, CODE_L7OK);
	sent = origin_request(o);
	assert_ptr_equal(strstr(sent, "POST /ready?deep=1 HTTP/1.1\r\n"), sent);
	assert_non_null(strstr(sent, "\r\nhost: web.internal\r\n"));
	assert_null(strstr(sent, "127.0.0.1"));
	assert_non_null(strstr(sent, "\r\nX-Probe: 1\r\n"));
	assert_non_null(strstr(sent, "\r\nContent-Length: 0\r\n"));
	assert_non_null(strstr(sent, "\r\nConnection: close\r\n"));
	assert_null(strstr(sent, "keep-alive"));
	origin_free(o);
	ev_loop_destroy(loop);
}

/* ---- cancelling ---- */

static void a_cancelled_probe_says_nothing_and_leaks_nothing(void **state)
{
	struct ev_loop *loop = sock_loop_new();
	struct origin *o = origin_new(loop, ORIGIN_HOLD, "");
	struct conf_probe conf = usual(PROBE_HTTP);
	struct probed p = { .loop = loop };
	struct step_target target = { .loop = loop,
				      .conf = &conf,
				      .addr = origin_addr(o),
				      .addr_text = "x",
				      .done = on_probed,
				      .owner = &p };
	struct step_run *r = step_start(&target);
	int fd;

	assert_non_null(r);
	while (origin_request(o)[0] == '\0')
		ev_run(loop, EVRUN_ONCE);
	step_cancel(r);
	assert_int_equal(p.done, 0);
	origin_free(o);
	ev_loop_destroy(loop);
	/* all of its descriptors are free again: the lowest comes back */
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fd < 8);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_accepts),
		cmocka_unit_test(refused_is_l4con_with_its_errno),
		cmocka_unit_test(a_full_backlog_is_l4tout),
		cmocka_unit_test(no_descriptor_is_sockerr),
		cmocka_unit_test(good_answers_pass),
		cmocka_unit_test(head_has_no_body_whatever_its_length),
		cmocka_unit_test(broken_answers_are_l7rsp_with_their_phase),
		cmocka_unit_test(a_head_without_end_is_cut_off),
		cmocka_unit_test(a_wrong_status_is_l7sts_with_what_came),
		cmocka_unit_test(header_and_body_mismatches_are_l7sts),
		cmocka_unit_test(only_max_body_bytes_are_searched),
		cmocka_unit_test(silence_is_l7tout_at_the_first_byte),
		cmocka_unit_test(a_trickle_is_l7tout_by_the_total),
		cmocka_unit_test(a_body_that_stops_is_l7tout_in_the_body),
		cmocka_unit_test(timings_are_kept_apart),
		cmocka_unit_test(the_request_has_what_was_configured),
		cmocka_unit_test(a_cancelled_probe_says_nothing_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
