/* SPDX-License-Identifier: MIT */
/*
 * The only file that touches PCRE2. A pattern owns its compiled code; each thread has one match
 * block of its own, made at its first match and kept for its life. Matching never fails upward:
 * what goes over the limits does not match.
 */
#include "aorta/pattern.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Steps of backtracking for one match: some milliseconds at worst, far over any sane pattern. */
#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000

struct pattern {
	pcre2_code *code; /* owns */
	char *source;	  /* owns */
};

static _Thread_local pcre2_match_data *thread_match;
static _Thread_local pcre2_match_context *thread_context;

static int compile(struct pattern *p, struct slice source, struct err *e)
{
	unsigned char reason[160] = "";
	PCRE2_SIZE offset = 0;
	int code = 0;

	p->code = pcre2_compile((PCRE2_SPTR)source.p, source.n, PCRE2_NO_AUTO_CAPTURE, &code,
				&offset, NULL);
	if (!p->code) {
		pcre2_get_error_message(code, reason, sizeof(reason));
		return err_set(e, ERR_CONFIG, "bad pattern at its character %zu: %s", offset + 1,
			       (const char *)reason);
	}
	/* Without JIT (not built in, or no executable memory) matching is slower, not wrong. */
	pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	return 0;
}

struct pattern *pattern_new(struct slice source, struct err *e)
{
	struct pattern *p = calloc(1, sizeof(*p));

	if (p)
		p->source = strndup(source.n ? source.p : "", source.n);
	if (!p || !p->source) {
		err_set(e, ERR_MEMORY, "out of memory");
		pattern_free(p);
		return NULL;
	}
	if (compile(p, slice_of(p->source, source.n), e) < 0) {
		pattern_free(p);
		return NULL;
	}
	return p;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	free(p->source);
	free(p);
}

static bool thread_prepare(void)
{
	if (thread_match)
		return true;
	thread_context = pcre2_match_context_create(NULL);
	if (!thread_context)
		return false;
	pcre2_set_match_limit(thread_context, MATCH_LIMIT);
	pcre2_set_depth_limit(thread_context, DEPTH_LIMIT);
	thread_match = pcre2_match_data_create(1, NULL);
	return thread_match != NULL;
}

bool pattern_match(const struct pattern *p, struct slice subject)
{
	if (!thread_prepare())
		return false;
	return pcre2_match(p->code, (PCRE2_SPTR)(subject.n ? subject.p : ""), subject.n, 0, 0,
			   thread_match, thread_context) >= 0;
}

void pattern_thread_done(void)
{
	pcre2_match_data_free(thread_match);
	pcre2_match_context_free(thread_context);
	thread_match = NULL;
	thread_context = NULL;
}

const char *pattern_source(const struct pattern *p)
{
	return p->source;
}
