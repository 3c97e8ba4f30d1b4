/* SPDX-License-Identifier: MIT */
/*
 * The thread of the health engine. The engine speaks through the functions here, which run on
 * the health thread and pass everything on by mail.
 */
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/pattern.h"
#include "aorta/rng.h"
#include "aorta/sock.h"
#include "daemon/daemon.h"

#define RING_BYTES 262144

/* ---- the engine's voice ---- */

static void say_evidence(void *ctx, const struct evidence *e)
{
	post_evidence(ctx, e);
}

static void say_view_changed(void *ctx, struct pool *p)
{
	struct daemon *d = ctx;

	for (unsigned i = 0; i < d->n_workers; i++)
		worker_post_view(d->workers[i].worker, p);
}

static void say_member_out(void *ctx, struct member *m)
{
	struct daemon *d = ctx;

	for (unsigned i = 0; i < d->n_workers; i++)
		worker_post_member_out(d->workers[i].worker, m);
}

static void say_adopted(void *ctx, struct generation *g)
{
	post_adopted(ctx, g);
}

static void say_released(void *ctx, struct member *m)
{
	post_released(ctx, m);
}

static void say_ordered(void *ctx, uint64_t tag, const char *error)
{
	post_ordered(ctx, tag, error);
}

/* ---- mails to the thread ---- */

struct left_mail {
	struct mail mail;
	struct daemon *d;
	struct member *m;
};

static void on_left(struct mail *m, void *owner)
{
	struct left_mail *mail = CONTAINER_OF(m, struct left_mail, mail);

	(void)owner;
	post_member_left(mail->d, mail->m);
	free(mail);
}

void health_thread_member_left(struct daemon *d, struct member *m)
{
	struct left_mail *mail;

	/* A worker's last mails, when all threads have ended: the registry frees what is left. */
	if (!d->health.started)
		return;
	mail = calloc(1, sizeof(*mail));
	/* Lost for want of memory: the member is never freed, which is the lesser evil. */
	if (!mail)
		return;
	mail->mail.run = on_left;
	mail->d = d;
	mail->m = m;
	mailbox_post(&d->health.mailbox, &mail->mail);
}

static void on_stop(struct mail *m, void *owner)
{
	struct health_thread *t = owner;

	free(m);
	health_stop(t->health);
	ev_break(t->loop, EVBREAK_ALL);
}

/* ---- the thread ---- */

static void *run(void *arg)
{
	struct health_thread *t = arg;

	log_attach(t->ring);
	turn_start(&t->turn, t->loop, t->turn.reader);
	ev_run(t->loop, 0);
	turn_stop(&t->turn, t->loop);
	pattern_thread_done();
	return NULL;
}

int health_thread_prepare(struct daemon *d, struct err *e)
{
	struct health_thread *t = &d->health;
	struct health_ops ops = {
		.ctx = d,
		.evidence = say_evidence,
		.view_changed = say_view_changed,
		.member_out = say_member_out,
		.adopted = say_adopted,
		.released = say_released,
		.ordered = say_ordered,
	};

	t->loop = sock_loop_new();
	t->turn.reader = epoch_reader_new(d->epoch);
	t->ring = log_thread_ring(d->log, RING_BYTES);
	if (!t->loop || !t->turn.reader || !t->ring)
		return err_set(e, ERR_MEMORY, "no memory or no epoll for the health thread");
	mailbox_open(&t->mailbox, t->loop, t);
	t->health = health_new(t->loop, d->epoch, &ops, rng_seed_from_system());
	if (!t->health)
		return err_set(e, ERR_MEMORY, "out of memory for the health engine");
	return 0;
}

int health_thread_start(struct daemon *d, struct err *e)
{
	if (pthread_create(&d->health.thread, NULL, run, &d->health) != 0)
		return err_sys(e, "cannot start the health thread");
	d->health.started = true;
	return 0;
}

void health_thread_stop(struct daemon *d)
{
	struct health_thread *t = &d->health;
	struct mail *m = calloc(1, sizeof(*m));

	if (t->started && m) {
		m->run = on_stop;
		mailbox_post(&t->mailbox, m);
		pthread_join(t->thread, NULL);
	} else {
		free(m);
	}
	if (t->health)
		health_free(t->health);
	if (t->loop) {
		mailbox_close(&t->mailbox);
		ev_loop_destroy(t->loop);
	}
	*t = (struct health_thread){ 0 };
}
