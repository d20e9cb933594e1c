/* zab = false: the role is what the election says, for ensembles with servers that have
 * no Zab behind them. Nobody promises anything, so nothing is ever "active". The role
 * ends when the election link to the leader (of a leader: to a quorum) is gone and could
 * not be dialled again at once. */
#include "peer/role_impl.h"

static uint64_t
grace_ms(const struct role *r)
{
	return role_ticks(r, r->config.sync_limit);
}

/* The answer to "was it dialled again": a failed attempt says no. One that the remote
 * ended does not: the larger sid calls back. */
void
bare_link(struct role_remote *p, enum role_link link, enum role_loss loss,
          uint64_t now_ms)
{
	bool failed = loss == ROLE_LOSS_REFUSED || loss == ROLE_LOSS_FAILED;

	if (link == ROLE_LINK_UP) {
		p->election = ROLE_ELECTION_UP;
	} else if (link == ROLE_LINK_DOWN && loss == ROLE_LOSS_REFUSED) {
		p->election = ROLE_ELECTION_GONE;
	} else if (p->election == ROLE_ELECTION_UP) {
		p->election = ROLE_ELECTION_LOST;
		p->election_ms = now_ms;
	} else if (link == ROLE_LINK_DOWN && failed) {
		p->election = ROLE_ELECTION_GONE;
	}
}

static bool
has_quorum(const struct role *r)
{
	int64_t sids[ROLE_LEARNERS_MAX + 1];
	unsigned count = 0;

	sids[count++] = r->config.sid;
	for (unsigned i = 0; i < r->remote_count; i++)
		if (r->remotes[i].election != ROLE_ELECTION_GONE)
			sids[count++] = r->remotes[i].sid;
	return quorum_has(&r->quorum, sids, count);
}

void
bare_start(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	r->mode = ROLE_MODE_BARE;
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (p->election == ROLE_ELECTION_UP)
			continue;
		p->election = ROLE_ELECTION_LOST; /* it may have voted a moment ago */
		p->election_ms = now_ms;
	}
	role_close_all(r, ROLE_CLOSE_NO_ROLE, out);
	r->published = r->vote.epoch;
	r->refusals = 0;
}

/* The same leader as decided, under another epoch: an observer of ZooKeeper sees the new
 * one only a moment after the election. */
void
bare_renew(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	bool same = ev->vote.round == r->vote.round && ev->vote.epoch == r->vote.epoch;

	if (ev->state != r->state || ev->vote.leader != r->vote.leader || same)
		return;
	r->vote = ev->vote;
	r->published = ev->vote.epoch;
	role_announce(r, out);
}

void
bare_check(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (p->election == ROLE_ELECTION_LOST &&
		    now_ms >= p->election_ms + grace_ms(r))
			p->election = ROLE_ELECTION_GONE;
	}
	if (r->state == NOTIF_LEADING) {
		if (!has_quorum(r))
			role_look_again(r, ROLE_LOOK_QUORUM, false, now_ms, out);
	} else if (role_remote(r, r->vote.leader)->election == ROLE_ELECTION_GONE) {
		role_look_again(r, ROLE_LOOK_LEADER, true, now_ms, out);
	}
}

uint64_t
bare_due_ms(const struct role *r)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		uint64_t gone = p->election_ms + grace_ms(r);

		if (p->election == ROLE_ELECTION_LOST && gone < due)
			due = gone;
	}
	return due;
}
