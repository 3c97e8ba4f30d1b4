/* SPDX-License-Identifier: MIT */
/*
 * aortactl: operates a running aorta through its admin API and nothing else. This file reads the
 * command line; the table of commands says which options each takes. One thread, blocking.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "ctl.h"

#define DEFAULT_SOCKET "/run/aorta/admin.sock"
#define TOKEN_MAX      1024

enum option_id {
	OPT_JSON = 256,
	OPT_WAIT,
	OPT_TIMEOUT,
	OPT_SINCE,
	OPT_LIMIT,
	OPT_FOLLOW,
	OPT_POOL,
	OPT_CHANGES,
	OPT_LAST
};

#define ALLOW(id) (1u << ((id)-OPT_JSON))

enum target { NONE, MAYBE_POOL, MEMBER };

static const struct command {
	const char *name;
	enum target target;
	unsigned options; /* beside --json and where aorta is */
	int (*run)(const struct ctl *c);
	const char *help;
} commands[] = {
	{ "status", MAYBE_POOL, 0, ctl_status, "what the page says; [POOL] only" },
	{ "why", MEMBER, 0, ctl_why, "why a member is in its state" },
	{ "events", NONE,
	  ALLOW(OPT_SINCE) | ALLOW(OPT_LIMIT) | ALLOW(OPT_FOLLOW) | ALLOW(OPT_POOL) |
		  ALLOW(OPT_CHANGES),
	  ctl_events, "the records of evidence" },
	{ "drain", MEMBER, ALLOW(OPT_WAIT) | ALLOW(OPT_TIMEOUT), ctl_drain,
	  "no new work; what it has may finish" },
	{ "maint", MEMBER, ALLOW(OPT_WAIT) | ALLOW(OPT_TIMEOUT), ctl_maint, "out of service" },
	{ "ready", MEMBER, ALLOW(OPT_WAIT) | ALLOW(OPT_TIMEOUT), ctl_ready,
	  "back to what its probes say" },
	{ "probe", MEMBER, 0, ctl_probe, "probe it now" },
	{ "reload", NONE, 0, ctl_reload, "read the configuration again" },
	{ "listeners", NONE, 0, ctl_listeners, "the listeners and their counters" },
	{ "metrics", NONE, 0, ctl_metrics, "what Prometheus gets" },
	{ "version", NONE, 0, ctl_version, "of aortactl, and of aorta when it answers" },
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "address", required_argument, NULL, 'a' },
	{ "token", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "wait", no_argument, NULL, OPT_WAIT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	{ "pool", required_argument, NULL, OPT_POOL },
	{ "changes", no_argument, NULL, OPT_CHANGES },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: aortactl [-s SOCKET | -a HOST:PORT [-t TOKEN|file:PATH]] [--json] "
		     "COMMAND ...\n\n");
	for (i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-9s %-13s %s\n", commands[i].name,
			commands[i].target == MEMBER	   ? "POOL/MEMBER"
			: commands[i].target == MAYBE_POOL ? "[POOL]"
							   : "",
			commands[i].help);
	fprintf(out, "\n  drain, maint, ready: --wait [--timeout SECONDS]\n"
		     "  events: [--since ID] [--limit N] [--pool POOL] [--changes] [--follow]\n"
		     "\nexit: 0 done, 1 refused or failed, 2 usage, 3 aorta cannot be reached\n");
}

