/* SPDX-License-Identifier: MIT */
/*
 * The page's one style sheet and one script, inline so that nothing else is ever fetched.
 */
#ifndef ADMIN_PAGE_ASSETS_H
#define ADMIN_PAGE_ASSETS_H

extern const char page_style[];
extern const char page_script[];

#endif
