/* SPDX-License-Identifier: MIT */
/* Members and views for the tests of pool/: UP, eligible, named "a", "b", ... */
#ifndef TESTS_POOL_FIXTURE_H
#define TESTS_POOL_FIXTURE_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aorta/balance.h"
#include "aorta/pool.h"

#define MEMBERS_MAX 64
#define WORKERS	    4

struct fixture {
	struct member *members[MEMBERS_MAX];
	struct view_input in[MEMBERS_MAX];
	unsigned n;
	struct view *view;
};

static inline struct member *fixture_member(unsigned i)
{
	char name[] = { (char)('a' + (int)(i % 26)), '\0' };
	struct addr addr;
	struct member *m;

	assert_int_equal(addr_parse(SLICE_LIT("127.0.0.1:8080"), &addr), ADDR_OK);
	m = member_new("web", name, &addr, i, WORKERS);
	assert_non_null(m);
	atomic_store(&m->eligible, true);
	return m;
}

/* `weights` NULL: all 1. */
static inline void fixture_init(struct fixture *f, unsigned n, const unsigned *weights)
{
	assert_true(n <= MEMBERS_MAX);
	*f = (struct fixture){ .n = n };
	for (unsigned i = 0; i < n; i++) {
		f->members[i] = fixture_member(i);
		f->in[i] = (struct view_input){
			.member = f->members[i],
			.state = MEMBER_UP,
			.judged = true,
			.weight = weights ? weights[i] : 1,
			.tier = 1,
		};
	}
	f->view = view_build(f->in, n, 1);
	assert_non_null(f->view);
}

/* A new view of the same members. */
static inline void fixture_rebuild(struct fixture *f, uint64_t serial)
{
	view_free(f->view);
	f->view = view_build(f->in, f->n, serial);
	assert_non_null(f->view);
}

static inline void fixture_fini(struct fixture *f)
{
	view_free(f->view);
	for (unsigned i = 0; i < f->n; i++)
		member_free(f->members[i]);
}

/* Which of the fixture's members it is. */
static inline unsigned fixture_index(const struct fixture *f, const struct member *m)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->members[i] == m)
			return i;
	fail_msg("a member that is not of the fixture");
	return 0;
}

#endif
