/* SPDX-License-Identifier: MIT */
/*
 * The mailbox: the one way to put work into another thread's loop. A mail is an owned message
 * with the function that handles it; the sender gives it up by posting it, the receiver's loop
 * runs the function in its own thread, in order per sender, and the function frees the mail.
 *
 * Lock-free (an exchanged stack head, reversed by the reader), one ev_async wake-up per batch.
 */
#ifndef AORTA_MAILBOX_H
#define AORTA_MAILBOX_H

#include <ev.h>
#include <stdatomic.h>

struct mail;
/* Runs on the receiver's thread; owns `m`. `owner` is what the mailbox was opened with. */
typedef void mail_fn(struct mail *m, void *owner);

struct mail {
	struct mail *next; /* the mailbox's own */
	mail_fn *run;
};

struct mailbox {
	ev_async async;
	_Atomic(struct mail *) head;
	struct ev_loop *loop; /* borrows */
	void *owner;	      /* borrows */
};

/* On the receiving thread, before anybody posts. */
void mailbox_open(struct mailbox *mb, struct ev_loop *loop, void *owner);
/* On the receiving thread, whose loop does not run any more: runs what is inside now. */
void mailbox_run(struct mailbox *mb);
/* On the receiving thread, after the last sender is gone; runs what is still inside. */
void mailbox_close(struct mailbox *mb);
/* Any thread. Takes `m`, whose `run` is set. */
void mailbox_post(struct mailbox *mb, struct mail *m);

#endif
