/* SPDX-License-Identifier: MIT */
/*
 * A small server on the test's own loop that answers as told. Support for the tests of health.
 */
#ifndef TEST_HEALTH_ORIGIN_H
#define TEST_HEALTH_ORIGIN_H

#include <ev.h>

#include "aorta/addr.h"

enum origin_act {
	ORIGIN_ANSWER,	/* the text, then an orderly close */
	ORIGIN_HOLD,	/* the text, then nothing, connection open */
	ORIGIN_RESET,	/* the text, then a reset */
	ORIGIN_TRICKLE, /* the text byte by byte, one each 5 ms, then close */
	ORIGIN_DEAF,	/* never accepts, with its backlog full: connects hang */
};

struct origin;

/* Listens on a free loopback port. */
struct origin *origin_new(struct ev_loop *loop, enum origin_act act, const char *text);
void origin_free(struct origin *o);
/* From the next connection on. The text is borrowed. */
void origin_set(struct origin *o, enum origin_act act, const char *text);
/* Closes the listening socket: connects are refused; and opens it again on the same port. */
void origin_refuse(struct origin *o);
void origin_return(struct origin *o);
struct addr origin_addr(const struct origin *o);
unsigned origin_accepted(const struct origin *o);
/* What the last connection sent. */
const char *origin_request(const struct origin *o);

#endif
