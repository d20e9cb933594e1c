/* See clock.h. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

uint64_t
clock_us(void)
{
	struct timespec now;
	int r = clock_gettime(CLOCK_BOOTTIME, &now);

	assert(r == 0);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000;
}
