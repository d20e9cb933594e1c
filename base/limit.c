/* See limit.h. */
#include "base/limit.h"

bool
limit_pass(struct limit *l, uint64_t now_ms)
{
	bool full = l->passed == LIMIT_PASSES;

	if (full && now_ms - l->passed_ms[l->next] < LIMIT_WINDOW_MS) {
		if (l->held++ == 0)
			l->held_ms = now_ms;
		return false;
	}
	l->passed_ms[l->next] = now_ms;
	l->next = (l->next + 1) % LIMIT_PASSES;
	if (!full)
		l->passed++;
	return true;
}

uint64_t
limit_due_ms(const struct limit *l)
{
	return l->held > 0 ? l->held_ms + LIMIT_WINDOW_MS : UINT64_MAX;
}

uint64_t
limit_take(struct limit *l, uint64_t now_ms, uint64_t *in_ms)
{
	uint64_t held = l->held;

	*in_ms = held > 0 ? now_ms - l->held_ms : 0;
	l->held = 0;
	return held;
}
