/* SPDX-License-Identifier: MIT */
/*
 * /livez and /readyz in the form of Kubernetes' API server: "ok" or the list of checks, lines
 * "[+]name ok" and "[-]name failed: why", `verbose` for the list in any case, `exclude=NAME`
 * (more than once) to leave one out, /readyz/NAME for one alone. The status is what machines
 * read: 200, or 503. Control thread; the checks themselves are the daemon's.
 */
#include "render.h"
#include "state.h"

#define EXCLUDES_MAX 16

struct excludes {
	char name[EXCLUDES_MAX][NAME_BYTES + 8];
	bool used[EXCLUDES_MAX];
	unsigned n;
};

static void read_excludes(struct slice query, struct excludes *x)
{
	size_t at = 0;

	x->n = 0;
	memset(x->used, 0, sizeof(x->used));
	while (x->n < EXCLUDES_MAX && query.n > 0 &&
	       query_next(query, "exclude", &at, x->name[x->n], sizeof(x->name[0])))
		x->n++;
}

static bool is_excluded(struct excludes *x, const char *name)
{
	unsigned i;

	for (i = 0; i < x->n; i++) {
		if (strcmp(x->name[i], name) == 0)
			return x->used[i] = true;
	}
	return false;
}

static void put_unused(struct buf *b, const struct excludes *x)
{
	unsigned i;

	for (i = 0; i < x->n; i++) {
		if (!x->used[i])
			buf_printf(b,
				   "warn: some health checks cannot be excluded: no matches for "
				   "\"%s\"\n",
				   x->name[i]);
	}
}

static void put_check(struct buf *b, const struct admin_check *c, bool excluded)
{
	if (excluded)
		buf_printf(b, "[+]%s excluded: ok\n", c->name);
	else if (c->ok)
		buf_printf(b, "[+]%s ok\n", c->name);
	else
		buf_printf(b, "[-]%s failed: %s\n", c->name, c->detail);
}

static void all_checks(struct ask *ask, struct reply *reply, const char *title,
		       const struct admin_check *checks, unsigned n, bool live)
{
	struct excludes x;
	bool ok = true;
	unsigned i;

	read_excludes(ask->query, &x);
	for (i = 0; i < n; i++) {
		const struct admin_check *c = &checks[i];
		bool excluded;

		if (live && !c->live)
			continue;
		excluded = is_excluded(&x, c->name);
		ok = ok && (c->ok || excluded);
		put_check(&reply->body, c, excluded);
	}
	put_unused(&reply->body, &x);
	buf_printf(&reply->body, "%s check %s\n", title, ok ? "passed" : "failed");
	reply->status = ok ? 200 : 503;
	if (ask->trusted && (!ok || query_has(ask->query, "verbose")))
		return;
	/* Strangers learn no names and no reasons. */
	buf_clear(&reply->body);
	buf_puts(&reply->body, ok ? "ok" : "not ok");
}

static void one_check(struct reply *reply, const char *name, const struct admin_check *checks,
		      unsigned n, bool live)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct admin_check *c = &checks[i];

		if (strcmp(c->name, name) != 0 || (live && !c->live))
			continue;
		reply->status = c->ok ? 200 : 503;
		if (c->ok)
			buf_puts(&reply->body, "ok");
		else
			put_check(&reply->body, c, false);
		return;
	}
	reply_error(reply, 404, "?verbose lists them.", "no check is called %s", name);
}

static void checks_get(struct ask *ask, struct reply *reply, const char *title, bool live)
{
	static struct admin_check checks[ADMIN_CHECKS_MAX]; /* control thread only */
	const struct admin_ops *ops = ask->admin->ops;
	unsigned n = ops->checks(ops->ctx, checks, ADMIN_CHECKS_MAX);

	reply->type = "text/plain; charset=utf-8";
	if (ask->args[0][0] != '\0')
		one_check(reply, ask->args[0], checks, n, live);
	else
		all_checks(ask, reply, title, checks, n, live);
}

void livez_get(struct ask *ask, struct reply *reply)
{
	checks_get(ask, reply, "livez", true);
}

void readyz_get(struct ask *ask, struct reply *reply)
{
	checks_get(ask, reply, "readyz", false);
}
