/* SPDX-License-Identifier: MIT */
/*
 * The words of evidence: names from the tables in the header, and the one sentence that page,
 * API, aortactl and log all show. Pure; any thread; owns nothing.
 */
#include "aorta/evidence.h"

#include <string.h>

/* ---- names ---- */

struct word {
	const char *name;
	const char *text;
	bool yes; /* serves, or passed */
};

static const struct word states[] = {
#define X(name, text, serves) { #name, text, serves },
	MEMBER_STATES(X)
#undef X
};

static const struct word codes[] = {
#define X(name, code, passed, text) { code, text, passed },
	PROBE_CODES(X)
#undef X
};

static const struct word sources[] = {
#define X(name, text) { #name, text, false },
	EVIDENCE_SOURCES(X)
#undef X
};

static const struct word phases[] = {
#define X(name, text) { #name, text, false },
	EVIDENCE_PHASES(X)
#undef X
};

static const struct word unknown = { "?", "?", false };

/* A value from outside the enum (a damaged record) is shown, not followed. */
#define LOOK_UP(table, i)                                                                          \
	((size_t)(i) < sizeof(table) / sizeof((table)[0]) ? &(table)[(size_t)(i)] : &unknown)

const char *member_state_name(enum member_state s)
{
	return LOOK_UP(states, s)->name;
}

const char *member_state_text(enum member_state s)
{
	return LOOK_UP(states, s)->text;
}

bool member_state_serves(enum member_state s)
{
	return LOOK_UP(states, s)->yes;
}

const char *probe_code_name(enum probe_code c)
{
	return LOOK_UP(codes, c)->name;
}

const char *probe_code_text(enum probe_code c)
{
	return LOOK_UP(codes, c)->text;
}

bool probe_code_passed(enum probe_code c)
{
	return LOOK_UP(codes, c)->yes;
}

const char *evidence_source_name(enum evidence_source s)
{
	return LOOK_UP(sources, s)->name;
}

const char *evidence_source_text(enum evidence_source s)
{
	return LOOK_UP(sources, s)->text;
}

const char *evidence_phase_text(enum evidence_phase p)
{
	return LOOK_UP(phases, p)->text;
}

const char *errno_name(int sys_errno)
{
	const char *name = sys_errno ? strerrorname_np(sys_errno) : "";

	return name ? name : "errno?";
}

/* ---- one finding ---- */

/* " after 0.2ms": tenths while they matter; nothing when it was not measured. */
static void put_time(struct buf *b, const char *word, int64_t us)
{
	if (us <= 0)
		return;
	buf_printf(b, " %s ", word);
	if (us < 50)
		buf_puts(b, "<0.1ms");
	else if (us < 9950)
		buf_printf(b, "%.1fms", (double)us / 1e3);
	else
		buf_duration_us(b, us);
}

/* "connection refused (ECONNREFUSED)", without the capital that would stand in mid-sentence. */
static void put_errno(struct buf *b, int sys_errno)
{
	const char *text = strerrordesc_np(sys_errno);

	if (!text) {
		buf_printf(b, "error %d", sys_errno);
		return;
	}
	if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z') {
		buf_putc(b, (char)(text[0] | 0x20));
		text++;
	}
	buf_printf(b, "%s (%s)", text, errno_name(sys_errno));
}

static bool timed_out(enum probe_code c)
{
	return c == CODE_L4TOUT || c == CODE_L6TOUT || c == CODE_L7TOUT;
}

/* An answer came and was not the right one: told by the difference, not by the phase. */
static bool is_mismatch(const struct finding *f)
{
	return f->code == CODE_L7STS ||
	       (f->code == CODE_L7RSP && f->expected[0] != '\0' && f->got[0] != '\0');
}

static void put_mismatch(struct buf *b, const struct finding *f)
{
	if (f->expected[0])
		buf_printf(b, "expected %s, ", f->expected);
	if (f->got[0])
		buf_printf(b, "got %s", f->got);
	else if (f->status)
		buf_printf(b, "got %u", f->status);
	else
		buf_puts(b, f->expected[0] ? "got nothing" : probe_code_text(f->code));
	put_time(b, "in", f->total_us);
}

