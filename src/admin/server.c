/* SPDX-License-Identifier: MIT */
/*
 * The server: accepts, bounds the number of connections, and keeps two descriptors back so that
 * the page can be read when the process has run out of them. It owns its doors and connections.
 * Control thread; it never waits.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/log.h"
#include "state.h"

static void reserve(struct server *s)
{
	unsigned i;

	for (i = 0; i < RESERVED_FDS; i++) {
		if (s->reserved[i] < 0)
			s->reserved[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
}

/* Gives one reserved descriptor back to the system, for the next accept. */
static bool unreserve(struct server *s)
{
	unsigned i;

	for (i = 0; i < RESERVED_FDS; i++) {
		if (s->reserved[i] >= 0) {
			close(s->reserved[i]);
			s->reserved[i] = -1;
			return true;
		}
	}
	return false;
}

/* Without a descriptor to accept with, the doors would wake the loop for nothing. */
static void doors_watch(struct server *s, bool on)
{
	struct list *it;

	LIST_FOREACH(it, &s->doors) {
		struct door *d = CONTAINER_OF(it, struct door, link);

		if (on)
			ev_io_start(s->admin->loop, &d->io);
		else
			ev_io_stop(s->admin->loop, &d->io);
	}
}

struct server *server_new(struct admin *a)
{
	struct server *s = calloc(1, sizeof(*s));
	unsigned i;

	if (s == NULL)
		return NULL;
	s->admin = a;
	list_init(&s->doors);
	list_init(&s->conns);
	for (i = 0; i < RESERVED_FDS; i++)
		s->reserved[i] = -1;
	reserve(s);
	return s;
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	while (!list_empty(&s->doors))
		door_close(CONTAINER_OF(s->doors.next, struct door, link));
	while (!list_empty(&s->conns))
		conn_close(CONTAINER_OF(s->conns.next, struct conn, link));
	while (unreserve(s))
		;
	free(s);
}

void server_left(struct server *s, bool local)
{
	if (local)
		s->n_local--;
	else
		s->n_tcp--;
	reserve(s);
	doors_watch(s, true);
}

struct conn *server_find_waiting(struct server *s, uint64_t tag)
{
	struct list *it;

	LIST_FOREACH(it, &s->conns) {
		struct conn *c = CONTAINER_OF(it, struct conn, link);

		if (c->state == CONN_WAITING && c->pending.tag == tag)
			return c;
	}
	return NULL;
}

/* Closes the connection that has been idle longest; false when there is none. */
static bool close_idle(struct server *s, bool local)
{
	struct list *it;

	LIST_FOREACH(it, &s->conns) {
		struct conn *c = CONTAINER_OF(it, struct conn, link);

		if (c->peer.local == local && conn_is_idle(c)) {
			conn_close(c);
			return true;
		}
	}
	return false;
}

static bool make_room(struct server *s, bool local)
{
	if (local ? s->n_local < CONNS_LOCAL_MAX : s->n_tcp < CONNS_TCP_MAX)
		return true;
	return close_idle(s, local);
}

static void peer_local(struct peer *p, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	p->local = true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		snprintf(p->text, sizeof(p->text), "uid %u", cred.uid);
	else
		snprintf(p->text, sizeof(p->text), "unix socket");
}

/* Only this host can reach a loopback address, so our end of the connection tells. */
static void peer_tcp(struct peer *p, int fd, const struct addr *from)
{
	struct addr ours = { 0 };
	socklen_t len = sizeof(ours);

	p->loopback = getsockname(fd, &ours.sa, &len) == 0 && addr_is_loopback(&ours);
	addr_print_host(from, p->text);
}

static void greet(struct door *d, int fd, const struct addr *from)
{
	static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				   "Retry-After: 1\r\nConnection: close\r\n\r\n";
	struct server *s = d->server;
	struct peer peer = { 0 };

	s->accepted++;
	if (d->local)
		peer_local(&peer, fd);
	else
		peer_tcp(&peer, fd, from);
	if (!make_room(s, d->local)) {
		s->refused++;
		(void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		return;
	}
	if (conn_open(s, fd, &peer)) {
		if (d->local)
			s->n_local++;
		else
			s->n_tcp++;
	}
}

static int accept_one(struct door *d, struct addr *from)
{
	socklen_t len = sizeof(*from);

	return accept4(d->fd, d->local ? NULL : &from->sa, d->local ? NULL : &len,
		       SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void server_full_or_accept(struct door *d)
{
	struct addr from = { 0 };
	int fd = accept_one(d, &from);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		/* One of those held back; without any, somebody idle must go. */
		if (!unreserve(d->server) && !close_idle(d->server, d->local)) {
			/* server_left() opens them again. */
			doors_watch(d->server, false);
			return;
		}
		fd = accept_one(d, &from);
	}
	if (fd >= 0)
		greet(d, fd, &from);
}
