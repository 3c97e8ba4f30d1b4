/* SPDX-License-Identifier: MIT */
/* The authority of a URI (RFC 3986 3.2) as HTTP uses it: host [ ":" port ], no userinfo. Pure. */
#ifndef AORTA_WIRE_AUTHORITY_H
#define AORTA_WIRE_AUTHORITY_H

#include <stdbool.h>
#include <stdint.h>

#include "aorta/slice.h"

struct authority {
	struct slice host; /* borrows from the input; an IPv6 address with its brackets */
	bool has_port;
	uint16_t port;
};

/* False when `s` is not a valid authority; an empty host or an empty port is not one. */
bool authority_parse(struct authority *a, struct slice s);

/* Whether two name the same host and port; a missing port is `default_port`. */
bool authority_same(const struct authority *a, const struct authority *b, uint16_t default_port);

#endif
