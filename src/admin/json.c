/* SPDX-License-Identifier: MIT */
/*
 * The model as JSON. One function per thing; the caller owns what it gets. A value that memory
 * was missing for is left out by jansson, and the dump then fails as a whole. Control thread.
 */
#include "json.h"

#include "aorta/log.h"

#define INT(x) json_integer((json_int_t)(x))

json_t *json_text(const char *s)
{
	char plain[1024];
	json_t *j;
	size_t i;

	if (s == NULL)
		return json_null();
	j = json_string(s);
	if (j != NULL)
		return j;
	for (i = 0; s[i] != '\0' && i + 1 < sizeof(plain); i++)
		plain[i] = (unsigned char)s[i] < 0x80 ? s[i] : '?';
	plain[i] = '\0';
	return json_string(plain);
}

json_t *json_time(int64_t wall_us)
{
	char text[LOG_TIME_BYTES];

	if (wall_us <= 0)
		return json_null();
	log_time(text, wall_us);
	return json_string(text);
}

static json_t *text_of(struct buf *b)
{
	json_t *j = json_text(buf_cstr(b));

	buf_fini(b);
	return j;
}

/* A duration; null when it was not reached. */
static json_t *reached_us(int64_t us)
{
	return us < 0 ? json_null() : INT(us);
}

json_t *json_finding(const struct finding *f)
{
	json_t *j = json_object();
	struct buf b;

	buf_init(&b);
	finding_sentence(&b, f);
	json_object_set_new(j, "code", json_text(probe_code_name(f->code)));
	json_object_set_new(j, "passed", json_boolean(probe_code_passed(f->code)));
	json_object_set_new(j, "sentence", text_of(&b));
	json_object_set_new(j, "phase", json_text(evidence_phase_text(f->phase)));
	json_object_set_new(j, "errno", INT(f->sys_errno));
	json_object_set_new(j, "errno_name", json_text(errno_name(f->sys_errno)));
	json_object_set_new(j, "status", f->status == 0 ? json_null() : INT(f->status));
	json_object_set_new(j, "connect_us", reached_us(f->connect_us));
	json_object_set_new(j, "first_byte_us", reached_us(f->first_byte_us));
	json_object_set_new(j, "total_us", reached_us(f->total_us));
	json_object_set_new(j, "expected", json_text(f->expected));
	json_object_set_new(j, "got", json_text(f->got));
	return j;
}

json_t *json_evidence(const struct evidence *e)
{
	json_t *j = json_object();
	struct buf b;

	buf_init(&b);
	evidence_sentence(&b, e);
	json_object_set_new(j, "id", INT(e->id));
	json_object_set_new(j, "time", json_time(e->wall_us));
	json_object_set_new(j, "pool", json_text(e->pool));
	json_object_set_new(j, "member", json_text(e->member));
	json_object_set_new(j, "source", json_text(evidence_source_name(e->source)));
	json_object_set_new(j, "transition", json_boolean(e->transition));
	json_object_set_new(j, "from", json_text(member_state_name(e->from)));
	json_object_set_new(j, "to", json_text(member_state_name(e->to)));
	json_object_set_new(j, "sentence", text_of(&b));
	if (e->source == SOURCE_CONFIG || e->source == SOURCE_ADMIN)
		json_object_set_new(j, "finding", json_null());
	else
		json_object_set_new(j, "finding", json_finding(&e->finding));
	json_object_set_new(j, "streak", INT(e->streak));
	json_object_set_new(j, "needed", INT(e->needed));
	json_object_set_new(j, "note", json_text(e->note));
	return j;
}

static const char *admin_state_name(enum admin_state a)
{
	static const char *const names[] = { "ready", "drain", "maint" };

	return names[a];
}

static json_t *json_role(const struct snapshot *s, const struct role_report *r,
			 const struct conf_probe *conf)
{
	struct standing st = role_standing(r);
	json_t *j = json_object();

	json_object_set_new(j, "probe", json_text(conf == NULL ? NULL : conf->name));
	json_object_set_new(j, "kind",
			    json_text(conf == NULL ? NULL : probe_kind_name(conf->kind)));
	json_object_set_new(j, "held", json_boolean(r->held));
	json_object_set_new(j, "passing", r->judged ? json_boolean(r->passing) : json_null());
	json_object_set_new(j, "counter", INT(r->counter));
	json_object_set_new(j, "rise", INT(r->rise));
	json_object_set_new(j, "fall", INT(r->fall));
	json_object_set_new(j, "progress",
			    json_pack("{s:i, s:i, s:s}", "have", (int)st.have, "need", (int)st.need,
				      "toward", st.toward));
	json_object_set_new(j, "streak", INT(r->streak));
	json_object_set_new(j, "runs", INT(r->runs));
	json_object_set_new(j, "failures", INT(r->failures));
	json_object_set_new(j, "last", json_time(r->last_wall_us));
	json_object_set_new(j, "last_good", json_time(r->last_good_wall_us));
	json_object_set_new(j, "next_in_ms",
			    r->next_mono_us == 0 ? json_null()
						 : INT((r->next_mono_us - s->mono_us) / 1000));
	json_object_set_new(j, "finding", r->runs == 0 ? json_null() : json_finding(&r->last));
	return j;
}

