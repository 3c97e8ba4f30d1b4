/* SPDX-License-Identifier: MIT */
/*
 * Numbers and times as people read them: one form for page, text and sentences. Pure; it owns
 * nothing and asks no clock.
 */
#include "form.h"

#include <math.h>
#include <time.h>

#define SECOND_US 1000000
#define DAY_S	  86400

void form_clock(struct buf *b, int64_t wall_us, int64_t now_wall_us)
{
	time_t t = (time_t)(wall_us / SECOND_US);
	bool today = t / DAY_S == (time_t)(now_wall_us / SECOND_US) / DAY_S;
	struct tm tm;
	char text[32];

	if (wall_us <= 0 || gmtime_r(&t, &tm) == NULL) {
		buf_puts(b, "never");
		return;
	}
	strftime(text, sizeof(text), today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	buf_puts(b, text);
}

void form_since(struct buf *b, int64_t wall_us, int64_t now_wall_us)
{
	int64_t ago = now_wall_us - wall_us;

	form_clock(b, wall_us, now_wall_us);
	if (wall_us <= 0)
		return;
	buf_puts(b, " (");
	form_age(b, ago);
	buf_puts(b, ")");
}

void form_age(struct buf *b, int64_t us)
{
	/* To the second: nobody reads tenths of an age. */
	if (us < 10 * SECOND_US)
		buf_printf(b, "%lds", us < 0 ? 0L : (long)(us / SECOND_US));
	else
		buf_duration_us(b, us);
}

void form_count(struct buf *b, double n)
{
	static const char unit[] = { 'k', 'M', 'G', 'T' };
	size_t i;

	if (n <= 0) {
		buf_puts(b, "0");
		return;
	}
	if (n < 1000) {
		buf_printf(b, n < 10 && n != floor(n) ? "%.1f" : "%.0f", n);
		return;
	}
	for (i = 0, n /= 1000; n >= 1000 && i + 1 < sizeof(unit); i++)
		n /= 1000;
	buf_printf(b, n < 10 ? "%.1f%c" : "%.0f%c", n, unit[i]);
}

void form_share(struct buf *b, double share)
{
	double percent = share * 100;

	if (share < 0)
		buf_puts(b, "-");
	else if (share == 0)
		buf_puts(b, "0%");
	else if (percent < 0.01)
		buf_puts(b, "<0.01%");
	else if (percent < 0.1)
		buf_printf(b, "%.2f%%", percent);
	else if (percent < 10)
		buf_printf(b, "%.1f%%", percent);
	else if (share < 1 && percent > 99)
		buf_puts(b, "99%");
	else
		buf_printf(b, "%.0f%%", percent);
}

void form_latency(struct buf *b, int64_t us)
{
	if (us < 0)
		buf_puts(b, "-");
	else
		buf_duration_us(b, us);
}

void form_bytes(struct buf *b, uint64_t bytes)
{
	static const char *const unit[] = { "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes / 1024;
	size_t i;

	if (bytes < 1024) {
		buf_printf(b, "%u B", (unsigned)bytes);
		return;
	}
	for (i = 0; n >= 1024 && i + 1 < 4; i++)
		n /= 1024;
	buf_printf(b, n < 10 ? "%.1f %s" : "%.0f %s", n, unit[i]);
}
