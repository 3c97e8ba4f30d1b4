/* SPDX-License-Identifier: MIT */
/*
 * Logging, seen from the threads that have something to say.
 *
 * A thread attaches a ring of its own and from then on only copies finished lines into it; the
 * log thread takes them out and writes them. A full ring drops the line and counts it: nobody
 * is ever held up. A thread without a ring (start-up, `aorta -t`) writes to stderr at once.
 */
#ifndef AORTA_LOG_H
#define AORTA_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aorta/slice.h"

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };
enum log_stream { LOG_EVENTS, LOG_ACCESS, LOG_STREAMS };
enum log_format { LOG_LOGFMT, LOG_JSON, LOG_COMBINED };

/* One single-producer single-consumer ring of lines. */
struct log_ring;

/* `bytes` is rounded up to a power of two. NULL when out of memory. */
struct log_ring *log_ring_new(size_t bytes);
void log_ring_free(struct log_ring *r);
/* From now on the calling thread's lines go to `r` (borrowed); NULL detaches. */
void log_attach(struct log_ring *r);

/* Producer: one line, without its newline. False when it was dropped (and counted). */
bool log_line(enum log_stream stream, const char *line, size_t n);

/* Consumer: copies the oldest line to `out` (cap bytes; longer ones are cut). False when empty. */
bool log_ring_pop(struct log_ring *r, enum log_stream *stream, char *out, size_t cap, size_t *n);
uint64_t log_ring_dropped(const struct log_ring *r); /* any thread */

/* Process-wide settings, set by the control thread, read by all. */
void log_configure(enum log_format events, enum log_level least);
enum log_format log_events_format(void);

struct log_kv {
	const char *key;
	struct slice value;
};

/*
 * One event: a line with time, level, the event's name and `n` pairs, in the format configured
 * for events. Any thread.
 */
void log_event(enum log_level level, const char *event, const struct log_kv *kv, size_t n);
/* An event with one printf-like `msg` field. */
void log_msg(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* RFC 3339 in UTC with milliseconds, 24 characters and a NUL. `wall_us`: since the epoch. */
#define LOG_TIME_BYTES 25
void log_time(char out[LOG_TIME_BYTES], int64_t wall_us);

#endif
