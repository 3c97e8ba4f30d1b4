/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: its listening sockets (listen.c), the connections it accepted (server.c) and
 * what one of them does (conn.c).
 */
#ifndef ADMIN_SERVER_H
#define ADMIN_SERVER_H

#include <ev.h>
#include <sys/types.h>

#include "aorta/admin.h"
#include "aorta/http1.h"
#include "aorta/list.h"
#include "route.h"

/* A page for a few people and scrapers, not a web server. */
#define CONNS_TCP_MAX	56
#define CONNS_LOCAL_MAX 8 /* kept for the Unix socket, so that TCP never locks an operator out */
#define HEAD_MAX	8192
#define BODY_MAX	4096
#define ASK_TIMEOUT_S	10.0 /* to send a request whole; also between two of them */
#define ORDER_TIMEOUT_S 5.0
#define WRITE_TIMEOUT_S 10.0 /* without progress */
#define WRITE_TOTAL_S	60.0 /* of one answer */
#define LINGER_S	1.0
#define RESERVED_FDS	2 /* so that the page can be read when descriptors have run out */

struct door {
	struct list link;
	struct server *server; /* borrows */
	int fd;		       /* owns */
	ev_io io;
	bool local;
	struct addr asked; /* as configured: what a reload compares */
	struct addr bound;
	char path[108]; /* of a Unix socket; sun_path's size, unix(7) */
	dev_t dev;	/* of the socket file we made */
	ino_t ino;
	bool kept; /* while reconfiguring */
};

struct server {
	struct admin *admin; /* borrows */
	struct list doors;   /* owns */
	struct list conns;   /* owns; longest unused first */
	unsigned n_tcp, n_local;
	uint64_t accepted, refused;
	int reserved[RESERVED_FDS]; /* owns; -1 when lent to a connection */
};

enum conn_state {
	CONN_READING,	/* a request, or nothing yet */
	CONN_WAITING,	/* for the end of an order */
	CONN_WRITING,	/* the answer */
	CONN_LINGERING, /* all said, reads on so that the answer is not lost to a reset */
	CONN_CLOSED,
	CONN_STATES
};

/* What an answer that comes later is about. */
struct pending {
	uint64_t tag; /* 0: nothing pending */
	char pool[NAME_BYTES];
	char member[NAME_BYTES];
	const char *what; /* "drain", static */
};

struct conn {
	unsigned magic;
	struct list link;
	struct server *server; /* borrows */
	int fd;		       /* owns */
	enum conn_state state;
	struct peer peer;
	ev_io io;
	ev_timer timer;
	struct pending pending;
	bool keep;	/* another request may follow this answer */
	bool head_only; /* this one is HEAD */
	bool continued; /* 100 Continue was sent */
	ev_tstamp write_until;
	struct buf out; /* owns */
	size_t sent;
	size_t used; /* bytes of `in` */
	size_t done; /* bytes of `in` that belong to the request in hand */
	struct http1_request http;
	char in[HEAD_MAX + BODY_MAX];
};

struct server *server_new(struct admin *a);
void server_free(struct server *s);
/* As admin_configure() says. */
int server_configure(struct server *s, const struct conf_admin *conf, struct err *e);
void server_full_or_accept(struct door *d);
/* A connection has ended: its count, and the descriptors held back for bad times. */
void server_left(struct server *s, bool local);
/* The connection that waits for the order `tag`, or NULL. */
struct conn *server_find_waiting(struct server *s, uint64_t tag);

/* NULL with `e` filled. The caller owns the door. */
struct door *door_open_tcp(const struct addr *at, struct err *e);
struct door *door_open_unix(const char *path, struct err *e);
/* Closes; removes the socket file if it is still ours. */
void door_close(struct door *d);

/* Takes `fd`; false (and it is closed) when out of memory. */
bool conn_open(struct server *s, int fd, const struct peer *peer);
void conn_close(struct conn *c);
/* Nothing asked and nothing to say: may be closed to make room. */
bool conn_is_idle(const struct conn *c);
/* In a handler: the answer comes by conn_answer(), or a 504 does. */
void conn_wait(struct conn *c);
/* Gives the answer; it is sent as the socket takes it. Takes the reply's contents. */
void conn_answer(struct conn *c, struct reply *r);

#endif
