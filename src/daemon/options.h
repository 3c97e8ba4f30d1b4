/* SPDX-License-Identifier: MIT */
/* The command line of aorta. */
#ifndef AORTA_DAEMON_OPTIONS_H
#define AORTA_DAEMON_OPTIONS_H

enum action {
	ACTION_RUN,	  /* -c FILE */
	ACTION_TEST,	  /* -t FILE */
	ACTION_DUMP,	  /* -d FILE */
	ACTION_REFERENCE, /* --conf-reference */
	ACTION_VERSION,
	ACTION_HELP,
	ACTION_USAGE, /* the command line is wrong; said on stderr already */
};

struct options {
	enum action action;
	const char *file; /* borrows from argv */
};

struct options options_parse(int argc, char **argv);
void options_help(void);

#endif
