/* SPDX-License-Identifier: MIT */
/*
 * Answers: their parts, and errors in one form. The holder of the struct owns its buffers.
 */
#include "route.h"

#include <stdarg.h>

void reply_init(struct reply *r)
{
	*r = (struct reply){ .status = 200, .type = "application/json" };
	buf_init(&r->headers);
	buf_init(&r->body);
}

void reply_fini(struct reply *r)
{
	buf_fini(&r->headers);
	buf_fini(&r->body);
}

void reply_error(struct reply *r, unsigned status, const char *hint, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->status = status;
	r->type = "application/json";
	buf_clear(&r->body);
	buf_puts(&r->body, "{\"error\": ");
	buf_json(&r->body, slice_str(text));
	if (hint != NULL) {
		buf_puts(&r->body, ", \"hint\": ");
		buf_json(&r->body, slice_str(hint));
	}
	buf_puts(&r->body, "}\n");
}
