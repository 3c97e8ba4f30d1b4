/* SPDX-License-Identifier: MIT */
/*
 * The table of directives. Ranges and defaults of conf.h are written here and nowhere else.
 * Const data; any thread.
 */
#include "conf/schema.h"

#include "aorta/assert.h"
#include "aorta/epoch.h"

#define MS     INT64_C(1)
#define SECOND (1000 * MS)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

/* Each is a reader of epochs, beside control, admin and health. */
#define WORKERS_MAX (EPOCH_READERS_MAX - 3)

const struct choice CHOICES_LEVEL[] = {
	{ "debug", LOG_DEBUG_ }, { "info", LOG_INFO_ }, { "warn", LOG_WARN_ },
	{ "error", LOG_ERROR_ }, { NULL, 0 },
};
const struct choice CHOICES_EVENTS_FORMAT[] = {
	{ "logfmt", LOG_LOGFMT },
	{ "json", LOG_JSON },
	{ NULL, 0 },
};
const struct choice CHOICES_ACCESS_FORMAT[] = {
	{ "json", LOG_JSON },
	{ "combined", LOG_COMBINED },
	{ NULL, 0 },
};
const struct choice CHOICES_BALANCE[] = {
	{ "round_robin", BALANCE_ROUND_ROBIN },
	{ "least", BALANCE_LEAST },
	{ "p2c", BALANCE_P2C },
	{ NULL, 0 },
};
const struct choice CHOICES_MODE[] = {
	{ "http", MODE_HTTP },
	{ "tcp", MODE_TCP },
	{ NULL, 0 },
};
const struct choice CHOICES_PASSIVE[] = {
	{ "recheck", PASSIVE_RECHECK },
	{ "down", PASSIVE_DOWN },
	{ NULL, 0 },
};

const char *choice_word(const struct choice *choices, int value)
{
	for (; choices->word != NULL; choices++)
		if (choices->value == value)
			return choices->word;
	return NULL;
}

/* Rows with one value of a kind, and rows read and written by functions of their own. */
#define DURATION(type, field, word_, min_, max_, ...)                                              \
	{                                                                                          \
		.word = word_, .args = "DURATION", .form = FORM_DURATION, .min_args = 1,           \
		.max_args = 1, .offset = offsetof(struct type, field), .min = (min_),              \
		.max = (max_), __VA_ARGS__                                                         \
	}
#define SIZE(type, field, word_, min_, max_, ...)                                                  \
	{                                                                                          \
		.word = word_, .args = "SIZE", .form = FORM_SIZE, .min_args = 1, .max_args = 1,    \
		.offset = offsetof(struct type, field), .min = (min_), .max = (max_), __VA_ARGS__  \
	}
#define COUNT(type, field, word_, min_, max_, ...)                                                 \
	{                                                                                          \
		.word = word_, .args = "N", .form = FORM_COUNT, .min_args = 1, .max_args = 1,      \
		.offset = offsetof(struct type, field), .min = (min_), .max = (max_), __VA_ARGS__  \
	}
#define PERCENT(type, field, word_, min_, max_, ...)                                               \
	{                                                                                          \
		.word = word_, .args = "SHARE", .form = FORM_PERCENT, .min_args = 1,               \
		.max_args = 1, .offset = offsetof(struct type, field), .min = (min_),              \
		.max = (max_), __VA_ARGS__                                                         \
	}
#define CHOICE(type, field, word_, choices_, ...)                                                  \
	{                                                                                          \
		.word = word_, .form = FORM_CHOICE, .min_args = 1, .max_args = 1,                  \
		.offset = offsetof(struct type, field), .choices = choices_, __VA_ARGS__           \
	}
#define OWN(name, word_, min_, max_, block_, ...)                                                  \
	{                                                                                          \
		.word = word_, .form = FORM_OWN, .min_args = (min_), .max_args = (max_),           \
		.block = (block_), .read = read_##name, .write = write_##name, __VA_ARGS__         \
	}
