/* SPDX-License-Identifier: MIT */
/* Classes of bytes that the wire formats are made of, one table look-up a byte. Pure. */
#ifndef AORTA_WIRE_CHARS_H
#define AORTA_WIRE_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static inline uint64_t char_fold8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word | 0x2020202020202020ULL;
}

static inline uint32_t char_fold4(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word | 0x20202020U;
}

/*
 * Whether `n` bytes of a field's name or value are `text`, in any case. `text` is of lower-case
 * letters, digits and '-', each of which only itself, its upper case and a control character
 * become by | 0x20, and there are no controls in a field. Words at the end overlap.
 */
static inline bool char_same(const char *p, const char *text, size_t n)
{
	size_t i = 0;

	if (n >= 8) {
		for (; i + 8 < n; i += 8) {
			if (char_fold8(p + i) != char_fold8(text + i))
				return false;
		}
		return char_fold8(p + n - 8) == char_fold8(text + n - 8);
	}
	if (n >= 4)
		return char_fold4(p) == char_fold4(text) &&
		       char_fold4(p + n - 4) == char_fold4(text + n - 4);
	for (; i < n; i++) {
		if ((p[i] | 0x20) != text[i])
			return false;
	}
	return true;
}

#endif
