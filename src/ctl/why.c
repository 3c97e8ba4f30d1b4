/* SPDX-License-Identifier: MIT */
/*
 * aortactl why POOL/MEMBER: the evidence as a tree of sentences. All of it comes from the one
 * answer of the API; nothing is judged here.
 */
#include <stdio.h>

#include "ctl.h"

static void put_state(const json_t *m, struct buf *b)
{
	char clock[32];

	buf_printf(b, "%s/%s (%s) is %s: %s\n", ctl_text(m, "pool"), ctl_text(m, "name"),
		   ctl_text(m, "address"), ctl_text(m, "state"), ctl_text(m, "meaning"));
	if (ctl_null(m, "since"))
		return;
	buf_printf(b, "|- since %s UTC, for ", ctl_clock(ctl_text(m, "since"), clock));
	ctl_put_ms(b, ctl_int(m, "for_ms"));
	buf_putc(b, '\n');
}

static void put_reached(struct buf *b, const json_t *f, const char *key, const char *words)
{
	if (ctl_null(f, key))
		return;
	buf_printf(b, ", %s ", words);
	buf_duration_us(b, ctl_int(f, key));
}

static void put_record(const json_t *m, struct buf *b)
{
	const json_t *e = json_object_get(m, "evidence");
	const json_t *f = json_object_get(e, "finding");
	char clock[32];

	if (!json_is_object(e)) {
		buf_puts(b, "|- because nothing has judged it yet\n");
		return;
	}
	buf_printf(b, "|- because %s\n", ctl_text(e, "sentence"));
	buf_printf(b, "|    record %lld of %s UTC, from %s, %s -> %s\n", ctl_int(e, "id"),
		   ctl_clock(ctl_text(e, "time"), clock), ctl_text(e, "source"),
		   ctl_text(e, "from"), ctl_text(e, "to"));
	if (!json_is_object(f))
		return;
	if (ctl_text(f, "expected")[0] != '\0')
		buf_printf(b, "|    expected %s\n", ctl_text(f, "expected"));
	if (ctl_text(f, "got")[0] != '\0')
		buf_printf(b, "|    got %s\n", ctl_text(f, "got"));
	buf_printf(b, "|    %s", ctl_text(f, "code"));
	put_reached(b, f, "connect_us", "connected in");
	put_reached(b, f, "first_byte_us", "first byte after");
	put_reached(b, f, "total_us", "all in all");
	buf_putc(b, '\n');
}

static void put_role(const char *name, const json_t *r, struct buf *b)
{
	const json_t *p = json_object_get(r, "progress");
	const json_t *f = json_object_get(r, "finding");
	char clock[32];

	buf_printf(b, "|    %-10s ", name);
	if (ctl_true(r, "held")) {
		buf_puts(b, "waits for the startup probe\n");
		return;
	}
	buf_printf(b, "%s, %lld of %lld to %s",
		   ctl_null(r, "passing")   ? "not judged"
		   : ctl_true(r, "passing") ? "passes"
					    : "fails",
		   ctl_int(p, "have"), ctl_int(p, "need"), ctl_text(p, "toward"));
	if (json_is_object(f))
		buf_printf(b, "; last: %s", ctl_text(f, "sentence"));
	buf_putc(b, '\n');
	buf_printf(b, "|               probe %s (%s); last good %s; %lld of %lld failed",
		   ctl_text(r, "probe"), ctl_text(r, "kind"),
		   ctl_clock(ctl_text(r, "last_good"), clock), ctl_int(r, "failures"),
		   ctl_int(r, "runs"));
	if (!ctl_null(r, "next_in_ms") && ctl_int(r, "next_in_ms") >= 0) {
		buf_puts(b, "; next in ");
		ctl_put_ms(b, ctl_int(r, "next_in_ms"));
	}
	buf_putc(b, '\n');
}

static void put_inputs(const json_t *m, struct buf *b)
{
	json_t *roles = json_object_get(m, "roles"), *role;
	const char *name;

	buf_printf(b, "|- inputs\n|    %-10s %s\n", "operator", ctl_text(m, "admin"));
	json_object_foreach(roles, name, role) put_role(name, role, b);
}

static void put_drain(const json_t *m, struct buf *b)
{
	const json_t *d = json_object_get(m, "drain");

	if (!json_is_object(d))
		return;
	buf_printf(b, "|- drain: %lld in flight", ctl_int(d, "in_flight"));
	if (ctl_true(d, "done")) {
		buf_puts(b, ", done");
	} else if (!ctl_null(d, "remaining_ms")) {
		buf_puts(b, ", cut in ");
		ctl_put_ms(b, ctl_int(d, "remaining_ms"));
	}
	buf_putc(b, '\n');
}

static void put_traffic(const json_t *m, struct buf *b)
{
	const json_t *t = json_object_get(m, "traffic");
	const json_t *now = json_object_get(t, "last_10s");
	const json_t *minute = json_object_get(t, "last_60s");
	const json_t *q = json_object_get(t, "latency_us_last_60s");

	buf_printf(b, "|- traffic: %.1f req/s, %lld in flight, %lld requests in all",
		   ctl_real(now, "requests_per_second"), ctl_int(t, "in_flight"),
		   ctl_int(t, "requests"));
	if (!ctl_null(minute, "error_share"))
		buf_printf(b, ", %.2f%% errors in the last minute",
			   ctl_real(minute, "error_share") * 100);
	if (!ctl_null(q, "p95")) {
		buf_puts(b, ", p95 ");
		buf_duration_us(b, ctl_int(q, "p95"));
	}
	if (!ctl_true(m, "takes_new_work"))
		buf_puts(b, "; is given no new work");
	buf_putc(b, '\n');
}

static void put_changes(const json_t *m, struct buf *b)
{
	const json_t *changes = json_object_get(m, "changes");
	size_t n = json_array_size(changes);
	char clock[32];

	buf_printf(b, "'- %s\n", n == 0 ? "no changes on record" : "changes, newest first");
	while (n-- > 0) {
		const json_t *e = json_array_get(changes, n);

		buf_printf(b, "     %s %s -> %s: %s\n", ctl_clock(ctl_text(e, "time"), clock),
			   ctl_text(e, "from"), ctl_text(e, "to"), ctl_text(e, "sentence"));
	}
}

int ctl_why(const struct ctl *c)
{
	struct buf path, out;
	json_t *m = NULL;
	int rc = CTL_USAGE;

	buf_init(&path);
	buf_init(&out);
	if (ctl_member_path(c, "?limit=10", &path))
		rc = ctl_ask_json(c, "GET", buf_cstr(&path), &m);
	if (rc == CTL_OK && c->json) {
		ctl_print_json(m);
	} else if (rc == CTL_OK) {
		put_state(m, &out);
		put_record(m, &out);
		put_inputs(m, &out);
		put_drain(m, &out);
		put_traffic(m, &out);
		put_changes(m, &out);
		ctl_print(&out);
	}
	json_decref(m);
	buf_fini(&path);
	buf_fini(&out);
	return rc;
}
