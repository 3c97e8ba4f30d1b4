/* SPDX-License-Identifier: MIT */
/* Opening sockets with their options: the only file that knows which options aorta sets. */
#include "aorta/sock.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The kernel cuts this to net.core.somaxconn: ask for all of it. */
#define BACKLOG 65535

struct ev_loop *sock_loop_new(void)
{
	return ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
}

static int set_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on));
}

static int fail_close(int fd, struct err *e, const char *what, const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];
	int saved = errno;

	addr_print(a, text);
	if (fd >= 0)
		close(fd);
	errno = saved;
	return err_sys(e, "cannot %s %s", what, text);
}

int sock_probe_free(const struct addr *a, struct err *e)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail_close(fd, e, "open a socket for", a);
	if (set_on(fd, SOL_SOCKET, SO_REUSEADDR) < 0 ||
	    (a->sa.sa_family == AF_INET6 && set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0) ||
	    bind(fd, &a->sa, addr_len(a)) < 0 || listen(fd, 1) < 0)
		return fail_close(fd, e, "listen on", a);
	close(fd);
	return 0;
}

int sock_listen(const struct addr *a, struct err *e)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail_close(fd, e, "open a socket for", a);
	if (set_on(fd, SOL_SOCKET, SO_REUSEADDR) < 0 || set_on(fd, SOL_SOCKET, SO_REUSEPORT) < 0 ||
	    set_on(fd, IPPROTO_TCP, TCP_NODELAY) < 0 ||
	    (a->sa.sa_family == AF_INET6 && set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0))
		return fail_close(fd, e, "set options for", a);
	if (bind(fd, &a->sa, addr_len(a)) < 0)
		return fail_close(fd, e, "bind", a);
	if (listen(fd, BACKLOG) < 0)
		return fail_close(fd, e, "listen on", a);
	return fd;
}

int sock_listen_unix(const char *path, struct err *e)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return err_set(e, ERR_LIMIT, "socket path %s: longer than %zu bytes", path,
			       sizeof(un.sun_path) - 1);
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "cannot open a Unix socket");
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, 128) < 0) {
		err_sys(e, "cannot listen on %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * On loopback the kernel may give our end the very port that we call, and TCP then connects the
 * socket to itself (simultaneous open, RFC 9293 3.5): a member that is gone would look well.
 */
static bool is_own_end(int fd, const struct addr *a)
{
	struct addr own;
	socklen_t len = sizeof(own);

	if (!addr_is_loopback(a))
		return false;
	memset(&own, 0, sizeof(own));
	return getsockname(fd, &own.sa, &len) == 0 && addr_eq(&own, a);
}

static int close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

int sock_connect(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (connect(fd, &a->sa, addr_len(a)) < 0 && errno != EINPROGRESS)
		return close_with(fd, errno);
	if (is_own_end(fd, a))
		return close_with(fd, ECONNREFUSED);
	return fd;
}

int sock_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

bool sock_is_shortage(int sys_errno)
{
	switch (sys_errno) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EADDRNOTAVAIL:
	case EAGAIN: /* no local port or route cache entry: connect(2) */
		return true;
	default:
		return false;
	}
}

void sock_reset(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}
