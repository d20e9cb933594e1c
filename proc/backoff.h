/* How long a daemon that systemd starts again waits first. systemd starts it at once: a
 * longer RestartSec= would cost up to 250 ms more than it says. One that only crashes
 * would keep the processors busy, so it waits as conclaved lets its workers wait: not at
 * all after the first death, then restart_min_ms, doubled up to restart_max_ms. Who lived
 * for restart_reset_ms begins at the first death again. The file `starts` in the daemon's
 * folder below run_dir says how many deaths in a row there were, and when it started. */
#ifndef PROC_BACKOFF_H
#define PROC_BACKOFF_H

#include "config/conf.h"

/* Waits, and notes this start. It comes before signals are blocked: SIGTERM ends the wait
 * and the process. Does nothing where the folder is missing or systemd did not start us.
 */
void backoff_wait(const struct conf *c, const char *folder);
/* The daemon stopped in order: forgets its deaths. */
void backoff_forget(const struct conf *c, const char *folder);

#endif
