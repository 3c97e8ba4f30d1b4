/* SPDX-License-Identifier: MIT */
/* The sentences of evidence, word for word: people read them at three in the morning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "aorta/evidence.h"

#define ROWS(t) (sizeof(t) / sizeof((t)[0]))

struct golden {
	const char *sentence;
	struct evidence e;
};

#define READINESS(n, of, ...)                                                                      \
	{                                                                                          \
		.source = SOURCE_READINESS, .streak = (n), .needed = (of), .finding = {            \
			.connect_us = -1,                                                          \
			.first_byte_us = -1,                                                       \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define TRAFFIC(n, of, move, ...)                                                                  \
	{                                                                                          \
		.source = SOURCE_TRAFFIC, .streak = (n), .needed = (of), .transition = (move),     \
		.finding = {                                                                       \
			.connect_us = -1,                                                          \
			.first_byte_us = -1,                                                       \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define REFUSED                                                                                    \
	.code = CODE_L4CON, .phase = PHASE_CONNECT, .sys_errno = ECONNREFUSED, .total_us = 210
#define ANSWERED_503                                                                               \
	.code = CODE_L7STS, .phase = PHASE_EXPECT, .status = 503, .expected = "status 200-399",    \
	.total_us = 3040

static const struct golden goldens[] = {
	/* connecting */
	{ "3 of 3 readiness probes failed at connect: connection refused (ECONNREFUSED) after "
	  "0.2ms",
	  READINESS(3, 3, REFUSED) },
	{ "readiness probe failed at connect: connection refused (ECONNREFUSED) after 0.2ms (1 of "
	  "3)",
	  READINESS(1, 3, REFUSED) },
	{ "17 readiness probes in a row failed at connect: connection refused (ECONNREFUSED) after "
	  "0.2ms",
	  READINESS(17, 3, REFUSED) },
	{ "readiness probe failed at connect: connection refused (ECONNREFUSED) after 0.2ms",
	  READINESS(1, 1, REFUSED) },
	{ "readiness probe failed at connect: timed out after 500ms (2 of 3)",
	  READINESS(2, 3, .code = CODE_L4TOUT, .phase = PHASE_CONNECT, .total_us = 500300) },
	{ "3 of 3 readiness probes failed at connect: no route to host (EHOSTUNREACH) after 3.1s",
	  READINESS(3, 3, .code = CODE_L4CON, .phase = PHASE_CONNECT, .sys_errno = EHOSTUNREACH,
		    .total_us = 3071000) },
	{ "readiness probe failed at connect: local socket error: too many open files (EMFILE) (1 "
	  "of 3)",
	  READINESS(1, 3, .code = CODE_SOCKERR, .phase = PHASE_CONNECT, .sys_errno = EMFILE) },
	/* after the connection */
	{ "3 of 3 readiness probes failed at first byte: timed out after 1.0s (connected in 0.2ms)",
	  { .source = SOURCE_READINESS,
	    .streak = 3,
	    .needed = 3,
	    .finding = { .code = CODE_L7TOUT,
			 .phase = PHASE_FIRST_BYTE,
			 .connect_us = 180,
			 .first_byte_us = -1,
			 .total_us = 1000400,
			 .expected = "status 200-399" } } },
	{ "readiness probe failed at response head: connection reset by peer (ECONNRESET) after "
	  "1.3ms (2 of 3)",
	  READINESS(2, 3, .code = CODE_L7RSP, .phase = PHASE_HEAD, .sys_errno = ECONNRESET,
		    .total_us = 1270) },
	{ "readiness probe failed at response head: connection broken or answer malformed after "
	  "12ms (2 of 3)",
	  READINESS(2, 3, .code = CODE_L7RSP, .phase = PHASE_HEAD, .total_us = 12000) },
	{ "readiness probe failed at first byte: got \"SSH-2.0-OpenSSH\" after 2.0ms (1 of 3)",
	  READINESS(1, 3, .code = CODE_L7RSP, .phase = PHASE_FIRST_BYTE, .total_us = 2000,
		    .got = "\"SSH-2.0-OpenSSH\"") },
	/* another answer than expected */
	{ "readiness probe: expected status 200-399, got 503 in 3.0ms (2 of 3)",
	  READINESS(2, 3, ANSWERED_503) },
	{ "3 of 3 readiness probes failed: expected status 200-399, got 503 in 3.0ms",
	  READINESS(3, 3, ANSWERED_503) },
	{ "readiness probe failed: expected status 200-399, got 503 in 3.0ms",
	  READINESS(1, 1, ANSWERED_503) },
	{ "4 readiness probes in a row failed: expected status 200-399, got 503 in 3.0ms",
	  READINESS(4, 3, ANSWERED_503) },
	{ "readiness probe: expected body ~ \"ok\", got \"starting\" in 9.9ms (1 of 3)",
	  READINESS(1, 3, .code = CODE_L7STS, .phase = PHASE_EXPECT, .status = 200,
		    .expected = "body ~ \"ok\"", .got = "\"starting\"", .total_us = 9900) },
	{ "readiness probe: expected body \"ok\", got nothing (1 of 3)",
	  READINESS(1, 3, .code = CODE_L7STS, .expected = "body \"ok\"") },
	{ "readiness probe: answered, but not as expected in 10ms (1 of 3)",
	  READINESS(1, 3, .code = CODE_L7STS, .total_us = 10000) },
	/* passing */
	{ "2 of 2 readiness probes passed (L7OK, 200 in 1.2ms)",
	  READINESS(2, 2, .code = CODE_L7OK, .status = 200, .total_us = 1200) },
	{ "readiness probe passed (L4OK in <0.1ms) (1 of 2)",
	  READINESS(1, 2, .code = CODE_L4OK, .total_us = 30) },
	{ "90 readiness probes in a row passed (L7OK, 204 in 1.2ms)",
	  READINESS(90, 2, .code = CODE_L7OK, .status = 204, .total_us = 1200) },
	{ "readiness probe not checked yet", READINESS(0, 0, .code = CODE_UNK) },
	/* other roles, and notes */
	{ "30 of 30 startup probes failed at connect: connection refused (ECONNREFUSED) after "
	  "0.2ms; gave up",
	  { .source = SOURCE_STARTUP,
	    .streak = 30,
	    .needed = 30,
	    .finding = { REFUSED },
	    .note = "gave up" } },
	{ "liveness probe passed (L4OK in 0.4ms)",
	  { .source = SOURCE_LIVENESS,
	    .streak = 1,
	    .needed = 1,
	    .finding = { .code = CODE_L4OK, .total_us = 400 } } },
	/* traffic */
	{ "a connection failed under traffic: connection refused (ECONNREFUSED) after 0.2ms; "
	  "probing at once",
	  TRAFFIC(1, 1, false, REFUSED) },
	{ "3 connections in a row failed under traffic: connection refused (ECONNREFUSED) after "
	  "0.2ms; taken out",
	  TRAFFIC(3, 3, true, REFUSED) },
	{ "2 connections in a row failed under traffic: timed out after 5.0s (2 of 3)",
	  TRAFFIC(2, 3, false, .code = CODE_L4TOUT, .phase = PHASE_CONNECT, .total_us = 5000100) },
	/* people and files */
	{ "operator ordered drain (aortactl)",
	  { .source = SOURCE_ADMIN, .to = MEMBER_DRAINING, .note = "aortactl" } },
	{ "operator ordered maint (127.0.0.1:51432)",
	  { .source = SOURCE_ADMIN, .to = MEMBER_MAINT, .note = "127.0.0.1:51432" } },
	{ "operator ordered ready", { .source = SOURCE_ADMIN, .to = MEMBER_CHECKING } },
	{ "in the configuration, not judged yet", { .source = SOURCE_CONFIG } },
	{ "in the configuration, with nothing to judge it",
	  { .source = SOURCE_CONFIG, .to = MEMBER_UP } },
	{ "taken out of the configuration, finishes what it has",
	  { .source = SOURCE_CONFIG, .to = MEMBER_DRAINING } },
	{ "configuration: the readiness probe was replaced",
	  { .source = SOURCE_CONFIG, .note = "the readiness probe was replaced" } },
};

