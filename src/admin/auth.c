/* SPDX-License-Identifier: MIT */
/*
 * Who may ask what. The Unix socket's file mode is the permission of its users; over TCP,
 * reading is open where only this host can connect and changing needs the token. Pure; the token
 * is borrowed and never written anywhere.
 *
 * Browsers are why there is more: any page of the Internet can make one send requests to a
 * loopback address. Such a request cannot carry the Authorization header, which all changes need;
 * and it cannot read answers, unless its name was made to resolve to this host (DNS rebinding),
 * which the Host header betrays.
 */
#include "auth.h"

#include <arpa/inet.h>

#include "aorta/addr.h"

bool auth_token_equal(struct slice given, struct slice wanted)
{
	unsigned difference = given.n != wanted.n || wanted.n == 0;
	size_t i;

	for (i = 0; i < wanted.n; i++) {
		unsigned char g = given.n == 0 ? 0 : (unsigned char)given.p[i % given.n];

		difference |= (unsigned)(g ^ (unsigned char)wanted.p[i]);
	}
	return difference == 0;
}

static struct slice header(const struct http1_request *http, const char *name)
{
	const struct http1_header *h = http1_find_name(&http->head, slice_str(name));

	return h == NULL ? slice_of("", 0) : http1_value(&http->head, h);
}

/* The credentials of `scheme`, or nothing. RFC 9110 11.4: the scheme in any case, then spaces. */
static struct slice credentials(const struct http1_request *http, const char *scheme)
{
	struct slice v = header(http, "Authorization"), s = slice_str(scheme);

	if (v.n <= s.n || !slice_ieq(slice_of(v.p, s.n), s) || v.p[s.n] != ' ')
		return slice_of("", 0);
	return slice_trim(slice_of(v.p + s.n, v.n - s.n));
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* RFC 4648 4; stops at padding. False: another character, or too long. */
static bool base64_decode(struct slice s, char *out, size_t cap, size_t *n)
{
	unsigned bits = 0, have = 0;
	size_t i;

	*n = 0;
	for (i = 0; i < s.n && s.p[i] != '='; i++) {
		int d = base64_digit(s.p[i]);

		if (d < 0)
			return false;
		bits = (bits << 6 | (unsigned)d) & 0xffffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (*n == cap)
			return false;
		out[(*n)++] = (char)(bits >> have & 0xff);
	}
	return true;
}

/* The token as a browser sends it: the password of any user. Good for reading only. */
static bool basic_ok(const struct http1_request *http, struct slice wanted)
{
	struct slice given = credentials(http, "Basic");
	char text[1024];
	const char *colon;
	size_t n;

	if (given.n == 0 || !base64_decode(given, text, sizeof(text), &n))
		return false;
	colon = memchr(text, ':', n);
	if (colon == NULL)
		return false;
	n -= (size_t)(colon + 1 - text);
	return auth_token_equal(slice_of(colon + 1, n), wanted);
}

static bool bearer_ok(const struct http1_request *http, const char *token)
{
	return token != NULL && auth_token_equal(credentials(http, "Bearer"), slice_str(token));
}

/* The host part of "host", "host:port" or "[v6]:port". */
static struct slice host_name(struct slice host)
{
	const char *end;

	if (host.n == 0)
		return host;
	if (host.p[0] == '[') {
		end = memchr(host.p, ']', host.n);
		return end == NULL ? host : slice_of(host.p + 1, (size_t)(end - host.p) - 1);
	}
	end = memchr(host.p, ':', host.n);
	return end == NULL ? host : slice_of(host.p, (size_t)(end - host.p));
}

/*
 * Could a stranger own this name? Not a literal address, nor "localhost" and what is below it
 * (RFC 6761 6.3), nor a name without a dot.
 */
static bool host_is_ours(struct slice host)
{
	struct slice name = host_name(host), local = SLICE_LIT(".localhost");
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ip;

	/* Only HTTP/1.0 may be without a Host, and no browser speaks that. */
	if (name.n == 0)
		return true;
	if (memchr(name.p, '.', name.n) == NULL && memchr(name.p, ':', name.n) == NULL)
		return true;
	if (name.n > local.n && slice_ieq(slice_of(name.p + name.n - local.n, local.n), local))
		return true;
	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return inet_pton(AF_INET, text, &ip) == 1 || inet_pton(AF_INET6, text, &ip) == 1;
}

/* A page of another origin made the browser send this: Fetch Metadata, or the Origin header. */
static bool is_cross_site(const struct http1_request *http)
{
	struct slice site = header(http, "Sec-Fetch-Site");
	struct slice origin = header(http, "Origin");
	const char *at;

	if (site.n > 0 && !slice_eq(site, SLICE_LIT("same-origin")) &&
	    !slice_eq(site, SLICE_LIT("none")))
		return true;
	if (origin.n == 0)
		return false;
	at = memmem(origin.p, origin.n, "://", 3);
	if (at == NULL)
		return true; /* "null" */
	at += 3;
	return !slice_ieq(slice_of(at, origin.n - (size_t)(at - origin.p)), http->host);
}

static bool may_read(const struct peer *peer, const struct http1_request *http, const char *token)
{
	if (peer->local || bearer_ok(http, token))
		return true;
	if (token != NULL && basic_ok(http, slice_str(token)))
		return true;
	return peer->loopback && host_is_ours(http->host);
}

static void refuse_read(const struct peer *peer, const char *token, struct reply *reply)
{
	if (peer->loopback) {
		reply_error(reply, 403,
			    "Use an address or localhost in the URL, or send the token: "
			    "Authorization: Bearer TOKEN.",
			    "the Host header names another host");
		return;
	}
	if (token == NULL) {
		reply_error(reply, 403,
			    "Set `token` in the admin block, or read over a loopback address or "
			    "the Unix socket.",
			    "reading from this address needs a token and none is configured");
		return;
	}
	reply_error(reply, 401, "Send it as Authorization: Bearer TOKEN, or as the password.",
		    "reading from this address needs the token");
	buf_puts(&reply->headers, "WWW-Authenticate: Basic realm=\"aorta\", charset=\"UTF-8\"\r\n");
}

static void refuse_change(const char *token, struct reply *reply)
{
	if (token == NULL) {
		reply_error(reply, 403,
			    "Use aortactl over the Unix socket, or set `token` in the admin block.",
			    "changes over TCP need a token and none is configured");
		return;
	}
	reply_error(reply, 401,
		    "Send it as Authorization: Bearer TOKEN, or use aortactl over the Unix socket.",
		    "changes over TCP need the token");
	buf_puts(&reply->headers, "WWW-Authenticate: Bearer realm=\"aorta\"\r\n");
}

bool auth_trusts(const struct peer *peer, const struct http1_request *http, const char *token)
{
	return may_read(peer, http, token);
}

bool auth_allows(enum access access, const struct peer *peer, const struct http1_request *http,
		 const char *token, struct reply *reply)
{
	if (access == ACCESS_ANYONE || peer->local)
		return true;
	if (access == ACCESS_READ) {
		if (may_read(peer, http, token))
			return true;
		refuse_read(peer, token, reply);
		return false;
	}
	if (is_cross_site(http)) {
		reply_error(reply, 403, NULL, "a page of another site asked for this");
		return false;
	}
	if (bearer_ok(http, token))
		return true;
	refuse_change(token, reply);
	return false;
}
