/* One notification from another server: who is answered, and what reaches the election,
 * as in WorkerReceiver of FastLeaderElection; docs/ELECTION.md, "Receiving". Ours
 * differs: while the core is silent nobody is answered, and LOOKING votes that come
 * outside an election are stored. */
#include "elector/elect_core.h"

/* So many within so many ms; of a server that is no voter, and asks at intervals. */
#define SAME_ANSWERS    32
#define SAME_OUTSIDE    1
#define SAME_ANSWERS_MS 100

/* Stores the newest vote of a voter on its present link, if it is LOOKING. */
static void
store_early(struct elect *e, int64_t sid, const struct vote *v)
{
	struct elect_voter *voter = elect_find_voter(e, sid);

	if (!voter || !e->options.keep_early_votes)
		return;
	voter->has_early = v->state == NOTIF_LOOKING;
	voter->early = *v;
}

/* LOOKING from the server that we follow. A server's vote of a round only gets better, so
 * that one that votes for another in our round will not lead it. Or LOOKING from a voter
 * of ours, in a round that is not ours any more: a leader without links must know whether
 * they wait for it (R7 of docs/LEASE.md). */
void
elect_doubt(struct elect *e, int64_t sid, const struct vote *v)
{
	bool higher = v->round > e->self.current.round;
	bool turned = e->options.doubt_vote && v->round == e->self.current.round &&
	              v->leader != sid;

	bool leader = e->self.state == NOTIF_FOLLOWING && sid == e->self.current.leader;
	bool voter = e->self.state == NOTIF_LEADING && elect_is_voter(e, sid);

	if (e->options.doubt && e->self.told == ELECT_TOLD_ROLE &&
	    ((leader && (higher || turned)) || (voter && higher)))
		elect_self_doubt(&e->self, sid, e->out);
}

static void
receive_serving(struct elect *e, int64_t sid, const struct vote *v)
{
	store_early(e, sid, v);
	if (v->state != NOTIF_LOOKING) {
		elect_act_drop(e->out, sid, ELECT_REASON_NOT_ASKED);
		return;
	}
	elect_send(e, sid, &e->self.current, e->self.state);
	elect_doubt(e, sid, v);
}

/* A server for which we are no voter answers whatever we send, and we may answer its
 * answer: each would answer the other as fast as the network carries it. The same is not
 * said again and again within a moment. */
static bool
is_said_again(const struct elect *e, struct elect_same *s, const struct vote *heard,
              const struct vote *answer, unsigned most)
{
	if (!e->options.guarded)
		return false;
	if (!vote_equal(&s->heard, heard) || s->heard.state != heard->state ||
	    !vote_equal(&s->answer, answer) || s->answer.state != answer->state ||
	    e->now_ms >= s->since_ms + SAME_ANSWERS_MS) {
		s->times = 0;
		s->heard = *heard;
		s->answer = *answer;
		s->since_ms = e->now_ms;
	}
	return ++s->times > most;
}

static void
answer_lower(struct elect *e, int64_t sid, const struct vote *v)
{
	struct elect_voter *voter = elect_find_voter(e, sid);
	struct vote answer = elect_proposal(e);

	if (voter && is_said_again(e, &voter->same, v, &answer, SAME_ANSWERS))
		return;
	elect_send_proposal(e, sid);
}

static void
receive_looking(struct elect *e, int64_t sid, const struct vote *v)
{
	if (v->state == NOTIF_LOOKING && v->round < e->self.clock)
		answer_lower(e, sid, v);
	elect_loop_take(e, sid, v, false);
	elect_loop_take_own(e);
}

/* Whatever it says, as in ZooKeeper. Two that ask each other, and are no voters for each
 * other, answer each other's answers, which are the same again. Where memberships differ,
 * we may be a voter for the other: while we look it must not hear our vote of an election
 * that is over, as from ZooKeeper, and take it for one of this round. */
static void
answer_outsider(struct elect *e, int64_t sid, const struct vote *heard)
{
	struct elect_other *other = elect_find_other(e, sid);
	struct vote v = e->self.current;

	if (e->options.follow_newer && e->phase != ELECT_PHASE_IDLE)
		v = elect_proposal(e);
	v.round = e->self.clock;
	v.state = e->self.state;
	if (!other || !is_said_again(e, &other->same, heard, &v, SAME_OUTSIDE))
		elect_send(e, sid, &v, e->self.state);
}

/* N9: the sender says that it leads, and knows members that we do not, or we know none at
 * all. That is safe without a quorum, since we count only where its record says so. Who
 * has no address here is not followed: a stranger could keep us from every leader. */
static bool
is_to_be_followed(struct elect *e, int64_t sid, const struct vote *v,
                  enum elect_config config)
{
	return e->options.follow_newer && v->state == NOTIF_LEADING && v->leader == sid &&
	       sid != e->self.sid && (e->options.joins || config != ELECT_CONFIG_OLD) &&
	       (elect_is_voter(e, sid) || elect_find_other(e, sid));
}

/* While we look. True: the configuration has ended the election: with a leader (N9), or
 * as in Java, where the notification is lost. */
static bool
config_ends(struct elect *e, int64_t sid, const struct notif *n)
{
	enum elect_config config = elect_act_config(e->out, &e->options, sid, n);

	if (is_to_be_followed(e, sid, &n->vote, config)) {
		elect_loop_follow(e, &n->vote);
		return true;
	}
	if (config != ELECT_CONFIG_OTHER || !e->options.stop_at_newer_config)
		return false;
	elect_loop_leave(e);
	e->self.silent = true;
	return true;
}

void
elect_receive(struct elect *e, int64_t sid, const struct notif *n)
{
	struct vote counted = n->vote;
	const struct vote *v = &counted;

	if (!e->options.priorities)
		counted.priority = 0;
	if (sid == e->self.sid && e->options.guarded) {
		elect_act_drop(e->out, sid, ELECT_REASON_OWN);
		return;
	}
	if (e->self.silent || !e->self.synced) {
		store_early(e, sid, v);
		elect_act_drop(e->out, sid, ELECT_REASON_SILENT);
		return;
	}
	if (e->phase != ELECT_PHASE_IDLE && config_ends(e, sid, n))
		return;
	if (!elect_is_voter(e, sid))
		answer_outsider(e, sid, v);
	else if (v->state < NOTIF_LOOKING || v->state > NOTIF_OBSERVING)
		elect_act_drop(e->out, sid, ELECT_REASON_STATE);
	else if (e->phase != ELECT_PHASE_IDLE)
		receive_looking(e, sid, v);
	else
		receive_serving(e, sid, v);
}
