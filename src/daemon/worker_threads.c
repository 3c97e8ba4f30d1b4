/* SPDX-License-Identifier: MIT */
/* The workers' threads: made, started, joined; and what the workers say to the others. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/daemon.h"

/* About four thousand access lines: what the log thread may be behind. */
#define RING_BYTES (1u << 20)

static void say_passive(void *ctx, struct member *m, const struct finding *f, unsigned in_a_row,
			enum passive_action action)
{
	struct daemon *d = ctx;

	health_passive(d->health.health, m, f, in_a_row, action);
}

static void say_generation_left(void *ctx, unsigned worker, struct generation *g)
{
	(void)worker;
	post_generation_left(ctx, g);
}

static void say_member_left(void *ctx, unsigned worker, struct member *m)
{
	(void)worker;
	health_thread_member_left(ctx, m);
}

static void say_stopped(void *ctx, unsigned worker, uint64_t cut)
{
	(void)worker;
	post_worker_stopped(ctx, cut);
}

int worker_threads_prepare(struct daemon *d, unsigned max_connections, struct err *e)
{
	struct worker_ops ops = {
		.ctx = d,
		.passive = say_passive,
		.generation_left = say_generation_left,
		.member_left = say_member_left,
		.stopped = say_stopped,
	};
	unsigned share = max_connections / d->n_workers;

	d->workers = calloc(d->n_workers, sizeof(*d->workers));
	if (!d->workers)
		return err_set(e, ERR_MEMORY, "out of memory for the workers");
	for (unsigned i = 0; i < d->n_workers; i++) {
		struct epoch_reader *reader = epoch_reader_new(d->epoch);
		struct log_ring *ring = log_thread_ring(d->log, RING_BYTES);

		if (!reader || !ring)
			return err_set(e, ERR_LIMIT,
				       "cannot set up worker %u of %u: too many, or no memory",
				       i + 1, d->n_workers);
		d->workers[i].worker =
			worker_new(i, d->n_workers, share ? share : 1, reader, ring, &ops, e);
		if (!d->workers[i].worker)
			return -1;
	}
	return 0;
}

static void *run(void *arg)
{
	worker_run(arg);
	return NULL;
}

int worker_threads_start(struct daemon *d, struct err *e)
{
	for (unsigned i = 0; i < d->n_workers; i++) {
		char name[24];

		if (pthread_create(&d->workers[i].thread, NULL, run, d->workers[i].worker) != 0)
			return err_sys(e, "cannot start worker %u", i);
		d->workers[i].started = true;
		snprintf(name, sizeof(name), "aorta-w%u", i % 1000);
		pthread_setname_np(d->workers[i].thread, name);
	}
	return 0;
}

void worker_threads_join(struct daemon *d)
{
	for (unsigned i = 0; d->workers && i < d->n_workers; i++)
		if (d->workers[i].started)
			pthread_join(d->workers[i].thread, NULL);
}

void worker_threads_free(struct daemon *d)
{
	for (unsigned i = 0; d->workers && i < d->n_workers; i++)
		worker_free(d->workers[i].worker);
	free(d->workers);
	d->workers = NULL;
}
