/* SPDX-License-Identifier: MIT */
/*
 * Reading requests: the head in one pass over its lines, the body byte-exactly. Owns nothing,
 * allocates nothing, knows no descriptor. It must never be strict: it accepts what a sloppy
 * server would, for the tests want to see what got through.
 */
#include "request.h"

size_t request_head_length(const char *p, size_t n)
{
	const char *end = n < 4 ? NULL : memmem(p, n, "\r\n\r\n", 4);

	return end ? (size_t)(end - p) + 4 : 0;
}

/* Cuts up to and with the next LF off `*rest`; the line comes without its line end. */
static bool next_line(struct slice *rest, struct slice *line)
{
	const char *lf = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t used;

	if (!lf)
		return false;
	used = (size_t)(lf - rest->p) + 1;
	*line = slice_of(rest->p, used - 1);
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	rest->p += used;
	rest->n -= used;
	return true;
}

static bool parse_start_line(struct request *r, struct slice line)
{
	const char *end = line.p + line.n;
	const char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
	const char *last, *mark;

	if (!space || space == line.p)
		return false;
	r->method = slice_of(line.p, (size_t)(space - line.p));
	last = memrchr(space, ' ', (size_t)(end - space));
	if (last == space || end - last != 9 || memcmp(last + 1, "HTTP/1.", 7) != 0)
		return false;
	r->http10 = last[8] == '0';
	r->target = slice_of(space + 1, (size_t)(last - space - 1));
	mark = memchr(r->target.p, '?', r->target.n);
	r->path = r->target;
	r->query = slice_of("", 0);
	if (mark) {
		r->path.n = (size_t)(mark - r->target.p);
		r->query = slice_of(mark + 1, r->target.n - r->path.n - 1);
	}
	return true;
}

bool request_next_header(struct slice *lines, struct slice *name, struct slice *value)
{
	struct slice line;
	const char *colon;

	if (!next_line(lines, &line) || line.n == 0)
		return false;
	colon = memchr(line.p, ':', line.n);
	*name = slice_of(line.p, colon ? (size_t)(colon - line.p) : line.n);
	*value = slice_of("", 0);
	if (colon)
		*value = slice_trim(slice_of(colon + 1, line.n - name->n - 1));
	return true;
}

struct slice request_headers(struct slice head)
{
	struct slice line;

	next_line(&head, &line);
	return head;
}

static void note_connection(struct request *r, struct slice list)
{
	struct slice word;

	while (slice_next_token(&list, &word)) {
		if (slice_ieq(word, SLICE_LIT("close")))
			r->keep_alive = false;
		else if (slice_ieq(word, SLICE_LIT("keep-alive")))
			r->keep_alive = true;
	}
}

static bool note_header(struct request *r, struct slice name, struct slice value)
{
	if (slice_ieq(name, SLICE_LIT("Content-Length")) && r->body != BODY_CHUNKED) {
		r->body = BODY_LENGTH;
		return slice_u64(value, &r->length);
	}
	if (slice_ieq(name, SLICE_LIT("Transfer-Encoding")))
		r->body = BODY_CHUNKED;
	else if (slice_ieq(name, SLICE_LIT("Connection")))
		note_connection(r, value);
	else if (slice_ieq(name, SLICE_LIT("Expect")))
		r->expect_continue = slice_ieq(value, SLICE_LIT("100-continue"));
	return true;
}

bool request_parse(struct request *r, struct slice head)
{
	struct slice rest = head, line, name, value;

	*r = (struct request){ .head = head };
	if (!next_line(&rest, &line) || !parse_start_line(r, line))
		return false;
	r->keep_alive = !r->http10;
	while (rest.n > 2) {
		/* Only names that begin with c, t or e say anything here. */
		switch (rest.p[0] | 0x20) {
		case 'c':
		case 't':
		case 'e':
			if (request_next_header(&rest, &name, &value) &&
			    !note_header(r, name, value))
				return false;
			break;
		default:
			next_line(&rest, &line);
		}
	}
	if (r->body == BODY_LENGTH && r->length == 0)
		r->body = BODY_NONE;
	return true;
}

bool query_get(struct slice query, const char *key, struct slice *value)
{
	size_t key_len = strlen(key);

	while (query.n) {
		const char *amp = memchr(query.p, '&', query.n);
		struct slice pair = slice_of(query.p, amp ? (size_t)(amp - query.p) : query.n);

		if (pair.n > key_len && memcmp(pair.p, key, key_len) == 0 &&
		    pair.p[key_len] == '=') {
			*value = slice_of(pair.p + key_len + 1, pair.n - key_len - 1);
			return true;
		}
		if (!amp)
			break;
		query = slice_of(amp + 1, query.n - pair.n - 1);
	}
	return false;
}

void body_begin(struct body_reader *b, const struct request *r)
{
	*b = (struct body_reader){ .kind = r->body, .state = CHUNK_SIZE };
	if (r->body == BODY_LENGTH)
		b->left = r->length;
}

static void cut_front(struct slice *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

/* Hands out as much of `*in` as belongs to the run of `left` bytes. */
static void take_run(struct body_reader *b, struct slice *in, struct slice *data)
{
	size_t n = in->n < b->left ? in->n : (size_t)b->left;

	*data = slice_of(in->p, n);
	cut_front(in, n);
	b->left -= n;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a chunk's size line. */
static enum body_result size_byte(struct body_reader *b, char c)
{
	int digit = hex_digit(c);

	if (b->state == CHUNK_SIZE && digit >= 0) {
		if (b->left > UINT64_MAX >> 8)
			return BODY_BAD;
		b->left = b->left << 4 | (unsigned)digit;
		return BODY_MORE;
	}
	b->state = CHUNK_SIZE_REST;
	if (c == '\n')
		b->state = b->left ? CHUNK_DATA : CHUNK_TRAILER;
	return BODY_MORE;
}

static enum body_result trailer_byte(struct body_reader *b, char c)
{
	if (c == '\n')
		return b->state == CHUNK_TRAILER ? BODY_DONE
						 : (b->state = CHUNK_TRAILER, BODY_MORE);
	if (c != '\r')
		b->state = CHUNK_TRAILER_REST;
	return BODY_MORE;
}

/* One byte that is not data. */
static enum body_result frame_byte(struct body_reader *b, char c)
{
	switch (b->state) {
	case CHUNK_SIZE:
	case CHUNK_SIZE_REST:
		return size_byte(b, c);
	case CHUNK_TRAILER:
	case CHUNK_TRAILER_REST:
		return trailer_byte(b, c);
	default:
		if (c == '\n')
			b->state = CHUNK_SIZE;
		return c == '\n' || c == '\r' ? BODY_MORE : BODY_BAD;
	}
}

enum body_result body_read(struct body_reader *b, struct slice *in, struct slice *data)
{
	*data = slice_of("", 0);
	if (b->kind == BODY_NONE)
		return BODY_DONE;
	if (b->kind == BODY_LENGTH) {
		take_run(b, in, data);
		return b->left ? BODY_MORE : BODY_DONE;
	}
	while (in->n) {
		enum body_result result;

		if (b->state == CHUNK_DATA) {
			take_run(b, in, data);
			if (b->left == 0)
				b->state = CHUNK_DATA_END;
			return BODY_MORE;
		}
		result = frame_byte(b, in->p[0]);
		cut_front(in, 1);
		if (result != BODY_MORE)
			return result;
	}
	return BODY_MORE;
}
