/* SPDX-License-Identifier: MIT */
/*
 * The four forms of a request target (RFC 9112 3.2), split in place. Owns nothing; any thread.
 * Must never produce a path that does not start with '/' but for the "*" of OPTIONS.
 *
 * One valid form is refused: an absolute target with a query and no path ("http://a?q"), whose
 * origin-form "/?q" is not among the caller's bytes. No client is known to send it.
 */
#include "wire/authority.h"
#include "wire/http1_private.h"

static void set_path(struct http1_request *r, struct slice path_query)
{
	const char *query = memchr(path_query.p, '?', path_query.n);

	r->path_query = path_query;
	r->path = path_query;
	if (query)
		r->path.n = (size_t)(query - path_query.p);
}

/* The length of "http://" or "https://" at the front, or 0. */
static size_t scheme_length(struct slice target)
{
	static const struct slice schemes[] = { SLICE_INIT("http://"), SLICE_INIT("https://") };

	for (size_t i = 0; i < 2; i++) {
		size_t n = schemes[i].n;

		if (target.n > n && slice_ieq(slice_of(target.p, n), schemes[i]))
			return n;
	}
	return 0;
}

static size_t authority_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '/' && s.p[n] != '?')
		n++;
	return n;
}

static enum http1_error split_absolute(struct http1_request *r)
{
	size_t scheme = scheme_length(r->target);
	struct slice rest = slice_of(r->target.p + scheme, r->target.n - scheme);
	size_t n = authority_length(rest);
	struct authority a;

	if (scheme == 0)
		return HTTP1_E_TARGET;
	r->host = slice_of(rest.p, n);
	if (!authority_parse(&a, r->host))
		return HTTP1_E_TARGET;
	r->absolute = true;
	rest = slice_of(rest.p + n, rest.n - n);
	if (rest.n > 0 && rest.p[0] == '?')
		return HTTP1_E_TARGET;
	if (rest.n == 0) /* RFC 9112 3.2.4 for OPTIONS */
		rest = r->method == HTTP1_OPTIONS ? SLICE_LIT("*") : SLICE_LIT("/");
	set_path(r, rest);
	return HTTP1_E_NONE;
}

/* CONNECT: host and port, both needed (RFC 9112 3.2.3). */
static enum http1_error split_authority(struct http1_request *r)
{
	struct authority a;

	if (!authority_parse(&a, r->target) || !a.has_port)
		return HTTP1_E_TARGET;
	r->host = r->target;
	return HTTP1_E_NONE;
}

enum http1_error http1_split_target(struct http1_request *r)
{
	if (r->method == HTTP1_CONNECT)
		return split_authority(r);
	if (r->target.p[0] == '/') {
		set_path(r, r->target);
		return HTTP1_E_NONE;
	}
	if (r->target.p[0] != '*')
		return split_absolute(r);
	if (r->target.n != 1 || r->method != HTTP1_OPTIONS)
		return HTTP1_E_TARGET;
	set_path(r, r->target);
	return HTTP1_E_NONE;
}
