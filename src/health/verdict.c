/* SPDX-License-Identifier: MIT */
/*
 * The verdict: orthogonal inputs in, one member state out (doc: the table of states in the
 * design). Pure; any thread. It must never remember anything: the same inputs give the same
 * state, whatever came before.
 */
#include "health/verdict.h"

static struct verdict make(enum member_state state, enum evidence_source source)
{
	return (struct verdict){ state, source };
}

bool verdict_holds_back(const struct verdict_input *in)
{
	enum role_verdict startup = in->roles[ROLE_STARTUP];

	return startup == ROLE_UNKNOWN || startup == ROLE_FAILING;
}

static struct verdict by_startup(const struct verdict_input *in)
{
	if (in->roles[ROLE_STARTUP] == ROLE_FAILING)
		return make(MEMBER_DOWN, SOURCE_STARTUP);
	return make(MEMBER_CHECKING, SOURCE_STARTUP);
}

static struct verdict by_readiness(const struct verdict_input *in)
{
	switch (in->roles[ROLE_READINESS]) {
	case ROLE_UNKNOWN:
		return make(MEMBER_CHECKING, SOURCE_READINESS);
	case ROLE_PASSING:
		return make(MEMBER_UP, SOURCE_READINESS);
	case ROLE_FAILING:
		return make(MEMBER_DOWN, SOURCE_READINESS);
	case ROLE_ABSENT:
		break;
	}
	if (in->roles[ROLE_STARTUP] == ROLE_PASSING)
		return make(MEMBER_UP, SOURCE_STARTUP);
	return make(MEMBER_UP, SOURCE_CONFIG);
}

struct verdict verdict_of(const struct verdict_input *in)
{
	if (in->admin == ADMIN_MAINT)
		return make(MEMBER_MAINT, SOURCE_ADMIN);
	if (in->removed)
		return make(MEMBER_DRAINING, SOURCE_CONFIG);
	if (in->admin == ADMIN_DRAIN)
		return make(MEMBER_DRAINING, SOURCE_ADMIN);
	if (verdict_holds_back(in))
		return by_startup(in);
	return by_readiness(in);
}
