/* SPDX-License-Identifier: MIT */
/*
 * The configuration: a file's text made into checked, immutable structs.
 *
 * conf_load() lexes, parses, checks against the schema table and builds; every error in the
 * file is reported, not only the first. The result is a tree in one arena, never changed after
 * it was built, read by every thread, and freed whole by conf_free() once nobody points into it.
 *
 * Durations are milliseconds (int64_t, > 0 unless said), sizes bytes. Strings are
 * NUL-terminated and owned by the tree. All pointers between structs borrow within the tree.
 */
#ifndef AORTA_CONF_H
#define AORTA_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/addr.h"
#include "aorta/buf.h"
#include "aorta/err.h"
#include "aorta/log.h"
#include "aorta/slice.h"

struct arena;
struct conf_owned;
struct pattern;

/* Where a thing stands in the files: for messages about it after loading. */
struct conf_place {
	const char *file;
	unsigned line, col; /* 1.. */
};

/* ---- probes ---- */

enum probe_kind { PROBE_TCP, PROBE_HTTP };
enum probe_role { ROLE_READINESS, ROLE_LIVENESS, ROLE_STARTUP, PROBE_ROLES };

struct conf_header {
	const char *name;
	const char *value;
};

enum expect_kind { EXPECT_STATUS, EXPECT_HEADER, EXPECT_BODY };

struct conf_status_range {
	uint16_t first, last; /* 100..599, inclusive */
};

/*
 * One `expect`. All of a probe's must hold; the statuses of several `expect status` are one set.
 *   expect status 200-299 304;
 *   expect header NAME;            the header is there
 *   expect header NAME VALUE;      is there with exactly this value
 *   expect header NAME ~ "re";     is there and matches
 *   expect body ~ "re";  expect body "substring";   within the first max_body bytes
 */
struct conf_expect {
	enum expect_kind kind;
	struct conf_status_range *statuses; /* EXPECT_STATUS */
	unsigned n_statuses;
	const char *header; /* EXPECT_HEADER: the name */
	const char
		*literal; /* exact value or body substring; NULL with a pattern or for presence */
	struct pattern *pattern; /* owned by the tree; NULL without */
};

struct conf_probe {
	struct conf_place place;
	const char *name; /* "web_ready", or "POOL.readiness" when written in place */
	const struct conf_probe *shared; /* the named probe of which this is the variant for one
					    role; NULL for that one itself and when in place */
	enum probe_kind kind;
	int64_t interval_ms;	       /* 2 s; while sure that the member is well */
	int64_t fast_interval_ms;      /* while in doubt, and before the first verdict; default
					  interval/4,      at least 100 ms, never over interval */
	int64_t down_interval_ms;      /* while down; default interval */
	int64_t timeout_ms;	       /* the whole probe; default min(interval, 1 s) */
	int64_t connect_timeout_ms;    /* default timeout */
	int64_t first_byte_timeout_ms; /* from the request sent to the first byte; default timeout
					*/
	unsigned jitter_percent;       /* 0..50, default 10 */
	unsigned rise, fall; /* 1..1000; default 2 and 3; liveness 1 and 3; startup 1 and 30 */
	/* http */
	const char *method; /* GET, HEAD, OPTIONS or POST; `get PATH;` `head PATH;` ... */
	const char *path;
	struct conf_header *headers;
	unsigned n_headers;
	struct conf_expect *expects; /* at most one EXPECT_STATUS, with all statuses; conf adds
					200-399 to an http probe that has none */
	unsigned n_expects;
	uint64_t max_body; /* bytes of the body read and searched; default 16k, up to 1m */
};

/* ---- pools ---- */

enum balance_kind { BALANCE_ROUND_ROBIN, BALANCE_LEAST, BALANCE_P2C };

struct conf_member {
	struct conf_place place;
	const char *name;
	struct addr addr;
	unsigned weight; /* 1..256, default 1 */
	unsigned tier;	 /* 1..8, default 1; a tier serves when no lower one can */
};

enum passive_action { PASSIVE_RECHECK, PASSIVE_DOWN };

/* `retry { on connect reset 502-504; tries 2; }` */
struct conf_retry {
	bool on_connect; /* could not connect; default on */
	bool on_reset;	 /* closed or reset before any byte of an answer; default on */
	struct conf_status_range *statuses; /* answers to try again elsewhere; default none */
	unsigned n_statuses;
	unsigned tries; /* further tries after the first, 0..10, default 2 */
};

struct conf_pool {
	struct conf_place place;
	unsigned index; /* in conf.pools */
	const char *name;
	enum balance_kind balance; /* default round_robin */
	struct conf_member *members;
	unsigned n_members;
	/*
	 * By role; NULL when there is none. A pool without a `readiness` gets a tcp one with the
	 * defaults; `readiness none;` has nothing judge the members: they are UP from the start.
	 */
	const struct conf_probe *probes[PROBE_ROLES];
	/* passive { connect_errors N recheck|down; } default 1 recheck; 0: `passive off;` */
	unsigned passive_connect_errors;
	enum passive_action passive_action;
	struct conf_retry retry;
	int64_t connect_timeout_ms;  /* 5 s */
	int64_t response_timeout_ms; /* 60 s, request sent to the head of the answer */
	int64_t idle_timeout_ms; /* 60 s, between two reads of an answer's body; tcp: 1 h both ways
				  */
	int64_t keepalive_timeout_ms;	/* 60 s, an unused upstream connection is kept */
	unsigned keepalive_connections; /* unused ones kept per member and worker, 0..100000; 256 */
	int64_t drain_timeout_ms;	/* 60 s */
	int64_t first_check_wait_ms; /* 5 s, a request waits when no member has been judged yet */
};

