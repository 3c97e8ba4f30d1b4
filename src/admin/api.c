/* SPDX-License-Identifier: MIT */
/*
 * The API: handlers that answer in JSON. Each takes a snapshot for its one turn and frees it.
 * Control thread.
 */
#include "aorta/health.h"
#include "history.h"
#include "json.h"
#include "render.h"
#include "state.h"

#define EVENTS_DEFAULT 100
#define EVENTS_MAX     1000
#define MEMBER_RECENT  20

static int put_json(const char *p, size_t n, void *data)
{
	struct buf *b = data;

	buf_put(b, p, n);
	return b->failed ? -1 : 0;
}

/* Takes `j`. */
static void reply_json(struct reply *reply, json_t *j)
{
	if (j == NULL || json_dump_callback(j, put_json, &reply->body,
					    JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0)
		reply_error(reply, 500, NULL, "out of memory");
	else
		buf_putc(&reply->body, '\n');
	json_decref(j);
}

static json_t *json_process(const struct snapshot *s)
{
	const struct admin_process *p = &s->process;
	json_t *j = json_object();

	json_object_set_new(j, "version", json_text(p->version));
	json_object_set_new(j, "pid", json_integer(p->pid));
	json_object_set_new(j, "workers", json_integer(p->workers));
	json_object_set_new(j, "started", json_time(p->started_wall_us));
	json_object_set_new(j, "uptime_ms", json_integer((s->wall_us - p->started_wall_us) / 1000));
	json_object_set_new(j, "connections", json_integer((json_int_t)p->connections));
	json_object_set_new(j, "stopping", json_boolean(p->stopping));
	json_object_set_new(j, "stop_in_ms",
			    p->stopping && p->stop_deadline_mono_us != 0
				    ? json_integer((p->stop_deadline_mono_us - s->mono_us) / 1000)
				    : json_null());
	json_object_set_new(j, "log_dropped", json_integer((json_int_t)p->log_dropped));
	json_object_set_new(j, "reloads", json_integer((json_int_t)p->reloads));
	json_object_set_new(j, "reloads_failed", json_integer((json_int_t)p->reloads_failed));
	json_object_set_new(j, "last_reload", json_time(p->last_reload_wall_us));
	json_object_set_new(j, "last_reload_error",
			    p->last_reload_error[0] == '\0' ? json_null()
							    : json_text(p->last_reload_error));
	return j;
}

static json_t *json_health(const struct snapshot *s)
{
	const struct health_stats *h = s->health;
	json_t *j = json_object();

	if (h == NULL)
		return j;
	json_object_set_new(j, "probes", json_integer((json_int_t)cell_get(&h->probes)));
	json_object_set_new(j, "probes_failed",
			    json_integer((json_int_t)cell_get(&h->probes_failed)));
	json_object_set_new(j, "probes_running",
			    json_integer((json_int_t)cell_get(&h->probes_running)));
	json_object_set_new(j, "late_us_max", json_integer((json_int_t)cell_get(&h->late_us_max)));
	json_object_set_new(
		j, "beat_ms_ago",
		json_integer((s->mono_us - (int64_t)cell_get(&h->beat_mono_us)) / 1000));
	return j;
}

void api_status(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	json_t *j, *g;

	if (s == NULL)
		return;
	j = json_object();
	g = json_object();
	json_object_set_new(g, "serial", json_integer(s->generation->serial));
	json_object_set_new(g, "loaded", json_time(s->generation->loaded_wall_us));
	json_object_set_new(g, "file", json_text(s->generation->conf->file));
	json_object_set_new(j, "now", json_time(s->wall_us));
	json_object_set_new(j, "concern", json_text(concern_css(s->worst)));
	json_object_set_new(j, "headlines", json_headlines(s));
	json_object_set_new(j, "process", json_process(s));
	json_object_set_new(j, "configuration", g);
	json_object_set_new(j, "health", json_health(s));
	reply_json(reply, j);
	snapshot_free(s);
}

void api_pools(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	json_t *j, *pools;
	unsigned i;

	if (s == NULL)
		return;
	j = json_object();
	pools = json_array();
	for (i = 0; i < s->n_pools; i++)
		json_array_append_new(pools, json_pool(s, &s->pools[i]));
	json_object_set_new(j, "now", json_time(s->wall_us));
	json_object_set_new(j, "concern", json_text(concern_css(s->worst)));
	json_object_set_new(j, "headlines", json_headlines(s));
	json_object_set_new(j, "pools", pools);
	reply_json(reply, j);
	snapshot_free(s);
}

void api_pool(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	struct snap_pool *p = s == NULL ? NULL : render_pool(ask, s, reply, ask->args[0]);

	if (p != NULL)
		reply_json(reply, json_pool(s, p));
	snapshot_free(s);
}

/* Matching records by rising id, as an array. */
static json_t *json_events(const struct history *h, const struct history_filter *f,
			   bool oldest_first, unsigned limit)
{
	const struct evidence *found[EVENTS_MAX];
	json_t *j = json_array();
	unsigned i, n = history_list(h, f, oldest_first, found, limit);

	for (i = 0; i < n; i++)
		json_array_append_new(j, json_evidence(found[i]));
	return j;
}

/* ?limit=N within 1..EVENTS_MAX; false after an error. */
static bool ask_limit(struct ask *ask, struct reply *reply, unsigned otherwise, unsigned *out)
{
	uint64_t n;

	if (!query_u64(ask->query, "limit", otherwise, &n) || n == 0) {
		reply_error(reply, 400, NULL, "limit must be a number from 1 to %u", EVENTS_MAX);
		return false;
	}
	*out = n > EVENTS_MAX ? EVENTS_MAX : (unsigned)n;
	return true;
}

void api_member(struct ask *ask, struct reply *reply)
{
	struct snapshot *s;
	struct snap_pool *p;
	struct snap_member *m;
	unsigned limit;

	if (!ask_limit(ask, reply, MEMBER_RECENT, &limit))
		return;
	s = render_snapshot(ask, reply);
	p = s == NULL ? NULL : render_pool(ask, s, reply, ask->args[0]);
	m = p == NULL ? NULL : render_member(p, ask->args[1], reply);
	if (m != NULL) {
		struct history_filter f = { .pool = ask->args[0], .member = ask->args[1] };
		json_t *j = json_member(s, m);

		json_object_set_new(j, "events",
				    json_events(ask->admin->history, &f, false, limit));
		f.transitions = true;
		json_object_set_new(j, "changes",
				    json_events(ask->admin->history, &f, false, limit));
		reply_json(reply, j);
	}
	snapshot_free(s);
}

void api_listeners(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	json_t *j, *listeners;
	unsigned i;

	if (s == NULL)
		return;
	j = json_object();
	listeners = json_array();
	for (i = 0; i < s->n_listeners; i++)
		json_array_append_new(listeners, json_listener(&s->listeners[i]));
	json_object_set_new(j, "now", json_time(s->wall_us));
	json_object_set_new(j, "listeners", listeners);
	reply_json(reply, j);
	snapshot_free(s);
}

/* A filter that names what is not there is a mistake, not an empty list. */
static bool check_names(struct ask *ask, struct reply *reply, const struct history_filter *f)
{
	struct snapshot *s;
	struct snap_pool *p;
	bool ok;

	if (f->pool == NULL)
		return true;
	s = render_snapshot(ask, reply);
	p = s == NULL ? NULL : render_pool(ask, s, reply, f->pool);
	ok = p != NULL && (f->member == NULL || render_member(p, f->member, reply) != NULL);
	snapshot_free(s);
	return ok;
}

void api_events(struct ask *ask, struct reply *reply)
{
	char pool[NAME_BYTES], member[NAME_BYTES], flag[8];
	struct history *h = ask->admin->history;
	struct history_filter f = { 0 };
	bool since = query_has(ask->query, "since");
	unsigned limit;
	json_t *j;

	if (!ask_limit(ask, reply, EVENTS_DEFAULT, &limit))
		return;
	if (!query_u64(ask->query, "since", 0, &f.since)) {
		reply_error(reply, 400, "Give the id of the last event you have, or 0.",
			    "since must be a number");
		return;
	}
	if (query_get(ask->query, "pool", pool, sizeof(pool)))
		f.pool = pool;
	if (query_get(ask->query, "member", member, sizeof(member)))
		f.member = member;
	f.transitions =
		query_get(ask->query, "transitions", flag, sizeof(flag)) && strcmp(flag, "0") != 0;
	if (!check_names(ask, reply, &f))
		return;
	j = json_object();
	json_object_set_new(j, "last", json_integer((json_int_t)history_last(h)));
	json_object_set_new(j, "missed", json_boolean(since && history_missed(h, &f)));
	json_object_set_new(j, "events", json_events(h, &f, since, limit));
	reply_json(reply, j);
}

void api_ordered(struct admin *a, const char *pool, const char *member, const char *what,
		 struct reply *reply)
{
	struct snapshot *s;
	struct snap_pool *p;
	struct snap_member *m;
	json_t *j;

	s = snapshot_new(a);
	p = s == NULL ? NULL : snapshot_pool(s, pool);
	m = p == NULL ? NULL : snap_pool_member(p, member);
	j = json_object();
	json_object_set_new(j, "done", json_text(what));
	json_object_set_new(j, "member", m == NULL ? json_null() : json_member(s, m));
	reply_json(reply, j);
	snapshot_free(s);
}
