/* See ports.h. */
#include "connmgr/ports.h"

#include "base/log.h"
#include "proc/fdstore.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

struct inherited {
	int fd; /* -1: closed */
	struct address address;
	bool used;
};

/* A process is handed sockets once. */
static struct inherited table[FDSTORE_MAX];
static unsigned count;

/* True if it listens at every address of the family, or of both families. */
static bool
covers(const struct inherited *i, const struct address *a)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&i->address.any;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&i->address.any;
	int only = 1;
	socklen_t len = sizeof(only);

	if (address_port(&i->address) != address_port(a))
		return false;
	if (i->address.any.ss_family == AF_INET)
		return a->any.ss_family == AF_INET && v4->sin_addr.s_addr == INADDR_ANY;
	if (!IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
		return false;
	return a->any.ss_family == AF_INET6 ||
	       (getsockopt(i->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0 && !only);
}

static void
discard(struct inherited *i)
{
	char name[FDSTORE_NAME_MAX], text[ADDRESS_TEXT_MAX];

	address_text(&i->address, text);
	log_notice("closing an inherited socket that listens at %s, no address of ours",
	           text);
	if (fdstore_name(i->fd, name))
		(void)fdstore_remove(name); /* else the port stays open, and silent */
	close(i->fd);
	i->fd = -1;
}

void
ports_open(const struct conf *c)
{
	int fds[FDSTORE_MAX];
	unsigned given = fdstore_take(fds);

	for (unsigned i = 0; i < given; i++) {
		struct inherited *one = &table[count];
		uint16_t port;

		*one = (struct inherited){.fd = fds[i],
		                          .address.len = sizeof(one->address.any)};
		if (getsockname(one->fd, (struct sockaddr *)&one->address.any,
		                &one->address.len) < 0) {
			close(one->fd);
			continue;
		}
		port = address_port(&one->address);
		if (c->self &&
		    (port == c->self->election_port || port == c->self->quorum_port))
			count++;
		else
			discard(one);
	}
}

static struct inherited *
find(const struct address *a)
{
	for (unsigned i = 0; i < count; i++)
		if (table[i].fd >= 0 && address_same(&table[i].address, a))
			return &table[i];
	for (unsigned i = 0; i < count; i++)
		if (table[i].fd >= 0 && covers(&table[i], a))
			return &table[i];
	return NULL;
}

static int
listen_at(const struct address *a)
{
	int fd = socket(a->any.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, r;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&a->any, a->len) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int
ports_listen(const struct address *a)
{
	struct inherited *old = find(a);
	int fd, r;

	if (old) {
		/* a copy: one that covers all addresses may serve several of ours */
		fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
		old->used = fd >= 0;
		return fd < 0 ? -errno : fd;
	}
	fd = listen_at(a);
	if (fd < 0)
		return fd;
	r = fdstore_put(fd);
	if (r < 0)
		log_info("our ports will be closed while connmgr is restarted: %s",
		         strerror(-r));
	return fd;
}

void
ports_settle(uint16_t port)
{
	for (unsigned i = 0; i < count; i++)
		if (table[i].fd >= 0 && !table[i].used &&
		    address_port(&table[i].address) == port)
			discard(&table[i]);
}
