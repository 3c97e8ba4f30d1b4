/* SPDX-License-Identifier: MIT */
/*
 * An exchange: one request and its answer, from the parsed head to the last byte. It finds the
 * pool, waits or picks, tries members until one answers, counts, and reports to the access log.
 * It exists only while the request is in flight. The rewritten head (and a small body) is kept
 * until an answer comes, so that it can be sent again.
 *
 *   NEW -> WAITING -> CONNECTING -> SENT -> ANSWERING -> DONE
 *            (any of the middle ones back to NEW for another try)
 *
 * Three files: exchange.c (the machine and the policy), exchange_request.c (client to member) and
 * exchange_answer.c (member to client).
 */
#ifndef AORTA_PROXY_EXCHANGE_H
#define AORTA_PROXY_EXCHANGE_H

#include "proxy/body.h"
#include "proxy/retry.h"
#include "proxy/session.h"
#include "proxy/upstream.h"

#define EXCHANGE_MAGIC 0x65786368u

enum exchange_state {
	EXCHANGE_NEW,	     /* no member */
	EXCHANGE_WAITING,    /* for a pool's first verdict */
	EXCHANGE_CONNECTING, /* to a member */
	EXCHANGE_SENT,	     /* the head is sent or queued; the body may still be coming */
	EXCHANGE_ANSWERING,  /* the answer's head has been forwarded */
	EXCHANGE_DONE,
	EXCHANGE_STATES
};

#define EXCHANGE_HEAD_INLINE 1536	 /* a browser's head is 500..1200 bytes */
#define EXCHANGE_HEAD_MAX    (16u << 10) /* a body is kept for another try up to here */

struct exchange {
	unsigned magic;
	uint8_t state; /* enum exchange_state, written by exchange_goto() alone */
	/* the request */
	uint8_t method; /* enum http1_method */
	uint8_t client_minor;
	bool client_keep_alive; /* by its version and what it said */
	bool replayable;	/* all that was taken of the request is in `head` */
	/* the answer */
	bool answer_seen;    /* any byte of it */
	bool answer_chunked; /* we frame it by chunks */
	bool answer_close;   /* the client connection ends with it */
	bool member_keep;    /* the member's connection may be used again */
	uint16_t status;     /* sent to the client; 0 before */
	uint8_t own;	     /* enum own_error: answered by ourselves */
	/* tries */
	uint8_t tries_left;
	uint8_t tries;	 /* members asked, the present one included */
	uint8_t failure; /* enum own_error: what the last failed try would answer */
	struct tried tried;
	/* links */
	struct session *s;
	struct worker_pool *pool; /* its generation is pinned; NULL without a route */
	struct upstream *up;	  /* the connection in use, or NULL */
	struct list link;	  /* pool->waiting, or the worker's dead */
	/* progress */
	struct body request_body, answer_body;
	int64_t begun_us, sent_us, answered_us; /* monotonic; 0: not yet */
	uint64_t answer_bytes;			/* to the client, head included */
	const char *member_name;		/* for the log: of the last one tried */
	/* the kept head */
	char *head; /* head_inline, or owned memory */
	uint32_t head_len, head_cap;
	uint32_t request_len; /* of the head alone, without a kept body */
	char head_inline[EXCHANGE_HEAD_INLINE];
};

/*
 * Begins the exchange for the request that was just parsed into w->request; what follows the
 * head is in w->in. The session's state is SESSION_EXCHANGE when it returns, or beyond.
 */
void exchange_begin(struct session *s);
/* Ends in an answer of our own, `e`, when nothing has been sent to the client yet; else cuts. */
void exchange_fail(struct exchange *x, enum own_error e);
/* The client is gone, or the worker has no more patience. */
void exchange_abort(struct exchange *x, enum outcome why);
/* The same, and the client sees a reset: it has a part of an answer that will not be whole. */
void exchange_cut(struct exchange *x, enum outcome why);
/* The session's deadline has passed. */
void exchange_timeout(struct exchange *x);
/* The pool has a new view: those that wait for a first verdict pick again. */
void exchanges_retry_pick(struct worker_pool *p);
/* They wait in `to` from now on, the same pool of a newer generation; NULL: there is none. */
void exchanges_move(struct worker_pool *from, struct worker_pool *to);
/* The member went out of service: elsewhere, if that is safe; else nothing happens. */
void exchange_member_out(struct exchange *x);
void exchange_free(struct exchange *x); /* from the list of the dead */

/* The upstream connection reports: it is writable (or connected), or readable. */
void exchange_upstream_writable(struct exchange *x);
void exchange_upstream_readable(struct exchange *x);
/* More of the request's body is in w->in, or there is room for it again. */
void exchange_pump_request(struct exchange *x);
/* The client took something of what was queued for it, perhaps all. */
void exchange_client_progress(struct exchange *x);
/* Whether the client is to be read from. */
bool exchange_wants_request(const struct exchange *x);

/* ---- between the exchange's own files ---- */

void exchange_goto(struct exchange *x, enum exchange_state next);
/* Picks members and connects until the request is under way or has failed. */
void exchange_dispatch(struct exchange *x);
/* The present try failed: another one, or the answer `e`. `f` goes to the passive check. */
void exchange_try_failed(struct exchange *x, enum retry_cause cause, enum outcome outcome,
			 enum own_error e);
/* The last byte of the answer is written or queued. */
void exchange_finish(struct exchange *x, enum outcome outcome);
/* Sends the head on the connection just taken. False: that failed, errno says why. */
bool exchange_send_head(struct exchange *x);
void exchange_count_status(struct exchange *x);
/* Whether there is a member that this request could be given and has not been. */
bool exchange_has_alternative(const struct exchange *x);

#endif
