/* SPDX-License-Identifier: MIT */
/* Who may ask what: every way in, with and without the token, and browsers led astray. */
#include "unit.h"

#include "admin/auth.h"
#include "aorta/assert.h"

#define TOKEN  "s3cret-token"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"
/* base64("ops:s3cret-token") and of a wrong one */
#define BASIC	    "Authorization: Basic b3BzOnMzY3JldC10b2tlbg==\r\n"
#define BASIC_WRONG "Authorization: Basic b3BzOnMzY3JldC10b2tlbQ==\r\n"

enum way { UNIX, LOOPBACK, OUTSIDE };

struct row {
	const char *what;
	enum way way;
	enum access access;
	const char *host, *headers;
	bool no_token;	 /* none is configured */
	unsigned status; /* 200: allowed */
};

static const struct row rows[] = {
	{ "unix may read", UNIX, ACCESS_READ, "x", "", false, 200 },
	{ "unix may change", UNIX, ACCESS_CHANGE, "x", "", true, 200 },
	{ "loopback may read", LOOPBACK, ACCESS_READ, "127.0.0.1:9900", "", true, 200 },
	{ "localhost too", LOOPBACK, ACCESS_READ, "localhost:9900", "", false, 200 },
	{ "and a v6 address", LOOPBACK, ACCESS_READ, "[::1]:9900", "", false, 200 },
	{ "and below localhost", LOOPBACK, ACCESS_READ, "a.localhost", "", false, 200 },
	{ "a rebound name may not", LOOPBACK, ACCESS_READ, "evil.example", "", false, 403 },
	{ "nor one like an address", LOOPBACK, ACCESS_READ, "127.0.0.1.evil.example", "", false,
	  403 },
	{ "but with the token", LOOPBACK, ACCESS_READ, "lb.example", BEARER, false, 200 },
	{ "change without token", LOOPBACK, ACCESS_CHANGE, "localhost", "", false, 401 },
	{ "change, none configured", LOOPBACK, ACCESS_CHANGE, "localhost", BEARER, true, 403 },
	{ "change with it", LOOPBACK, ACCESS_CHANGE, "localhost", BEARER, false, 200 },
	{ "scheme in any case", LOOPBACK, ACCESS_CHANGE, "localhost",
	  "Authorization: bEARER  " TOKEN "\r\n", false, 200 },
	{ "shorter token", LOOPBACK, ACCESS_CHANGE, "localhost",
	  "Authorization: Bearer s3cret-toke\r\n", false, 401 },
	{ "longer token", LOOPBACK, ACCESS_CHANGE, "localhost",
	  "Authorization: Bearer s3cret-tokens\r\n", false, 401 },
	{ "doubled token", LOOPBACK, ACCESS_CHANGE, "localhost",
	  "Authorization: Bearer s3cret-tokens3cret-token\r\n", false, 401 },
	{ "empty token", LOOPBACK, ACCESS_CHANGE, "localhost", "Authorization: Bearer \r\n", false,
	  401 },
	{ "basic changes nothing", LOOPBACK, ACCESS_CHANGE, "localhost", BASIC, false, 401 },
	{ "another origin", LOOPBACK, ACCESS_CHANGE, "localhost",
	  BEARER "Origin: http://evil.example\r\n", false, 403 },
	{ "null origin", LOOPBACK, ACCESS_CHANGE, "localhost", BEARER "Origin: null\r\n", false,
	  403 },
	{ "cross-site", LOOPBACK, ACCESS_CHANGE, "localhost",
	  BEARER "Sec-Fetch-Site: cross-site\r\n", false, 403 },
	{ "same origin", LOOPBACK, ACCESS_CHANGE, "localhost:9900",
	  BEARER "Origin: http://localhost:9900\r\nSec-Fetch-Site: same-origin\r\n", false, 200 },
	{ "outside: no reading", OUTSIDE, ACCESS_READ, "10.0.0.1", "", false, 401 },
	{ "outside: none configured", OUTSIDE, ACCESS_READ, "10.0.0.1", BEARER, true, 403 },
	{ "outside: with the token", OUTSIDE, ACCESS_READ, "10.0.0.1", BEARER, false, 200 },
	{ "outside: a browser", OUTSIDE, ACCESS_READ, "10.0.0.1", BASIC, false, 200 },
	{ "outside: wrong password", OUTSIDE, ACCESS_READ, "10.0.0.1", BASIC_WRONG, false, 401 },
	{ "outside: no base64", OUTSIDE, ACCESS_READ, "10.0.0.1", "Authorization: Basic !!\r\n",
	  false, 401 },
	{ "outside: change", OUTSIDE, ACCESS_CHANGE, "10.0.0.1", BEARER, false, 200 },
	{ "anyone may ask for ok", OUTSIDE, ACCESS_ANYONE, "evil.example", "", true, 200 },
};

static unsigned verdict(const struct row *r)
{
	struct peer peer = { .local = r->way == UNIX, .loopback = r->way == LOOPBACK };
	struct http1_request http;
	struct reply reply;
	char text[1024];
	unsigned status;
	int n;

	n = snprintf(text, sizeof(text), "POST /x HTTP/1.1\r\nHost: %s\r\n%s\r\n", r->host,
		     r->headers);
	assert_int_equal(http1_parse_request(&http, text, (size_t)n), HTTP1_DONE);
	reply_init(&reply);
	if (auth_allows(r->access, &peer, &http, r->no_token ? NULL : TOKEN, &reply)) {
		status = 200;
	} else {
		status = reply.status;
		assert_non_null(strstr(buf_cstr(&reply.body), "\"error\""));
		assert_null(strstr(buf_cstr(&reply.body), TOKEN));
	}
	reply_fini(&reply);
	return status;
}

static void the_table_of_rights(void **state)
{
	size_t i;
	bool wrong = false;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned status = verdict(&rows[i]);

		if (status != rows[i].status) {
			print_error("%s: %u, expected %u\n", rows[i].what, status, rows[i].status);
			wrong = true;
		}
	}
	assert_false(wrong);
}

static void an_empty_token_opens_nothing(void **state)
{
	assert_false(auth_token_equal(SLICE_LIT(""), SLICE_LIT("")));
	assert_false(auth_token_equal(SLICE_LIT("x"), SLICE_LIT("")));
	assert_true(auth_token_equal(SLICE_LIT("x"), SLICE_LIT("x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_rights),
		cmocka_unit_test(an_empty_token_opens_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
