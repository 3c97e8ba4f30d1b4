/* SPDX-License-Identifier: MIT */
/* Text into tokens, each with its place. Private to src/conf. */
#ifndef AORTA_CONF_LEX_H
#define AORTA_CONF_LEX_H

#include <stdbool.h>

#include "aorta/buf.h"
#include "conf/load.h"

enum token_kind { TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_END, TOKEN_EOF };

struct token {
	enum token_kind kind;
	bool quoted;		 /* "..." */
	bool tilde;		 /* the operator ~ */
	bool bad;		 /* a problem has been recorded; goes on as a word */
	const char *text;	 /* of a word: unquoted, variables filled in; in scratch */
	struct conf_place place; /* of the first character */
	struct conf_place end;	 /* of the last one */
};

struct lexer {
	struct load *load;
	const char *file;
	const char *at, *stop, *line_start;
	unsigned line;
	struct buf word; /* owns: the word being put together */
};

void lexer_init(struct lexer *x, struct load *l, const struct source *s);
void lexer_fini(struct lexer *x);
struct token lexer_next(struct lexer *x);

#endif
