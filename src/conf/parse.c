/* SPDX-License-Identifier: MIT */
/*
 * The parser: tokens into the syntax tree, `include` replaced by what the files hold. It goes
 * on behind an error at the next ';' or '}', so that one run reports all. The tree lives in
 * the scratch arena. One thread. It knows no directive but `include`.
 */
#include "conf/syntax.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "conf/lex.h"

struct parser {
	struct load *load;
	struct source *source;
	struct lexer lexer;
	struct token token; /* the one looked at */
	struct word *words; /* owns: of the directive being read; grows */
	size_t n_words, cap_words;
};

/* Where the next node goes. */
struct chain {
	struct node *first, **tail;
};

static void parse_block(struct parser *p, struct chain *out, const struct token *open,
			const char *what, unsigned depth);

static void advance(struct parser *p)
{
	p->token = lexer_next(&p->lexer);
}

static bool give_up(const struct parser *p)
{
	return p->load->out_of_memory || p->load->over_limit;
}

static void check_limits(struct parser *p)
{
	struct load *l = p->load;

	if (l->over_limit || arena_bytes(l->scratch) + arena_bytes(l->tree) < LOAD_ARENA_BYTES_MAX)
		return;
	l->over_limit = true;
	problem(l, p->token.place, "the configuration is too large: it needs more than %zu MiB",
		LOAD_ARENA_BYTES_MAX >> 20);
}

static void push_word(struct parser *p)
{
	const struct token *t = &p->token;

	if (p->n_words == p->cap_words) {
		size_t cap = p->cap_words ? p->cap_words * 2 : 16;
		struct word *bigger = reallocarray(p->words, cap, sizeof(*bigger));

		if (bigger == NULL) {
			p->load->out_of_memory = true;
			return;
		}
		p->words = bigger;
		p->cap_words = cap;
	}
	p->words[p->n_words++] = (struct word){ .text = t->text,
						.quoted = t->quoted,
						.tilde = t->tilde,
						.bad = t->bad,
						.place = t->place,
						.end = t->end };
}

/* Reads the words of one directive; stops at what ends them. */
static struct node *collect_words(struct parser *p)
{
	struct node *n = scratch_alloc(p->load, 1, sizeof(*n));

	p->n_words = 0;
	for (; p->token.kind == TOKEN_WORD && !give_up(p); advance(p)) {
		push_word(p);
		check_limits(p);
	}
	if (n == NULL || p->n_words == 0)
		return NULL;
	n->words = scratch_alloc(p->load, p->n_words, sizeof(*n->words));
	if (n->words == NULL)
		return NULL;
	memcpy(n->words, p->words, p->n_words * sizeof(*n->words));
	n->n_words = (unsigned)p->n_words;
	for (size_t i = 0; i < p->n_words; i++)
		n->bad = n->bad || n->words[i].bad;
	return n;
}

static void append(struct chain *out, struct node *n)
{
	*out->tail = n;
	out->tail = &n->next;
}

/* ---- include ---- */

static void splice_file(struct parser *p, struct chain *out, const char *path, struct conf_place at)
{
	struct source *s = source_read(p->load, path, p->source, at);
	struct node *n = s ? syntax_parse(p->load, s) : NULL;

	if (n == NULL)
		return;
	*out->tail = n;
	while (n->next != NULL)
		n = n->next;
	out->tail = &n->next;
}

/* A folder that is not there holds nothing; one that cannot be read is an error. */
static int glob_error(const char *path, int error)
{
	return error != ENOENT && error != ENOTDIR;
}

static void include_glob(struct parser *p, struct chain *out, const char *path,
			 struct conf_place at)
{
	glob_t found;
	int rc = glob(path, 0, glob_error, &found);

	if (rc == 0) {
		for (size_t i = 0; i < found.gl_pathc && !give_up(p); i++)
			splice_file(p, out, found.gl_pathv[i], at);
		globfree(&found);
	} else if (rc != GLOB_NOMATCH) {
		problem(p->load, at, "cannot list '%s'", path);
	}
}

