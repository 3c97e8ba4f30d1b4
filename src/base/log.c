/* SPDX-License-Identifier: MIT */
/*
 * The producers' side of logging: formats events and puts lines into the calling thread's ring.
 * Never writes a file, except to stderr for a thread that has no ring.
 */
#include "aorta/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "aorta/buf.h"
#include "aorta/clock.h"
#include "base/log_ring.h"

static _Thread_local struct log_ring *thread_ring;
static _Atomic enum log_format events_format = LOG_LOGFMT;
static _Atomic enum log_level least_level = LOG_INFO_;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_attach(struct log_ring *r)
{
	thread_ring = r;
}

void log_configure(enum log_format events, enum log_level least)
{
	atomic_store(&events_format, events);
	atomic_store(&least_level, least);
}

enum log_format log_events_format(void)
{
	return atomic_load_explicit(&events_format, memory_order_relaxed);
}

bool log_line(enum log_stream stream, const char *line, size_t n)
{
	if (thread_ring)
		return log_ring_push(thread_ring, stream, line, n);
	return fprintf(stderr, "%.*s\n", (int)n, line) >= 0;
}

void log_time(char out[LOG_TIME_BYTES], int64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	unsigned ms = (unsigned)(wall_us % 1000000 / 1000);
	struct tm tm;
	char text[LOG_TIME_BYTES + 8];

	if (!gmtime_r(&s, &tm))
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, LOG_TIME_BYTES, "%.19s.%03uZ", text, ms);
}

static void pair(struct buf *b, bool json, const char *key, struct slice value)
{
	if (json) {
		buf_putc(b, ',');
		buf_json(b, slice_str(key));
		buf_putc(b, ':');
		buf_json(b, value);
	} else {
		buf_printf(b, " %s=", key);
		buf_logfmt(b, value);
	}
}

static void format_event(struct buf *b, enum log_level level, const char *event,
			 const struct log_kv *kv, size_t n)
{
	bool json = log_events_format() == LOG_JSON;
	char when[LOG_TIME_BYTES];

	log_time(when, clock_wall_us());
	buf_printf(b, json ? "{\"time\":\"%s\"" : "time=%s", when);
	pair(b, json, "level", slice_str(level_names[level]));
	pair(b, json, "event", slice_str(event));
	for (size_t i = 0; i < n; i++)
		pair(b, json, kv[i].key, kv[i].value);
	if (json)
		buf_putc(b, '}');
}

void log_event(enum log_level level, const char *event, const struct log_kv *kv, size_t n)
{
	struct buf b;

	if (level < atomic_load_explicit(&least_level, memory_order_relaxed))
		return;
	buf_init(&b);
	format_event(&b, level, event, kv, n);
	if (!b.failed)
		log_line(LOG_EVENTS, b.data, b.len);
	buf_fini(&b);
}

void log_msg(enum log_level level, const char *event, const char *fmt, ...)
{
	char text[1024];
	struct log_kv kv = { "msg", { text, 0 } };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kv.value = slice_str(text);
	log_event(level, event, &kv, 1);
}
