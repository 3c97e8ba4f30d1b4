/* SPDX-License-Identifier: MIT */
/*
 * The admin side: what people and machines read and order. An HTTP server on the control
 * thread's loop, on TCP addresses and a Unix socket, with the page, the API and the metrics;
 * and the history of evidence behind them.
 *
 * Reads are open on loopback addresses and on the Unix socket; on other addresses they need the
 * token (also as the password of HTTP Basic, so that a browser can read the page). Changes are
 * open on the Unix socket (its file mode decides who) and need the token everywhere else
 * ("Authorization: Bearer TOKEN"). The bare ok or not of /livez and /readyz is open to all: the
 * balancers and kubelets that ask for it carry no token.
 *
 * Everything here runs on the control thread, whose loop it never blocks.
 */
#ifndef AORTA_ADMIN_H
#define AORTA_ADMIN_H

#include <ev.h>

#include "aorta/conf.h"
#include "aorta/epoch.h"
#include "aorta/health.h"
#include "aorta/pool.h"

struct admin;

/* One line of /readyz and /livez. */
struct admin_check {
	const char *name; /* "workers", "health", "listeners", "pool:web" */
	bool live;	  /* belongs to /livez too */
	bool ok;
	char detail[128]; /* why not, or a figure */
};
#define ADMIN_CHECKS_MAX 64

/* What the process is doing; filled by the daemon on demand. */
struct admin_process {
	const char *version;
	int pid;
	unsigned workers;
	int64_t started_wall_us;
	bool stopping; /* SIGTERM was taken: accepting nothing new */
	int64_t stop_deadline_mono_us;
	uint64_t log_dropped; /* lines */
	uint64_t reloads, reloads_failed;
	int64_t last_reload_wall_us; /* 0: never */
	char last_reload_error[256]; /* "" when the last one went well */
	uint64_t connections;	     /* client connections now */
};

struct admin_ops {
	void *ctx;
	const struct generation *(*generation)(void *ctx); /* in force; borrowed for this turn */
	void (*process)(void *ctx, struct admin_process *out);
	unsigned (*checks)(void *ctx, struct admin_check *out, unsigned cap);
	/* Begins an order; its end comes by admin_ordered() with the same tag. */
	void (*order)(void *ctx, uint64_t tag, struct member *m, enum admin_state to,
		      const char *who);
	void (*probe_now)(void *ctx, uint64_t tag, struct member *m);
	/* 0: the new configuration is in force; -1: the old one stays. `report` says what changed
	 * or what is wrong, for people. */
	int (*reload)(void *ctx, struct buf *report);
	const struct health_stats *(*health)(void *ctx);
};

/*
 * Keeps the last `history` transitions and as many findings between them. NULL: out of memory.
 * Borrows loop and ops. `reader` is entered and left around each use of reports and views; NULL
 * when the owner of the loop marks its turns already.
 */
struct admin *admin_new(struct ev_loop *loop, const struct admin_ops *ops,
			struct epoch_reader *reader, unsigned history);
/*
 * Listens as configured; addresses that stay the same stay open. On failure nothing has changed
 * and `e` says which address and why. A stale Unix socket file is replaced, a live one refused.
 */
int admin_configure(struct admin *a, const struct conf_admin *conf, struct err *e);
void admin_free(struct admin *a); /* closes all, removes the socket file */
/* The i-th TCP address as bound (the port in place of 0), or NULL. Borrowed until reconfigured. */
const struct addr *admin_bound(const struct admin *a, unsigned i);

/* Control thread: one more record for the history (copied). */
void admin_evidence(struct admin *a, const struct evidence *e);
/* Control thread: the order with this tag is done; `error` NULL, or why not. */
void admin_ordered(struct admin *a, uint64_t tag, const char *error);

#endif
