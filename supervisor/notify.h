/* The socket behind the children's $NOTIFY_SOCKET: takes datagrams, learns from the
 * kernel who sent each, and hands them on. It has the highest priority in the loop: what
 * a child sent counts before its end or its deadline does. */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include "supervisor/child_notice.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct notify;

/* Datagrams so far that were malformed, or did not come from a child. */
struct notify_counts {
	uint64_t malformed;
	uint64_t strangers;
};

/* Listens at `path` (an old socket there is removed). `on_notice` takes `fd`, which came
 * with the datagram (-1: none did), and returns 0; or takes nothing and returns 1, if
 * `pid` is no child, or may not send descriptors. 0 or -errno. */
int notify_open(struct notify **out, sd_event *loop, const char *path,
                int (*on_notice)(void *user, pid_t pid, const struct child_notice *n,
                                 int fd),
                void *user);
/* Whether the socket is still at its path: somebody may have removed it. */
bool notify_is_there(const struct notify *n);
/* Listens at the path anew. Children that have connected before are heard as well; of
 * earlier sockets the last NOTIFY_EARLIER_MAX are kept. 0 or -errno. */
int notify_renew(struct notify *n);
#define NOTIFY_EARLIER_MAX 4
void notify_close(struct notify *n); /* and removes the socket; NULL ok */
struct notify_counts notify_counts(const struct notify *n);

#endif
