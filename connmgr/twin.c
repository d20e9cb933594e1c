/* See twin.h. */
#include "connmgr/twin.h"

#include <stdio.h>

void
twin_begin(struct twin *t, const char *in_use)
{
	snprintf(t->in_use, sizeof(t->in_use), "%s", in_use);
	t->heard_ms = 0;
}

void
twin_heard(struct twin *t, uint64_t now_ms)
{
	t->heard_ms = now_ms;
}

void
twin_greeted(struct twin *t, uint64_t now_ms, const char *other)
{
	if (t->heard_ms == 0 || now_ms - t->heard_ms > TWIN_ALIVE_MS)
		return;
	if (t->proofs == 0 || now_ms - t->first_ms > TWIN_WINDOW_MS) {
		t->proofs = 0;
		t->first_ms = now_ms;
	}
	t->proofs++;
	t->last_ms = now_ms;
	snprintf(t->one, sizeof(t->one), "%s", t->in_use);
	snprintf(t->other, sizeof(t->other), "%s", other);
}

bool
twin_is_proved(const struct twin *t, uint64_t now_ms)
{
	return t->proofs >= TWIN_PROOFS && now_ms - t->last_ms < TWIN_WINDOW_MS;
}