static void sentences_are_as_written_here(void **state)
{
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < ROWS(goldens); i++) {
		buf_clear(&b);
		evidence_sentence(&b, &goldens[i].e);
		assert_string_equal(buf_cstr(&b), goldens[i].sentence);
	}
	buf_fini(&b);
}

static void a_finding_alone_reads_well(void **state)
{
	const struct finding refused = { REFUSED };
	const struct finding passed = { .code = CODE_L7OK, .status = 200, .total_us = 1200 };
	const struct finding mismatch = { ANSWERED_503 };
	struct buf b;

	buf_init(&b);
	finding_sentence(&b, &refused);
	buf_puts(&b, "|");
	finding_sentence(&b, &passed);
	buf_puts(&b, "|");
	finding_sentence(&b, &mismatch);
	assert_string_equal(buf_cstr(&b),
			    "failed at connect: connection refused (ECONNREFUSED) after 0.2ms|"
			    "passed (L7OK, 200 in 1.2ms)|"
			    "expected status 200-399, got 503 in 3.0ms");
	buf_fini(&b);
}

/* No combination of values, in or out of range, is silent or not followed by text. */
static void every_record_has_a_sentence(void **state)
{
	struct buf b;

	buf_init(&b);
	for (int source = 0; source <= EVIDENCE_SOURCE_COUNT; source++)
		for (int code = 0; code <= PROBE_CODE_COUNT; code++)
			for (int phase = 0; phase <= EVIDENCE_PHASE_COUNT; phase++)
				for (int to = 0; to <= MEMBER_STATE_COUNT; to++) {
					struct evidence e = {
						.source = (enum evidence_source)source,
						.to = (enum member_state)to,
						.finding = { .code = (enum probe_code)code,
							     .phase = (enum evidence_phase)phase },
					};

					buf_clear(&b);
					evidence_sentence(&b, &e);
					assert_true(b.len > 10);
					assert_null(strstr(b.data, "  "));
				}
	buf_fini(&b);
}

