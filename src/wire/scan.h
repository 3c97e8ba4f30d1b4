/* SPDX-License-Identifier: MIT */
/*
 * Runs of bytes of one class: each function returns the first byte in [p, end) that is not of
 * the class, or `end`. The SSE2 forms (baseline on x86-64) read 16 bytes at a time and never
 * past `end`; the scalar forms are the reference that the tests hold them against. Pure.
 */
#ifndef AORTA_WIRE_SCAN_H
#define AORTA_WIRE_SCAN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "wire/chars.h"

static inline const char *scan_class(const char *p, const char *end, unsigned class)
{
	while (p != end && char_is(*p, class))
		p++;
	return p;
}

#ifdef __SSE2__

/* Bit i is set when byte i is a control other than HTAB, or DEL. */
static inline unsigned scan_field_stops(__m128i x)
{
	const __m128i ctl = _mm_set1_epi8(0x1f);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, ctl), x);
	__m128i tab = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

/* Bit i is set when byte i is not VCHAR, or is '#'. Bytes over 0x7f compare as negative. */
static inline unsigned scan_target_stops(__m128i x)
{
	__m128i above = _mm_cmpgt_epi8(x, _mm_set1_epi8(' '));
	__m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
	__m128i hash = _mm_cmpeq_epi8(x, _mm_set1_epi8('#'));
	__m128i good = _mm_andnot_si128(_mm_or_si128(del, hash), above);

	return (unsigned)_mm_movemask_epi8(good) ^ 0xffffU;
}

/* Bit i is set when byte i is not a letter, digit or '-': nearly all that names are made of. */
static inline unsigned scan_name_stops(__m128i x)
{
	__m128i letter = _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
	__m128i digit = _mm_sub_epi8(x, _mm_set1_epi8('0'));
	__m128i dash = _mm_cmpeq_epi8(x, _mm_set1_epi8('-'));

	letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter);
	digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash)) ^
	       0xffffU;
}

/* The rarer bytes of a token are left to the scalar scan, from the first of them on. */
static inline const char *scan_token(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		unsigned stops = scan_name_stops(_mm_loadu_si128((const __m128i *)(const void *)p));

		if (stops) {
			p += __builtin_ctz(stops);
			break;
		}
	}
	return scan_class(p, end, CHAR_TOKEN);
}

static inline const char *scan_field(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		unsigned stops =
			scan_field_stops(_mm_loadu_si128((const __m128i *)(const void *)p));

		if (stops)
			return p + __builtin_ctz(stops);
	}
	return scan_class(p, end, CHAR_FIELD);
}

static inline const char *scan_target(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		unsigned stops =
			scan_target_stops(_mm_loadu_si128((const __m128i *)(const void *)p));

		if (stops)
			return p + __builtin_ctz(stops);
	}
	return scan_class(p, end, CHAR_TARGET);
}

#else

static inline const char *scan_token(const char *p, const char *end)
{
	return scan_class(p, end, CHAR_TOKEN);
}

static inline const char *scan_field(const char *p, const char *end)
{
	return scan_class(p, end, CHAR_FIELD);
}

static inline const char *scan_target(const char *p, const char *end)
{
	return scan_class(p, end, CHAR_TARGET);
}

#endif
#endif
