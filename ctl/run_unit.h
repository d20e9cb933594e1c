/* `conclave run --unit`: a unit of systemd, and those that are PartOf= it, in the place
 * of a command. */
#ifndef CTL_RUN_UNIT_H
#define CTL_RUN_UNIT_H

#include "ctl/run.h"
#include "ctl/run_box.h"

/* What stands for the command: starts the unit, tells `out` the cgroups of it and of its
 * parts, and ends when the unit has ended. SIGTERM: stops the unit first. Its exit status
 * is that of `systemctl start --wait`, 0 after a stop, or EXIT_NO_ANSWER if the unit was
 * never active, which it says. */
_Noreturn void unit_main(const char *name, struct box_units *out);
/* Asks systemd, for some seconds at most. NULL: it knows the unit; else why not. */
const char *unit_unknown(const char *name);

/* How a unit is stopped that was killed; else systemd might start it again. Zeroed: not
 * yet. The unit is dead when systemd says that it has stopped, and its cgroups are empty:
 * before that they may be empty because it is about to be started. Takes no memory. */
struct unit_stop {
	/* of systemctl; 0: none runs */
	pid_t pid;
	bool done;
	/* When it may be tried again, and the pause after that. */
	uint64_t due_ns, pause_ns;
};

/* Begins to stop it, unless that has begun, or failed a moment ago; does not wait. */
void unit_stop(struct unit_stop *s, const char *name, uint64_t now_ns);
/* A child has ended. */
void unit_reaped(struct unit_stop *s, pid_t pid, int status);

#endif
