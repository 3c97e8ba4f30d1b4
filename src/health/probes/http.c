/* SPDX-License-Identifier: MIT */
/*
 * The http probe: one HTTP/1.1 request on a connection of its own, judged by status, headers and
 * the first max_body bytes of the body. The answer must be whole: one that breaks off is a
 * failure even when its status was right. Health thread only; no descriptor and no clock here.
 */
#include <stdio.h>

#include "aorta/chunked.h"
#include "aorta/http1.h"
#include "health/probes/http_expect.h"
#include "health/step.h"

/* Bytes of a response head, interim answers not counted; as large as the proxy's own default. */
#define HEAD_MAX 32768

enum http_state { HTTP_HEAD, HTTP_LENGTH, HTTP_CHUNKED, HTTP_TO_CLOSE };

struct http {
	enum http_state state;
	struct buf head; /* owns: the head until it is complete */
	struct buf body; /* owns: what has come of the body, only when it is searched */
	uint64_t left;	 /* HTTP_LENGTH: bytes of the body to come */
	uint64_t seen;	 /* bytes of the body that came */
	struct chunked chunked;
};

static void http_fini(void *state)
{
	struct http *s = state;

	buf_fini(&s->head);
	buf_fini(&s->body);
}

/* ---- request ---- */

static bool has_header(const struct conf_probe *p, const char *name)
{
	unsigned i;

	for (i = 0; i < p->n_headers; i++)
		if (slice_ieq(slice_str(p->headers[i].name), slice_str(name)))
			return true;
	return false;
}

static void put_default(struct buf *out, const struct conf_probe *p, const char *name,
			const char *value)
{
	if (!has_header(p, name))
		buf_printf(out, "%s: %s\r\n", name, value);
}

static void http_request(struct step_run *run, struct buf *out)
{
	const struct conf_probe *p = step_target(run)->conf;
	unsigned i;

	buf_printf(out, "%s %s HTTP/1.1\r\n", p->method, p->path);
	put_default(out, p, "Host", step_target(run)->addr_text);
	put_default(out, p, "User-Agent", "aorta-probe/" PACKAGE_VERSION);
	put_default(out, p, "Accept", "*/*");
	for (i = 0; i < p->n_headers; i++)
		if (!slice_ieq(slice_str(p->headers[i].name), SLICE_LIT("connection")))
			buf_printf(out, "%s: %s\r\n", p->headers[i].name, p->headers[i].value);
	if (strcmp(p->method, "POST") == 0)
		put_default(out, p, "Content-Length", "0");
	buf_puts(out, "Connection: close\r\n\r\n");
}

/* ---- answer ---- */

static enum step_result fail_memory(struct step_run *run, enum evidence_phase phase)
{
	return step_fail(run, CODE_SOCKERR, phase, "", "out of memory");
}

static enum step_result bad_answer(struct step_run *run, enum evidence_phase phase, const char *got)
{
	return step_fail(run, CODE_L7RSP, phase, "an HTTP/1 answer", got);
}

/* All of the body that is looked at has come. */
static enum step_result http_end(struct step_run *run)
{
	struct http *s = step_state(run);
	struct expect_miss miss;

	if (http_expect_body(step_target(run)->conf, buf_as_slice(&s->body), &miss))
		return STEP_NEXT;
	return step_fail(run, CODE_L7STS, PHASE_EXPECT, miss.expected, miss.got);
}

/* A run of body bytes; NEXT or FAIL once max_body have come. */
static enum step_result http_body_bytes(struct step_run *run, struct slice in)
{
	struct http *s = step_state(run);
	const struct conf_probe *p = step_target(run)->conf;
	uint64_t room = p->max_body - s->seen;

	if (in.n > room)
		in.n = (size_t)room;
	if (http_expect_needs_body(p)) {
		buf_slice(&s->body, in);
		if (s->body.failed)
			return fail_memory(run, PHASE_BODY);
	}
	s->seen += in.n;
	return s->seen >= p->max_body ? http_end(run) : STEP_MORE;
}

static enum step_result http_length(struct step_run *run, struct slice in)
{
	struct http *s = step_state(run);
	enum step_result r;

	if (in.n > s->left)
		in.n = (size_t)s->left;
	s->left -= in.n;
	r = http_body_bytes(run, in);
	return r == STEP_MORE && s->left == 0 ? http_end(run) : r;
}

static enum step_result http_chunked(struct step_run *run, struct slice in)
{
	struct http *s = step_state(run);
	struct slice data;
	size_t used;
	enum step_result r;

