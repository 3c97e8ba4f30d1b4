/* SPDX-License-Identifier: MIT */
/*
 * From a request to an answer in three steps: the path's entry in a table drafts what a good
 * server would say, the faults bend the draft, rendering makes bytes of it. Owns nothing beyond
 * one call but what it leaves in the answer. No descriptor, no clock.
 */
#include "answer.h"

#include "port.h"

#define FILLER_BLOCK	  16384u
#define FILLER_BLOCKS	  4
#define FILLER_LINE_BYTES 64
#define ECHO_BODY_MAX	  (64u << 20)
#define DELAY_MAX_MS	  3600000

enum framing { FRAME_LENGTH, FRAME_CHUNKED, FRAME_CLOSE };

/* What would be said if nothing were wrong. */
struct draft {
	const struct port *port;
	const struct request *request;
	struct slice request_body;
	struct slice argument; /* of the path, after the entry's prefix */
	unsigned status;
	const char *type;
	const char *headers; /* further header lines */
	const char *before;  /* an interim answer */
	struct buf body;     /* owns */
	uint64_t filler;     /* body bytes beyond `body` */
	enum framing framing;
	int64_t delay_ms;
};

typedef void (*endpoint_fn)(struct draft *d);

static void draft_error(struct draft *d, const char *text)
{
	d->status = 400;
	buf_printf(&d->body, "%s\n", text);
}

static bool argument_number(struct draft *d, struct slice text, uint64_t most, uint64_t *out)
{
	if (slice_u64(text, out) && *out <= most)
		return true;
	draft_error(d, "expected a number");
	return false;
}

static void give_root(struct draft *d)
{
	buf_printf(&d->body, "hello from %s on %s\n", d->port->name, d->port->addr_text);
}

static void give_health(struct draft *d)
{
	buf_puts(&d->body, "ok\n");
}

static void give_echo(struct draft *d)
{
	d->type = "application/octet-stream";
	buf_slice(&d->body, d->request->head);
	buf_slice(&d->body, d->request_body);
}

static void give_bytes(struct draft *d)
{
	d->type = "application/octet-stream";
	argument_number(d, d->argument, UINT64_MAX / 2, &d->filler);
}

static void give_chunked(struct draft *d)
{
	d->framing = FRAME_CHUNKED;
	give_bytes(d);
}

static void give_until_close(struct draft *d)
{
	d->framing = FRAME_CLOSE;
	give_bytes(d);
}

static void give_slow(struct draft *d)
{
	struct slice value = slice_of("", 0);
	uint64_t ms = 0;

	query_get(d->request->query, "ms", &value);
	if (!argument_number(d, value, DELAY_MAX_MS, &ms))
		return;
	d->delay_ms = (int64_t)ms;
	give_root(d);
}

static void give_status(struct draft *d)
{
	uint64_t status;

	if (!argument_number(d, d->argument, 599, &status))
		return;
	if (status < 200) {
		draft_error(d, "expected 200..599");
		return;
	}
	d->status = (unsigned)status;
	buf_printf(&d->body, "status %u\n", d->status);
}

static void give_headers(struct draft *d)
{
	struct slice lines = request_headers(d->request->head), name, value;
	const char *comma = "";

	d->type = "application/json";
	buf_puts(&d->body, "{\"method\":");
	buf_json(&d->body, d->request->method);
	buf_puts(&d->body, ",\"target\":");
	buf_json(&d->body, d->request->target);
	buf_printf(&d->body, ",\"version\":\"HTTP/1.%d\",\"headers\":[", !d->request->http10);
	while (request_next_header(&lines, &name, &value)) {
		buf_puts(&d->body, comma);
		buf_putc(&d->body, '[');
		buf_json(&d->body, name);
		buf_putc(&d->body, ',');
		buf_json(&d->body, value);
		buf_putc(&d->body, ']');
		comma = ",";
	}
	buf_puts(&d->body, "]}\n");
}

static void give_hints(struct draft *d)
{
	d->before = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
	give_root(d);
}

static void give_hop(struct draft *d)
{
	d->headers = "Connection: keep-alive, X-Nominated\r\nKeep-Alive: timeout=5\r\n"
		     "Proxy-Connection: keep-alive\r\nX-Nominated: not for the client\r\n"
		     "X-Kept: for the client\r\n";
	give_root(d);
}

static void give_nothing(struct draft *d)
{
	d->status = 404;
	buf_puts(&d->body, "no such path\n");
}

/* path; a final '/' means that an argument follows. The text is for --help by way of the man page.
 */
