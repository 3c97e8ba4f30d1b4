/* SPDX-License-Identifier: MIT */
/*
 * Whether a request that failed on a member is tried again. Pure.
 *
 * A request may be sent again when that cannot make anything happen twice: nothing of it was
 * sent (connect failed), or its method is idempotent (RFC 9110 9.2.2); and only while nothing of
 * an answer has reached the client and all of the request is still in our hands.
 */
#ifndef AORTA_PROXY_RETRY_H
#define AORTA_PROXY_RETRY_H

#include <stdbool.h>

#include "aorta/conf.h"

enum retry_cause {
	RETRY_CONNECT, /* no connection: nothing was sent */
	RETRY_STALE,   /* a kept connection turned out to be closed: says nothing of the member */
	RETRY_RESET,   /* broken before any byte of an answer */
	RETRY_STATUS,  /* an answer whose status is in the pool's list */
	RETRY_OUT,     /* the member was taken out while we waited */
};

struct retry_facts {
	enum retry_cause cause;
	unsigned status;  /* RETRY_STATUS */
	bool idempotent;  /* the method */
	bool replayable;  /* every byte of the request that was taken can be sent again */
	bool answer_seen; /* bytes of an answer have come (RETRY_STATUS: they are still ours) */
	unsigned tries_left;
};

enum retry_decision {
	RETRY_NOT,
	RETRY_ELSEWHERE, /* uses up a try; the member is not asked again */
	RETRY_FRESH,	 /* on a new connection to any member; uses up no try */
};

enum retry_decision retry_decide(const struct conf_retry *conf, const struct retry_facts *f);

#endif
