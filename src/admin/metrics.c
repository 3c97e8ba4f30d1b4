/* SPDX-License-Identifier: MIT */
/*
 * GET /metrics: the model in Prometheus' text format 0.0.4. Tables of families: name, type, help
 * and where the value is. Names follow Prometheus' practices: base units, counters end in
 * _total, one family in one run of lines. Control thread; owns nothing.
 */
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdio.h>

#include "aorta/assert.h"
#include "aorta/health.h"
#include "render.h"
#include "state.h"

typedef unsigned long long ull;

static void family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP aorta_%s %s\n# TYPE aorta_%s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and newline are escaped. */
static void put_value(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			buf_putc(b, '\\');
		if (*s == '\n')
			buf_puts(b, "\\n");
		else
			buf_putc(b, *s);
	}
}

static void put_label(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=\"", name);
	put_value(b, value);
	buf_putc(b, '"');
}

/* "aorta_NAME{pool="p",member="m"" - the closing brace is the caller's. */
static void member_series(struct buf *b, const char *name, const struct snap_member *m)
{
	buf_printf(b, "aorta_%s{", name);
	put_label(b, "pool", m->pool->name);
	buf_putc(b, ',');
	put_label(b, "member", m->conf->name);
}

static void named_series(struct buf *b, const char *name, const char *label, const char *value)
{
	buf_printf(b, "aorta_%s{", name);
	put_label(b, label, value);
}

static void single(struct buf *b, const char *name, const char *type, const char *help,
		   double value)
{
	family(b, name, type, help);
	buf_printf(b, "aorta_%s %.15g\n", name, value);
}

/* ---- members ---- */

typedef void member_fn(struct buf *b, const char *name, const struct snap_member *m);

static void each_member(const struct snapshot *s, struct buf *b, const char *name, const char *type,
			const char *help, member_fn *put)
{
	unsigned i, j;

	family(b, name, type, help);
	for (i = 0; i < s->n_pools; i++) {
		for (j = 0; j < s->pools[i].n_members; j++)
			put(b, name, &s->pools[i].members[j]);
	}
}

static void put_states(struct buf *b, const char *name, const struct snap_member *m)
{
	unsigned i;

	for (i = 0; i < MEMBER_STATE_COUNT; i++) {
		member_series(b, name, m);
		buf_printf(b, ",state=\"%s\"} %d\n", member_state_name((enum member_state)i),
			   m->state == i);
	}
}

static void put_member_info(struct buf *b, const char *name, const struct snap_member *m)
{
	member_series(b, name, m);
	buf_putc(b, ',');
	put_label(b, "address", m->member->addr_text);
	buf_puts(b, "} 1\n");
}

static void put_since(struct buf *b, const char *name, const struct snap_member *m)
{
	if (m->since_wall_us == 0)
		return;
	member_series(b, name, m);
	buf_printf(b, "} %.3f\n", (double)m->since_wall_us / 1e6);
}

static void put_in_view(struct buf *b, const char *name, const struct snap_member *m)
{
	member_series(b, name, m);
	buf_printf(b, "} %d\n", m->in_view);
}

static void put_weight(struct buf *b, const char *name, const struct snap_member *m)
{
	member_series(b, name, m);
	buf_printf(b, "} %u\n", m->conf->weight);
}

static void put_tier(struct buf *b, const char *name, const struct snap_member *m)
{
	member_series(b, name, m);
	buf_printf(b, "} %u\n", m->conf->tier);
}

static void put_transitions(struct buf *b, const char *name, const struct snap_member *m)
{
	member_series(b, name, m);
	buf_printf(b, "} %llu\n", m->report == NULL ? 0 : (ull)m->report->transitions);
}

static const char *const class_names[6] = { "other", "1xx", "2xx", "3xx", "4xx", "5xx" };

static void put_responses(struct buf *b, const char *name, const struct snap_member *m)
{
	unsigned i;

	for (i = 0; i < 6; i++) {
		member_series(b, name, m);
		buf_printf(b, ",class=\"%s\"} %llu\n", class_names[i], (ull)m->totals.status[i]);
	}
}

