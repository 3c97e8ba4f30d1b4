/* SPDX-License-Identifier: MIT */
/*
 * Listeners: accepting, and following the configuration. The sockets are bound by the control
 * thread and only taken over here, so that nothing can fail once a reload has been decided.
 */
#include "proxy/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "proxy/session.h"

/* Connections taken per event: others on this loop wait for no more than that. */
#define ACCEPT_BATCH 64
/* Without descriptors nothing is accepted for this long: the socket stays readable, and asking it
 * again at once would take all of the processor from the sessions that could end. nginx: 0.5 s. */
#define PAUSE_SECONDS 0.1

struct acceptor {
	ev_io io;
	struct listener *listener;
	struct addr addr;
	struct list link; /* listener->acceptors */
	bool keep;	  /* while listeners_apply() runs */
};

/* ---- accepting ---- */

/* Over our share of connections: refuse the newest, keep the rest. */
static bool is_full(const struct worker *w)
{
	return cell_get(&w->stats.sessions) >= w->max_sessions;
}

static void each_acceptor(struct worker *w, void (*fn)(struct ev_loop *, ev_io *))
{
	struct list *it, *jt;

	LIST_FOREACH(it, &w->listeners) {
		struct listener *l = CONTAINER_OF(it, struct listener, link);

		LIST_FOREACH(jt, &l->acceptors)
			fn(w->loop, &CONTAINER_OF(jt, struct acceptor, link)->io);
	}
}

static void on_pause_over(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	each_acceptor(CONTAINER_OF(t, struct worker, accept_pause), ev_io_start);
}

static void pause_accepting(struct worker *w)
{
	cell_add(&w->stats.out_of_fds, 1);
	each_acceptor(w, ev_io_stop);
	ev_timer_set(&w->accept_pause, PAUSE_SECONDS, 0.);
	ev_timer_start(w->loop, &w->accept_pause);
}

void listeners_init(struct worker *w)
{
	list_init(&w->listeners);
	ev_init(&w->accept_pause, on_pause_over);
}

static void on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
	struct acceptor *a = CONTAINER_OF(io, struct acceptor, io);
	struct listener *l = a->listener;

	(void)loop;
	(void)revents;
	for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
		struct addr peer;
		socklen_t len = sizeof(peer);
		int fd = accept4(io->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			    errno == ENOBUFS)
				pause_accepting(l->w);
			if (errno != ECONNABORTED && errno != EINTR)
				return;
			continue;
		}
		if (is_full(l->w)) {
			cell_add(&l->cell->refused, 1);
			sock_reset(fd);
			continue;
		}
		session_accept(l, fd, &peer);
	}
}

static struct acceptor *acceptor_open(struct listener *l, const struct addr *addr, int fd)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->listener = l;
	a->addr = *addr;
	ev_io_init(&a->io, on_accept, fd, EV_READ);
	ev_io_start(l->w->loop, &a->io);
	list_push_back(&l->acceptors, &a->link);
	return a;
}

static void acceptor_close(struct acceptor *a)
{
	ev_io_stop(a->listener->w->loop, &a->io);
	close(a->io.fd);
	list_remove(&a->link);
	free(a);
}

static struct acceptor *acceptor_find(struct worker *w, const struct addr *addr)
{
	struct list *it, *jt;

	LIST_FOREACH(it, &w->listeners) {
		struct listener *l = CONTAINER_OF(it, struct listener, link);

		LIST_FOREACH(jt, &l->acceptors) {
			struct acceptor *a = CONTAINER_OF(jt, struct acceptor, link);

			if (addr_eq(&a->addr, addr))
				return a;
		}
	}
	return NULL;
}

/* ---- following the configuration ---- */

static struct listener *find(struct worker *w, const char *name)
{
	struct list *it;

	LIST_FOREACH(it, &w->listeners) {
		struct listener *l = CONTAINER_OF(it, struct listener, link);

		if (!l->gone && strcmp(l->conf->name, name) == 0)
			return l;
	}
	return NULL;
}

