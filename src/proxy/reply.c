/* SPDX-License-Identifier: MIT */
/* Our own answers, built from the table in stats.h. Pure. */
#include "proxy/reply.h"

#include <stdio.h>

#include "aorta/http1.h"

/* Of `detail`; ours are far shorter. Keeps body and answer within their buffers. */
#define DETAIL_MAX 256

size_t reply_build(char out[REPLY_BYTES], enum own_error e, const char *detail, bool close,
		   bool head_only, size_t *body_bytes)
{
	char body[512];
	int n = snprintf(body, sizeof(body), "%u %s\n%s%s%.*s\n", own_error_status(e),
			 http1_reason(own_error_status(e)), own_error_text(e), detail ? " " : "",
			 DETAIL_MAX, detail ? detail : "");
	int total = snprintf(out, REPLY_BYTES,
			     "HTTP/1.1 %u %s\r\n"
			     "Aorta-Error: %s\r\n"
			     "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Length: %d\r\n"
			     "Cache-Control: no-store\r\n"
			     "%s%s\r\n%s",
			     own_error_status(e), http1_reason(own_error_status(e)),
			     own_error_word(e), n,
			     e == OWN_METHOD ? "Allow: GET, HEAD, POST, PUT, "
					       "DELETE, OPTIONS, TRACE, PATCH\r\n"
					     : "",
			     close ? "Connection: close\r\n" : "", head_only ? "" : body);

	*body_bytes = head_only ? 0 : (size_t)n;
	return (size_t)total;
}
