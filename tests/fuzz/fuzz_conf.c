/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a configuration. They either load, and then what conf_dump() prints of them
 * loads again to the same (unless a token was masked); or they are refused with a problem that
 * can be printed. From memory no other file is read. The environment is emptied first, so that
 * a finding does not depend on where it was found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aorta/assert.h"
#include "aorta/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prints what came of a text. True when it loaded. */
static bool load(struct slice text, struct buf *out, bool *masked)
{
	struct conf_problems problems;
	struct conf *c;
	bool good;

	conf_problems_init(&problems);
	c = conf_load_text("fuzz", text, &problems);
	good = c != NULL;
	AORTA_ASSERT(good == (problems.n == 0));
	if (good)
		conf_dump(c, out);
	else
		conf_problems_print(&problems, out);
	AORTA_ASSERT(!out->failed && out->len > 0);
	*masked = good && c->admin.token != NULL;
	conf_free(c);
	conf_problems_fini(&problems);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first, second;
	bool masked;

	clearenv();
	buf_init(&first);
	buf_init(&second);
	if (load(slice_of((const char *)data, size), &first, &masked) && !masked) {
		AORTA_ASSERT(load(buf_as_slice(&first), &second, &masked));
		AORTA_ASSERT(slice_eq(buf_as_slice(&first), buf_as_slice(&second)));
	}
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
