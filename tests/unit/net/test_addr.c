/* SPDX-License-Identifier: MIT */
/* Addresses: what is read, what is refused as what, and printing that reads back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aorta/addr.h"
#include "aorta/rng.h"

struct row {
	const char *text;
	enum addr_parse_result result;
	const char *printed; /* NULL: as read */
};

static const struct row rows[] = {
	{ "127.0.0.1:80", ADDR_OK, NULL },
	{ "10.255.0.1:65535", ADDR_OK, NULL },
	{ "0.0.0.0:1", ADDR_OK, NULL },
	{ "*:8080", ADDR_OK, "0.0.0.0:8080" },
	{ "[::1]:80", ADDR_OK, NULL },
	{ "[::]:443", ADDR_OK, NULL },
	{ "[2001:DB8:0:0::1]:443", ADDR_OK, "[2001:db8::1]:443" },
	{ "[::ffff:1.2.3.4]:9", ADDR_OK, NULL },
	{ "[1234:5678:9abc:def0:1234:5678:9abc:def0]:65535", ADDR_OK, NULL },
	/* ports */
	{ "127.0.0.1:0", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1:65536", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1:999999", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1:-1", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1:+80", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1:80 ", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1:http", ADDR_BAD_PORT, NULL },
	{ "[::1]:0", ADDR_BAD_PORT, NULL },
	{ "127.0.0.1", ADDR_NO_PORT, NULL },
	{ "127.0.0.1:", ADDR_NO_PORT, NULL },
	{ "[::1]", ADDR_NO_PORT, NULL },
	{ "[::1]:", ADDR_NO_PORT, NULL },
	{ "*", ADDR_NO_PORT, NULL },
	/* names, to be resolved by somebody else */
	{ "localhost:80", ADDR_IS_NAME, NULL },
	{ "web1.internal:8080", ADDR_IS_NAME, NULL },
	{ "web1", ADDR_IS_NAME, NULL },
	/* the rest */
	{ "", ADDR_BAD, NULL },
	{ ":80", ADDR_BAD, NULL },
	{ "1.2.3:80", ADDR_BAD, NULL },
	{ "1.2.3.4.5:80", ADDR_BAD, NULL },
	{ "256.1.1.1:80", ADDR_BAD, NULL },
	{ "1.2.3.4 :80", ADDR_BAD, NULL },
	{ "::1:80", ADDR_BAD, NULL },
	{ "fe80::1:80", ADDR_BAD, NULL },
	{ "[::1", ADDR_BAD, NULL },
	{ "[]:80", ADDR_BAD, NULL },
	{ "[::1]80", ADDR_BAD, NULL },
	{ "[1.2.3.4]:80", ADDR_BAD, NULL },
	{ "[::1%lo]:80", ADDR_BAD, NULL },
	{ "[::g]:80", ADDR_BAD, NULL },
	{ "[", ADDR_BAD, NULL },
	{ "[11111111111111111111111111111111111111111111111111111111111111111111]:80", ADDR_BAD,
	  NULL },
};

static void texts_are_read_as_the_table_says(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		size_t n;
		char out[ADDR_TEXT_BYTES];
		struct addr a;
		enum addr_parse_result result = addr_parse(slice_str(r->text), &a);

		if (result != r->result)
			fail_msg("\"%s\" gives %d, not %d", r->text, result, r->result);
		if (result != ADDR_OK)
			continue;
		n = addr_print(&a, out);
		assert_int_equal(n, strlen(out));
		assert_string_equal(out, r->printed ? r->printed : r->text);
	}
}

/* The slice ends where it ends: what follows in memory is not read. */
static void text_needs_no_nul(void **state)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_of("127.0.0.1:8080", 12), &a), ADDR_OK);
	assert_int_equal(addr_port(&a), 80);
	assert_int_equal(addr_parse(slice_of("[::1]:8080", 8), &a), ADDR_OK);
	assert_int_equal(addr_port(&a), 80);
}

static void what_is_printed_reads_back(void **state)
{
	struct rng rng;

	rng_seed(&rng, 8);
	for (unsigned i = 0; i < 5000; i++) {
		char out[ADDR_TEXT_BYTES];
		struct addr a, b;
		size_t n;

		memset(&a, 0, sizeof(a));
		a.sa.sa_family = i % 2 ? AF_INET : AF_INET6;
		for (unsigned k = 0; k < 16; k++)
			a.v6.sin6_addr.s6_addr[k] =
				rng_below(&rng, 3) ? (unsigned char)rng_u64(&rng) : 0;
		if (i % 2)
			a.v4.sin_addr.s_addr = (uint32_t)rng_u64(&rng);
		addr_set_port(&a, (uint16_t)(1 + rng_below(&rng, 65535)));
		n = addr_print(&a, out);
		assert_int_equal(addr_parse(slice_of(out, n), &b), ADDR_OK);
		assert_true(addr_eq(&a, &b));
		assert_int_equal(addr_len(&a), i % 2 ? sizeof(a.v4) : sizeof(a.v6));
	}
}

static struct addr read_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(text), &a), ADDR_OK);
	return a;
}

static void equality_is_of_address_and_port(void **state)
{
	static const char *const texts[] = { "127.0.0.1:80", "127.0.0.1:81", "127.0.0.2:80",
					     "[::1]:80",     "[::1]:81",     "[::2]:80" };
	const size_t n = sizeof(texts) / sizeof(texts[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			struct addr a = read_addr(texts[i]), b = read_addr(texts[k]);

			assert_int_equal(addr_eq(&a, &b), i == k);
		}
}

static void loopback_is_known(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {
		{ "127.0.0.1:1", true },  { "127.255.0.9:1", true }, { "[::1]:1", true },
		{ "128.0.0.1:1", false }, { "10.0.0.127:1", false }, { "0.0.0.0:1", false },
		{ "[::]:1", false },	  { "[::2]:1", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = read_addr(cases[i].text);

		assert_int_equal(addr_is_loopback(&a), cases[i].loopback);
	}
}

static void the_host_alone_has_no_brackets(void **state)
{
	char out[ADDR_TEXT_BYTES];
	struct addr a = read_addr("[2001:db8::1]:443");

	assert_int_equal(addr_print_host(&a, out), strlen("2001:db8::1"));
	assert_string_equal(out, "2001:db8::1");
	a = read_addr("10.205.0.1:443");
	assert_int_equal(addr_print_host(&a, out), strlen("10.205.0.1"));
	assert_string_equal(out, "10.205.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_as_the_table_says),
		cmocka_unit_test(text_needs_no_nul),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(equality_is_of_address_and_port),
		cmocka_unit_test(loopback_is_known),
		cmocka_unit_test(the_host_alone_has_no_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
