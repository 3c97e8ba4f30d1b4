/* SPDX-License-Identifier: MIT */
/*
 * The mailbox: senders push onto a shared stack, the receiver takes the whole stack at once and
 * turns it round. Only the sender that finds the stack empty wakes the loop.
 */
#include "aorta/mailbox.h"

#include <stddef.h>

#include "aorta/assert.h"

void mailbox_run(struct mailbox *mb)
{
	struct mail *m = atomic_exchange_explicit(&mb->head, NULL, memory_order_acquire);
	struct mail *in_order = NULL;

	while (m) {
		struct mail *next = m->next;

		m->next = in_order;
		in_order = m;
		m = next;
	}
	while (in_order) {
		struct mail *next = in_order->next;

		in_order->run(in_order, mb->owner);
		in_order = next;
	}
}

static void on_async(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop;
	(void)revents;
	mailbox_run(CONTAINER_OF(w, struct mailbox, async));
}

void mailbox_open(struct mailbox *mb, struct ev_loop *loop, void *owner)
{
	atomic_init(&mb->head, NULL);
	mb->loop = loop;
	mb->owner = owner;
	ev_async_init(&mb->async, on_async);
	ev_async_start(loop, &mb->async);
}

void mailbox_close(struct mailbox *mb)
{
	ev_async_stop(mb->loop, &mb->async);
	mailbox_run(mb);
}

void mailbox_post(struct mailbox *mb, struct mail *m)
{
	struct mail *head = atomic_load_explicit(&mb->head, memory_order_relaxed);

	AORTA_ASSERT(m->run);
	do {
		m->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&mb->head, &head, m, memory_order_release,
							memory_order_relaxed));
	if (!head)
		ev_async_send(mb->loop, &mb->async);
}
