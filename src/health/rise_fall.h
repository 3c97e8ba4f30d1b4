/* SPDX-License-Identifier: MIT */
/*
 * The rise/fall counter of one probe, private to src/health/.
 *
 * One integer h in 0 .. rise+fall-1; the verdict is "passing" when h >= rise. A pass while
 * passing restores full health, a failure while rising starts the rise anew: what counts is truly
 * in a row. (HAProxy, src/check.c, set_server_check_status() and __health_adjust().)
 *
 * Before the first verdict there is nothing to be sure of; how it is reached differs by role:
 *   FIRST_DECIDES  the first result is the verdict (readiness: one pass serves, as in HAProxy and
 *                  Envoy; one failure is DOWN, and from then on `rise` passes are needed)
 *   TRUSTED        one pass, or `fall` failures in a row (liveness: its verdict asks for a
 *                  restart, so one failure must not reach it)
 *   WITHHELD       `rise` passes, or `fall` failures in a row (startup: time is given)
 */
#ifndef AORTA_HEALTH_RISE_FALL_H
#define AORTA_HEALTH_RISE_FALL_H

#include <stdbool.h>

enum rise_fall_start { RISE_FALL_FIRST_DECIDES, RISE_FALL_TRUSTED, RISE_FALL_WITHHELD };

/* How sure the counter is; decides the pace of probing. */
enum confidence { IN_DOUBT, SURE_UP, SURE_DOWN };

struct rise_fall {
	unsigned rise, fall; /* 1.. */
	enum rise_fall_start start;
	unsigned h;
	unsigned failed; /* in a row before the first verdict (WITHHELD) */
	bool judged;	 /* there has been a verdict */
};

void rise_fall_init(struct rise_fall *c, enum rise_fall_start start, unsigned rise, unsigned fall);
void rise_fall_pass(struct rise_fall *c);
void rise_fall_fail(struct rise_fall *c);
/* Down at once: h = rise, then one failure (HAProxy's on-error mark-down). */
void rise_fall_mark_down(struct rise_fall *c);
/* Taken over as passing from something that knew before; one failure downs it. */
void rise_fall_inherit_up(struct rise_fall *c);
/* New thresholds; the verdict stays, and so does the distance from full health. */
void rise_fall_resize(struct rise_fall *c, unsigned rise, unsigned fall);

bool rise_fall_passing(const struct rise_fall *c);
enum confidence rise_fall_confidence(const struct rise_fall *c);
/* How many results of this kind in a row change the verdict from here; 0: none does. */
unsigned rise_fall_needed(const struct rise_fall *c, bool passed);

#endif
