/* SPDX-License-Identifier: MIT */
/* Which pool a request goes to. Pure: the listener's routes in order, the first match wins. */
#ifndef AORTA_PROXY_ROUTE_H
#define AORTA_PROXY_ROUTE_H

#include "aorta/conf.h"
#include "aorta/slice.h"

/* `host` as in the Host header, with or without port. NULL: no route and no default pool. */
const struct conf_pool *route_find(const struct conf_listener *l, struct slice host,
				   struct slice path);

#endif
