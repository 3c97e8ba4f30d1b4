/* SPDX-License-Identifier: MIT */
/*
 * The chunked transfer coding (RFC 9112 7.1): an incremental, strict decoder.
 *
 * Sizes are 1 to 16 hexadecimal digits; extensions are checked for bytes that may not be there,
 * bounded, and dropped; lines end in CRLF only; trailers are checked like headers, bounded, and
 * dropped. State only, no memory of its own. Pure; one thread. Fuzzed by tests/fuzz/fuzz_chunked.
 */
#ifndef AORTA_CHUNKED_H
#define AORTA_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "aorta/slice.h"

#define CHUNKED_LINE_MAX    4096  /* size line with extensions, bytes */
#define CHUNKED_TRAILER_MAX 16384 /* all trailer lines, bytes */

struct chunked {
	uint8_t state; /* private */
	uint8_t digits;
	uint32_t line_bytes; /* of the current size line or of the trailers */
	uint64_t left;	     /* of the current chunk */
};

enum chunked_result {
	CHUNKED_DATA, /* `data` is a run of body bytes inside the input */
	CHUNKED_MORE, /* all input used, the body is not complete */
	CHUNKED_DONE, /* the body ended; bytes after `used` belong to the next message */
	CHUNKED_BAD,  /* malformed */
};

void chunked_init(struct chunked *c);
/*
 * Takes input up to the end of one run of data. `used` bytes of `p[0..n)` are consumed, also
 * with CHUNKED_DATA, after which the caller comes again with what is left.
 */
enum chunked_result chunked_decode(struct chunked *c, const char *p, size_t n, size_t *used,
				   struct slice *data);

/* Room for a chunk's size line: 16 digits and CRLF. */
#define CHUNKED_SIZE_BYTES 18
/* Writes "SIZE\r\n" in lower-case hex; returns its length. */
size_t chunked_size_line(char out[CHUNKED_SIZE_BYTES], uint64_t size);

#endif
