/* SPDX-License-Identifier: MIT */
/*
 * Mails to the control thread. The post functions run on the senders' threads, the handlers on
 * the control thread. A mail that cannot be allocated is lost and said so on stderr: at that
 * point there is no memory to do better.
 */
#include <stdlib.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/log.h"
#include "daemon/daemon.h"

struct note {
	struct mail mail;
	void *what;
	uint64_t number;
	char text[256];
};

static void post(struct daemon *d, mail_fn *run, void *what, uint64_t number, const char *text)
{
	struct note *n = calloc(1, sizeof(*n));

	if (!n) {
		log_msg(LOG_ERROR_, "mail_lost", "out of memory for a mail to the control thread");
		return;
	}
	n->mail.run = run;
	n->what = what;
	n->number = number;
	if (text)
		snprintf(n->text, sizeof(n->text), "%s", text);
	mailbox_post(&d->mailbox, &n->mail);
}

static struct note open_note(struct mail *m)
{
	struct note *n = CONTAINER_OF(m, struct note, mail);
	struct note copy = *n;

	free(n);
	return copy;
}

/* ---- evidence ---- */

struct evidence_mail {
	struct mail mail;
	struct evidence evidence;
};

static enum log_level level_of(const struct evidence *e)
{
	if (!e->transition)
		return probe_code_passed(e->finding.code) ? LOG_DEBUG_ : LOG_INFO_;
	return member_state_serves(e->to) || e->source == SOURCE_ADMIN ? LOG_INFO_ : LOG_WARN_;
}

/* The log line is one more rendering of the record. */
static void narrate(const struct evidence *e)
{
	struct buf why;

	buf_init(&why);
	evidence_sentence(&why, e);
	if (!why.failed) {
		struct log_kv kv[] = {
			{ "pool", slice_str(e->pool) },
			{ "member", slice_str(e->member) },
			{ "from", slice_str(member_state_name(e->from)) },
			{ "to", slice_str(member_state_name(e->to)) },
			{ "source", slice_str(evidence_source_name(e->source)) },
			{ "code", slice_str(probe_code_name(e->finding.code)) },
			{ "why", buf_as_slice(&why) },
		};

		log_event(level_of(e), e->transition ? "member_state" : "member_evidence", kv,
			  ARRAY_LEN(kv));
	}
	buf_fini(&why);
}

static void on_evidence(struct mail *m, void *owner)
{
	struct evidence_mail *mail = CONTAINER_OF(m, struct evidence_mail, mail);
	struct daemon *d = owner;

	if (d->admin)
		admin_evidence(d->admin, &mail->evidence);
	narrate(&mail->evidence);
	free(mail);
}

void post_evidence(struct daemon *d, const struct evidence *e)
{
	struct evidence_mail *mail = calloc(1, sizeof(*mail));

	if (!mail) {
		log_msg(LOG_ERROR_, "mail_lost", "out of memory for evidence");
		return;
	}
	mail->mail.run = on_evidence;
	mail->evidence = *e;
	mailbox_post(&d->mailbox, &mail->mail);
}

/* ---- the rest ---- */

static void on_ordered(struct mail *m, void *owner)
{
	struct note n = open_note(m);
	struct daemon *d = owner;

	if (d->admin)
		admin_ordered(d->admin, n.number, n.text[0] ? n.text : NULL);
}

void post_ordered(struct daemon *d, uint64_t tag, const char *error)
{
	post(d, on_ordered, NULL, tag, error);
}

static void on_adopted(struct mail *m, void *owner)
{
	struct note n = open_note(m);
	struct daemon *d = owner;
	struct generation *before = d->judged;

	d->judged = n.what;
	reload_hand_over(d, n.what);
	if (before)
		reload_generation_left(d, before);
}

void post_adopted(struct daemon *d, struct generation *g)
{
	post(d, on_adopted, g, 0, NULL);
}

static void forget(void *ctx, struct member *m, int64_t within_ms)
{
	struct daemon *d = ctx;

	for (unsigned i = 0; i < d->n_workers; i++)
		worker_post_forget(d->workers[i].worker, m, within_ms);
}

static void on_released(struct mail *m, void *owner)
{
	struct note n = open_note(m);
	struct daemon *d = owner;

	registry_member_released(d->registry, n.what, forget, d);
}

void post_released(struct daemon *d, struct member *m)
{
	post(d, on_released, m, 0, NULL);
}

static void on_member_left(struct mail *m, void *owner)
{
	struct note n = open_note(m);
	struct daemon *d = owner;

	registry_member_left(d->registry, n.what);
}

void post_member_left(struct daemon *d, struct member *m)
{
	post(d, on_member_left, m, 0, NULL);
}

static void on_generation_left(struct mail *m, void *owner)
{
	struct note n = open_note(m);

	reload_generation_left(owner, n.what);
}

void post_generation_left(struct daemon *d, struct generation *g)
{
	post(d, on_generation_left, g, 0, NULL);
}

static void on_worker_stopped(struct mail *m, void *owner)
{
	struct note n = open_note(m);
	struct daemon *d = owner;

	d->cut += n.number;
	if (++d->workers_stopped == d->n_workers)
		ev_break(d->loop, EVBREAK_ALL);
}

void post_worker_stopped(struct daemon *d, uint64_t cut)
{
	post(d, on_worker_stopped, NULL, cut, NULL);
}
