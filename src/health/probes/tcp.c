/* SPDX-License-Identifier: MIT */
/*
 * The tcp probe: the member accepts a connection. Nothing is sent; the connection is reset, which
 * the servers that were tried do not log (anchors 5.1). Pure table.
 */
#include "health/step.h"

static const struct step steps[] = {
	{ .kind = STEP_CONNECT },
	{ .kind = STEP_PASSED },
};

const struct probe_protocol probe_tcp = {
	.name = "tcp",
	.passed = CODE_L4OK,
	.steps = steps,
};
