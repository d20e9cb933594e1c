/* The listening sockets of connmgr; see kept.h. */
#include "supervisor/kept.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* higher than the numbers at which the child finds them (spawn.c) */
#define FD_MIN (3 + FDSTORE_MAX)

_Static_assert(CHILD_KEEP_MAX >= FDSTORE_NAME_MAX, "a notice has room for every name");

static void
take(struct kept *k, int fd)
{
	int high = k->count < FDSTORE_MAX ? fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN) : -1;

	close(fd);
	if (high >= 0)
		k->fds[k->count++] = high;
}

void
kept_open(struct kept *k)
{
	int fds[FDSTORE_MAX];
	unsigned count = fdstore_take(fds);

	k->count = 0;
	for (unsigned i = 0; i < count; i++)
		take(k, fds[i]);
}

void
kept_close(struct kept *k)
{
	while (k->count > 0)
		close(k->fds[--k->count]);
}

static void
drop(struct kept *k, const char *name)
{
	char other[FDSTORE_NAME_MAX];

	for (unsigned i = 0; i < k->count; i++) {
		if (!fdstore_name(k->fds[i], other) || strcmp(name, other) != 0)
			continue;
		close(k->fds[i]);
		k->fds[i] = k->fds[--k->count];
		break;
	}
	/* if it fails, systemd goes on storing a socket that nobody asks for */
	(void)fdstore_remove(name);
}

void
kept_hear(struct kept *k, const struct child_notice *n, int fd)
{
	char name[FDSTORE_NAME_MAX];
	int r;

	if (n->drop)
		drop(k, n->keep_name);
	if (fd < 0)
		return;
	if (!n->keep || !fdstore_name(fd, name)) {
		close(fd);
		return;
	}
	drop(k, name);
	r = fdstore_put(fd);
	if (r < 0)
		log_info("systemd does not store %s for a restart of conclaved: %s", name,
		         strerror(-r));
	take(k, fd);
}

void
kept_drop_all(struct kept *k)
{
	char name[FDSTORE_NAME_MAX];

	while (k->count > 0) {
		if (fdstore_name(k->fds[k->count - 1], name))
			drop(k, name);
		else
			close(k->fds[--k->count]);
	}
}
