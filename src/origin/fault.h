/* SPDX-License-Identifier: MIT */
/*
 * What an origin has been told to do wrong: a short list of faults per port, each with the
 * requests it is for and how often it still happens. Pure: decides, does nothing.
 */
#ifndef ORIGIN_FAULT_H
#define ORIGIN_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/buf.h"
#include "aorta/slice.h"

/* name, parameters, what it does. The commands of the same names set them. */
#define FAULTS(X)                                                                                  \
	X(STATUS, "status", "code=NNN", "answer with this status")                                 \
	X(DELAY, "delay", "ms=N", "wait before answering")                                         \
	X(HANG, "hang", "", "take the request and never answer")                                   \
	X(RESET, "reset", "[at=request|head|body]",                                                \
	  "reset the connection: instead of answering, or half-way through head or body")          \
	X(CLOSE, "close", "[at=request|head|body|idle]",                                           \
	  "close it there; idle: after a whole answer that did not say so")                        \
	X(TRICKLE, "trickle", "rate=N", "send N bytes a second")                                   \
	X(LENGTH, "length", "by=N|-N", "state a Content-Length that is too long or too short")     \
	X(EXTRA, "extra", "bytes=N", "send N more bytes after the answer")                         \
	X(GARBAGE, "garbage", "", "answer with bytes that are not HTTP, and close")                \
	X(RAW, "raw", "[then=keep|close]", "answer with exactly the body of this command (POST)")

enum fault_kind {
#define X(name, word, params, text) FAULT_##name,
	FAULTS(X)
#undef X
		FAULT_COUNT
};

/* name, word, what it covers */
#define SCOPES(X)                                                                                  \
	X(ALL, "all", "every path (default)")                                                      \
	X(TRAFFIC, "traffic", "every path but /healthz")                                           \
	X(HEALTH, "health", "only /healthz")

enum scope {
#define X(name, word, text) SCOPE_##name,
	SCOPES(X)
#undef X
		SCOPE_COUNT
};

/* Where in the exchange a reset or close happens. */
enum fault_at { AT_REQUEST, AT_HEAD, AT_BODY, AT_IDLE };

struct fault {
	enum fault_kind kind;
	enum scope scope;
	enum fault_at at;
	int64_t number;	 /* code, ms, rate, bytes: as the kind says */
	int64_t left;	 /* how many requests more; -1: without end */
	bool then_close; /* RAW */
	struct buf raw;	 /* RAW: owns */
};

#define FAULTS_MAX 16

struct fault_list {
	unsigned n;
	struct fault at[FAULTS_MAX];
};

/* The faults that apply to one request. Borrowed until the list changes. */
struct fault_set {
	const struct fault *by_kind[FAULT_COUNT]; /* NULL: does not apply */
};

const char *fault_word(enum fault_kind k);
const char *fault_params(enum fault_kind k);
const char *fault_text(enum fault_kind k);
const char *scope_word(enum scope s);

/*
 * Makes a fault of a command's query. `body` is copied for RAW. NULL, or what is wrong with it,
 * in words; then nothing has changed. Replaces a fault of the same kind and scope.
 */
const char *fault_add(struct fault_list *l, enum fault_kind kind, struct slice query,
		      struct slice body);
void fault_clear(struct fault_list *l);
/* Picks what applies and counts it; used-up faults go with the next call. */
void fault_take(struct fault_list *l, bool is_health, struct fault_set *out);
/* [{"fault":"delay","scope":"all","number":5,"left":-1}, ...] */
void fault_json(const struct fault_list *l, struct buf *out);

#endif
