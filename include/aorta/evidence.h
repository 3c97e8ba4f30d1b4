/* SPDX-License-Identifier: MIT */
/*
 * Evidence: the one record behind every verdict. Page, API, `aortactl why`, log line and (later)
 * recorder and alert are renderings of it and of nothing else.
 *
 * A value without pointers, so that it can be copied, mailed, kept and (later) stored as it is.
 */
#ifndef AORTA_EVIDENCE_H
#define AORTA_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/buf.h"

#define NAME_BYTES 64 /* pool, member and listener names, with their NUL; checked by conf */

/* What the balancer sees of a member: DESIGN.md section 4. name, text, takes new work */
#define MEMBER_STATES(X)                                                                           \
	X(CHECKING, "not judged yet", 0)                                                           \
	X(UP, "serves", 1)                                                                         \
	X(DEGRADED, "serves at reduced weight", 1)                                                 \
	X(PROBATION, "coming back on trial", 1)                                                    \
	X(EJECTED, "taken out by traffic evidence", 0)                                             \
	X(DOWN, "judged unable to serve", 0)                                                       \
	X(DRAINING, "finishes what it has, takes no new work", 0)                                  \
	X(MAINT, "taken out by an operator", 0)

enum member_state {
#define X(name, text, serves) MEMBER_##name,
	MEMBER_STATES(X)
#undef X
		MEMBER_STATE_COUNT
};

const char *member_state_name(enum member_state s); /* "UP" */
const char *member_state_text(enum member_state s);
bool member_state_serves(enum member_state s);

/*
 * Results of a probe or of a connection, in HAProxy's vocabulary (its management manual,
 * check_status). name, short code, passed, sentence
 */
#define PROBE_CODES(X)                                                                             \
	X(UNK, "UNK", 0, "not checked yet")                                                        \
	X(SOCKERR, "SOCKERR", 0, "local socket error")                                             \
	X(L4OK, "L4OK", 1, "connected")                                                            \
	X(L4TOUT, "L4TOUT", 0, "connect timed out")                                                \
	X(L4CON, "L4CON", 0, "connect failed")                                                     \
	X(L6OK, "L6OK", 1, "TLS handshake done")                                                   \
	X(L6TOUT, "L6TOUT", 0, "TLS handshake timed out")                                          \
	X(L6RSP, "L6RSP", 0, "TLS handshake failed")                                               \
	X(L7OK, "L7OK", 1, "answered as expected")                                                 \
	X(L7TOUT, "L7TOUT", 0, "no complete answer in time")                                       \
	X(L7RSP, "L7RSP", 0, "connection broken or answer malformed")                              \
	X(L7STS, "L7STS", 0, "answered, but not as expected")

enum probe_code {
#define X(name, code, passed, text) CODE_##name,
	PROBE_CODES(X)
#undef X
		PROBE_CODE_COUNT
};

const char *probe_code_name(enum probe_code c); /* "L4CON" */
const char *probe_code_text(enum probe_code c);
bool probe_code_passed(enum probe_code c);

/* Who says so. name, word for people */
#define EVIDENCE_SOURCES(X)                                                                        \
	X(CONFIG, "configuration")                                                                 \
	X(ADMIN, "operator")                                                                       \
	X(READINESS, "readiness probe")                                                            \
	X(LIVENESS, "liveness probe")                                                              \
	X(STARTUP, "startup probe")                                                                \
	X(TRAFFIC, "traffic")

enum evidence_source {
#define X(name, text) SOURCE_##name,
	EVIDENCE_SOURCES(X)
#undef X
		EVIDENCE_SOURCE_COUNT
};

const char *evidence_source_name(enum evidence_source s); /* "READINESS" */
const char *evidence_source_text(enum evidence_source s);

/* How far a probe or a request had come. */
#define EVIDENCE_PHASES(X)                                                                         \
	X(NONE, "")                                                                                \
	X(CONNECT, "connect")                                                                      \
	X(TLS, "tls handshake")                                                                    \
	X(SEND, "send")                                                                            \
	X(FIRST_BYTE, "first byte")                                                                \
	X(HEAD, "response head")                                                                   \
	X(BODY, "response body")                                                                   \
	X(EXPECT, "expectation")

enum evidence_phase {
#define X(name, text) PHASE_##name,
	EVIDENCE_PHASES(X)
#undef X
		EVIDENCE_PHASE_COUNT
};

const char *evidence_phase_text(enum evidence_phase p);

/* What one look at a member found. */
struct finding {
	enum probe_code code;
	enum evidence_phase phase; /* where it ended; NONE when it passed */
	int sys_errno;		   /* 0 when there is none */
	unsigned status;	   /* HTTP status seen, 0 without */
	int64_t connect_us;	   /* -1 when not reached */
	int64_t first_byte_us;	   /* from request sent; -1 when not reached */
	int64_t total_us;
	char expected[96]; /* "status 200-299", "body ~ ..."; "" when it passed */
	char got[160];	   /* what came instead, printable, cut */
};

struct evidence {
	uint64_t id;	 /* rises by one per record */
	int64_t wall_us; /* when, since the epoch */
	int64_t mono_us;
	char pool[NAME_BYTES];
	char member[NAME_BYTES];
	enum evidence_source source;
	bool transition; /* from != to */
	enum member_state from, to;
	struct finding finding; /* of probes and traffic */
	unsigned streak;	/* how many findings of this kind in a row, this one included */
	unsigned needed; /* how many in a row are needed (rise or fall), 0 when not counted */
	char note[128];	 /* operator's words, what changed in the file, a rule's name */
};

/*
 * One sentence for people: "3 of 3 readiness probes failed at connect: connection refused
 * (ECONNREFUSED) after 0.2ms", "operator drained it", ... Without time and names.
 */
void evidence_sentence(struct buf *b, const struct evidence *e);
void finding_sentence(struct buf *b, const struct finding *f);
/* Symbolic name of an errno, "ECONNREFUSED"; "" for 0. */
const char *errno_name(int sys_errno);

#endif
