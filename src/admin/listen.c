/* SPDX-License-Identifier: MIT */
/*
 * Doors: the listening sockets of the admin side. A door is owned by whoever opened it until it
 * is linked into the server. Control thread, at boot and reload; nothing here waits.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "aorta/assert.h"
#include "server.h"
#include "state.h"

#define BACKLOG	    64	 /* as many as we would keep */
#define SOCKET_MODE 0660 /* owner and group: who may change things */

_Static_assert(sizeof(((struct door *)0)->path) == sizeof(((struct sockaddr_un *)0)->sun_path),
	       "door.path holds what a sockaddr_un can");

static struct door *door_new(int family, struct err *e)
{
	struct door *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	list_init(&d->link);
	d->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0) {
		err_sys(e, "cannot make a socket");
		free(d);
		return NULL;
	}
	return d;
}

/* Closes a door that never opened. Returns NULL. */
static struct door *door_fail(struct door *d)
{
	close(d->fd);
	free(d);
	return NULL;
}

struct door *door_open_tcp(const struct addr *at, struct err *e)
{
	struct door *d = door_new(at->sa.sa_family, e);
	socklen_t len = sizeof(at->v6);
	char text[ADDR_TEXT_BYTES];
	int on = 1;

	if (d == NULL)
		return NULL;
	addr_print(at, text);
	d->asked = d->bound = *at;
	(void)setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (at->sa.sa_family == AF_INET6)
		(void)setsockopt(d->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(d->fd, &at->sa, addr_len(at)) != 0 || listen(d->fd, BACKLOG) != 0) {
		err_sys(e, "admin cannot listen on %s", text);
		return door_fail(d);
	}
	if (getsockname(d->fd, &d->bound.sa, &len) != 0)
		d->bound = *at;
	return d;
}

/* 1: somebody answers there, 0: a file that nobody serves, -1: nothing there. */
static int socket_file_alive(const struct sockaddr_un *at)
{
	int fd, rc;
	struct stat st;

	if (lstat(at->sun_path, &st) != 0)
		return -1;
	if (!S_ISSOCK(st.st_mode))
		return 1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 1;
	rc = connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED
		     ? 0
		     : 1;
	close(fd);
	return rc;
}

static int bind_unix(struct door *d, const struct sockaddr_un *at, struct err *e)
{
	int alive = socket_file_alive(at);
	struct stat st;

	if (alive > 0)
		return err_set(
			e, ERR_SYSTEM,
			"admin cannot listen on %s: it is in use by another process or is no "
			"socket",
			at->sun_path);
	if (alive == 0 && unlink(at->sun_path) != 0)
		return err_sys(e, "admin cannot replace the stale socket %s", at->sun_path);
	/*
	 * The file is born with the socket's mode less the umask (unix(7)): never open to more than
	 * it shall be, and opened to its group afterwards.
	 */
	(void)fchmod(d->fd, SOCKET_MODE);
	if (bind(d->fd, (const struct sockaddr *)at, sizeof(*at)) != 0)
		return err_sys(e, "admin cannot listen on %s", at->sun_path);
	if (chmod(at->sun_path, SOCKET_MODE) != 0 || listen(d->fd, BACKLOG) != 0)
		return err_sys(e, "admin cannot listen on %s", at->sun_path);
	if (lstat(at->sun_path, &st) == 0) {
		d->dev = st.st_dev;
		d->ino = st.st_ino;
	}
	return 0;
}

struct door *door_open_unix(const char *path, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct door *d;

	if (strlen(path) >= sizeof(at.sun_path)) {
		err_set(e, ERR_CONFIG, "admin socket %s: the path is longer than %zu bytes", path,
			sizeof(at.sun_path) - 1);
		return NULL;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	d = door_new(AF_UNIX, e);
	if (d == NULL)
		return NULL;
	d->local = true;
	memcpy(d->path, at.sun_path, sizeof(d->path));
	return bind_unix(d, &at, e) == 0 ? d : door_fail(d);
}

void door_close(struct door *d)
{
	struct stat st;

	if (d->server != NULL)
		ev_io_stop(d->server->admin->loop, &d->io);
	list_remove(&d->link);
	if (d->local && lstat(d->path, &st) == 0 && st.st_dev == d->dev && st.st_ino == d->ino)
		unlink(d->path);
	close(d->fd);
	free(d);
}

static void on_knock(struct ev_loop *loop, ev_io *io, int events)
{
	server_full_or_accept(io->data);
}

static void door_serve(struct door *d, struct server *s)
{
	d->server = s;
	list_push_back(&s->doors, &d->link);
	ev_io_init(&d->io, on_knock, d->fd, EV_READ);
	d->io.data = d;
	ev_io_start(s->admin->loop, &d->io);
}

static bool keep_tcp(struct server *s, const struct addr *at)
{
	struct list *it;

	LIST_FOREACH(it, &s->doors) {
		struct door *d = CONTAINER_OF(it, struct door, link);

		if (!d->local && !d->kept && addr_eq(&d->asked, at))
			return d->kept = true;
	}
	return false;
}

static bool keep_unix(struct server *s, const char *path)
{
	struct list *it;

	LIST_FOREACH(it, &s->doors) {
		struct door *d = CONTAINER_OF(it, struct door, link);

		if (d->local && !d->kept && strcmp(d->path, path) == 0)
			return d->kept = true;
	}
	return false;
}

/* Opens what is asked for and not open yet into `fresh`. */
static int open_missing(struct server *s, const struct conf_admin *conf, struct list *fresh,
			struct err *e)
{
	struct door *d;
	unsigned i;

	for (i = 0; i < conf->n_binds; i++) {
		if (keep_tcp(s, &conf->binds[i]))
			continue;
		d = door_open_tcp(&conf->binds[i], e);
		if (d == NULL)
			return -1;
		list_push_back(fresh, &d->link);
	}
	if (conf->socket == NULL || keep_unix(s, conf->socket))
		return 0;
	d = door_open_unix(conf->socket, e);
	if (d == NULL)
		return -1;
	list_push_back(fresh, &d->link);
	return 0;
}

static void close_doors(struct list *doors, bool also_kept)
{
	struct list *it, *next;

	LIST_FOREACH_SAFE(it, next, doors) {
		struct door *d = CONTAINER_OF(it, struct door, link);

		if (also_kept || !d->kept)
			door_close(d);
	}
}

int server_configure(struct server *s, const struct conf_admin *conf, struct err *e)
{
	struct list fresh, *it, *next;
	int rc;

	list_init(&fresh);
	LIST_FOREACH(it, &s->doors)
		CONTAINER_OF(it, struct door, link)->kept = false;
	rc = open_missing(s, conf, &fresh, e);
	if (rc != 0) {
		close_doors(&fresh, true);
		return rc;
	}
	close_doors(&s->doors, false);
	LIST_FOREACH_SAFE(it, next, &fresh) {
		struct door *d = CONTAINER_OF(it, struct door, link);

		list_remove(&d->link);
		door_serve(d, s);
	}
	return 0;
}