static void put_outcomes(struct buf *b, const char *name, const struct snap_member *m)
{
	unsigned i;

	for (i = 0; i < OUTCOME_COUNT; i++) {
		member_series(b, name, m);
		buf_printf(b, ",outcome=\"%s\"} %llu\n", outcome_name((enum outcome)i),
			   (ull)m->totals.outcome[i]);
	}
}

/*
 * The bounds that are shown, in doublings of 64 us: every one of histogram.h's 80 buckets in 10,000
 * members would drown a Prometheus. Denser where a service's latency usually is.
 */
static const unsigned char bound_doublings[] = { 0, 2,	3,  4,	5,  6,	7,  8,
						 9, 10, 11, 12, 13, 14, 16, 18 };

static void put_latency(struct buf *b, const char *name, const struct snap_member *m)
{
	const struct histogram_sum *h = &m->totals.latency;
	uint64_t seen = 0;
	size_t i, k = 0;

	/* Of ten thousand members that never served, these would be most of the lines. */
	if (h->count == 0)
		return;
	for (i = 0; i < ARRAY_LEN(bound_doublings); i++) {
		int64_t bound = (int64_t)64 << bound_doublings[i];

		for (; k < HISTOGRAM_BUCKETS && histogram_bound_us(k) <= bound; k++)
			seen += h->bucket[k];
		member_series(b, "member_latency_seconds_bucket", m);
		buf_printf(b, ",le=\"%.9g\"} %llu\n", (double)bound / 1e6, (ull)seen);
	}
	/* Summed from the buckets: `count` is another cell and may be a moment ahead. */
	for (; k < HISTOGRAM_BUCKETS; k++)
		seen += h->bucket[k];
	member_series(b, "member_latency_seconds_bucket", m);
	buf_printf(b, ",le=\"+Inf\"} %llu\n", (ull)seen);
	member_series(b, "member_latency_seconds_sum", m);
	buf_printf(b, "} %.6f\n", (double)h->sum_us / 1e6);
	member_series(b, "member_latency_seconds_count", m);
	buf_printf(b, "} %llu\n", (ull)seen);
}

static const struct {
	const char *name, *type, *help;
	member_fn *put;
} member_families[] = {
	{ "member_info", "gauge", "The address of a member.", put_member_info },
	{ "member_state", "gauge", "1 for the state that the member is in.", put_states },
	{ "member_state_since_timestamp_seconds", "gauge", "When it came into that state.",
	  put_since },
	{ "member_takes_new_work", "gauge", "1 when the balancer gives it new work.", put_in_view },
	{ "member_transitions_total", "counter", "Changes of state.", put_transitions },
	{ "member_weight", "gauge", "Its weight.", put_weight },
	{ "member_tier", "gauge", "Its tier.", put_tier },
	{ "member_responses_total", "counter", "Answers by class of status.", put_responses },
	{ "member_outcomes_total", "counter", "Exchanges or sessions by how they ended.",
	  put_outcomes },
	{ "member_latency_seconds", "histogram",
	  "Request sent to the head of the answer; with mode tcp, the connect.", put_latency },
};

#define TOTAL(field) offsetof(struct member_totals, field)

static const struct {
	const char *name, *type, *help;
	size_t at;
} member_totals_families[] = {
	{ "member_requests_total", "counter", "Exchanges or sessions begun, retries included.",
	  TOTAL(requests) },
	{ "member_in_flight", "gauge", "Exchanges or sessions now.", TOTAL(in_flight) },
	{ "member_received_bytes_total", "counter", "Bytes from the member.", TOTAL(bytes_in) },
	{ "member_sent_bytes_total", "counter", "Bytes to the member.", TOTAL(bytes_out) },
	{ "member_connects_total", "counter", "Connections opened.", TOTAL(connects) },
	{ "member_reuses_total", "counter", "Requests on a kept connection.", TOTAL(reuses) },
	{ "member_retried_total", "counter", "Exchanges taken away and tried again elsewhere.",
	  TOTAL(retried) },
	{ "member_idle_connections", "gauge", "Kept connections now.", TOTAL(idle) },
};

