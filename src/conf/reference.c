/* SPDX-License-Identifier: MIT */
/*
 * The reference part of aorta.conf(5), from the schema's rows, in man(7) macros. Only reads
 * const data. Any thread.
 */
#include <string.h>

#include "conf/schema.h"
#include "conf/value.h"

/* Text for roff: no line begins with a control character, hyphens and backslashes are literal. */
static void put_text(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '-')
			buf_puts(out, "\\-");
		else if (*s == '\\')
			buf_puts(out, "\\e");
		else
			buf_putc(out, *s);
	}
}

/* "WORD ARGS", the capitals of what is to be replaced in italics. */
static void put_usage(struct buf *out, const char *word, struct slice args)
{
	bool italic = false;

	buf_puts(out, "\\fB");
	put_text(out, word);
	buf_puts(out, "\\fR ");
	for (size_t i = 0; i < args.n; i++) {
		bool capital = args.p[i] >= 'A' && args.p[i] <= 'Z';

		if (capital != italic)
			buf_puts(out, capital ? "\\fI" : "\\fR");
		italic = capital;
		put_text(out, (char[]){ args.p[i], '\0' });
	}
	buf_puts(out, italic ? "\\fR\n" : "\n");
}

/* One line for each form of the directive. */
static void put_forms(struct buf *out, const struct directive *row)
{
	const char *p = row->args;

	for (bool first = true; p != NULL; first = false) {
		const char *nl = strchr(p, '\n');
		size_t n = nl ? (size_t)(nl - p) : strlen(p);

		buf_puts(out, first ? ".TP\n" : ".TQ\n");
		put_usage(out, row->word, slice_of(p, n));
		p = nl ? nl + 1 : NULL;
	}
}

static void put_value(struct buf *out, const struct directive *row, int64_t v)
{
	if (row->form == FORM_DURATION)
		value_put_duration(out, v);
	else if (row->form == FORM_SIZE)
		value_put_size(out, v);
	else if (row->form == FORM_PERCENT)
		buf_printf(out, "%lld%%", (long long)v);
	else
		buf_printf(out, "%lld", (long long)v);
}

static void put_facts(struct buf *out, const struct directive *row)
{
	if (row->http_only)
		buf_puts(out, "Only with http.\n");
	if (row->max > 0) {
		buf_puts(out, "From ");
		put_value(out, row, row->min);
		buf_puts(out, " to ");
		put_value(out, row, row->max);
		buf_puts(out, ".\n");
	}
	if (row->fallback != NULL || row->fallback_said != NULL) {
		buf_puts(out, "Default: ");
		put_text(out, row->fallback ? row->fallback : row->fallback_said);
		buf_puts(out, ".\n");
	}
	if (row->repeats)
		buf_puts(out, "May be given more than once.\n");
}

static void put_block(struct buf *out, const struct block *b)
{
	buf_puts(out, ".SS \"");
	put_text(out, b->usage);
	buf_puts(out, "\"\n");
	put_text(out, b->help);
	buf_putc(out, '\n');
	for (unsigned i = 0; i < b->n_rows; i++) {
		put_forms(out, &b->rows[i]);
		put_text(out, b->rows[i].help);
		buf_putc(out, '\n');
		put_facts(out, &b->rows[i]);
	}
}

void conf_reference(struct buf *out)
{
	for (unsigned i = 0; BLOCKS[i] != NULL; i++)
		put_block(out, BLOCKS[i]);
}
