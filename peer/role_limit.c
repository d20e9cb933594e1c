/* How far the epoch may jump (docs/DESIGN.md, "The epoch space"). There are 2^31 epochs,
 * and each election uses up one. A record with one wrong digit, or one packet, must not
 * use up the rest: a server believes what a quorum reports, and what one server reports
 * beyond that only within a budget. */
#include "peer/role_impl.h"

/* Of one minute. */
#define RAISE_MS 60000
/* A raise by no more than this always passes: it is the trace of elections that failed.
 */
#define RAISE_FREE 16

/* What all servers report, we among them, the largest first. */
struct reports {
	unsigned count;
	int64_t sids[ROLE_LEARNERS_MAX + 1];
	int64_t epochs[ROLE_LEARNERS_MAX + 1];
};

static void
add_report(struct reports *list, int64_t sid, int64_t epoch)
{
	unsigned at = list->count++;

	for (; at > 0 && list->epochs[at - 1] < epoch; at--) {
		list->sids[at] = list->sids[at - 1];
		list->epochs[at] = list->epochs[at - 1];
	}
	list->sids[at] = sid;
	list->epochs[at] = epoch;
}

int64_t
role_limit_quorum(const struct role *r)
{
	int64_t known = r->published > 0 ? r->published : ROLE_EPOCH_UNKNOWN;
	struct reports list;
	unsigned few = 0, enough;

	list.count = 0;
	add_report(&list, r->config.sid, r->epochs.promised);
	for (unsigned i = 0; i < r->remote_count; i++)
		if (r->remotes[i].reported)
			add_report(&list, r->remotes[i].sid, r->remotes[i].report);
	/* the fewest of them that are a quorum; `few` are none */
	enough = list.count + 1;
	while (few + 1 < enough) {
		unsigned half = few + (enough - few) / 2;

		if (role_is_quorum_of_sids(r, list.sids, half))
			enough = half;
		else
			few = half;
	}
	if (enough > list.count || list.epochs[enough - 1] < known)
		return known;
	return list.epochs[enough - 1];
}

/* Where no quorum has reported, nobody knows, and the last judgement stands. */
void
role_limit_judge(struct role *r)
{
	int64_t quorum = role_limit_quorum(r);

	if (quorum == ROLE_EPOCH_UNKNOWN)
		return;
	r->limit.others = quorum;
	r->limit.ahead = r->epochs.promised - quorum > ROLE_JUMP_MAX;
}

void
role_limit_report(struct role *r, struct role_remote *p, int64_t epoch)
{
	p->reported = true;
	p->report = epoch;
	role_limit_judge(r);
}

static bool
counts(const struct role_raise *raise, uint64_t now_ms)
{
	return raise->by > 0 && now_ms < raise->at_ms + RAISE_MS;
}

bool
role_limit_takes(const struct role *r, int64_t base, int64_t epoch, uint64_t now_ms)
{
	int64_t left = ROLE_JUMP_MAX;

	for (unsigned i = 0; i < ROLE_RAISES_MAX; i++)
		if (counts(&r->limit.raises[i], now_ms))
			left -= r->limit.raises[i].by;
	return epoch - base <= RAISE_FREE || epoch - base <= left;
}

/* Where there is no place left, the oldest raise counts for as long as this one. */
void
role_limit_spend(struct role *r, int64_t base, int64_t epoch, uint64_t now_ms)
{
	struct role_raise *oldest = r->limit.raises;

	if (epoch - base <= RAISE_FREE)
		return;
	for (unsigned i = 0; i < ROLE_RAISES_MAX; i++) {
		struct role_raise *raise = &r->limit.raises[i];

		if (!counts(raise, now_ms))
			raise->by = 0;
		if (raise->by == 0 || (oldest->by > 0 && raise->at_ms < oldest->at_ms))
			oldest = raise;
	}
	oldest->by += epoch - base;
	oldest->at_ms = now_ms;
}

void
role_limit_keep_out(struct role *r, const struct role_remote *p, uint64_t now_ms)
{
	r->limit.keeps = true;
	r->limit.kept_sid = p->sid;
	r->limit.kept_epoch = p->report;
	r->limit.kept_ms = now_ms;
}

void
role_limit_let_in(struct role *r, const struct role_remote *p)
{
	if (r->limit.kept_sid == p->sid)
		r->limit.keeps = false;
}

void
role_limit_kept_out(struct role *r, int64_t epoch)
{
	r->limit.kept_out = true;
	r->limit.others = epoch;
	r->limit.ahead = r->epochs.promised - epoch > ROLE_JUMP_MAX;
}

void
role_limit_clear(struct role *r)
{
	r->limit.ahead = r->limit.kept_out = false;
}

bool
role_get_kept_out(const struct role *r, uint64_t now_ms, int64_t *sid, int64_t *epoch)
{
	if (r->mode != ROLE_MODE_LEAD || !r->limit.keeps ||
	    now_ms >= r->limit.kept_ms + RAISE_MS)
		return false;
	*sid = r->limit.kept_sid;
	*epoch = r->limit.kept_epoch;
	return true;
}
