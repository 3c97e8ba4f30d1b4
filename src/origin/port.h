/* SPDX-License-Identifier: MIT */
/*
 * A port: one listening address with its name, its faults, its counters and its connections;
 * and the origin, which is all ports of the process on one loop. One thread.
 */
#ifndef ORIGIN_PORT_H
#define ORIGIN_PORT_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "aorta/addr.h"
#include "aorta/buf.h"
#include "aorta/err.h"
#include "aorta/list.h"
#include "aorta/slab.h"
#include "fault.h"

/* Bytes taken by one recv: what a pipelining load generator sends in one turn. */
#define IN_BYTES 65536
/* Answers of one turn, gathered for one send. */
#define OUT_BYTES 65536
#define PORTS_MAX 64
/* Connections to itself that fill the shortest accept queue; see port_freeze(). */
#define FILLERS 3

/* name in JSON, what it counts */
#define PORT_COUNTERS(X)                                                                           \
	X(requests, "requests with a whole head, without those to /healthz and /_origin/")         \
	X(health_requests, "requests to /healthz")                                                 \
	X(control_requests, "requests to /_origin/")                                               \
	X(bad_requests, "requests that could not be understood")                                   \
	X(accepted, "connections ever")                                                            \
	X(open, "connections now")                                                                 \
	X(aborted, "connections that the client closed while it was owed an answer")               \
	X(bytes_in, "bytes received")                                                              \
	X(bytes_out, "bytes sent")                                                                 \
	X(body_bytes, "bytes of request bodies, without framing")

struct port_counters {
#define X(name, text) uint64_t name;
	PORT_COUNTERS(X)
#undef X
};

enum port_state {
	PORT_OPEN,
	PORT_REFUSING, /* no listening socket */
	PORT_FROZEN,   /* listening, but the accept queue is full and nobody empties it */
};

struct origin;

struct port {
	/* configuration */
	char name[64];
	struct addr addr;
	char addr_text[ADDR_TEXT_BYTES];
	bool control_only; /* takes commands and nothing else */
	/* identity */
	struct origin *origin; /* borrows */
	/* state */
	enum port_state state;
	ev_io accepting;
	int fillers[FILLERS]; /* -1: none */
	struct fault_list faults;
	struct buf root_answer; /* the whole answer to GET /, ready to send */
	struct buf health_answer;
	struct buf last_head; /* of the last counted request */
	/* links */
	struct list connections;
	/* counters */
	struct port_counters counters;
};

struct origin {
	struct ev_loop *loop;	      /* owns */
	struct port ports[PORTS_MAX]; /* control ports among them */
	unsigned n_ports;
	struct slab connections;
	char in[IN_BYTES]; /* shared by all connections, valid for one turn of one of them */
	char out[OUT_BYTES];
	size_t out_len;
};

/* Adds a port, not open yet, called "origin-PORT" or "control-PORT". */
struct port *port_add(struct origin *o, const struct addr *addr, bool control);
/* Before it is opened; `name` is cut to fit. */
void port_rename(struct port *p, const char *name);
/* Opens, or opens again; nothing to do when it is. -1 and `e` when it cannot. */
int port_open(struct port *p, struct err *e);
/* Closes the listening socket: connects are refused from now on. */
void port_refuse(struct port *p);
/* Leaves the listening socket but lets no connect through: they time out. -1 and `e`. */
int port_freeze(struct port *p, struct err *e);
/* Closes all and gives back what it owns. */
void port_fini(struct port *p);
/* The port called `name`, or NULL. */
struct port *port_find(struct origin *o, struct slice name);
/* All about it, as a JSON object. */
void port_json(const struct port *p, struct buf *out);

#endif