static int usage_error(const char *what, const char *about)
{
	fprintf(stderr, "aortactl: %s%s%s (aortactl --help)\n", what, about[0] == '\0' ? "" : ": ",
		about);
	return CTL_USAGE;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static const char *option_name(int id)
{
	size_t i;

	for (i = 0; long_options[i].name != NULL; i++) {
		if (long_options[i].val == id)
			return long_options[i].name;
	}
	return "";
}

static bool is_number(const char *s)
{
	uint64_t n;

	return slice_u64(slice_str(s), &n);
}

/* "file:PATH": the first line of it, kept for the life of the process. NULL after a message. */
static const char *read_token(const char *arg)
{
	static char token[TOKEN_MAX];
	const char *path = arg + 5;
	ssize_t n;
	int fd;

	if (strncmp(arg, "file:", 5) != 0)
		return arg;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, token, sizeof(token) - 1);
	if (n < 0)
		fprintf(stderr, "aortactl: cannot read %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return NULL;
	token[n] = '\0';
	token[strcspn(token, "\r\n")] = '\0';
	return token;
}

/* -1: taken; else the exit code. */
static int take_option(struct ctl *c, int id, char *arg)
{
	switch (id) {
	case 's':
		c->client.socket = arg;
		return -1;
	case 'a':
		c->client.address = arg;
		return -1;
	case 't':
		c->client.token = read_token(arg);
		return c->client.token == NULL ? CTL_USAGE : -1;
	case OPT_JSON:
		c->json = true;
		return -1;
	case OPT_WAIT:
		c->wait = true;
		return -1;
	case OPT_TIMEOUT:
		c->timeout_s = strtol(arg, NULL, 10);
		return is_number(arg) && c->timeout_s > 0
			       ? -1
			       : usage_error("--timeout takes seconds, from 1", arg);
	case OPT_SINCE:
		c->since = arg;
		return is_number(arg) ? -1 : usage_error("--since takes the id of an event", arg);
	case OPT_LIMIT:
		c->limit = arg;
		return is_number(arg) ? -1 : usage_error("--limit takes a number", arg);
	case OPT_FOLLOW:
		c->follow = true;
		return -1;
	case OPT_POOL:
		c->pool = arg;
		return -1;
	case OPT_CHANGES:
		c->changes = true;
		return -1;
	case 'h':
		usage(stdout);
		return CTL_OK;
	case 'V':
		printf("aortactl %s\n", PACKAGE_VERSION);
		return CTL_OK;
	default:
		fprintf(stderr, "aortactl --help lists commands and options\n");
		return CTL_USAGE;
	}
}

/* What the command line says beyond its options; -1 when it is well. */
static int check_command(const struct command *cmd, const struct ctl *c, unsigned given, int left)
{
	int id;

	for (id = OPT_JSON + 1; id < OPT_LAST; id++) {
		if ((given & ALLOW(id)) && !(cmd->options & ALLOW(id))) {
			fprintf(stderr, "aortactl: %s takes no --%s (aortactl --help)\n", cmd->name,
				option_name(id));
			return CTL_USAGE;
		}
	}
	if ((given & ALLOW(OPT_TIMEOUT)) && !c->wait)
		return usage_error("--timeout is of use only with --wait", "");
	if (cmd->target == MEMBER && left < 1)
		return usage_error("POOL/MEMBER is missing", cmd->name);
	if (left > (cmd->target == NONE ? 0 : 1))
		return usage_error("too many words", cmd->name);
	if (c->client.token != NULL && c->client.address == NULL)
		return usage_error("a token is of use only with -a HOST:PORT", "");
	return -1;
}

int main(int argc, char **argv)
{
	const char *socket = getenv("AORTA_SOCKET");
	struct ctl c = { 0 };
	const struct command *cmd;
	unsigned given = 0;
	int id, rc;

	c.client.socket = socket != NULL && socket[0] != '\0' ? socket : DEFAULT_SOCKET;
	while ((id = getopt_long(argc, argv, "s:a:t:hV", long_options, NULL)) != -1) {
		rc = take_option(&c, id, optarg);
		if (rc >= 0)
			return rc;
		if (id >= OPT_JSON)
			given |= ALLOW(id);
	}
	if (optind == argc) {
		usage(stderr);
		return CTL_USAGE;
	}
	cmd = find_command(argv[optind]);
	if (cmd == NULL)
		return usage_error("unknown command", argv[optind]);
	rc = check_command(cmd, &c, given, argc - optind - 1);
	if (rc >= 0)
		return rc;
	c.target = argv[optind + 1];
	return cmd->run(&c);
}
