/* SPDX-License-Identifier: MIT */
/*
 * The body of one message on its way through: how it is framed and how much is left. Pure state
 * over the bytes that its owner shows it; one per direction of an exchange.
 */
#ifndef AORTA_PROXY_BODY_H
#define AORTA_PROXY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aorta/chunked.h"
#include "aorta/http1.h"
#include "aorta/slice.h"

enum body_kind {
	BODY_NONE,
	BODY_LENGTH,
	BODY_CHUNKED,
	BODY_UNTIL_CLOSE, /* an answer that ends with its connection */
};

struct body {
	enum body_kind kind;
	bool done;
	uint64_t left;	/* BODY_LENGTH */
	uint64_t taken; /* data bytes so far */
	struct chunked chunked;
};

enum body_result { BODY_OK, BODY_BAD };

void body_init(struct body *b, enum body_kind kind, uint64_t length);
void body_init_request(struct body *b, const struct http1_request *r);
/* RFC 9112 6.3: `head_request` and statuses without a body come first. */
void body_init_answer(struct body *b, const struct http1_response *r, bool head_request);

/*
 * Takes what belongs to the body from the front of `in` (which moves on) and makes its data one
 * run, `data`, by moving the runs of a chunked body together in place: `in` must be writable
 * memory. BODY_BAD: malformed chunking.
 */
enum body_result body_take(struct body *b, struct slice *in, struct slice *data);
/* The sender's connection ended. False when the body is cut short by that. */
bool body_end(struct body *b);

#endif
