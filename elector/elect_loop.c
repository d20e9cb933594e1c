/* The election itself: entering, waiting, counting, deciding, as lookForLeader of
 * FastLeaderElection does; docs/ELECTION.md, "The election". Where an option says so,
 * ours differs: votes of our round and the votes of servers that have decided count in
 * the finalize window, too, and the window ends by itself or as soon as no better vote
 * can come. */
#include "elector/elect_core.h"

/* Rule D8 of docs/ELECTION.md, section "Who should not lead": this many raises make us
 * yield, and without another we stand again after this long. */
#define RAISES_MAX       2
#define RAISES_FORGET_MS 1000

/* Rule D8: others began one round after the other while we were our own candidate. They
 * elect us, by a vote of ours that one of them hands on, and we never hear from a quorum
 * of them: so our vote is that of a server that should not lead. A server that cannot
 * lead (INT64_MIN) or is demoted by its peer has nothing to yield. */
static bool
yields(const struct elect *e)
{
	return e->options.yield && e->raises >= RAISES_MAX && e->self.look.epoch >= 0;
}

/* Java: getInitId, getInitLastLoggedZxid, getPeerEpoch. An observer's vote loses against
 * every other. */
static struct vote
initial_vote(const struct elect *e)
{
	bool member = e->options.joint
	                  ? elect_is_voter(e, e->self.sid)
	                  : quorum_is_voter(&e->quorums.current, e->self.sid);
	struct vote v = {.leader = member ? e->self.sid : INT64_MIN,
	                 .zxid = e->options.observer ? INT64_MIN : e->self.look.zxid,
	                 .epoch = e->options.observer ? INT64_MIN : e->self.look.epoch};

	if (member && e->options.priorities)
		v.priority = e->options.priority;
	if (yields(e))
		v.epoch = vote_demoted_epoch(v.epoch);
	return v;
}

static bool
beats(const struct elect *e, const struct vote *a, const struct vote *b)
{
	int64_t weight;

	return elect_weight(e, a->leader, &weight) && vote_beats(weight, a, b);
}

static bool
has_weight(const struct elect *e, int64_t sid)
{
	int64_t weight;

	return elect_weight(e, sid, &weight);
}

static void
arm(struct elect *e, enum elect_phase phase)
{
	e->phase = phase;
	e->due_ms = e->now_ms + (phase == ELECT_PHASE_FINALIZE ? e->options.finalize_ms
	                                                       : e->timeout_ms);
}

void
elect_loop_leave(struct elect *e)
{
	e->phase = ELECT_PHASE_IDLE;
	e->own_pending = false;
}

static void
decide(struct elect *e, const struct vote *v, enum elect_reason reason)
{
	int32_t state;

	if (v->leader == e->self.sid && !elect_may_lead(e)) {
		elect_act_drop(e->out, e->self.sid, ELECT_REASON_NOT_ELIGIBLE);
		arm(e, ELECT_PHASE_WAIT);
		return;
	}
	if (v->leader == e->self.sid)
		state = NOTIF_LEADING;
	else
		state = e->options.observer ? NOTIF_OBSERVING : NOTIF_FOLLOWING;
	elect_loop_leave(e);
	elect_self_decide(&e->self, v, state, reason, e->out);
}

/* As far as can be known the process is gone: its host refuses connections, and once
 * accepted them. A server that was never linked may be about to start. */
static bool
provably_down(const struct elect *e, const struct elect_voter *v)
{
	const struct vote *cast = vote_map_get(&e->round_votes, v->sid);

	if (v->sid == e->self.sid)
		return false;
	if (e->self.look.gave_up && e->self.look.leader == v->sid &&
	    !(cast && cast->state == NOTIF_LOOKING))
		return true;
	return v->was_up && v->link != MSG_LINK_UP && v->reason == MSG_REASON_REFUSED;
}

/* No server is left that could bring a better vote into this round. */
static bool
all_agree(const struct elect *e)
{
	struct vote mine = elect_proposal(e);

	for (unsigned i = 0; i < e->voter_count; i++) {
		int64_t sid = e->voters[i].sid;
		const struct vote *cast = vote_map_get(&e->round_votes, sid);

		if (!(cast && vote_equal(cast, &mine)) && !elect_is_weightless(e, sid) &&
		    !provably_down(e, &e->voters[i]))
			return false;
	}
	return true;
}