#define ANY ANY_NUMBER

/* ---- the file ---- */

static const struct directive TOP[] = {
	OWN(workers, "workers", 1, 1, NO_BLOCK, .args = "auto|N", .min = 1, .max = WORKERS_MAX,
	    .fallback = "auto",
	    .help = "Threads that carry traffic; auto is one for each core that aorta may use."),
	DURATION(conf, shutdown_timeout_ms, "shutdown_timeout", 1, DAY, .fallback = "30s",
		 .help = "How long running requests may take to finish after SIGTERM. What is "
			 "left then is cut and counted."),
	COUNT(conf, max_connections, "max_connections", 1, 10000000,
	      .fallback_said = "what the limit of open files allows",
	      .help = "Client connections of all workers together; more are refused."),
	OWN(include, "include", 1, 1, NO_BLOCK, .args = "GLOB", .repeats = true,
	    .help = "Reads other files here, in the order of their names. A relative path starts "
		    "at the folder of the file in which it stands. A wildcard that matches "
		    "nothing is no error; a plain path that is not there is one."),
	OWN(log, "log", 0, 0, MUST_BLOCK, .args = "{ ... }", .help = "Where the logs go."),
	OWN(admin, "admin", 0, 0, MUST_BLOCK, .args = "{ ... }",
	    .help = "Where the page, the API and aortactl reach aorta."),
	OWN(probe, "probe", 2, 2, MAY_BLOCK, .args = "NAME tcp|http { ... }", .repeats = true,
	    .help = "A probe that pools refer to by its name."),
	OWN(pool, "pool", 1, 1, MUST_BLOCK, .args = "NAME { ... }", .repeats = true,
	    .help = "Members that do the same work, and how they are judged and chosen."),
	OWN(listener, "listener", 1, 1, MUST_BLOCK, .args = "NAME { ... }", .repeats = true,
	    .help = "Addresses on which clients are served, and the pools that serve them."),
};

static const struct directive LOG[] = {
	OWN(events, "events", 1, 3, NO_BLOCK, .args = "stderr|PATH [format logfmt|json]",
	    .fallback = "stderr format logfmt",
	    .help = "What happens to aorta and its members, a line each."),
	OWN(access, "access", 1, 3, NO_BLOCK, .args = "stderr|stdout|PATH [format json|combined]",
	    .fallback_said = "no access log",
	    .help = "One line a request, json unless a format is given. Without this directive "
		    "there is no access log."),
	CHOICE(conf_log, level, "level", CHOICES_LEVEL, .args = "debug|info|warn|error",
	       .fallback = "info", .help = "Events of less weight are not written."),
};

static const struct directive ADMIN[] = {
	OWN(admin_bind, "bind", 1, 1, NO_BLOCK, .args = "ADDRESS:PORT", .repeats = true,
	    .help = "Listens for HTTP here."),
	OWN(socket, "socket", 1, 1, NO_BLOCK, .args = "PATH",
	    .help = "Listens for HTTP on a Unix socket, where the file's rights decide who may "
		    "change anything."),
	OWN(token, "token", 1, 1, NO_BLOCK, .args = "STRING|file:PATH",
	    .fallback_said = "none: changes over TCP are refused",
	    .help = "What a client must show to change anything over TCP. With file: the token "
		    "is the text of that file without the line break at its end."),
};

/* ---- probes ---- */

#define PROBE_DURATION(field, word, ...) DURATION(conf_probe, field, word, 1, DAY, __VA_ARGS__)
#define PROBE_REQUEST(word)                                                                        \
	OWN(request, word, 1, 1, NO_BLOCK, .args = "PATH", .http_only = true, .group = "request",  \
	    .fallback_said = "get /", .help = "The request that is sent: its method and path.")

