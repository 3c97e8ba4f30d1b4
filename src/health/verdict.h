/* SPDX-License-Identifier: MIT */
/*
 * The state of a member as a pure function of all that is known of it, private to src/health/.
 * Later inputs (heartbeats, traffic, presence) are further fields and further rows.
 */
#ifndef AORTA_HEALTH_VERDICT_H
#define AORTA_HEALTH_VERDICT_H

#include <stdbool.h>

#include "aorta/evidence.h"
#include "aorta/member.h"

enum role_verdict {
	ROLE_ABSENT,  /* no such probe */
	ROLE_UNKNOWN, /* no verdict yet */
	ROLE_PASSING,
	ROLE_FAILING,
};

struct verdict_input {
	enum admin_state admin;
	bool removed; /* gone from the file */
	enum role_verdict roles[PROBE_ROLES];
};

struct verdict {
	enum member_state state;
	enum evidence_source source; /* which input decided */
};

/*
 * Operators win over probes, MAINT over the file, the file over DRAIN. Startup holds the others
 * back until it passes. Readiness routes. Liveness never does: a failing one asks for a restart
 * (a later issue's hook), and a member that is dead to readiness as well is down by that.
 */
struct verdict verdict_of(const struct verdict_input *in);

/* The readiness and liveness probes do not run while this holds. */
bool verdict_holds_back(const struct verdict_input *in);

#endif
