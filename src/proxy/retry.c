/* SPDX-License-Identifier: MIT */
/* The retry rules as one decision. Pure; the counting and the sending are the exchange's. */
#include "proxy/retry.h"

static bool wanted(const struct conf_retry *conf, const struct retry_facts *f)
{
	switch (f->cause) {
	case RETRY_CONNECT:
		return conf->on_connect;
	case RETRY_RESET:
	case RETRY_OUT:
		return conf->on_reset;
	case RETRY_STATUS:
		return conf_status_in(conf->statuses, conf->n_statuses, f->status);
	case RETRY_STALE:
		return true;
	}
	return false;
}

enum retry_decision retry_decide(const struct conf_retry *conf, const struct retry_facts *f)
{
	if (!f->replayable || !wanted(conf, f))
		return RETRY_NOT;
	if (f->cause != RETRY_CONNECT && !f->idempotent)
		return RETRY_NOT;
	if (f->cause != RETRY_STATUS && f->answer_seen)
		return RETRY_NOT;
	if (f->cause == RETRY_STALE)
		return RETRY_FRESH;
	return f->tries_left ? RETRY_ELSEWHERE : RETRY_NOT;
}
