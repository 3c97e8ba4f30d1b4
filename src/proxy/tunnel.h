/* SPDX-License-Identifier: MIT */
/*
 * A tunnel: mode tcp. Bytes go both ways between a client and one member, each side ends on its
 * own (half-close), and a side that does not read stops the other from being read.
 */
#ifndef AORTA_PROXY_TUNNEL_H
#define AORTA_PROXY_TUNNEL_H

#include "proxy/session.h"
#include "proxy/upstream.h"

/* Begins on a session that was just accepted. */
void tunnel_begin(struct session *s);
void tunnel_client_event(struct session *s, int revents);
void tunnel_upstream_event(struct upstream *u, int revents);
void tunnel_timeout(struct session *s);
/* Cuts it: the member's or the worker's deadline has passed. */
void tunnel_cut(struct session *s, enum outcome why);
/* The same, found by its upstream connection. */
void tunnel_upstream_cut(struct upstream *u);
/* The pool has a new view: those that wait for a first verdict pick again. */
void tunnels_retry_pick(struct worker_pool *p);
/* They wait in `to` from now on; NULL: the pool is gone. */
void tunnels_move(struct worker_pool *from, struct worker_pool *to);

#endif
