/* SPDX-License-Identifier: MIT */
/*
 * Assertions that are always compiled in, and the magic numbers of long-lived objects.
 *
 * An assertion states a bug of ours, never a condition that a peer, the environment or a
 * configuration file can bring about. It prints place and expression and aborts.
 */
#ifndef AORTA_ASSERT_H
#define AORTA_ASSERT_H

#include <stddef.h>
#include <stdint.h>

/* Prints "file:line: func: assertion failed: expr" to stderr and aborts. Any thread. */
_Noreturn void aorta_assert_fail(const char *file, int line, const char *func, const char *expr);

#define AORTA_ASSERT(cond)                                                                         \
	((cond) ? (void)0 : aorta_assert_fail(__FILE__, __LINE__, __func__, #cond))

/* A door check: the object is there and is what its type says. `m` is the type's magic. */
#define AORTA_CHECK(obj, m) AORTA_ASSERT((obj) != NULL && (obj)->magic == (m))

/* The struct of `type` in which `ptr` is the member `field`. */
#define CONTAINER_OF(ptr, type, field) ((type *)(void *)((char *)(ptr)-offsetof(type, field)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
