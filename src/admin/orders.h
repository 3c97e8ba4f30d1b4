/* SPDX-License-Identifier: MIT */
/*
 * Orders: requests whose answer comes when the health engine has carried them out.
 */
#ifndef ADMIN_ORDERS_H
#define ADMIN_ORDERS_H

#include "server.h"

/* The time is over: answers 504. */
void orders_timed_out(struct conn *c);
/* The engine has spoken: answers, if anybody still waits. */
void orders_done(struct admin *a, uint64_t tag, const char *error);

#endif
