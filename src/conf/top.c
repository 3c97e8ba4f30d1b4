/* SPDX-License-Identifier: MIT */
/*
 * The directives outside any block, and the blocks log and admin: their readers and writers.
 * Everything goes into the tree's arena. One thread.
 */
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/dump.h"
#include "conf/names.h"
#include "conf/value.h"

/* ---- the file ---- */

void start_top(struct scope *s)
{
	struct load *l = s->load;
	struct conf *c = s->into;

	block_defaults(&BLOCK_LOG, &c->log);
	c->log.events_format = LOG_LOGFMT;
	c->log.access_format = LOG_JSON;
	c->pools = tree_alloc(l, scope_count(s, "pool"), sizeof(*c->pools));
	c->probes = tree_alloc(l, scope_count(s, "probe"), sizeof(*c->probes));
	c->listeners = tree_alloc(l, scope_count(s, "listener"), sizeof(*c->listeners));
	l->pools = names_new(l->scratch);
	l->probes = names_new(l->scratch);
	l->listeners = names_new(l->scratch);
	if (l->pools == NULL || l->probes == NULL || l->listeners == NULL)
		l->out_of_memory = true;
}

void read_workers(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf *c = s->into;
	const struct word *w = &n->words[1];
	int64_t v;

	if (strcmp(w->text, "auto") == 0)
		c->workers = 0;
	else if (value_count(w->text, &v) == VALUE_OK && v >= row->min && v <= row->max)
		c->workers = (unsigned)v;
	else
		problem(s->load, w->place, "workers is auto or %d to %d, not '%.60s'",
			(int)row->min, (int)row->max, w->text);
}

void write_workers(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf *c = from;

	dump_begin(d, row->word);
	if (c->workers == 0)
		dump_word(d, "auto");
	else
		dump_printf(d, "%u", c->workers);
	dump_end(d);
}

/* A good include has been replaced by what it includes; one that is here has been reported. */
void read_include(struct scope *s, const struct directive *row, const struct node *n)
{
}

void write_include(struct dump *d, const struct directive *row, const void *from)
{
}

void read_log(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf *c = s->into;

	block_read(s->load, &BLOCK_LOG, n, n->children, n->words[0].place, &c->log, false);
}

void write_log(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf *c = from;

	dump_begin(d, row->word);
	dump_block(d, &BLOCK_LOG, &c->log, false);
}

void read_admin(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf *c = s->into;

	block_read(s->load, &BLOCK_ADMIN, n, n->children, n->words[0].place, &c->admin, false);
}

void write_admin(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf *c = from;

	if (c->admin.n_binds == 0 && c->admin.socket == NULL)
		return;
	dump_begin(d, row->word);
	dump_block(d, &BLOCK_ADMIN, &c->admin, false);
}

/* ---- log ---- */

/* [format WORD] from word 2 on. */
static bool read_format(struct scope *s, const struct node *n, const struct choice *choices,
			enum log_format *out)
{
	int v;

	if (n->n_words == 2)
		return true;
	if (strcmp(n->words[2].text, "format") != 0) {
		problem_near(s->load, n->words[2].place, "format",
			     "unknown word '%.60s' after %s; expected format", n->words[2].text,
			     n->words[0].text);
		return false;
	}
	if (n->n_words == 3) {
		problem(s->load, n->words[2].end, "a word is missing after 'format'");
		return false;
	}
	if (!arg_choice(s->load, &n->words[3], "format", choices, &v))
		return false;
	*out = (enum log_format)v;
	return true;
}

static bool read_log_path(struct scope *s, const struct word *w, const char **out)
{
	if (w->text[0] == '\0') {
		problem(s->load, w->place, "the path of the log is empty");
		return false;
	}
	*out = tree_strdup(s->load, w->text);
	return true;
}

void read_events(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_log *log = s->into;
	const struct word *w = &n->words[1];

	if (strcmp(w->text, "stdout") == 0)
		problem(s->load, w->place, "events go to stderr or to a file, not to stdout");
	else if (strcmp(w->text, "stderr") != 0)
		read_log_path(s, w, &log->events_path);
	read_format(s, n, CHOICES_EVENTS_FORMAT, &log->events_format);
}

