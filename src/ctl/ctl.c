/* SPDX-License-Identifier: MIT */
/*
 * What the commands of aortactl share: asking with errors told in one form, and reading the
 * answers' JSON. One thread; the caller owns what it is given.
 */
#include "ctl.h"

#include <stdio.h>

void ctl_print(const struct buf *b)
{
	if (b->len > 0)
		fwrite(b->data, 1, b->len, stdout);
}

void ctl_print_json(const json_t *j)
{
	json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
}

/* An error of the API in words: {"error": ..., "hint": ..., "report": ...}. */
static void tell_error(const struct ctl *c, const struct answer *a)
{
	json_t *j = json_loadb(buf_cstr(&a->body), a->body.len, 0, NULL);

	if (c->json) {
		ctl_print(&a->body);
	} else if (j == NULL || ctl_null(j, "error")) {
		fprintf(stderr, "aortactl: aorta answered %u\n", a->status);
	} else {
		fprintf(stderr, "aortactl: %s\n", ctl_text(j, "error"));
		if (!ctl_null(j, "hint"))
			fprintf(stderr, "%s\n", ctl_text(j, "hint"));
		if (!ctl_null(j, "report"))
			fprintf(stderr, "%s", ctl_text(j, "report"));
	}
	json_decref(j);
}

int ctl_ask(const struct ctl *c, const char *method, const char *target, struct answer *a)
{
	struct buf why;
	int rc;

	buf_init(&why);
	rc = client_ask(&c->client, method, target, a, &why);
	if (rc != 0)
		fprintf(stderr, "aortactl: %s\n", buf_cstr(&why));
	buf_fini(&why);
	if (rc != 0)
		return CTL_UNREACHABLE;
	if (a->status / 100 == 2)
		return CTL_OK;
	tell_error(c, a);
	return CTL_REFUSED;
}

int ctl_ask_json(const struct ctl *c, const char *method, const char *target, json_t **out)
{
	struct answer a;
	int rc;

	*out = NULL;
	answer_init(&a);
	rc = ctl_ask(c, method, target, &a);
	if (rc == CTL_OK) {
		*out = json_loadb(buf_cstr(&a.body), a.body.len, 0, NULL);
		if (*out == NULL) {
			fprintf(stderr, "aortactl: the answer is no JSON: is this aorta?\n");
			rc = CTL_UNREACHABLE;
		}
	}
	answer_fini(&a);
	return rc;
}

bool ctl_member_path(const struct ctl *c, const char *tail, struct buf *path)
{
	const char *slash = strchr(c->target, '/');
	struct buf pool;

	if (slash == NULL || slash == c->target || slash[1] == '\0' || strchr(slash + 1, '/')) {
		fprintf(stderr, "aortactl: %s is no POOL/MEMBER\n", c->target);
		return false;
	}
	buf_init(&pool);
	buf_put(&pool, c->target, (size_t)(slash - c->target));
	buf_puts(path, "/api/v1/pools/");
	client_encode(path, buf_cstr(&pool));
	buf_puts(path, "/members/");
	client_encode(path, slash + 1);
	buf_puts(path, tail);
	buf_fini(&pool);
	return true;
}

const char *ctl_text(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s == NULL ? "" : s;
}

long long ctl_int(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

double ctl_real(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

bool ctl_true(const json_t *j, const char *key)
{
	return json_is_true(json_object_get(j, key));
}

bool ctl_null(const json_t *j, const char *key)
{
	const json_t *v = json_object_get(j, key);

	return v == NULL || json_is_null(v);
}

const char *ctl_clock(const char *time, char out[32])
{
	/* 2026-01-02T03:04:05.678Z */
	if (strlen(time) < 19)
		return "never";
	snprintf(out, 32, "%.10s %.8s", time, time + 11);
	return out;
}

void ctl_put_ms(struct buf *b, long long ms)
{
	if (ms < 0)
		ms = 0;
	/* Seconds are enough of an age; of something short, tenths. */
	buf_duration_us(b, ms < 1000 ? ms * 1000 : ms / 100 * 100000);
}
