/* SPDX-License-Identifier: MIT */
/*
 * Readers of single words: each makes one word into one value or records what is wrong with
 * it. Own nothing but the patterns, which the tree takes. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/nearest.h"
#include "conf/schema.h"
#include "conf/value.h"

/* ---- numbers ---- */

struct number_kind {
	const char *name, *example;
	enum value_result (*read)(const char *text, int64_t *out);
	void (*put)(struct buf *b, int64_t v);
};

static void put_count(struct buf *b, int64_t v)
{
	buf_printf(b, "%lld", (long long)v);
}

static void put_percent(struct buf *b, int64_t v)
{
	buf_printf(b, "%lld%%", (long long)v);
}

static const struct number_kind NUMBERS[] = {
	[FORM_DURATION] = { "duration", "a number with its unit, such as 200ms, 2s, 5m, 1h or 7d",
			    value_duration, value_put_duration },
	[FORM_SIZE] = { "size", "a number of bytes, such as 300, 16k or 64m", value_size,
			value_put_size },
	[FORM_COUNT] = { "number", "digits", value_count, put_count },
	[FORM_PERCENT] = { "share", "a number and a percent sign, such as 40%", value_percent,
			   put_percent },
};

static void out_of_range(struct load *l, const struct word *w, const char *what,
			 const struct number_kind *kind, int64_t min, int64_t max)
{
	struct buf range;

	buf_init(&range);
	kind->put(&range, min);
	buf_puts(&range, " to ");
	kind->put(&range, max);
	problem(l, w->place, "%s is %s, not %.60s", what, buf_cstr(&range), w->text);
	buf_fini(&range);
}

/* `l` is NULL for a default of the table, which is right or a bug. */
static bool arg_number(struct load *l, const struct word *w, const char *what, enum form form,
		       int64_t min, int64_t max, int64_t *out)
{
	const struct number_kind *kind = &NUMBERS[form];
	enum value_result r = kind->read(w->text, out);

	if (r == VALUE_OK && *out >= min && *out <= max)
		return true;
	if (l == NULL)
		return false;
	if (r == VALUE_OK || r == VALUE_TOO_BIG)
		out_of_range(l, w, what, kind, min, max);
	else if (r == VALUE_NO_UNIT)
		problem(l, w->place, "%s: '%.60s' has no unit; expected %s", what, w->text,
			kind->example);
	else
		problem(l, w->place, "%s: '%.60s' is not a %s; expected %s", what, w->text,
			kind->name, kind->example);
	return false;
}

bool arg_count(struct load *l, const struct word *w, const char *what, int64_t min, int64_t max,
	       int64_t *out)
{
	return arg_number(l, w, what, FORM_COUNT, min, max, out);
}

/* ---- words ---- */

static void not_one_of(struct load *l, const struct word *w, const char *what,
		       const struct choice *choices)
{
	struct nearest near;
	struct buf list;

	buf_init(&list);
	nearest_init(&near, w->text);
	for (const struct choice *c = choices; c->word != NULL; c++) {
		nearest_offer(&near, c->word);
		buf_printf(&list, "%s%s", c == choices ? "" : c[1].word ? ", " : " or ", c->word);
	}
	problem_near(l, w->place, near.best, "%s is %s, not '%.60s'", what, buf_cstr(&list),
		     w->text);
	buf_fini(&list);
}

