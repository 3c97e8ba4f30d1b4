/* SPDX-License-Identifier: MIT */
/*
 * A small blocking HTTP client for the admin API: one request, one connection.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "aorta/buf.h"

struct client {
	const char *socket;  /* path of the Unix socket; used when `address` is NULL */
	const char *address; /* HOST:PORT, or NULL */
	const char *token;   /* NULL: none */
};

struct answer {
	unsigned status;
	struct buf body;
};

void answer_init(struct answer *a);
void answer_fini(struct answer *a);
/*
 * Asks and waits for the whole answer. 0, or -1 with a message for people in `why`: which address,
 * what failed, what to look at.
 */
int client_ask(const struct client *c, const char *method, const char *target,
	       struct answer *answer, struct buf *why);
/* Percent-encodes one path segment or query value (RFC 3986 2.3). */
void client_encode(struct buf *b, const char *s);

#endif