static const struct endpoint {
	const char *path;
	endpoint_fn give;
	bool wants_body;
} endpoints[] = {
	{ "/", give_root, false },
	{ "/healthz", give_health, false },
	{ "/echo", give_echo, true },
	{ "/headers", give_headers, false },
	{ "/bytes/", give_bytes, false },
	{ "/chunked/", give_chunked, false },
	{ "/close/", give_until_close, false },
	{ "/slow", give_slow, false },
	{ "/status/", give_status, false },
	{ "/hints", give_hints, false },
	{ "/hop", give_hop, false },
};

static const struct endpoint *endpoint_find(struct slice path)
{
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		struct slice own = slice_str(endpoints[i].path);
		bool prefix = own.n > 1 && own.p[own.n - 1] == '/';

		if (prefix ? slice_starts(path, own) : slice_eq(path, own))
			return &endpoints[i];
	}
	return NULL;
}

bool answer_wants_body(const struct request *r)
{
	const struct endpoint *e = endpoint_find(r->path);

	return e && e->wants_body;
}

void answer_init(struct answer *a)
{
	*a = (struct answer){ .cut_left = UINT64_MAX };
	buf_init(&a->bytes);
}

void answer_fini(struct answer *a)
{
	buf_fini(&a->bytes);
}

void answer_reset(struct answer *a)
{
	struct buf kept = a->bytes;

	answer_init(a);
	buf_clear(&kept);
	a->bytes = kept;
}

/* Answers to HEAD and these statuses have no body: RFC 9110 6.4.1. */
static bool has_body(const struct draft *d)
{
	return d->status != 204 && d->status != 304 &&
	       !slice_eq(d->request->method, SLICE_LIT("HEAD"));
}

static void render_framing(struct answer *a, const struct draft *d, int64_t length_error)
{
	int64_t length = (int64_t)(d->body.len + d->filler) + length_error;

	if (d->status == 204)
		return;
	if (d->framing == FRAME_CHUNKED)
		buf_puts(&a->bytes, "Transfer-Encoding: chunked\r\n");
	else if (d->framing == FRAME_LENGTH)
		buf_printf(&a->bytes, "Content-Length: %lld\r\n",
			   (long long)(length < 0 ? 0 : length));
}

static void render_head(struct answer *a, const struct draft *d, int64_t length_error)
{
	const struct request *r = d->request;

	if (d->before && !r->http10)
		buf_puts(&a->bytes, d->before);
	buf_printf(&a->bytes, "HTTP/1.1 %u %s\r\nX-Origin: %s\r\nContent-Type: %s\r\n", d->status,
		   d->status < 400 ? "OK" : "Error", d->port->name, d->type);
	if (d->headers)
		buf_puts(&a->bytes, d->headers);
	render_framing(a, d, length_error);
	if (a->ending == END_POLITE)
		buf_puts(&a->bytes, "Connection: close\r\n");
	else if (r->http10)
		buf_puts(&a->bytes, "Connection: keep-alive\r\n");
	buf_puts(&a->bytes, "\r\n");
}

static void render_body(struct answer *a, const struct draft *d)
{
	bool chunked = d->framing == FRAME_CHUNKED;

	if (!has_body(d))
		return;
	if (chunked && d->body.len)
		buf_printf(&a->bytes, "%zx\r\n", d->body.len);
	buf_slice(&a->bytes, buf_as_slice(&d->body));
	if (chunked && d->body.len)
		buf_puts(&a->bytes, "\r\n");
	a->filler_left = d->filler;
	a->filler_chunked = chunked;
	if (chunked)
		a->tail = SLICE_LIT("0\r\n\r\n");
}

/* Faults that change what is said. */
static void bend_draft(struct draft *d, const struct fault_set *f, const struct request *r)
{
	if (f->by_kind[FAULT_STATUS]) {
		d->status = (unsigned)f->by_kind[FAULT_STATUS]->number;
		d->filler = 0;
		buf_clear(&d->body);
		buf_printf(&d->body, "told to answer %u\n", d->status);
	}
	if (f->by_kind[FAULT_DELAY])
		d->delay_ms += f->by_kind[FAULT_DELAY]->number;
	if (d->framing == FRAME_CHUNKED && r->http10)
		d->framing = FRAME_CLOSE;
}

/* Where a reset or close happens, in bytes from the answer's start. */
static void cut_answer(struct answer *a, const struct fault *f, size_t head_len)
{
	uint64_t body = a->bytes.len - head_len + a->filler_left;

	a->ending = f->kind == FAULT_RESET ? END_RESET : END_ABRUPT;
	if (f->at == AT_REQUEST)
		a->cut_left = 0;
	else if (f->at == AT_HEAD)
		a->cut_left = head_len / 2;
	else if (f->at == AT_BODY)
		a->cut_left = head_len + body / 2;
}

