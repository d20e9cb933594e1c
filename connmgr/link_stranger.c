/* Rule: see link_stranger.h. */
#include "connmgr/link_stranger.h"

#include <assert.h>

int
link_stranger_find(const struct link_strangers *t, int64_t sid)
{
	for (unsigned i = 0; i < t->max; i++)
		if (t->list[i].used && t->list[i].sid == sid)
			return (int)i;
	return -1;
}

/* A free place, else that of the sid that was silent for longest. */
static int
place(const struct link_strangers *t)
{
	int best = -1;

	for (unsigned i = 0; i < t->max; i++) {
		if (!t->list[i].used)
			return (int)i;
		if (best < 0 || t->list[i].heard < t->list[best].heard)
			best = (int)i;
	}
	return best;
}

int
link_stranger_take(struct link_strangers *t, int64_t sid, bool *evicted,
                   int64_t *evicted_sid)
{
	int at = link_stranger_find(t, sid);
	struct link_stranger *s;

	if (at < 0)
		at = place(t);
	if (at < 0)
		return -1;
	s = &t->list[at];
	*evicted = s->used;
	*evicted_sid = s->used ? s->sid : 0;
	t->count += !s->used;
	*s = (struct link_stranger){.used = true, .sid = sid, .heard = ++t->turn};
	return at;
}

void
link_stranger_heard(struct link_strangers *t, unsigned index)
{
	assert(index < t->max && t->list[index].used);
	t->list[index].heard = ++t->turn;
}

void
link_stranger_drop(struct link_strangers *t, unsigned index)
{
	assert(index < t->max && t->list[index].used);
	t->list[index].used = false;
	t->count--;
}
