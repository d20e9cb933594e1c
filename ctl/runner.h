/* The shell of run_core.h: the runner of `conclave run`. One loop looks at all there is
 * to look at, after each wake. */
#ifndef CTL_RUNNER_H
#define CTL_RUNNER_H

#include "ctl/run_box.h"
#include "ctl/run_core.h"

#include <stdint.h>

struct runner_task {
	struct run_config config;
	const char *run_dir;
	int64_t id;
	/* with a final NULL */
	char **argv;
	/* NULL: run argv */
	const char *unit;
	/* what holds, for people */
	const char *name;
	/* no better kind of box than this */
	enum box_kind most;
};

/* Runs the command in each term, or in one. Returns the exit status of `conclave run`,
 * and has said on standard error what there is to say. */
int runner_main(const struct runner_task *task);

#endif