static void put_member_totals(const struct snapshot *s, struct buf *b)
{
	unsigned f, i, j;

	for (f = 0; f < ARRAY_LEN(member_totals_families); f++) {
		const char *name = member_totals_families[f].name;

		family(b, name, member_totals_families[f].type, member_totals_families[f].help);
		for (i = 0; i < s->n_pools; i++) {
			for (j = 0; j < s->pools[i].n_members; j++) {
				const struct snap_member *m = &s->pools[i].members[j];
				const char *at = (const char *)&m->totals;
				uint64_t v;

				memcpy(&v, at + member_totals_families[f].at, sizeof(v));
				member_series(b, name, m);
				buf_printf(b, "} %llu\n", (ull)v);
			}
		}
	}
}

/* ---- probes: one series a member and role ---- */

static void probe_runs(struct buf *b, const struct role_report *r)
{
	buf_printf(b, "%llu", (ull)r->runs);
}

static void probe_failures(struct buf *b, const struct role_report *r)
{
	buf_printf(b, "%llu", (ull)r->failures);
}

static void probe_passing(struct buf *b, const struct role_report *r)
{
	buf_puts(b, r->judged && r->passing ? "1" : "0");
}

static void probe_counter(struct buf *b, const struct role_report *r)
{
	buf_printf(b, "%u", r->counter);
}

static void probe_duration(struct buf *b, const struct role_report *r)
{
	buf_printf(b, "%.6f", r->runs == 0 ? 0 : (double)r->last.total_us / 1e6);
}

static void probe_last(struct buf *b, const struct role_report *r)
{
	buf_printf(b, "%.3f", (double)r->last_wall_us / 1e6);
}

static const struct {
	const char *name, *type, *help;
	void (*put)(struct buf *b, const struct role_report *r);
} probe_families[] = {
	{ "probe_runs_total", "counter", "Probes done.", probe_runs },
	{ "probe_failures_total", "counter", "Probes that did not pass.", probe_failures },
	{ "probe_passing", "gauge", "1 when the verdict of this role is that it passes.",
	  probe_passing },
	{ "probe_rise_fall", "gauge", "The counter of rise and fall; from rise on it passes.",
	  probe_counter },
	{ "probe_last_duration_seconds", "gauge", "Duration of the last probe.", probe_duration },
	{ "probe_last_timestamp_seconds", "gauge", "When the last probe ended; 0 before the first.",
	  probe_last },
};

static void put_probes_of(struct buf *b, unsigned f, const struct snap_member *m)
{
	unsigned r;

	for (r = 0; m->report != NULL && r < PROBE_ROLES; r++) {
		if (!m->report->roles[r].configured)
			continue;
		member_series(b, probe_families[f].name, m);
		buf_printf(b, ",role=\"%s\"} ", probe_role_name((enum probe_role)r));
		probe_families[f].put(b, &m->report->roles[r]);
		buf_putc(b, '\n');
	}
}

static void put_probes(const struct snapshot *s, struct buf *b)
{
	unsigned f, i, j;

	for (f = 0; f < ARRAY_LEN(probe_families); f++) {
		family(b, probe_families[f].name, probe_families[f].type, probe_families[f].help);
		for (i = 0; i < s->n_pools; i++) {
			for (j = 0; j < s->pools[i].n_members; j++)
				put_probes_of(b, f, &s->pools[i].members[j]);
		}
	}
}

/* ---- pools ---- */

static void put_own(struct buf *b, const char *name, const char *label, const char *value,
		    const uint64_t own[OWN_ERROR_COUNT])
{
	unsigned i;

	for (i = OWN_NONE + 1; i < OWN_ERROR_COUNT; i++) {
		named_series(b, name, label, value);
		buf_printf(b, ",reason=\"%s\"} %llu\n", own_error_word((enum own_error)i),
			   (ull)own[i]);
	}
}

