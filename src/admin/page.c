/* SPDX-License-Identifier: MIT */
/*
 * GET /: the page, whole and readable without a script; one inline script keeps it fresh. What
 * is wrong comes first. Nothing is fetched from anywhere else, and the Content-Security-Policy
 * (a fresh nonce for each answer) lets nothing else run. Control thread; owns nothing.
 */
#include <sys/random.h>

#include "aorta/assert.h"
#include "form.h"
#include "page.h"
#include "page_assets.h"
#include "render.h"
#include "state.h"

#define CARDS_MAX 12
/* Seconds between two looks; longer when the page is long. */
#define REFRESH_S      2
#define REFRESH_LONG_S 5
#define LONG_MEMBERS   100

#define NONCE_BYTES 16

static void make_nonce(char out[2 * NONCE_BYTES + 1])
{
	unsigned char random[NONCE_BYTES] = { 0 };
	unsigned i;

	(void)!getrandom(random, sizeof(random), GRND_NONBLOCK);
	for (i = 0; i < NONCE_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
}

static void security_headers(struct reply *reply, const char *nonce)
{
	buf_printf(&reply->headers,
		   "Content-Security-Policy: default-src 'none'; style-src 'nonce-%s'; "
		   "script-src 'nonce-%s'; connect-src 'self'; img-src data:; base-uri 'none'; "
		   "form-action 'none'; frame-ancestors 'none'\r\n",
		   nonce, nonce);
	buf_puts(&reply->headers, "Referrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n");
}

/* "1 DOWN - aorta": what a browser's tab says. */
static void put_title(struct buf *b, const struct snapshot *s)
{
	unsigned n[MEMBER_STATE_COUNT] = { 0 }, i, k;
	const char *sep = "";

	for (i = 0; i < s->n_pools; i++) {
		for (k = 0; k < MEMBER_STATE_COUNT; k++)
			n[k] += s->pools[i].n_state[k];
	}
	for (k = 0; k < MEMBER_STATE_COUNT; k++) {
		if (n[k] == 0 || k == MEMBER_UP)
			continue;
		buf_printf(b, "%s%u %s", sep, n[k], member_state_name((enum member_state)k));
		sep = ", ";
	}
	buf_puts(b, *sep != '\0' ? " - aorta" : "aorta: all well");
}

/* The tab's icon: a disc when well, a square when not. */
static void put_icon(struct buf *b, const struct snapshot *s)
{
	const char *colour = s->worst >= CONCERN_WRONG	   ? "%23d22"
			     : s->worst >= CONCERN_REDUCED ? "%23e90"
			     : s->worst == CONCERN_NONE	   ? "%232a5"
							   : "%2338d";

	buf_puts(b, "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg "
		    "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' "
		    "height='16' rx='");
	buf_printf(b, "%u' fill='%s'/%%3E%%3C/svg%%3E\">", s->worst >= CONCERN_REDUCED ? 1u : 8u,
		   colour);
}

static void put_document_head(struct buf *b, const struct snapshot *s, const char *nonce,
			      unsigned refresh)
{
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
	put_title(b, s);
	buf_puts(b, "</title><meta name=\"viewport\" content=\"width=device-width,"
		    "initial-scale=1\">");
	put_icon(b, s);
	buf_printf(b, "<noscript><meta http-equiv=\"refresh\" content=\"%u\"></noscript>", refresh);
	buf_printf(b, "<style nonce=\"%s\">%s</style></head>\n", nonce, page_style);
}

static void nav_link(struct buf *b, const char *href, const char *text, bool current)
{
	buf_printf(b, "<a href=\"%s\"%s>%s</a>", href, current ? " aria-current=\"page\"" : "",
		   text);
}

static void put_top(struct buf *b, const struct snapshot *s, const struct page_filter *f)
{
	buf_puts(b, "<div id=\"stale\" role=\"alert\"></div>\n<header><b>aorta</b><nav>");
	nav_link(b, "/", "everything", !f->only_wrong && f->pool == NULL);
	nav_link(b, "/?only=wrong", "only what is wrong", f->only_wrong && f->pool == NULL);
	if (f->pool != NULL) {
		buf_puts(b, "<b>");
		page_text(b, f->pool);
		if (f->member != NULL) {
			buf_puts(b, " / ");
			page_text(b, f->member);
		}
		buf_puts(b, "</b>");
	}
	buf_puts(b, "</nav><span class=\"grow\"></span><span class=\"soft\" data-part=\"now\">"
		    "as of ");
	form_clock(b, s->wall_us, s->wall_us);
	buf_puts(b, " UTC</span></header>\n");
}

static void put_headlines(struct buf *b, const struct snapshot *s)
{
	unsigned i;

	buf_printf(b, "<section data-part=\"head\" class=\"head %s\" role=\"status\">",
		   concern_css(s->worst));
	for (i = 0; i < s->n_headlines; i++) {
		buf_puts(b, "<p>");
		page_text(b, s->headlines[i].text);
		buf_puts(b, "</p>");
	}
	buf_puts(b, "</section>\n");
}

/* The cards of the worst members, the worst concern first. */
static void put_cards(struct buf *b, const struct snapshot *s, const struct page_filter *f)
{
	unsigned left = CARDS_MAX, i, j;
	int concern;

	buf_puts(b, "<section data-part=\"wrong\" class=\"cards\">");
	for (concern = CONCERN_COUNT - 1; concern > CONCERN_CHECKING; concern--) {
		for (i = 0; i < s->n_pools; i++) {
			const struct snap_pool *p = &s->pools[i];

			if (f->pool != NULL && strcmp(f->pool, p->conf->name) != 0)
				continue;
			for (j = 0; j < p->n_members && left > 0; j++) {
				if ((int)p->members[j].concern != concern)
					continue;
				page_card(b, s, &p->members[j]);
				left--;
			}
		}
	}
	buf_puts(b, "</section>\n");
}

static void put_one_card(struct buf *b, const struct snapshot *s, const struct page_filter *f)
{
	const struct snap_pool *p = snapshot_pool(s, f->pool);

	buf_puts(b, "<section data-part=\"wrong\">");
	page_card(b, s, snap_pool_member(p, f->member));
	buf_puts(b, "</section>\n");
}

static void put_pools(struct buf *b, const struct snapshot *s, const struct page_filter *f)
{
	int concern;
	unsigned i;

	buf_puts(b, "<section data-part=\"pools\">");
	for (concern = CONCERN_COUNT - 1; concern >= 0; concern--) {
		for (i = 0; i < s->n_pools; i++) {
			const struct snap_pool *p = &s->pools[i];

			if ((int)p->concern != concern ||
			    (f->pool != NULL && strcmp(f->pool, p->conf->name) != 0))
				continue;
			page_pool(b, s, p, f);
		}
	}
	buf_puts(b, "</section>\n");
}

static void put_page(struct ask *ask, const struct snapshot *s, const struct page_filter *f,
		     struct reply *reply)
{
	unsigned refresh = s->n_members > LONG_MEMBERS ? REFRESH_LONG_S : REFRESH_S;
	struct buf *b = &reply->body;
	char nonce[2 * NONCE_BYTES + 1];

	make_nonce(nonce);
	security_headers(reply, nonce);
	reply->type = "text/html; charset=utf-8";
	put_document_head(b, s, nonce, refresh);
	buf_printf(b, "<body data-every=\"%u\">", refresh * 1000);
	put_top(b, s, f);
	buf_puts(b, "<main>");
	put_headlines(b, s);
	if (f->member != NULL)
		put_one_card(b, s, f);
	else
		put_cards(b, s, f);
	put_pools(b, s, f);
	buf_puts(b, "<section data-part=\"listeners\">");
	if (f->pool == NULL)
		page_listeners(b, s);
	buf_puts(b, "</section>\n<section data-part=\"events\">");
	page_events(b, s, ask->admin->history, f);
	buf_puts(b, "</section>\n</main><footer data-part=\"process\">");
	page_process(b, s);
	buf_printf(b, "</footer>\n<script nonce=\"%s\">%s</script></body></html>\n", nonce,
		   page_script);
}

/* False after a 404: a filter that names what is not there. */
static bool check_filter(struct ask *ask, const struct snapshot *s, const struct page_filter *f,
			 struct reply *reply)
{
	struct snap_pool *p;

	if (f->pool == NULL)
		return true;
	p = render_pool(ask, s, reply, f->pool);
	return p != NULL && (f->member == NULL || render_member(p, f->member, reply) != NULL);
}

void page_get(struct ask *ask, struct reply *reply)
{
	char pool[NAME_BYTES], member[NAME_BYTES], only[8] = "";
	struct page_filter f = { 0 };
	struct snapshot *s;

	if (query_has(ask->query, "text")) {
		text_get(ask, reply);
		return;
	}
	if (query_get(ask->query, "pool", pool, sizeof(pool)))
		f.pool = pool;
	if (f.pool != NULL && query_get(ask->query, "member", member, sizeof(member)))
		f.member = member;
	query_get(ask->query, "only", only, sizeof(only));
	f.only_wrong = strcmp(only, "wrong") == 0;
	s = render_snapshot(ask, reply);
	if (s == NULL)
		return;
	if (check_filter(ask, s, &f, reply))
		put_page(ask, s, &f, reply);
	snapshot_free(s);
}
