/* SPDX-License-Identifier: MIT */
/*
 * An error on its way up: what failed, where, and the cause. Nothing is logged where an error
 * is born; the caller that handles it does that once. Value type, no ownership; any thread.
 */
#ifndef AORTA_ERR_H
#define AORTA_ERR_H

#include <stdbool.h>

enum err_code {
	ERR_NONE = 0,
	ERR_CONFIG, /* what a person wrote is wrong; file, line and col say where */
	ERR_SYSTEM, /* the operating system refused; sys_errno says why */
	ERR_MEMORY, /* out of memory */
	ERR_LIMIT,  /* a limit of ours was reached */
};

struct err {
	enum err_code code;
	int sys_errno; /* 0 when there is none */
	unsigned line; /* 1.. ; 0 when there is no place */
	unsigned col;  /* 1.. */
	char file[256];
	char message[512]; /* lower case: what failed, what was expected, what to do */
};

/*
 * Fill `e` (which may be NULL) with a code and a printf-like message. err_sys() adds errno's
 * text after ": ". All return -1, so that a function can end in `return err_set(...)`.
 */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "`what`: " before the message of `e`. Returns -1. */
int err_wrap(struct err *e, const char *what);

#endif