/* ---- listeners ---- */

enum listener_mode { MODE_TCP, MODE_HTTP };
enum path_match { PATH_ANY, PATH_EXACT, PATH_PREFIX, PATH_PATTERN };

/*
 * route [host NAME] [path WHAT] pool POOL;
 * WHAT is an exact path, a prefix (a path that ends in a slash and a star), or ~ "pattern". At
 * least one of host and path is given; the first route that matches wins. The prefix written as
 * "/v1/" and a star matches all that starts with "/v1/", and not "/v1" itself.
 */
struct conf_route {
	struct conf_place place;
	const char *host; /* lower case, no port; NULL for any */
	enum path_match path_match;
	struct slice path;	 /* exact or prefix text */
	struct pattern *pattern; /* matched against the path without its query */
	const struct conf_pool *pool;
};

struct conf_listener {
	struct conf_place place;
	unsigned index; /* in conf.listeners */
	const char *name;
	struct addr *binds;
	unsigned n_binds;
	enum listener_mode mode;   /* default http */
	struct conf_route *routes; /* http only */
	unsigned n_routes;
	const struct conf_pool *pool; /* everything else; NULL: 404 (tcp: required) */
	int64_t header_timeout_ms;    /* 10 s, first byte of a request to the end of its head */
	int64_t keepalive_timeout_ms; /* 60 s, between requests */
	int64_t idle_timeout_ms; /* 60 s, between two reads of a request's body or two writes */
	uint64_t max_header;	 /* 1k..256k, default 32k: the whole request head */
	uint64_t max_body;	 /* 0: no limit (default) */
};

/* ---- the rest ---- */

struct conf_log {
	/* events stderr | PATH format logfmt | json;   level debug|info|warn|error */
	const char *events_path; /* NULL: stderr */
	enum log_format events_format;
	enum log_level level;	 /* default info */
	const char *access_path; /* NULL: no access log (default); "stderr", "stdout" or a path */
	enum log_format access_format; /* LOG_JSON or LOG_COMBINED */
};

struct conf_admin {
	struct addr *binds;
	unsigned n_binds;
	const char *socket;	/* NULL: none */
	const char *token;	/* NULL: changes are refused over TCP */
	const char *token_file; /* where it was read from; NULL when it stands in the file */
};

struct conf {
	struct arena *arena;
	const char *file;
	unsigned workers;	     /* 0: one per core (`auto`, default) */
	int64_t shutdown_timeout_ms; /* 30 s: SIGTERM to exit */
	unsigned max_connections;    /* client connections of all workers; 0: from RLIMIT_NOFILE */
	struct conf_log log;
	struct conf_admin admin;
	struct conf_pool *pools;
	unsigned n_pools;
	struct conf_listener *listeners;
	unsigned n_listeners;
	unsigned n_members; /* of all pools */
	/* Named probes as written, used or not; rise and fall are 0 where the role decides. */
	struct conf_probe *probes;
	unsigned n_probes;
	struct conf_owned *owned; /* what conf_free() frees beside the arena */
};

/* One error or warning with the line it is about. */
struct conf_problem {
	struct err err;
	char source[200]; /* the line, cut and with tabs made spaces */
	unsigned caret;	  /* column in `source`, 1.. */
	char nearest[64]; /* nearest known word, "" when none is near */
};

struct conf_problems {
	struct conf_problem *at; /* owns */
	unsigned n, cap;
	unsigned suppressed; /* beyond CONF_PROBLEMS_MAX */
};

#define CONF_PROBLEMS_MAX 200

/*
 * Loads `path` and what it includes. NULL when there is any problem; `problems` (initialised
 * and later freed by the caller) then says what. Reads files; never blocks on anything else.
 */
struct conf *conf_load(const char *path, struct conf_problems *problems);
/* The same from memory: for tests and fuzzing. `name` stands for the file in messages. */
struct conf *conf_load_text(const char *name, struct slice text, struct conf_problems *problems);
void conf_free(struct conf *c);

void conf_problems_init(struct conf_problems *p);
void conf_problems_fini(struct conf_problems *p);
/* "file:line:col: message", the line, a caret, "did you mean ...?"; for people. */
void conf_problems_print(const struct conf_problems *p, struct buf *out);

/* The configuration in effect, defaults included, as a file that loads to the same tree; secrets
 * are printed as file:... or masked. */
void conf_dump(const struct conf *c, struct buf *out);
/* "2 listeners, 3 pools, 10 members, 2 probes" */
void conf_summary(const struct conf *c, struct buf *out);
/* The reference part of aorta.conf(5), in man(7) macros, from the schema table. */
void conf_reference(struct buf *out);

bool conf_status_in(const struct conf_status_range *ranges, unsigned n, unsigned status);
const char *probe_kind_name(enum probe_kind k);
const char *probe_role_name(enum probe_role r);
const char *balance_kind_name(enum balance_kind b);

#endif
