/* SPDX-License-Identifier: MIT */
/*
 * Putting a configuration in force, the first time and on reload: check, bind, build, commit, or
 * nothing. All that can fail (reading, sockets, files, memory) is done before anything changes;
 * the commit itself is mails. Control thread.
 */
#include <stdlib.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/log.h"
#include "aorta/sock.h"
#include "daemon/daemon.h"

/* The sockets of a configuration: for each bind, one per worker. */
struct binding {
	unsigned n; /* binds of all listeners */
	unsigned n_workers;
	struct worker_socket *sockets; /* owns; n for worker 0, then n for worker 1, ... */
};

/* ---- sockets ---- */

static void binding_close(struct binding *b)
{
	if (b->sockets)
		worker_sockets_close(b->sockets, b->n * b->n_workers);
	free(b->sockets);
	b->sockets = NULL;
}

static bool is_bound(const struct generation *g, const struct addr *a)
{
	for (unsigned i = 0; g && i < g->conf->n_listeners; i++)
		for (unsigned j = 0; j < g->conf->listeners[i].n_binds; j++)
			if (addr_eq(&g->conf->listeners[i].binds[j], a))
				return true;
	return false;
}

static int bind_one(struct binding *b, unsigned at, unsigned listener, const struct addr *a,
		    bool keep, struct err *e)
{
	if (!keep && sock_probe_free(a, e) < 0)
		return -1;
	for (unsigned w = 0; w < b->n_workers; w++) {
		struct worker_socket *s = &b->sockets[w * b->n + at];

		s->listener = listener;
		s->addr = *a;
		if (!keep) {
			s->fd = sock_listen(a, e);
			if (s->fd < 0)
				return -1;
		}
	}
	return 0;
}

static int binding_open(struct binding *b, const struct daemon *d, const struct conf *c,
			struct err *e)
{
	unsigned at = 0;

	*b = (struct binding){ .n_workers = d->n_workers };
	for (unsigned i = 0; i < c->n_listeners; i++)
		b->n += c->listeners[i].n_binds;
	b->sockets = calloc(b->n * b->n_workers + 1, sizeof(*b->sockets));
	if (!b->sockets)
		return err_set(e, ERR_MEMORY, "out of memory for sockets");
	for (unsigned i = 0; i < b->n * b->n_workers; i++)
		b->sockets[i].fd = -1;
	for (unsigned i = 0; i < c->n_listeners; i++) {
		const struct conf_listener *l = &c->listeners[i];

		for (unsigned j = 0; j < l->n_binds; j++) {
			bool keep = is_bound(d->generation, &l->binds[j]);

			if (bind_one(b, at++, i, &l->binds[j], keep, e) < 0) {
				char place[320];

				snprintf(place, sizeof(place), "%s:%u:%u: listener %s",
					 l->place.file, l->place.line, l->place.col, l->name);
				binding_close(b);
				return err_wrap(e, place);
			}
		}
	}
	return 0;
}

/* ---- commit ---- */

/* What cannot change while running is refused by name, never ignored. */
static int check_restart(const struct daemon *d, const struct conf *c, struct err *e)
{
	const struct conf *is;

	if (!d->generation)
		return 0;
	is = d->generation->conf;
	if (c->workers != is->workers)
		return err_set(e, ERR_CONFIG,
			       "workers changed from %u to %u (0 is auto): needs a restart",
			       is->workers, c->workers);
	if (c->max_connections != is->max_connections)
		return err_set(e, ERR_CONFIG,
			       "max_connections changed from %u to %u: needs a restart",
			       is->max_connections, c->max_connections);
	return 0;
}

/*
 * A generation on its way to the workers. They get it when health has published its views, so
 * that no request finds a pool that nothing is known of yet.
 */
struct handover {
	struct list link;
	struct generation *g;
	struct binding binding; /* owns */
};

/* -1: no memory, as it was. */
static int commit(struct daemon *d, struct generation *g, struct binding *b, struct err *e)
{
	struct handover *h = calloc(1, sizeof(*h));

	if (!h || health_adopt(d->health.health, g) < 0) {
		free(h);
		return err_set(e, ERR_MEMORY, "out of memory for the new configuration");
	}
	g->users = d->n_workers + 1;
	h->g = g;
	h->binding = *b;
	list_push_back(&d->handovers, &h->link);
	d->generation = g;
	registry_generation_replaced(d->registry, g);
	return 0;
}

