/* SPDX-License-Identifier: MIT */
/*
 * Reclamation: never under a reader inside its turn, always in the end. The tests with threads
 * overwrite what they free, so that a reader notices; AddressSanitizer and ThreadSanitizer builds
 * notice more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "aorta/epoch.h"

#define READERS	  3
#define PUBLISHED 20000
#define ALIVE	  0x11111111u
#define DEAD	  0xdeaddeadu

static unsigned freed;

static void count_free(void *object)
{
	freed++;
	free(object);
}

static void without_readers_all_is_free_at_once(void **state)
{
	struct epoch *e = epoch_new();

	freed = 0;
	assert_non_null(e);
	epoch_retire(e, malloc(1), count_free);
	epoch_retire(e, NULL, count_free); /* nothing to free */
	assert_int_equal(freed, 0);	   /* not by retiring */
	assert_int_equal(epoch_reclaim(e), 0);
	assert_int_equal(freed, 1);
	epoch_free(e);
	epoch_free(NULL);
}

static void a_reader_in_its_turn_holds_back_what_was_retired_during_it(void **state)
{
	struct epoch *e = epoch_new();
	struct epoch_reader *a = epoch_reader_new(e), *b = epoch_reader_new(e);

	freed = 0;
	epoch_enter(a);
	epoch_retire(e, malloc(1), count_free);
	assert_int_equal(epoch_reclaim(e), 1);
	epoch_enter(b); /* entered later: cannot see the first */
	assert_int_equal(epoch_reclaim(e), 1);
	epoch_leave(a);
	assert_int_equal(epoch_reclaim(e), 0);
	assert_int_equal(freed, 1);
	epoch_retire(e, malloc(1), count_free);
	assert_int_equal(epoch_reclaim(e), 1); /* now b holds it */
	epoch_leave(b);
	assert_int_equal(epoch_reclaim(e), 0);
	assert_int_equal(freed, 2);
	epoch_free(e);
}

/* A reader that is always busy does not hold things back for ever: another turn is enough. */
static void a_new_turn_lets_go_of_the_old(void **state)
{
	struct epoch *e = epoch_new();
	struct epoch_reader *r = epoch_reader_new(e);

	freed = 0;
	epoch_enter(r);
	epoch_retire(e, malloc(1), count_free);
	epoch_leave(r);
	epoch_enter(r);
	epoch_retire(e, malloc(1), count_free);
	assert_int_equal(epoch_reclaim(e), 1); /* the first is gone, the second held */
	assert_int_equal(freed, 1);
	epoch_leave(r);
	epoch_free(e); /* and the domain frees the rest */
	assert_int_equal(freed, 2);
}

static void there_is_a_last_reader(void **state)
{
	struct epoch *e = epoch_new();

	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++)
		assert_non_null(epoch_reader_new(e));
	assert_null(epoch_reader_new(e));
	epoch_free(e);
}

struct object {
	unsigned mark; /* plain on purpose: only the epochs order its accesses */
};

struct world {
	struct epoch *epoch;
	_Atomic(struct object *) current;
	_Atomic bool stop;
	_Atomic unsigned turns;
	_Atomic unsigned dead_seen;
};

struct reader {
	struct world *w;
	struct epoch_reader *r;
};

static void *read_turns(void *arg)
{
	struct reader *me = arg;

	while (!atomic_load(&me->w->stop)) {
		epoch_enter(me->r);
		/* Several looks in one turn, at an object that is replaced meanwhile. */
		for (unsigned i = 0; i < 3; i++) {
			struct object *o =
				atomic_load_explicit(&me->w->current, memory_order_acquire);

			for (unsigned k = 0; k < 20; k++)
				if (*(volatile unsigned *)&o->mark != ALIVE)
					atomic_fetch_add(&me->w->dead_seen, 1);
		}
		epoch_leave(me->r);
		atomic_fetch_add_explicit(&me->w->turns, 1, memory_order_relaxed);
	}
	return NULL;
}

static unsigned objects_freed;

static void bury(void *object)
{
	struct object *o = object;

	objects_freed++;
	o->mark = DEAD;
	free(o);
}

static struct object *object_new(void)
{
	struct object *o = malloc(sizeof(*o));

	assert_non_null(o);
	o->mark = ALIVE;
	return o;
}

static void nothing_is_freed_under_a_reader(void **state)
{
	struct world w = { .epoch = epoch_new() };
	struct reader readers[READERS];
	pthread_t threads[READERS];

	objects_freed = 0;
	atomic_store(&w.current, object_new());
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ &w, epoch_reader_new(w.epoch) };
		assert_int_equal(pthread_create(&threads[i], NULL, read_turns, &readers[i]), 0);
	}
	/* At least so many objects, and until the readers have really run beside us. */
	for (unsigned i = 0; i < PUBLISHED || atomic_load(&w.turns) < 1000; i++) {
		epoch_retire(w.epoch, atomic_exchange(&w.current, object_new()), bury);
		if (i % 4 == 0)
			epoch_reclaim(w.epoch);
		if (i % 64 == 0)
			sched_yield();
	}
	atomic_store(&w.stop, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&w.dead_seen), 0);
	assert_true(objects_freed > 0);
	assert_int_equal(epoch_reclaim(w.epoch), 0);
	assert_true(objects_freed >= PUBLISHED);
	free(atomic_load(&w.current));
	epoch_free(w.epoch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_readers_all_is_free_at_once),
		cmocka_unit_test(a_reader_in_its_turn_holds_back_what_was_retired_during_it),
		cmocka_unit_test(a_new_turn_lets_go_of_the_old),
		cmocka_unit_test(there_is_a_last_reader),
		cmocka_unit_test(nothing_is_freed_under_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
