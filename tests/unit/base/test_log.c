/* SPDX-License-Identifier: MIT */
/* Logging: the ring under one thread and two, and the lines of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aorta/log.h"
#include "aorta/rng.h"

#define RING 4096 /* the smallest there is */

static size_t pop(struct log_ring *r, enum log_stream *stream, char *out, size_t cap)
{
	size_t n = SIZE_MAX;

	return log_ring_pop(r, stream, out, cap, &n) ? n : SIZE_MAX;
}

static void lines_come_out_as_they_went_in(void **state)
{
	struct log_ring *r = log_ring_new(1);
	enum log_stream stream;
	char out[64];

	assert_non_null(r);
	log_attach(r);
	assert_int_equal(pop(r, &stream, out, sizeof(out)), SIZE_MAX);
	assert_true(log_line(LOG_EVENTS, "one", 3));
	assert_true(log_line(LOG_ACCESS, "", 0));
	assert_true(log_line(LOG_ACCESS, "a\0b", 3));
	assert_int_equal(pop(r, &stream, out, sizeof(out)), 3);
	assert_int_equal(stream, LOG_EVENTS);
	assert_memory_equal(out, "one", 3);
	assert_int_equal(pop(r, &stream, out, sizeof(out)), 0);
	assert_int_equal(stream, LOG_ACCESS);
	assert_int_equal(pop(r, &stream, out, sizeof(out)), 3);
	assert_memory_equal(out, "a\0b", 3);
	assert_int_equal(pop(r, &stream, out, sizeof(out)), SIZE_MAX);
	log_attach(NULL);
	log_ring_free(r);
	log_ring_free(NULL);
}

static void a_long_line_is_cut_for_a_small_reader(void **state)
{
	struct log_ring *r = log_ring_new(RING);
	enum log_stream stream;
	char out[5] = "....";

	log_attach(r);
	assert_true(log_line(LOG_EVENTS, "0123456789", 10));
	assert_true(log_line(LOG_EVENTS, "next", 4));
	assert_int_equal(pop(r, &stream, out, 4), 4);
	assert_string_equal(out, "0123");
	assert_int_equal(pop(r, &stream, out, 4), 4);
	assert_string_equal(out, "next");
	log_attach(NULL);
	log_ring_free(r);
}

/* Lengths that never divide the ring: every place in it is once a line's beginning or middle. */
static void lines_wrap_round_the_end(void **state)
{
	struct log_ring *r = log_ring_new(RING);
	char line[600], out[600];
	enum log_stream stream;
	struct rng rng;

	log_attach(r);
	rng_seed(&rng, 12);
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = rng_below(&rng, sizeof(line));

		memset(line, (int)('a' + i % 26), n);
		assert_true(log_line(i % 2 ? LOG_ACCESS : LOG_EVENTS, line, n));
		assert_int_equal(pop(r, &stream, out, sizeof(out)), n);
		assert_int_equal(stream, i % 2 ? LOG_ACCESS : LOG_EVENTS);
		assert_memory_equal(out, line, n);
	}
	assert_int_equal(log_ring_dropped(r), 0);
	log_attach(NULL);
	log_ring_free(r);
}

static void a_full_ring_drops_the_new_and_counts(void **state)
{
	struct log_ring *r = log_ring_new(RING);
	char line[100] = "", out[100], *huge = calloc(1, RING);
	unsigned kept = 0, dropped = 0;
	enum log_stream stream;

	log_attach(r);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "line %u", i);
		if (log_line(LOG_EVENTS, line, sizeof(line)))
			kept++;
		else
			dropped++;
	}
	assert_int_equal(kept, RING / (sizeof(line) + 4)); /* 4: the head of a line */
	assert_int_equal(log_ring_dropped(r), dropped);
	for (unsigned i = 0; i < kept; i++) {
		snprintf(line, sizeof(line), "line %u", i);
		assert_int_equal(pop(r, &stream, out, sizeof(out)), sizeof(out));
		assert_string_equal(out, line);
	}
	assert_int_equal(pop(r, &stream, out, sizeof(out)), SIZE_MAX);
	assert_true(log_line(LOG_EVENTS, line, sizeof(line))); /* there is room again */
	assert_int_equal(pop(r, &stream, out, sizeof(out)), sizeof(out));
	assert_false(log_line(LOG_EVENTS, huge, RING)); /* would never fit */
	assert_true(log_line(LOG_EVENTS, huge, RING - 4));
	assert_false(log_line(LOG_EVENTS, "", 0));
	assert_int_equal(log_ring_dropped(r), dropped + 2);
	log_attach(NULL);
	log_ring_free(r);
	free(huge);
}

#define LINES 200000

struct producer {
	struct log_ring *ring;
	unsigned kept;
	_Atomic bool done;
};

/* A line's length and bytes follow from its number, so that a torn one is recognised. */
static size_t numbered_line(char *line, unsigned i)
{
	size_t n = 8 + i * 7 % 90;

	memset(line, (int)('a' + i % 26), n);
	memcpy(line, &i, sizeof(i));
	return n;
}

