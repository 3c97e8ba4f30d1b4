/* SPDX-License-Identifier: MIT */
/*
 * The schema: each directive once, in one table a block, and everything that is done with a
 * directive comes from its row: reading, checking, defaults, the dump, the reference. To add a
 * directive, add a row. Private to src/conf.
 */
#ifndef AORTA_CONF_SCHEMA_H
#define AORTA_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/load.h"
#include "conf/syntax.h"

struct scope;
struct dump;
struct directive;

/* How the value is read, kept and printed. */
enum form {
	FORM_DURATION, /* int64_t, milliseconds */
	FORM_SIZE,     /* uint64_t, bytes */
	FORM_COUNT,    /* unsigned */
	FORM_PERCENT,  /* unsigned */
	FORM_CHOICE,   /* an enum: one word of `choices` */
	FORM_OWN,      /* by `read` and `write` */
};

enum block_use { NO_BLOCK, MAY_BLOCK, MUST_BLOCK };

#define ANY_NUMBER ((unsigned)-1) /* of words */

struct choice {
	const char *word;
	int value;
};

struct directive {
	const char *word;
	const char *args; /* as documented; forms that exclude each other on lines of their own */
	enum form form;
	unsigned min_args, max_args;
	enum block_use block;
	bool repeats;
	bool http_only;	   /* of http probes and listeners */
	const char *group; /* of the words of one group only one may be given */
	size_t offset;	   /* of the value in the block's struct */
	int64_t min, max;
	int variant;		   /* tells rows apart that share their functions */
	const char *fallback;	   /* the default as it would be written; NULL when it is derived */
	const char *fallback_said; /* a derived default, in words */
	const struct choice *choices;
	void (*read)(struct scope *s, const struct directive *row, const struct node *n);
	void (*write)(struct dump *d, const struct directive *row, const void *from);
	const char *help;
};

struct block {
	const char *title; /* "pool": in messages */
	const char *usage; /* "pool NAME { ... }": in the reference */
	const char *help;
	const struct directive *rows;
	unsigned n_rows;
	/* Before its directives are read: allocates what is counted. */
	void (*start)(struct scope *s);
	/* After: derived defaults, and what must be there. */
	void (*finish)(struct scope *s);
};

/* No table is longer. */
#define BLOCK_ROWS_MAX 24

/* A block being read. */
struct scope {
	struct load *load;
	const struct block *block;
	const struct node *node;     /* the directive that opened it; NULL for the file */
	const struct node *children; /* what stands in it */
	struct conf_place place;     /* for what is missing */
	void *into;		     /* the struct that is filled */
	bool http;		     /* rows that are http_only make sense */
	const struct node *seen[BLOCK_ROWS_MAX]; /* by row: the first */
	bool failed[BLOCK_ROWS_MAX];		 /* by row: its value could not be read */
};

extern const struct block BLOCK_TOP, BLOCK_LOG, BLOCK_ADMIN, BLOCK_PROBE, BLOCK_POOL, BLOCK_PASSIVE,
	BLOCK_RETRY, BLOCK_LISTENER;
/* All, in the order of the reference; NULL ends it. */
extern const struct block *const BLOCKS[];

extern const struct choice CHOICES_LEVEL[], CHOICES_EVENTS_FORMAT[], CHOICES_ACCESS_FORMAT[],
	CHOICES_BALANCE[], CHOICES_MODE[], CHOICES_PASSIVE[];
/* NULL when there is none. */
const char *choice_word(const struct choice *choices, int value);

/* walk.c: reads what stands in a block into `into`, by its table. */
void block_read(struct load *l, const struct block *b, const struct node *opened_by,
		struct node *children, struct conf_place place, void *into, bool http);
/* In a scope whose directives have been admitted. */
unsigned scope_count(const struct scope *s, const char *word);
const struct node *scope_seen(const struct scope *s, const char *word);
/* The value of the row is good, be it written or the default. */
bool scope_sound(const struct scope *s, const char *word);
void block_defaults(const struct block *b, void *into);
const struct directive *block_find(const struct block *b, const char *word);

/* args.c: readers of single words; false after a problem. */
bool arg_count(struct load *l, const struct word *w, const char *what, int64_t min, int64_t max,
	       int64_t *out);
bool arg_choice(struct load *l, const struct word *w, const char *what,
		const struct choice *choices, int *out);
bool arg_addr(struct load *l, const struct word *w, const char *what, struct addr *out);
bool arg_name(struct load *l, const struct word *w, const char *what);
/* A path of a URL: starts with a slash, no spaces, no control characters. */
bool arg_url_path(struct load *l, const struct word *w, bool query);
/* "200" or "200-299". */
bool arg_status(struct load *l, const struct word *w, struct conf_status_range *out);
struct pattern *arg_pattern(struct load *l, const struct word *w);
/* Into the field of a row that is not FORM_OWN. */
void arg_store(const struct directive *row, void *into, int64_t value);
bool arg_form(struct load *l, const struct directive *row, const struct word *w, int64_t *out);

/* listener.c: an address to listen on; noted, so that check.c can find it given twice. */
bool bind_read(struct load *l, const struct word *w, struct addr *out);

/* refs.c: names that stand for something in the file. */
bool ref_declare(struct load *l, struct names *names, const struct word *name, const char *what,
		 const struct conf_place *place, const void *value);
void ref_pool(struct load *l, const struct word *name, const struct conf_pool **slot);
void ref_probe(struct load *l, const struct word *name, enum probe_role role,
	       const struct conf_probe **slot);
void refs_resolve(struct load *l);

/* probe.c */
void probe_read(struct load *l, const struct node *n, struct node *children, struct conf_probe *p,
		enum probe_kind kind);
bool probe_kind_read(const char *text, enum probe_kind *out);
/* Fills in what depends on the role. */
void probe_for_role(struct conf_probe *p, enum probe_role role);

/* check.c: what needs the whole tree. */
void conf_check(struct load *l);

/* What is done with the rows of own form: one file a block. */
#define OWN(name)                                                                                  \
	void read_##name(struct scope *s, const struct directive *row, const struct node *n);      \
	void write_##name(struct dump *d, const struct directive *row, const void *from)
OWN(workers);
OWN(include);
OWN(log);
OWN(admin);
OWN(probe);
OWN(pool);
OWN(listener);
OWN(events);
OWN(access);
OWN(admin_bind);
OWN(socket);
OWN(token);
OWN(request);
OWN(header);
OWN(expect);
OWN(member);
OWN(role);
OWN(passive);
OWN(connect_errors);
OWN(retry);
OWN(retry_on);
OWN(bind);
OWN(route);
OWN(listener_pool);
#undef OWN

void start_top(struct scope *s);
void start_admin(struct scope *s);
void finish_admin(struct scope *s);
void start_probe(struct scope *s);
void finish_probe(struct scope *s);
void start_pool(struct scope *s);
void finish_pool(struct scope *s);
void start_listener(struct scope *s);
void finish_listener(struct scope *s);

#endif
