/* SPDX-License-Identifier: MIT */
/*
 * An IPv4 or IPv6 address with a port: a value, printed and parsed in one form.
 * Pure; any thread.
 */
#ifndef AORTA_ADDR_H
#define AORTA_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "aorta/slice.h"

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* "[0123:...:4567%65535]:65535" and a NUL. */
#define ADDR_TEXT_BYTES 64

enum addr_parse_result {
	ADDR_OK,
	ADDR_IS_NAME,  /* host part is not a literal address */
	ADDR_NO_PORT,  /* "10.0.0.1" */
	ADDR_BAD_PORT, /* not 1..65535 */
	ADDR_BAD,      /* anything else, e.g. "[::1" */
};

/* "127.0.0.1:80", "[::1]:80", "*:80" (any IPv4 address). */
enum addr_parse_result addr_parse(struct slice text, struct addr *out);
socklen_t addr_len(const struct addr *a);
uint16_t addr_port(const struct addr *a); /* host byte order */
void addr_set_port(struct addr *a, uint16_t port);
bool addr_eq(const struct addr *a, const struct addr *b); /* address and port */
bool addr_is_loopback(const struct addr *a);
/* "127.0.0.1:80" or "[::1]:80". Returns the length written, without the NUL. */
size_t addr_print(const struct addr *a, char out[ADDR_TEXT_BYTES]);
/* The address alone, without brackets and port. Returns the length, without the NUL. */
size_t addr_print_host(const struct addr *a, char out[ADDR_TEXT_BYTES]);

#endif
