/* How late a loop was: the worst of the last minute, in steps of five seconds. Pure. */
#ifndef PROC_LAG_H
#define PROC_LAG_H

#include <stdint.h>

#define LAG_STEP_US UINT64_C(5000000)
#define LAG_STEPS   12

/* Zeroed is empty. */
struct lag {
	struct lag_step {
		/* The time / LAG_STEP_US. */
		uint64_t number;
		uint64_t worst_us;
	} steps[LAG_STEPS];
};

/* `now_us` never goes back. */
void lag_note(struct lag *l, uint64_t now_us, uint64_t late_us);
/* The worst of this step and the eleven before it. */
uint64_t lag_worst_us(const struct lag *l, uint64_t now_us);

#endif
