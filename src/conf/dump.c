/* SPDX-License-Identifier: MIT */
/*
 * A configuration printed as a file that loads to the same tree: defaults and what was derived
 * are written out, environment and includes are resolved. Driven by the schema's rows; those of
 * own form print themselves. Only reads. Any thread.
 */
#include "conf/dump.h"

#include <stdarg.h>
#include <string.h>

#include "conf/value.h"

void dump_begin(struct dump *d, const char *word)
{
	for (unsigned i = 0; i < d->depth; i++)
		buf_putc(d->out, '\t');
	buf_puts(d->out, word);
}

/* Reads back as a bare word. */
static bool is_bare(const char *text)
{
	static const char SAFE[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_./:*@%+=,-[]?&!<>()|^";

	return text[0] != '\0' && text[strspn(text, SAFE)] == '\0';
}

static void put_escaped(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '"':
		case '\\':
			buf_putc(b, '\\');
			buf_putc(b, *text);
			break;
		case '\n':
			buf_puts(b, "\\n");
			break;
		case '\t':
			buf_puts(b, "\\t");
			break;
		case '\r':
			buf_puts(b, "\\r");
			break;
		case '$':
			buf_puts(b, text[1] == '{' ? "\\$" : "$");
			break;
		default:
			buf_putc(b, *text);
		}
	}
}

void dump_word(struct dump *d, const char *text)
{
	buf_putc(d->out, ' ');
	if (is_bare(text)) {
		buf_puts(d->out, text);
		return;
	}
	buf_putc(d->out, '"');
	put_escaped(d->out, text);
	buf_putc(d->out, '"');
}

void dump_printf(struct dump *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_putc(d->out, ' ');
	buf_vprintf(d->out, fmt, ap);
	va_end(ap);
}

void dump_pattern(struct dump *d, const struct pattern *p)
{
	buf_puts(d->out, " ~ \"");
	put_escaped(d->out, pattern_source(p));
	buf_putc(d->out, '"');
}

void dump_statuses(struct dump *d, const struct conf_status_range *at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (at[i].first == at[i].last)
			dump_printf(d, "%u", at[i].first);
		else
			dump_printf(d, "%u-%u", at[i].first, at[i].last);
	}
}

void dump_addr(struct dump *d, const char *word, const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];

	addr_print(a, text);
	dump_begin(d, word);
	dump_word(d, text);
	dump_end(d);
}

void dump_end(struct dump *d)
{
	buf_puts(d->out, ";\n");
}

static int64_t row_value(const struct directive *row, const void *from)
{
	const char *at = (const char *)from + row->offset;

	switch (row->form) {
	case FORM_DURATION:
		return *(const int64_t *)(const void *)at;
	case FORM_SIZE:
		return (int64_t) * (const uint64_t *)(const void *)at;
	case FORM_COUNT:
	case FORM_PERCENT:
	case FORM_CHOICE:
		return *(const unsigned *)(const void *)at;
	case FORM_OWN:
		break;
	}
	return 0;
}

static void dump_value(struct dump *d, const struct directive *row, int64_t v)
{
	buf_putc(d->out, ' ');
	switch (row->form) {
	case FORM_DURATION:
		value_put_duration(d->out, v);
		break;
	case FORM_SIZE:
		value_put_size(d->out, v);
		break;
	case FORM_PERCENT:
		buf_printf(d->out, "%lld%%", (long long)v);
		break;
	case FORM_CHOICE:
		buf_puts(d->out, choice_word(row->choices, (int)v));
		break;
	case FORM_COUNT:
	case FORM_OWN:
		buf_printf(d->out, "%lld", (long long)v);
		break;
	}
}

static void dump_row(struct dump *d, const struct directive *row, const void *from)
{
	int64_t v;

	if (row->http_only && !d->http)
		return;
	if (row->form == FORM_OWN) {
		row->write(d, row, from);
		return;
	}
	v = row_value(row, from);
	if (v == 0 && row->min > 0)
		return; /* not given, and decided elsewhere */
	dump_begin(d, row->word);
	dump_value(d, row, v);
	dump_end(d);
}

static void dump_rows(struct dump *d, const struct block *b, const void *from)
{
	for (unsigned i = 0; i < b->n_rows; i++)
		dump_row(d, &b->rows[i], from);
}

void dump_block(struct dump *d, const struct block *b, const void *from, bool http)
{
	bool outer = d->http;

	d->http = http;
	d->depth++;
	buf_puts(d->out, " {\n");
	dump_rows(d, b, from);
	d->depth--;
	dump_begin(d, "}\n");
	d->http = outer;
}

void conf_dump(const struct conf *c, struct buf *out)
{
	struct dump d = { .out = out, .conf = c };

	dump_rows(&d, &BLOCK_TOP, c);
}
