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

/* A failed attempt says that the remote is gone, but for a failed handshake of TLS, which
 * says that it runs. A link that the remote ended says nothing yet: the larger sid calls
 * back. */
void
role_bare_note(struct role_remote *p, const struct role_event *ev)
{
	bool down = ev->link == MSG_LINK_DOWN;

	if (ev->link == MSG_LINK_UP) {
		p->election = ROLE_ELECTION_UP;
	} else if (down && ev->reason == MSG_REASON_REFUSED) {
		p->election = ROLE_ELECTION_GONE;
		p->election_ms = ev->now_ms;
	} else if (p->election == ROLE_ELECTION_UP) {
		p->election = ROLE_ELECTION_LOST;
		p->election_ms = ev->now_ms;
	} else if (down && role_loss(ev->reason) == ROLE_LOSS_FAILED &&
	           !msg_reason_is_answer(ev->reason)) {
		p->election = ROLE_ELECTION_GONE;
	}
}

void
role_bare_start(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_BARE;
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (p->election == ROLE_ELECTION_UP)
			continue;
		p->election = ROLE_ELECTION_LOST; /* it may have voted a moment ago */
		p->election_ms = out->now_ms;
	}
	role_close_all(r, NULL, ROLE_CLOSE_NO_ROLE, out);
	r->published = r->vote.epoch;
	r->refusals = 0;
}

/* Takes the same leader under another epoch: an observer of ZooKeeper sees the new epoch
 * only a moment after the election. */
static void
renew(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	bool same = ev->vote.round == r->vote.round && ev->vote.epoch == r->vote.epoch;

	if (ev->vote.state != r->vote.state || ev->vote.leader != r->vote.leader || same)
		return;
	r->vote = ev->vote;
	r->published = ev->vote.epoch;
	role_announce(r, out);
}

static void
on_doubt(struct role *r, struct role_actions *out)
{
	role_look_again(r, MSG_LOOK_DOUBT, false, out);
}

static bool
is_not_gone(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return p->election != ROLE_ELECTION_GONE;
}

static void
check(struct role *r, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (p->election == ROLE_ELECTION_LOST &&
		    out->now_ms >= p->election_ms + grace_ms(r))
			p->election = ROLE_ELECTION_GONE;
	}
	if (r->vote.state == NOTIF_LEADING) {
		if (!role_is_quorum_of_file(r, is_not_gone))
			role_look_again(r, MSG_LOOK_QUORUM, false, out);
	} else if (role_remote(r, r->vote.leader)->election == ROLE_ELECTION_GONE) {
		role_look_again(r, MSG_LOOK_LEADER, true, out);
	}
}

static uint64_t
due_ms(const struct role *r)
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

static enum role_phase
phase(const struct role *r)
{
	(void)r;
	return ROLE_BROADCAST;
}

const struct role_ops role_bare_ops = {
    .decided = renew,
    .doubt = on_doubt,
    .election = check,
    .refuses = ROLE_CLOSE_NO_ROLE,
    .due = check,
    .due_ms = due_ms,
    .lost = role_lost,
    .phase = phase,
};
