/* SPDX-License-Identifier: MIT */
/*
 * The rise/fall counter: the one place where single results become a verdict. Pure: no clock,
 * no I/O, no memory of its own. Health thread only. It must never know what was probed, or why.
 */
#include "health/rise_fall.h"

#include "aorta/assert.h"

static unsigned full(const struct rise_fall *c)
{
	return c->rise + c->fall - 1;
}

void rise_fall_init(struct rise_fall *c, enum rise_fall_start start, unsigned rise, unsigned fall)
{
	AORTA_ASSERT(rise > 0 && fall > 0);
	*c = (struct rise_fall){ .rise = rise, .fall = fall, .start = start };
	if (start == RISE_FALL_TRUSTED)
		c->h = full(c); /* `fall` failures lead from here to 0 */
}

static void count_pass(struct rise_fall *c)
{
	if (c->h < full(c)) {
		c->h++;
		if (c->h >= c->rise)
			c->h = full(c);
	}
}

static void count_fail(struct rise_fall *c)
{
	if (c->h > 0) {
		c->h--;
		if (c->h < c->rise)
			c->h = 0;
	}
}

void rise_fall_pass(struct rise_fall *c)
{
	c->failed = 0;
	if (!c->judged && c->start != RISE_FALL_WITHHELD)
		c->h = full(c);
	else
		count_pass(c);
	if (c->h >= c->rise)
		c->judged = true;
}

static void fail_unjudged(struct rise_fall *c)
{
	switch (c->start) {
	case RISE_FALL_FIRST_DECIDES:
		c->h = 0;
		c->judged = true;
		break;
	case RISE_FALL_TRUSTED:
		count_fail(c);
		c->judged = c->h == 0;
		break;
	case RISE_FALL_WITHHELD:
		c->h = 0;
		c->judged = ++c->failed >= c->fall;
		break;
	}
}

void rise_fall_fail(struct rise_fall *c)
{
	if (c->judged)
		count_fail(c);
	else
		fail_unjudged(c);
}

void rise_fall_mark_down(struct rise_fall *c)
{
	c->h = c->rise;
	count_fail(c);
	c->judged = true;
}

void rise_fall_inherit_up(struct rise_fall *c)
{
	c->h = c->rise;
	c->judged = true;
}

static unsigned at_least(unsigned v, unsigned least)
{
	return v < least ? least : v;
}

void rise_fall_resize(struct rise_fall *c, unsigned rise, unsigned fall)
{
	unsigned missing = full(c) - c->h;
	bool up = c->h >= c->rise;

	AORTA_ASSERT(rise > 0 && fall > 0);
	c->rise = rise;
	c->fall = fall;
	if (up)
		c->h = at_least(full(c) > missing ? full(c) - missing : 0, rise);
	else if (c->h >= rise)
		c->h = rise - 1;
}

bool rise_fall_passing(const struct rise_fall *c)
{
	return c->judged && c->h >= c->rise;
}

enum confidence rise_fall_confidence(const struct rise_fall *c)
{
	if (!c->judged)
		return IN_DOUBT;
	if (c->h == full(c))
		return SURE_UP;
	return c->h == 0 ? SURE_DOWN : IN_DOUBT;
}

static unsigned needed_unjudged(const struct rise_fall *c, bool passed)
{
	switch (c->start) {
	case RISE_FALL_FIRST_DECIDES:
		return 1;
	case RISE_FALL_TRUSTED:
		return passed ? 1 : c->fall;
	case RISE_FALL_WITHHELD:
		return passed ? c->rise : c->fall;
	}
	return 0;
}

unsigned rise_fall_needed(const struct rise_fall *c, bool passed)
{
	if (!c->judged)
		return needed_unjudged(c, passed);
	if (passed == rise_fall_passing(c))
		return 0;
	return passed ? c->rise : c->fall;
}
