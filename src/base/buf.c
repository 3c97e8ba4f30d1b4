/* SPDX-License-Identifier: MIT */
/*
 * The growable text buffer and the escapes of the languages that are written with it. The holder
 * of a `struct buf` owns its memory. Cold paths only.
 */
#include "aorta/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

/* Room for `n` more bytes and the NUL. */
static bool reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *data;

	if (b->failed)
		return false;
	if (__builtin_add_overflow(b->len, n, &need) || __builtin_add_overflow(need, 1u, &need)) {
		b->failed = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_slice(struct buf *b, struct slice s)
{
	buf_put(b, s.p, s.n);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->failed = true;
	else if (reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

/*
 * The length of the UTF-8 sequence at the front of `s` (RFC 3629, 4: no overlong forms, no
 * surrogates, nothing above U+10FFFF); 0 when there is none.
 */
static size_t utf8_len(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (s.n < n)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++) {
		unsigned char t = (unsigned char)s.p[i];

		if (t < low || t > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

/* The escape that a character needs inside a JSON string, or NULL. */
static const char *json_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void buf_json(struct buf *b, struct slice s)
{
	buf_putc(b, '"');
	while (s.n) {
		size_t n = utf8_len(s);
		const char *escape = json_escape(s.p[0]);

		if (n == 0) {
			buf_puts(b, "\xef\xbf\xbd");
			n = 1;
		} else if (escape) {
			buf_puts(b, escape);
		} else if ((unsigned char)s.p[0] < 0x20 || s.p[0] == 0x7f) {
			buf_printf(b, "\\u%04x", (unsigned)(unsigned char)s.p[0]);
		} else {
			buf_put(b, s.p, n);
		}
		s.p += n;
		s.n -= n;
	}
	buf_putc(b, '"');
}

void buf_html(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		case '\'':
			buf_puts(b, "&#39;");
			break;
		default:
			buf_putc(b, s.p[i]);
		}
	}
}

static bool logfmt_bare(struct slice s)
{
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
			return false;
	}
	return true;
}

/* U+0080..U+009F: a terminal takes them for control sequences. */
static bool is_c1(const char *p, size_t n)
{
	return n == 2 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0;
}

void buf_logfmt(struct buf *b, struct slice s)
{
	if (logfmt_bare(s)) {
		buf_slice(b, s);
		return;
	}
	buf_putc(b, '"');
	while (s.n) {
		size_t n = utf8_len(s);
		const char *escape = json_escape(s.p[0]);

		if (escape)
			buf_puts(b, escape);
		else if (n == 0 || (unsigned char)s.p[0] < 0x20 || s.p[0] == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned)(unsigned char)s.p[0]);
		else if (is_c1(s.p, n))
			buf_printf(b, "\\u%04x", (unsigned)(unsigned char)s.p[1]);
		else
			buf_put(b, s.p, n);
		n = n ? n : 1;
		s.p += n;
		s.n -= n;
	}
	buf_putc(b, '"');
}

void buf_duration_us(struct buf *b, int64_t us)
{
	int64_t s = us / 1000000;

	if (us < 1000)
		buf_printf(b, "%lldus", (long long)us);
	else if (us < 10000)
		buf_printf(b, "%.1fms", (double)us / 1e3);
	else if (us < 1000000)
		buf_printf(b, "%lldms", (long long)(us / 1000));
	else if (us < 10000000)
		buf_printf(b, "%.1fs", (double)us / 1e6);
	else if (s < 60)
		buf_printf(b, "%llds", (long long)s);
	else if (s < 3600)
		buf_printf(b, "%lldm %llds", (long long)(s / 60), (long long)(s % 60));
	else if (s < 86400)
		buf_printf(b, "%lldh %lldm", (long long)(s / 3600), (long long)(s % 3600 / 60));
	else
		buf_printf(b, "%lldd %lldh", (long long)(s / 86400), (long long)(s % 86400 / 3600));
}
