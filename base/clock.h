/* The only clock: CLOCK_BOOTTIME, which goes on while the machine is suspended, so that a
 * deadline that passed meanwhile has passed. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds, or microseconds, since boot. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

#endif
