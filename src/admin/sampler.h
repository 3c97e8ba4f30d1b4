/* SPDX-License-Identifier: MIT */
/*
 * What "now" means for counters that only ever grow: the sampler notes them once a second and
 * says how much they grew in the last 10 or 60 seconds.
 */
#ifndef ADMIN_SAMPLER_H
#define ADMIN_SAMPLER_H

#include "aorta/histogram.h"
#include "aorta/pool.h"

#define SAMPLER_SECONDS	   60
#define SAMPLER_SHORT	   10 /* the window of "now" */
#define SAMPLER_HIST_EVERY 10 /* seconds between two notes of the latencies */
#define SAMPLER_HISTS	   (SAMPLER_SECONDS / SAMPLER_HIST_EVERY + 1)

struct sampler;

/* Growth within a window. Without two samples span_us is 0 and nothing can be said. */
struct window {
	int64_t span_us;
	uint64_t begun, ended, errors;
};

/* Per second; 0 when nothing can be said. */
double window_rate(const struct window *w, uint64_t n);
/* Share of errors in what ended, 0..1; negative when nothing ended. */
double window_error_share(const struct window *w);

struct sampler *sampler_new(void); /* NULL: out of memory */
void sampler_free(struct sampler *s);
/* Once a second. */
void sampler_tick(struct sampler *s, const struct generation *g, int64_t mono_us);
/* Brings the list of series to that of `g`, as sampler_tick() does by itself. */
void sampler_sync(struct sampler *s, const struct generation *g);

/*
 * Series are numbered in the order of the generation: each pool followed by its members, then
 * the listeners. Valid after sampler_sync() with that generation.
 */
void sampler_window(const struct sampler *s, unsigned ordinal, unsigned seconds,
		    struct window *out);
/* Latencies of the last minute (50 to 60 s of it); `now` is the present sum. */
void sampler_latency(const struct sampler *s, unsigned ordinal, const struct histogram_sum *now,
		     struct histogram_sum *out);

#endif
