/* SPDX-License-Identifier: MIT */
/*
 * The step engine of probes. It owns the descriptor, the watchers, the one timer and the buffers
 * of each run, and frees them all before it reports. Health thread only. It must never block, and
 * must never know a protocol: steps say what to send and judge what came.
 *
 * A probe's connection is its own. One that the member did not close first is reset, so that no
 * port stays behind in TIME_WAIT for each probe (anchors: connection-per-probe).
 */
#include "health/step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "aorta/sock.h"
#include "health/text.h"

#define STEP_RUN_MAGIC 0x73746570u

/* Bytes taken from a socket at once; a usual answer to a probe comes in one. */
#define READ_BYTES 16384
/* Reads within one event, so that a flood from one member does not hold up the other probes. */
#define READS_PER_EVENT 8

struct step_run {
	unsigned magic;
	struct step_target target;
	const struct probe_protocol *protocol;
	void *state; /* owns */
	/* progress */
	const struct step *step;
	bool member_closed;
	struct buf out; /* owns: what is being sent */
	size_t sent;
	struct finding finding;
	/* points in time, monotonic microseconds; 0: not reached */
	int64_t started_at, sent_at, first_byte_at;
	/* descriptor and watchers */
	int fd;
	ev_io io;
	ev_timer timer;
};

static const struct probe_protocol *const probe_protocols[] = {
	[PROBE_TCP] = &probe_tcp,
	[PROBE_HTTP] = &probe_http,
};

const struct probe_protocol *probe_protocol(enum probe_kind kind)
{
	AORTA_ASSERT((size_t)kind < ARRAY_LEN(probe_protocols));
	return probe_protocols[kind];
}

void *step_state(struct step_run *run)
{
	return run->state;
}

const struct step_target *step_target(const struct step_run *run)
{
	return &run->target;
}

struct finding *step_finding(struct step_run *run)
{
	return &run->finding;
}

void step_phase(struct step_run *run, enum evidence_phase phase)
{
	run->finding.phase = phase;
}

enum step_result step_fail(struct step_run *run, enum probe_code code, enum evidence_phase phase,
			   const char *expected, const char *got)
{
	struct finding *f = &run->finding;

	f->code = code;
	f->phase = phase;
	text_copy(f->expected, sizeof(f->expected), expected);
	text_copy(f->got, sizeof(f->got), got);
	return STEP_FAIL;
}

static enum step_result fail_errno(struct step_run *run, enum probe_code code, int sys_errno)
{
	run->finding.sys_errno = sys_errno;
	return step_fail(run, code, run->finding.phase, "", strerror(sys_errno));
}

/* ---- the end of a run ---- */

static void close_quietly(struct step_run *run)
{
	if (run->fd < 0)
		return;
	if (run->member_closed)
		(void)close(run->fd);
	else
		sock_reset(run->fd);
}

void step_cancel(struct step_run *run)
{
	AORTA_CHECK(run, STEP_RUN_MAGIC);
	ev_io_stop(run->target.loop, &run->io);
	ev_timer_stop(run->target.loop, &run->timer);
	close_quietly(run);
	buf_fini(&run->out);
	if (run->protocol->fini)
		run->protocol->fini(run->state);
	free(run->state);
	run->magic = 0;
	free(run);
}

static void finish(struct step_run *run)
{
	struct step_target target = run->target;
	struct finding f = run->finding;

	f.total_us = clock_mono_us() - run->started_at;
	step_cancel(run);
	target.done(target.owner, &f);
}

