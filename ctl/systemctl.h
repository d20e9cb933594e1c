/* Asks systemd about the instances of conclave-elector@.service. Every call waits until
 * systemctl has ended. */
#ifndef CTL_SYSTEMCTL_H
#define CTL_SYSTEMCTL_H

#include <stddef.h>

#define SYSTEMCTL_TEXT_MAX 4096

/* systemctl VERB conclave-elector@NAME.service: its exit status, or -errno. */
int systemctl(const char *verb, const char *name);
/* The program of the unit, as its ExecStart has it. 0, else `out` is "". */
int systemctl_program(const char *name, char *out, size_t cap);
/* How often systemd has restarted the unit; -1: it does not run. */
long systemctl_restarts(const char *name);

#endif
