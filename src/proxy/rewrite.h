/* SPDX-License-Identifier: MIT */
/*
 * Heads as they are forwarded: built from the parsed form by copying runs of lines that stay,
 * leaving out the hop-by-hop ones (RFC 9110 7.6.1) and adding our own. Pure; no allocation.
 */
#ifndef AORTA_PROXY_REWRITE_H
#define AORTA_PROXY_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "aorta/http1.h"
#include "aorta/slice.h"

/* More than the rewriting adds to the bytes of any head, with the client's address. */
#define REWRITE_EXTRA 512

/*
 * Writes the request for the member to `out`, which has room for the head's length plus the
 * host's plus REWRITE_EXTRA. `client` is the client's address, `scheme` "http". Returns the
 * length.
 */
size_t rewrite_request(char *out, const struct http1_request *r, struct slice client,
		       struct slice scheme);

struct rewrite_answer {
	bool chunked;	 /* we frame the body by chunks */
	bool close;	 /* say Connection: close */
	bool keep_alive; /* say Connection: keep-alive (to an HTTP/1.0 client that asked) */
};

/* Writes the answer for the client; room as above. Returns the length. */
size_t rewrite_answer(char *out, const struct http1_response *r, const struct rewrite_answer *how);
/* An interim (1xx) answer, forwarded. */
size_t rewrite_interim(char *out, const struct http1_response *r);

#endif
