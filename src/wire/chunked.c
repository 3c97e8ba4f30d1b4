/* SPDX-License-Identifier: MIT */
/*
 * The chunked decoder: a machine over bytes for the lines, whole runs for the data. Owns
 * nothing but its state, which the caller embeds; one thread at a time. Must never hold bytes
 * back, read past its input, or take a line end that is not CRLF.
 */
#include "aorta/chunked.h"

#include "wire/scan.h"

#define SIZE_DIGITS_MAX 16 /* 64 bits */

enum state {
	SIZE,	    /* in the digits of a chunk's size */
	SIZE_BLANK, /* blanks after the size: only ';' may follow (RFC 9112 7.1.1, BWS) */
	EXTENSION,  /* after ';', up to CR */
	SIZE_LF,    /* the LF of a size line */
	DATA,	    /* `left` bytes of data */
	DATA_CR,    /* the CRLF after the data */
	DATA_LF,
	TRAILER,       /* at the start of a trailer line or of the last empty line */
	TRAILER_NAME,  /* in a trailer's name */
	TRAILER_VALUE, /* after its colon */
	TRAILER_LF,    /* the LF of a trailer line */
	LAST_LF,       /* the LF of the last empty line */
	DONE,
	BAD,
};

void chunked_init(struct chunked *c)
{
	*c = (struct chunked){ .state = SIZE };
}

static enum state size_byte(struct chunked *c, char b)
{
	if (char_is(b, CHAR_HEX)) {
		if (c->digits == SIZE_DIGITS_MAX)
			return BAD;
		c->digits++;
		c->left = c->left << 4 | char_hex(b);
		return SIZE;
	}
	if (c->digits == 0)
		return BAD;
	if (b == '\r')
		return SIZE_LF;
	if (b == ';')
		return EXTENSION;
	return char_blank(b) ? SIZE_BLANK : BAD;
}

static enum state size_line_end(struct chunked *c)
{
	c->line_bytes = 0;
	c->digits = 0;
	return c->left > 0 ? DATA : TRAILER;
}

/* One byte of a size line. */
static enum state size_line_byte(struct chunked *c, char b)
{
	if (++c->line_bytes > CHUNKED_LINE_MAX)
		return BAD;
	switch (c->state) {
	case SIZE:
		return size_byte(c, b);
	case SIZE_BLANK:
		if (b == ';')
			return EXTENSION;
		return char_blank(b) ? SIZE_BLANK : BAD;
	case EXTENSION:
		if (b == '\r')
			return SIZE_LF;
		return char_is(b, CHAR_FIELD) ? EXTENSION : BAD;
	default: /* SIZE_LF */
		return b == '\n' ? size_line_end(c) : BAD;
	}
}

/* One byte of the trailers; the last empty line is not counted. */
static enum state trailer_byte(struct chunked *c, char b)
{
	if (c->state == TRAILER && b == '\r')
		return LAST_LF;
	if (++c->line_bytes > CHUNKED_TRAILER_MAX)
		return BAD;
	switch (c->state) {
	case TRAILER:
		return char_is(b, CHAR_TOKEN) ? TRAILER_NAME : BAD;
	case TRAILER_NAME:
		if (b == ':')
			return TRAILER_VALUE;
		return char_is(b, CHAR_TOKEN) ? TRAILER_NAME : BAD;
	case TRAILER_VALUE:
		if (b == '\r')
			return TRAILER_LF;
		return char_is(b, CHAR_FIELD) ? TRAILER_VALUE : BAD;
	default: /* TRAILER_LF */
		return b == '\n' ? TRAILER : BAD;
	}
}

/* One byte that is not data. */
static enum state line_byte(struct chunked *c, char b)
{
	switch (c->state) {
	case SIZE:
	case SIZE_BLANK:
	case EXTENSION:
	case SIZE_LF:
		return size_line_byte(c, b);
	case DATA_CR:
		return b == '\r' ? DATA_LF : BAD;
	case DATA_LF:
		return b == '\n' ? SIZE : BAD;
	case TRAILER:
	case TRAILER_NAME:
	case TRAILER_VALUE:
	case TRAILER_LF:
		return trailer_byte(c, b);
	case LAST_LF:
		return b == '\n' ? DONE : BAD;
	default: /* DONE and BAD take nothing */
		return (enum state)c->state;
	}
}

/* `n` is not 0. */
static struct slice take_data(struct chunked *c, const char *p, size_t n)
{
	if (n > c->left)
		n = (size_t)c->left;
	c->left -= n;
	if (c->left == 0)
		c->state = DATA_CR;
	return slice_of(p, n);
}

enum chunked_result chunked_decode(struct chunked *c, const char *p, size_t n, size_t *used,
				   struct slice *data)
{
	size_t i = 0;

	*data = slice_of(NULL, 0);
	while (i < n && c->state != DATA && c->state != DONE && c->state != BAD)
		c->state = (uint8_t)line_byte(c, p[i++]);
	if (c->state == DATA && i < n) {
		*data = take_data(c, p + i, n - i);
		*used = i + data->n;
		return CHUNKED_DATA;
	}
	*used = i;
	if (c->state == BAD)
		return CHUNKED_BAD;
	return c->state == DONE ? CHUNKED_DONE : CHUNKED_MORE;
}

size_t chunked_size_line(char out[CHUNKED_SIZE_BYTES], uint64_t size)
{
	size_t digits = 1;

	while (digits < SIZE_DIGITS_MAX && size >> (4 * digits))
		digits++;
	for (size_t i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[size >> (4 * (digits - 1 - i)) & 0xf];
	out[digits] = '\r';
	out[digits + 1] = '\n';
	return digits + 2;
}
