/* SPDX-License-Identifier: MIT */
/* Classes of bytes that the wire formats are made of, one table look-up a byte. Pure. */
#ifndef AORTA_WIRE_CHARS_H
#define AORTA_WIRE_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CHAR_TOKEN = 1 << 0,  /* tchar, RFC 9110 5.6.2 */
	CHAR_FIELD = 1 << 1,  /* field content: VCHAR, obs-text, SP, HTAB; RFC 9110 5.5 */
	CHAR_TARGET = 1 << 2, /* request target: VCHAR but '#', no fragment is ever sent */
	CHAR_REGNAME =
		1 << 3,	   /* unreserved and sub-delims but ',': RFC 3986 3.2.2; see authority.c */
	CHAR_HEX = 1 << 4, /* HEXDIG of either case */
};

extern const uint8_t wire_chars[256];

static inline bool char_is(char c, unsigned classes)
{
	return (wire_chars[(uint8_t)c] & classes) != 0;
}

static inline bool char_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* SP or HTAB. */
static inline bool char_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value of a hexadecimal digit; the caller has checked that it is one. */
static inline unsigned char_hex(char c)
{
	return char_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

#endif
