/* SPDX-License-Identifier: MIT */
/*
 * The lexer: words (bare or "quoted"), braces, semicolons, comments. Inside words ${NAME} and
 * ${NAME:-default} are replaced by the environment. A broken word is reported here and handed
 * on marked bad, so that the parser keeps its place in the file. Words live in the scratch
 * arena. One thread.
 *
 * In a quoted string \" \\ \n \t \r and \${ are escapes; a backslash before anything else
 * stands for itself, so that patterns can be written as they are ("\.png$"). Bare words have
 * no escapes. A string ends on the line on which it began: a forgotten quote costs one line.
 */
#include "conf/lex.h"

#include <stdlib.h>
#include <string.h>

void lexer_init(struct lexer *x, struct load *l, const struct source *s)
{
	*x = (struct lexer){ .load = l, .file = s->name, .line = 1 };
	x->at = s->text.p ? s->text.p : "";
	x->stop = x->at + s->text.n;
	if (s->text.n >= 3 && memcmp(x->at, "\xef\xbb\xbf", 3) == 0)
		x->at += 3; /* a byte order mark, which some editors leave */
	x->line_start = x->at;
	buf_init(&x->word);
}

void lexer_fini(struct lexer *x)
{
	buf_fini(&x->word);
}

static struct conf_place place_of(const struct lexer *x, const char *p)
{
	return (struct conf_place){ x->file, x->line, (unsigned)(p - x->line_start) + 1 };
}

static bool at_end(const struct lexer *x)
{
	return x->at >= x->stop;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && !is_space(c)) || c == 0x7f;
}

/* Ends a bare word. */
static bool is_delimiter(char c)
{
	return is_space(c) || c == ';' || c == '{' || c == '}' || c == '"';
}

