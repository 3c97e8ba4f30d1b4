/* SPDX-License-Identifier: MIT */
/*
 * A request as its handler sees it, the answer it fills, and the table that brings them together.
 */
#ifndef ADMIN_ROUTE_H
#define ADMIN_ROUTE_H

#include "aorta/buf.h"
#include "aorta/evidence.h"
#include "aorta/http1.h"

struct admin;
struct conn;

/* How a client reached us: what it may do follows from it, see auth.h. */
struct peer {
	bool local;    /* over the Unix socket */
	bool loopback; /* over TCP, to a loopback address of ours */
	char text[80]; /* "127.0.0.1", "uid 0" */
};

#define ROUTE_ARGS 2

struct ask {
	struct admin *admin;
	struct conn *conn; /* borrows: for answers that come later */
	const struct http1_request *http;
	const struct peer *peer;
	struct slice query; /* without "?" */
	bool trusted;	    /* may read everything; false only at the routes that anyone may ask */
	char args[ROUTE_ARGS][NAME_BYTES]; /* of the ":x" parts of the path, decoded */
};

struct reply {
	unsigned status;
	const char *type;   /* borrows; Content-Type */
	struct buf headers; /* further lines, each with its CRLF */
	struct buf body;
	bool later; /* the connection was told to wait: orders.h */
};

void reply_init(struct reply *r);
void reply_fini(struct reply *r);
/* An error for machines and people: {"error": ..., "hint": ...}. `hint` may be NULL. */
void reply_error(struct reply *r, unsigned status, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Finds the route, asks auth, runs the handler. */
void route_dispatch(struct ask *ask, struct reply *reply);
/* GET /api: the table itself. */
void route_help(struct ask *ask, struct reply *reply);

/* Percent-decodes `s` (and "+" when `form`) to `out` with its NUL. False: malformed, NUL, too long.
 */
bool query_decode(struct slice s, bool form, char *out, size_t cap);
/* The value of `name` decoded into `out`; false when it is missing or does not fit. */
bool query_get(struct slice query, const char *name, char *out, size_t cap);
/* Is `name` there, with or without a value? */
bool query_has(struct slice query, const char *name);
/* The first in list order; `*at` starts at 0 and is moved on. For values given more than once. */
bool query_next(struct slice query, const char *name, size_t *at, char *out, size_t cap);
/* A number; `otherwise` when it is missing. False when it is there and no number. */
bool query_u64(struct slice query, const char *name, uint64_t otherwise, uint64_t *out);

#endif
