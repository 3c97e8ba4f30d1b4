/* SPDX-License-Identifier: MIT */
/* Building `struct err`: formatting into its fixed fields, never allocating, never logging. */
#include "aorta/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	e->code = code;
	e->sys_errno = 0;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	const char *reason = strerrordesc_np(saved);
	size_t used;
	va_list ap;

	if (!e)
		return -1;
	e->code = ERR_SYSTEM;
	e->sys_errno = saved;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	used = strlen(e->message);
	if (reason)
		snprintf(e->message + used, sizeof(e->message) - used, ": %s", reason);
	else
		snprintf(e->message + used, sizeof(e->message) - used, ": error %d", saved);
	return -1;
}

int err_wrap(struct err *e, const char *what)
{
	char inner[sizeof(e->message)];

	if (!e)
		return -1;
	memcpy(inner, e->message, sizeof(inner));
	snprintf(e->message, sizeof(e->message), "%s: %.*s", what, (int)sizeof(inner) / 2, inner);
	return -1;
}
