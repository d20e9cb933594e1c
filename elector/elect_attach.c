/* Attached to a live ZooKeeper ensemble: which of its servers leads. Not ZooKeeper's own
 * observer, who asks only while it looks: nobody tells an observer unasked, so we ask as
 * a probe does (election-protocol.md), once a second and at every change of a link, and
 * answer none of its voters: those answer us, whom they do not count, every time.
 *
 * A leader is believed when it names itself LEADING and a quorum names it. The first
 * frame on a link may be one that was left over for us and is no answer, so it is not
 * believed; and what is named by one who is LOOKING, or who leads by its state and names
 * another, a server changes half at a time, is nobody. */
#include "elector/elect_core.h"

#define ASK_MS    1000
#define ASKED_MAX 3 /* without an answer to so many, the last one counts no more */

static void
ask(struct elect *e, int64_t sid)
{
	/* of a vote that could win nothing even where we are taken for a voter */
	static const struct vote question = {
	    .leader = INT64_MIN, .zxid = INT64_MIN, .epoch = INT64_MIN, .version = 2};

	elect_send(e, sid, &question, NOTIF_LOOKING);
}

static bool
is_leading(const struct elect_voter *v)
{
	return v->answered && v->asked < ASKED_MAX && v->word.state == NOTIF_LEADING &&
	       v->word.leader == v->sid;
}

static bool
is_following(const struct elect_voter *v, int64_t leader)
{
	return v->answered && v->asked < ASKED_MAX && v->word.state == NOTIF_FOLLOWING &&
	       v->word.leader == leader;
}

static const struct elect_voter *
find_leader(const struct elect *e)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		int64_t sids[ELECT_VOTERS_MAX], leader = e->voters[i].sid;
		unsigned count = 0;

		if (!is_leading(&e->voters[i]))
			continue;
		sids[count++] = leader;
		for (unsigned j = 0; j < e->voter_count; j++)
			if (is_following(&e->voters[j], leader))
				sids[count++] = e->voters[j].sid;
		if (quorum_pair_agree(&e->quorums, sids, count))
			return &e->voters[i];
	}
	return NULL;
}

/* Nothing speaks against the leader that we observe. Its link is the peer's matter, and a
 * leader that loses its quorum says so itself. */
static bool
still_leads(struct elect *e)
{
	const struct elect_voter *v = elect_find_voter(e, e->current.leader);

	return v &&
	       (!v->link.up || is_leading(v) || (!v->answered && v->asked < ASKED_MAX));
}

/* It shows the epoch before for a moment, and then its own: one more answer to the same
 * look. */
static void
renew(struct elect *e, const struct vote *word)
{
	if (!e->has_decided || vote_same_claim(&e->decided, word))
		return;
	e->decided = *word;
	e->decided.state = NOTIF_OBSERVING;
	elect_say_decided(e, ELECT_REASON_ESTABLISHED);
}

void
elect_attach_judge(struct elect *e)
{
	const struct elect_voter *leader = find_leader(e);

	if (e->phase != ELECT_PHASE_IDLE) {
		if (leader)
			elect_decide(e, &leader->word, ELECT_REASON_ESTABLISHED);
		return;
	}
	if (e->word != ELECT_WORD_ROLE)
		return; /* decided; the role is on its way */
	if (leader && leader->sid == e->current.leader)
		renew(e, &leader->word);
	else if (leader || !still_leads(e))
		elect_push(e, &(struct elect_action){.type = ELECT_ACT_DOUBT,
		                                     .sid = e->current.leader,
		                                     .serial = e->serial});
}

static void
ask_all(struct elect *e)
{
	for (unsigned i = 0; i < e->voter_count; i++)
		ask(e, e->voters[i].sid);
	elect_attach_judge(e);
}

void
elect_attach_look(struct elect *e)
{
	e->phase = ELECT_PHASE_WAIT;
	e->due_ms = e->now_ms + ASK_MS;
	ask_all(e);
}

void
elect_attach_due(struct elect *e)
{
	if (e->silent || e->now_ms < e->due_ms)
		return;
	e->due_ms = e->now_ms + ASK_MS;
	for (unsigned i = 0; i < e->voter_count; i++)
		if (e->voters[i].asked < ASKED_MAX)
			e->voters[i].asked++;
	ask_all(e);
}

void
elect_attach_link(struct elect *e, struct elect_voter *v, bool was_up)
{
	if (!was_up && !v->link.up)
		return;
	v->heard = false;
	v->answered = false;
	v->asked = 0;
	if (e->synced && !e->silent)
		ask_all(e);
}

void
elect_attach_hear(struct elect *e, struct elect_voter *v, const struct vote *word)
{
	bool first = !v->heard;

	v->heard = true;
	v->answered = !first;
	v->word = *word;
	v->asked = 0;
	if (!e->synced || e->silent)
		return;
	if (first)
		ask(e, v->sid);
	else
		elect_attach_judge(e);
}
