/* SPDX-License-Identifier: MIT */
/*
 * What the handlers share: a snapshot to render from, and finding what a path names. Control
 * thread; the handler owns the snapshot.
 */
#include "render.h"

struct snapshot *render_snapshot(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = snapshot_new(ask->admin);

	if (s == NULL)
		reply_error(reply, 500, NULL, "out of memory");
	return s;
}

static void not_found(struct reply *reply, const char *kind, const char *name, const char *near)
{
	char hint[NAME_BYTES + 32];

	snprintf(hint, sizeof(hint), "Did you mean %s?", near == NULL ? "" : near);
	reply_error(reply, 404, near == NULL ? NULL : hint, "no %s is called %s", kind, name);
}

struct snap_pool *render_pool(struct ask *ask, const struct snapshot *s, struct reply *reply,
			      const char *name)
{
	struct snap_pool *p = snapshot_pool(s, name);

	if (p == NULL)
		not_found(reply, "pool", name, snapshot_near_pool(s, name));
	return p;
}

struct snap_member *render_member(const struct snap_pool *p, const char *name, struct reply *reply)
{
	struct snap_member *m = snap_pool_member(p, name);
	char kind[NAME_BYTES + 32];

	if (m == NULL) {
		snprintf(kind, sizeof(kind), "member of pool %s", p->conf->name);
		not_found(reply, kind, name, snap_pool_near_member(p, name));
	}
	return m;
}
