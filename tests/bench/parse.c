/* SPDX-License-Identifier: MIT */
/*
 * What the codecs cost: nanoseconds for a request of 493 bytes with 8 headers and a response of
 * 194 bytes with 7, and the chunked decoder on small and large chunks. Best of many
 * rounds, each shorter than a time slice, so that a busy machine hurts least. Prints figures,
 * judges nothing. One thread.
 */
#include "aorta/assert.h"
#include "aorta/chunked.h"
#include "aorta/http1.h"

#define ROUNDS	    200
#define MESSAGES    2000
#define BODY_BYTES  (1 << 20)
#define CHUNK_SMALL 64
#define CHUNK_LARGE 16384

static const struct slice request_text = SLICE_INIT(
	"GET /static/app/bundle.js?v=20240601 HTTP/1.1\r\n"
	"Host: www.example.org\r\n"
	"Connection: keep-alive\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
	"Gecko) Chrome/124.0 Safari/537.36\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
	"Referer: https://www.example.org/some/page/deep/in/the/site.html\r\n"
	"Accept-Encoding: gzip, deflate, br\r\n"
	"Accept-Language: en-GB,en;q=0.9\r\n"
	"Cookie: session=0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab\r\n"
	"\r\n");

static const struct slice response_text = SLICE_INIT("HTTP/1.1 200 OK\r\n"
						     "Server: nginx/1.22.1-2\r\n"
						     "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
						     "Content-Type: text/html\r\n"
						     "Content-Length: 1024\r\n"
						     "Connection: keep-alive\r\n"
						     "ETag: \"65920080-40\"\r\n"
						     "Accept-Ranges: bytes\r\n"
						     "\r\n");

/* Does one round of work and returns how many units it did. */
typedef double work_fn(void);

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The compiler is to believe that `p` is read. */
static void keep(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static double parse_requests(void)
{
	static struct http1_request r;

	for (unsigned i = 0; i < MESSAGES; i++) {
		AORTA_ASSERT(http1_parse_request(&r, request_text.p, request_text.n) == HTTP1_DONE);
		keep(&r);
	}
	AORTA_ASSERT(r.head.n_headers == 8);
	return MESSAGES;
}

static double parse_responses(void)
{
	static struct http1_response r;

	for (unsigned i = 0; i < MESSAGES; i++) {
		AORTA_ASSERT(http1_parse_response(&r, response_text.p, response_text.n) ==
			     HTTP1_DONE);
		keep(&r);
	}
	AORTA_ASSERT(r.head.n_headers == 7);
	return MESSAGES;
}

static char encoded[2 * BODY_BYTES];
static size_t encoded_bytes;

/* BODY_BYTES of 'x' in chunks of `size`. */
static void encode(size_t size)
{
	char *p = encoded;

	for (size_t left = BODY_BYTES; left > 0; left -= size) {
		p += chunked_size_line(p, size);
		memset(p, 'x', size);
		memcpy(p + size, "\r\n", 2);
		p += size + 2;
	}
	memcpy(p, "0\r\n\r\n", 5);
	encoded_bytes = (size_t)(p + 5 - encoded);
}

static double decode_body(void)
{
	size_t body = 0, at = 0, used;
	enum chunked_result result;
	struct slice data;
	struct chunked c;

	chunked_init(&c);
	do {
		result = chunked_decode(&c, encoded + at, encoded_bytes - at, &used, &data);
		at += used;
		body += data.n;
		keep(data.p);
	} while (result == CHUNKED_DATA);
	AORTA_ASSERT(result == CHUNKED_DONE && body == BODY_BYTES);
	return BODY_BYTES;
}

/* Nanoseconds a unit in the best round. */
static double best(work_fn *work)
{
	double best_ns = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		double start = now_ns();
		double units = work();
		double ns = (now_ns() - start) / units;

		if (i == 0 || ns < best_ns)
			best_ns = ns;
	}
	return best_ns;
}

/* Framing only: the data is passed over, so what counts is the cost of a chunk. */
static void measure_chunked(size_t size)
{
	double byte_ns;

	encode(size);
	byte_ns = best(decode_body);
	printf("chunked, %zu bytes a chunk: %.1f ns/chunk, %.0f MB/s of body\n", size,
	       byte_ns * (double)size, 1e3 / byte_ns);
}

int main(void)
{
	printf("request, %zu bytes, 8 headers: %.1f ns\n", request_text.n, best(parse_requests));
	printf("response, %zu bytes, 7 headers: %.1f ns\n", response_text.n, best(parse_responses));
	measure_chunked(CHUNK_SMALL);
	measure_chunked(CHUNK_LARGE);
	return 0;
}
