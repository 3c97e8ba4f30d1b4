/* SPDX-License-Identifier: MIT */
/* Answers that aorta makes itself: small, correct, and marked by the Aorta-Error header. Pure. */
#ifndef AORTA_PROXY_REPLY_H
#define AORTA_PROXY_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "aorta/stats.h"

#define REPLY_BYTES 1024

/* Writes the whole answer; `detail` (may be NULL) is one more sentence, cut when
 * very long; `head_only`: to HEAD. Returns the length; `body` gets that of the body in it. */
size_t reply_build(char out[REPLY_BYTES], enum own_error e, const char *detail, bool close,
		   bool head_only, size_t *body);

#endif