static const struct directive PROBE[] = {
	PROBE_DURATION(interval_ms, "interval", .fallback = "2s",
		       .help = "From one probe to the next while the member is surely well."),
	PROBE_DURATION(fast_interval_ms, "fast_interval",
		       .fallback_said = "a quarter of interval, at least 100ms, never above it",
		       .help = "The same while in doubt, and before the first verdict."),
	PROBE_DURATION(down_interval_ms, "down_interval", .fallback_said = "interval",
		       .help = "The same while the member is down."),
	PROBE_DURATION(timeout_ms, "timeout", .fallback_said = "the lesser of interval and 1s",
		       .help = "The time for a whole probe; not above interval."),
	PROBE_DURATION(connect_timeout_ms, "connect_timeout", .fallback_said = "timeout",
		       .help = "The time to connect; not above timeout."),
	PROBE_DURATION(first_byte_timeout_ms, "first_byte_timeout", .http_only = true,
		       .fallback_said = "timeout",
		       .help = "From the request sent to the first byte of the answer; not above "
			       "timeout."),
	PERCENT(conf_probe, jitter_percent, "jitter", 0, 50, .fallback = "10%",
		.help = "Each wait is made longer or shorter at random by up to this share."),
	COUNT(conf_probe, rise, "rise", 1, 1000,
	      .fallback_said = "2 for readiness, 1 for liveness and startup",
	      .help = "So many passes in a row make a member that was down well again."),
	COUNT(conf_probe, fall, "fall", 1, 1000,
	      .fallback_said = "3 for readiness and liveness, 30 for startup",
	      .help = "So many failures in a row take a member down."),
	PROBE_REQUEST("get"),
	PROBE_REQUEST("head"),
	PROBE_REQUEST("options"),
	PROBE_REQUEST("post"),
	OWN(header, "header", 2, 2, NO_BLOCK, .args = "NAME VALUE", .repeats = true,
	    .http_only = true, .help = "A header of the request."),
	OWN(expect, "expect", 2, ANY, NO_BLOCK, .repeats = true, .http_only = true,
	    .args = "status CODE|CODE-CODE ...\nheader NAME [VALUE]\nheader NAME ~ PATTERN\n"
		    "body STRING\nbody ~ PATTERN",
	    .fallback_said = "expect status 200-399",
	    .help = "What the answer must be: all that is expected must hold. The statuses of "
		    "several lines are one set. A header is there, has exactly this value, or "
		    "matches. The string or pattern is found in the first max_body bytes of the "
		    "body."),
	SIZE(conf_probe, max_body, "max_body", 0, 1 << 20, .http_only = true, .fallback = "16k",
	     .help = "So much of the body is read and searched."),
};

/* ---- pools ---- */

#define POOL_DURATION(field, word, ...) DURATION(conf_pool, field, word, 1, 30 * DAY, __VA_ARGS__)

