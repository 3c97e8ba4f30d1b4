/* SPDX-License-Identifier: MIT */
/*
 * The walk: what stands in a block is admitted by the block's table (is the word known, once,
 * with the right number of words, with or without a block), and what was admitted is read. It
 * knows no directive. Owns nothing. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/nearest.h"
#include "conf/schema.h"

const struct directive *block_find(const struct block *b, const char *word)
{
	for (unsigned i = 0; i < b->n_rows; i++)
		if (strcmp(b->rows[i].word, word) == 0)
			return &b->rows[i];
	return NULL;
}

static unsigned row_index(const struct scope *s, const struct directive *row)
{
	return (unsigned)(row - s->block->rows);
}

static unsigned word_index(const struct scope *s, const char *word)
{
	const struct directive *row = block_find(s->block, word);

	AORTA_ASSERT(row != NULL);
	return row_index(s, row);
}

unsigned scope_count(const struct scope *s, const char *word)
{
	const struct directive *row = &s->block->rows[word_index(s, word)];
	unsigned n = 0;

	for (const struct node *c = s->children; c != NULL; c = c->next)
		n += c->meaning == row;
	return n;
}

const struct node *scope_seen(const struct scope *s, const char *word)
{
	return s->seen[word_index(s, word)];
}

bool scope_sound(const struct scope *s, const char *word)
{
	return !s->failed[word_index(s, word)];
}

/* ---- admission ---- */

/* "WORD ARGS", alternatives joined with " | ". */
static const char *usage(const struct directive *row, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s ", row->word);

	for (const char *p = row->args; *p != '\0' && n + 4 < size; p++) {
		if (*p == '\n') {
			memcpy(out + n, " | ", 3);
			n += 3;
		} else {
			out[n++] = *p;
		}
	}
	out[n < size ? n : size - 1] = '\0';
	return out;
}

/* Other blocks that know the word: "; it belongs in admin, listener". */
static void belongs(const char *word, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; BLOCKS[i] != NULL && n + 1 < size; i++)
		if (block_find(BLOCKS[i], word) != NULL)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
					      n ? ", " : "; it belongs in ", BLOCKS[i]->title);
}

/*
 * A word that no row has. When it is surely a slip in the word before a block, the block is
 * read as what was meant, so that what is wrong inside is reported too.
 */
static void unknown_word(struct scope *s, struct node *n)
{
	const struct word *w = &n->words[0];
	const struct directive *row;
	struct nearest near;
	char where[96];

	nearest_init(&near, w->text);
	for (unsigned i = 0; i < s->block->n_rows; i++)
		nearest_offer(&near, s->block->rows[i].word);
	belongs(w->text, where, sizeof(where));
	problem_near(s->load, w->place, near.best, "unknown word '%.60s' in %s%s", w->text,
		     s->block->title, where);
	n->bad = true;
	row = near.best ? block_find(s->block, near.best) : NULL;
	if (row != NULL && row->block == MUST_BLOCK && n->has_block)
		n->meaning = row;
}

/*
 * A forgotten ';' makes the next line part of this directive. When that line begins with a
 * word of this block, and the directive is wrong otherwise, it becomes one of its own.
 */
static bool split_at_line(struct scope *s, struct node *n)
{
	for (unsigned i = 1; i < n->n_words; i++) {
		struct word *w = &n->words[i];
		struct node *rest;

		if (w->place.line == w[-1].end.line || block_find(s->block, w->text) == NULL)
			continue;
		rest = scratch_alloc(s->load, 1, sizeof(*rest));
		if (rest == NULL)
			return false;
		problem(s->load, w[-1].end, "';' is missing after '%.60s'", w[-1].text);
		*rest = *n;
		rest->words = w;
		rest->n_words = n->n_words - i;
		n->n_words = i;
		n->has_block = false;
		n->children = NULL;
		n->next = rest;
		return true;
	}
	return false;
}

static bool too_much(const struct directive *row, const struct node *n)
{
	return n->n_words - 1 > row->max_args || (row->block == NO_BLOCK && n->has_block);
}

