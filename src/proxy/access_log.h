/* SPDX-License-Identifier: MIT */
/* The access log: one line a request or TCP session, formatted here, written by the log thread. */
#ifndef AORTA_PROXY_ACCESS_LOG_H
#define AORTA_PROXY_ACCESS_LOG_H

#include "proxy/session.h"

/* What is known at the end of an exchange or tunnel. Everything borrows until the call returns. */
struct access_record {
	const char *mode;	   /* "http" when NULL, or "tcp" */
	struct slice request_line; /* "GET /x HTTP/1.1" as forwarded; empty when there was none */
	struct slice host;
	struct slice referer, user_agent; /* combined format only */
	const char *pool, *member;	  /* NULL: none */
	unsigned status;
	enum own_error own; /* OWN_NONE: a member's answer */
	enum outcome outcome;
	unsigned tries;
	uint64_t bytes_in, bytes_out; /* body from the client; all to the client */
	uint64_t body_out;	     /* of bytes_out the body, without its framing: combined's %b */
	int64_t total_us, member_us; /* -1: no answer */
};

/* Whether there is an access log at all: ask before filling the record. */
static inline bool access_log_wanted(const struct session *s)
{
	return s->listener->gen->g->conf->log.access_path != NULL;
}

void access_log_write(struct session *s, const struct access_record *r);

#endif
