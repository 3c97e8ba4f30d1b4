/* SPDX-License-Identifier: MIT */
/*
 * Formatting access lines: JSON or the combined format. Runs on the worker's thread, allocates
 * nothing, and puts the finished line into the worker's ring: full means dropped and counted.
 */
#include "proxy/access_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* A line is cut here; the request line can take most of it. */
#define LINE_BYTES 8192
/* A single value is cut here, so that the fields after it still fit. */
#define VALUE_BYTES 2048

struct line {
	char text[LINE_BYTES];
	size_t n;
};

static void put(struct line *l, const char *p, size_t n)
{
	if (n > LINE_BYTES - l->n)
		n = LINE_BYTES - l->n;
	memcpy(l->text + l->n, p, n);
	l->n += n;
}

static void put_fmt(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put_fmt(struct line *l, const char *fmt, ...)
{
	size_t room = LINE_BYTES - l->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->n, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n < room ? (size_t)n : room - 1;
}

/* Between quotes: what is not printable ASCII becomes \xNN (combined) or \u00NN (JSON). */
static void put_escaped(struct line *l, struct slice s, bool json)
{
	size_t n = s.n < VALUE_BYTES ? s.n : VALUE_BYTES;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			put_fmt(l, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			put_fmt(l, json ? "\\u%04x" : "\\x%02x", (unsigned)c);
		else
			put(l, (const char *)&c, 1);
	}
}

static void put_json_text(struct line *l, const char *key, struct slice value)
{
	put_fmt(l, ",\"%s\":\"", key);
	put_escaped(l, value, true);
	put(l, "\"", 1);
}

static struct slice nth_word(struct slice line, unsigned n)
{
	struct slice word = line;

	for (unsigned i = 0;; i++) {
		const char *space = word.n ? memchr(word.p, ' ', word.n) : NULL;
		size_t len = space ? (size_t)(space - word.p) : word.n;

		if (i == n)
			return slice_of(word.p, len);
		word = space ? slice_of(space + 1, word.n - len - 1) : slice_of(NULL, 0);
	}
}

static void format_json(struct line *l, struct session *s, const struct access_record *r,
			const char *client)
{
	char when[LOG_TIME_BYTES];

	log_time(when, worker_wall(s->w));
	put_fmt(l, "{\"time\":\"%s\",\"mode\":\"%s\",\"client\":\"%s\",\"port\":%u", when,
		r->mode ? r->mode : "http", client, addr_port(&s->peer));
	put_json_text(l, "listener", slice_str(s->listener->conf->name));
	if (r->request_line.n) {
		put_json_text(l, "method", nth_word(r->request_line, 0));
		put_json_text(l, "host", r->host);
		put_json_text(l, "path", nth_word(r->request_line, 1));
	}
	if (r->pool)
		put_json_text(l, "pool", slice_str(r->pool));
	if (r->member)
		put_json_text(l, "member", slice_str(r->member));
	if (r->status)
		put_fmt(l, ",\"status\":%u", r->status);
	/* How it went with the member, or why we answered ourselves. */
	if (r->own == OWN_NONE)
		put_json_text(l, "outcome", slice_str(outcome_name(r->outcome)));
	else
		put_json_text(l, "error", slice_str(own_error_word(r->own)));
	put_fmt(l, ",\"tries\":%u,\"bytes_in\":%llu,\"bytes_out\":%llu,\"duration_ms\":%.3f",
		r->tries, (unsigned long long)r->bytes_in, (unsigned long long)r->bytes_out,
		(double)r->total_us / 1e3);
	if (r->member_us >= 0)
		put_fmt(l, ",\"member_ms\":%.3f", (double)r->member_us / 1e3);
	put(l, "}", 1);
}

/* NCSA combined: host ident user [time] "request" status bytes "referer" "user agent". */
static void format_combined(struct line *l, struct session *s, const struct access_record *r,
			    const char *client)
{
	time_t now = (time_t)(worker_wall(s->w) / 1000000);
	char when[40];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%d/%b/%Y:%H:%M:%S +0000", &tm);
	put_fmt(l, "%s - - [%s] \"", client, when);
	put_escaped(l, r->request_line.n ? r->request_line : SLICE_LIT("-"), false);
	put_fmt(l, "\" %u %llu \"", r->status, (unsigned long long)r->body_out);
	put_escaped(l, r->referer.n ? r->referer : SLICE_LIT("-"), false);
	put(l, "\" \"", 3);
	put_escaped(l, r->user_agent.n ? r->user_agent : SLICE_LIT("-"), false);
	put(l, "\"", 1);
}

void access_log_write(struct session *s, const struct access_record *r)
{
	char client[ADDR_TEXT_BYTES];
	struct line l;

	l.n = 0;
	addr_print_host(&s->peer, client);
	if (s->listener->gen->g->conf->log.access_format == LOG_COMBINED)
		format_combined(&l, s, r, client);
	else
		format_json(&l, s, r, client);
	log_line(LOG_ACCESS, l.text, l.n);
}
