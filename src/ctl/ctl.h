/* SPDX-License-Identifier: MIT */
/*
 * aortactl: what its commands share.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>

#include "client.h"

/* Documented in aortactl(8). */
enum ctl_exit { CTL_OK = 0, CTL_REFUSED = 1, CTL_USAGE = 2, CTL_UNREACHABLE = 3 };

struct ctl {
	struct client client;
	bool json;
	/* options of some commands */
	bool wait, follow, changes;
	long timeout_s; /* of --wait; 0: none */
	const char *since, *limit, *pool;
	/* what the command is about; NULL without */
	const char *target;
};

int ctl_status(const struct ctl *c);
int ctl_why(const struct ctl *c);
int ctl_events(const struct ctl *c);
int ctl_listeners(const struct ctl *c);
int ctl_metrics(const struct ctl *c);
int ctl_version(const struct ctl *c);
int ctl_reload(const struct ctl *c);
int ctl_drain(const struct ctl *c);
int ctl_maint(const struct ctl *c);
int ctl_ready(const struct ctl *c);
int ctl_probe(const struct ctl *c);

/*
 * Asks; an answer of 2xx is left in `a` and 0 is returned, everything else is told on standard
 * error (with --json the error's JSON goes to standard output) and its exit code returned.
 */
int ctl_ask(const struct ctl *c, const char *method, const char *target, struct answer *a);
/* The same, parsed; the caller owns `*out`, which is NULL unless CTL_OK is returned. */
int ctl_ask_json(const struct ctl *c, const char *method, const char *target, json_t **out);
/* "/api/v1/pools/POOL/members/MEMBER" and `tail` from POOL/MEMBER; false (told) when it is not. */
bool ctl_member_path(const struct ctl *c, const char *tail, struct buf *path);
/* Prints the whole, as it is. */
void ctl_print(const struct buf *b);
/* A JSON value on standard output, indented. */
void ctl_print_json(const json_t *j);

/* Lookups with a default: "" and 0. */
const char *ctl_text(const json_t *j, const char *key);
long long ctl_int(const json_t *j, const char *key);
double ctl_real(const json_t *j, const char *key);
bool ctl_true(const json_t *j, const char *key);
bool ctl_null(const json_t *j, const char *key);
/* "14:02:11" of an RFC 3339 time; the date too when it is not that of `now` (""). */
const char *ctl_clock(const char *time, char out[32]);
/* "4m 10s" */
void ctl_put_ms(struct buf *b, long long ms);

#endif
