/* SPDX-License-Identifier: MIT */
/*
 * aortactl drain, maint, ready, probe and reload: what changes something.
 */
#include <stdio.h>
#include <time.h>

#include "aorta/clock.h"
#include "ctl.h"

#define LOOK_MS 200 /* between two looks of --wait */

static void put_standing(const json_t *m, struct buf *b)
{
	const json_t *d = json_object_get(m, "drain");

	buf_printf(b, "%s/%s is %s", ctl_text(m, "pool"), ctl_text(m, "name"),
		   ctl_text(m, "state"));
	if (json_is_object(d)) {
		buf_printf(b, ", %lld in flight", ctl_int(d, "in_flight"));
		if (!ctl_true(d, "done") && !ctl_null(d, "remaining_ms")) {
			buf_puts(b, ", cut in ");
			ctl_put_ms(b, ctl_int(d, "remaining_ms"));
		}
	}
}

/* Out: nothing is left on it. Back: it is given work. */
static bool arrived(const json_t *m, bool back)
{
	if (back)
		return ctl_true(m, "takes_new_work") || strcmp(ctl_text(m, "state"), "UP") == 0;
	return ctl_true(json_object_get(m, "drain"), "done");
}

/* A line whenever something has changed; on standard error with --json. */
static void tell_progress(const struct ctl *c, const json_t *m, struct buf *last)
{
	const json_t *d = json_object_get(m, "drain");
	struct buf now, line;

	buf_init(&now);
	buf_init(&line);
	buf_printf(&now, "%s %lld", ctl_text(m, "state"), ctl_int(d, "in_flight"));
	put_standing(m, &line);
	if (strcmp(buf_cstr(&now), buf_cstr(last)) != 0) {
		fprintf(c->json ? stderr : stdout, "%s\n", buf_cstr(&line));
		fflush(stdout);
	}
	buf_fini(last);
	*last = now;
	buf_fini(&line);
}

/* Looks until it has arrived, the time is over, or aorta does not answer. Owns `*m` on return. */
static int wait_for(const struct ctl *c, bool back, json_t **m)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t until = clock_mono_us() + (int64_t)c->timeout_s * 1000000;
	struct buf path, last;
	int rc;

	buf_init(&path);
	buf_init(&last);
	ctl_member_path(c, "?limit=1", &path);
	for (;;) {
		rc = ctl_ask_json(c, "GET", buf_cstr(&path), m);
		if (rc != CTL_OK)
			break;
		tell_progress(c, *m, &last);
		if (arrived(*m, back))
			break;
		if (c->timeout_s > 0 && clock_mono_us() >= until) {
			fprintf(stderr, "aortactl: not done after %ld s\n", c->timeout_s);
			rc = CTL_REFUSED;
			break;
		}
		json_decref(*m);
		nanosleep(&pause, NULL);
	}
	buf_fini(&path);
	buf_fini(&last);
	return rc;
}

/* Gives the order; `*m` is the member after it, owned by the caller. */
static int give(const struct ctl *c, const char *order, json_t **m)
{
	char tail[32];
	struct buf path;
	json_t *j = NULL;
	int rc = CTL_USAGE;

	*m = NULL;
	buf_init(&path);
	snprintf(tail, sizeof(tail), "/%s", order);
	if (ctl_member_path(c, tail, &path))
		rc = ctl_ask_json(c, "POST", buf_cstr(&path), &j);
	if (rc == CTL_OK)
		*m = json_incref(json_object_get(j, "member"));
	json_decref(j);
	buf_fini(&path);
	return rc;
}

static int order(const struct ctl *c, const char *what, bool back)
{
	struct buf line;
	json_t *m;
	int rc = give(c, what, &m);

	if (rc != CTL_OK)
		return rc;
	if (c->wait) {
		json_decref(m);
		m = NULL;
		rc = wait_for(c, back, &m);
	} else if (!c->json) {
		buf_init(&line);
		put_standing(m, &line);
		printf("%s\n", buf_cstr(&line));
		buf_fini(&line);
	}
	if (c->json && m != NULL)
		ctl_print_json(m);
	json_decref(m);
	return rc;
}

int ctl_drain(const struct ctl *c)
{
	return order(c, "drain", false);
}

int ctl_maint(const struct ctl *c)
{
	return order(c, "maint", false);
}

int ctl_ready(const struct ctl *c)
{
	return order(c, "ready", true);
}

int ctl_probe(const struct ctl *c)
{
	json_t *m, *role;
	const char *name;
	int rc = give(c, "probe", &m);

	if (rc != CTL_OK)
		return rc;
	if (c->json) {
		ctl_print_json(m);
	} else {
		printf("%s/%s is %s\n", ctl_text(m, "pool"), ctl_text(m, "name"),
		       ctl_text(m, "state"));
		json_object_foreach(json_object_get(m, "roles"), name, role) printf(
			"  %s: %s\n", name, ctl_text(json_object_get(role, "finding"), "sentence"));
	}
	json_decref(m);
	return rc;
}

int ctl_reload(const struct ctl *c)
{
	json_t *j;
	int rc = ctl_ask_json(c, "POST", "/api/v1/reload", &j);

	if (rc != CTL_OK)
		return rc;
	if (c->json)
		ctl_print_json(j);
	else
		printf("reloaded\n%s", ctl_text(j, "report"));
	json_decref(j);
	return rc;
}