static void names_come_from_the_tables(void **state)
{
	assert_string_equal(member_state_name(MEMBER_MAINT), "MAINT");
	assert_string_equal(member_state_text(MEMBER_UP), "serves");
	assert_string_equal(member_state_name(MEMBER_STATE_COUNT), "?");
	assert_string_equal(probe_code_name(CODE_L4CON), "L4CON");
	assert_string_equal(probe_code_text(CODE_L4CON), "connect failed");
	assert_string_equal(evidence_source_name(SOURCE_READINESS), "READINESS");
	assert_string_equal(evidence_source_text(SOURCE_ADMIN), "operator");
	assert_string_equal(evidence_phase_text(PHASE_NONE), "");
	assert_string_equal(evidence_phase_text(PHASE_TLS), "tls handshake");
}

static void who_serves_and_what_passes(void **state)
{
	static const enum member_state serving[] = { MEMBER_UP, MEMBER_DEGRADED, MEMBER_PROBATION };
	static const enum probe_code passing[] = { CODE_L4OK, CODE_L6OK, CODE_L7OK };
	unsigned n = 0;

	for (int s = 0; s <= MEMBER_STATE_COUNT; s++)
		n += member_state_serves((enum member_state)s);
	assert_int_equal(n, ROWS(serving));
	for (size_t i = 0; i < ROWS(serving); i++)
		assert_true(member_state_serves(serving[i]));
	n = 0;
	for (int c = 0; c <= PROBE_CODE_COUNT; c++)
		n += probe_code_passed((enum probe_code)c);
	assert_int_equal(n, ROWS(passing));
	for (size_t i = 0; i < ROWS(passing); i++)
		assert_true(probe_code_passed(passing[i]));
}

static void errno_names(void **state)
{
	assert_string_equal(errno_name(0), "");
	assert_string_equal(errno_name(ECONNREFUSED), "ECONNREFUSED");
	assert_string_equal(errno_name(ETIMEDOUT), "ETIMEDOUT");
	assert_string_equal(errno_name(99999), "errno?");
	assert_string_equal(errno_name(-1), "errno?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences_are_as_written_here),
		cmocka_unit_test(a_finding_alone_reads_well),
		cmocka_unit_test(every_record_has_a_sentence),
		cmocka_unit_test(names_come_from_the_tables),
		cmocka_unit_test(who_serves_and_what_passes),
		cmocka_unit_test(errno_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
