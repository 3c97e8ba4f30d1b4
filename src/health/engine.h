/* SPDX-License-Identifier: MIT */
/*
 * The engine's inside, shared by the files of src/health/ that do I/O and publish: the engine,
 * the members under its watch, and their probes. All on the health thread.
 *
 *   engine.c   the object, its timers, admission of probes
 *   adopt.c    a generation becomes what is watched
 *   orders.c   what others mail: orders, passive findings, probe now
 *   watched.c  one member: verdict, transitions, evidence, report
 *   target.c   one probe of one member: counter, schedule, result
 *   publish.c  views, eligibility and the callbacks that follow
 */
#ifndef AORTA_HEALTH_ENGINE_H
#define AORTA_HEALTH_ENGINE_H

#include <ev.h>

#include "aorta/health.h"
#include "aorta/heap.h"
#include "aorta/list.h"
#include "aorta/mailbox.h"
#include "aorta/rng.h"
#include "health/rise_fall.h"
#include "health/schedule.h"
#include "health/step.h"
#include "health/verdict.h"

#define HEALTH_MAGIC  0x6865616cu
#define WATCHED_MAGIC 0x77617463u

/* What a target is doing. */
enum target_state {
	TARGET_OFF,	/* no such probe */
	TARGET_HELD,	/* waits for the startup probe to pass */
	TARGET_WAITING, /* in a heap */
	TARGET_RUNNING,
	TARGET_PASSED, /* startup: has passed, and is not run again */
};

/* Traffic has doubted a member; how far the readiness probe is with an answer. */
enum recheck {
	RECHECK_NONE,
	RECHECK_AFTER, /* one that began before runs: another follows if it passes */
	RECHECK_DUE,   /* the next one answers */
};

/* One probe of one member. */
struct target {
	struct watched *owner; /* borrows: embeds it */
	enum probe_role role;
	enum target_state state;
	const struct conf_probe *conf; /* borrows from the generation in force; NULL: TARGET_OFF */
	struct rise_fall counter;
	struct rng rng;
	/* schedule */
	struct heap_node node; /* due, monotonic microseconds */
	bool urgent;	       /* somebody waits for it: decides the heap */
	int64_t started_mono_us;
	struct step_run *run; /* owns while RUNNING */
	/* results */
	unsigned streak;
	uint64_t runs, failures;
	int64_t last_wall_us, last_good_wall_us;
	struct finding last;
};

/* One member under watch. */
struct watched {
	unsigned magic;
	struct health *health; /* borrows */
	struct member *member; /* borrows until released */
	struct pool *pool;     /* borrows from the generation in force; NULL when removed */
	unsigned index;	       /* in the pool */
	unsigned serial;       /* generation that named it last */
	struct target targets[PROBE_ROLES];
	/* operator and file */
	enum admin_state admin;
	bool removed;
	int64_t drain_timeout_ms;
	int64_t drain_deadline_mono_us;
	/* traffic */
	enum recheck recheck;
	struct finding suspicion; /* what traffic saw */
	bool suspicion_recorded;
	int64_t traffic_record_at; /* monotonic microseconds of the last record of that kind */
	int64_t recheck_at;	   /* of the last recheck's end */
	/* state */
	enum member_state state;
	bool judged; /* has ever had a verdict */
	int64_t since_wall_us, since_mono_us;
	uint64_t transitions;
	struct evidence why;
	/* publication */
	bool in_view; /* the published view has it as serving */
	/* links */
	struct list link;     /* health.all */
	struct list out_link; /* health.outs: member_out() is to be called */
	struct list tags;     /* owns: orders to probe now that wait */
};

enum health_state { HEALTH_RUNNING, HEALTH_STOPPED };

struct adopt_mail {
	struct mail mail;
	struct generation *g;
	struct list link; /* health.adopting */
};

struct health {
	unsigned magic;
	struct ev_loop *loop; /* borrows */
	struct epoch *epoch;  /* borrows */
	struct health_ops ops;
	uint64_t seed;
	enum health_state state;
	/* what is watched */
	struct generation *g;	  /* borrows: in force; NULL before the first */
	unsigned serial;	  /* of adoptions */
	struct list all;	  /* owns the watched */
	struct watched **by_slot; /* owns the array */
	unsigned n_slots;
	struct list adopting; /* owns: generations for which memory was missing so far */
	/* publication */
	bool *dirty; /* owns: by pool, a new view is due */
	unsigned n_dirty;
	uint64_t view_serial;
	uint64_t evidence_id;
	struct list outs;
	/* probes */
	struct heap due;    /* targets that nobody waits for */
	struct heap urgent; /* and those that somebody does: no queue of the others delays them */
	uint64_t running;
	int64_t late_us_max; /* this second's */
	/* watchers */
	struct mailbox mailbox;
	ev_timer due_timer;
	ev_timer beat;
	ev_prepare prepare;
	struct health_stats stats;
};

/* engine.c */
/* The member's place, if it is watched still; looks at the pointer, never behind it. */
struct watched *health_find(const struct health *h, const struct member *m, unsigned slot);

/* adopt.c */
void adopt_mail_run(struct mail *m, void *owner);
/* Goes on with generations for which memory was missing. */
void adopt_pending(struct health *h);

/* watched.c */
struct watched *watched_new(struct health *h, struct member *m);
/* Cancels what runs; tells those who wait. */
void watched_free(struct watched *w);
/* Settings from the generation in force. `i` of `n` new members, for the start spread. */
void watched_configure(struct watched *w, const struct conf_pool *conf, unsigned i, unsigned n);
/* An evidence record with place, time and source set, for watched_judge(). */
struct evidence watched_evidence(const struct watched *w, enum evidence_source source);
/*
 * Computes the state anew. A change is recorded with `e` as its reason and marked for
 * publication; without a change `e` is recorded when it is `notable`.
 */
void watched_judge(struct watched *w, struct evidence *e, bool notable);
/* Publishes a report of all that is known. */
void watched_report(struct watched *w);
/* Probes that wait for startup, or wait no longer. */
void watched_gate(struct watched *w);
struct verdict watched_verdict(const struct watched *w);
enum evidence_source source_of_role(enum probe_role role);

/* target.c */
void target_init(struct target *t, struct watched *owner, enum probe_role role);
void target_fini(struct target *t);
void target_configure(struct target *t, const struct conf_probe *conf, bool inherit_up,
		      int64_t first_us);
/* Stops what runs or waits; the target stays in `to`. */
void target_stop(struct target *t, enum target_state to);
/* Runs at the latest at `at`. */
void target_due(struct target *t, int64_t at, bool urgent);
/* Admission is done: runs now. */
void target_start(struct target *t);
enum role_verdict target_verdict(const struct target *t);
void target_report(const struct target *t, struct role_report *r);

/* orders.c */
/* Answers everybody who waits for a probe of `w`. */
void orders_answer(struct watched *w, const char *error);

/* publish.c */
void publish_dirty(struct health *h, struct watched *w);
/* New views for all pools that need one, then the callbacks. */
void publish_flush(struct health *h);
void publish_evidence(struct health *h, struct evidence *e);
void publish_report(struct health *h, struct member *m, struct member_report *r);

#endif
