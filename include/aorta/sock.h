/* SPDX-License-Identifier: MIT */
/*
 * Sockets: opening listeners and connections with the options that aorta wants, and the loops
 * that watch them. All descriptors are non-blocking and close-on-exec. Any thread.
 */
#ifndef AORTA_SOCK_H
#define AORTA_SOCK_H

#include <ev.h>
#include <stdbool.h>

#include "aorta/addr.h"
#include "aorta/err.h"

/*
 * A loop for one thread, on epoll and nothing else (libev's io_uring backend hangs on kernels
 * that have it half). NULL when the system refuses.
 */
struct ev_loop *sock_loop_new(void);

/*
 * A TCP listener with SO_REUSEADDR, SO_REUSEPORT and TCP_NODELAY (inherited by what it accepts).
 * -1 and `e` (address and reason) on failure.
 */
int sock_listen(const struct addr *a, struct err *e);
/*
 * Whether somebody else already listens on `a`: SO_REUSEPORT alone would share the port with
 * them silently. 0 when it is free, -1 and `e` otherwise. Before the first sock_listen() on it.
 */
int sock_probe_free(const struct addr *a, struct err *e);
/* A Unix stream listener; see admin.h for stale files. */
int sock_listen_unix(const char *path, struct err *e);
/* Begins a TCP connect. The descriptor, or -1 with errno; EINPROGRESS is success. A socket that
 * would connect to itself (possible on loopback) counts as refused. */
int sock_connect(const struct addr *a);
/* The pending error of a connecting socket: 0 when it is connected. */
int sock_error(int fd);
/*
 * Whether this errno of socket() or connect() says that we ran out of something (descriptors,
 * memory, local ports): no evidence against the peer. Pure.
 */
bool sock_is_shortage(int sys_errno);
/* close() that makes the peer see a reset instead of an orderly end. */
void sock_reset(int fd);

#endif
