/* What runs in the guard of `conclave run`, and in the process that becomes the command.
 */
#ifndef CTL_RUN_WATCH_H
#define CTL_RUN_WATCH_H

#include "ctl/run_guard.h"

#include <stdint.h>

enum watch_what {
	/* value: the pid of the process that waits to become the command */
	WATCH_READY,
	/* value: the status of the command, as waitpid has it */
	WATCH_DEAD,
	/* the lease has come to its end */
	WATCH_KILLS
};

/* From the guard to the runner. */
struct watch_word {
	int what;
	int value;
};

/* CLOCK_BOOTTIME. */
uint64_t watch_now_ns(void);
/* The guard, from its fork to its end: `sock` to the runner, `go` for the command. */
_Noreturn void watch_main(struct box *b, const struct guard_task *task, int sock, int go);

/* run_command.c: the process that waits for a byte of `go`, and becomes the command. */
_Noreturn void command_main(const struct box *b, const struct guard_task *task, int go);

#endif