static void replace_bytes(struct answer *a, struct slice with, bool then_close)
{
	answer_reset(a);
	buf_slice(&a->bytes, with);
	if (then_close)
		a->ending = END_ABRUPT;
}

/* Faults that change how it is sent. */
static void bend_answer(struct answer *a, const struct fault_set *f, size_t head_len)
{
	int64_t delay_ms = a->delay_ms;

	if (f->by_kind[FAULT_RAW])
		replace_bytes(a, buf_as_slice(&f->by_kind[FAULT_RAW]->raw),
			      f->by_kind[FAULT_RAW]->then_close);
	if (f->by_kind[FAULT_GARBAGE])
		replace_bytes(a, SLICE_LIT("\x01\x02garbage\xff not HTTP at all\r\n\r\n"), true);
	if (f->by_kind[FAULT_LENGTH] && f->by_kind[FAULT_LENGTH]->number > 0)
		a->ending = END_ABRUPT;
	if (f->by_kind[FAULT_EXTRA])
		a->extra = (uint64_t)f->by_kind[FAULT_EXTRA]->number;
	if (f->by_kind[FAULT_TRICKLE])
		a->rate = f->by_kind[FAULT_TRICKLE]->number;
	if (f->by_kind[FAULT_CLOSE])
		cut_answer(a, f->by_kind[FAULT_CLOSE], head_len);
	if (f->by_kind[FAULT_RESET])
		cut_answer(a, f->by_kind[FAULT_RESET], head_len);
	if (f->by_kind[FAULT_HANG]) {
		a->cut_left = 0;
		a->ending = END_HANG;
	}
	a->delay_ms = delay_ms;
}

void answer_make(struct answer *a, const struct port *p, const struct request *r, struct slice body,
		 const struct fault_set *faults)
{
	const struct endpoint *e = endpoint_find(r->path);
	struct draft d = { .port = p, .request = r, .request_body = body };
	const struct fault *length = faults->by_kind[FAULT_LENGTH];
	size_t head_len;

	d.status = 200;
	d.type = "text/plain";
	buf_init(&d.body);
	if (e)
		d.argument = slice_of(r->path.p + strlen(e->path), r->path.n - strlen(e->path));
	(e ? e->give : give_nothing)(&d);
	bend_draft(&d, faults, r);
	answer_reset(a);
	a->delay_ms = d.delay_ms;
	a->ending = r->keep_alive && d.framing != FRAME_CLOSE ? END_KEEP : END_POLITE;
	render_head(a, &d, length ? length->number : 0);
	head_len = a->bytes.len;
	render_body(a, &d);
	bend_answer(a, faults, head_len);
	buf_fini(&d.body);
}

void answer_text(struct answer *a, const struct request *r, unsigned status, const char *type,
		 struct slice text, bool keep)
{
	answer_reset(a);
	a->ending = keep ? END_KEEP : END_POLITE;
	buf_printf(&a->bytes, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
		   status, status < 400 ? "OK" : "Error", type, text.n);
	buf_puts(&a->bytes, keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
	if (!r || !slice_eq(r->method, SLICE_LIT("HEAD")))
		buf_slice(&a->bytes, text);
}

/* Byte i of all filler is byte i % 64 of this line. */
static const char filler_line[FILLER_LINE_BYTES + 1] =
	"0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXY\n";

static const char *filler_block(void)
{
	static char block[FILLER_BLOCK];

	if (block[0] == 0)
		for (size_t i = 0; i < FILLER_BLOCK; i += FILLER_LINE_BYTES)
			memcpy(block + i, filler_line, FILLER_LINE_BYTES);
	return block;
}

static void put_filler(struct answer *a)
{
	size_t n = a->filler_left < FILLER_BLOCK ? (size_t)a->filler_left : FILLER_BLOCK;

	if (a->filler_chunked)
		buf_printf(&a->bytes, "%zx\r\n", n);
	buf_put(&a->bytes, filler_block(), n);
	if (a->filler_chunked)
		buf_puts(&a->bytes, "\r\n");
	a->filler_left -= n;
}

static void put_extra(struct answer *a)
{
	while (a->extra) {
		size_t n = a->extra < FILLER_BLOCK ? (size_t)a->extra : FILLER_BLOCK;

		buf_put(&a->bytes, filler_block(), n);
		a->extra -= n;
	}
}

bool answer_refill(struct answer *a)
{
	buf_clear(&a->bytes);
	for (unsigned i = 0; i < FILLER_BLOCKS && a->filler_left; i++)
		put_filler(a);
	if (a->bytes.len)
		return true;
	buf_slice(&a->bytes, a->tail);
	a->tail = slice_of("", 0);
	put_extra(a);
	return a->bytes.len > 0;
}
