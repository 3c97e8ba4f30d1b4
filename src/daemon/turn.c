/* SPDX-License-Identifier: MIT */
/* Epoch turns for the loops of the control and the health thread. (Workers have their own.) */
#include "aorta/assert.h"
#include "daemon/daemon.h"

static void on_prepare(struct ev_loop *loop, ev_prepare *p, int revents)
{
	(void)loop;
	(void)revents;
	epoch_leave(CONTAINER_OF(p, struct turn, prepare)->reader);
}

static void on_check(struct ev_loop *loop, ev_check *c, int revents)
{
	(void)loop;
	(void)revents;
	epoch_enter(CONTAINER_OF(c, struct turn, check)->reader);
}

void turn_start(struct turn *t, struct ev_loop *loop, struct epoch_reader *reader)
{
	t->reader = reader;
	ev_prepare_init(&t->prepare, on_prepare);
	ev_set_priority(&t->prepare, EV_MINPRI);
	ev_prepare_start(loop, &t->prepare);
	ev_check_init(&t->check, on_check);
	ev_set_priority(&t->check, EV_MAXPRI);
	ev_check_start(loop, &t->check);
	epoch_enter(reader);
}

void turn_stop(struct turn *t, struct ev_loop *loop)
{
	ev_prepare_stop(loop, &t->prepare);
	ev_check_stop(loop, &t->check);
	epoch_leave(t->reader);
}
