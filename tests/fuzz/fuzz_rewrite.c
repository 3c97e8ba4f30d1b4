/* SPDX-License-Identifier: MIT */
/*
 * Heads as they are forwarded: any bytes that parse as a request or as a response are rewritten
 * and parsed again. The result fits its room and says the same, without anything that was meant
 * for one connection only; what nobody had a reason to touch is there byte for byte.
 */
#include <stdio.h>

#include "aorta/assert.h"
#include "fuzz.h"
#include "rewrite_check.h"

static void judge(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "does not hold: %s\n", wrong);
	AORTA_ASSERT(wrong == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http1_request request;
	static struct http1_response response;
	const char *p = size > 0 ? (const char *)data : "";

	if (http1_parse_request(&request, p, size) == HTTP1_DONE)
		judge(rewrite_check_request(&request));
	if (http1_parse_response(&response, p, size) == HTTP1_DONE)
		judge(rewrite_check_answers(&response));
	return 0;
}
