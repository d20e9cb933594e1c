/* Runs another program to its end, and keeps what it printed. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include <stddef.h>
#include <stdint.h>

/* Its exit status; or -errno: it could not be run, -ETIMEDOUT (killed then), -ECHILD:
 * killed by a signal. `out` gets its standard output, cut to `cap` - 1 bytes,
 * NUL-terminated; NULL: it goes where ours goes. argv[0] is looked for in PATH. */
int run_program(const char *const argv[], uint64_t timeout_ms, char *out, size_t cap);

#endif