/* Once we have a quorum: decide now if no better vote can come, else wait for one. */
static void
count_round_votes(struct elect *e)
{
	struct vote mine = elect_proposal(e);

	if (!elect_is_agreed(e, &e->round_votes, &mine))
		return;
	/* Servers that join and are a quorum of their own file have nobody who stands:
	 * they go on asking, and hear who leads (N9). */
	if (e->options.joins && mine.epoch == INT64_MIN)
		return;
	if (e->options.early_finalize && all_agree(e))
		decide(e, &mine, ELECT_REASON_ALL_AGREE);
	else if (e->phase != ELECT_PHASE_FINALIZE)
		arm(e, ELECT_PHASE_FINALIZE);
}

static void
adopt(struct elect *e, const struct vote *v)
{
	e->proposal = *v;
	elect_broadcast(e);
}

static void
start_higher_round(struct elect *e, const struct vote *v)
{
	struct vote initial;

	e->raises += e->proposal.leader == e->self.sid && e->raises < RAISES_MAX;
	e->raised_ms = e->now_ms;
	initial = initial_vote(e);
	e->self.clock = v->round;
	e->round_votes.count = 0;
	adopt(e, beats(e, v, &initial) ? v : &initial);
}

/* NONE, or why a LOOKING vote has no effect. */
static enum elect_reason
judge_looking(const struct elect *e, const struct vote *v)
{
	if (initial_vote(e).zxid == -1 || v->zxid == -1)
		return ELECT_REASON_NO_ZXID;
	if (v->round < e->self.clock)
		return ELECT_REASON_LOWER_ROUND;
	/* Java throws; for us it is a vote for nobody */
	if (!has_weight(e, v->leader))
		return ELECT_REASON_WEIGHT;
	return ELECT_REASON_NONE;
}

static void
answer_worse(struct elect *e, int64_t sid, const struct vote *v)
{
	if (e->options.answer_worse && sid != e->self.sid && beats(e, &e->proposal, v))
		elect_send_proposal(e, sid);
}

static void
take_looking(struct elect *e, int64_t sid, const struct vote *v, bool quiet)
{
	enum elect_reason reason = judge_looking(e, v);

	if (reason != ELECT_REASON_NONE) {
		elect_act_drop(e->out, sid, reason);
		return;
	}
	if (v->round > e->self.clock)
		start_higher_round(e, v);
	else if (beats(e, v, &e->proposal))
		adopt(e, v);
	else if (!quiet)
		answer_worse(e, sid, v);
	vote_map_put(&e->round_votes, sid, v);
	count_round_votes(e);
}

static bool
is_established(const struct elect *e, const struct vote_map *votes, const struct vote *v)
{
	return elect_is_led(e, votes, v) &&
	       vote_map_confirms(votes, v->leader, v->round, e->self.sid, e->self.clock);
}

/* FOLLOWING and LEADING: the ensemble may have a leader already. */
static void
take_settled(struct elect *e, int64_t sid, const struct vote *v)
{
	if (v->round == e->self.clock) {
		struct vote stored = *v;

		stored.version = 0; /* as the Java constructor leaves it */
		vote_map_put(&e->round_votes, sid, &stored);
		if (is_established(e, &e->round_votes, v)) {
			decide(e, v, ELECT_REASON_ESTABLISHED);
			return;
		}
	}
	vote_map_put(&e->settled_votes, sid, v);
	if (is_established(e, &e->settled_votes, v))
		decide(e, v, ELECT_REASON_ESTABLISHED);
}

/* A voter of ours that is none by its own record: its vote is for nobody. It takes our
 * vote in its round, which nobody else may ever come to, and perhaps our quorum needs it.
 */
static bool
calls_to_its_round(const struct elect *e, int64_t sid, const struct vote *v)
{
	return e->options.follow_newer && elect_is_voter(e, sid) &&
	       v->state == NOTIF_LOOKING && v->leader == INT64_MIN &&
	       v->round > e->self.clock;
}

