/* SPDX-License-Identifier: MIT */
/*
 * Upstream connections: opened, kept, reused, closed. One slot per member that this worker has
 * had to do with. Runs on the worker's thread; knows sockets and lists, not requests.
 */
#include "proxy/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "aorta/assert.h"
#include "aorta/sock.h"
#include "proxy/exchange.h"
#include "proxy/tunnel.h"

/* ---- slots ---- */

static int grow_slots(struct worker *w, unsigned need)
{
	unsigned n = w->n_slots ? w->n_slots : 64;
	struct upstream_slot **slots;

	while (n < need)
		n *= 2;
	slots = reallocarray(w->slots, n, sizeof(struct upstream_slot *));
	if (!slots)
		return -1;
	for (unsigned i = w->n_slots; i < n; i++)
		slots[i] = NULL;
	w->slots = slots;
	w->n_slots = n;
	return 0;
}

struct upstream_slot *upstream_slot(struct worker *w, struct member *m)
{
	struct upstream_slot *slot;

	if (m->slot < w->n_slots && w->slots[m->slot])
		return w->slots[m->slot];
	if (m->slot >= w->n_slots && grow_slots(w, m->slot + 1) < 0)
		return NULL;
	slot = calloc(1, sizeof(*slot));
	if (!slot)
		return NULL;
	slot->w = w;
	slot->member = m;
	slot->cell = member_cell(m, w->index);
	list_init(&slot->idle);
	list_init(&slot->busy);
	w->slots[m->slot] = slot;
	return slot;
}

static void slot_close_idle(struct upstream_slot *slot)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &slot->idle)
		upstream_close(CONTAINER_OF(it, struct upstream, link));
}

static void slot_release(struct upstream_slot *slot)
{
	struct worker *w = slot->w;
	struct member *m = slot->member;

	w->slots[m->slot] = NULL;
	free(slot);
	w->ops.member_left(w->ops.ctx, w->index, m);
}

/* ---- events ---- */

/* A kept connection has something to say: its end, or bytes that nobody asked for. */
static void idle_event(struct upstream *u)
{
	upstream_close(u);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct upstream *u = CONTAINER_OF(io, struct upstream, stream.io);
	struct exchange *x = u->exchange;

	(void)loop;
	AORTA_CHECK(u, UPSTREAM_MAGIC);
	if (u->tunnel) {
		tunnel_upstream_event(u, revents);
		return;
	}
	if (!x) {
		idle_event(u);
		return;
	}
	if (revents & EV_WRITE)
		exchange_upstream_writable(x);
	if ((revents & EV_READ) && u->exchange == x && u->state == UPSTREAM_BUSY)
		exchange_upstream_readable(x);
	session_resume(x->s);
}

void upstream_watch(struct upstream *u, bool want_read)
{
	stream_watch(&u->stream, u->w->loop, want_read && u->state != UPSTREAM_CONNECTING,
		     u->state == UPSTREAM_CONNECTING);
}

/* ---- connections ---- */

static struct upstream *open_new(struct upstream_slot *slot)
{
	struct worker *w = slot->w;
	struct upstream *u;
	int fd = sock_connect(&slot->member->addr);

	if (fd < 0)
		return NULL;
	u = slab_take(&w->upstreams);
	if (!u) {
		sock_reset(fd);
		errno = ENOMEM;
		return NULL;
	}
	memset(u, 0, sizeof(*u));
	u->magic = UPSTREAM_MAGIC;
	u->state = UPSTREAM_CONNECTING;
	u->w = w;
	u->slot = slot;
	u->since = w->now;
	stream_open(&u->stream, fd, on_io);
	list_push_front(&slot->busy, &u->link);
	cell_add(&w->stats.upstreams, 1);
	return u;
}

static bool is_silent(struct upstream *u)
{
	char byte;
	ssize_t n = recv(u->stream.io.fd, &byte, 1, MSG_PEEK);

	return n < 0 && errno == EAGAIN;
}

/*
 * A kept connection that has something to say before it was asked is no good: it has ended, or
 * sends what would be taken for the next answer. The loop may know of it in this very turn and not
 * have told us yet; `peek` asks the socket as well.
 */
static bool is_usable(struct upstream *u, bool peek)
{
	return !ev_is_pending(&u->stream.io) && (!peek || is_silent(u));
}

static struct upstream *take_idle(struct upstream_slot *slot, bool peek)
{
	while (!list_empty(&slot->idle)) {
		struct upstream *u = CONTAINER_OF(slot->idle.next, struct upstream, link);

		if (!is_usable(u, peek)) {
			upstream_close(u);
			continue;
		}
		list_remove(&u->link);
		list_push_front(&slot->busy, &u->link);
		slot->n_idle--;
		cell_set(&slot->cell->idle, slot->n_idle);
		u->state = UPSTREAM_BUSY;
		u->reused = true;
		cell_add(&slot->cell->reuses, 1);
		return u;
	}
	return NULL;
}

struct upstream *upstream_take(struct upstream_slot *slot, bool fresh, bool peek)
{
	struct upstream *u = fresh ? NULL : take_idle(slot, peek);

	return u ? u : open_new(slot);
}

void upstream_connected(struct upstream *u)
{
	AORTA_ASSERT(u->state == UPSTREAM_CONNECTING);
	u->state = UPSTREAM_BUSY;
	cell_add(&u->slot->cell->connects, 1);
}

