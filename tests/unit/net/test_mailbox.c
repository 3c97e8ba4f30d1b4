/* SPDX-License-Identifier: MIT */
/* The mailbox: every mail arrives once, on the receiver's thread, in order of its sender. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "aorta/assert.h"
#include "aorta/mailbox.h"

#define SENDERS 3
#define MAILS	20000 /* a sender */

struct letter {
	struct mail mail;
	unsigned sender, number;
};

struct receiver {
	struct mailbox mb;
	struct ev_loop *loop;
	ev_timer deadline;
	pthread_t thread;
	unsigned next[SENDERS]; /* the number that each sender's next letter must have */
	unsigned received, expected;
	bool timed_out;
};

static void on_letter(struct mail *m, void *owner)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);
	struct receiver *r = owner;

	assert_true(pthread_equal(pthread_self(), r->thread));
	assert_int_equal(l->number, r->next[l->sender]);
	r->next[l->sender]++;
	free(l);
	if (++r->received == r->expected)
		ev_break(r->loop, EVBREAK_ALL);
}

static void post(struct receiver *r, unsigned sender, unsigned number)
{
	struct letter *l = malloc(sizeof(*l));

	AORTA_ASSERT(l);
	*l = (struct letter){ .mail = { .run = on_letter }, .sender = sender, .number = number };
	mailbox_post(&r->mb, &l->mail);
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct receiver *r = w->data;

	r->timed_out = true;
	ev_break(loop, EVBREAK_ALL);
}

static void receiver_open(struct receiver *r, unsigned expected)
{
	*r = (struct receiver){ .thread = pthread_self(), .expected = expected };
	r->loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(r->loop);
	mailbox_open(&r->mb, r->loop, r);
	/* Far over what a loaded machine needs: reached only when a wake-up was lost. */
	ev_timer_init(&r->deadline, on_deadline, 30, 0);
	r->deadline.data = r;
	ev_timer_start(r->loop, &r->deadline);
}

static void receiver_close(struct receiver *r)
{
	ev_timer_stop(r->loop, &r->deadline);
	mailbox_close(&r->mb);
	ev_loop_destroy(r->loop);
}

struct sender {
	struct receiver *to;
	unsigned id;
};

static void *send_all(void *arg)
{
	struct sender *s = arg;

	for (unsigned i = 0; i < MAILS; i++)
		post(s->to, s->id, i);
	return NULL;
}

static void each_senders_mails_arrive_in_order(void **state)
{
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];
	struct receiver r;

	receiver_open(&r, SENDERS * MAILS);
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ &r, i };
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	ev_run(r.loop, 0);
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	assert_false(r.timed_out);
	assert_int_equal(r.received, SENDERS * MAILS);
	receiver_close(&r);
	assert_int_equal(r.received, SENDERS * MAILS);
}

static void *send_one_when_asked(void *arg)
{
	struct sender *s = arg;

	post(s->to, s->id, 0);
	return NULL;
}

/* A loop that sleeps is woken for every mail that comes while it is empty. */
static void a_single_mail_wakes_the_loop(void **state)
{
	for (unsigned round = 0; round < 50; round++) {
		struct receiver r;
		struct sender s = { &r, 1 };
		pthread_t thread;

		receiver_open(&r, 1);
		assert_int_equal(pthread_create(&thread, NULL, send_one_when_asked, &s), 0);
		ev_run(r.loop, 0);
		pthread_join(thread, NULL);
		assert_false(r.timed_out);
		assert_int_equal(r.received, 1);
		receiver_close(&r);
	}
}

static void closing_runs_what_is_still_inside(void **state)
{
	struct receiver r;

	receiver_open(&r, 0);
	for (unsigned i = 0; i < 10; i++)
		post(&r, 0, i);
	assert_int_equal(r.received, 0); /* posting runs nothing */
	receiver_close(&r);
	assert_int_equal(r.received, 10);
}

/* One that answers itself by another mail, as state machines do. */
static void post_next(struct mail *m, void *owner)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);
	struct receiver *r = owner;

	r->received++;
	if (r->received == r->expected)
		ev_break(r->loop, EVBREAK_ALL);
	if (r->received < r->expected)
		mailbox_post(&r->mb, m);
	else
		free(l);
}

static void a_mail_may_be_posted_from_a_mail(void **state)
{
	struct letter *l = malloc(sizeof(*l));
	struct receiver r;

	assert_non_null(l);
	*l = (struct letter){ .mail = { .run = post_next } };
	receiver_open(&r, 1000);
	mailbox_post(&r.mb, &l->mail);
	ev_run(r.loop, 0);
	assert_false(r.timed_out);
	assert_int_equal(r.received, 1000);
	receiver_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_senders_mails_arrive_in_order),
		cmocka_unit_test(a_single_mail_wakes_the_loop),
		cmocka_unit_test(closing_runs_what_is_still_inside),
		cmocka_unit_test(a_mail_may_be_posted_from_a_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
