/* SPDX-License-Identifier: MIT */
/*
 * Who may ask what. Pure, but for the reply it fills.
 */
#ifndef ADMIN_AUTH_H
#define ADMIN_AUTH_H

#include "route.h"

enum access {
	ACCESS_ANYONE, /* the bare answer of /livez and /readyz */
	ACCESS_READ,
	ACCESS_CHANGE,
};

/* Compares without telling by its duration where the two differ. */
bool auth_token_equal(struct slice given, struct slice wanted);
/* The verdict; when it is false `reply` says why. `token` may be NULL. */
bool auth_allows(enum access access, const struct peer *peer, const struct http1_request *http,
		 const char *token, struct reply *reply);
/* The same question without an answer for the client. */
bool auth_trusts(const struct peer *peer, const struct http1_request *http, const char *token);

#endif
