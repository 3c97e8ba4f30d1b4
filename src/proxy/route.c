/* SPDX-License-Identifier: MIT */
/* Matching routes: host exactly and without regard to case, path exactly, by prefix or pattern. */
#include "proxy/route.h"

#include "aorta/pattern.h"

/* The host without its port; an IPv6 literal keeps its brackets. */
static struct slice without_port(struct slice host)
{
	const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
	const char *bracket = host.n ? memrchr(host.p, ']', host.n) : NULL;

	if (colon && (!bracket || colon > bracket))
		host.n = (size_t)(colon - host.p);
	return host;
}

static bool path_matches(const struct conf_route *r, struct slice path)
{
	switch (r->path_match) {
	case PATH_ANY:
		return true;
	case PATH_EXACT:
		return slice_eq(path, r->path);
	case PATH_PREFIX:
		return slice_starts(path, r->path);
	case PATH_PATTERN:
		return pattern_match(r->pattern, path);
	}
	return false;
}

const struct conf_pool *route_find(const struct conf_listener *l, struct slice host,
				   struct slice path)
{
	if (l->n_routes)
		host = without_port(host);
	for (unsigned i = 0; i < l->n_routes; i++) {
		const struct conf_route *r = &l->routes[i];

		if (r->host && !slice_ieq(host, slice_str(r->host)))
			continue;
		if (path_matches(r, path))
			return r->pool;
	}
	return l->pool;
}
