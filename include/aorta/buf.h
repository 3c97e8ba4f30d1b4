/* SPDX-License-Identifier: MIT */
/*
 * A growable byte buffer for cold paths: pages, messages, dumps. Not for the data path.
 *
 * A failed allocation sets `failed` and makes every later call do nothing, so that a caller
 * builds a whole text and looks once at the end. The holder of the struct owns the memory.
 */
#ifndef AORTA_BUF_H
#define AORTA_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aorta/slice.h"

struct buf {
	char *data; /* owns; always NUL-terminated when not NULL */
	size_t len; /* bytes used, without the NUL */
	size_t cap; /* bytes allocated */
	bool failed;
};

void buf_init(struct buf *b);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_slice(struct buf *b, struct slice s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD (RFC 8259 7 and 8.1). */
void buf_json(struct buf *b, struct slice s);
/* Text for HTML element content and quoted attributes. */
void buf_html(struct buf *b, struct slice s);
/* A logfmt value: bare when it can be, else quoted with \" \\ \n \xNN and \uNNNN escapes. */
void buf_logfmt(struct buf *b, struct slice s);
/* A duration for people: "340us", "12ms", "3.2s", "4m 10s", "2h 5m", "3d 4h". */
void buf_duration_us(struct buf *b, int64_t us);

/* NUL-terminated contents, "" when empty. Borrowed until the next call on `b`. */
static inline const char *buf_cstr(const struct buf *b)
{
	return b->data ? b->data : "";
}

static inline struct slice buf_as_slice(const struct buf *b)
{
	return (struct slice){ b->data, b->len };
}

#endif
