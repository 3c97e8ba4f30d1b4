/* SPDX-License-Identifier: MIT */
/*
 * The simulator: one heap of what happens next (the next arrival, the end of each service), one
 * FIFO queue a member. Owns all it makes for the length of one run. One thread.
 */
#include "sim/traffic.h"

#include <math.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/balance.h"
#include "aorta/heap.h"
#include "aorta/list.h"

struct server {
	struct member *member; /* owns */
	const struct scene_member *conf;
	unsigned busy;
	struct list queue; /* of requests that wait for a slot */
};

struct request {
	struct heap_node end; /* of its service */
	struct list link;     /* in its server's queue */
	struct server *server;
	unsigned worker;
	int64_t arrived_us;
};

struct world {
	const struct scene *scene;
	struct scene_result *result;
	struct view *view;	      /* owns */
	struct balance_state *states; /* owns; one a worker */
	struct server servers[SCENE_MEMBERS_MAX];
	struct heap heap;
	struct heap_node arrival;
	struct histogram latency;
	struct rng rng;
	int64_t now_us;
};

static void begin_service(struct world *w, struct request *r)
{
	int64_t mean = r->server->conf->service_us;
	int64_t takes = mean / 2 + (int64_t)(rng_unit(&w->rng) * (double)mean);

	r->server->busy++;
	AORTA_ASSERT(heap_put(&w->heap, &r->end, w->now_us + takes) == 0);
}

static bool has_slot(const struct server *s)
{
	return s->conf->slots == 0 || s->busy < s->conf->slots;
}

static struct server *server_of(struct world *w, const struct member *m)
{
	AORTA_ASSERT(m && m->slot < w->scene->n_members);
	return &w->servers[m->slot];
}

static void arrive(struct world *w)
{
	struct request *r = calloc(1, sizeof(*r));

	AORTA_ASSERT(r);
	heap_node_init(&r->end);
	list_init(&r->link);
	r->worker = (unsigned)(w->result->requests++ % w->scene->workers);
	r->arrived_us = w->now_us;
	r->server =
		server_of(w, balance_pick(w->scene->balance, w->view, &w->states[r->worker], NULL));
	w->result->served[r->server->member->slot]++;
	cell_add(&member_cell(r->server->member, r->worker)->in_flight, 1);
	if (has_slot(r->server))
		begin_service(w, r);
	else
		list_push_back(&r->server->queue, &r->link);
}

static void leave(struct world *w, struct request *r)
{
	cell_sub(&member_cell(r->server->member, r->worker)->in_flight, 1);
	free(r);
}

static void finish(struct world *w, struct request *r)
{
	struct server *s = r->server;
	struct list *first = s->queue.next;

	s->busy--;
	histogram_record(&w->latency, w->now_us - r->arrived_us);
	leave(w, r);
	if (first == &s->queue)
		return;
	list_remove(first);
	begin_service(w, CONTAINER_OF(first, struct request, link));
}

/* The time to the next arrival of a Poisson process. */
static int64_t pause_us(struct world *w)
{
	return (int64_t)(-log(1 - rng_unit(&w->rng)) * 1e6 / w->scene->per_second);
}

static void world_open(struct world *w, const struct scene *sc, struct scene_result *out)
{
	struct view_input in[SCENE_MEMBERS_MAX];
	struct addr addr;

	*out = (struct scene_result){ 0 };
	*w = (struct world){ .scene = sc, .result = out };
	rng_seed(&w->rng, sc->seed);
	heap_init(&w->heap);
	heap_node_init(&w->arrival);
	AORTA_ASSERT(addr_parse(SLICE_LIT("127.0.0.1:1"), &addr) == ADDR_OK);
	for (unsigned i = 0; i < sc->n_members; i++) {
		struct member *m = member_new("sim", "m", &addr, i, sc->workers);

		AORTA_ASSERT(m);
		atomic_store(&m->eligible, true);
		w->servers[i].member = m;
		w->servers[i].conf = &sc->members[i];
		list_init(&w->servers[i].queue);
		in[i] = (struct view_input){ m, MEMBER_UP, true, sc->members[i].weight, 1 };
	}
	w->view = view_build(in, sc->n_members, 1);
	w->states = calloc(sc->workers, sizeof(w->states[0]));
	AORTA_ASSERT(w->view && w->states);
	for (unsigned i = 0; i < sc->workers; i++)
		balance_state_init(&w->states[i], rng_u64(&w->rng));
	AORTA_ASSERT(heap_put(&w->heap, &w->arrival, pause_us(w)) == 0);
}

static void world_close(struct world *w)
{
	for (struct heap_node *n; (n = heap_first(&w->heap));) {
		heap_remove(&w->heap, n);
		if (n != &w->arrival) {
			leave(w, CONTAINER_OF(n, struct request, end));
			w->result->left++;
		}
	}
	for (unsigned i = 0; i < w->scene->n_members; i++) {
		struct list *it, *tmp;

		LIST_FOREACH_SAFE(it, tmp, &w->servers[i].queue) {
			leave(w, CONTAINER_OF(it, struct request, link));
			w->result->left++;
		}
		AORTA_ASSERT(member_in_flight(w->servers[i].member) == 0);
		member_free(w->servers[i].member);
	}
	for (unsigned i = 0; i < w->scene->workers; i++)
		balance_state_fini(&w->states[i]);
	histogram_sum_add(&w->result->latency, &w->latency);
	free(w->states);
	view_free(w->view);
	heap_fini(&w->heap);
}

void scene_run(const struct scene *sc, struct scene_result *out)
{
	struct world w;
	struct heap_node *next;

	AORTA_ASSERT(sc->n_members <= SCENE_MEMBERS_MAX && sc->workers > 0);
	world_open(&w, sc, out);
	while ((next = heap_first(&w.heap))->due < sc->for_us) {
		w.now_us = next->due;
		if (next == &w.arrival) {
			arrive(&w);
			AORTA_ASSERT(heap_put(&w.heap, next, w.now_us + pause_us(&w)) == 0);
		} else {
			heap_remove(&w.heap, next);
			finish(&w, CONTAINER_OF(next, struct request, end));
		}
	}
	world_close(&w);
}

double scene_share(const struct scene_result *r, unsigned i)
{
	return 100.0 * (double)r->served[i] / (double)r->requests;
}
