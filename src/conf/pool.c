/* SPDX-License-Identifier: MIT */
/*
 * The block pool, with passive and retry: its readers and writers. Everything goes into the
 * tree's arena. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "conf/dump.h"
#include "conf/names.h"

/* ---- the block ---- */

static const struct conf_retry RETRY_DEFAULT = { .on_connect = true, .on_reset = true, .tries = 2 };

void read_pool(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf *c = s->into;
	struct conf_pool *p = &c->pools[c->n_pools];

	p->place = n->words[0].place;
	p->index = c->n_pools++;
	p->name = "?"; /* a broken line is read for what is in its block */
	if (n->n_words >= 2 && !n->words[1].bad) {
		p->name = tree_strdup(s->load, n->words[1].text);
		ref_declare(s->load, s->load->pools, &n->words[1], "pool", &p->place, p);
	}
	if (p->name != NULL)
		block_read(s->load, &BLOCK_POOL, n, n->children, p->place, p, true);
}

void write_pool(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf *c = from;

	for (unsigned i = 0; i < c->n_pools; i++) {
		dump_begin(d, row->word);
		dump_word(d, c->pools[i].name);
		dump_block(d, &BLOCK_POOL, &c->pools[i], true);
	}
}

void start_pool(struct scope *s)
{
	struct conf_pool *p = s->into;

	p->members = tree_alloc(s->load, scope_count(s, "member"), sizeof(*p->members));
	p->passive_connect_errors = 1;
	p->passive_action = PASSIVE_RECHECK;
	p->retry = RETRY_DEFAULT;
}

static const char *probe_name(struct load *l, const struct conf_pool *p, enum probe_role role)
{
	char name[128];

	snprintf(name, sizeof(name), "%.63s.%s", p->name, probe_role_name(role));
	return tree_strdup(l, name);
}

