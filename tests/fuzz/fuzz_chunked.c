/* SPDX-License-Identifier: MIT */
/*
 * The chunked decoder: any bytes. The whole, byte by byte and in uneven pieces give the same
 * data, the same verdict at the same place; data lies within the input.
 */
#include "aorta/assert.h"
#include "aorta/chunked.h"
#include "fuzz.h"

#define PIECE_MAX 17

static char scratch[PIECE_MAX];

/* Of one decoding: what is compared. */
struct outcome {
	enum chunked_result result;
	uint64_t used;
	uint64_t data_bytes;
	uint64_t data_hash; /* FNV-1a, of the bytes in their order */
};

static void note_data(struct outcome *o, struct slice data)
{
	o->data_bytes += data.n;
	for (size_t i = 0; i < data.n; i++)
		o->data_hash = (o->data_hash ^ (unsigned char)data.p[i]) * 0x100000001b3ULL;
}

static void decode_piece(struct chunked *c, const char *p, size_t n, struct outcome *o)
{
	size_t at = 0;

	do {
		struct slice data;
		size_t used;

		o->result = chunked_decode(c, p + at, n - at, &used, &data);
		AORTA_ASSERT(used <= n - at);
		AORTA_ASSERT((o->result == CHUNKED_DATA) == (data.n > 0));
		if (data.n > 0)
			AORTA_ASSERT(data.p >= p + at && data.p + data.n == p + at + used);
		note_data(o, data);
		at += used;
	} while (o->result == CHUNKED_DATA);
	AORTA_ASSERT(o->result != CHUNKED_MORE || at == n);
	o->used += at;
}

/*
 * Pieces of 1 to `piece_max` bytes; their sizes follow from the input itself. Each ends where
 * the scratch memory ends, so that a sanitizer sees a read past it.
 */
static struct outcome decode(const uint8_t *data, size_t size, size_t piece_max)
{
	struct outcome o = { .result = CHUNKED_MORE, .data_hash = 0xcbf29ce484222325ULL };
	struct chunked c;
	size_t at = 0;

	chunked_init(&c);
	while (o.result == CHUNKED_MORE && at < size) {
		size_t n = 1 + (data[at] * 31U + at) % piece_max;

		if (n > size - at)
			n = size - at;
		memcpy(scratch + PIECE_MAX - n, data + at, n);
		decode_piece(&c, scratch + PIECE_MAX - n, n, &o);
		at += n;
	}
	return o;
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
	AORTA_ASSERT(a->result == b->result && a->used == b->used);
	AORTA_ASSERT(a->data_bytes == b->data_bytes && a->data_hash == b->data_hash);
}

/* As one piece. */
static struct outcome decode_whole(const uint8_t *data, size_t size)
{
	struct outcome o = { .result = CHUNKED_MORE, .data_hash = 0xcbf29ce484222325ULL };
	struct chunked c;

	chunked_init(&c);
	decode_piece(&c, size > 0 ? (const char *)data : "", size, &o);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = decode_whole(data, size);
	struct outcome bytes = decode(data, size, 1);
	struct outcome pieces = decode(data, size, PIECE_MAX);

	check_same(&whole, &bytes);
	check_same(&whole, &pieces);
	return 0;
}
