/* SPDX-License-Identifier: MIT */
/*
 * A client's connection to a port: reads requests, has them answered, sends, and ends as its
 * faults demand. Owned by its port's list; frees itself when it closes.
 */
#ifndef ORIGIN_CONN_H
#define ORIGIN_CONN_H

#include "answer.h"
#include "port.h"
#include "request.h"

/* name, what it is doing */
#define CONN_STATES(X)                                                                             \
	X(HEAD, "between requests, or in the middle of a head")                                    \
	X(BODY, "reading a request's body")                                                        \
	X(DELAYED, "has an answer that waits for its time")                                        \
	X(SENDING, "sends an answer, within this turn")                                            \
	X(BLOCKED, "has bytes that the socket did not take yet")                                   \
	X(PACING, "waits before it sends the next few bytes")                                      \
	X(HUNG, "will never answer")                                                               \
	X(LINGERING, "has said all; waits for the client to close")                                \
	X(CLOSED, "is to be freed at the end of the event")

enum conn_state {
#define X(name, text) CONN_##name,
	CONN_STATES(X)
#undef X
};

struct conn {
	ev_io io;
	ev_timer timer;
	struct list link;
	struct port *port; /* borrows */
	enum conn_state state;
	struct slice input; /* of this turn and not used yet; borrows */
	struct buf stash;   /* input kept between turns; owns */
	/* the request at hand, when it has a body */
	struct body_reader reader;
	struct buf head;
	struct buf body;
	/* the answer at hand, when it is not a plain one */
	struct answer answer;
	size_t sent; /* of answer.bytes */
};

/* Takes the descriptor. */
void conn_start(struct port *p, int fd);
/* Closes all of a port's but `spared` (NULL: all), in order or by reset. */
void conn_close_all(struct port *p, const struct conn *spared, bool reset);
/* The same, only those between requests. The number closed. */
unsigned conn_close_idle(struct port *p, const struct conn *spared, bool reset);

#endif