/* What stopped it: "connection refused (ECONNREFUSED) after 0.2ms". */
static void put_cause(struct buf *b, const struct finding *f)
{
	if (timed_out(f->code)) {
		buf_puts(b, "timed out");
	} else if (f->sys_errno) {
		put_errno(b, f->sys_errno);
	} else if (f->got[0]) {
		buf_printf(b, "got %s", f->got);
	} else {
		buf_puts(b, probe_code_text(f->code));
	}
	put_time(b, "after", f->total_us);
	/* A network that is well and a program that is not: worth telling apart. */
	if (f->code == CODE_L7TOUT && f->connect_us > 0) {
		buf_puts(b, " (connected");
		put_time(b, "in", f->connect_us);
		buf_putc(b, ')');
	}
}

static void put_failure(struct buf *b, const struct finding *f)
{
	buf_puts(b, "failed");
	if (evidence_phase_text(f->phase)[0])
		buf_printf(b, " at %s", evidence_phase_text(f->phase));
	buf_puts(b, ": ");
	if (f->code == CODE_SOCKERR && f->sys_errno)
		buf_puts(b, "local socket error: ");
	put_cause(b, f);
}

static void put_pass(struct buf *b, const struct finding *f)
{
	buf_printf(b, "passed (%s", probe_code_name(f->code));
	if (f->status)
		buf_printf(b, ", %u", f->status);
	put_time(b, "in", f->total_us);
	buf_putc(b, ')');
}

void finding_sentence(struct buf *b, const struct finding *f)
{
	if (f->code == CODE_UNK)
		buf_puts(b, probe_code_text(f->code));
	else if (probe_code_passed(f->code))
		put_pass(b, f);
	else if (is_mismatch(f))
		put_mismatch(b, f);
	else
		put_failure(b, f);
}

/* ---- records ---- */

static bool decided(const struct evidence *e)
{
	return e->needed > 1 && e->streak >= e->needed;
}

/* "3 of 3 readiness probes", "17 readiness probes in a row", "readiness probe" */
static void put_probes(struct buf *b, const struct evidence *e)
{
	const char *what = evidence_source_text(e->source);

	if (decided(e) && e->streak == e->needed)
		buf_printf(b, "%u of %u %ss", e->streak, e->needed, what);
	else if (e->streak > 1 && e->streak >= e->needed)
		buf_printf(b, "%u %ss in a row", e->streak, what);
	else
		buf_puts(b, what);
}

static void probe_sentence(struct buf *b, const struct evidence *e)
{
	const struct finding *f = &e->finding;

	put_probes(b, e);
	if (!is_mismatch(f))
		buf_putc(b, ' ');
	else
		buf_puts(b, e->streak >= e->needed ? " failed: " : ": ");
	finding_sentence(b, f);
	if (e->streak < e->needed)
		buf_printf(b, " (%u of %u)", e->streak, e->needed);
}

/* "3 connections in a row failed under traffic: connection refused (ECONNREFUSED); ..." */
static void traffic_sentence(struct buf *b, const struct evidence *e)
{
	if (e->streak > 1)
		buf_printf(b, "%u connections in a row failed under traffic: ", e->streak);
	else
		buf_puts(b, "a connection failed under traffic: ");
	put_cause(b, &e->finding);
	if (e->streak < e->needed)
		buf_printf(b, " (%u of %u)", e->streak, e->needed);
	else
		buf_puts(b, e->transition ? "; taken out" : "; probing at once");
}

static const char *order_of(enum member_state to)
{
	return to == MEMBER_DRAINING ? "drain" : to == MEMBER_MAINT ? "maint" : "ready";
}

/* What the file did to a member whose record has no note. */
static const char *config_text(enum member_state to)
{
	switch (to) {
	case MEMBER_CHECKING:
		return "in the configuration, not judged yet";
	case MEMBER_UP:
		return "in the configuration, with nothing to judge it";
	case MEMBER_DRAINING:
		return "taken out of the configuration, finishes what it has";
	default:
		return "changed by the configuration";
	}
}

static void put_note(struct buf *b, const char *before, const struct evidence *e, const char *after)
{
	if (e->note[0])
		buf_printf(b, "%s%s%s", before, e->note, after);
}

void evidence_sentence(struct buf *b, const struct evidence *e)
{
	switch (e->source) {
	case SOURCE_ADMIN:
		buf_printf(b, "operator ordered %s", order_of(e->to));
		put_note(b, " (", e, ")");
		break;
	case SOURCE_CONFIG:
		if (e->note[0])
			put_note(b, "configuration: ", e, "");
		else
			buf_puts(b, config_text(e->to));
		break;
	case SOURCE_TRAFFIC:
		traffic_sentence(b, e);
		put_note(b, "; ", e, "");
		break;
	default:
		probe_sentence(b, e);
		put_note(b, "; ", e, "");
		break;
	}
}
