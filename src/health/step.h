/* SPDX-License-Identifier: MIT */
/*
 * The step engine: runs one probe of any protocol, private to src/health/.
 *
 * A protocol is a table of steps: connect, send what a function writes, expect until a function
 * has seen enough. The engine owns descriptor, watchers, timeouts, phases and timings; the
 * protocol owns what the bytes mean. A later protocol is a new file in probes/ and a row in
 * probe_protocols[].
 */
#ifndef AORTA_HEALTH_STEP_H
#define AORTA_HEALTH_STEP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "aorta/addr.h"
#include "aorta/buf.h"
#include "aorta/conf.h"
#include "aorta/evidence.h"
#include "aorta/slice.h"

struct step_run;

enum step_kind { STEP_CONNECT, STEP_SEND, STEP_EXPECT, STEP_PASSED };
enum step_result { STEP_MORE, STEP_NEXT, STEP_FAIL };

struct step {
	enum step_kind kind;
	/* STEP_SEND: writes what is to be sent. */
	void (*fill)(struct step_run *run, struct buf *out);
	/* STEP_EXPECT: takes what came (none of it comes again); `eof` when nothing follows. FAIL
	 * after step_fail(). MORE at the end of the stream is a broken connection. */
	enum step_result (*take)(struct step_run *run, struct slice in, bool eof);
};

struct probe_protocol {
	const char *name;
	enum probe_code passed; /* the code of success */
	size_t state_bytes;	/* of the protocol's own state, zeroed */
	const struct step *steps;
	void (*fini)(void *state); /* NULL: nothing to free */
};

extern const struct probe_protocol probe_tcp;
extern const struct probe_protocol probe_http;
/* By enum probe_kind. */
const struct probe_protocol *probe_protocol(enum probe_kind kind);

/* The run is over and frees itself after this returns; `f` is borrowed. */
typedef void step_done_fn(void *owner, const struct finding *f);

struct step_target {
	struct ev_loop *loop;
	const struct conf_probe *conf; /* borrows until the run is over */
	struct addr addr;
	const char *addr_text; /* borrows until the run is over */
	step_done_fn *done;
	void *owner;
};

/*
 * Starts a probe. Returns the run, or NULL when it is over already (done() has been called, out
 * of memory included).
 */
struct step_run *step_start(const struct step_target *target);
/* Ends a run without a result: done() is not called. */
void step_cancel(struct step_run *run);

/* For protocols. */
void *step_state(struct step_run *run);
const struct step_target *step_target(const struct step_run *run);
struct finding *step_finding(struct step_run *run); /* status, ... */
void step_phase(struct step_run *run, enum evidence_phase phase);
/* States the failure; the texts are made printable and cut. Returns STEP_FAIL. */
enum step_result step_fail(struct step_run *run, enum probe_code code, enum evidence_phase phase,
			   const char *expected, const char *got);

#endif