static bool is_include(const struct node *n)
{
	return !n->bad && !n->has_block && n->n_words == 2 &&
	       strcmp(n->words[0].text, "include") == 0;
}

static void include(struct parser *p, struct chain *out, const struct node *n)
{
	const struct word *w = &n->words[1];
	const char *path;

	if (p->load->from_memory) {
		problem(p->load, w->place, "include is not possible in a text without a file");
		return;
	}
	if (w->text[0] == '\0') {
		problem(p->load, w->place, "include needs the path of a file");
		return;
	}
	path = path_beside(p->load, p->source->name, w->text);
	if (path == NULL)
		return;
	if (strpbrk(w->text, "*?[") != NULL)
		include_glob(p, out, path, w->place);
	else
		splice_file(p, out, path, w->place);
}

/* ---- directives and blocks ---- */

static void missing_end(struct parser *p, struct node *n)
{
	const struct word *last = &n->words[n->n_words - 1];

	if (!last->bad)
		problem(p->load, last->end, "';' is missing after '%.60s'", last->text);
}

static void parse_directive(struct parser *p, struct chain *out, unsigned depth)
{
	struct node *n = collect_words(p);
	struct token open = p->token;
	struct chain inner;

	if (n == NULL)
		return;
	if (open.kind == TOKEN_OPEN) {
		n->has_block = true;
		inner = (struct chain){ NULL, &inner.first };
		advance(p);
		parse_block(p, &inner, &open, n->words[0].text, depth + 1);
		n->children = inner.first;
	} else if (open.kind == TOKEN_END) {
		advance(p);
	} else {
		missing_end(p, n);
	}
	if (depth == 0 && is_include(n))
		include(p, out, n);
	else
		append(out, n);
}

/* Goes past the rest of a block whose nesting is too deep, without descending into it. */
static void skip_block(struct parser *p)
{
	unsigned open = 1;

	for (; open > 0 && p->token.kind != TOKEN_EOF && !give_up(p); advance(p)) {
		if (p->token.kind == TOKEN_OPEN)
			open++;
		else if (p->token.kind == TOKEN_CLOSE)
			open--;
	}
}

static void stray(struct parser *p, const char *message)
{
	problem(p->load, p->token.place, "%s", message);
	advance(p);
}

static void stray_block(struct parser *p, unsigned depth)
{
	struct token open = p->token;
	struct chain lost = { NULL, &lost.first };

	problem(p->load, open.place, "unexpected '{': a block needs a word before it");
	advance(p);
	parse_block(p, &lost, &open, "", depth + 1);
}

/* What stands in a block, its '}' included. Depth 0 is the file itself. */
static void parse_block(struct parser *p, struct chain *out, const struct token *open,
			const char *what, unsigned depth)
{
	if (depth > LOAD_BLOCK_DEPTH_MAX) {
		problem(p->load, open->place, "blocks are nested more than %d deep",
			LOAD_BLOCK_DEPTH_MAX);
		skip_block(p);
		return;
	}
	while (!give_up(p)) {
		switch (p->token.kind) {
		case TOKEN_WORD:
			parse_directive(p, out, depth);
			break;
		case TOKEN_OPEN:
			stray_block(p, depth);
			break;
		case TOKEN_END:
			stray(p, "unexpected ';': there is no directive before it");
			break;
		case TOKEN_CLOSE:
			if (depth == 0) {
				stray(p, "unexpected '}': no block is open");
				break;
			}
			advance(p);
			return;
		case TOKEN_EOF:
			if (depth > 0)
				problem(p->load, open->place,
					"the block of '%.60s' is not closed: '}' is missing", what);
			return;
		}
	}
}

struct node *syntax_parse(struct load *l, struct source *s)
{
	struct parser p = { .load = l, .source = s };
	struct chain out = { NULL, &out.first };

	lexer_init(&p.lexer, l, s);
	advance(&p);
	parse_block(&p, &out, &p.token, "", 0);
	lexer_fini(&p.lexer);
	free(p.words);
	return out.first;
}