static void
take_ordinary(struct elect *e, int64_t sid, const struct vote *v, bool quiet)
{
	/* in Java every notification ends the wait, so that a server that hears others
	 * often enough asks none of them itself */
	if (!e->options.fixed_wait || e->phase != ELECT_PHASE_WAIT)
		arm(e, ELECT_PHASE_WAIT);
	if (calls_to_its_round(e, sid, v)) {
		start_higher_round(e, v);
		return;
	}
	if (!elect_is_voter(e, sid) || !elect_is_voter(e, v->leader)) {
		elect_act_drop(e->out, sid, ELECT_REASON_OUTSIDER);
		return;
	}
	switch ((enum notif_state)v->state) {
	case NOTIF_LOOKING:
		take_looking(e, sid, v, quiet);
		break;
	case NOTIF_OBSERVING:
		elect_act_drop(e->out, sid, ELECT_REASON_OBSERVING);
		break;
	case NOTIF_FOLLOWING:
	case NOTIF_LEADING:
		take_settled(e, sid, v);
		break;
	}
}

/* Votes of our round that are not better count here, so that we see when all agree. */
static void
count_in_window(struct elect *e, int64_t sid, const struct vote *v, bool quiet)
{
	if (v->state != NOTIF_LOOKING || v->round != e->self.clock ||
	    !elect_is_voter(e, v->leader) || judge_looking(e, v) != ELECT_REASON_NONE) {
		elect_act_drop(e->out, sid, ELECT_REASON_WINDOW);
		return;
	}
	vote_map_put(&e->round_votes, sid, v);
	if (!quiet)
		answer_worse(e, sid, v);
	count_round_votes(e);
}

static bool
is_settled(const struct elect *e, int64_t sid, const struct vote *v)
{
	return (v->state == NOTIF_FOLLOWING || v->state == NOTIF_LEADING) &&
	       elect_is_voter(e, sid) && elect_is_voter(e, v->leader);
}

/* True: the notification is done with. False: it is better and ends the window; it is to
 * be taken like one that comes while we wait. Java only asks here whether it is better.
 */
static bool
take_in_window(struct elect *e, int64_t sid, const struct vote *v, bool quiet)
{
	if (!has_weight(e, v->leader)) {
		elect_act_drop(e->out, sid, ELECT_REASON_WEIGHT);
		return true;
	}
	if (beats(e, v, &e->proposal))
		return false;
	if (!e->options.fixed_window)
		arm(e, ELECT_PHASE_FINALIZE);
	/* A server that joins may have its quorum from an election that is over, since a
	 * new link repeats the last notification. The answers to ours come later. */
	if (e->options.settled_in_window && is_settled(e, sid, v))
		take_settled(e, sid, v);
	else if (e->options.early_finalize)
		count_in_window(e, sid, v, quiet);
	else
		elect_act_drop(e->out, sid, ELECT_REASON_WINDOW);
	return true;
}

void
elect_loop_take(struct elect *e, int64_t sid, const struct vote *v, bool quiet)
{
	if (e->phase == ELECT_PHASE_FINALIZE && take_in_window(e, sid, v, quiet))
		return;
	take_ordinary(e, sid, v, quiet);
}

void
elect_loop_take_own(struct elect *e)
{
	while (e->own_pending && e->phase != ELECT_PHASE_IDLE) {
		struct vote own = e->own;

		e->own_pending = false;
		elect_loop_take(e, e->self.sid, &own, true);
	}
	e->own_pending = false;
}

/* Takes the votes that came before we looked, and forgets them. */
static void
take_early(struct elect *e)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		struct elect_voter *v = &e->voters[i];
		struct vote early = v->early;

		if (!v->has_early)
			continue;
		v->has_early = false;
		if (e->phase == ELECT_PHASE_IDLE) {
			elect_send(e, v->sid, &e->self.current, e->self.state);
		} else if (early.round >= e->self.clock) {
			elect_loop_take(e, v->sid, &early, true);
			elect_loop_take_own(e);
		}
	}
}

/* Goes on as the elector before us, which may have yielded (rule D8): then its real vote
 * is still to come, and nobody else knows of that. */
