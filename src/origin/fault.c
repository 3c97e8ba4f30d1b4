/* SPDX-License-Identifier: MIT */
/*
 * The list of faults of a port: made from a command's query, asked once a request. The port owns
 * its list; a fault owns its raw bytes. No descriptor, no clock, no log.
 */
#include "fault.h"

#include "aorta/assert.h"
#include "request.h"

static const struct {
	const char *word, *params, *text;
} faults[FAULT_COUNT] = {
#define X(name, word, params, text) { word, params, text },
	FAULTS(X)
#undef X
};

static const char *const scopes[SCOPE_COUNT] = {
#define X(name, word, text) word,
	SCOPES(X)
#undef X
};

static const char *const places[] = { "request", "head", "body", "idle" };

const char *fault_word(enum fault_kind k)
{
	return faults[k].word;
}

const char *fault_params(enum fault_kind k)
{
	return faults[k].params;
}

const char *fault_text(enum fault_kind k)
{
	return faults[k].text;
}

const char *scope_word(enum scope s)
{
	return scopes[s];
}

/* The place of `value` in `words`; -1 when it is none of them. */
static int word_index(struct slice value, const char *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (slice_eq(value, slice_str(words[i])))
			return (int)i;
	return -1;
}

static bool number_in(struct slice text, int64_t least, int64_t most, int64_t *out)
{
	bool negative = text.n && text.p[0] == '-';
	uint64_t value;

	if (negative)
		text = slice_of(text.p + 1, text.n - 1);
	if (!slice_u64(text, &value) || value > INT64_MAX)
		return false;
	*out = negative ? -(int64_t)value : (int64_t)value;
	return *out >= least && *out <= most;
}

/* Of the one number that a kind takes. */
static const struct number_rule {
	const char *key; /* NULL: the kind takes none */
	int64_t least, most;
	const char *error;
} numbers[FAULT_COUNT] = {
	[FAULT_STATUS] = { "code", 200, 599, "code: expected 200..599" },
	[FAULT_DELAY] = { "ms", 1, 3600000, "ms: expected 1..3600000" },
	[FAULT_TRICKLE] = { "rate", 1, 1000000000, "rate: expected 1..1000000000 bytes a second" },
	[FAULT_LENGTH] = { "by", -1000000, 1000000, "by: expected -1000000..1000000" },
	[FAULT_EXTRA] = { "bytes", 1, 65536, "bytes: expected 1..65536" },
};

static const char *parse_common(struct fault *f, struct slice query)
{
	struct slice value;
	int i;

	f->left = -1;
	if (query_get(query, "count", &value) && !number_in(value, 1, INT64_MAX, &f->left))
		return "count: expected a number from 1";
	if (query_get(query, "scope", &value)) {
		i = word_index(value, scopes, SCOPE_COUNT);
		if (i < 0)
			return "scope: expected all, traffic or health";
		f->scope = (enum scope)i;
	}
	return NULL;
}

static const char *parse_at(struct fault *f, struct slice query)
{
	unsigned n = f->kind == FAULT_CLOSE ? 4 : 3;
	struct slice value;
	int i;

	if (!query_get(query, "at", &value))
		return NULL;
	i = word_index(value, places, n);
	if (i < 0)
		return n == 4 ? "at: expected request, head, body or idle"
			      : "at: expected request, head or body";
	f->at = (enum fault_at)i;
	return NULL;
}

static const char *parse_own(struct fault *f, struct slice query)
{
	const struct number_rule *rule = &numbers[f->kind];
	struct slice value;

	if (rule->key && (!query_get(query, rule->key, &value) ||
			  !number_in(value, rule->least, rule->most, &f->number)))
		return rule->error;
	if (f->kind == FAULT_RESET || f->kind == FAULT_CLOSE)
		return parse_at(f, query);
	if (f->kind == FAULT_RAW) {
		f->then_close = true;
		if (!query_get(query, "then", &value))
			return NULL;
		f->then_close = slice_eq(value, SLICE_LIT("close"));
		if (!f->then_close && !slice_eq(value, SLICE_LIT("keep")))
			return "then: expected keep or close";
	}
	return NULL;
}

static void fault_remove(struct fault_list *l, unsigned i)
{
	buf_fini(&l->at[i].raw);
	memmove(&l->at[i], &l->at[i + 1], (l->n - i - 1) * sizeof(l->at[0]));
	l->n--;
}

const char *fault_add(struct fault_list *l, enum fault_kind kind, struct slice query,
		      struct slice body)
{
	struct fault f = { .kind = kind };
	const char *error = parse_common(&f, query);

	if (!error)
		error = parse_own(&f, query);
	if (error)
		return error;
	if (kind == FAULT_RAW && body.n == 0)
		return "raw: expected the answer as the body of a POST";
	for (unsigned i = 0; i < l->n; i++) {
		if (l->at[i].kind == kind && l->at[i].scope == f.scope) {
			fault_remove(l, i);
			break;
		}
	}
	if (l->n == FAULTS_MAX)
		return "too many faults at once: clear them with normal";
	buf_init(&f.raw);
	buf_slice(&f.raw, body);
	l->at[l->n++] = f;
	return NULL;
}

void fault_clear(struct fault_list *l)
{
	while (l->n)
		fault_remove(l, l->n - 1);
}

static bool in_scope(enum scope s, bool is_health)
{
	return s == SCOPE_ALL || (s == SCOPE_HEALTH) == is_health;
}

void fault_take(struct fault_list *l, bool is_health, struct fault_set *out)
{
	*out = (struct fault_set){ { NULL } };
	for (unsigned i = l->n; i-- > 0;)
		if (l->at[i].left == 0)
			fault_remove(l, i);
	for (unsigned i = 0; i < l->n; i++) {
		struct fault *f = &l->at[i];

		if (!in_scope(f->scope, is_health) || out->by_kind[f->kind])
			continue;
		out->by_kind[f->kind] = f;
		if (f->left > 0)
			f->left--;
	}
}

void fault_json(const struct fault_list *l, struct buf *out)
{
	const char *comma = "";

	buf_putc(out, '[');
	for (unsigned i = 0; i < l->n; i++) {
		const struct fault *f = &l->at[i];

		if (f->left == 0)
			continue;
		buf_printf(out,
			   "%s{\"fault\":\"%s\",\"scope\":\"%s\",\"number\":%lld,\"left\":%lld}",
			   comma, faults[f->kind].word, scopes[f->scope], (long long)f->number,
			   (long long)f->left);
		comma = ",";
	}
	buf_putc(out, ']');
}
