/* SPDX-License-Identifier: MIT */
/*
 * Listeners of one worker: the sockets that are accepted from, and what the sessions they begin
 * need to know. A listener outlives reloads under its name; one that the file does not name any
 * more is kept until its last session has ended.
 */
#ifndef AORTA_PROXY_LISTENER_H
#define AORTA_PROXY_LISTENER_H

#include "proxy/worker_state.h"

struct listener {
	struct list link;
	struct worker *w;
	const struct conf_listener *conf; /* borrows from `gen` */
	struct worker_gen *gen;		  /* a reference */
	struct listener_cell *cell;	  /* this worker's */
	struct list acceptors;		  /* owns */
	unsigned sessions;
	bool gone; /* not in the file any more */
};

void listeners_init(struct worker *w);
/* Brings the worker's listeners in line with its generation; takes the sockets' descriptors. */
int listeners_apply(struct worker *w, const struct worker_socket *sockets, unsigned n);
/* Closes every listening socket; sessions go on. */
void listeners_close(struct worker *w);
/* A session of `l` has ended. */
void listener_session_ended(struct listener *l);
/* Once a second: listeners that are gone and empty are freed. */
void listeners_sweep(struct worker *w);
void listeners_free(struct worker *w);

#endif
