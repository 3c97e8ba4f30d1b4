/* SPDX-License-Identifier: MIT */
/* The program aorta: what the command line asks for. */
#include <stdio.h>

#include "aorta/conf.h"
#include "daemon/daemon.h"
#include "daemon/options.h"

/* Loads the file and prints its errors, or what `say` has to say of it. */
static int with_file(const char *file, void (*say)(const struct conf *c, struct buf *out))
{
	struct conf_problems problems;
	struct conf *c;
	struct buf out;

	buf_init(&out);
	conf_problems_init(&problems);
	c = conf_load(file, &problems);
	if (c) {
		say(c, &out);
		fputs(buf_cstr(&out), stdout);
	} else {
		conf_problems_print(&problems, &out);
		fputs(buf_cstr(&out), stderr);
	}
	conf_problems_fini(&problems);
	conf_free(c);
	buf_fini(&out);
	return c ? 0 : 1;
}

static void say_summary(const struct conf *c, struct buf *out)
{
	buf_printf(out, "%s: ", c->file);
	conf_summary(c, out);
	buf_putc(out, '\n');
}

static int print_reference(void)
{
	struct buf out;

	buf_init(&out);
	conf_reference(&out);
	fputs(buf_cstr(&out), stdout);
	buf_fini(&out);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);

	switch (o.action) {
	case ACTION_RUN:
		return daemon_run(o.file);
	case ACTION_TEST:
		return with_file(o.file, say_summary);
	case ACTION_DUMP:
		return with_file(o.file, conf_dump);
	case ACTION_REFERENCE:
		return print_reference();
	case ACTION_VERSION:
		printf("aorta %s\n", PACKAGE_VERSION);
		return 0;
	case ACTION_HELP:
		options_help();
		return 0;
	case ACTION_USAGE:
		break;
	}
	return 2;
}