void reload_hand_over(struct daemon *d, struct generation *g)
{
	struct handover *h = CONTAINER_OF(d->handovers.next, struct handover, link);
	struct binding *b = &h->binding;

	AORTA_ASSERT(!list_empty(&d->handovers) && h->g == g); /* adopted in order */
	for (unsigned i = 0; i < d->n_workers; i++) {
		if (worker_post_generation(d->workers[i].worker, g, b->sockets + i * b->n, b->n) ==
		    0)
			continue;
		log_msg(LOG_ERROR_, "worker_memory",
			"out of memory: worker %u goes on with the configuration before", i);
		worker_sockets_close(b->sockets + i * b->n, b->n);
		reload_generation_left(d, g);
	}
	free(b->sockets);
	list_remove(&h->link);
	free(h);
}

void reload_drop_handovers(struct daemon *d)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &d->handovers) {
		struct handover *h = CONTAINER_OF(it, struct handover, link);

		binding_close(&h->binding);
		if (h->g != d->generation)
			registry_generation_free(d->registry, h->g);
		list_remove(it);
		free(h);
	}
}

/* The admin side and the log as they were. */
static void undo(struct daemon *d, const struct generation *before, struct binding *b)
{
	if (before) {
		admin_configure(d->admin, &before->conf->admin, NULL);
		log_thread_configure(d->log, &before->conf->log, NULL);
	}
	binding_close(b);
}

int reload_commit(struct daemon *d, struct conf *conf, struct buf *report, struct err *e)
{
	struct generation *before = d->generation;
	struct generation *g;
	struct binding b;

	if (check_restart(d, conf, e) < 0 || binding_open(&b, d, conf, e) < 0) {
		conf_free(conf);
		return -1;
	}
	if (admin_configure(d->admin, &conf->admin, e) < 0 ||
	    (before && log_thread_configure(d->log, &conf->log, e) < 0)) {
		undo(d, before, &b);
		conf_free(conf);
		return -1;
	}
	g = registry_generation(d->registry, conf, e);
	if (!g) {
		undo(d, before, &b);
		return -1;
	}
	if (before)
		registry_diff(before, g, report);
	if (commit(d, g, &b, e) < 0) {
		undo(d, before, &b);
		registry_generation_free(d->registry, g);
		return -1;
	}
	return 0;
}

void reload_generation_left(struct daemon *d, struct generation *g)
{
	AORTA_CHECK(g, GENERATION_MAGIC);
	AORTA_ASSERT(g->users > 0);
	if (--g->users)
		return;
	if (g == d->generation)
		d->generation = NULL;
	if (g == d->judged)
		d->judged = NULL;
	registry_generation_free(d->registry, g);
}

/* ---- the file ---- */

static int load_and_commit(struct daemon *d, struct buf *report)
{
	struct conf_problems problems;
	struct err e = { 0 };
	struct conf *conf;
	int result = -1;

	conf_problems_init(&problems);
	conf = conf_load(d->file, &problems);
	if (!conf)
		conf_problems_print(&problems, report);
	else if (d->stopping)
		buf_puts(report, "aorta is stopping\n");
	else
		result = reload_commit(d, conf, report, &e);
	if (conf && d->stopping)
		conf_free(conf);
	if (result < 0 && e.code != ERR_NONE)
		buf_printf(report, "%s\n", e.message);
	conf_problems_fini(&problems);
	return result;
}

/* The report as one field of an event: without its last line end. */
static int field_length(const struct buf *report)
{
	size_t n = report->len;

	while (n && report->data[n - 1] == '\n')
		n--;
	return (int)n;
}

int reload_file(struct daemon *d, struct buf *report)
{
	int result = load_and_commit(d, report);
	size_t line = strcspn(buf_cstr(report), "\n");

	d->last_reload_wall_us = clock_wall_us();
	if (result == 0) {
		d->reloads++;
		d->last_reload_error[0] = '\0';
		log_msg(LOG_INFO_, "reloaded", "generation %u: %.*s", d->generation->serial,
			field_length(report), buf_cstr(report));
	} else {
		d->reloads_failed++;
		snprintf(d->last_reload_error, sizeof(d->last_reload_error), "%.*s", (int)line,
			 buf_cstr(report));
		log_msg(LOG_ERROR_, "reload_failed", "the old configuration stays: %.*s",
			field_length(report), buf_cstr(report));
	}
	return result;
}
