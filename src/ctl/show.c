/* SPDX-License-Identifier: MIT */
/*
 * aortactl status, listeners, metrics and version: what only shows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ctl.h"

static int print_answer(const struct ctl *c, const char *target)
{
	struct answer a;
	int rc;

	answer_init(&a);
	rc = ctl_ask(c, "GET", target, &a);
	if (rc == CTL_OK)
		ctl_print(&a.body);
	answer_fini(&a);
	return rc;
}

int ctl_status(const struct ctl *c)
{
	struct buf target;
	int rc;

	buf_init(&target);
	if (c->json) {
		buf_puts(&target, "/api/v1/pools");
		if (c->target != NULL)
			buf_putc(&target, '/');
	} else {
		buf_puts(&target, c->target == NULL ? "/?text" : "/?text&pool=");
	}
	if (c->target != NULL)
		client_encode(&target, c->target);
	rc = print_answer(c, buf_cstr(&target));
	buf_fini(&target);
	return rc;
}

static void put_listener(const json_t *l, struct buf *b)
{
	const json_t *now = json_object_get(l, "last_10s");
	json_t *own = json_object_get(l, "own_errors"), *bind, *n;
	const char *reason;
	size_t i;

	buf_printf(b, "%s (%s)", ctl_text(l, "name"), ctl_text(l, "mode"));
	json_array_foreach(json_object_get(l, "binds"), i, bind)
		buf_printf(b, " %s", json_string_value(bind));
	buf_printf(b, "\n  %lld connections, %lld accepted, %lld requests, %.1f/s\n",
		   ctl_int(l, "connections"), ctl_int(l, "accepted"), ctl_int(l, "requests"),
		   ctl_real(now, "requests_per_second"));
	if (json_object_size(own) > 0) {
		buf_puts(b, "  errors of aorta's own:");
		json_object_foreach(own, reason, n)
			buf_printf(b, " %s %lld", reason, (long long)json_integer_value(n));
		buf_putc(b, '\n');
	}
}

int ctl_listeners(const struct ctl *c)
{
	struct buf b;
	json_t *j, *l;
	size_t i;
	int rc = ctl_ask_json(c, "GET", "/api/v1/listeners", &j);

	if (rc != CTL_OK)
		return rc;
	buf_init(&b);
	if (c->json) {
		ctl_print_json(j);
	} else {
		json_array_foreach(json_object_get(j, "listeners"), i, l) put_listener(l, &b);
		ctl_print(&b);
	}
	buf_fini(&b);
	json_decref(j);
	return rc;
}

/* "name{labels} value" lines as [{"series": ..., "value": ...}]. */
static json_t *metrics_json(char *text)
{
	json_t *list = json_array();
	char *line, *end, *space;

	for (line = text; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			break;
		*end = '\0';
		space = strrchr(line, ' ');
		if (line[0] == '#' || space == NULL)
			continue;
		*space = '\0';
		json_array_append_new(list, json_pack("{s:s, s:f}", "series", line, "value",
						      strtod(space + 1, NULL)));
	}
	return list;
}

int ctl_metrics(const struct ctl *c)
{
	struct answer a;
	json_t *j;
	int rc;

	if (!c->json)
		return print_answer(c, "/metrics");
	answer_init(&a);
	rc = ctl_ask(c, "GET", "/metrics", &a);
	if (rc == CTL_OK && a.body.len > 0) {
		j = metrics_json(a.body.data);
		ctl_print_json(j);
		json_decref(j);
	}
	answer_fini(&a);
	return rc;
}

/* Our own version always, the daemon's when it answers. */
int ctl_version(const struct ctl *c)
{
	struct answer a;
	struct buf why;
	json_t *j = NULL;
	const char *theirs = NULL;

	answer_init(&a);
	buf_init(&why);
	if (client_ask(&c->client, "GET", "/api/v1/status", &a, &why) == 0 && a.status == 200)
		j = json_loadb(buf_cstr(&a.body), a.body.len, 0, NULL);
	if (j != NULL)
		theirs = ctl_text(json_object_get(j, "process"), "version");
	if (c->json)
		printf("{\"aortactl\": \"%s\", \"aorta\": %s%s%s}\n", PACKAGE_VERSION,
		       theirs == NULL ? "" : "\"", theirs == NULL ? "null" : theirs,
		       theirs == NULL ? "" : "\"");
	else if (theirs == NULL)
		printf("aortactl %s\n", PACKAGE_VERSION);
	else
		printf("aortactl %s\naorta %s\n", PACKAGE_VERSION, theirs);
	json_decref(j);
	answer_fini(&a);
	buf_fini(&why);
	return CTL_OK;
}
