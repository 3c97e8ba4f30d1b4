/* SPDX-License-Identifier: MIT */
/*
 * aorta-origin: a small HTTP/1.1 server that misbehaves on command, for the demo, the tests and
 * the benchmarks. This file reads the arguments, opens the ports, runs the loop until SIGTERM or
 * SIGINT, and gives everything back. One process, one thread, one loop on epoll.
 */
#include <ev.h>
#include <getopt.h>
#include <signal.h>

#include "aorta/sock.h"
#include "conn.h"
#include "control.h"

static struct origin origin; /* large: its buffers are in it */

static void print_help(void)
{
	struct buf b;

	buf_init(&b);
	buf_puts(&b, "usage: aorta-origin --listen ADDRESS:PORT [--name NAME] ... "
		     "[--control ADDRESS:PORT]\n\n"
		     "A small HTTP/1.1 server that misbehaves on command.\n\n"
		     "  --listen ADDRESS:PORT   serve here; may be given several times\n"
		     "  --name NAME             name of the --listen before it (origin-PORT)\n"
		     "  --control ADDRESS:PORT  take commands here too, whatever the others do\n"
		     "  --help, --version\n\n"
		     "Paths: / /healthz /echo /headers /bytes/N /chunked/N /close/N /slow?ms=N\n"
		     "/status/NNN /hints /hop\n\n"
		     "Commands, by GET or POST to /_origin/WORD?parameters:\n");
	control_help(&b);
	fputs(buf_cstr(&b), stdout);
	buf_fini(&b);
}

__attribute__((format(printf, 1, 2))) static int usage_error(const char *fmt, ...)
{
	va_list ap;

	fputs("aorta-origin: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry aorta-origin --help.\n", stderr);
	return -1;
}

static int add_port(const char *text, bool control, struct port **last)
{
	struct addr addr;

	if (addr_parse(slice_str(text), &addr) != ADDR_OK)
		return usage_error("%s: expected ADDRESS:PORT, like 127.0.0.1:8081", text);
	if (origin.n_ports == PORTS_MAX)
		return usage_error("more than %d ports", PORTS_MAX);
	*last = port_add(&origin, &addr, control);
	return 0;
}

static int name_port(struct port *p, const char *name)
{
	if (!p || p->control_only)
		return usage_error("--name: expected a --listen before it");
	if (!*name || strlen(name) >= sizeof(p->name) ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
		    strlen(name))
		return usage_error("%s: a name is 1 to 63 letters, digits, '.', '_' and '-'", name);
	if (port_find(p->origin, slice_str(name)))
		return usage_error("%s: this name is taken", name);
	port_rename(p, name);
	return 0;
}

/* 1: there is nothing more to do. */
static int read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "name", required_argument, NULL, 'n' },
		{ "control", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct port *last = NULL;
	int c, result = 0;

	while (result == 0 && (c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'l' || c == 'c')
			result = add_port(optarg, c == 'c', &last);
		else if (c == 'n')
			result = name_port(last, optarg);
		else if (c == 'h')
			print_help();
		else if (c == 'V')
			printf("aorta-origin %s\n", PACKAGE_VERSION);
		else
			return usage_error("unknown or incomplete option");
		if (c == 'h' || c == 'V')
			return 1;
	}
	if (result < 0)
		return result;
	if (optind < argc)
		return usage_error("%s: not expected", argv[optind]);
	return origin.n_ports ? 0 : usage_error("nothing to do: expected --listen");
}

static int open_ports(void)
{
	for (unsigned i = 0; i < origin.n_ports; i++) {
		struct port *p = &origin.ports[i];
		struct err e = { .code = ERR_NONE };

		if (port_open(p, &e) < 0) {
			fprintf(stderr, "aorta-origin: %s\n", e.message);
			return -1;
		}
		printf("%s %s on %s\n", p->name, p->control_only ? "takes commands" : "serves",
		       p->addr_text);
	}
	puts("ready");
	fflush(stdout);
	return 0;
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static int run(void)
{
	ev_signal term, interrupt;

	if (open_ports() < 0)
		return 1;
	ev_signal_init(&term, on_signal, SIGTERM);
	ev_signal_init(&interrupt, on_signal, SIGINT);
	ev_signal_start(origin.loop, &term);
	ev_signal_start(origin.loop, &interrupt);
	ev_run(origin.loop, 0);
	ev_signal_stop(origin.loop, &term);
	ev_signal_stop(origin.loop, &interrupt);
	return 0;
}

int main(int argc, char **argv)
{
	int result = read_arguments(argc, argv);

	if (result == 0) {
		origin.loop = sock_loop_new();
		if (!origin.loop) {
			fputs("aorta-origin: no event loop: epoll is refused\n", stderr);
			result = -1;
		}
	}
	if (result == 0) {
		slab_init(&origin.connections, sizeof(struct conn), 64);
		result = run();
	} else {
		result = result < 0 ? 2 : 0;
	}
	for (unsigned i = 0; i < origin.n_ports; i++)
		port_fini(&origin.ports[i]);
	if (origin.loop) {
		slab_fini(&origin.connections);
		ev_loop_destroy(origin.loop);
	}
	return result;
}
