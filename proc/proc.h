/* What all daemons do alike: options, the loop, signals, readiness, watchdog. */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct proc_options {
	/* -c FILE; default /etc/conclave/conclave.conf */
	const char *config;
	/* --name NAME, of the instance; default "main" */
	const char *name;
};

/* Reads the daemons' common options. Returns -1 to go on; else the exit status (EXIT_OK
 * after --help, --version or --describe, EXIT_USAGE after a message). `about` is one line
 * for --help, `PROGRAM: what it does`; --describe prints this PROGRAM, whatever the file
 * is called. */
int proc_parse_options(int argc, char **argv, const char *about,
                       struct proc_options *out);

struct proc;

struct proc_ops {
	/* SIGHUP came. NULL: the signal is only logged. */
	void (*on_reload)(void *user);
	/* SIGTERM or SIGINT came. NULL: the loop ends, with EXIT_OK. */
	void (*on_stop)(void *user);
};

/* To be called before any thread is started and before nng is used. Blocks all signals
 * but the fatal ones, ignores SIGPIPE, sets the umask to 077, makes the loop, which takes
 * the signals, and feeds the watchdog that $WATCHDOG_USEC asks for. Where
 * $CONCLAVE_PARENT names the parent, the process dies with it, at once if the parent is
 * dead already. `name` is the program's short name, for the log. 0 or -errno. */
int proc_init(struct proc **out, const char *name, enum log_level level,
              const struct proc_ops *ops, void *user);
sd_event *proc_loop(struct proc *p);

/* Sends STATUS= and the fields that conclaved shows: X_CONCLAVE_VERSION,
 * X_CONCLAVE_GENERATION, X_CONCLAVE_ACTIVE (0 or 1). The first proc_ready also sends
 * READY=1. */
void proc_ready(struct proc *p, const char *status, unsigned long long generation,
                bool active);
/* Sends STATUS= alone; for the time before proc_ready. */
void proc_say(struct proc *p, const char *status);

/* Asks who started us for so much more time to stop, from now on, once on_stop was
 * called. */
void proc_extend(struct proc *p, uint64_t ms);

/* Runs the loop until proc_exit. The exit status, or -errno. A main with links (ipc/chan)
 * must end with _exit: a thread may be closing sockets of nng. */
int proc_run(struct proc *p);
/* Ends the loop. */
void proc_exit(struct proc *p, int status);

#endif