static uint64_t pool_requests(const struct snap_pool *p)
{
	return p->totals.requests;
}

static uint64_t pool_waiting(const struct snap_pool *p)
{
	return p->totals.waiting;
}

static uint64_t pool_retries(const struct snap_pool *p)
{
	return p->totals.retries;
}

static uint64_t pool_members(const struct snap_pool *p)
{
	return p->n_members;
}

static uint64_t pool_serving(const struct snap_pool *p)
{
	return p->n_serving;
}

static uint64_t pool_tier(const struct snap_pool *p)
{
	return p->tier;
}

static const struct {
	const char *name, *type, *help;
	uint64_t (*get)(const struct snap_pool *p);
} pool_families[] = {
	{ "pool_requests_total", "counter", "Exchanges or sessions routed to the pool, each once.",
	  pool_requests },
	{ "pool_retries_total", "counter", "Further tries on another member.", pool_retries },
	{ "pool_waiting", "gauge", "Requests that wait for the first verdict.", pool_waiting },
	{ "pool_members", "gauge", "Members that are configured.", pool_members },
	{ "pool_members_serving", "gauge", "Members in a state that serves.", pool_serving },
	{ "pool_serving_tier", "gauge", "The tier that serves; 0 when none can.", pool_tier },
};

static void put_pools(const struct snapshot *s, struct buf *b)
{
	unsigned f, i;

	for (f = 0; f < ARRAY_LEN(pool_families); f++) {
		family(b, pool_families[f].name, pool_families[f].type, pool_families[f].help);
		for (i = 0; i < s->n_pools; i++) {
			named_series(b, pool_families[f].name, "pool", s->pools[i].conf->name);
			buf_printf(b, "} %llu\n", (ull)pool_families[f].get(&s->pools[i]));
		}
	}
	family(b, "pool_own_errors_total", "counter", "Answers of aorta's own, by reason.");
	for (i = 0; i < s->n_pools; i++)
		put_own(b, "pool_own_errors_total", "pool", s->pools[i].conf->name,
			s->pools[i].totals.own);
}

/* ---- listeners ---- */

#define LISTENER(field) offsetof(struct listener_totals, field)

static const struct {
	const char *name, *type, *help;
	size_t at;
} listener_families[] = {
	{ "listener_accepted_total", "counter", "Connections accepted.", LISTENER(accepted) },
	{ "listener_connections", "gauge", "Connections now.", LISTENER(active) },
	{ "listener_refused_total", "counter",
	  "Connections closed at once for want of descriptors or memory.", LISTENER(refused) },
	{ "listener_requests_total", "counter", "Requests.", LISTENER(requests) },
	{ "listener_received_bytes_total", "counter", "Bytes from clients.", LISTENER(bytes_in) },
	{ "listener_sent_bytes_total", "counter", "Bytes to clients.", LISTENER(bytes_out) },
	{ "listener_cut_total", "counter", "Exchanges or sessions cut by a deadline.",
	  LISTENER(cut) },
};

static void put_listeners(const struct snapshot *s, struct buf *b)
{
	unsigned f, i, c;

	for (f = 0; f < ARRAY_LEN(listener_families); f++) {
		family(b, listener_families[f].name, listener_families[f].type,
		       listener_families[f].help);
		for (i = 0; i < s->n_listeners; i++) {
			const char *at = (const char *)&s->listeners[i].totals;
			uint64_t v;

			memcpy(&v, at + listener_families[f].at, sizeof(v));
			named_series(b, listener_families[f].name, "listener",
				     s->listeners[i].conf->name);
			buf_printf(b, "} %llu\n", (ull)v);
		}
	}
	family(b, "listener_responses_total", "counter", "Answers sent, by class of status.");
	for (i = 0; i < s->n_listeners; i++) {
		for (c = 0; c < 6; c++) {
			named_series(b, "listener_responses_total", "listener",
				     s->listeners[i].conf->name);
			buf_printf(b, ",class=\"%s\"} %llu\n", class_names[c],
				   (ull)s->listeners[i].totals.status[c]);
		}
	}
	family(b, "listener_own_errors_total", "counter", "Answers of aorta's own, by reason.");
	for (i = 0; i < s->n_listeners; i++)
		put_own(b, "listener_own_errors_total", "listener", s->listeners[i].conf->name,
			s->listeners[i].totals.own);
}

