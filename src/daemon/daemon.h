/* SPDX-License-Identifier: MIT */
/*
 * The daemon: all threads and what ties them together. Everything here is the control thread's;
 * the other threads reach it by mail alone.
 */
#ifndef AORTA_DAEMON_DAEMON_H
#define AORTA_DAEMON_DAEMON_H

#include <ev.h>
#include <pthread.h>

#include "aorta/admin.h"
#include "aorta/epoch.h"
#include "aorta/health.h"
#include "aorta/list.h"
#include "aorta/mailbox.h"
#include "aorta/registry.h"
#include "aorta/worker.h"
#include "daemon/log_thread.h"

/* Marks the turns of a loop for the epochs. */
struct turn {
	struct epoch_reader *reader; /* borrows from the epoch domain */
	ev_prepare prepare;
	ev_check check;
};

struct health_thread {
	pthread_t thread;
	bool started;
	struct ev_loop *loop; /* owns */
	struct mailbox mailbox;
	struct turn turn;
	struct health *health; /* owns */
	struct log_ring *ring;
};

struct worker_thread {
	pthread_t thread;
	bool started;
	struct worker *worker; /* owns */
};

struct daemon {
	const char *file; /* of the configuration */
	/* loop */
	struct ev_loop *loop; /* owns */
	struct mailbox mailbox;
	struct turn turn;
	ev_signal sigterm, sigint, sighup, sigusr1;
	ev_timer reclaim;
	/* parts, all owned */
	struct epoch *epoch;
	struct registry *registry;
	struct log_thread *log;
	struct admin *admin;
	struct health_thread health;
	struct worker_thread *workers;
	unsigned n_workers;
	/* state */
	struct generation *generation; /* in force */
	struct generation *judged;     /* that health looks at */
	struct list handovers;	       /* owns; committed, and waiting for health's first views */
	bool stopping;
	int64_t stop_deadline;
	unsigned workers_stopped;
	uint64_t cut;
	int64_t started_wall_us;
	uint64_t reloads, reloads_failed;
	int64_t last_reload_wall_us;
	char last_reload_error[256];
};

/* daemon.c: boots, runs until stopped, and returns the process's exit status. */
int daemon_run(const char *file);
/* SIGTERM, or the end of the grace when it is called again. */
void daemon_stop(struct daemon *d);

/* turn.c */
void turn_start(struct turn *t, struct ev_loop *loop, struct epoch_reader *reader);
void turn_stop(struct turn *t, struct ev_loop *loop);

/* health_thread.c: the health engine, its thread, and its voice. */
int health_thread_prepare(struct daemon *d, struct err *e);
int health_thread_start(struct daemon *d, struct err *e);
void health_thread_stop(struct daemon *d);
/* From a worker's thread: `m` is forgotten there. Goes through the health thread, so that what
 * the worker told it about the member before is behind us when the control thread hears of it. */
void health_thread_member_left(struct daemon *d, struct member *m);

/* worker_threads.c */
int worker_threads_prepare(struct daemon *d, unsigned max_connections, struct err *e);
int worker_threads_start(struct daemon *d, struct err *e);
void worker_threads_join(struct daemon *d);
void worker_threads_free(struct daemon *d);

/* reload.c */
/* Puts `conf` in force, which it takes. -1 and `e`: nothing has changed. */
int reload_commit(struct daemon *d, struct conf *conf, struct buf *report, struct err *e);
/* Reads the file again. 0: in force; -1: the old one stays. `report` says what changed or why. */
int reload_file(struct daemon *d, struct buf *report);
/* Health has adopted `g`: the workers get it, with its sockets. */
void reload_hand_over(struct daemon *d, struct generation *g);
/* At the end: what was never handed over. */
void reload_drop_handovers(struct daemon *d);
/* One thread has done with `g`. */
void reload_generation_left(struct daemon *d, struct generation *g);

/* control_mail.c: how the other threads speak to the control thread. */
void post_evidence(struct daemon *d, const struct evidence *e);
void post_ordered(struct daemon *d, uint64_t tag, const char *error);
void post_adopted(struct daemon *d, struct generation *g);
void post_released(struct daemon *d, struct member *m);
void post_member_left(struct daemon *d, struct member *m);
void post_generation_left(struct daemon *d, struct generation *g);
void post_worker_stopped(struct daemon *d, uint64_t cut);

/* status.c: what the admin side asks of us. */
extern const struct admin_ops status_ops;

#endif
