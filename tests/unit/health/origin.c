/* SPDX-License-Identifier: MIT */
/*
 * The tests' scripted server: libev watchers on the test's loop, one short list of connections.
 */
#include "origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/list.h"
#include "aorta/sock.h"

struct conn {
	struct origin *origin;
	struct list link;
	ev_io io;
	ev_timer drip;
	int fd;
	enum origin_act act;
	const char *text;
	size_t got, sent;
	char request[2048];
};

#define FILLERS 8

struct origin {
	struct ev_loop *loop;
	enum origin_act act;
	const char *text;
	struct addr addr;
	int fd;
	ev_io io;
	struct list conns;
	unsigned accepted;
	int fillers[FILLERS];
	char request[2048];
};

static void conn_free(struct conn *c, bool reset)
{
	ev_io_stop(c->origin->loop, &c->io);
	ev_timer_stop(c->origin->loop, &c->drip);
	list_remove(&c->link);
	if (reset)
		sock_reset(c->fd);
	else
		close(c->fd);
	free(c);
}

static void answer(struct conn *c)
{
	size_t n = strlen(c->text);

	if (c->act == ORIGIN_TRICKLE) {
		ev_timer_again(c->origin->loop, &c->drip);
		return;
	}
	if (n > 0)
		(void)send(c->fd, c->text, n, MSG_NOSIGNAL); /* the prober may be gone already */
	if (c->act == ORIGIN_ANSWER)
		conn_free(c, false);
	else if (c->act == ORIGIN_RESET)
		conn_free(c, true);
}

static void on_drip(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct conn *c = CONTAINER_OF(w, struct conn, drip);

	if (c->text[c->sent] == '\0' || send(c->fd, c->text + c->sent, 1, MSG_NOSIGNAL) != 1)
		conn_free(c, false);
	else
		c->sent++;
}

static void on_conn(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = CONTAINER_OF(w, struct conn, io);
	ssize_t n = recv(c->fd, c->request + c->got, sizeof(c->request) - 1 - c->got, 0);

	if (n <= 0) {
		if (n < 0 && errno == EAGAIN)
			return;
		conn_free(c, false);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = '\0';
	memcpy(c->origin->request, c->request, c->got + 1);
	if (strstr(c->request, "\r\n\r\n"))
		answer(c);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	struct origin *o = CONTAINER_OF(w, struct origin, io);
	struct conn *c;
	int fd = accept4(o->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	o->accepted++;
	c = calloc(1, sizeof(*c));
	AORTA_ASSERT(c);
	c->origin = o;
	c->fd = fd;
	c->act = o->act;
	c->text = o->text;
	list_push_back(&o->conns, &c->link);
	ev_io_init(&c->io, on_conn, fd, EV_READ);
	ev_io_start(loop, &c->io);
	ev_timer_init(&c->drip, on_drip, 0., 0.005);
}

static void set_port(struct origin *o)
{
	socklen_t len = sizeof(o->addr);

	AORTA_ASSERT(getsockname(o->fd, &o->addr.sa, &len) == 0);
}

/* With nobody accepting and the queue full the kernel drops further SYNs. */
static void fill_backlog(struct origin *o)
{
	int i;

	AORTA_ASSERT(listen(o->fd, 0) == 0);
	for (i = 0; i < FILLERS; i++)
		o->fillers[i] = sock_connect(&o->addr);
}

static void open_socket(struct origin *o)
{
	struct err e;

	o->fd = sock_listen(&o->addr, &e);
	AORTA_ASSERT(o->fd >= 0);
	set_port(o);
	if (o->act == ORIGIN_DEAF) {
		fill_backlog(o);
		return;
	}
	ev_io_init(&o->io, on_accept, o->fd, EV_READ);
	ev_io_start(o->loop, &o->io);
}

struct origin *origin_new(struct ev_loop *loop, enum origin_act act, const char *text)
{
	struct origin *o = calloc(1, sizeof(*o));
	int i;

	AORTA_ASSERT(o);
	o->loop = loop;
	o->act = act;
	o->text = text;
	o->fd = -1;
	for (i = 0; i < FILLERS; i++)
		o->fillers[i] = -1;
	list_init(&o->conns);
	AORTA_ASSERT(addr_parse(SLICE_LIT("127.0.0.1:1"), &o->addr) == ADDR_OK);
	addr_set_port(&o->addr, 0);
	open_socket(o);
	return o;
}

void origin_set(struct origin *o, enum origin_act act, const char *text)
{
	o->act = act;
	o->text = text;
}

void origin_refuse(struct origin *o)
{
	while (!list_empty(&o->conns))
		conn_free(CONTAINER_OF(o->conns.next, struct conn, link), true);
	ev_io_stop(o->loop, &o->io);
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

void origin_return(struct origin *o)
{
	open_socket(o);
}

void origin_free(struct origin *o)
{
	int i;

	origin_refuse(o);
	for (i = 0; i < FILLERS; i++)
		if (o->fillers[i] >= 0)
			close(o->fillers[i]);
	free(o);
}

struct addr origin_addr(const struct origin *o)
{
	return o->addr;
}

unsigned origin_accepted(const struct origin *o)
{
	return o->accepted;
}

const char *origin_request(const struct origin *o)
{
	return o->request;
}
