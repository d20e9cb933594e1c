/* At most ten things of one kind within any second, and how many were held back. Pure:
 * the caller has the clock. */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_PASSES    10
#define LIMIT_WINDOW_MS 1000

/* Zeroed: nothing has passed. */
struct limit {
	/* When the last ones passed; a ring, `next` is the oldest once it is full. */
	uint64_t passed_ms[LIMIT_PASSES];
	unsigned passed;
	unsigned next;
	/* How many were held back since `held_ms`, when the first of them was. */
	uint64_t held;
	uint64_t held_ms;
};

/* True: it may pass. False: it counts as held back. `now_ms` never goes back. */
bool limit_pass(struct limit *l, uint64_t now_ms);

/* When the number of those that were held back is to be told: a window after the first of
 * them. UINT64_MAX: none was. */
uint64_t limit_due_ms(const struct limit *l);

/* How many were held back, and in how many milliseconds; they are told then, and the
 * count begins anew. */
uint64_t limit_take(struct limit *l, uint64_t now_ms, uint64_t *in_ms);

#endif
