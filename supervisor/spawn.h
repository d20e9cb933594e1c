/* Starts programs and holds them by pidfd, so that no signal can reach another process
 * that got the pid of a dead child. What every start needs is prepared once. */
#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include "supervisor/guise.h"
#include "supervisor/kept.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct spawn;

/* `notify_path` is the children's $NOTIFY_SOCKET; `memory_mb` limits the data of each
 * child (RLIMIT_DATA), 0 for no limit. 0 or -errno. */
int spawn_new(struct spawn **out, sd_event *loop, const char *notify_path,
              uint64_t watchdog_ms, uint64_t memory_mb);
void spawn_free(struct spawn *s); /* NULL ok */

struct spawn_how {
	/* argv[0] is executed; or, if it is not -1, the open file `exe`. */
	char *const *argv;
	int exe;
	/* From descriptor 3 on; NULL: none. */
	const struct kept *kept;
	/* -1: a worker, with /dev/null as descriptor 0 and our 1 and 2. Else the output
	 * of another program: its errors go to /dev/null, and it has no environment and
	 * no memory limit. */
	int out_fd;
	/* The user that it runs as; NULL: ours. */
	const struct guise *as;
};

/* Runs a program without blocked signals, in a process group of its own. `on_exit` is
 * called once, from the loop, and a program that cannot be watched is killed. The source
 * is the caller's, to send signals through and to unref. 0, or -errno of the start or of
 * exec. */
int spawn_run(struct spawn *s, const struct spawn_how *how,
              sd_event_child_handler_t on_exit, void *user, pid_t *pid,
              sd_event_source **source);

#endif