static void *produce(void *arg)
{
	struct producer *p = arg;
	char line[128];

	log_attach(p->ring);
	for (unsigned i = 0; i < LINES; i++) {
		size_t n = numbered_line(line, i);

		p->kept += log_line(LOG_ACCESS, line, n);
	}
	log_attach(NULL);
	atomic_store(&p->done, true);
	return NULL;
}

static void two_threads_lose_nothing_but_what_is_counted(void **state)
{
	struct producer p = { .ring = log_ring_new(RING) };
	unsigned taken = 0, next = 0;
	pthread_t thread;
	bool last = false;

	assert_int_equal(pthread_create(&thread, NULL, produce, &p), 0);
	/* After the producer is done, one more round to the bottom. */
	for (bool done = false; !last; last = done) {
		enum log_stream stream;
		char line[128], expected[128];
		size_t n;

		done = atomic_load(&p.done);
		while (log_ring_pop(p.ring, &stream, line, sizeof(line), &n)) {
			unsigned i;

			memcpy(&i, line, sizeof(i));
			assert_true(i >= next && i < LINES);
			next = i + 1;
			taken++;
			assert_int_equal(stream, LOG_ACCESS);
			assert_int_equal(n, numbered_line(expected, i));
			assert_memory_equal(line, expected, n);
		}
		sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(taken, p.kept);
	assert_int_equal(taken + log_ring_dropped(p.ring), LINES);
	assert_true(taken > 0);
	log_ring_free(p.ring);
}

/* The line of the last event without its time, which has to look like one. */
static const char *event_line(struct log_ring *r, char *out, size_t cap, const char *before)
{
	enum log_stream stream;
	size_t n = pop(r, &stream, out, cap - 1);

	assert_true(n < cap);
	assert_int_equal(stream, LOG_EVENTS);
	out[n] = '\0';
	assert_memory_equal(out, before, strlen(before));
	assert_int_equal(out[strlen(before) + 23], 'Z');
	return out + strlen(before) + 24;
}

static void events_are_logfmt_or_json(void **state)
{
	const struct log_kv kv[] = {
		{ "member", SLICE_INIT("web/a") },
		{ "why", SLICE_INIT("3 of 3 failed: \"x\"") },
	};
	struct log_ring *r = log_ring_new(RING);
	char out[512];

	log_attach(r);
	log_configure(LOG_LOGFMT, LOG_INFO_);
	log_event(LOG_WARN_, "member_state", kv, 2);
	assert_string_equal(event_line(r, out, sizeof(out), "time="),
			    " level=warn event=member_state member=web/a "
			    "why=\"3 of 3 failed: \\\"x\\\"\"");
	log_configure(LOG_JSON, LOG_INFO_);
	log_event(LOG_ERROR_, "member_state", kv, 2);
	assert_string_equal(event_line(r, out, sizeof(out), "{\"time\":\""),
			    "\",\"level\":\"error\",\"event\":\"member_state\","
			    "\"member\":\"web/a\",\"why\":\"3 of 3 failed: \\\"x\\\"\"}");
	log_configure(LOG_LOGFMT, LOG_INFO_);
	log_msg(LOG_INFO_, "start", "%d workers", 4);
	assert_string_equal(event_line(r, out, sizeof(out), "time="),
			    " level=info event=start msg=\"4 workers\"");
	log_attach(NULL);
	log_ring_free(r);
}

static void events_below_the_level_are_not_logged(void **state)
{
	struct log_ring *r = log_ring_new(RING);
	enum log_stream stream;
	char out[512];

	log_attach(r);
	log_configure(LOG_LOGFMT, LOG_WARN_);
	log_msg(LOG_INFO_, "quiet", "x");
	log_msg(LOG_DEBUG_, "quiet", "x");
	assert_int_equal(pop(r, &stream, out, sizeof(out)), SIZE_MAX);
	log_msg(LOG_WARN_, "loud", "x");
	assert_true(pop(r, &stream, out, sizeof(out)) != SIZE_MAX);
	log_configure(LOG_LOGFMT, LOG_DEBUG_);
	log_msg(LOG_DEBUG_, "now", "x");
	assert_true(pop(r, &stream, out, sizeof(out)) != SIZE_MAX);
	log_configure(LOG_LOGFMT, LOG_INFO_);
	log_attach(NULL);
	log_ring_free(r);
}

static void times_are_rfc_3339(void **state)
{
	char out[LOG_TIME_BYTES];

	log_time(out, 0);
	assert_string_equal(out, "1970-01-01T00:00:00.000Z");
	log_time(out, 951782399999999);
	assert_string_equal(out, "2000-02-28T23:59:59.999Z");
	log_time(out, 951782400001000);
	assert_string_equal(out, "2000-02-29T00:00:00.001Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_out_as_they_went_in),
		cmocka_unit_test(a_long_line_is_cut_for_a_small_reader),
		cmocka_unit_test(lines_wrap_round_the_end),
		cmocka_unit_test(a_full_ring_drops_the_new_and_counts),
		cmocka_unit_test(two_threads_lose_nothing_but_what_is_counted),
		cmocka_unit_test(events_are_logfmt_or_json),
		cmocka_unit_test(events_below_the_level_are_not_logged),
		cmocka_unit_test(times_are_rfc_3339),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
