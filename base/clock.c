/* See clock.h. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

#define TRIES 3

static uint64_t
read_ns(clockid_t clock)
{
	struct timespec now;
	int r = clock_gettime(clock, &now);

	assert(r == 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t
clock_us(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000;
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

/* Of a few tries that in which the least time has passed between the two reads: the
 * process may have lost its processor there. */
void
clock_rates(uint64_t *boot_ns, uint64_t *raw_ns)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t before = read_ns(CLOCK_MONOTONIC_RAW);
		uint64_t boot = read_ns(CLOCK_BOOTTIME);
		uint64_t between = read_ns(CLOCK_MONOTONIC_RAW) - before;

		if (between >= least)
			continue;
		least = between;
		*boot_ns = boot;
		*raw_ns = before + between / 2;
	}
}