static bool check_shape(struct scope *s, const struct directive *row, struct node *n)
{
	const struct word *w = &n->words[0];
	unsigned args;
	char text[256];

	if (row->max_args != ANY_NUMBER && too_much(row, n))
		split_at_line(s, n);
	args = n->n_words - 1;
	if (args < row->min_args) {
		problem(s->load, w[n->n_words - 1].end, "something is missing after '%.60s': %s",
			w[n->n_words - 1].text, usage(row, text, sizeof(text)));
		return false;
	}
	if (args > row->max_args) {
		problem(s->load, w[row->max_args + 1].place, "'%.60s' is too much: %s",
			w[row->max_args + 1].text, usage(row, text, sizeof(text)));
		return false;
	}
	if (row->block == NO_BLOCK && n->has_block) {
		problem(s->load, w->place, "'%s' takes no block: %s", row->word,
			usage(row, text, sizeof(text)));
		return false;
	}
	if (row->block == MUST_BLOCK && !n->has_block) {
		problem(s->load, w->place, "'%s' needs a block: %s", row->word,
			usage(row, text, sizeof(text)));
		return false;
	}
	return true;
}

static const char *place_text(const struct conf_place *from, const struct conf_place *to, char *out,
			      size_t size)
{
	if (from->file == to->file)
		snprintf(out, size, "line %u", to->line);
	else
		snprintf(out, size, "%s:%u", to->file, to->line);
	return out;
}

/* Given already, itself or another of its group. */
static bool check_once(struct scope *s, const struct directive *row, const struct node *n)
{
	const struct conf_place *here = &n->words[0].place;
	char text[300];

	if (row->repeats)
		return true;
	for (unsigned i = 0; i < s->block->n_rows; i++) {
		const struct directive *other = &s->block->rows[i];

		if (s->seen[i] == NULL)
			continue;
		place_text(here, &s->seen[i]->words[0].place, text, sizeof(text));
		if (other == row) {
			problem(s->load, *here, "'%s' is given twice; first at %s", row->word,
				text);
			return false;
		}
		if (row->group != NULL && other->group == row->group) {
			problem(s->load, *here, "'%s' and '%s' (%s) exclude each other", row->word,
				other->word, text);
			return false;
		}
	}
	return true;
}

static bool check_mode(struct scope *s, const struct directive *row, const struct node *n)
{
	if (!row->http_only || s->http)
		return true;
	problem(s->load, n->words[0].place, "'%s' has no meaning in a tcp %s", row->word,
		s->block->title);
	return false;
}

static void admit(struct scope *s, struct node *n)
{
	const struct directive *row;

	if (n->words[0].bad)
		return;
	if (n->words[0].quoted) {
		problem(s->load, n->words[0].place, "a directive is expected, not a string");
		n->bad = true;
		return;
	}
	row = block_find(s->block, n->words[0].text);
	if (row == NULL) {
		unknown_word(s, n);
		return;
	}
	n->meaning = row;
	if (!check_mode(s, row, n) || !check_once(s, row, n))
		n->bad = true;
	else if (!n->bad && !check_shape(s, row, n))
		n->bad = true;
	if (s->seen[row_index(s, row)] == NULL)
		s->seen[row_index(s, row)] = n;
}

/* ---- reading ---- */

static void read_one(struct scope *s, const struct node *n)
{
	const struct directive *row = n->meaning;
	int64_t value;

	if (row == NULL)
		return;
	/* A broken line is not read; but what is in its block can be. */
	if (n->bad && !(row->block == MUST_BLOCK && n->has_block)) {
		s->failed[row_index(s, row)] = true;
		return;
	}
	if (row->form == FORM_OWN)
		row->read(s, row, n);
	else if (arg_form(s->load, row, &n->words[1], &value))
		arg_store(row, s->into, value);
	else
		s->failed[row_index(s, row)] = true;
}

void block_defaults(const struct block *b, void *into)
{
	for (unsigned i = 0; i < b->n_rows; i++) {
		const struct directive *row = &b->rows[i];
		const struct word w = { .text = row->fallback };
		int64_t value = 0;

		if (row->form == FORM_OWN || row->fallback == NULL)
			continue;
		AORTA_ASSERT(arg_form(NULL, row, &w, &value));
		arg_store(row, into, value);
	}
}

void block_read(struct load *l, const struct block *b, const struct node *opened_by,
		struct node *children, struct conf_place place, void *into, bool http)
{
	struct scope s = { .load = l,
			   .block = b,
			   .node = opened_by,
			   .children = children,
			   .place = place,
			   .into = into,
			   .http = http };

	block_defaults(b, into);
	for (struct node *n = children; n != NULL; n = n->next)
		admit(&s, n);
	if (b->start != NULL)
		b->start(&s);
	for (const struct node *n = children; n != NULL && !l->out_of_memory; n = n->next)
		read_one(&s, n);
	if (b->finish != NULL && !l->out_of_memory)
		b->finish(&s);
}
