/* SPDX-License-Identifier: MIT */
/*
 * The client side of the admin API: connects, asks, reads the answer. Blocking, with a time
 * limit on each step; owns its descriptor for the length of one call.
 */
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "aorta/http1.h"

#define STEP_TIMEOUT_S 15	    /* over the server's own limit for orders, 5 s */
#define ANSWER_MAX     (256u << 20) /* more is no answer of ours */

void answer_init(struct answer *a)
{
	a->status = 0;
	buf_init(&a->body);
}

void answer_fini(struct answer *a)
{
	buf_fini(&a->body);
}

void client_encode(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_' || c == '~')
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

static void limit_time(int fd)
{
	struct timeval t = { .tv_sec = STEP_TIMEOUT_S };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* What to look at when the socket does not answer. */
static const char *socket_hint(int error)
{
	switch (error) {
	case ENOENT:
		return "is aorta running, and does its admin block say `socket` with this path? "
		       "-s PATH or AORTA_SOCKET chooses another";
	case ECONNREFUSED:
		return "the file is there but nobody serves it: aorta has stopped";
	case EACCES:
	case EPERM:
		return "the socket's file mode decides who may: run as its owner or group";
	default:
		return "look at aorta's log";
	}
}

static int connect_unix(const struct client *c, struct buf *why)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(c->socket) >= sizeof(un.sun_path)) {
		buf_printf(why, "the socket path %s is too long", c->socket);
		return -1;
	}
	memcpy(un.sun_path, c->socket, strlen(c->socket) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		buf_printf(why, "cannot make a socket: %s", strerror(errno));
		return -1;
	}
	limit_time(fd);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	error = errno;
	close(fd);
	buf_printf(why, "cannot reach aorta at the socket %s: %s (%s)", c->socket, strerror(error),
		   socket_hint(error));
	return -1;
}

/* "host:port" or "[v6]:port" cut in two; false when there is no port. */
static bool split_address(const char *address, char host[256], char port[16])
{
	const char *colon = strrchr(address, ':');
	size_t n;

	if (colon == NULL || colon == address || colon[1] == '\0' || strlen(colon + 1) >= 16)
		return false;
	n = (size_t)(colon - address);
	if (address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	if (n == 0 || n >= 256)
		return false;
	memcpy(host, address, n);
	host[n] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

static int connect_tcp(const struct client *c, struct buf *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *it;
	char host[256], port[16];
	int fd = -1, rc, error = 0;

	if (!split_address(c->address, host, port)) {
		buf_printf(why, "%s is no HOST:PORT", c->address);
		return -1;
	}
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0) {
		buf_printf(why, "cannot find %s: %s", host, gai_strerror(rc));
		return -1;
	}
	for (it = list; it != NULL && fd < 0; it = it->ai_next) {
		fd = socket(it->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		limit_time(fd);
		if (connect(fd, it->ai_addr, it->ai_addrlen) == 0)
			break;
		error = errno;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd < 0)
		buf_printf(why,
			   "cannot reach aorta at %s: %s (is it running, and does its admin block "
			   "say `bind` with this address?)",
			   c->address, strerror(error));
	return fd;
}

static void send_all(int fd, const struct buf *b)
{
	size_t sent = 0;

	while (sent < b->len) {
		ssize_t n = send(fd, b->data + sent, b->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

/* To the end of the connection, which the request asked to be closed. */
static int recv_all(int fd, struct buf *b)
{
	char piece[65536];

	while (b->len < ANSWER_MAX) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 || b->failed ? -1 : 0;
		buf_put(b, piece, (size_t)n);
	}
	errno = EMSGSIZE;
	return -1;
}

static int read_answer(const struct buf *raw, struct answer *answer, struct buf *why)
{
	static struct http1_response r; /* one answer at a time */

	if (raw->len == 0 || http1_parse_response(&r, raw->data, raw->len) != HTTP1_DONE) {
		buf_puts(why, "what answered is not aorta's admin side");
		return -1;
	}
	if (r.head.has_length && raw->len - r.head.len < r.head.length) {
		buf_puts(why, "the answer was cut short");
		return -1;
	}
	answer->status = r.status;
	buf_put(&answer->body, raw->data + r.head.len, raw->len - r.head.len);
	return 0;
}

static void put_request(const struct client *c, const char *method, const char *target,
			struct buf *b)
{
	buf_printf(b,
		   "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: aortactl/" PACKAGE_VERSION
		   "\r\nConnection: close\r\n",
		   method, target, c->address == NULL ? "localhost" : c->address);
	if (c->token != NULL)
		buf_printf(b, "Authorization: Bearer %s\r\n", c->token);
	if (strcmp(method, "POST") == 0)
		buf_puts(b, "Content-Length: 0\r\n");
	buf_puts(b, "\r\n");
}

int client_ask(const struct client *c, const char *method, const char *target,
	       struct answer *answer, struct buf *why)
{
	int fd = c->address == NULL ? connect_unix(c, why) : connect_tcp(c, why);
	struct buf request, raw;
	int rc = -1;

	if (fd < 0)
		return -1;
	buf_init(&request);
	buf_init(&raw);
	put_request(c, method, target, &request);
	/* A server that is full answers before it has read: what it says counts, not EPIPE. */
	send_all(fd, &request);
	if (request.failed || (recv_all(fd, &raw) != 0 && raw.len == 0))
		buf_printf(why, "no answer from %s: %s",
			   c->address == NULL ? c->socket : c->address,
			   errno == EAGAIN ? "it took too long" : strerror(errno));
	else
		rc = read_answer(&raw, answer, why);
	close(fd);
	buf_fini(&request);
	buf_fini(&raw);
	return rc;
}
