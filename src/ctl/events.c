/* SPDX-License-Identifier: MIT */
/*
 * aortactl events: the records of evidence, once or as they come.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "ctl.h"

#define FOLLOW_MS 500 /* between two looks */

static void put_event(const struct ctl *c, const json_t *e, struct buf *b)
{
	char clock[32];

	if (c->json) {
		char *line = json_dumps(e, JSON_COMPACT);

		buf_printf(b, "%s\n", line == NULL ? "{}" : line);
		free(line);
		return;
	}
	buf_printf(b, "%lld %s %s/%s ", ctl_int(e, "id"), ctl_clock(ctl_text(e, "time"), clock),
		   ctl_text(e, "pool"), ctl_text(e, "member"));
	if (ctl_true(e, "transition"))
		buf_printf(b, "%s -> %s: ", ctl_text(e, "from"), ctl_text(e, "to"));
	else
		buf_printf(b, "stays %s: ", ctl_text(e, "to"));
	buf_printf(b, "%s\n", ctl_text(e, "sentence"));
}

/* The target for what follows `since` (NULL: the newest). */
static void put_target(const struct ctl *c, const char *since, struct buf *b)
{
	buf_puts(b, "/api/v1/events?limit=");
	client_encode(b, c->limit == NULL ? "100" : c->limit);
	if (since != NULL) {
		buf_puts(b, "&since=");
		client_encode(b, since);
	}
	if (c->pool != NULL) {
		buf_puts(b, "&pool=");
		client_encode(b, c->pool);
	}
	if (c->changes)
		buf_puts(b, "&transitions=1");
}

/* One look; `since` is moved on to the last id seen. */
static int look(const struct ctl *c, const char *since, uint64_t *last, json_t **whole)
{
	struct buf target, out;
	json_t *j, *events, *e;
	size_t i;
	int rc;

	buf_init(&target);
	buf_init(&out);
	put_target(c, since, &target);
	rc = ctl_ask_json(c, "GET", buf_cstr(&target), &j);
	buf_fini(&target);
	if (rc != CTL_OK)
		return rc;
	if (whole != NULL) {
		*whole = j;
		return rc;
	}
	events = json_object_get(j, "events");
	if (ctl_true(j, "missed"))
		fprintf(stderr, "aortactl: older records were no longer kept\n");
	json_array_foreach(events, i, e)
	{
		put_event(c, e, &out);
		*last = (uint64_t)ctl_int(e, "id");
	}
	/* Nothing matched up to here: no need to look at it again. */
	if (json_array_size(events) == 0 && (uint64_t)ctl_int(j, "last") > *last)
		*last = (uint64_t)ctl_int(j, "last");
	ctl_print(&out);
	fflush(stdout);
	buf_fini(&out);
	json_decref(j);
	return rc;
}

static int follow(const struct ctl *c)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_MS * 1000000L };
	const char *since = c->since;
	uint64_t last = 0;
	char text[24];
	int rc;

	while ((rc = look(c, since, &last, NULL)) == CTL_OK) {
		snprintf(text, sizeof(text), "%" PRIu64, last);
		since = text;
		nanosleep(&pause, NULL);
	}
	return rc;
}

int ctl_events(const struct ctl *c)
{
	json_t *whole = NULL;
	uint64_t last = 0;
	int rc;

	if (c->follow)
		return follow(c);
	rc = look(c, c->since, &last, c->json ? &whole : NULL);
	if (whole != NULL)
		ctl_print_json(whole);
	json_decref(whole);
	return rc;
}
