/* SPDX-License-Identifier: MIT */
/*
 * The table of byte classes. Constant data, owned by nobody, read by every thread. A byte with
 * no class (controls, DEL) is valid nowhere but as a line end or, HTAB, within a field.
 */
#include "wire/chars.h"

#define T CHAR_TOKEN
#define F CHAR_FIELD
#define G CHAR_TARGET
#define R CHAR_REGNAME
#define X CHAR_HEX

const uint8_t wire_chars[256] = {
	['\t'] = F,
	[' '] = F,
	['!'] = T | F | G | R,
	['"'] = F | G,
	['#'] = T | F,
	['$'] = T | F | G | R,
	['%'] = T | F | G,
	['&' ... '\''] = T | F | G | R,
	['(' ... ')'] = F | G | R,
	['*' ... '+'] = T | F | G | R,
	[','] = F | G,
	['-' ... '.'] = T | F | G | R,
	['/'] = F | G,
	['0' ... '9'] = T | F | G | R | X,
	[':'] = F | G,
	[';'] = F | G | R,
	['<'] = F | G,
	['='] = F | G | R,
	['>' ... '@'] = F | G,
	['A' ... 'F'] = T | F | G | R | X,
	['G' ... 'Z'] = T | F | G | R,
	['[' ... ']'] = F | G,
	['^'] = T | F | G,
	['_'] = T | F | G | R,
	['`'] = T | F | G,
	['a' ... 'f'] = T | F | G | R | X,
	['g' ... 'z'] = T | F | G | R,
	['{'] = F | G,
	['|'] = T | F | G,
	['}'] = F | G,
	['~'] = T | F | G | R,
	[0x80 ... 0xff] = F,
};
