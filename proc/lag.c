/* See lag.h. */
#include "proc/lag.h"

void
lag_note(struct lag *l, uint64_t now_us, uint64_t late_us)
{
	uint64_t number = now_us / LAG_STEP_US;
	struct lag_step *step = &l->steps[number % LAG_STEPS];

	if (step->number != number)
		*step = (struct lag_step){.number = number};
	if (late_us > step->worst_us)
		step->worst_us = late_us;
}

uint64_t
lag_worst_us(const struct lag *l, uint64_t now_us)
{
	uint64_t number = now_us / LAG_STEP_US, worst = 0;

	for (unsigned i = 0; i < LAG_STEPS; i++) {
		const struct lag_step *step = &l->steps[i];

		if (step->number + LAG_STEPS > number && step->worst_us > worst)
			worst = step->worst_us;
	}
	return worst;
}
