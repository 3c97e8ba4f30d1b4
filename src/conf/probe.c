/* SPDX-License-Identifier: MIT */
/*
 * The block probe, named or written in a pool: its readers and writers, and the defaults that
 * are derived. Everything goes into the tree's arena. One thread.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aorta/assert.h"
#include "conf/dump.h"
#include "conf/value.h"

/* ---- the block ---- */

static unsigned count_status_words(const struct scope *s)
{
	unsigned n = 0;

	for (const struct node *c = s->children; c != NULL; c = c->next)
		if (c->meaning != NULL && c->meaning->read == read_expect)
			n += c->n_words;
	return n;
}

void start_probe(struct scope *s)
{
	struct conf_probe *p = s->into;

	if (p->kind != PROBE_HTTP)
		return;
	p->method = "GET";
	p->path = "/";
	p->headers = tree_alloc(s->load, scope_count(s, "header"), sizeof(*p->headers));
	/* One more for the statuses that are expected when none is said. */
	p->expects = tree_alloc(s->load, scope_count(s, "expect") + 1, sizeof(*p->expects));
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The least time between two probes that was not asked for (conf.h). */
#define FAST_INTERVAL_LEAST_MS 100
#define TIMEOUT_MS	       1000

static void derive_times(struct conf_probe *p)
{
	int64_t fast = p->interval_ms / 4;

	if (fast < FAST_INTERVAL_LEAST_MS)
		fast = FAST_INTERVAL_LEAST_MS;
	if (p->fast_interval_ms == 0)
		p->fast_interval_ms = smaller(fast, p->interval_ms);
	if (p->down_interval_ms == 0)
		p->down_interval_ms = p->interval_ms;
	if (p->timeout_ms == 0)
		p->timeout_ms = smaller(p->interval_ms, TIMEOUT_MS);
	if (p->connect_timeout_ms == 0)
		p->connect_timeout_ms = p->timeout_ms;
	if (p->first_byte_timeout_ms == 0)
		p->first_byte_timeout_ms = p->timeout_ms;
}

/* `small` was written and is above `large`, which is known. */
static void check_order(struct scope *s, const char *small, int64_t small_ms, const char *large,
			int64_t large_ms)
{
	const struct node *n = scope_seen(s, small);
	struct buf text;

	if (n == NULL || !scope_sound(s, small) || !scope_sound(s, large) || small_ms <= large_ms)
		return;
	buf_init(&text);
	value_put_duration(&text, large_ms);
	problem(s->load, n->words[1].place, "%s %s is above %s, which is %s", small,
		n->words[1].text, large, buf_cstr(&text));
	buf_fini(&text);
}

static void check_times(struct scope *s, const struct conf_probe *p)
{
	check_order(s, "fast_interval", p->fast_interval_ms, "interval", p->interval_ms);
	check_order(s, "timeout", p->timeout_ms, "interval", p->interval_ms);
	check_order(s, "connect_timeout", p->connect_timeout_ms, "timeout", p->timeout_ms);
	check_order(s, "first_byte_timeout", p->first_byte_timeout_ms, "timeout", p->timeout_ms);
}

/* A body is expected where there can be none. */
static void check_body(struct scope *s, const struct conf_probe *p)
{
	const char *why = p->max_body == 0 ? "max_body is 0" : NULL;

	if (strcmp(p->method, "HEAD") == 0)
		why = "an answer to HEAD has no body";
	if (why == NULL)
		return;
	for (const struct node *c = s->children; c != NULL; c = c->next)
		if (c->meaning != NULL && c->meaning->read == read_expect && !c->bad &&
		    strcmp(c->words[1].text, "body") == 0)
			problem(s->load, c->words[1].place, "this can never hold: %s", why);
}

static struct conf_expect *find_status(struct conf_probe *p)
{
	for (unsigned i = 0; i < p->n_expects; i++)
		if (p->expects[i].kind == EXPECT_STATUS)
			return &p->expects[i];
	return NULL;
}

static void expect_any_success(struct scope *s, struct conf_probe *p)
{
	struct conf_expect *e;

	if (find_status(p) != NULL)
		return;
	e = &p->expects[p->n_expects++];
	e->kind = EXPECT_STATUS;
	e->statuses = tree_alloc(s->load, 1, sizeof(*e->statuses));
	if (e->statuses == NULL)
		return;
	e->statuses[0] = (struct conf_status_range){ 200, 399 };
	e->n_statuses = 1;
}

void finish_probe(struct scope *s)
{
	struct conf_probe *p = s->into;

	derive_times(p);
	check_times(s, p);
	if (p->kind != PROBE_HTTP)
		return;
	check_body(s, p);
	expect_any_success(s, p);
}

void probe_for_role(struct conf_probe *p, enum probe_role role)
{
	static const struct {
		unsigned rise, fall;
	} DEFAULTS[PROBE_ROLES] = {
		[ROLE_READINESS] = { 2, 3 },
		[ROLE_LIVENESS] = { 1, 3 },
		[ROLE_STARTUP] = { 1, 30 },
	};

	if (p->rise == 0)
		p->rise = DEFAULTS[role].rise;
	if (p->fall == 0)
		p->fall = DEFAULTS[role].fall;
}

void probe_read(struct load *l, const struct node *n, struct node *children, struct conf_probe *p,
		enum probe_kind kind)
{
	p->place = n->words[0].place;
	p->kind = kind;
	block_read(l, &BLOCK_PROBE, n, children, p->place, p, kind == PROBE_HTTP);
}

bool probe_kind_read(const char *text, enum probe_kind *out)
{
	if (strcmp(text, "tcp") == 0)
		*out = PROBE_TCP;
	else if (strcmp(text, "http") == 0)
		*out = PROBE_HTTP;
	else
		return false;
	return true;
}

/* ---- a named probe ---- */

static bool is_reserved(const char *name)
{
	enum probe_kind kind;

	return probe_kind_read(name, &kind) || strcmp(name, "none") == 0;
}

void read_probe(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf *c = s->into;
	struct conf_probe *p = &c->probes[c->n_probes++];
	enum probe_kind kind;

	p->name = tree_strdup(s->load, n->words[1].text);
	p->place = n->words[0].place;
	if (is_reserved(n->words[1].text))
		problem(s->load, n->words[1].place, "a probe cannot be named '%s'",
			n->words[1].text);
	else
		ref_declare(s->load, s->load->probes, &n->words[1], "probe", &p->place, p);
	if (probe_kind_read(n->words[2].text, &kind))
		probe_read(s->load, n, n->children, p, kind);
	else
		problem(s->load, n->words[2].place,
			"the kind of a probe is tcp or http, not '%.60s'", n->words[2].text);
}

void write_probe(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf *c = from;

	for (unsigned i = 0; i < c->n_probes; i++) {
		const struct conf_probe *p = &c->probes[i];

		dump_begin(d, row->word);
		dump_word(d, p->name);
		dump_word(d, probe_kind_name(p->kind));
		dump_block(d, &BLOCK_PROBE, p, p->kind == PROBE_HTTP);
	}
}

/* ---- the request ---- */

static const char *const METHODS[][2] = {
	{ "get", "GET" },
	{ "head", "HEAD" },
	{ "options", "OPTIONS" },
	{ "post", "POST" },
};

static const char *method_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(METHODS); i++)
		if (strcmp(METHODS[i][0], word) == 0)
			return METHODS[i][1];
	return NULL;
}