static const struct directive POOL[] = {
	CHOICE(conf_pool, balance, "balance", CHOICES_BALANCE, .args = "round_robin|least|p2c",
	       .fallback = "round_robin",
	       .help = "Who gets the next request: each in turn by weight; the one with the "
		       "fewest in flight for its weight; or the lesser loaded of two drawn at "
		       "random."),
	OWN(member, "member", 2, 6, NO_BLOCK, .args = "NAME ADDRESS:PORT [weight N] [tier N]",
	    .repeats = true,
	    .help = "One that serves. Weight is 1 to 256, 1 if not given. Tier is 1 to 8, 1 if "
		    "not given; the members of a tier serve when no lower tier can. Names are "
		    "not resolved: the address is a number."),
	OWN(role, "readiness", 1, 1, MAY_BLOCK, .variant = ROLE_READINESS,
	    .args = "PROBE\ntcp|http [{ ... }]\nnone", .fallback = "tcp",
	    .help = "The probe that decides whether a member gets traffic: a named one, or one "
		    "written in place. With none nobody judges the members: they are UP from "
		    "the start, and passive is off."),
	OWN(role, "liveness", 1, 1, MAY_BLOCK, .variant = ROLE_LIVENESS,
	    .args = "PROBE\ntcp|http [{ ... }]", .fallback_said = "none",
	    .help = "The probe that tells whether a member must be restarted; it is watched and shown."),
	OWN(role, "startup", 1, 1, MAY_BLOCK, .variant = ROLE_STARTUP,
	    .args = "PROBE\ntcp|http [{ ... }]", .fallback_said = "none",
	    .help = "The probe that must pass once before the other two begin."),
	OWN(passive, "passive", 0, 1, MAY_BLOCK, .args = "{ ... }\noff",
	    .fallback = "{ connect_errors 1 recheck; }",
	    .help = "What is learnt from the traffic itself."),
	OWN(retry, "retry", 0, 1, MAY_BLOCK, .args = "{ ... }\noff",
	    .fallback = "{ on connect reset; tries 2; }",
	    .help = "When a request is tried again on another member."),
	POOL_DURATION(connect_timeout_ms, "connect_timeout", .fallback = "5s",
		      .help = "The time to connect to a member."),
	POOL_DURATION(response_timeout_ms, "response_timeout", .fallback = "60s",
		      .help = "From the request sent to the head of the answer."),
	POOL_DURATION(idle_timeout_ms, "idle_timeout",
		      .fallback_said = "60s; 1h for a pool that only tcp listeners use",
		      .help = "Between two reads of an answer's body; in mode tcp without any "
			      "byte either way."),
	POOL_DURATION(keepalive_timeout_ms, "keepalive_timeout", .fallback = "60s",
		      .help = "An unused connection to a member is kept so long."),
	COUNT(conf_pool, keepalive_connections, "keepalive_connections", 0, 100000,
	      .fallback = "256", .help = "Unused connections kept for each member and worker."),
	POOL_DURATION(drain_timeout_ms, "drain_timeout", .fallback = "60s",
		      .help = "The time that running work has when a member drains."),
	POOL_DURATION(first_check_wait_ms, "first_check_wait", .fallback = "5s",
		      .help = "A request waits so long when no member has been judged yet."),
};

static const struct directive PASSIVE[] = {
	OWN(connect_errors, "connect_errors", 1, 2, NO_BLOCK, .args = "N [recheck|down]", .min = 1,
	    .max = 1000, .fallback = "1 recheck",
	    .help = "So many connections refused or reset in a row have the member probed at "
		    "once, or taken down."),
};

static const struct directive RETRY[] = {
	OWN(retry_on, "on", 1, ANY, NO_BLOCK, .args = "[connect] [reset] [CODE|CODE-CODE ...]",
	    .fallback = "connect reset",
	    .help = "What is tried again: connect, no connection could be made; reset, it was "
		    "closed before any byte of an answer; answers with these statuses."),
	COUNT(conf_retry, tries, "tries", 0, 10, .fallback = "2",
	      .help = "Further tries after the first."),
};

/* ---- listeners ---- */

