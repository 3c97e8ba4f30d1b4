/* SPDX-License-Identifier: MIT */
/* What cmocka wants to be included before it. */
#ifndef TESTS_ADMIN_UNIT_H
#define TESTS_ADMIN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