static void
go_on(struct elect *e, const struct vote *said)
{
	e->self.clock = said->round;
	e->proposal = *said;
	if (said->leader == e->self.sid && e->self.look.epoch >= 0 && said->epoch < 0)
		e->raises = RAISES_MAX;
}

/* A look that the elector before us had begun, or we by other members, goes on where it
 * was, unless its candidate is none any more. Any other look starts above every round
 * that is known. */
static void
choose_round(struct elect *e)
{
	struct vote initial;
	int64_t base = e->self.clock;

	e->raises = 0;
	e->raised_ms = e->now_ms;
	initial = initial_vote(e);

	if (e->has_said && msg_serial_compare(&e->said_serial, &e->self.serial) == 0 &&
	    (elect_is_candidate(e, e->said.leader) || e->said.leader == initial.leader)) {
		go_on(e, &e->said);
		return;
	}
	if (e->has_said && e->said_before_us && e->said.round > base)
		base = e->said.round;
	if (e->self.look.last_round != 0 && e->self.look.last_round > base)
		base = e->self.look.last_round;
	e->self.clock = (int64_t)((uint64_t)base + 1);
	e->proposal = initial;
}

void
elect_loop_enter(struct elect *e)
{
	choose_round(e);
	e->round_votes.count = 0;
	e->settled_votes.count = 0;
	e->timeout_ms = e->options.notify_min_ms;
	arm(e, ELECT_PHASE_WAIT);
	elect_broadcast(e);
	elect_loop_take_own(e);
	take_early(e);
}

void
elect_loop_follow(struct elect *e, const struct vote *v)
{
	decide(e, v, ELECT_REASON_NEWER);
}

void
elect_loop_reconsider(struct elect *e)
{
	if (e->phase == ELECT_PHASE_FINALIZE)
		count_round_votes(e);
}

/* What was sent while the link to connmgr was broken is lost, so it is sent again. */
void
elect_loop_resume(struct elect *e)
{
	elect_broadcast(e);
	elect_loop_take_own(e);
	take_early(e);
	elect_loop_reconsider(e);
}

static bool
any_delivered(const struct elect *e)
{
	if (!e->options.links)
		return e->delivered;
	for (unsigned i = 0; i < e->voter_count; i++) {
		if (e->voters[i].link == MSG_LINK_UP)
			return true;
	}
	for (unsigned i = 0; i < e->other_count; i++) {
		if (e->others[i].link == MSG_LINK_UP)
			return true;
	}
	return false;
}

static void
ask_again(struct elect *e)
{
	if (any_delivered(e))
		elect_broadcast(e);
	else
		elect_act(e->out, ELECT_ACT_CONNECT_ALL);
}

/* Rule D8: nobody has raised the round for a while, so that we stand again, in a new
 * round unless a vote that beats our real one is known. False: we do not yield, or still
 * do. */
static bool
stand_again(struct elect *e)
{
	struct vote initial;

	if (!yields(e) || e->now_ms < e->raised_ms + RAISES_FORGET_MS)
		return false;
	e->raises = 0;
	initial = initial_vote(e);
	if (!beats(e, &initial, &e->proposal))
		return false;
	/* a better vote needs no higher round where there is none */
	e->self.clock += e->self.clock < INT64_MAX;
	e->round_votes.count = 0;
	adopt(e, &initial);
	return true;
}

static void
end_wait(struct elect *e)
{
	if (!stand_again(e))
		ask_again(e);
	e->timeout_ms = e->timeout_ms > e->options.notify_max_ms / 2
	                    ? e->options.notify_max_ms
	                    : e->timeout_ms * 2;
	arm(e, ELECT_PHASE_WAIT);
	elect_loop_take_own(e);
}

void
elect_loop_due(struct elect *e)
{
	struct vote mine = elect_proposal(e);

	if (e->phase == ELECT_PHASE_IDLE || e->now_ms < e->due_ms)
		return;
	if (e->phase == ELECT_PHASE_WAIT)
		end_wait(e);
	else if (!e->options.early_finalize || elect_is_agreed(e, &e->round_votes, &mine))
		decide(e, &mine, ELECT_REASON_WINDOW_ENDED);
	else
		arm(e, ELECT_PHASE_WAIT);
}
