/* SPDX-License-Identifier: MIT */
/*
 * Counters of listeners and pools: per-worker cells that outlive a generation, found again by
 * name after a reload. Those of members are in member.h.
 */
#ifndef AORTA_STATS_H
#define AORTA_STATS_H

#include "aorta/cell.h"
#include "aorta/evidence.h"

/*
 * Answers that aorta makes itself, told apart from a member's own in metrics, log and the
 * Aorta-Error header. name, status, header word, sentence. Listed in aorta.conf(5) too.
 */
#define OWN_ERRORS(X)                                                                              \
	X(NONE, 0, "", "")                                                                         \
	X(BAD_REQUEST, 400, "bad-request", "The request could not be understood.")                 \
	X(NO_ROUTE, 404, "no-route", "No route matches this host and path.")                       \
	X(METHOD, 405, "method-not-allowed", "This method is not accepted here.")                  \
	X(REQUEST_TIMEOUT, 408, "request-timeout", "The request did not arrive in time.")          \
	X(BODY_TOO_LARGE, 413, "body-too-large", "The request body is larger than allowed.")       \
	X(EXPECTATION, 417, "expectation-failed", "The expectation is not known.")                 \
	X(HEADER_TOO_LARGE, 431, "header-too-large", "The request head is larger than allowed.")   \
	X(INTERNAL, 500, "internal", "Out of memory or another fault inside the balancer.")        \
	X(CONNECT_FAILED, 502, "connect-failed", "No connection to a member could be made.")       \
	X(MEMBER_RESET, 502, "member-reset",                                                       \
	  "The member closed the connection without an answer.")                                   \
	X(BAD_ANSWER, 502, "bad-answer", "The member's answer could not be understood.")           \
	X(NO_MEMBER, 503, "no-member", "No member of the pool can serve.")                         \
	X(NOT_JUDGED, 503, "not-judged", "No member of the pool has been judged yet.")             \
	X(OVERLOADED, 503, "overloaded", "A limit of the balancer was reached.")                   \
	X(CONNECT_TIMEOUT, 504, "connect-timeout", "The member did not accept in time.")           \
	X(ANSWER_TIMEOUT, 504, "answer-timeout", "The member did not answer in time.")             \
	X(VERSION, 505, "http-version", "This version of HTTP is not spoken here.")

enum own_error {
#define X(name, status, word, text) OWN_##name,
	OWN_ERRORS(X)
#undef X
		OWN_ERROR_COUNT
};

unsigned own_error_status(enum own_error e);
const char *own_error_word(enum own_error e); /* "no-route" */
const char *own_error_text(enum own_error e);

struct listener_cell {
	_Alignas(CACHE_LINE) cell_t accepted; /* connections ever */
	cell_t active;			      /* connections now */
	cell_t refused;			      /* reset at once: over our share, or no memory */
	cell_t requests;
	cell_t status[6]; /* answers sent, by class, own ones included; [0] others */
	cell_t own[OWN_ERROR_COUNT];
	cell_t bytes_in, bytes_out; /* from and to clients */
	cell_t cut;		    /* exchanges or sessions cut by shutdown or deadline */
};

struct listener_stats {
	char name[NAME_BYTES];
	unsigned n_workers;
	struct listener_cell cells[];
};

struct pool_cell {
	_Alignas(CACHE_LINE) cell_t requests; /* exchanges routed to the pool, each once */
	cell_t waiting;			      /* in the first-check queue now */
	cell_t own[OWN_ERROR_COUNT];
	cell_t retries;
};

struct pool_stats {
	char name[NAME_BYTES];
	unsigned n_workers;
	struct pool_cell cells[];
};

/*
 * Control thread. NULL when out of memory. The registry owns them, by name, until the end.
 */
struct listener_stats *listener_stats_new(const char *name, unsigned n_workers);
struct pool_stats *pool_stats_new(const char *name, unsigned n_workers);
void listener_stats_free(struct listener_stats *s);
void pool_stats_free(struct pool_stats *s);

struct listener_totals {
	uint64_t accepted, active, refused, requests, status[6], own[OWN_ERROR_COUNT];
	uint64_t bytes_in, bytes_out, cut;
};
struct pool_totals {
	uint64_t requests, waiting, own[OWN_ERROR_COUNT], retries;
};
/* Sums over the workers, for pages and metrics; any thread. */
void listener_totals(const struct listener_stats *s, struct listener_totals *out);
void pool_totals(const struct pool_stats *s, struct pool_totals *out);

#endif
