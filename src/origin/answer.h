/* SPDX-License-Identifier: MIT */
/*
 * Answers: what the paths of an origin give, bent by the faults that apply. Pure: from a
 * request, its body and a set of faults to bytes and to how they are to be sent.
 */
#ifndef ORIGIN_ANSWER_H
#define ORIGIN_ANSWER_H

#include "aorta/buf.h"
#include "fault.h"
#include "request.h"

struct port;

enum ending {
	END_KEEP,   /* the connection goes on */
	END_POLITE, /* all was said that was promised: shut down, wait for the client's end */
	END_ABRUPT, /* close() now */
	END_RESET,
	END_HANG, /* nothing more comes, nor an end */
};

struct answer {
	struct buf bytes;     /* to send first; owns */
	uint64_t filler_left; /* then this many bytes of filler */
	bool filler_chunked;
	struct slice tail; /* and then these; borrows constant bytes */
	uint64_t extra;	   /* and these many more that nobody asked for */
	uint64_t cut_left; /* but no more than this in all; UINT64_MAX: all */
	int64_t delay_ms;  /* before the first byte */
	int64_t rate;	   /* bytes a second; 0: as fast as it goes */
	enum ending ending;
};

void answer_init(struct answer *a);
void answer_fini(struct answer *a);
/* Empties it; keeps the memory. */
void answer_reset(struct answer *a);
/* Builds the answer to `r`, whose body was `body`. */
void answer_make(struct answer *a, const struct port *p, const struct request *r, struct slice body,
		 const struct fault_set *faults);
/* A complete answer of text: for commands and errors. */
void answer_text(struct answer *a, const struct request *r, unsigned status, const char *type,
		 struct slice text, bool keep);
/* Whether the path's answer needs the request's body. */
bool answer_wants_body(const struct request *r);
/* Puts the next piece of filler (up to about 64 KiB) into `bytes`; false when there is none. */
bool answer_refill(struct answer *a);

#endif