static const struct directive LISTENER[] = {
	OWN(bind, "bind", 1, 1, NO_BLOCK, .args = "ADDRESS:PORT", .repeats = true,
	    .help = "Listens here. A star is any IPv4 address, [::] any IPv6 address."),
	CHOICE(conf_listener, mode, "mode", CHOICES_MODE, .args = "http|tcp", .fallback = "http",
	       .help = "Requests are routed one by one, or connections are passed through."),
	OWN(route, "route", 4, 7, NO_BLOCK, .repeats = true, .http_only = true,
	    .args = "[host NAME] [path WHAT] pool POOL",
	    .help = "Sends the requests that match to a pool; the first route that matches wins. "
		    "At least one of host and path is given. WHAT is an exact path, all below a "
		    "path (/v1/*), or ~ PATTERN; it is matched without the query."),
	OWN(listener_pool, "pool", 1, 1, NO_BLOCK, .args = "POOL",
	    .fallback_said = "none: what no route takes is answered with 404",
	    .help = "What no route takes goes to this pool. In mode tcp it is required."),
	DURATION(conf_listener, header_timeout_ms, "header_timeout", 1, DAY, .http_only = true,
		 .fallback = "10s",
		 .help = "From the first byte of a request to the end of its head."),
	DURATION(conf_listener, keepalive_timeout_ms, "keepalive_timeout", 1, DAY,
		 .http_only = true, .fallback = "60s", .help = "Between two requests."),
	DURATION(conf_listener, idle_timeout_ms, "idle_timeout", 1, DAY, .http_only = true,
		 .fallback = "60s",
		 .help = "Between two reads of a request's body, or two writes of an answer. "
			 "(In mode tcp the pool's idle_timeout counts.)"),
	SIZE(conf_listener, max_header, "max_header", 1 << 10, 256 << 10, .http_only = true,
	     .fallback = "32k", .help = "The whole head of a request; more is answered with 431."),
	SIZE(conf_listener, max_body, "max_body", 0, INT64_C(1) << 50, .http_only = true,
	     .fallback = "0",
	     .help = "A request's body; more is answered with 413. 0 is no limit."),
};

#define ROWS(table) .rows = table, .n_rows = ARRAY_LEN(table)

_Static_assert(ARRAY_LEN(PROBE) <= BLOCK_ROWS_MAX && ARRAY_LEN(POOL) <= BLOCK_ROWS_MAX &&
		       ARRAY_LEN(LISTENER) <= BLOCK_ROWS_MAX && ARRAY_LEN(TOP) <= BLOCK_ROWS_MAX,
	       "scope.seen has a place for each row");

const struct block BLOCK_TOP = { .title = "the file",
				 .usage = "The file",
				 .help = "What stands outside any block.",
				 ROWS(TOP),
				 .start = start_top };
const struct block BLOCK_LOG = {
	.title = "log", .usage = "log { ... }", .help = "Where the logs go.", ROWS(LOG)
};
const struct block BLOCK_ADMIN = { .title = "admin",
				   .usage = "admin { ... }",
				   .help = "Where the page, the API and aortactl reach aorta. "
					   "Reading needs no token on a loopback address.",
				   ROWS(ADMIN),
				   .start = start_admin,
				   .finish = finish_admin };
const struct block BLOCK_PROBE = { .title = "probe",
				   .usage = "probe NAME tcp|http { ... }",
				   .help = "How a member is asked. A tcp probe passes when a "
					   "connection can be made.",
				   ROWS(PROBE),
				   .start = start_probe,
				   .finish = finish_probe };
const struct block BLOCK_POOL = { .title = "pool",
				  .usage = "pool NAME { ... }",
				  .help = "Members that do the same work.",
				  ROWS(POOL),
				  .start = start_pool,
				  .finish = finish_pool };
const struct block BLOCK_PASSIVE = { .title = "passive",
				     .usage = "passive { ... }",
				     .help = "In a pool: what is learnt from the traffic itself.",
				     ROWS(PASSIVE) };
const struct block BLOCK_RETRY = { .title = "retry",
				   .usage = "retry { ... }",
				   .help = "In a pool: when a request is tried again on another "
					   "member. Only what is safe to send twice is.",
				   ROWS(RETRY) };
const struct block BLOCK_LISTENER = { .title = "listener",
				      .usage = "listener NAME { ... }",
				      .help = "Where clients are served.",
				      ROWS(LISTENER),
				      .start = start_listener,
				      .finish = finish_listener };

const struct block *const BLOCKS[] = { &BLOCK_TOP,   &BLOCK_LOG,      &BLOCK_ADMIN,
				       &BLOCK_PROBE, &BLOCK_POOL,     &BLOCK_PASSIVE,
				       &BLOCK_RETRY, &BLOCK_LISTENER, NULL };