void read_request(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_probe *p = s->into;

	p->method = method_of(row->word);
	if (arg_url_path(s->load, &n->words[1], true))
		p->path = tree_strdup(s->load, n->words[1].text);
}

void write_request(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_probe *p = from;

	if (strcmp(p->method, method_of(row->word)) != 0)
		return;
	dump_begin(d, row->word);
	dump_word(d, p->path);
	dump_end(d);
}

/* A token (RFC 9110 5.6.2). */
static bool is_header_name(const char *s)
{
	static const char TOKEN[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return s[0] != '\0' && s[strspn(s, TOKEN)] == '\0';
}

/* A field value (RFC 9110 5.5) without what could end the line. */
static bool is_header_value(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static bool header_name(struct load *l, const struct word *w)
{
	if (is_header_name(w->text))
		return true;
	problem(l, w->place, "'%.60s' is no name of a header", w->text);
	return false;
}

/* Headers that say how the message is framed are aorta's own. */
static bool may_send(struct load *l, const struct conf_probe *p, const struct word *name)
{
	static const char *const OWN[] = { "connection", "content-length", "transfer-encoding" };

	for (size_t i = 0; i < ARRAY_LEN(OWN); i++) {
		if (strcasecmp(name->text, OWN[i]) == 0) {
			problem(l, name->place, "the header %s is written by aorta itself",
				name->text);
			return false;
		}
	}
	for (unsigned i = 0; i < p->n_headers && strcasecmp(name->text, "host") == 0; i++) {
		if (strcasecmp(p->headers[i].name, "host") == 0) {
			problem(l, name->place, "the header Host is given twice");
			return false;
		}
	}
	return true;
}

void read_header(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_probe *p = s->into;
	const struct word *name = &n->words[1], *value = &n->words[2];
	struct conf_header *h = &p->headers[p->n_headers];

	if (!header_name(s->load, name) || !may_send(s->load, p, name))
		return;
	if (!is_header_value(value->text)) {
		problem(s->load, value->place, "the value of the header holds a control character");
		return;
	}
	h->name = tree_strdup(s->load, name->text);
	h->value = tree_strdup(s->load, value->text);
	if (h->name != NULL && h->value != NULL)
		p->n_headers++;
}

void write_header(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_probe *p = from;

	for (unsigned i = 0; i < p->n_headers; i++) {
		dump_begin(d, row->word);
		dump_word(d, p->headers[i].name);
		dump_word(d, p->headers[i].value);
		dump_end(d);
	}
}

/* ---- expect ---- */

static void expect_status(struct scope *s, const struct node *n)
{
	struct conf_probe *p = s->into;
	struct conf_expect *e = find_status(p);

	if (e == NULL) {
		e = &p->expects[p->n_expects];
		e->statuses = tree_alloc(s->load, count_status_words(s), sizeof(*e->statuses));
		if (e->statuses == NULL)
			return;
		e->kind = EXPECT_STATUS;
		p->n_expects++;
	}
	for (unsigned i = 2; i < n->n_words; i++)
		if (arg_status(s->load, &n->words[i], &e->statuses[e->n_statuses]))
			e->n_statuses++;
}

/* [STRING | ~ PATTERN] from word `at` on, and nothing behind it. */
static bool expect_text(struct scope *s, const struct node *n, unsigned at, struct conf_expect *e)
{
	const struct word *w = &n->words[at];
	unsigned used = at + 1;

	if (w->tilde) {
		if (++used > n->n_words) {
			problem(s->load, w->end, "a pattern is missing after ~");
			return false;
		}
		e->pattern = arg_pattern(s->load, w + 1);
		if (e->pattern == NULL)
			return false;
	} else {
		e->literal = tree_strdup(s->load, w->text);
	}
	if (used == n->n_words)
		return true;
	problem(s->load, n->words[used].place,
		"'%.60s' is too much here; a text with spaces is "
		"quoted",
		n->words[used].text);
	return false;
}

static void expect_header(struct scope *s, const struct node *n)
{
	struct conf_probe *p = s->into;
	struct conf_expect *e = &p->expects[p->n_expects];

	if (!header_name(s->load, &n->words[2]))
		return;
	if (n->n_words > 3 && !expect_text(s, n, 3, e))
		return;
	e->kind = EXPECT_HEADER;
	e->header = tree_strdup(s->load, n->words[2].text);
	p->n_expects++;
}

static void expect_body(struct scope *s, const struct node *n)
{
	struct conf_probe *p = s->into;
	struct conf_expect *e = &p->expects[p->n_expects];

	if (!expect_text(s, n, 2, e))
		return;
	if (e->literal != NULL && e->literal[0] == '\0') {
		problem(s->load, n->words[2].place, "the empty text is in every body");
		return;
	}
	e->kind = EXPECT_BODY;
	p->n_expects++;
}

void read_expect(struct scope *s, const struct directive *row, const struct node *n)
{
	static const struct choice WHAT[] = {
		{ "status", EXPECT_STATUS },
		{ "header", EXPECT_HEADER },
		{ "body", EXPECT_BODY },
		{ NULL, 0 },
	};
	int what;

	if (!arg_choice(s->load, &n->words[1], "what is expected", WHAT, &what))
		return;
	if (what == EXPECT_STATUS)
		expect_status(s, n);
	else if (what == EXPECT_HEADER)
		expect_header(s, n);
	else
		expect_body(s, n);
}

void write_expect(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_probe *p = from;

	for (unsigned i = 0; i < p->n_expects; i++) {
		const struct conf_expect *e = &p->expects[i];

		dump_begin(d, row->word);
		switch (e->kind) {
		case EXPECT_STATUS:
			dump_word(d, "status");
			dump_statuses(d, e->statuses, e->n_statuses);
			break;
		case EXPECT_HEADER:
			dump_word(d, "header");
			dump_word(d, e->header);
			break;
		case EXPECT_BODY:
			dump_word(d, "body");
			break;
		}
		if (e->pattern != NULL)
			dump_pattern(d, e->pattern);
		else if (e->literal != NULL)
			dump_word(d, e->literal);
		dump_end(d);
	}
}
