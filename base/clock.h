/* The one clock: CLOCK_BOOTTIME, which goes on while the machine is suspended, so that a
 * deadline that passed in the sleep has passed. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ms(void); /* milliseconds since boot */
uint64_t clock_us(void); /* microseconds since boot */

#endif
