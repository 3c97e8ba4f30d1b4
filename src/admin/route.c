/* SPDX-License-Identifier: MIT */
/*
 * The route table: everything that can be asked, in one place. It finds the row of a request,
 * asks auth, and runs the handler. Control thread; owns nothing.
 */
#include "aorta/assert.h"
#include "auth.h"
#include "render.h"
#include "state.h"

struct route {
	const char *method;
	const char *path; /* ":x" stands for one segment and becomes an argument */
	enum access access;
	void (*run)(struct ask *ask, struct reply *reply);
	const char *help;
};

static const struct route routes[] = {
	{ "GET", "/", ACCESS_READ, page_get,
	  "the page; ?text for terminals, ?only=wrong, ?pool=POOL" },
	{ "GET", "/api", ACCESS_READ, route_help, "this list" },
	{ "GET", "/api/v1", ACCESS_READ, route_help, "this list" },
	{ "GET", "/api/v1/status", ACCESS_READ, api_status, "the process and its health engine" },
	{ "GET", "/api/v1/pools", ACCESS_READ, api_pools, "all pools and members" },
	{ "GET", "/api/v1/pools/:pool", ACCESS_READ, api_pool, "one pool" },
	{ "GET", "/api/v1/pools/:pool/members/:member", ACCESS_READ, api_member,
	  "one member, with its recent evidence; ?limit=N" },
	{ "POST", "/api/v1/pools/:pool/members/:member/drain", ACCESS_CHANGE, order_drain,
	  "no new work; what it has may finish" },
	{ "POST", "/api/v1/pools/:pool/members/:member/maint", ACCESS_CHANGE, order_maint,
	  "out; what it has is cut at the deadline" },
	{ "POST", "/api/v1/pools/:pool/members/:member/ready", ACCESS_CHANGE, order_ready,
	  "back to what its probes say" },
	{ "POST", "/api/v1/pools/:pool/members/:member/probe", ACCESS_CHANGE, order_probe,
	  "probe it now" },
	{ "GET", "/api/v1/listeners", ACCESS_READ, api_listeners, "all listeners" },
	{ "GET", "/api/v1/events", ACCESS_READ, api_events,
	  "evidence; ?since=ID&limit=N&pool=P&member=M&transitions=1" },
	{ "POST", "/api/v1/reload", ACCESS_CHANGE, order_reload, "read the configuration again" },
	{ "GET", "/metrics", ACCESS_READ, metrics_get, "for Prometheus" },
	{ "GET", "/livez", ACCESS_ANYONE, livez_get, "is aorta alive? ?verbose, ?exclude=CHECK" },
	{ "GET", "/livez/:check", ACCESS_READ, livez_get, "one check of it" },
	{ "GET", "/readyz", ACCESS_ANYONE, readyz_get,
	  "can aorta serve? ?verbose, ?exclude=CHECK" },
	{ "GET", "/readyz/:check", ACCESS_READ, readyz_get, "one check of it" },
};

/* The next segment of a path that starts with "/"; false at the end. */
static bool next_segment(struct slice *path, struct slice *out)
{
	const char *slash;

	if (path->n == 0 || path->p[0] != '/')
		return false;
	*path = slice_of(path->p + 1, path->n - 1);
	slash = path->n == 0 ? NULL : memchr(path->p, '/', path->n);
	*out = slice_of(path->p, slash == NULL ? path->n : (size_t)(slash - path->p));
	*path = slice_of(path->p + out->n, path->n - out->n);
	return true;
}

static bool path_matches(const char *pattern, struct slice path, char args[][NAME_BYTES])
{
	struct slice want = slice_str(pattern), w, p;
	unsigned n = 0;

	for (;;) {
		bool more = next_segment(&want, &w);

		if (more != next_segment(&path, &p))
			return false;
		if (!more)
			return want.n == 0 && path.n == 0;
		if (w.n > 0 && w.p[0] == ':') {
			AORTA_ASSERT(n < ROUTE_ARGS);
			if (p.n == 0 || !query_decode(p, false, args[n++], NAME_BYTES))
				return false;
		} else if (!slice_eq(w, p)) {
			return false;
		}
	}
}

static bool method_matches(const struct route *r, const struct http1_request *http)
{
	if (http->method == HTTP1_HEAD)
		return strcmp(r->method, "GET") == 0;
	return slice_eq(http->method_text, slice_str(r->method));
}

static const char *allow_of(const struct route *r)
{
	return strcmp(r->method, "GET") == 0 ? "GET, HEAD" : r->method;
}

static void no_such_method(const struct route *r, struct ask *ask, struct reply *reply)
{
	reply_error(reply, 405, r->help, "%.*s is not accepted here, only %s",
		    SLICE_ARG(ask->http->method_text), allow_of(r));
	buf_printf(&reply->headers, "Allow: %s\r\n", allow_of(r));
}

void route_dispatch(struct ask *ask, struct reply *reply)
{
	const char *token = ask->admin->token;
	const struct route *other = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];

		memset(ask->args, 0, sizeof(ask->args));
		if (!path_matches(r->path, ask->http->path, ask->args))
			continue;
		if (!method_matches(r, ask->http)) {
			other = r;
			continue;
		}
		ask->trusted = auth_trusts(ask->peer, ask->http, token);
		if (auth_allows(r->access, ask->peer, ask->http, token, reply))
			r->run(ask, reply);
		return;
	}
	if (other != NULL) {
		no_such_method(other, ask, reply);
		return;
	}
	reply_error(reply, 404, "GET /api lists what there is.", "nothing is at %.*s",
		    SLICE_ARG(ask->http->path));
}

void route_help(struct ask *ask, struct reply *reply)
{
	size_t i;

	reply->type = "text/plain; charset=utf-8";
	for (i = 0; i < ARRAY_LEN(routes); i++)
		buf_printf(&reply->body, "%-4s %-46s %s%s\n", routes[i].method, routes[i].path,
			   routes[i].help,
			   routes[i].access == ACCESS_CHANGE ? " (token over TCP)" : "");
}
