/* SPDX-License-Identifier: MIT */
/*
 * The admin side with a made-up world behind it, as a program: for tests that speak to it over
 * sockets, and for looking at the page. Prints the port, then takes commands on standard input,
 * one a line, each answered with "ok":
 *   state POOL/MEMBER STATE [SOURCE]    fail POOL/MEMBER CODE    traffic POOL/MEMBER N US bad|good
 *   flow on|off      mute|late|prompt   refuse|accept            file good|broken
 *   ready yes|no     inflight POOL/MEMBER N                      own LISTENER N
 *   hog
 * Ends with its standard input.
 *   harness CONFIGURATION-FILE [HISTORY]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "aorta/clock.h"
#include "world.h"

static struct world world;
static ev_timer flow, beat;
static ev_io input;

static struct member *named(const char *name)
{
	char pool[NAME_BYTES], member[NAME_BYTES];
	struct member *m = NULL;

	if (sscanf(name, "%63[^/]/%63s", pool, member) == 2)
		m = world_member(&world, pool, member);
	if (m == NULL)
		fprintf(stderr, "harness: no member %s\n", name);
	AORTA_ASSERT(m != NULL);
	return m;
}

static unsigned index_of(const char *word, const char *(*name_of)(unsigned), unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		if (strcmp(name_of(i), word) == 0)
			return i;
	}
	fprintf(stderr, "harness: what is %s?\n", word);
	abort();
}

static const char *state_at(unsigned i)
{
	return member_state_name((enum member_state)i);
}

static const char *source_at(unsigned i)
{
	return evidence_source_name((enum evidence_source)i);
}

static const char *code_at(unsigned i)
{
	return probe_code_name((enum probe_code)i);
}

static void do_state(char **w, int n)
{
	unsigned source = SOURCE_READINESS;

	if (n > 3)
		source = index_of(w[3], source_at, EVIDENCE_SOURCE_COUNT);
	world_state(&world, named(w[1]),
		    (enum member_state)index_of(w[2], state_at, MEMBER_STATE_COUNT),
		    (enum evidence_source)source);
}

static void do_fail(char **w, int n)
{
	world_finding(&world, named(w[1]),
		      (enum probe_code)index_of(w[2], code_at, PROBE_CODE_COUNT));
}

static void do_traffic(char **w, int n)
{
	world_traffic(&world, named(w[1]), (unsigned)strtoul(w[2], NULL, 10),
		      (int64_t)strtol(w[3], NULL, 10), n > 4 && strcmp(w[4], "bad") == 0);
}

static void do_flow(char **w, int n)
{
	if (strcmp(w[1], "on") == 0)
		ev_timer_again(world.loop, &flow);
	else
		ev_timer_stop(world.loop, &flow);
}

static void do_mute(char **w, int n)
{
	world.mute = true;
}

static void do_late(char **w, int n)
{
	world.late = true;
	world.mute = false;
}

static void do_prompt(char **w, int n)
{
	world.late = world.mute = false;
}

static void do_refuse(char **w, int n)
{
	world.refuse = "the engine is stopping";
}

static void do_accept(char **w, int n)
{
	world.refuse = NULL;
}

static void do_file(char **w, int n)
{
	world.broken_file = strcmp(w[1], "broken") == 0;
}

static void do_ready(char **w, int n)
{
	world.not_ready = strcmp(w[1], "no") == 0;
}

static void do_inflight(char **w, int n)
{
	cell_set(&member_cell(named(w[1]), 1)->in_flight, strtoul(w[2], NULL, 10));
}

static void do_own(char **w, int n)
{
	struct generation *g = &world.generation;
	unsigned i;

	for (i = 0; i < g->conf->n_listeners; i++) {
		if (strcmp(g->conf->listeners[i].name, w[1]) == 0)
			cell_add(&g->listener_stats[i]->cells[1].own[OWN_NO_MEMBER],
				 strtoul(w[2], NULL, 10));
	}
}

/* What a balancer full of clients has left: no descriptor at all. */
static void do_hog(char **w, int n)
{
	while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		;
}

static const struct {
	const char *word;
	int least; /* words */
	void (*run)(char **w, int n);
} commands[] = {
	{ "state", 3, do_state },   { "fail", 3, do_fail },	{ "traffic", 4, do_traffic },
	{ "flow", 2, do_flow },	    { "mute", 1, do_mute },	{ "late", 1, do_late },
	{ "prompt", 1, do_prompt }, { "refuse", 1, do_refuse }, { "accept", 1, do_accept },
	{ "file", 2, do_file },	    { "ready", 2, do_ready },	{ "inflight", 3, do_inflight },
	{ "own", 3, do_own },	    { "hog", 1, do_hog },
};

static void command(char *line)
{
	char *words[8], *save = NULL, *word;
	int n = 0;
	size_t i;

	for (word = strtok_r(line, " \n", &save); word != NULL && n < 8;
	     word = strtok_r(NULL, " \n", &save))
		words[n++] = word;
	for (i = 0; n > 0 && i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].word, words[0]) == 0 && n >= commands[i].least) {
			commands[i].run(words, n);
			puts("ok");
			fflush(stdout);
			return;
		}
	}
	fprintf(stderr, "harness: no such command\n");
	abort();
}

/* One line a command; the tests write whole lines. */
static void on_input(struct ev_loop *loop, ev_io *io, int events)
{
	static char text[4096];
	static size_t used;
	ssize_t n = read(0, text + used, sizeof(text) - 1 - used);
	char *end;

	if (n <= 0) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	used += (size_t)n;
	text[used] = '\0';
	while ((end = strchr(text, '\n')) != NULL) {
		size_t line = (size_t)(end + 1 - text);

		*end = '\0';
		command(text);
		used -= line;
		memmove(text, text + line, used + 1);
	}
}

/* Traffic on every member that serves. */
static void on_flow(struct ev_loop *loop, ev_timer *t, int events)
{
	struct generation *g = &world.generation;
	unsigned i, j;

	for (i = 0; i < g->n_pools; i++) {
		for (j = 0; j < g->pools[i].n_members; j++) {
			struct member *m = g->pools[i].members[j];
			const struct member_report *r = member_report(m);

			if (r != NULL && member_state_serves(r->state))
				world_traffic(&world, m, 13 + 5 * j, 900 * (j + 1), j == 2);
		}
	}
}

static void on_beat(struct ev_loop *loop, ev_timer *t, int events)
{
	cell_set(&world.health.beat_mono_us, (uint64_t)clock_mono_us());
	cell_add(&world.health.probes, 3);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	static char text[1 << 20];
	size_t n;

	AORTA_ASSERT(f != NULL);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

int main(int argc, char **argv)
{
	const struct addr *at;

	AORTA_ASSERT(argc >= 2);
	world_open(&world, read_file(argv[1]),
		   argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000);
	ev_timer_init(&flow, on_flow, 0.05, 0.05);
	ev_timer_init(&beat, on_beat, 0, 0.5);
	ev_timer_start(world.loop, &beat);
	ev_io_init(&input, on_input, 0, EV_READ);
	ev_io_start(world.loop, &input);
	at = admin_bound(world.admin, 0);
	printf("%u\n", at == NULL ? 0 : addr_port(at));
	fflush(stdout);
	ev_run(world.loop, 0);
	ev_timer_stop(world.loop, &flow);
	ev_timer_stop(world.loop, &beat);
	ev_io_stop(world.loop, &input);
	world_close(&world);
	return 0;
}