bool arg_choice(struct load *l, const struct word *w, const char *what,
		const struct choice *choices, int *out)
{
	for (const struct choice *c = choices; c->word != NULL; c++) {
		if (strcmp(c->word, w->text) == 0) {
			*out = c->value;
			return true;
		}
	}
	if (l != NULL)
		not_one_of(l, w, what, choices);
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

/* As long as a DNS label (RFC 1035 2.3.1), so that names can become labels elsewhere. */
#define NAME_MAX_BYTES 63

bool arg_name(struct load *l, const struct word *w, const char *what)
{
	size_t n = 0;

	while (is_name_char(w->text[n]))
		n++;
	if (w->text[n] != '\0' || n == 0) {
		problem(l, w->place,
			"'%.60s' is no name for a %s: a name is made of letters, digits, _ . and -",
			w->text, what);
		return false;
	}
	if (n > NAME_MAX_BYTES) {
		problem(l, w->place, "the name of a %s has at most %d characters, this one %zu",
			what, NAME_MAX_BYTES, n);
		return false;
	}
	return true;
}

bool arg_addr(struct load *l, const struct word *w, const char *what, struct addr *out)
{
	switch (addr_parse(slice_str(w->text), out)) {
	case ADDR_OK:
		return true;
	case ADDR_IS_NAME:
		problem(l, w->place,
			"%s: '%.100s' is a name, and names are not resolved yet; expected a "
			"numeric address, such as 10.0.0.1:80 or [::1]:80",
			what, w->text);
		break;
	case ADDR_NO_PORT:
		problem(l, w->place, "%s: '%.100s' has no port; expected ADDRESS:PORT", what,
			w->text);
		break;
	case ADDR_BAD_PORT:
		problem(l, w->place, "%s: the port of '%.100s' is not 1 to 65535", what, w->text);
		break;
	case ADDR_BAD:
		problem(l, w->place,
			"%s: '%.100s' is no address; expected such as 10.0.0.1:80 or [::1]:80",
			what, w->text);
		break;
	}
	return false;
}

bool arg_url_path(struct load *l, const struct word *w, bool query)
{
	const char *p = w->text;

	if (*p != '/') {
		problem(l, w->place, "'%.60s' is no path: it begins with a slash", w->text);
		return false;
	}
	for (; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		/* What a request line may hold: RFC 9112 3.2, RFC 3986 3.3 and 3.4. */
		if (c <= 0x20 || c >= 0x7f || c == '#' || (c == '?' && !query)) {
			problem(l, w->place,
				c == '?'
					? "a path is matched without its query: no '?' in '%.60s'"
					: "the path '%.60s' holds a character that must be written "
					  "as %%XX",
				w->text);
			return false;
		}
	}
	return true;
}

static bool read_status(const char **p, uint16_t *out)
{
	unsigned v = 0;

	for (int i = 0; i < 3; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (unsigned)(**p - '0');
	}
	*out = (uint16_t)v;
	return v >= 100 && v <= 599;
}

bool arg_status(struct load *l, const struct word *w, struct conf_status_range *out)
{
	const char *p = w->text;
	bool good = read_status(&p, &out->first);

	out->last = out->first;
	if (good && *p == '-') {
		p++;
		good = read_status(&p, &out->last);
	}
	if (!good || *p != '\0') {
		problem(l, w->place,
			"'%.60s' is no status; expected 100 to 599, or a range such as 200-299",
			w->text);
		return false;
	}
	if (out->first > out->last) {
		problem(l, w->place, "the range %s is empty: its end is before its begin", w->text);
		return false;
	}
	return true;
}

/* The tree owns the pattern from here on. */
static bool keep_pattern(struct load *l, struct pattern *p)
{
	struct conf_owned *o = tree_alloc(l, 1, sizeof(*o));

	if (o == NULL) {
		pattern_free(p);
		return false;
	}
	o->pattern = p;
	o->next = l->conf->owned;
	l->conf->owned = o;
	return true;
}

struct pattern *arg_pattern(struct load *l, const struct word *w)
{
	struct err e = { 0 };
	struct pattern *p = pattern_new(slice_str(w->text), &e);

	if (p == NULL && e.code == ERR_MEMORY)
		l->out_of_memory = true;
	else if (p == NULL)
		problem(l, w->place, "%s", e.message);
	return p != NULL && keep_pattern(l, p) ? p : NULL;
}

/* ---- rows ---- */

bool arg_form(struct load *l, const struct directive *row, const struct word *w, int64_t *out)
{
	int choice;

	if (row->form != FORM_CHOICE)
		return arg_number(l, w, row->word, row->form, row->min, row->max, out);
	if (!arg_choice(l, w, row->word, row->choices, &choice))
		return false;
	*out = choice;
	return true;
}

void arg_store(const struct directive *row, void *into, int64_t value)
{
	char *at = (char *)into + row->offset;

	switch (row->form) {
	case FORM_DURATION:
		*(int64_t *)(void *)at = value;
		break;
	case FORM_SIZE:
		*(uint64_t *)(void *)at = (uint64_t)value;
		break;
	case FORM_COUNT:
	case FORM_PERCENT:
	case FORM_CHOICE: /* enums without negative values are unsigned here */
		*(unsigned *)(void *)at = (unsigned)value;
		break;
	case FORM_OWN:
		AORTA_ASSERT(row->form != FORM_OWN);
	}
}
