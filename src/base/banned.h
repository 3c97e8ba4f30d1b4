/* SPDX-License-Identifier: MIT */
/* Calls that have a safer sibling do not build. Included before every source of ours. */
#ifndef AORTA_BANNED_H
#define AORTA_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* glibc's fortified headers make macros of these for clang, which warns when it poisons one. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncat sprintf vsprintf strtok atoi atol gmtime localtime
#pragma GCC poison gets rand srand

#endif
