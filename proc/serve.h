/* The life of a worker program, alike for connmgr, elector and peer: options,
 * configuration, loop, reload, end. */
#ifndef PROC_SERVE_H
#define PROC_SERVE_H

#include "config/conf.h"
#include "proc/proc.h"
#include "proc/roster.h"

struct serve {
	enum roster_worker worker;
	/* What open fills and close ends: zero-filled, the program's own struct. */
	void *self;
	/* Opens what the program is, with the privileges that are left; borrowed until
	 * the end: conf, instance, proc. 0, or -errno or an exit status (EXIT_CONFIG),
	 * having said why. */
	int (*open)(void *self, const struct conf *conf, const char *instance,
	            struct proc *proc);
	/* NULL: the program takes nothing over. A reload has read `file`, which differs
	 * from `conf` by what conf_take takes, and is borrowed until the next reload.
	 * `why`: the file is refused for that, and `file` is what was taken last. */
	void (*reloaded)(void *self, const struct conf *file, const char *why);
	/* A signal asks the process to stop: ends it, now or later, by proc_exit. NULL:
	 * it ends at once. */
	void (*stop)(void *self);
	/* Also called after an open that failed. */
	void (*close)(void *self);
};

/* Does not return. Ends by _exit: a thread may be closing sockets of nng. */
void serve(int argc, char **argv, const struct serve *program) __attribute__((noreturn));

#endif