static json_t *json_roles(const struct snapshot *s, const struct snap_member *m)
{
	json_t *j = json_object();
	unsigned i;

	for (i = 0; m->report != NULL && i < PROBE_ROLES; i++) {
		if (m->report->roles[i].configured)
			json_object_set_new(j, probe_role_name((enum probe_role)i),
					    json_role(s, &m->report->roles[i], m->pool->probes[i]));
	}
	return j;
}

static json_t *json_window(const struct window *w)
{
	double share = window_error_share(w);
	json_t *j = json_object();

	json_object_set_new(j, "seconds", json_real((double)w->span_us / 1e6));
	json_object_set_new(j, "requests_per_second", json_real(window_rate(w, w->begun)));
	json_object_set_new(j, "errors", INT(w->errors));
	json_object_set_new(j, "error_share", share < 0 ? json_null() : json_real(share));
	return j;
}

static json_t *json_quantiles(const struct quantiles *q)
{
	json_t *j = json_object();

	json_object_set_new(j, "count", INT(q->count));
	json_object_set_new(j, "p50", reached_us(q->p50_us));
	json_object_set_new(j, "p95", reached_us(q->p95_us));
	json_object_set_new(j, "p99", reached_us(q->p99_us));
	return j;
}

/* {"1xx": n, ..., "other": n} */
static json_t *json_classes(const uint64_t status[6])
{
	static const char *const names[] = { "other", "1xx", "2xx", "3xx", "4xx", "5xx" };
	json_t *j = json_object();
	unsigned i;

	for (i = 0; i < 6; i++)
		json_object_set_new(j, names[i], INT(status[i]));
	return j;
}

/* Only those that there are: {"no-route": 3} */
static json_t *json_own(const uint64_t own[OWN_ERROR_COUNT])
{
	json_t *j = json_object();
	unsigned i;

	for (i = OWN_NONE + 1; i < OWN_ERROR_COUNT; i++) {
		if (own[i] > 0)
			json_object_set_new(j, own_error_word((enum own_error)i), INT(own[i]));
	}
	return j;
}

static json_t *json_traffic(const struct snap_member *m)
{
	const struct member_totals *t = &m->totals;
	json_t *j = json_object(), *outcomes = json_object();
	unsigned i;

	for (i = 0; i < OUTCOME_COUNT; i++)
		json_object_set_new(outcomes, outcome_name((enum outcome)i), INT(t->outcome[i]));
	json_object_set_new(j, "in_flight", INT(t->in_flight));
	json_object_set_new(j, "requests", INT(t->requests));
	json_object_set_new(j, "responses", json_classes(t->status));
	json_object_set_new(j, "outcomes", outcomes);
	json_object_set_new(j, "retried", INT(t->retried));
	json_object_set_new(j, "connects", INT(t->connects));
	json_object_set_new(j, "reuses", INT(t->reuses));
	json_object_set_new(j, "idle_connections", INT(t->idle));
	json_object_set_new(j, "bytes_in", INT(t->bytes_in));
	json_object_set_new(j, "bytes_out", INT(t->bytes_out));
	json_object_set_new(j, "last_10s", json_window(&m->now));
	json_object_set_new(j, "last_60s", json_window(&m->minute));
	json_object_set_new(j, "latency_us_last_60s", json_quantiles(&m->latency_minute));
	json_object_set_new(j, "latency_us", json_quantiles(&m->latency));
	return j;
}

/* Progress of a drain; null when there is none. */
static json_t *json_drain(const struct snap_member *m)
{
	json_t *j;

	if (m->state != MEMBER_DRAINING && m->state != MEMBER_MAINT)
		return json_null();
	j = json_object();
	json_object_set_new(j, "in_flight", INT(m->totals.in_flight));
	json_object_set_new(j, "remaining_ms",
			    m->drain_left_ms < 0 ? json_null() : INT(m->drain_left_ms));
	json_object_set_new(j, "done", json_boolean(m->totals.in_flight == 0));
	return j;
}

