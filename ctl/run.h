/* Runs another program, waits for its end, and keeps what it printed. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include <stddef.h>
#include <stdint.h>

/* Returns the exit status of the program; or -errno where it could not be run: -ETIMEDOUT
 * (it was killed), -ECHILD: a signal ended it. `out` gets its standard output, cut to
 * `cap` - 1 bytes, NUL-terminated; NULL: the output goes where ours goes. argv[0] is
 * looked for in PATH. */
int run_program(const char *const argv[], uint64_t timeout_ms, char *out, size_t cap);

#endif
