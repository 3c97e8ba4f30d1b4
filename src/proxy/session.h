/* SPDX-License-Identifier: MIT */
/*
 * A session: one client connection from accept to close. It reads requests, begins an exchange
 * for each, one at a time and in order, and writes the answers; in tcp mode it carries a tunnel.
 *
 *   IDLE -> HEAD -> EXCHANGE -> IDLE ...        keep-alive
 *                   EXCHANGE -> FLUSH -> LINGER -> CLOSED
 *   TUNNEL -> CLOSED                            mode tcp
 *
 * At rest it is this struct and nothing else.
 */
#ifndef AORTA_PROXY_SESSION_H
#define AORTA_PROXY_SESSION_H

#include "aorta/addr.h"
#include "proxy/listener.h"
#include "proxy/pending.h"

#define SESSION_MAGIC 0x73657373u

enum session_state {
	SESSION_IDLE,	  /* waits for the first byte of a request */
	SESSION_HEAD,	  /* a head has begun and is not complete */
	SESSION_EXCHANGE, /* a request is being served */
	SESSION_TUNNEL,	  /* mode tcp */
	SESSION_FLUSH,	  /* the last answer is being written, then the connection ends */
	SESSION_LINGER,	  /* our side is ended; what still comes is thrown away, for a while */
	SESSION_CLOSED,	  /* among the dead */
	SESSION_STATES
};

struct session {
	unsigned magic;
	uint8_t state; /* enum session_state, written by session_goto() alone */
	bool eof;      /* the client has ended its side */
	bool fresh;    /* no request yet on this connection */
	bool linger;   /* FLUSH: unread input may follow, so end our side first and wait */
	struct stream stream;
	ev_timer timer;
	int64_t deadline;  /* of the present state; monotonic us */
	int64_t timer_due; /* when the timer fires: never later than the deadline */
	struct worker *w;
	struct listener *listener;
	union {
		struct exchange *exchange; /* SESSION_EXCHANGE: owns */
		struct tunnel *tunnel;	   /* SESSION_TUNNEL: owns */
	};
	struct pending pending;
	struct list link; /* among all of the worker, or its dead */
	struct addr peer;
};

/* Takes `fd`, or closes it when there is no memory. */
void session_accept(struct listener *l, int fd, const struct addr *peer);

/*
 * Moves to `next`. Checks that the step is one of the machine's, sets the deadline that the new
 * state waits with, and watches what it needs.
 */
void session_goto(struct session *s, enum session_state next);
/* Something happens within `us` or the state's time is up. Cheap when the timer is armed already.
 */
void session_deadline(struct session *s, int64_t us);
/* Watches what state and buffers ask for: the one place that decides. */
void session_watch(struct session *s);

/*
 * The exchange has ended and its answer is written or queued. `close`: no further request.
 * `unread`: the client may still be sending what nobody will read.
 */
void session_exchange_done(struct session *s, bool close, bool unread);
/* Moves w->in out of the shared read buffer, which the caller needs for something else. */
void session_hold_input(struct session *s);
/* Goes on with bytes that have been waiting. The caller is the last on the stack to use `s`. */
void session_resume(struct session *s);
/* Ends the connection now; `reset` when the client must not take what it has for the whole. */
void session_close(struct session *s, bool reset);
/* The worker is stopping, or the listener is gone: idle sessions get a moment, then end. */
void session_wind_down(struct session *s);
/* Whether the next answer says Connection: close. */
bool session_last_answer(const struct session *s);
void session_free(struct session *s); /* from the list of the dead */

#endif