void upstream_give(struct upstream *u, unsigned keep)
{
	struct upstream_slot *slot = u->slot;

	AORTA_ASSERT(u->state == UPSTREAM_BUSY && !u->in_len && !u->stream.out);
	u->exchange = NULL;
	u->tunnel = NULL;
	if (slot->n_idle >= keep || slot->forget || u->w->stopping ||
	    !member_eligible(slot->member)) {
		upstream_close(u);
		return;
	}
	u->state = UPSTREAM_IDLE;
	u->since = u->w->now;
	list_remove(&u->link);
	list_push_front(&slot->idle, &u->link);
	slot->n_idle++;
	cell_set(&slot->cell->idle, slot->n_idle);
	upstream_watch(u, true);
}

void upstream_close(struct upstream *u)
{
	struct worker *w = u->w;

	if (u->state == UPSTREAM_CLOSED)
		return;
	if (u->state == UPSTREAM_IDLE) {
		u->slot->n_idle--;
		cell_set(&u->slot->cell->idle, u->slot->n_idle);
	}
	u->state = UPSTREAM_CLOSED;
	u->exchange = NULL;
	u->tunnel = NULL;
	stream_close(&u->stream, w->loop, &w->chunks, false);
	free(u->in);
	u->in = NULL;
	u->in_len = u->in_cap = 0;
	list_remove(&u->link);
	list_push_back(&w->dead_upstreams, &u->link);
	cell_sub(&w->stats.upstreams, 1);
}

void upstream_free(struct upstream *u)
{
	u->magic = 0;
	slab_give(&u->w->upstreams, u);
}

/* ---- members that change ---- */

void upstream_tell_passive(struct worker *w, const struct conf_pool *c, struct member *m,
			   const struct finding *f)
{
	if (sock_is_shortage(f->sys_errno))
		return;
	if (!c->passive_connect_errors || !member_connect_failed(m, c->passive_connect_errors))
		return;
	if (c->passive_action == PASSIVE_DOWN)
		atomic_store_explicit(&m->eligible, false, memory_order_relaxed);
	w->ops.passive(w->ops.ctx, m, f, c->passive_connect_errors, c->passive_action);
}

void upstream_member_out(struct worker *w, struct member *m)
{
	struct upstream_slot *slot = m->slot < w->n_slots ? w->slots[m->slot] : NULL;
	struct list *it, *tmp;

	if (!slot || slot->member != m)
		return;
	slot_close_idle(slot);
	/*
	 * What is tried elsewhere leaves the list and may add to it (never to this slot: the member
	 * is not eligible), and it is safe to step on because the dead are freed at the turn's end.
	 */
	LIST_FOREACH_SAFE(it, tmp, &slot->busy) {
		struct upstream *u = CONTAINER_OF(it, struct upstream, link);
		struct exchange *x = u->exchange;

		if (!x)
			continue;
		exchange_member_out(x);
		session_resume(x->s);
	}
}

void upstream_member_forget(struct worker *w, struct member *m, int64_t within_us)
{
	struct upstream_slot *slot = m->slot < w->n_slots ? w->slots[m->slot] : NULL;

	if (!slot || slot->member != m) {
		w->ops.member_left(w->ops.ctx, w->index, m);
		return;
	}
	slot->forget = true;
	slot->forget_at = w->now + within_us;
	slot_close_idle(slot);
	if (list_empty(&slot->busy))
		slot_release(slot);
}

static void cut_busy(struct upstream_slot *slot)
{
	struct list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &slot->busy) {
		struct upstream *u = CONTAINER_OF(it, struct upstream, link);

		if (u->exchange) {
			struct session *s = u->exchange->s;

			cell_add(&s->listener->cell->cut, 1);
			exchange_fail(u->exchange, OWN_NO_MEMBER);
			session_resume(s);
		} else if (u->tunnel) {
			tunnel_upstream_cut(u);
		}
	}
}

/* An operator's drain or maintenance whose time is over. */
static bool drain_is_over(const struct upstream_slot *slot, int64_t now)
{
	const struct member_report *r = member_report(slot->member);

	return r && (r->state == MEMBER_DRAINING || r->state == MEMBER_MAINT) &&
	       r->drain_deadline_mono_us && now >= r->drain_deadline_mono_us;
}

static void sweep_slot(struct upstream_slot *slot, int64_t now)
{
	/* The oldest are at the back. */
	while (!list_empty(&slot->idle)) {
		struct upstream *u = CONTAINER_OF(slot->idle.prev, struct upstream, link);

		if (now - u->since < slot->keep_us && member_eligible(slot->member))
			break;
		upstream_close(u);
	}
	if (drain_is_over(slot, now) || (slot->forget && now >= slot->forget_at))
		cut_busy(slot);
	if (slot->forget && list_empty(&slot->busy))
		slot_release(slot);
}

void upstream_sweep(struct worker *w)
{
	for (unsigned i = 0; i < w->n_slots; i++)
		if (w->slots[i])
			sweep_slot(w->slots[i], w->now);
}

void upstream_free_all(struct worker *w)
{
	for (unsigned i = 0; i < w->n_slots; i++) {
		if (!w->slots[i])
			continue;
		slot_close_idle(w->slots[i]);
		AORTA_ASSERT(list_empty(&w->slots[i]->busy));
		free(w->slots[i]);
	}
	free(w->slots);
	w->slots = NULL;
	w->n_slots = 0;
}
