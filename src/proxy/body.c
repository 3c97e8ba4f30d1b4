/* SPDX-License-Identifier: MIT */
/* Body framing: lengths counted, chunks decoded, ends recognised. Pure; no memory of its own. */
#include "proxy/body.h"

#include <string.h>

void body_init(struct body *b, enum body_kind kind, uint64_t length)
{
	b->kind = kind;
	b->left = length;
	b->taken = 0;
	b->done = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
	if (kind == BODY_CHUNKED)
		chunked_init(&b->chunked);
}

void body_init_request(struct body *b, const struct http1_request *r)
{
	if (r->head.chunked)
		body_init(b, BODY_CHUNKED, 0);
	else if (r->head.has_length)
		body_init(b, BODY_LENGTH, r->head.length);
	else
		body_init(b, BODY_NONE, 0);
}

void body_init_answer(struct body *b, const struct http1_response *r, bool head_request)
{
	if (head_request || r->status < 200 || r->status == 204 || r->status == 304)
		body_init(b, BODY_NONE, 0);
	else if (r->head.chunked)
		body_init(b, BODY_CHUNKED, 0);
	else if (r->head.has_length)
		body_init(b, BODY_LENGTH, r->head.length);
	else
		body_init(b, BODY_UNTIL_CLOSE, 0);
}

static void advance(struct slice *in, size_t n)
{
	in->p += n;
	in->n -= n;
}

static enum body_result take_chunked(struct body *b, struct slice *in, struct slice *data)
{
	char *to = (char *)in->p; /* the contract: writable */

	data->p = to;
	data->n = 0;
	while (in->n) {
		struct slice run;
		size_t used;
		enum chunked_result r = chunked_decode(&b->chunked, in->p, in->n, &used, &run);

		if (r == CHUNKED_BAD)
			return BODY_BAD;
		if (r == CHUNKED_DATA) {
			if (data->n == 0)
				data->p = to = (char *)run.p;
			else if (to != run.p)
				memmove(to, run.p, run.n);
			to += run.n;
			data->n += run.n;
		}
		advance(in, used);
		if (r == CHUNKED_DONE) {
			b->done = true;
			break;
		}
		if (r == CHUNKED_MORE)
			break;
	}
	b->taken += data->n;
	return BODY_OK;
}

enum body_result body_take(struct body *b, struct slice *in, struct slice *data)
{
	size_t n = in->n;

	*data = slice_of(in->p, 0);
	if (b->done || n == 0)
		return BODY_OK;
	if (b->kind == BODY_CHUNKED)
		return take_chunked(b, in, data);
	if (b->kind == BODY_LENGTH && n > b->left)
		n = (size_t)b->left;
	data->n = n;
	b->taken += n;
	advance(in, n);
	if (b->kind == BODY_LENGTH) {
		b->left -= n;
		b->done = b->left == 0;
	}
	return BODY_OK;
}

bool body_end(struct body *b)
{
	if (b->kind == BODY_UNTIL_CLOSE)
		b->done = true;
	return b->done;
}
