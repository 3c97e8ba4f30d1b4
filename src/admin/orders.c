/* SPDX-License-Identifier: MIT */
/*
 * Orders to the health engine and to the daemon. The connection keeps what its answer will be
 * about by name, since the member may be gone by then. Control thread; nothing is decided here,
 * it passes on and reports back.
 */
#include "orders.h"

#include "aorta/assert.h"
#include "render.h"
#include "state.h"

/* "aortactl, uid 0": the client's own first word, and what we know of where it comes from. */
static void order_who(const struct ask *ask, char *out, size_t cap)
{
	const struct http1_header *h = http1_find_name(&ask->http->head, SLICE_LIT("User-Agent"));
	struct slice agent = h == NULL ? slice_of("", 0) : http1_value(&ask->http->head, h);
	size_t n = 0;

	while (n < agent.n && n < 24 && agent.p[n] > ' ' && agent.p[n] < 0x7f && agent.p[n] != '/')
		n++;
	if (n == 0)
		snprintf(out, cap, "%s", ask->peer->text);
	else
		snprintf(out, cap, "%.*s, %s", (int)n, agent.p, ask->peer->text);
}

/* The member that is ordered about; NULL after an error in `reply`. */
static struct member *order_target(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	struct snap_pool *p = s == NULL ? NULL : render_pool(ask, s, reply, ask->args[0]);
	struct snap_member *m = p == NULL ? NULL : render_member(p, ask->args[1], reply);
	struct member *found = NULL;
	unsigned i;

	for (i = 0; m != NULL && i < p->n_members; i++) {
		if (p->pool->members[i] == m->member)
			found = p->pool->members[i];
	}
	if (s != NULL)
		snapshot_free(s);
	return found;
}

/* From here on the connection waits; the engine may answer before this returns. */
static uint64_t order_wait(struct ask *ask, const char *what, struct reply *reply)
{
	struct pending *p = &ask->conn->pending;

	p->tag = ++ask->admin->last_tag;
	p->what = what;
	memcpy(p->pool, ask->args[0], sizeof(p->pool));
	memcpy(p->member, ask->args[1], sizeof(p->member));
	reply->later = true;
	conn_wait(ask->conn);
	return p->tag;
}

static void order_state(struct ask *ask, struct reply *reply, enum admin_state to, const char *what)
{
	const struct admin_ops *ops = ask->admin->ops;
	struct member *m = order_target(ask, reply);
	char who[128];

	if (m == NULL)
		return;
	order_who(ask, who, sizeof(who));
	ops->order(ops->ctx, order_wait(ask, what, reply), m, to, who);
}

void order_drain(struct ask *ask, struct reply *reply)
{
	order_state(ask, reply, ADMIN_DRAIN, "drain");
}

void order_maint(struct ask *ask, struct reply *reply)
{
	order_state(ask, reply, ADMIN_MAINT, "maint");
}

void order_ready(struct ask *ask, struct reply *reply)
{
	order_state(ask, reply, ADMIN_READY, "ready");
}

void order_probe(struct ask *ask, struct reply *reply)
{
	const struct admin_ops *ops = ask->admin->ops;
	struct member *m = order_target(ask, reply);

	if (m != NULL)
		ops->probe_now(ops->ctx, order_wait(ask, "probe", reply), m);
}

void order_reload(struct ask *ask, struct reply *reply)
{
	const struct admin_ops *ops = ask->admin->ops;
	struct buf report;
	int rc;

	buf_init(&report);
	rc = ops->reload(ops->ctx, &report);
	if (rc == 0) {
		buf_puts(&reply->body, "{\"reloaded\": true, \"report\": ");
		buf_json(&reply->body, buf_as_slice(&report));
		buf_puts(&reply->body, "}\n");
	} else {
		/* 422: the request was understood, what it would have put in force is wrong. */
		reply->status = 422;
		buf_puts(&reply->body, "{\"error\": \"the configuration was not reloaded; the old "
				       "one stays in force\", \"reloaded\": false, \"report\": ");
		buf_json(&reply->body, buf_as_slice(&report));
		buf_puts(&reply->body, "}\n");
	}
	buf_fini(&report);
}

void orders_timed_out(struct conn *c)
{
	struct reply r;

	reply_init(&r);
	reply_error(&r, 504, "It may still be carried out: look at the member's state.",
		    "%s of %s/%s was not confirmed within %.0f s", c->pending.what, c->pending.pool,
		    c->pending.member, ORDER_TIMEOUT_S);
	conn_answer(c, &r);
	reply_fini(&r);
}

void orders_done(struct admin *a, uint64_t tag, const char *error)
{
	struct conn *c = tag == 0 ? NULL : server_find_waiting(a->server, tag);
	struct pending p;
	struct reply r;

	if (c == NULL)
		return;
	p = c->pending;
	reply_init(&r);
	if (error != NULL)
		reply_error(&r, 409, NULL, "%s of %s/%s: %s", p.what, p.pool, p.member, error);
	else
		api_ordered(a, p.pool, p.member, p.what, &r);
	conn_answer(c, &r);
	reply_fini(&r);
}