/* ---- the process and its engine ---- */

/* Resident bytes by proc_pid_statm(5); 0 when it cannot be read. */
static double resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size = 0, resident = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void put_resources(struct buf *b)
{
	struct rusage ru;
	struct rlimit limit;
	struct stat st;

	if (getrusage(RUSAGE_SELF, &ru) == 0)
		single(b, "process_cpu_seconds_total", "counter", "CPU time of all threads.",
		       seconds_of(ru.ru_utime) + seconds_of(ru.ru_stime));
	single(b, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		single(b, "process_max_fds", "gauge", "Limit of open descriptors.",
		       (double)limit.rlim_cur);
	/* Since Linux 6.2 the size of this directory is their number; before, it is 0. */
	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		single(b, "process_open_fds", "gauge", "Open descriptors.", (double)st.st_size);
}

static void put_process(const struct snapshot *s, struct buf *b)
{
	const struct admin_process *p = &s->process;

	family(b, "info", "gauge", "The version that runs.");
	named_series(b, "info", "version", p->version);
	buf_puts(b, "} 1\n");
	single(b, "process_start_time_seconds", "gauge", "When the process started.",
	       (double)p->started_wall_us / 1e6);
	put_resources(b);
	single(b, "process_workers", "gauge", "Worker threads.", p->workers);
	single(b, "process_connections", "gauge", "Client connections now.",
	       (double)p->connections);
	single(b, "process_stopping", "gauge", "1 while the process stops.", p->stopping);
	single(b, "log_dropped_total", "counter",
	       "Log lines lost: a ring was full or a file did not take them.",
	       (double)p->log_dropped);
	single(b, "reloads_total", "counter", "Reloads asked for.", (double)p->reloads);
	single(b, "reloads_failed_total", "counter", "Reloads that left the old one in force.",
	       (double)p->reloads_failed);
	single(b, "configuration_generation", "gauge", "Serial number of the configuration.",
	       s->generation->serial);
	single(b, "configuration_loaded_timestamp_seconds", "gauge", "When it came into force.",
	       (double)s->generation->loaded_wall_us / 1e6);
}

static void put_health(const struct snapshot *s, struct buf *b)
{
	const struct health_stats *h = s->health;

	if (h == NULL)
		return;
	single(b, "health_probes_total", "counter", "Probes done.", (double)cell_get(&h->probes));
	single(b, "health_probes_failed_total", "counter", "Probes that did not pass.",
	       (double)cell_get(&h->probes_failed));
	single(b, "health_probes_running", "gauge", "Probes running now.",
	       (double)cell_get(&h->probes_running));
	single(b, "health_lateness_seconds", "gauge",
	       "Worst lateness of a probe's start in the last second.",
	       (double)cell_get(&h->late_us_max) / 1e6);
	single(b, "health_beat_age_seconds", "gauge",
	       "Time since the health engine's timer last ran.",
	       (double)(s->mono_us - (int64_t)cell_get(&h->beat_mono_us)) / 1e6);
}

void metrics_get(struct ask *ask, struct reply *reply)
{
	struct snapshot *s = render_snapshot(ask, reply);
	struct buf *b = &reply->body;
	unsigned i;

	if (s == NULL)
		return;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	put_process(s, b);
	put_health(s, b);
	for (i = 0; i < ARRAY_LEN(member_families); i++)
		each_member(s, b, member_families[i].name, member_families[i].type,
			    member_families[i].help, member_families[i].put);
	put_member_totals(s, b);
	put_probes(s, b);
	put_pools(s, b);
	put_listeners(s, b);
	snapshot_free(s);
}
