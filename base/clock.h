/* The only clock by which anything is done: CLOCK_BOOTTIME, which goes on while the
 * machine is suspended, so that a deadline that passed meanwhile has passed. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <limits.h>
#include <stdint.h>

/* Milliseconds, or microseconds, since boot. */
uint64_t clock_ms(void);
uint64_t clock_us(void);
/* CLOCK_BOOTTIME, and CLOCK_MONOTONIC_RAW, which no time daemon makes faster or slower
 * and which stands while the machine is suspended: both at one instant, in ns. */
void clock_rates(uint64_t *boot_ns, uint64_t *raw_ns);
/* How long to poll until clock_ms is `due_ms`: 0 when that time has passed. */
static inline int
clock_left_ms(uint64_t due_ms)
{
	uint64_t now_ms = clock_ms();

	if (due_ms <= now_ms)
		return 0;
	return due_ms - now_ms > INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}

#endif
