/* The life of a worker program, alike for connmgr, elector and peer: options,
 * configuration, loop, reload, end. */
#ifndef PROC_SERVE_H
#define PROC_SERVE_H

#include "config/conf.h"
#include "proc/proc.h"

struct serve {
	const char *name;  /* short, for the log */
	const char *about; /* for --help */
	bool many;         /* each instance has a folder of its own */
	/* Opens what the program is; borrowed until the end: conf, instance, proc. 0, or
	 * -errno having said why. */
	int (*open)(const struct conf *conf, const char *instance, struct proc *proc);
	void (*close)(void); /* also after an open that failed */
};

/* Does not return. Ends by _exit, since a thread of nng may be stuck in a close for ever
 * (feasibility A2). */
void serve(int argc, char **argv, const struct serve *program) __attribute__((noreturn));

#endif
