/* The socket behind the children's $NOTIFY_SOCKET: takes datagrams, checks by the
 * kernel's word who sent them, hands them on. Of all that the loop watches it comes
 * first: what a child said counts before its end or its deadline does. */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include "supervisor/child_notice.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct notify;

struct notify_ops {
	/* `fd` came with it (-1: nothing did) and is the receiver's. Returns 0, or 1: the
	 * sender is none of the children's, and nothing was taken. */
	int (*on_notice)(void *user, pid_t pid, const struct child_notice *n, int fd);
};

/* Listens at `path` (an old socket there is removed). 0 or -errno. */
int notify_open(struct notify **out, sd_event *loop, const char *path,
                const struct notify_ops *ops, void *user);
void notify_close(struct notify *n);               /* and removes the socket; NULL ok */
uint64_t notify_malformed(const struct notify *n); /* datagrams refused so far */
uint64_t notify_strangers(const struct notify *n); /* from none of the children */

#endif