static void skip_space(struct lexer *x)
{
	for (; !at_end(x); x->at++) {
		if (*x->at == '#') {
			const char *nl = memchr(x->at, '\n', (size_t)(x->stop - x->at));

			x->at = nl ? nl : x->stop;
			if (nl == NULL)
				return;
		}
		if (*x->at == '\n') {
			x->line++;
			x->line_start = x->at + 1;
		} else if (!is_space(*x->at)) {
			return;
		}
	}
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

/* A value from outside must be text, like the file itself. */
static bool is_text(const char *s)
{
	for (; *s != '\0'; s++)
		if (is_control(*s))
			return false;
	return true;
}

/* Puts the variable `name` into the word; `fallback` (n bytes) may be NULL. */
static bool expand(struct lexer *x, const char *open, struct slice name, struct slice fallback)
{
	char text[256];
	const char *value;

	if (name.n >= sizeof(text)) {
		problem(x->load, place_of(x, open), "the name of the variable is too long");
		return false;
	}
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	value = getenv(text);
	if (fallback.p != NULL && (value == NULL || *value == '\0')) {
		buf_slice(&x->word, fallback);
		return true;
	}
	if (value == NULL) {
		problem(x->load, place_of(x, open),
			"environment variable '%s' is not set; set it, or write ${%s:-default}",
			text, text);
		return false;
	}
	if (!is_text(value)) {
		problem(x->load, place_of(x, open),
			"environment variable '%s' holds a control character", text);
		return false;
	}
	buf_puts(&x->word, value);
	return true;
}

static bool reject_control(struct lexer *x)
{
	if (!is_control(*x->at))
		return false;
	problem(x->load, place_of(x, x->at), "control character \\x%02x in the file",
		(unsigned)(unsigned char)*x->at);
	return true;
}

/* At "${". Goes past its "}" when there is one. */
static bool lex_variable(struct lexer *x)
{
	const char *open = x->at, *p = x->at + 2, *name = p, *close = p;
	struct slice fallback = { NULL, 0 };

	while (close < x->stop && *close != '}' && *close != '\n')
		close++;
	if (close >= x->stop || *close != '}') {
		problem(x->load, place_of(x, open), "'${' without its '}'");
		x->at = p;
		return false;
	}
	for (x->at = p; x->at < close; x->at++)
		if (reject_control(x))
			return false;
	x->at = close + 1;
	while (p < close && is_name_char(*p, p == name))
		p++;
	if (close - p >= 2 && p[0] == ':' && p[1] == '-')
		fallback = slice_of(p + 2, (size_t)(close - p) - 2);
	else if (p != close)
		p = name; /* something else follows the name */
	if (p == name) {
		problem(x->load, place_of(x, open),
			"'%.*s' is no variable: ${NAME} or ${NAME:-default} is expected",
			(int)(x->at - open > 60 ? 60 : x->at - open), open);
		return false;
	}
	return expand(x, open, slice_of(name, (size_t)(p - name)), fallback);
}

static bool starts_variable(const struct lexer *x)
{
	return x->stop - x->at >= 2 && x->at[0] == '$' && x->at[1] == '{';
}

/* At a backslash inside quotes. */
static void lex_escape(struct lexer *x)
{
	static const char FROM[] = "\"\\ntr", TO[] = "\"\\\n\t\r";
	const char *known;

	if (x->stop - x->at >= 3 && x->at[1] == '$' && x->at[2] == '{') {
		buf_puts(&x->word, "${");
		x->at += 3;
		return;
	}
	known = x->stop - x->at >= 2 && x->at[1] != '\0' ? strchr(FROM, x->at[1]) : NULL;
	if (known == NULL) {
		buf_putc(&x->word, '\\');
		x->at++;
		return;
	}
	buf_putc(&x->word, TO[known - FROM]);
	x->at += 2;
}

/* At the opening quote. True when the string is sound. */
static bool lex_quoted(struct lexer *x)
{
	const char *open = x->at++;
	bool good = true;

	while (!at_end(x) && *x->at != '"' && *x->at != '\n') {
		if (*x->at == '\\') {
			lex_escape(x);
		} else if (starts_variable(x)) {
			good = lex_variable(x) && good;
		} else {
			good = !reject_control(x) && good;
			buf_putc(&x->word, *x->at++);
		}
	}
	if (at_end(x) || *x->at == '\n') {
		problem(x->load, place_of(x, open), "the string is not closed: '\"' is missing");
		return false;
	}
	x->at++;
	if (!at_end(x) && !is_space(*x->at) && strchr(";{}", *x->at) == NULL) {
		problem(x->load, place_of(x, x->at), "a space or ';' is missing after the string");
		return false;
	}
	return good;
}

static bool lex_bare(struct lexer *x)
{
	bool good = true;

	if (*x->at == '\'') {
		problem(x->load, place_of(x, x->at), "strings are quoted with \", not with '");
		good = false;
	}
	while (!at_end(x) && (!is_delimiter(*x->at) || starts_variable(x))) {
		if (starts_variable(x)) {
			good = lex_variable(x) && good;
		} else {
			good = !reject_control(x) && good;
			buf_putc(&x->word, *x->at++);
		}
	}
	if (!at_end(x) && *x->at == '"') {
		problem(x->load, place_of(x, x->at),
			"a quote inside a word; quote the whole, or put a space before");
		return false;
	}
	return good;
}

/* ~ on its own, or right before a string; else it begins a word such as ~user. */
static bool lex_tilde(struct lexer *x)
{
	const char *after = x->at + 1;

	if (*x->at != '~' || (after < x->stop && !is_delimiter(*after)))
		return false;
	x->at++;
	buf_putc(&x->word, '~');
	return true;
}

static void lex_word(struct lexer *x, struct token *t)
{
	t->kind = TOKEN_WORD;
	buf_clear(&x->word);
	if (*x->at == '"') {
		t->quoted = true;
		t->bad = !lex_quoted(x);
	} else if (lex_tilde(x)) {
		t->tilde = true;
	} else {
		t->bad = !lex_bare(x);
	}
	t->text = arena_strndup(x->load->scratch, buf_cstr(&x->word), x->word.len);
	if (x->word.failed || t->text == NULL) {
		x->load->out_of_memory = true;
		t->text = "";
		t->bad = true;
	}
	t->end = place_of(x, x->at > x->line_start ? x->at - 1 : x->at);
}

struct token lexer_next(struct lexer *x)
{
	static const char MARKS[] = "{};";
	static const enum token_kind KINDS[] = { TOKEN_OPEN, TOKEN_CLOSE, TOKEN_END };
	struct token t = { .kind = TOKEN_EOF };
	const char *mark;

	skip_space(x);
	t.place = t.end = place_of(x, x->at);
	if (at_end(x))
		return t;
	mark = *x->at ? strchr(MARKS, *x->at) : NULL;
	if (mark != NULL) {
		t.kind = KINDS[mark - MARKS];
		x->at++;
	} else {
		lex_word(x, &t);
	}
	return t;
}
