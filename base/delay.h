/* How long a process that died waits for its next start. */
#ifndef BASE_DELAY_H
#define BASE_DELAY_H

#include <stdint.h>

/* The wait after `deaths` in a row: 0 after the first, then `min_ms`, doubled up to
 * `max_ms`. */
uint64_t delay_after(unsigned deaths, uint64_t min_ms, uint64_t max_ms);

#endif
