/* SPDX-License-Identifier: MIT */
/*
 * The list of what is wrong with a configuration, each with the line it is about, and how it
 * is printed for people. The caller of conf_load() owns the list; problems are added by the
 * load only. One thread.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/load.h"

void conf_problems_init(struct conf_problems *p)
{
	*p = (struct conf_problems){ 0 };
}

void conf_problems_fini(struct conf_problems *p)
{
	free(p->at);
	*p = (struct conf_problems){ 0 };
}

/* NULL when the list is full or memory is out: then the problem is only counted. */
static struct conf_problem *problems_push(struct conf_problems *p)
{
	if (p->n == p->cap && p->n < CONF_PROBLEMS_MAX) {
		unsigned cap = p->cap ? p->cap * 2 : 8;
		struct conf_problem *bigger;

		if (cap > CONF_PROBLEMS_MAX)
			cap = CONF_PROBLEMS_MAX;
		bigger = reallocarray(p->at, cap, sizeof(*bigger));
		if (bigger != NULL) {
			p->at = bigger;
			p->cap = cap;
		}
	}
	if (p->n == p->cap) {
		p->suppressed++;
		return NULL;
	}
	memset(&p->at[p->n], 0, sizeof(p->at[p->n]));
	return &p->at[p->n++];
}

/* ---- the line ---- */

static void index_lines(struct source *s)
{
	const char *p = s->text.p, *stop = p + s->text.n;
	size_t n = 1;

	for (const char *q = p; q < stop && (q = memchr(q, '\n', (size_t)(stop - q))) != NULL; q++)
		n++;
	s->lines = calloc(n, sizeof(*s->lines));
	if (s->lines == NULL)
		return;
	s->n_lines = 1;
	for (const char *q = p; q < stop && (q = memchr(q, '\n', (size_t)(stop - q))) != NULL; q++)
		s->lines[s->n_lines++] = (size_t)(q - p) + 1;
}

/* Line `line` (1..) without its end. */
static struct slice source_line(struct source *s, unsigned line)
{
	const char *start, *nl;
	size_t rest;

	if (s->text.n == 0)
		return slice_of(NULL, 0);
	if (s->lines == NULL)
		index_lines(s);
	if (line == 0 || line > s->n_lines)
		return slice_of(NULL, 0);
	start = s->text.p + s->lines[line - 1];
	rest = s->text.n - s->lines[line - 1];
	nl = memchr(start, '\n', rest);
	if (nl != NULL)
		rest = (size_t)(nl - start);
	if (rest > 0 && start[rest - 1] == '\r')
		rest--;
	return slice_of(start, rest);
}

static bool is_continuation(char c) /* of a UTF-8 sequence */
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Of a line too long to show, a part around the place. */
#define SHOWN_BYTES  ((size_t)160)
#define SHOWN_BEFORE ((size_t)80)

/* Copies the part of `line` around byte `at`, and counts the characters up to it. */
static void show_line(struct conf_problem *out, struct slice line, size_t at)
{
	size_t from, n = 0, to;

	if (at > line.n)
		at = line.n;
	from = at > SHOWN_BYTES - 20 ? at - SHOWN_BEFORE : 0;
	while (from < line.n && from > 0 && is_continuation(line.p[from]))
		from++;
	to = line.n - from > SHOWN_BYTES ? from + SHOWN_BYTES : line.n;
	while (to < line.n && to > from && is_continuation(line.p[to]))
		to--;
	out->caret = 1;
	if (from > 0) {
		memcpy(out->source, "...", 3);
		n = 3;
		out->caret += 3;
	}
	for (size_t i = from; i < to; i++) {
		char c = line.p[i];

		out->source[n++] = ((unsigned char)c < 0x20 || c == 0x7f) ? ' ' : c;
		if (i < at && !is_continuation(c))
			out->caret++;
	}
	out->source[n] = '\0';
}

static struct source *source_of(struct load *l, const char *file)
{
	for (struct source *s = l->sources; s != NULL; s = s->next)
		if (s->name == file)
			return s;
	return NULL;
}

/* ---- adding ---- */

static void copy_cut(char *out, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memcpy(out, text, n);
	out[n] = '\0';
}

__attribute__((format(printf, 4, 0))) static void
problem_v(struct load *l, struct conf_place at, const char *nearest, const char *fmt, va_list ap)
{
	struct conf_problem *p = problems_push(l->problems);
	struct source *s;

	if (p == NULL)
		return;
	p->err.code = ERR_CONFIG;
	p->err.line = at.line;
	p->err.col = at.col;
	copy_cut(p->err.file, sizeof(p->err.file), at.file ? at.file : "");
	vsnprintf(p->err.message, sizeof(p->err.message), fmt, ap);
	if (nearest != NULL)
		copy_cut(p->nearest, sizeof(p->nearest), nearest);
	s = at.line ? source_of(l, at.file) : NULL;
	if (s != NULL)
		show_line(p, source_line(s, at.line), at.col - 1);
}

void problem(struct load *l, struct conf_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_v(l, at, NULL, fmt, ap);
	va_end(ap);
}

void problem_near(struct load *l, struct conf_place at, const char *nearest, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_v(l, at, nearest, fmt, ap);
	va_end(ap);
}

/* ---- order ---- */

static unsigned file_order(const struct load *l, const struct conf_problem *p)
{
	for (const struct source *s = l->sources; s != NULL; s = s->next)
		if (strncmp(s->name, p->err.file, sizeof(p->err.file) - 1) == 0)
			return s->order;
	return 0;
}

static bool comes_before(const struct load *l, const struct conf_problem *a,
			 const struct conf_problem *b)
{
	unsigned fa, fb;

	if (strcmp(a->err.file, b->err.file) != 0) {
		fa = file_order(l, a);
		fb = file_order(l, b);
		if (fa != fb)
			return fa < fb;
	}
	if (a->err.line != b->err.line)
		return a->err.line < b->err.line;
	return a->err.col < b->err.col;
}

/* By insertion: stable, and the list is short and nearly in order. */
void problems_sort(struct load *l)
{
	struct conf_problems *p = l->problems;

	for (unsigned i = 1; i < p->n; i++) {
		struct conf_problem moved = p->at[i];
		unsigned j = i;

		for (; j > 0 && comes_before(l, &moved, &p->at[j - 1]); j--)
			p->at[j] = p->at[j - 1];
		p->at[j] = moved;
	}
}

/* ---- printing ---- */

static void print_one(const struct conf_problem *p, struct buf *out)
{
	if (p->err.line != 0)
		buf_printf(out, "%s:%u:%u: ", p->err.file, p->err.line, p->err.col);
	else if (p->err.file[0] != '\0')
		buf_printf(out, "%s: ", p->err.file);
	buf_printf(out, "%s\n", p->err.message);
	if (p->source[0] != '\0')
		buf_printf(out, "    %s\n    %*s\n", p->source, (int)p->caret, "^");
	if (p->nearest[0] != '\0')
		buf_printf(out, "    did you mean '%s'?\n", p->nearest);
}

void conf_problems_print(const struct conf_problems *p, struct buf *out)
{
	for (unsigned i = 0; i < p->n; i++)
		print_one(&p->at[i], out);
	if (p->suppressed > 0)
		buf_printf(out, "and %u more\n", p->suppressed);
}
