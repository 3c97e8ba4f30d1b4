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
	size_t have, n = strlen(what), max;

	if (!e)
		return -1;
	/* The cause matters more than the place: when both do not fit, the place is cut. */
	have = strnlen(e->message, sizeof(e->message) - 3);
	max = sizeof(e->message) - 3 - have;
	if (n > max)
		n = max;
	memmove(e->message + n + 2, e->message, have);
	memcpy(e->message, what, n);
	memcpy(e->message + n, ": ", 2);
	e->message[n + 2 + have] = '\0';
	return -1;
}
