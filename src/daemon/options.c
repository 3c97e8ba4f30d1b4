/* SPDX-License-Identifier: MIT */
/* Reading the command line. */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>

#define DEFAULT_FILE "/etc/aorta/aorta.conf"

static const char help[] =
	"aorta: a health-first TCP and HTTP load balancer\n"
	"\n"
	"  aorta -c FILE           run with this configuration\n"
	"  aorta -t [FILE]         check the file, print every error, exit 0 or 1\n"
	"  aorta -d [FILE]         print the configuration in effect, defaults included\n"
	"  aorta --conf-reference  print the reference part of aorta.conf(5)\n"
	"  aorta -V                print the version\n"
	"  aorta -h                print this\n"
	"\n"
	"FILE is " DEFAULT_FILE " when not given. Signals: TERM and INT stop (finish what runs;\n"
	"twice: at once), HUP reloads the file, USR1 reopens the log files.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "test", no_argument, NULL, 't' },
	{ "dump", no_argument, NULL, 'd' },
	{ "conf-reference", no_argument, NULL, 'r' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static enum action action_of(int letter)
{
	switch (letter) {
	case 'c':
		return ACTION_RUN;
	case 't':
		return ACTION_TEST;
	case 'd':
		return ACTION_DUMP;
	case 'r':
		return ACTION_REFERENCE;
	case 'V':
		return ACTION_VERSION;
	case 'h':
		return ACTION_HELP;
	default:
		return ACTION_USAGE;
	}
}

struct options options_parse(int argc, char **argv)
{
	struct options o = { .action = ACTION_RUN, .file = NULL };
	int letter;

	while ((letter = getopt_long(argc, argv, "c:tdVh", long_options, NULL)) >= 0) {
		/* -c only names the file when another letter says what to do with it. */
		if (letter != 'c' || o.action == ACTION_USAGE)
			o.action = action_of(letter);
		if (o.action == ACTION_USAGE) {
			fprintf(stderr, "aorta: try aorta -h\n");
			return o;
		}
		if (optarg)
			o.file = optarg;
	}
	if (optind < argc && !o.file)
		o.file = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "aorta: unexpected argument '%s', try aorta -h\n", argv[optind]);
		o.action = ACTION_USAGE;
	}
	if (!o.file)
		o.file = DEFAULT_FILE;
	return o;
}

void options_help(void)
{
	fputs(help, stdout);
}
