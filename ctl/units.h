/* Do the installed units of systemd fit the configuration? What `conclave check
 * --systemd` says (conclave-systemd(7) describes the units). */
#ifndef CTL_UNITS_H
#define CTL_UNITS_H

#include "config/conf.h"

#define UNITS_SHOWN_MAX   65536
#define UNITS_PROBLEM_MAX 512
#define UNITS_PROBLEMS    32

struct units_verdict {
	unsigned count;
	char problems[UNITS_PROBLEMS][UNITS_PROBLEM_MAX]; /* a sentence each */
};

/* The shell command whose output units_judge reads. */
const char *units_command(void);

/* `shown`: that output. `file`: what the units should read, NULL where that does not
 * matter. Users are looked up on this machine. */
void units_judge(const char *shown, const struct conf *c, const char *file,
                 struct units_verdict *out);

#endif
