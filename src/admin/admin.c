/* SPDX-License-Identifier: MIT */
/*
 * The admin object: its life, and the doors through which the daemon speaks to it. It owns the
 * server, the history and the sampler. Control thread only; it never blocks the loop.
 */
#include "aorta/admin.h"

#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "history.h"
#include "orders.h"
#include "sampler.h"
#include "server.h"
#include "state.h"

static void on_second(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct admin *a = timer->data;
	const struct generation *g = a->ops->generation(a->ops->ctx);

	if (g != NULL)
		sampler_tick(a->sampler, g, clock_mono_us());
}

struct admin *admin_new(struct ev_loop *loop, const struct admin_ops *ops,
			struct epoch_reader *reader, unsigned history)
{
	struct admin *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->magic = ADMIN_MAGIC;
	a->loop = loop;
	a->ops = ops;
	a->reader = reader;
	ev_timer_init(&a->every_second, on_second, 1., 1.);
	a->every_second.data = a;
	a->history = history_new(history);
	a->sampler = sampler_new();
	a->server = server_new(a);
	if (a->history == NULL || a->sampler == NULL || a->server == NULL) {
		admin_free(a);
		return NULL;
	}
	ev_timer_start(loop, &a->every_second);
	return a;
}

int admin_configure(struct admin *a, const struct conf_admin *conf, struct err *e)
{
	char *token = NULL;

	AORTA_CHECK(a, ADMIN_MAGIC);
	if (conf->token != NULL) {
		token = strdup(conf->token);
		if (token == NULL)
			return err_set(e, ERR_MEMORY, "out of memory");
	}
	if (server_configure(a->server, conf, e) != 0) {
		free(token);
		return -1;
	}
	free(a->token);
	a->token = token;
	return 0;
}

void admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	AORTA_CHECK(a, ADMIN_MAGIC);
	ev_timer_stop(a->loop, &a->every_second);
	server_free(a->server);
	sampler_free(a->sampler);
	history_free(a->history);
	free(a->token);
	a->magic = 0;
	free(a);
}

const struct addr *admin_bound(const struct admin *a, unsigned i)
{
	struct list *it;

	LIST_FOREACH(it, &a->server->doors) {
		const struct door *d = CONTAINER_OF(it, struct door, link);

		if (!d->local && i-- == 0)
			return &d->bound;
	}
	return NULL;
}

void admin_evidence(struct admin *a, const struct evidence *e)
{
	AORTA_CHECK(a, ADMIN_MAGIC);
	history_add(a->history, e);
}

void admin_ordered(struct admin *a, uint64_t tag, const char *error)
{
	AORTA_CHECK(a, ADMIN_MAGIC);
	orders_done(a, tag, error);
}