static struct listener *listener_new(struct worker *w)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->w = w;
	list_init(&l->acceptors);
	list_push_back(&w->listeners, &l->link);
	return l;
}

static void listener_free(struct listener *l)
{
	AORTA_ASSERT(list_empty(&l->acceptors) && l->sessions == 0);
	list_remove(&l->link);
	worker_gen_unref(l->gen);
	free(l);
}

static void point_at(struct listener *l, struct worker_gen *gen, const struct conf_listener *conf)
{
	struct worker_gen *before = l->gen;

	l->conf = conf;
	l->gen = worker_gen_ref(gen);
	l->cell = &gen->g->listener_stats[conf->index]->cells[l->w->index];
	if (before)
		worker_gen_unref(before);
}

static int take_sockets(struct worker *w, struct listener **by_index,
			const struct worker_socket *sockets, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct listener *l = by_index[sockets[i].listener];
		struct acceptor *a;

		if (sockets[i].fd >= 0) {
			a = acceptor_open(l, &sockets[i].addr, sockets[i].fd);
			if (!a) {
				close(sockets[i].fd);
				return -1;
			}
		} else {
			a = acceptor_find(w, &sockets[i].addr);
			if (!a)
				continue;
			list_remove(&a->link);
			list_push_back(&l->acceptors, &a->link);
			a->listener = l;
		}
		a->keep = true;
	}
	return 0;
}

static void close_unkept(struct listener *l)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &l->acceptors) {
		struct acceptor *a = CONTAINER_OF(it, struct acceptor, link);

		if (!a->keep)
			acceptor_close(a);
		else
			a->keep = false;
	}
}

static void wind_down(struct listener *l)
{
	struct list *it, *tmp;

	l->gone = true;
	LIST_FOREACH_SAFE(it, tmp, &l->w->all_sessions) {
		struct session *s = CONTAINER_OF(it, struct session, link);

		if (s->listener == l)
			session_wind_down(s);
	}
	if (l->sessions == 0)
		listener_free(l);
}

int listeners_apply(struct worker *w, const struct worker_socket *sockets, unsigned n)
{
	const struct conf *c = w->gen->g->conf;
	struct listener **by_index = calloc(c->n_listeners + 1, sizeof(struct listener *));
	struct list *it, *tmp;
	int result = -1;

	if (!by_index)
		return -1;
	for (unsigned i = 0; i < c->n_listeners; i++) {
		struct listener *l = find(w, c->listeners[i].name);

		by_index[i] = l ? l : listener_new(w);
		if (!by_index[i])
			goto out;
		point_at(by_index[i], w->gen, &c->listeners[i]);
	}
	result = take_sockets(w, by_index, sockets, n);
	LIST_FOREACH_SAFE(it, tmp, &w->listeners) {
		struct listener *l = CONTAINER_OF(it, struct listener, link);

		close_unkept(l);
		if (l->gen != w->gen && !l->gone)
			wind_down(l);
	}
out:
	free(by_index);
	return result;
}

void listeners_close(struct worker *w)
{
	struct list *it, *jt, *tmp;

	LIST_FOREACH(it, &w->listeners) {
		struct listener *l = CONTAINER_OF(it, struct listener, link);

		LIST_FOREACH_SAFE(jt, tmp, &l->acceptors)
			acceptor_close(CONTAINER_OF(jt, struct acceptor, link));
	}
}

void listener_session_ended(struct listener *l)
{
	AORTA_ASSERT(l->sessions > 0);
	l->sessions--;
	/* A listener that is gone is freed by the next sweep: its session is on the C stack now. */
}

void listeners_sweep(struct worker *w)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &w->listeners) {
		struct listener *l = CONTAINER_OF(it, struct listener, link);

		if (l->gone && l->sessions == 0)
			listener_free(l);
	}
}

void listeners_free(struct worker *w)
{
	struct list *it, *tmp;

	listeners_close(w);
	LIST_FOREACH_SAFE(it, tmp, &w->listeners)
		listener_free(CONTAINER_OF(it, struct listener, link));
}