void write_events(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_log *log = from;

	dump_begin(d, row->word);
	dump_word(d, log->events_path ? log->events_path : "stderr");
	dump_word(d, "format");
	dump_word(d, choice_word(CHOICES_EVENTS_FORMAT, (int)log->events_format));
	dump_end(d);
}

void read_access(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_log *log = s->into;

	read_log_path(s, &n->words[1], &log->access_path);
	read_format(s, n, CHOICES_ACCESS_FORMAT, &log->access_format);
}

void write_access(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_log *log = from;

	if (log->access_path == NULL)
		return;
	dump_begin(d, row->word);
	dump_word(d, log->access_path);
	dump_word(d, "format");
	dump_word(d, choice_word(CHOICES_ACCESS_FORMAT, (int)log->access_format));
	dump_end(d);
}

/* ---- admin ---- */

void start_admin(struct scope *s)
{
	struct conf_admin *a = s->into;

	a->binds = tree_alloc(s->load, scope_count(s, "bind"), sizeof(*a->binds));
}

void finish_admin(struct scope *s)
{
	if (scope_seen(s, "bind") == NULL && scope_seen(s, "socket") == NULL)
		problem(s->load, s->place, "admin has neither a bind nor a socket");
}

void read_admin_bind(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_admin *a = s->into;

	if (bind_read(s->load, &n->words[1], &a->binds[a->n_binds]))
		a->n_binds++;
}

void write_admin_bind(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_admin *a = from;

	for (unsigned i = 0; i < a->n_binds; i++)
		dump_addr(d, row->word, &a->binds[i]);
}

void read_socket(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_admin *a = s->into;
	const struct word *w = &n->words[1];
	struct sockaddr_un un;

	if (w->text[0] == '\0')
		problem(s->load, w->place, "the path of the socket is empty");
	else if (strlen(w->text) >= sizeof(un.sun_path))
		problem(s->load, w->place,
			"the path of a Unix socket has at most %zu bytes, not %zu",
			sizeof(un.sun_path) - 1, strlen(w->text));
	else
		a->socket = tree_strdup(s->load, w->text);
}

void write_socket(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_admin *a = from;

	if (a->socket == NULL)
		return;
	dump_begin(d, row->word);
	dump_word(d, a->socket);
	dump_end(d);
}

#define FILE_PREFIX "file:"
#define MASK	    "********"

/* Absolute, so that a dump can be read from another folder. */
static const char *absolute(struct load *l, const char *path)
{
	char *cwd, *joined = NULL;
	const char *kept;

	if (path[0] == '/')
		return tree_strdup(l, path);
	cwd = getcwd(NULL, 0);
	if (cwd == NULL || asprintf(&joined, "%s/%s", cwd, path) < 0)
		joined = NULL;
	kept = tree_strdup(l, joined ? joined : path);
	free(joined);
	free(cwd);
	return kept;
}

/* It travels in a header: visible ASCII. Never shown in a message. */
static bool token_is_sound(struct load *l, const struct word *w, const char *token)
{
	if (token[0] == '\0') {
		problem(l, w->place, "the token is empty");
		return false;
	}
	if (strcmp(token, MASK) == 0) {
		problem(l, w->place,
			"this is the mask of a dump, not a token; write the token, or "
			"file:PATH");
		return false;
	}
	for (const char *p = token; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f) {
			problem(l, w->place, "the token holds a space or an unprintable character");
			return false;
		}
	}
	return true;
}

void read_token(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_admin *a = s->into;
	const struct word *w = &n->words[1];
	const char *token = w->text;

	if (strncmp(token, FILE_PREFIX, strlen(FILE_PREFIX)) == 0) {
		const char *path = path_beside(s->load, w->place.file, token + strlen(FILE_PREFIX));

		if (path == NULL)
			return;
		token = secret_read(s->load, path, w->place);
		a->token_file = absolute(s->load, path);
	} else {
		token = tree_strdup(s->load, token);
	}
	if (token != NULL && token_is_sound(s->load, w, token))
		a->token = token;
}

void write_token(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_admin *a = from;
	char *path;

	if (a->token == NULL)
		return;
	dump_begin(d, row->word);
	if (a->token_file == NULL) {
		dump_word(d, MASK);
	} else if (asprintf(&path, FILE_PREFIX "%s", a->token_file) >= 0) {
		dump_word(d, path);
		free(path);
	} else {
		d->out->failed = true;
	}
	dump_end(d);
}
