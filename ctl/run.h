/* Runs another program, waits for its end, and keeps what it printed: above all systemctl
 * about the instances of conclave-elector@.service. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include <stddef.h>
#include <stdint.h>

#define RUN_TEXT_MAX 4096

/* Returns the exit status of the program; or -errno where it could not be run: -ETIMEDOUT
 * (it was killed), -ECHILD: a signal ended it. `out` gets its standard output, cut to
 * `cap` - 1 bytes, NUL-terminated; NULL: the output goes where ours goes. argv[0] is
 * looked for in PATH. */
int run_program(const char *const argv[], uint64_t timeout_ms, char *out, size_t cap);

/* systemctl VERB conclave-elector@NAME.service: its exit status, or -errno. */
int systemctl(const char *verb, const char *name);
/* The program of the unit, as its ExecStart has it. 0, else `out` is "". */
int systemctl_program(const char *name, char *out, size_t cap);
/* How often systemd has restarted the unit; -1: it does not run. */
long systemctl_restarts(const char *name);

#endif
