/* SPDX-License-Identifier: MIT */
/*
 * Texts of findings. What a member sends ends up on pages and in logs: here it is cut and made
 * harmless. Pure; any thread.
 */
#include "health/text.h"

#include "aorta/assert.h"

void text_printable(char *out, size_t cap, struct slice s)
{
	static const char more[] = "...";
	size_t i, room = cap - 1;
	bool cut = s.n > room;

	AORTA_ASSERT(cap > sizeof(more));
	if (cut)
		room -= sizeof(more) - 1;
	for (i = 0; i < s.n && i < room; i++)
		out[i] = s.p[i] >= 0x20 && s.p[i] < 0x7f ? s.p[i] : '.';
	out[i] = '\0';
	if (cut)
		memcpy(out + i, more, sizeof(more));
}

void text_copy(char *out, size_t cap, const char *s)
{
	text_printable(out, cap, slice_str(s));
}
