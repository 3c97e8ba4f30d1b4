/* SPDX-License-Identifier: MIT */
/*
 * Parses and compares authorities: the value of Host, the authority of an absolute target. Owns
 * nothing, allocates nothing; any thread. Must never accept what a second parser could split in
 * another way, so it is narrower than RFC 3986 in three points: the host and a port that was
 * announced by ':' are not empty, a name has no ',' (two combined Host lines), and within
 * brackets only an IPv6 address without zone is accepted.
 */
#include "wire/authority.h"

#include <arpa/inet.h>

#include "wire/chars.h"

#define PORT_DIGITS_MAX 5 /* 65535 */

static bool name_valid(struct slice s)
{
	size_t i = 0;

	while (i < s.n) {
		if (char_is(s.p[i], CHAR_REGNAME))
			i++;
		else if (s.p[i] == '%' && s.n - i >= 3 && char_is(s.p[i + 1], CHAR_HEX) &&
			 char_is(s.p[i + 2], CHAR_HEX))
			i += 3;
		else
			return false;
	}
	return s.n > 0;
}

/* `s` is what stands between the brackets. */
static bool ipv6_valid(struct slice s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

static bool port_parse(uint16_t *port, struct slice s)
{
	uint32_t value = 0;

	if (s.n == 0 || s.n > PORT_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!char_digit(s.p[i]))
			return false;
		value = value * 10 + (uint32_t)(s.p[i] - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

/* Sets a->host and returns its length, or 0 when it is not a host. */
static size_t host_take(struct authority *a, struct slice s)
{
	bool literal = s.n > 0 && s.p[0] == '[';
	const char *stop = s.n > 0 ? memchr(s.p, literal ? ']' : ':', s.n) : NULL;
	size_t n = s.n;

	if (literal && !stop)
		return 0;
	if (stop)
		n = (size_t)(stop - s.p) + (literal ? 1 : 0);
	a->host = slice_of(s.p, n);
	if (literal)
		return ipv6_valid(slice_of(s.p + 1, n - 2)) ? n : 0;
	return name_valid(a->host) ? n : 0;
}

bool authority_parse(struct authority *a, struct slice s)
{
	size_t n = host_take(a, s);

	a->has_port = false;
	a->port = 0;
	if (n == 0)
		return false;
	if (n == s.n)
		return true;
	a->has_port = true;
	return s.p[n] == ':' && port_parse(&a->port, slice_of(s.p + n + 1, s.n - n - 1));
}

bool authority_same(const struct authority *a, const struct authority *b, uint16_t default_port)
{
	uint16_t port_a = a->has_port ? a->port : default_port;
	uint16_t port_b = b->has_port ? b->port : default_port;

	return port_a == port_b && slice_ieq(a->host, b->host);
}
