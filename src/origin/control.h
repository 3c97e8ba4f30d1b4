/* SPDX-License-Identifier: MIT */
/*
 * Commands to an origin: requests under /_origin/, in band on every port and on control ports.
 */
#ifndef ORIGIN_CONTROL_H
#define ORIGIN_CONTROL_H

#include "conn.h"

#define CONTROL_PREFIX "/_origin/"

/* Carries out the command in `r` and builds its answer in c->answer. */
void control_run(struct conn *c, const struct request *r, struct slice body);
/* The list of commands for --help and GET /_origin/. */
void control_help(struct buf *out);

#endif
