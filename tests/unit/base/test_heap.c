/* SPDX-License-Identifier: MIT */
/* The heap against a plain array that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "aorta/heap.h"
#include "aorta/rng.h"

#define NODES 300

/* The model: which nodes are in, by looking at all of them. */
static int64_t model_least(const struct heap_node *nodes, const bool *in, unsigned *count)
{
	int64_t least = INT64_MAX;

	*count = 0;
	for (unsigned i = 0; i < NODES; i++) {
		*count += in[i];
		if (in[i] && nodes[i].due < least)
			least = nodes[i].due;
	}
	return least;
}

/* Nobody is due before its parent, and everybody knows its place. */
static void check_order(const struct heap *h)
{
	for (size_t i = 0; i < h->n; i++) {
		assert_true(h->at[(i ? i - 1 : 0) / 2]->due <= h->at[i]->due);
		assert_int_equal(h->at[i]->index, i);
	}
}

static void any_sequence_of_calls_keeps_the_least_first(void **state)
{
	static struct heap_node nodes[NODES];
	bool in[NODES] = { false };
	struct heap h;
	struct rng rng;

	rng_seed(&rng, 5);
	heap_init(&h);
	for (unsigned i = 0; i < NODES; i++)
		heap_node_init(&nodes[i]);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = rng_below(&rng, NODES), count;
		/* Few values, so that there are many equals; the phases fill and drain it. */
		int64_t due = (int64_t)rng_below(&rng, 200) - 100;
		int64_t least;

		if (rng_below(&rng, 10) < (round / 2000 % 2 ? 3 : 7)) {
			assert_int_equal(heap_put(&h, &nodes[i], due), 0);
			in[i] = true;
			assert_int_equal(nodes[i].due, due);
		} else {
			heap_remove(&h, &nodes[i]);
			in[i] = false;
			assert_int_equal(nodes[i].index, HEAP_NOWHERE);
		}
		least = model_least(nodes, in, &count);
		assert_int_equal(h.n, count);
		check_order(&h);
		if (count == 0)
			assert_null(heap_first(&h));
		else
			assert_int_equal(heap_first(&h)->due, least);
	}
	heap_fini(&h);
}

static void nodes_come_out_in_order(void **state)
{
	static struct heap_node nodes[5000];
	int64_t last = INT64_MIN;
	unsigned n = 0;
	struct heap h;
	struct rng rng;

	rng_seed(&rng, 6);
	heap_init(&h);
	for (unsigned i = 0; i < 5000; i++) {
		heap_node_init(&nodes[i]);
		assert_int_equal(heap_put(&h, &nodes[i], (int64_t)rng_u64(&rng)), 0);
	}
	for (struct heap_node *first; (first = heap_first(&h)); n++) {
		assert_true(first->due >= last);
		last = first->due;
		heap_remove(&h, first);
	}
	assert_int_equal(n, 5000);
	heap_fini(&h);
}

static void moving_and_taking_out_twice(void **state)
{
	struct heap_node a, b;
	struct heap h;

	heap_init(&h);
	heap_node_init(&a);
	heap_node_init(&b);
	assert_null(heap_first(&h));
	heap_remove(&h, &a); /* in no heap */
	heap_put(&h, &a, 1);
	heap_put(&h, &b, 2);
	assert_ptr_equal(heap_first(&h), &a);
	heap_put(&h, &a, 3); /* later */
	assert_ptr_equal(heap_first(&h), &b);
	heap_put(&h, &a, 0); /* sooner */
	assert_ptr_equal(heap_first(&h), &a);
	heap_remove(&h, &a);
	heap_remove(&h, &a);
	assert_ptr_equal(heap_first(&h), &b);
	assert_int_equal(h.n, 1);
	heap_fini(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_sequence_of_calls_keeps_the_least_first),
		cmocka_unit_test(nodes_come_out_in_order),
		cmocka_unit_test(moving_and_taking_out_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