static struct conf_probe *own_probe(struct scope *s, enum probe_role role, enum probe_kind kind,
				    const struct node *n)
{
	static struct word none = { .text = "" };
	const struct node nowhere = { .words = &none, .n_words = 1 };
	struct conf_pool *pool = s->into;
	struct conf_probe *p = tree_alloc(s->load, 1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->name = probe_name(s->load, pool, role);
	probe_read(s->load, n ? n : &nowhere, n ? n->children : NULL, p, kind);
	if (n == NULL)
		p->place = pool->place;
	probe_for_role(p, role);
	pool->probes[role] = p;
	return p;
}

static bool is_none(const struct node *n)
{
	return n != NULL && n->n_words == 2 && strcmp(n->words[1].text, "none") == 0;
}

static bool is_off(const struct node *n)
{
	return n->n_words == 2 && strcmp(n->words[1].text, "off") == 0;
}

/* Nobody could judge on what was seen. */
static void finish_unjudged(struct scope *s)
{
	struct conf_pool *p = s->into;
	const struct node *passive = scope_seen(s, "passive");

	p->passive_connect_errors = 0;
	if (passive != NULL && !passive->bad && !is_off(passive))
		problem(s->load, passive->words[0].place,
			"passive has no meaning with 'readiness none': nothing would bring the "
			"member back");
}

void finish_pool(struct scope *s)
{
	struct conf_pool *p = s->into;
	const struct node *readiness = scope_seen(s, "readiness");

	if (scope_seen(s, "member") == NULL)
		problem(s->load, s->place, "pool '%.63s' has no member", p->name);
	if (readiness == NULL)
		own_probe(s, ROLE_READINESS, PROBE_TCP, NULL);
	else if (is_none(readiness))
		finish_unjudged(s);
	s->load->conf->n_members += p->n_members;
}

/* ---- members ---- */

/* `w` is the first word of a pair, such as "weight 3". */
static bool member_option(struct scope *s, const struct word *w, bool last, struct conf_member *m)
{
	static const struct choice OPTIONS[] = { { "weight", 0 }, { "tier", 1 }, { NULL, 0 } };
	static const int64_t MAX[] = { 256, 8 };
	unsigned *const field[] = { &m->weight, &m->tier };
	int which;
	int64_t v;

	if (!arg_choice(s->load, w, "what follows the address", OPTIONS, &which))
		return false;
	if (last) {
		problem(s->load, w->end, "a number is missing after '%s'", w->text);
		return false;
	}
	if (*field[which] != 0) {
		problem(s->load, w->place, "'%s' is given twice", w->text);
		return false;
	}
	if (!arg_count(s->load, w + 1, w->text, 1, MAX[which], &v))
		return false;
	*field[which] = (unsigned)v;
	return true;
}

static bool member_options(struct scope *s, const struct node *n, struct conf_member *m)
{
	for (unsigned i = 3; i < n->n_words; i += 2)
		if (!member_option(s, &n->words[i], i + 1 == n->n_words, m))
			return false;
	m->weight = m->weight ? m->weight : 1;
	m->tier = m->tier ? m->tier : 1;
	return true;
}

static bool is_wildcard(const struct addr *a)
{
	static const struct in6_addr ANY6 = IN6ADDR_ANY_INIT;

	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == INADDR_ANY;
	return memcmp(&a->v6.sin6_addr, &ANY6, sizeof(ANY6)) == 0;
}

static bool member_addr(struct scope *s, const struct word *w, struct addr *out)
{
	if (!arg_addr(s->load, w, "member", out))
		return false;
	if (!is_wildcard(out))
		return true;
	problem(s->load, w->place, "member: '%s' is any address, and nothing to connect to",
		w->text);
	return false;
}

void read_member(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_pool *p = s->into;
	struct conf_member *m = &p->members[p->n_members];
	bool named = arg_name(s->load, &n->words[1], "member");
	bool placed = member_addr(s, &n->words[2], &m->addr);

	if (!member_options(s, n, m) || !named || !placed) {
		*m = (struct conf_member){ 0 };
		return;
	}
	m->place = n->words[0].place;
	m->name = tree_strdup(s->load, n->words[1].text);
	if (m->name != NULL)
		p->n_members++;
}

void write_member(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_pool *p = from;
	char text[ADDR_TEXT_BYTES];

	for (unsigned i = 0; i < p->n_members; i++) {
		addr_print(&p->members[i].addr, text);
		dump_begin(d, row->word);
		dump_word(d, p->members[i].name);
		dump_word(d, text);
		dump_printf(d, "weight %u tier %u", p->members[i].weight, p->members[i].tier);
		dump_end(d);
	}
}

/* ---- probes by role ---- */

void read_role(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_pool *p = s->into;
	enum probe_role role = (enum probe_role)row->variant;
	const struct word *w = &n->words[1];
	enum probe_kind kind;

	if (probe_kind_read(w->text, &kind)) {
		own_probe(s, role, kind, n);
		return;
	}
	if (n->has_block)
		problem(s->load, w->place, "only tcp and http take a block here, not '%.60s'",
			w->text);
	else if (strcmp(w->text, "none") != 0)
		ref_probe(s->load, w, role, &p->probes[role]);
	else if (role != ROLE_READINESS)
		problem(s->load, w->place, "without a probe, leave '%s' out", row->word);
}

void write_role(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_pool *pool = from;
	const struct conf_probe *p = pool->probes[row->variant];

	if (p == NULL && row->variant != ROLE_READINESS)
		return;
	dump_begin(d, row->word);
	if (p == NULL) {
		dump_word(d, "none");
	} else if (p->shared != NULL) {
		dump_word(d, p->name);
	} else {
		dump_word(d, probe_kind_name(p->kind));
		dump_block(d, &BLOCK_PROBE, p, p->kind == PROBE_HTTP);
		return;
	}
	dump_end(d);
}

/* ---- passive ---- */

/* `WORD off;` or `WORD { ... }`. True for the block. */
static bool off_or_block(struct scope *s, const struct node *n, bool *off)
{
	*off = is_off(n) && !n->has_block;
	if (*off)
		return false;
	if (n->n_words == 1 && n->has_block)
		return true;
	problem(s->load, n->words[n->n_words - 1].place, "expected '%s off;' or '%s { ... }'",
		n->words[0].text, n->words[0].text);
	return false;
}

void read_passive(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_pool *p = s->into;
	bool off;

	if (off_or_block(s, n, &off))
		block_read(s->load, &BLOCK_PASSIVE, n, n->children, n->words[0].place, p, true);
	else if (off)
		p->passive_connect_errors = 0;
}

void write_passive(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_pool *p = from;

	dump_begin(d, row->word);
	if (p->passive_connect_errors > 0) {
		dump_block(d, &BLOCK_PASSIVE, p, true);
		return;
	}
	dump_word(d, "off");
	dump_end(d);
}

void read_connect_errors(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_pool *p = s->into;
	int action;
	int64_t v;

	if (arg_count(s->load, &n->words[1], row->word, row->min, row->max, &v))
		p->passive_connect_errors = (unsigned)v;
	if (n->n_words > 2 &&
	    arg_choice(s->load, &n->words[2], "what connect_errors do", CHOICES_PASSIVE, &action))
		p->passive_action = (enum passive_action)action;
}

void write_connect_errors(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_pool *p = from;

	dump_begin(d, row->word);
	dump_printf(d, "%u %s", p->passive_connect_errors,
		    choice_word(CHOICES_PASSIVE, (int)p->passive_action));
	dump_end(d);
}

/* ---- retry ---- */

void read_retry(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_pool *p = s->into;
	bool off;

	if (off_or_block(s, n, &off))
		block_read(s->load, &BLOCK_RETRY, n, n->children, n->words[0].place, &p->retry,
			   true);
	else if (off)
		p->retry = (struct conf_retry){ 0 };
}

void write_retry(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_pool *p = from;

	dump_begin(d, row->word);
	if (p->retry.on_connect || p->retry.on_reset || p->retry.n_statuses > 0) {
		dump_block(d, &BLOCK_RETRY, &p->retry, true);
		return;
	}
	dump_word(d, "off");
	dump_end(d);
}

static void retry_flag(struct scope *s, const struct word *w, bool *flag)
{
	if (*flag)
		problem(s->load, w->place, "'%s' is given twice", w->text);
	*flag = true;
}

void read_retry_on(struct scope *s, const struct directive *row, const struct node *n)
{
	struct conf_retry *r = s->into;

	r->on_connect = r->on_reset = false;
	r->statuses = tree_alloc(s->load, n->n_words, sizeof(*r->statuses));
	for (unsigned i = 1; i < n->n_words && r->statuses != NULL; i++) {
		const struct word *w = &n->words[i];

		if (strcmp(w->text, "connect") == 0)
			retry_flag(s, w, &r->on_connect);
		else if (strcmp(w->text, "reset") == 0)
			retry_flag(s, w, &r->on_reset);
		else if (w->text[0] >= '0' && w->text[0] <= '9')
			r->n_statuses += arg_status(s->load, w, &r->statuses[r->n_statuses]);
		else
			problem(s->load, w->place,
				"a retry is on connect, on reset, or on statuses such as 502-504, "
				"not on '%.60s'",
				w->text);
	}
}

void write_retry_on(struct dump *d, const struct directive *row, const void *from)
{
	const struct conf_retry *r = from;

	dump_begin(d, row->word);
	if (r->on_connect)
		dump_word(d, "connect");
	if (r->on_reset)
		dump_word(d, "reset");
	dump_statuses(d, r->statuses, r->n_statuses);
	dump_end(d);
}
