/* What all daemons do alike: options, the loop, signals, readiness, watchdog. */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct proc_options {
	const char *config; /* -c FILE; default /etc/conclave/conclave.conf */
	const char *name;   /* --name NAME; default "main" (elector, peer, connmgr) */
};

/* Reads the daemons' common options. Returns -1 to go on; else the exit status (0 after
 * --help, --version or --describe, EXIT_USAGE after a message). `about` is one line
 * for --help, `PROGRAM: what it does`; --describe takes the program's own name from it,
 * whatever its file is called. */
int proc_parse_options(int argc, char **argv, const char *about,
                       struct proc_options *out);

struct proc;

struct proc_ops {
	void (*on_reload)(void *user); /* SIGHUP; may be NULL: ignored with a log line */
	void (*on_stop)(
	    void *user); /* SIGTERM, SIGINT; NULL: the loop ends with status 0 */
};

/* Before any thread and before nng: blocks all signals but the fatal ones (ABRT SEGV BUS
 * FPE ILL TRAP SYS), umask 077, ignores SIGPIPE, makes the loop, takes signals through
 * it, feeds the watchdog that $WATCHDOG_USEC asks for; asks to die with the parent where
 * $CONCLAVE_PARENT names it (and exits where that parent is gone already).
 * `name` is the program's short name, for the log. 0 or -errno. */
int proc_init(struct proc **out, const char *name, enum log_level level,
              const struct proc_ops *ops, void *user);
sd_event *proc_loop(struct proc *p);

/* READY=1 (once; later calls send only the status), STATUS=, and the fields that
 * conclaved shows: X_CONCLAVE_VERSION, X_CONCLAVE_GENERATION, X_CONCLAVE_ACTIVE (0, 1).
 */
void proc_ready(struct proc *p, const char *status, unsigned long long generation,
                bool active);
void proc_status(struct proc *p, const char *status, unsigned long long generation,
                 bool active);
/* STATUS= alone, before READY. */
void proc_say(struct proc *p, const char *status);

/* Until proc_exit: the exit status, or -errno. A main with links (ipc/chan) ends with
 * _exit, never by returning: a thread of nng's may be stuck for ever. */
int proc_run(struct proc *p);
void proc_exit(struct proc *p, int status); /* ends the loop */

#endif