	while (in.n > 0) {
		enum chunked_result c = chunked_decode(&s->chunked, in.p, in.n, &used, &data);

		in = slice_of(in.p + used, in.n - used);
		if (c == CHUNKED_BAD)
			return bad_answer(run, PHASE_BODY, "malformed chunked body");
		if (c == CHUNKED_DONE)
			return http_end(run);
		if (c == CHUNKED_MORE)
			break;
		r = http_body_bytes(run, data);
		if (r != STEP_MORE)
			return r;
	}
	return STEP_MORE;
}

static enum step_result http_body(struct step_run *run, struct slice in, bool eof)
{
	struct http *s = step_state(run);

	switch (s->state) {
	case HTTP_LENGTH:
		return eof ? STEP_MORE : http_length(run, in);
	case HTTP_CHUNKED:
		return http_chunked(run, in);
	case HTTP_TO_CLOSE:
		return eof ? http_end(run) : http_body_bytes(run, in);
	case HTTP_HEAD:
		break;
	}
	return STEP_MORE;
}

/* RFC 9112 6.3: how long the body is. */
static enum http_state http_framing(const struct conf_probe *p, const struct http1_response *r,
				    uint64_t *left)
{
	*left = 0;
	if (strcmp(p->method, "HEAD") == 0 || r->status == 204 || r->status == 304)
		return HTTP_LENGTH;
	if (r->head.chunked)
		return HTTP_CHUNKED;
	*left = r->head.length;
	return r->head.has_length ? HTTP_LENGTH : HTTP_TO_CLOSE;
}

/* The final head is there; `rest` came with it. */
static enum step_result http_head_done(struct step_run *run, const struct http1_response *r,
				       struct slice rest)
{
	struct http *s = step_state(run);
	const struct conf_probe *p = step_target(run)->conf;
	struct expect_miss miss;

	step_finding(run)->status = r->status;
	if (!http_expect_head(p, r, r->head.chunked ? slice_of(NULL, 0) : rest, &miss))
		return step_fail(run, CODE_L7STS, PHASE_EXPECT, miss.expected, miss.got);
	s->state = http_framing(p, r, &s->left);
	chunked_init(&s->chunked);
	step_phase(run, PHASE_BODY);
	if (s->state == HTTP_LENGTH && s->left == 0)
		return http_end(run);
	return rest.n > 0 ? http_body(run, rest, false) : STEP_MORE;
}

/* Takes the parsed head off the front of the buffer: an interim answer, another one follows. */
static void http_drop_interim(struct http *s, size_t len)
{
	memmove(s->head.data, s->head.data + len, s->head.len - len + 1);
	s->head.len -= len;
}

static enum step_result http_head(struct step_run *run)
{
	struct http *s = step_state(run);
	struct http1_response r;

	while (s->head.len > 0) {
		switch (http1_parse_response(&r, s->head.data, s->head.len)) {
		case HTTP1_MORE:
			if (s->head.len >= HEAD_MAX)
				return bad_answer(run, PHASE_HEAD, "a head that does not end");
			return STEP_MORE;
		case HTTP1_BAD:
			return bad_answer(run, PHASE_HEAD, http1_error_text(r.head.error));
		case HTTP1_DONE:
			break;
		}
		if (r.status >= 200)
			return http_head_done(
				run, &r,
				slice_of(s->head.data + r.head.len, s->head.len - r.head.len));
		if (r.status == 101)
			return bad_answer(run, PHASE_HEAD, "status 101 without being asked");
		http_drop_interim(s, r.head.len);
	}
	return STEP_MORE;
}

static enum step_result http_answer(struct step_run *run, struct slice in, bool eof)
{
	struct http *s = step_state(run);

	if (s->state != HTTP_HEAD)
		return http_body(run, in, eof);
	if (eof)
		return STEP_MORE;
	step_phase(run, PHASE_HEAD);
	buf_slice(&s->head, in);
	if (s->head.failed)
		return fail_memory(run, PHASE_HEAD);
	return http_head(run);
}

static const struct step steps[] = {
	{ .kind = STEP_CONNECT },
	{ .kind = STEP_SEND, .fill = http_request },
	{ .kind = STEP_EXPECT, .take = http_answer },
	{ .kind = STEP_PASSED },
};

const struct probe_protocol probe_http = {
	.name = "http",
	.passed = CODE_L7OK,
	.state_bytes = sizeof(struct http),
	.steps = steps,
	.fini = http_fini,
};
