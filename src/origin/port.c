/* SPDX-License-Identifier: MIT */
/*
 * Ports: open, refuse, freeze, and say how they stand. The origin owns its ports, a port its
 * listening socket and (through its list) its connections. Everything runs on the one loop.
 */
#include "port.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "conn.h"

/* accept4() takes this many before other connections get their turn. */
#define ACCEPTS_PER_TURN 64

static void on_acceptable(struct ev_loop *loop, ev_io *w, int events)
{
	struct port *p = CONTAINER_OF(w, struct port, accepting);

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return; /* nothing left, or out of descriptors: the next event tries again
				 */
		conn_start(p, fd);
	}
}

static void ready_answer(struct buf *b, const struct port *p, const char *body)
{
	buf_clear(b);
	buf_printf(b,
		   "HTTP/1.1 200 OK\r\nX-Origin: %s\r\nContent-Type: text/plain\r\n"
		   "Content-Length: %zu\r\n\r\n%s",
		   p->name, strlen(body), body);
}

void port_rename(struct port *p, const char *name)
{
	char text[256];

	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(text, sizeof(text), "hello from %s on %s\n", p->name, p->addr_text);
	ready_answer(&p->root_answer, p, text);
	ready_answer(&p->health_answer, p, "ok\n");
}

struct port *port_add(struct origin *o, const struct addr *addr, bool control)
{
	struct port *p;
	char name[sizeof(p->name)];

	AORTA_ASSERT(o->n_ports < PORTS_MAX);
	p = &o->ports[o->n_ports++];
	*p = (struct port){ .addr = *addr, .origin = o, .control_only = control };
	p->state = PORT_REFUSING;
	for (unsigned i = 0; i < FILLERS; i++)
		p->fillers[i] = -1;
	addr_print(addr, p->addr_text);
	list_init(&p->connections);
	buf_init(&p->root_answer);
	buf_init(&p->health_answer);
	buf_init(&p->last_head);
	snprintf(name, sizeof(name), "%s-%u", control ? "control" : "origin", addr_port(addr));
	port_rename(p, name);
	return p;
}

static void close_fillers(struct port *p)
{
	for (unsigned i = 0; i < FILLERS; i++) {
		if (p->fillers[i] >= 0)
			close(p->fillers[i]);
		p->fillers[i] = -1;
	}
}

int port_open(struct port *p, struct err *e)
{
	int fd;

	if (p->state == PORT_OPEN)
		return 0;
	if (p->state == PORT_FROZEN) /* what waited in its queue is let go with it */
		port_refuse(p);
	if (sock_probe_free(&p->addr, e) < 0)
		return -1;
	fd = sock_listen(&p->addr, e);
	if (fd < 0)
		return -1;
	ev_io_init(&p->accepting, on_acceptable, fd, EV_READ);
	ev_io_start(p->origin->loop, &p->accepting);
	p->state = PORT_OPEN;
	return 0;
}

void port_refuse(struct port *p)
{
	if (p->state == PORT_REFUSING)
		return;
	ev_io_stop(p->origin->loop, &p->accepting);
	close(p->accepting.fd);
	close_fillers(p);
	p->state = PORT_REFUSING;
}

/*
 * An accept queue of length 0 holds one connection on Linux, and with a full queue further SYNs
 * are dropped: tcp_conn_request() and sk_acceptq_is_full() in the kernel's source.
 */
int port_freeze(struct port *p, struct err *e)
{
	if (port_open(p, e) < 0)
		return -1;
	ev_io_stop(p->origin->loop, &p->accepting);
	p->state = PORT_FROZEN;
	if (listen(p->accepting.fd, 0) < 0)
		return err_sys(e, "cannot shorten the queue of %s", p->addr_text);
	for (unsigned i = 0; i < FILLERS; i++)
		p->fillers[i] = sock_connect(&p->addr);
	return 0;
}

void port_fini(struct port *p)
{
	port_refuse(p);
	conn_close_all(p, NULL, false);
	fault_clear(&p->faults);
	buf_fini(&p->root_answer);
	buf_fini(&p->health_answer);
	buf_fini(&p->last_head);
}

struct port *port_find(struct origin *o, struct slice name)
{
	for (unsigned i = 0; i < o->n_ports; i++)
		if (slice_eq(name, slice_str(o->ports[i].name)))
			return &o->ports[i];
	return NULL;
}

void port_json(const struct port *p, struct buf *out)
{
	static const char *const states[] = { "open", "refusing", "frozen" };

	buf_puts(out, "{\"name\":");
	buf_json(out, slice_str(p->name));
	buf_printf(out, ",\"address\":\"%s\",\"state\":\"%s\"", p->addr_text, states[p->state]);
#define X(name, text) buf_printf(out, ",\"" #name "\":%llu", (unsigned long long)p->counters.name);
	PORT_COUNTERS(X)
#undef X
	buf_puts(out, ",\"faults\":");
	fault_json(&p->faults, out);
	buf_puts(out, ",\"last_head\":");
	buf_json(out, buf_as_slice(&p->last_head));
	buf_puts(out, "}");
}
