/* SPDX-License-Identifier: MIT */
/*
 * Commands: one table of words, parameters, help and functions. A command acts at once on the
 * ports it names and answers with text. It may close other connections, never its own.
 */
#include "control.h"

#include "aorta/assert.h"

struct command_call {
	struct conn *conn;
	struct slice query, body;
	struct buf *out; /* what to answer */
};

/* Acts on one port. NULL, or what is wrong. */
typedef const char *(*command_fn)(struct command_call *call, struct port *p, int argument);

static const char *run_fault(struct command_call *call, struct port *p, int argument)
{
	return fault_add(&p->faults, (enum fault_kind)argument, call->query, call->body);
}

static const char *run_normal(struct command_call *call, struct port *p, int argument)
{
	struct err e = { .code = ERR_NONE };

	fault_clear(&p->faults);
	if (port_open(p, &e) == 0)
		return NULL;
	buf_printf(call->out, "%s: ", e.message);
	return "the port cannot be opened again";
}

static bool wants_reset(struct command_call *call)
{
	struct slice how;

	return query_get(call->query, "how", &how) && slice_eq(how, SLICE_LIT("reset"));
}

static const char *run_refuse(struct command_call *call, struct port *p, int argument)
{
	struct slice connections;

	if (p->control_only)
		return "a control port stays open";
	port_refuse(p);
	if (!query_get(call->query, "connections", &connections) ||
	    !slice_eq(connections, SLICE_LIT("keep")))
		conn_close_all(p, call->conn, wants_reset(call));
	return NULL;
}

static const char *run_freeze(struct command_call *call, struct port *p, int argument)
{
	struct err e = { .code = ERR_NONE };

	if (p->control_only)
		return "a control port stays open";
	if (port_freeze(p, &e) == 0)
		return NULL;
	buf_printf(call->out, "%s: ", e.message);
	return "the port cannot be frozen";
}

static const char *run_drop(struct command_call *call, struct port *p, int argument)
{
	buf_printf(call->out, "%s: dropped %u\n", p->name,
		   conn_close_idle(p, call->conn, wants_reset(call)));
	return NULL;
}

static const struct command {
	const char *word, *params, *text;
	command_fn run;
	int argument;
	bool scoped; /* takes scope= and count= */
} commands[] = {
#define X(name, word, params, text) { word, params, text, run_fault, FAULT_##name, true },
	FAULTS(X)
#undef X
		{ "refuse", "[connections=close|keep] [how=fin|reset]",
		  "close the listening socket (and, by default, the connections)", run_refuse, 0,
		  false },
	{ "freeze", "", "listen on, but let no connect through: they time out", run_freeze, 0,
	  false },
	{ "drop", "[how=fin|reset]", "close the connections that are between requests", run_drop, 0,
	  false },
	{ "normal", "", "come back: forget all faults, listen again", run_normal, 0, false },
};

void control_help(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_printf(out, "  %-8s %-40s %s\n", commands[i].word, commands[i].params,
			   commands[i].text);
	buf_puts(out, "  state                                             all counters, as JSON\n"
		      "Faults also take scope=all|traffic|health (traffic: all but /healthz) and\n"
		      "count=K (only the next K requests). On a control port, port=NAME picks one\n"
		      "port; without it a command goes to all.\n");
}

static void reply(struct command_call *call, const struct request *r, unsigned status,
		  const char *type)
{
	answer_text(&call->conn->answer, r, status, type, buf_as_slice(call->out), r->keep_alive);
}

/* The ports of a command: one that is named, the one it came in by, or all. */
static bool port_chosen(const struct port *p, const struct command_call *call)
{
	struct slice name;

	if (query_get(call->query, "port", &name))
		return slice_eq(name, slice_str(p->name));
	if (call->conn->port->control_only)
		return !p->control_only;
	return p == call->conn->port;
}

static void run_state(struct command_call *call, const struct request *r)
{
	struct origin *o = call->conn->port->origin;
	struct slice name;
	bool one = query_get(call->query, "port", &name) || !call->conn->port->control_only;
	const char *comma = "";

	if (!one)
		buf_puts(call->out, "{\"ports\":[");
	for (unsigned i = 0; i < o->n_ports; i++) {
		if (!port_chosen(&o->ports[i], call))
			continue;
		buf_puts(call->out, comma);
		port_json(&o->ports[i], call->out);
		comma = ",";
	}
	buf_puts(call->out, one ? "\n" : "]}\n");
	reply(call, r, 200, "application/json");
}

static void run_command(struct command_call *call, const struct request *r,
			const struct command *command)
{
	struct origin *o = call->conn->port->origin;

	for (unsigned i = 0; i < o->n_ports; i++) {
		const char *error;

		if (!port_chosen(&o->ports[i], call))
			continue;
		error = command->run(call, &o->ports[i], command->argument);
		if (error) {
			buf_printf(call->out, "%s\n", error);
			reply(call, r, 400, "text/plain");
			return;
		}
	}
	buf_puts(call->out, "done\n");
	reply(call, r, 200, "text/plain");
}

static const struct command *command_find(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_eq(word, slice_str(commands[i].word)))
			return &commands[i];
	return NULL;
}

static void control_answer(struct command_call *call, const struct request *r)
{
	struct slice word =
		slice_of(r->path.p + strlen(CONTROL_PREFIX), r->path.n - strlen(CONTROL_PREFIX));
	const struct command *command = command_find(word);
	struct slice name;

	if (query_get(r->query, "port", &name) && !port_find(call->conn->port->origin, name)) {
		buf_printf(call->out, "no port is called %.*s\n", SLICE_ARG(name));
		reply(call, r, 404, "text/plain");
	} else if (slice_eq(word, SLICE_LIT("state"))) {
		run_state(call, r);
	} else if (command) {
		run_command(call, r, command);
	} else {
		control_help(call->out);
		reply(call, r, word.n ? 404 : 200, "text/plain");
	}
}

void control_run(struct conn *c, const struct request *r, struct slice body)
{
	struct buf out;
	struct command_call call = { .conn = c, .query = r->query, .body = body, .out = &out };

	buf_init(&out);
	control_answer(&call, r);
	buf_fini(&out);
}
