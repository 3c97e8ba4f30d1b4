/* SPDX-License-Identifier: MIT */
/*
 * A request as aorta-origin reads it, and the reader of its body. On purpose not src/wire: what
 * aorta wrote is read here by other code, and leniently, so that a mistake made the same way in
 * writing and in reading shows in the tests.
 */
#ifndef ORIGIN_REQUEST_H
#define ORIGIN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/slice.h"

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_SIZE_REST, /* extension, up to the line's end */
	CHUNK_DATA,
	CHUNK_DATA_END,
	CHUNK_TRAILER, /* at the start of a trailer line */
	CHUNK_TRAILER_REST,
};

struct body_reader {
	enum body_kind kind;
	enum chunk_state state;
	uint64_t left; /* bytes of the body or of the chunk at hand */
};

enum body_result { BODY_MORE, BODY_DONE, BODY_BAD };

struct request {
	struct slice head; /* all of it, with the empty line; borrows */
	struct slice method;
	struct slice target; /* as it came */
	struct slice path;   /* without query */
	struct slice query;  /* without '?' */
	bool http10;
	bool keep_alive;
	bool expect_continue;
	enum body_kind body;
	uint64_t length; /* with BODY_LENGTH */
};

/* Length of the head at the front of `p`, its empty line included; 0 when not complete. */
size_t request_head_length(const char *p, size_t n);
/* False when it makes no sense. Slices point into `head`. */
bool request_parse(struct request *r, struct slice head);

/* Cuts the next header line off `*lines` (begin with request_headers()); false at the end. */
bool request_next_header(struct slice *lines, struct slice *name, struct slice *value);
struct slice request_headers(struct slice head);

/* The value of `key` in a query string, not decoded; false when it is not there. */
bool query_get(struct slice query, const char *key, struct slice *value);

void body_begin(struct body_reader *b, const struct request *r);
/*
 * Reads from `*in`, which is cut by what was used. `*data` is set to the run of body bytes that
 * was found, perhaps empty; call again while the result is BODY_MORE and `*in` is not empty.
 */
enum body_result body_read(struct body_reader *b, struct slice *in, struct slice *data);

#endif
