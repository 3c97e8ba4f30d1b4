/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP probe expects of an answer, private to src/health/. Pure.
 */
#ifndef AORTA_HEALTH_HTTP_EXPECT_H
#define AORTA_HEALTH_HTTP_EXPECT_H

#include <stdbool.h>

#include "aorta/conf.h"
#include "aorta/http1.h"
#include "aorta/slice.h"

/* What was missed, in words; to be made printable by whoever keeps it. */
struct expect_miss {
	char expected[256];
	char got[256];
};

/* Status and headers. False: `miss` says what was expected and what came. `body` is what has
 * come of the body so far and only tells more about a wrong status. */
bool http_expect_head(const struct conf_probe *p, const struct http1_response *r, struct slice body,
		      struct expect_miss *miss);
/* The body's first max_body bytes. */
bool http_expect_body(const struct conf_probe *p, struct slice body, struct expect_miss *miss);
/* Whether any of the body has to be kept. */
bool http_expect_needs_body(const struct conf_probe *p);

#endif
