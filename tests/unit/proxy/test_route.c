/* SPDX-License-Identifier: MIT */
/*
 * Which pool a request goes to. The routes come from the text of a configuration, so that what
 * the file says and what is matched are seen together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aorta/assert.h"
#include "aorta/pattern.h"
#include "proxy/route.h"

#define POOLS                                                                                      \
	"pool one { member a 127.0.0.1:81; }\n"                                                    \
	"pool two { member a 127.0.0.1:82; }\n"                                                    \
	"pool three { member a 127.0.0.1:83; }\n"                                                  \
	"pool rest { member a 127.0.0.1:84; }\n"
#define LISTENER(lines) POOLS "listener www { bind 127.0.0.1:80;\n" lines "}\n"

struct row {
	const char *routes; /* the whole file */
	const char *host, *path;
	const char *pool; /* NULL: no route */
};

#define HOSTS                                                                                      \
	LISTENER("route host Api.Example.COM pool one;\n"                                          \
		 "route host [2001:DB8::1] pool two;\n"                                            \
		 "route host 10.0.0.1 pool three;\n"                                               \
		 "pool rest;\n")
#define PATHS                                                                                      \
	LISTENER("route path /exact pool one;\n"                                                   \
		 "route path /v1/* pool two;\n"                                                    \
		 "route path ~ \"^/img/.*[.](png|jpg)$\" pool three;\n"                            \
		 "pool rest;\n")
#define ORDER                                                                                      \
	LISTENER("route host a.test path /x/* pool one;\n"                                         \
		 "route path /x/y/* pool two;\n"                                                   \
		 "route host a.test pool three;\n"                                                 \
		 "route path /x/* pool rest;\n")
#define ROOT	 LISTENER("route path /* pool one; route path /z pool two; pool rest;")
#define NOTHING	 LISTENER("route host a.test pool one;\n")
#define ONLY_ONE LISTENER("pool rest;\n")

static const struct row rows[] = {
	{ HOSTS, "api.example.com", "/", "one" },
	{ HOSTS, "API.example.Com", "/", "one" },
	{ HOSTS, "api.example.com:8080", "/any", "one" },
	{ HOSTS, "API.EXAMPLE.COM:1", "/any", "one" },
	{ HOSTS, "xapi.example.com", "/", "rest" },
	{ HOSTS, "api.example.comx", "/", "rest" },
	{ HOSTS, "api.example.co", "/", "rest" },
	{ HOSTS, "example.com", "/", "rest" },
	{ HOSTS, "", "/", "rest" },
	{ HOSTS, ":80", "/", "rest" },
	{ HOSTS, "[2001:db8::1]", "/", "two" },
	{ HOSTS, "[2001:DB8::1]:443", "/", "two" },
	{ HOSTS, "[2001:db8::2]", "/", "rest" },
	{ HOSTS, "[2001:db8:]", "/", "rest" },
	{ HOSTS, "10.0.0.1", "/", "three" },
	{ HOSTS, "10.0.0.1:80", "/", "three" },
	{ HOSTS, "10.0.0.10", "/", "rest" },
	{ PATHS, "h", "/exact", "one" },
	{ PATHS, "h", "/exact/", "rest" },
	{ PATHS, "h", "/exac", "rest" },
	{ PATHS, "h", "/Exact", "rest" }, /* paths have case: RFC 3986 6.2.2.1 */
	{ PATHS, "h", "/v1/", "two" },
	{ PATHS, "h", "/v1/users/7", "two" },
	{ PATHS, "h", "/v1", "rest" },
	{ PATHS, "h", "/v10/", "rest" },
	{ PATHS, "h", "/x/v1/", "rest" },
	{ PATHS, "", "/v1/", "two" }, /* HTTP/1.0 without Host */
	{ PATHS, "h", "/img/a/b.png", "three" },
	{ PATHS, "h", "/img/b.jpg", "three" },
	{ PATHS, "h", "/img/b.jpgs", "rest" },
	{ PATHS, "h", "/x/img/b.jpg", "rest" },
	{ PATHS, "h", "*", "rest" }, /* OPTIONS * */
	/* Host and path must both hold; the first that does wins, the more exact one or not. */
	{ ORDER, "a.test", "/x/y/z", "one" },
	{ ORDER, "A.Test:81", "/x/", "one" },
	{ ORDER, "b.test", "/x/y/z", "two" },
	{ ORDER, "a.test", "/y", "three" },
	{ ORDER, "b.test", "/x/z", "rest" },
	{ ORDER, "b.test", "/y", NULL },
	{ ROOT, "h", "/z", "one" },
	{ ROOT, "h", "*", "rest" },
	{ NOTHING, "a.test", "/", "one" },
	{ NOTHING, "b.test", "/", NULL },
	{ NOTHING, "", "/", NULL },
	{ ONLY_ONE, "", "/", "rest" },
	{ ONLY_ONE, "whatever:1", "/x", "rest" },
};

static struct conf *load(const char *text)
{
	struct conf_problems problems;
	struct conf *c;

	conf_problems_init(&problems);
	c = conf_load_text("text", slice_str(text), &problems);
	if (!c)
		fail_msg("%s: %s", problems.at[0].err.message, problems.at[0].source);
	conf_problems_fini(&problems);
	return c;
}

/* In memory of its own size and without a NUL, so that a sanitizer sees a read past it. */
static struct slice exactly(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	return slice_of(copy, n);
}

static void check_row(const struct row *r)
{
	struct conf *c = load(r->routes);
	struct slice host = exactly(r->host), path = exactly(r->path);
	const struct conf_pool *p = route_find(&c->listeners[0], host, path);
	const char *got = p ? p->name : "no route";
	const char *expected = r->pool ? r->pool : "no route";

	if (strcmp(got, expected) != 0)
		fail_msg("host '%s' path '%s': %s, expected %s in\n%s", r->host, r->path, got,
			 expected, r->routes);
	free((char *)host.p);
	free((char *)path.p);
	conf_free(c);
}

static void requests_go_where_the_file_says(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
	pattern_thread_done();
}

/* What a request without Host brings: nothing to point at. */
static void no_host_is_no_host(void **state)
{
	struct conf *c = load(HOSTS);
	const struct conf_pool *p = route_find(&c->listeners[0], slice_of(NULL, 0), SLICE_LIT("/"));

	assert_non_null(p);
	assert_string_equal(p->name, "rest");
	conf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_go_where_the_file_says),
		cmocka_unit_test(no_host_is_no_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
