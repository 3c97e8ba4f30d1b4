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
/*
 * Memory for backtracking points: with JIT some 64 bytes for each turn of a group such as (a|b)*,
 * so that one runs over 100k of a body; the default of 32k ends after a few hundred turns. It is
 * address space until a match needs it.
 */
#define STACK_START_BYTES 32768
#define STACK_MAX_BYTES	  (8u << 20)
#define HEAP_LIMIT_KIB	  65536 /* the same without JIT, whose frames are larger */

struct pattern {
	pcre2_code *code; /* owns */
	char *source;	  /* owns */
};

static _Thread_local pcre2_match_data *thread_match;
static _Thread_local pcre2_match_context *thread_context;
static _Thread_local pcre2_jit_stack *thread_stack;

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

/* With a NUL behind; strndup() would stop at one inside. */
static char *copy_bytes(struct slice s)
{
	char *copy = s.n < SIZE_MAX ? malloc(s.n + 1) : NULL;

	if (!copy)
		return NULL;
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

struct pattern *pattern_new(struct slice source, struct err *e)
{
	struct pattern *p = calloc(1, sizeof(*p));

	if (p)
		p->source = copy_bytes(source);
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
	if (!thread_context)
		thread_context = pcre2_match_context_create(NULL);
	if (!thread_context)
		return false;
	pcre2_set_match_limit(thread_context, MATCH_LIMIT);
	pcre2_set_heap_limit(thread_context, HEAP_LIMIT_KIB);
	/* NULL (no memory, or no JIT) leaves the small default. */
	if (!thread_stack)
		thread_stack = pcre2_jit_stack_create(STACK_START_BYTES, STACK_MAX_BYTES, NULL);
	pcre2_jit_stack_assign(thread_context, NULL, thread_stack);
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
	pcre2_jit_stack_free(thread_stack);
	thread_stack = NULL;
	thread_match = NULL;
	thread_context = NULL;
}

const char *pattern_source(const struct pattern *p)
{
	return p->source;
}