json_t *json_member(const struct snapshot *s, const struct snap_member *m)
{
	const struct member_report *r = m->report;
	json_t *j = json_object();

	json_object_set_new(j, "pool", json_text(m->pool->name));
	json_object_set_new(j, "name", json_text(m->conf->name));
	json_object_set_new(j, "address", json_text(m->member->addr_text));
	json_object_set_new(j, "state", json_text(member_state_name(m->state)));
	json_object_set_new(j, "meaning", json_text(member_state_text(m->state)));
	json_object_set_new(j, "concern", json_text(concern_css(m->concern)));
	json_object_set_new(j, "takes_new_work", json_boolean(m->in_view));
	json_object_set_new(j, "since", json_time(m->since_wall_us));
	json_object_set_new(j, "for_ms",
			    m->since_wall_us == 0 ? json_null()
						  : INT((s->wall_us - m->since_wall_us) / 1000));
	json_object_set_new(j, "why", json_text(m->sentence));
	json_object_set_new(j, "evidence", m->why == NULL ? json_null() : json_evidence(m->why));
	json_object_set_new(j, "admin",
			    json_text(r == NULL ? "ready" : admin_state_name(r->admin)));
	json_object_set_new(j, "transitions", INT(r == NULL ? 0 : r->transitions));
	json_object_set_new(j, "removed", json_boolean(r != NULL && r->removed));
	json_object_set_new(j, "weight", INT(m->conf->weight));
	json_object_set_new(j, "tier", INT(m->conf->tier));
	json_object_set_new(j, "drain", json_drain(m));
	json_object_set_new(j, "roles", json_roles(s, m));
	json_object_set_new(j, "traffic", json_traffic(m));
	return j;
}

static json_t *json_states(const struct snap_pool *p)
{
	json_t *j = json_object();
	unsigned i;

	for (i = 0; i < MEMBER_STATE_COUNT; i++) {
		if (p->n_state[i] > 0)
			json_object_set_new(j, member_state_name((enum member_state)i),
					    INT(p->n_state[i]));
	}
	return j;
}

json_t *json_pool(const struct snapshot *s, const struct snap_pool *p)
{
	json_t *j = json_object(), *members = json_array();
	unsigned i;

	for (i = 0; i < p->n_members; i++)
		json_array_append_new(members, json_member(s, &p->members[i]));
	json_object_set_new(j, "name", json_text(p->conf->name));
	json_object_set_new(j, "balance", json_text(balance_kind_name(p->conf->balance)));
	json_object_set_new(j, "concern", json_text(concern_css(p->concern)));
	json_object_set_new(j, "members_total", INT(p->n_members));
	json_object_set_new(j, "members_serving", INT(p->n_serving));
	json_object_set_new(j, "states", json_states(p));
	json_object_set_new(j, "tier", p->tier == 0 ? json_null() : INT(p->tier));
	json_object_set_new(j, "requests", INT(p->totals.requests));
	json_object_set_new(j, "retries", INT(p->totals.retries));
	json_object_set_new(j, "waiting", INT(p->totals.waiting));
	json_object_set_new(j, "in_flight", INT(p->in_flight));
	json_object_set_new(j, "own_errors", json_own(p->totals.own));
	json_object_set_new(j, "last_10s", json_window(&p->now));
	json_object_set_new(j, "last_60s", json_window(&p->minute));
	json_object_set_new(j, "members", members);
	return j;
}

json_t *json_listener(const struct snap_listener *l)
{
	json_t *j = json_object(), *binds = json_array();
	char text[ADDR_TEXT_BYTES];
	unsigned i;

	for (i = 0; i < l->conf->n_binds; i++) {
		addr_print(&l->conf->binds[i], text);
		json_array_append_new(binds, json_text(text));
	}
	json_object_set_new(j, "name", json_text(l->conf->name));
	json_object_set_new(j, "mode", json_text(l->conf->mode == MODE_TCP ? "tcp" : "http"));
	json_object_set_new(j, "binds", binds);
	json_object_set_new(j, "connections", INT(l->totals.active));
	json_object_set_new(j, "accepted", INT(l->totals.accepted));
	json_object_set_new(j, "refused", INT(l->totals.refused));
	json_object_set_new(j, "requests", INT(l->totals.requests));
	json_object_set_new(j, "responses", json_classes(l->totals.status));
	json_object_set_new(j, "own_errors", json_own(l->totals.own));
	json_object_set_new(j, "cut", INT(l->totals.cut));
	json_object_set_new(j, "bytes_in", INT(l->totals.bytes_in));
	json_object_set_new(j, "bytes_out", INT(l->totals.bytes_out));
	json_object_set_new(j, "last_10s", json_window(&l->now));
	json_object_set_new(j, "last_60s", json_window(&l->minute));
	return j;
}

json_t *json_headlines(const struct snapshot *s)
{
	json_t *j = json_array();
	unsigned i;

	for (i = 0; i < s->n_headlines; i++) {
		json_t *line = json_object();

		json_object_set_new(line, "concern",
				    json_text(concern_css(s->headlines[i].concern)));
		json_object_set_new(line, "text", json_text(s->headlines[i].text));
		json_array_append_new(j, line);
	}
	return j;
}
