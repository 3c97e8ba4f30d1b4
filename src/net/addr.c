/* SPDX-License-Identifier: MIT */
/* Reading and printing addresses. Only literals: a host name is recognised and reported. */
#include "aorta/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

static enum addr_parse_result parse_port(struct slice text, uint16_t *port)
{
	uint64_t n;

	if (text.n == 0)
		return ADDR_NO_PORT;
	if (text.n > 5 || !slice_u64(text, &n) || n < 1 || n > 65535)
		return ADDR_BAD_PORT;
	*port = (uint16_t)n;
	return ADDR_OK;
}

static bool copy_host(struct slice host, char out[ADDR_TEXT_BYTES])
{
	if (host.n == 0 || host.n >= ADDR_TEXT_BYTES)
		return false;
	memcpy(out, host.p, host.n);
	out[host.n] = '\0';
	return true;
}

static enum addr_parse_result parse_v6(struct slice text, struct addr *out)
{
	const char *end = memchr(text.p, ']', text.n);
	char host[ADDR_TEXT_BYTES];
	enum addr_parse_result r;
	struct slice rest;
	uint16_t port;

	if (!end || !copy_host(slice_of(text.p + 1, (size_t)(end - text.p) - 1), host))
		return ADDR_BAD;
	rest = slice_of(end + 1, text.n - (size_t)(end - text.p) - 1);
	if (rest.n == 0)
		return ADDR_NO_PORT;
	if (rest.p[0] != ':')
		return ADDR_BAD;
	r = parse_port(slice_of(rest.p + 1, rest.n - 1), &port);
	if (r != ADDR_OK)
		return r;
	memset(out, 0, sizeof(*out));
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1 ? ADDR_OK : ADDR_BAD;
}

/* Letters, or nothing that a literal address could be: a name to resolve. */
static bool looks_like_name(struct slice host)
{
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')
			return true;
	}
	return false;
}

enum addr_parse_result addr_parse(struct slice text, struct addr *out)
{
	char host[ADDR_TEXT_BYTES];
	const char *colon;
	enum addr_parse_result r;
	struct slice name;
	uint16_t port;

	if (text.n == 0)
		return ADDR_BAD;
	if (text.p[0] == '[')
		return parse_v6(text, out);
	colon = memrchr(text.p, ':', text.n);
	name = slice_of(text.p, colon ? (size_t)(colon - text.p) : text.n);
	if (memchr(name.p, ':', name.n))
		return ADDR_BAD; /* IPv6 without brackets */
	if (looks_like_name(name))
		return ADDR_IS_NAME;
	if (!colon)
		return ADDR_NO_PORT;
	r = parse_port(slice_of(colon + 1, text.n - name.n - 1), &port);
	if (r != ADDR_OK)
		return r;
	memset(out, 0, sizeof(*out));
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(port);
	if (slice_eq(name, SLICE_LIT("*")))
		return ADDR_OK;
	if (!copy_host(name, host))
		return ADDR_BAD;
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? ADDR_OK : ADDR_BAD;
}

socklen_t addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

uint16_t addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port);
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || addr_port(a) != addr_port(b))
		return false;
	if (a->sa.sa_family == AF_INET6)
		return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
	return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

bool addr_is_loopback(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return a->sa.sa_family == AF_INET && ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

/* Once a request: inet_ntop() would format it with printf. */
static size_t print_v4(const unsigned char octet[4], char *out)
{
	char *at = out;

	for (unsigned i = 0; i < 4; i++) {
		unsigned v = octet[i];

		if (v >= 100)
			*at++ = (char)('0' + v / 100);
		if (v >= 10)
			*at++ = (char)('0' + v / 10 % 10);
		*at++ = (char)('0' + v % 10);
		*at++ = '.';
	}
	at[-1] = '\0';
	return (size_t)(at - 1 - out);
}

size_t addr_print_host(const struct addr *a, char out[ADDR_TEXT_BYTES])
{
	const void *host = a->sa.sa_family == AF_INET6 ? (const void *)&a->v6.sin6_addr
						       : (const void *)&a->v4.sin_addr;

	if (a->sa.sa_family == AF_INET)
		return print_v4(host, out);
	if (!inet_ntop(a->sa.sa_family, host, out, ADDR_TEXT_BYTES)) {
		out[0] = '?';
		out[1] = '\0';
	}
	return strlen(out);
}

size_t addr_print(const struct addr *a, char out[ADDR_TEXT_BYTES])
{
	char host[ADDR_TEXT_BYTES];
	int n;

	addr_print_host(a, host);
	n = snprintf(out, ADDR_TEXT_BYTES, a->sa.sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
		     addr_port(a));
	return (size_t)n < ADDR_TEXT_BYTES ? (size_t)n : ADDR_TEXT_BYTES - 1;
}
