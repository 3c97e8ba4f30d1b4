/* SPDX-License-Identifier: MIT */
/*
 * A member: one server of a pool, as all threads share it.
 *
 * Its identity is (pool, name, address). It lives from the first generation that names it to
 * the last, across reloads, and is freed when no generation has it, no worker has work on it,
 * and no reader can still see it. State is judged by the health thread alone and read by others
 * through `report` (borrowed within one turn of the reader's loop); counters are per-worker
 * cells, written by their worker and summed by readers.
 */
#ifndef AORTA_MEMBER_H
#define AORTA_MEMBER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "aorta/addr.h"
#include "aorta/cell.h"
#include "aorta/conf.h"
#include "aorta/evidence.h"
#include "aorta/histogram.h"

#define MEMBER_MAGIC 0x6d656d62u

/* How an exchange (or TCP session) on a member ended, for its counters. */
#define OUTCOMES(X)                                                                                \
	X(OK, "ok")                                                                                \
	X(CONNECT, "connect failed")                                                               \
	X(CONNECT_TIMEOUT, "connect timed out")                                                    \
	X(RESET, "closed before an answer")                                                        \
	X(TIMEOUT, "answer timed out")                                                             \
	X(BAD_ANSWER, "malformed answer")                                                          \
	X(TRUNCATED, "answer cut short")                                                           \
	X(CLIENT_ABORT, "client went away")

enum outcome {
#define X(name, text) OUTCOME_##name,
	OUTCOMES(X)
#undef X
		OUTCOME_COUNT
};

const char *outcome_name(enum outcome o); /* "CONNECT_TIMEOUT" */
const char *outcome_text(enum outcome o);

/* One worker's counters of one member. */
struct member_cell {
	_Alignas(CACHE_LINE) cell_t in_flight; /* exchanges or TCP sessions now */
	cell_t requests;		       /* begun on this member, retries included */
	cell_t status[6];		       /* answers by class; [0] others */
	cell_t bytes_in;		       /* from the member */
	cell_t bytes_out;		       /* to the member */
	cell_t connects;		       /* connections opened */
	cell_t reuses;			       /* requests on a kept connection */
	cell_t retried;			       /* exchanges taken away and tried again */
	cell_t idle;			       /* kept connections now */
	cell_t outcome[OUTCOME_COUNT];
	struct histogram latency; /* request sent to head of the answer; tcp: connect */
};

/* A probe's standing, within a report. */
struct role_report {
	bool configured;
	bool held;	  /* held back by the startup probe */
	bool passing;	  /* the verdict of its rise/fall counter */
	bool judged;	  /* there was a verdict at all */
	unsigned counter; /* h of anchors' 2.1, 0 .. rise+fall-1 */
	unsigned rise, fall;
	unsigned streak; /* equal findings in a row */
	uint64_t runs;	 /* probes done */
	uint64_t failures;
	int64_t last_wall_us;	   /* of the last probe; 0 before */
	int64_t last_good_wall_us; /* of the last pass; 0 never */
	int64_t next_mono_us;	   /* when the next one is due */
	struct finding last;
};

enum admin_state { ADMIN_READY, ADMIN_DRAIN, ADMIN_MAINT };

/*
 * What is known of a member, immutable once published (a new one replaces it). DESIGN.md 4: the
 * orthogonal inputs, and the state computed from them.
 */
struct member_report {
	enum member_state state;
	int64_t since_wall_us; /* of the state */
	int64_t since_mono_us;
	enum admin_state admin;
	int64_t drain_deadline_mono_us; /* 0: not draining, or without limit */
	bool removed;			/* gone from the file, drains */
	uint64_t transitions;
	struct role_report roles[PROBE_ROLES];
	struct evidence why; /* the record behind the present state */
};

struct member {
	unsigned magic;
	/* identity, constant */
	char pool[NAME_BYTES];
	char name[NAME_BYTES];
	struct addr addr;
	char addr_text[ADDR_TEXT_BYTES];
	unsigned slot; /* index into the workers' tables, unique among the living */
	unsigned n_workers;
	/* shared state */
	_Atomic bool eligible; /* takes new work; a worker's mark-down clears it, health sets it */
	_Atomic unsigned connect_errors;	/* in a row, by all workers */
	_Atomic(struct member_report *) report; /* published by health; never NULL once it runs */
	/* links */
	unsigned refs; /* generations that name it; control thread only */
	/* counters */
	struct member_cell cells[]; /* n_workers */
};

/* Control thread. The address is copied; `slot` is the caller's to keep unique. NULL: memory. */
struct member *member_new(const char *pool, const char *name, const struct addr *addr,
			  unsigned slot, unsigned n_workers);
/* The last holder; frees the report with it. */
void member_free(struct member *m);

static inline struct member_cell *member_cell(struct member *m, unsigned worker)
{
	return &m->cells[worker];
}

/* Sum over the workers; any thread. */
uint64_t member_in_flight(const struct member *m);

/* A sum of all cells, for pages and metrics. */
struct member_totals {
	uint64_t in_flight, requests, status[6], bytes_in, bytes_out, connects, reuses, retried,
		idle;
	uint64_t outcome[OUTCOME_COUNT];
	struct histogram_sum latency;
};

void member_totals(const struct member *m, struct member_totals *out);

/*
 * A worker saw a connect fail: counts it and says whether this one reached `limit` in a row
 * (true exactly once per run of failures). A good connect clears the count. Worker threads.
 */
bool member_connect_failed(struct member *m, unsigned limit);
static inline void member_connect_ok(struct member *m)
{
	if (atomic_load_explicit(&m->connect_errors, memory_order_relaxed) != 0)
		atomic_store_explicit(&m->connect_errors, 0, memory_order_relaxed);
}

static inline bool member_eligible(const struct member *m)
{
	return atomic_load_explicit(&m->eligible, memory_order_relaxed);
}

/* Borrowed until the end of the reader's turn; NULL before health has taken it on. */
static inline const struct member_report *member_report(const struct member *m)
{
	return atomic_load_explicit(&m->report, memory_order_acquire);
}

#endif
