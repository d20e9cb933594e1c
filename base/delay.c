/* See delay.h. */
#include "base/delay.h"

uint64_t
delay_after(unsigned deaths, uint64_t min_ms, uint64_t max_ms)
{
	uint64_t delay_ms = min_ms;

	if (deaths < 2)
		return 0;
	for (unsigned i = 2; i < deaths && delay_ms < max_ms; i++)
		delay_ms *= 2;
	return delay_ms < max_ms ? delay_ms : max_ms;
}
