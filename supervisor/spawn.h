/* Starts worker programs and holds on to them by pidfd: no signal can ever hit a stranger
 * that got a dead child's number. All that can be prepared is prepared once. */
#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include "supervisor/kept.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct spawn;

/* `notify_path`: what children find as $NOTIFY_SOCKET; `memory_mb`: of each child's own
 * data (RLIMIT_DATA), 0 for no limit. 0 or -errno. */
int spawn_new(struct spawn **out, sd_event *loop, const char *notify_path,
              uint64_t watchdog_ms, uint64_t memory_mb);
void spawn_free(struct spawn *s); /* NULL ok */

/* Runs argv[0] with descriptors 0 (/dev/null), 1 and 2, those of `kept` (NULL: none) from
 * 3 on, no blocked signal and a process group of its own: a ^C in our terminal is for us
 * alone to pass on. `on_exit` is called once, from the loop; the source is the caller's,
 * to signal through and to unref. 0 or -errno (what exec said, too). */
int spawn_run(struct spawn *s, char *const argv[], const struct kept *kept,
              sd_event_child_handler_t on_exit, void *user, pid_t *pid,
              sd_event_source **source);

/* The same for a program that is no child of the crew: its output goes to `out_fd`, and
 * its environment is empty. */
int spawn_once(struct spawn *s, char *const argv[], int out_fd,
               sd_event_child_handler_t on_exit, void *user, sd_event_source **source);

#endif
