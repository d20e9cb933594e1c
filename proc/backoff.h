/* systemd starts a daemon that died again at once: any other RestartSec= would cost up to
 * 250 ms more. One that does nothing but crash would keep the processors busy so, hence
 * it waits by itself, as conclaved lets its workers wait: not before the first restart,
 * then restart_min_ms, doubled up to restart_max_ms; having lived for restart_reset_ms
 * makes the next death the first again. The file `starts` in its own folder in run_dir
 * says how often, and when it was started. */
#ifndef PROC_BACKOFF_H
#define PROC_BACKOFF_H

#include "config/conf.h"

/* Before signals are blocked: SIGTERM ends the wait and the process. Nothing where the
 * folder is missing, or where it was not systemd that started us. */
void backoff_wait(const struct conf *c, const char *folder);
void backoff_forget(const struct conf *c, const char *folder); /* it stopped in order */

#endif
