/* `conclave run --unit`: a unit of systemd, and those that are PartOf= it, in the place
 * of a command. */
#ifndef CTL_RUN_UNIT_H
#define CTL_RUN_UNIT_H

#include "ctl/run.h"
#include "ctl/run_box.h"

/* What stands for the command: starts the unit, tells `out` the cgroups of it and of its
 * parts, and ends when the unit has ended. SIGTERM: stops the unit first. Its exit status
 * is that of `systemctl start --wait`, or 0 after a stop. */
_Noreturn void unit_main(const char *name, struct box_units *out);
/* Asks systemd, for some seconds at most. False, and `why` says so: it does not answer,
 * or does not know the unit. */
bool unit_is_known(const char *name, char why[RUN_TEXT_MAX]);

/* How a unit is stopped that was killed; else systemd might start it again. Zeroed: not
 * yet. The unit is dead when systemd says that it has stopped, and its cgroups are empty:
 * before that they may be empty because it is about to be started. Takes no memory. */
struct unit_stop {
	/* of systemctl; 0: none runs */
	pid_t pid;
	bool done;
};

/* Begins to stop it, unless that has begun; does not wait. */
void unit_stop(struct unit_stop *s, const char *name);
/* A child has ended. */
void unit_reaped(struct unit_stop *s, pid_t pid, int status);

#endif