static void finish_passed(struct step_run *run)
{
	struct finding *f = &run->finding;
	char c;

	f->code = run->protocol->passed;
	f->phase = PHASE_NONE;
	if (run->first_byte_at != 0 && !run->member_closed)
		run->member_closed = recv(run->fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
	finish(run);
}

/* ---- waiting ---- */

static void watch(struct step_run *run, int events)
{
	if (ev_is_active(&run->io) && (run->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(run->target.loop, &run->io);
	ev_io_set(&run->io, run->fd, events);
	ev_io_start(run->target.loop, &run->io);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the run as it stands is too late. */
static int64_t deadline_us(const struct step_run *run)
{
	const struct conf_probe *p = run->target.conf;
	int64_t at = run->started_at + p->timeout_ms * 1000;

	if (run->step->kind == STEP_CONNECT)
		return earlier(at, run->started_at + p->connect_timeout_ms * 1000);
	if (run->step->kind == STEP_EXPECT && run->first_byte_at == 0)
		return earlier(at, run->sent_at + p->first_byte_timeout_ms * 1000);
	return at;
}

static void arm(struct step_run *run)
{
	int64_t left = deadline_us(run) - clock_mono_us();
	/* relative to the loop's idea of now, which may be a little behind */
	ev_tstamp behind = ev_time() - ev_now(run->target.loop);

	ev_timer_stop(run->target.loop, &run->timer);
	ev_timer_set(&run->timer,
		     (left > 0 ? (ev_tstamp)left / 1e6 : 0.) + (behind > 0. ? behind : 0.), 0.);
	ev_timer_start(run->target.loop, &run->timer);
}

static void fail_timeout(struct step_run *run)
{
	const struct conf_probe *p = run->target.conf;
	bool connecting = run->step->kind == STEP_CONNECT;
	bool waiting = run->step->kind == STEP_EXPECT && run->first_byte_at == 0;
	int64_t limit = p->timeout_ms;
	const char *what = "a complete answer";
	char expected[96];

	if (connecting && p->connect_timeout_ms < limit)
		limit = p->connect_timeout_ms;
	else if (waiting && p->first_byte_timeout_ms < limit)
		limit = p->first_byte_timeout_ms;
	if (connecting)
		what = "a connection";
	else if (waiting)
		what = "a first byte";
	(void)snprintf(expected, sizeof(expected), "%s within %lldms", what, (long long)limit);
	(void)step_fail(run, connecting ? CODE_L4TOUT : CODE_L7TOUT, run->finding.phase, expected,
			run->first_byte_at != 0 ? "an incomplete answer" : "nothing");
	if (connecting)
		run->finding.sys_errno = ETIMEDOUT;
	finish(run);
}

/* ---- steps ---- */

/* Failures of this machine, which say nothing about the member. */
static bool errno_is_local(int e)
{
	/* EACCES and EPERM: a local packet filter */
	return sock_is_shortage(e) || e == EACCES || e == EPERM;
}

static enum step_result fail_connect(struct step_run *run, int e)
{
	return fail_errno(run, errno_is_local(e) ? CODE_SOCKERR : CODE_L4CON, e);
}

static enum step_result connected(struct step_run *run)
{
	run->sent_at = clock_mono_us(); /* until something is sent: a member may speak first */
	run->finding.connect_us = run->sent_at - run->started_at;
	return STEP_NEXT;
}

static bool has_peer(const struct step_run *run)
{
	struct addr peer;
	socklen_t len = sizeof(peer);

	return getpeername(run->fd, &peer.sa, &len) == 0;
}

static enum step_result step_connect(struct step_run *run)
{
	int e;

	run->finding.phase = PHASE_CONNECT;
	if (run->fd < 0) {
		run->fd = sock_connect(&run->target.addr);
		if (run->fd < 0)
			return fail_connect(run, errno);
	}
	e = sock_error(run->fd);
	if (e != 0)
		return fail_connect(run, e);
	if (has_peer(run))
		return connected(run);
	watch(run, EV_WRITE);
	return STEP_MORE;
}

static enum step_result step_send(struct step_run *run)
{
	ssize_t n;

	run->finding.phase = PHASE_SEND;
	if (run->out.len == 0) {
		run->step->fill(run, &run->out);
		if (run->out.failed)
			return fail_errno(run, CODE_SOCKERR, ENOMEM);
	}
	while (run->sent < run->out.len) {
		n = send(run->fd, run->out.data + run->sent, run->out.len - run->sent,
			 MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			watch(run, EV_WRITE);
			return STEP_MORE;
		}
		if (n < 0)
			return fail_errno(run, CODE_L7RSP, errno);
		run->sent += (size_t)n;
	}
	buf_clear(&run->out);
	run->sent = 0;
	run->sent_at = clock_mono_us();
	run->first_byte_at = 0;
	run->finding.phase = PHASE_FIRST_BYTE;
	return STEP_NEXT;
}

static enum step_result take(struct step_run *run, struct slice in, bool eof)
{
	enum step_result r;

	if (!eof && run->first_byte_at == 0) {
		run->first_byte_at = clock_mono_us();
		run->finding.first_byte_us = run->first_byte_at - run->sent_at;
	}
	run->member_closed = eof;
	r = run->step->take(run, in, eof);
	if (r == STEP_MORE && eof)
		return step_fail(run, CODE_L7RSP, run->finding.phase, "a complete answer",
				 run->first_byte_at == 0 ? "connection closed without an answer"
							 : "connection closed in the middle");
	return r;
}

static enum step_result step_expect(struct step_run *run)
{
	char bytes[READ_BYTES];
	enum step_result r = STEP_MORE;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_EVENT && r == STEP_MORE; i++) {
		n = recv(run->fd, bytes, sizeof(bytes), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			return fail_errno(run, CODE_L7RSP, errno);
		r = take(run, slice_of(bytes, (size_t)n), n == 0);
	}
	if (r == STEP_MORE)
		watch(run, EV_READ);
	return r;
}

static enum step_result step_once(struct step_run *run)
{
	switch (run->step->kind) {
	case STEP_CONNECT:
		return step_connect(run);
	case STEP_SEND:
		return step_send(run);
	case STEP_EXPECT:
		return step_expect(run);
	case STEP_PASSED:
		break;
	}
	AORTA_ASSERT(!"a step that cannot be taken");
	return STEP_FAIL;
}

/* Goes on as far as it can. False: the run is over. */
static bool advance(struct step_run *run)
{
	const struct step *before = run->step;

	while (run->step->kind != STEP_PASSED) {
		switch (step_once(run)) {
		case STEP_MORE:
			if (run->step != before || run->finding.phase == PHASE_FIRST_BYTE ||
			    !ev_is_active(&run->timer))
				arm(run);
			return true;
		case STEP_NEXT:
			run->step++;
			break;
		case STEP_FAIL:
			finish(run);
			return false;
		}
	}
	finish_passed(run);
	return false;
}

/* ---- events ---- */

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)advance(CONTAINER_OF(w, struct step_run, io));
}

/*
 * Late is what did not come in time, not what this thread had no time to look at: what waits in
 * the socket still counts.
 */
static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct step_run *run = CONTAINER_OF(w, struct step_run, timer);

	if (advance(run) && clock_mono_us() >= deadline_us(run))
		fail_timeout(run);
}

static void report_no_memory(const struct step_target *target)
{
	struct finding f = { .code = CODE_SOCKERR,
			     .sys_errno = ENOMEM,
			     .connect_us = -1,
			     .first_byte_us = -1,
			     .got = "out of memory" };

	target->done(target->owner, &f);
}

static struct step_run *run_new(const struct step_target *target)
{
	struct step_run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->magic = STEP_RUN_MAGIC;
	run->target = *target;
	run->protocol = probe_protocol(target->conf->kind);
	run->state = calloc(1, run->protocol->state_bytes + 1);
	if (!run->state) {
		free(run);
		return NULL;
	}
	run->step = run->protocol->steps;
	run->fd = -1;
	run->finding.connect_us = run->finding.first_byte_us = -1;
	buf_init(&run->out);
	ev_init(&run->io, on_io);
	ev_init(&run->timer, on_timer);
	return run;
}

struct step_run *step_start(const struct step_target *target)
{
	struct step_run *run = run_new(target);

	if (!run) {
		report_no_memory(target);
		return NULL;
	}
	run->started_at = clock_mono_us();
	return advance(run) ? run : NULL;
}
