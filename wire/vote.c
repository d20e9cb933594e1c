/* The order and the equality of votes; see vote.h. */
#include "wire/vote.h"

#include "wire/notif.h"

#include <stddef.h>

bool
vote_beats(int64_t weight, const struct vote *a, const struct vote *b)
{
	if (weight == 0)
		return false;
	if (a->epoch != b->epoch)
		return a->epoch > b->epoch;
	if (a->zxid != b->zxid)
		return a->zxid > b->zxid;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->leader > b->leader;
}

bool
vote_same_claim(const struct vote *a, const struct vote *b)
{
	return a->leader == b->leader && a->zxid == b->zxid && a->round == b->round &&
	       a->epoch == b->epoch;
}

bool
vote_equal(const struct vote *a, const struct vote *b)
{
	if (a->state == NOTIF_LOOKING || b->state == NOTIF_LOOKING)
		return vote_same_claim(a, b);
	if ((a->version > 0) != (b->version > 0))
		return a->leader == b->leader;
	return a->leader == b->leader && a->epoch == b->epoch;
}

/* Real epochs have 31 bits, so that half of the distance parts both kinds. */
static bool
is_demoted(int64_t epoch)
{
	return epoch != INT64_MIN && epoch < -VOTE_DEMOTION / 2;
}

int64_t
vote_demoted_epoch(int64_t epoch)
{
	return epoch == INT64_MIN || is_demoted(epoch) ? epoch : epoch - VOTE_DEMOTION;
}

int64_t
vote_claimed_epoch(int64_t epoch)
{
	return is_demoted(epoch) ? epoch + VOTE_DEMOTION : epoch;
}

static unsigned
find(const struct vote_map *m, int64_t sid)
{
	unsigned at = 0;

	while (at < m->count && m->entries[at].sid != sid)
		at++;
	return at;
}

bool
vote_map_put(struct vote_map *m, int64_t sid, const struct vote *v)
{
	unsigned at = find(m, sid);

	if (at == VOTE_MAP_MAX)
		return false;
	m->count += at == m->count;
	m->entries[at] = (struct vote_entry){sid, *v};
	return true;
}

const struct vote *
vote_map_get(const struct vote_map *m, int64_t sid)
{
	unsigned at = find(m, sid);

	return at < m->count ? &m->entries[at].vote : NULL;
}

unsigned
vote_map_acks(const struct vote_map *m, const struct vote *v, int64_t *out)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->count; i++) {
		if (vote_equal(&m->entries[i].vote, v))
			out[count++] = m->entries[i].sid;
	}
	return count;
}

bool
vote_map_confirms(const struct vote_map *m, int64_t leader, int64_t round, int64_t me,
                  int64_t clock)
{
	const struct vote *cast = vote_map_get(m, leader);

	if (leader == me)
		return round == clock;
	return cast && cast->state == NOTIF_LEADING;
}
