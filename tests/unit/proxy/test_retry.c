/* SPDX-License-Identifier: MIT */
/*
 * The retry rules, written out as a table in words, and every combination of facts and
 * configuration held against it. Rows that overlap must agree; none may be without effect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aorta/assert.h"
#include "proxy/retry.h"

/* A cell that holds whatever the fact. */
#define ANY "any"

/* One rule. `asked`: whether the pool's `retry` block asks for it by the word in `by`. */
struct rule {
	const char *cause, *by, *asked, *method, *request, *answer, *tries;
	const char *decision;
};

static const struct rule rules[] = {
	/* Nothing was sent, so any method will do; but what was taken must be ours to give. */
	{ "connect", "connect", "asked", ANY, "ours", "nothing", "some", "elsewhere" },
	{ "connect", "connect", ANY, ANY, ANY, ANY, "none", "not" },
	{ "connect", "connect", "not asked", ANY, ANY, ANY, ANY, "not" },
	{ "connect", "connect", ANY, ANY, "partly gone", ANY, ANY, "not" },
	{ "connect", "connect", ANY, ANY, ANY, "begun", ANY, "not" },
	/* Not the member's fault and nobody's choice: costs no try, needs no word. */
	{ "stale", "nothing", ANY, "idempotent", "ours", "nothing", ANY, "fresh" },
	{ "stale", "nothing", ANY, "not idempotent", ANY, ANY, ANY, "not" },
	{ "stale", "nothing", ANY, ANY, "partly gone", ANY, ANY, "not" },
	{ "stale", "nothing", ANY, ANY, ANY, "begun", ANY, "not" },
	{ "reset", "reset", "asked", "idempotent", "ours", "nothing", "some", "elsewhere" },
	{ "reset", "reset", ANY, ANY, ANY, ANY, "none", "not" },
	{ "reset", "reset", "not asked", ANY, ANY, ANY, ANY, "not" },
	{ "reset", "reset", ANY, "not idempotent", ANY, ANY, ANY, "not" },
	{ "reset", "reset", ANY, ANY, "partly gone", ANY, ANY, "not" },
	{ "reset", "reset", ANY, ANY, ANY, "begun", ANY, "not" },
	{ "out", "reset", "asked", "idempotent", "ours", "nothing", "some", "elsewhere" },
	{ "out", "reset", ANY, ANY, ANY, ANY, "none", "not" },
	{ "out", "reset", "not asked", ANY, ANY, ANY, ANY, "not" },
	{ "out", "reset", ANY, "not idempotent", ANY, ANY, ANY, "not" },
	{ "out", "reset", ANY, ANY, "partly gone", ANY, ANY, "not" },
	{ "out", "reset", ANY, ANY, ANY, "begun", ANY, "not" },
	/* The answer that has begun is the one with the status, and it has gone no further. */
	{ "status", "status", "asked", "idempotent", "ours", ANY, "some", "elsewhere" },
	{ "status", "status", ANY, ANY, ANY, ANY, "none", "not" },
	{ "status", "status", "not asked", ANY, ANY, ANY, ANY, "not" },
	{ "status", "status", ANY, "not idempotent", ANY, ANY, ANY, "not" },
	{ "status", "status", ANY, ANY, "partly gone", ANY, ANY, "not" },
};

static const char *const causes[] = {
	[RETRY_CONNECT] = "connect", [RETRY_STALE] = "stale", [RETRY_RESET] = "reset",
	[RETRY_STATUS] = "status",   [RETRY_OUT] = "out",
};
static const char *const decisions[] = {
	[RETRY_NOT] = "not",
	[RETRY_ELSEWHERE] = "elsewhere",
	[RETRY_FRESH] = "fresh",
};

static const unsigned statuses[] = { 0, 100, 200, 404, 499, 500, 501, 502, 503, 504, 505, 599 };
static const unsigned tries[] = { 0, 1, 2, 10 };

/* Lists of statuses: none, one range, two with a gap. */
struct list {
	struct conf_status_range at[2];
	unsigned n;
};

static const struct list lists[] = {
	{ { { 0, 0 } }, 0 },
	{ { { 502, 504 } }, 1 },
	{ { { 404, 404 }, { 503, 599 } }, 2 },
};

static bool listed(const struct list *l, unsigned status)
{
	for (unsigned i = 0; i < l->n; i++)
		if (status >= l->at[i].first && status <= l->at[i].last)
			return true;
	return false;
}

/* The state of the switch that a rule names. */
static bool asked(const struct rule *r, const struct conf_retry *conf, const struct list *l,
		  const struct retry_facts *f)
{
	if (strcmp(r->by, "connect") == 0)
		return conf->on_connect;
	if (strcmp(r->by, "reset") == 0)
		return conf->on_reset;
	if (strcmp(r->by, "status") == 0)
		return listed(l, f->status);
	return true;
}

static bool cell_is(const char *cell, const char *fact)
{
	return strcmp(cell, ANY) == 0 || strcmp(cell, fact) == 0;
}

static bool applies(const struct rule *r, const struct conf_retry *conf, const struct list *l,
		    const struct retry_facts *f)
{
	return cell_is(r->cause, causes[f->cause]) &&
	       cell_is(r->asked, asked(r, conf, l, f) ? "asked" : "not asked") &&
	       cell_is(r->method, f->idempotent ? "idempotent" : "not idempotent") &&
	       cell_is(r->request, f->replayable ? "ours" : "partly gone") &&
	       cell_is(r->answer, f->answer_seen ? "begun" : "nothing") &&
	       cell_is(r->tries, f->tries_left ? "some" : "none");
}

static unsigned used[ARRAY_LEN(rules)];

static void check(const struct conf_retry *conf, const struct list *l, const struct retry_facts *f)
{
	const char *decision = decisions[retry_decide(conf, f)];
	unsigned matched = 0;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (!applies(&rules[i], conf, l, f))
			continue;
		used[i]++;
		matched++;
		if (strcmp(rules[i].decision, decision) != 0)
			fail_msg("rule %zu says %s, decided %s: %s, status %u, idempotent %d, "
				 "replayable %d, answer seen %d, tries left %u; on connect %d, "
				 "on reset %d, %u ranges",
				 i, rules[i].decision, decision, causes[f->cause], f->status,
				 f->idempotent, f->replayable, f->answer_seen, f->tries_left,
				 conf->on_connect, conf->on_reset, conf->n_statuses);
	}
	if (!matched)
		fail_msg("no rule for %s", causes[f->cause]);
}

/* All facts under one configuration. */
static void check_facts(const struct conf_retry *conf, const struct list *l)
{
	for (size_t cause = 0; cause < ARRAY_LEN(causes); cause++)
		for (size_t s = 0; s < ARRAY_LEN(statuses); s++)
			for (size_t t = 0; t < ARRAY_LEN(tries); t++)
				for (unsigned bits = 0; bits < 8; bits++) {
					struct retry_facts f = {
						.cause = (enum retry_cause)cause,
						.status = statuses[s],
						.idempotent = bits & 1,
						.replayable = bits & 2,
						.answer_seen = bits & 4,
						.tries_left = tries[t],
					};

					check(conf, l, &f);
				}
}

static void every_combination_is_decided_as_the_table_says(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (unsigned bits = 0; bits < 4; bits++) {
			struct list l = lists[i];
			struct conf_retry conf = {
				.on_connect = bits & 1,
				.on_reset = bits & 2,
				.statuses = l.at,
				.n_statuses = l.n,
				.tries = 2,
			};

			check_facts(&conf, &l);
		}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (!used[i])
			fail_msg("rule %zu never applied", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_is_decided_as_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
