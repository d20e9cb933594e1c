/* Asks each voter who leads, as `conclave probe` does: once a second, and whenever a link
 * changes. ZooKeeper's own observer asks only while it looks, and nobody tells an
 * observer unasked. The core answers no voter, since a voter answers each frame of a
 * server that it does not count, so that the two would answer each other for ever.
 *
 * A leader is believed when it names itself LEADING and a quorum names it. The first
 * frame on a link may be one that was left over for us, and so it is no answer. A server
 * that is LOOKING names nobody; nor does one that is LEADING and names another, since a
 * server changes its state and its vote one after the other. */
#include "elector/elect_core.h"

#include <errno.h>
#include <stdlib.h>

#define ASK_MS    1000
#define ASKED_MAX 3 /* after so many questions without an answer the last one is void */

struct attach_voter {
	int64_t sid;
	bool up;
	/* on the present link; answered: heard more than once */
	bool heard;
	bool answered;
	/* questions since the last frame, one a second */
	unsigned asked;
	struct vote vote;
};

/* One block, like struct elect. */
struct attach {
	struct elect_options options;
	struct quorum quorum;
	struct attach_voter voters[QUORUM_VOTERS_MAX];
	struct elect_self self;
	uint64_t due_ms;

	/* of one step, zero between two */
	uint64_t now_ms;
	struct elect_actions *out;
};

int
attach_new(struct attach **out, const struct elect_options *options)
{
	struct attach *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	r = quorum_init(&a->quorum, options->config);
	if (r < 0) {
		free(a);
		return r;
	}
	a->options = *options;
	for (unsigned i = 0; i < a->quorum.voter_count; i++)
		a->voters[i].sid = a->quorum.voters[i];
	elect_self_init(&a->self, options);
	*out = a;
	return 0;
}

void
attach_free(struct attach *a)
{
	free(a);
}

uint64_t
attach_due_ms(const struct attach *a)
{
	return a->self.synced && !a->self.silent ? a->due_ms : UINT64_MAX;
}

void
attach_get_view(const struct attach *a, struct elect_view *out)
{
	elect_self_view(&a->self, out);
	out->phase = elect_self_looks(&a->self) ? ELECT_PHASE_WAIT : ELECT_PHASE_IDLE;
}

static struct attach_voter *
find_voter(struct attach *a, int64_t sid)
{
	for (unsigned i = 0; i < a->quorum.voter_count; i++)
		if (a->voters[i].sid == sid)
			return &a->voters[i];
	return NULL;
}

/* With a vote that could win nothing even where we are taken for a voter. */
static void
ask(struct attach *a, int64_t sid)
{
	static const struct vote question = {
	    .leader = INT64_MIN, .zxid = INT64_MIN, .epoch = INT64_MIN, .version = 2};

	elect_act_send(a->out, sid, &question, NOTIF_LOOKING);
}

static bool
says(const struct attach_voter *v, enum notif_state state, int64_t leader)
{
	return v->answered && v->asked < ASKED_MAX && v->vote.state == (int32_t)state &&
	       v->vote.leader == leader;
}

static const struct attach_voter *
find_leader(const struct attach *a)
{
	for (unsigned i = 0; i < a->quorum.voter_count; i++) {
		int64_t sids[QUORUM_VOTERS_MAX], leader = a->voters[i].sid;
		unsigned count = 0;

		if (!says(&a->voters[i], NOTIF_LEADING, leader))
			continue;
		sids[count++] = leader;
		for (unsigned j = 0; j < a->quorum.voter_count; j++)
			if (says(&a->voters[j], NOTIF_FOLLOWING, leader))
				sids[count++] = a->voters[j].sid;
		if (quorum_has(&a->quorum, sids, count))
			return &a->voters[i];
	}
	return NULL;
}

/* Nothing speaks against the leader that we observe. A broken link to it is the peer's
 * matter, and a leader that loses its quorum says so itself. */
static bool
still_leads(struct attach *a)
{
	const struct attach_voter *v = find_voter(a, a->self.current.leader);

	return v && (!v->up || says(v, NOTIF_LEADING, v->sid) ||
	             (!v->answered && v->asked < ASKED_MAX));
}

/* A new leader shows its old epoch for a moment, and then its own: the same look gets one
 * more answer. */
static void
renew(struct attach *a, const struct vote *leader)
{
	if (!a->self.has_decided || vote_same_claim(&a->self.decided, leader))
		return;
	a->self.decided = *leader;
	a->self.decided.state = NOTIF_OBSERVING;
	elect_self_say_decided(&a->self, ELECT_REASON_ESTABLISHED, a->out);
}

static void
judge(struct attach *a)
{
	const struct attach_voter *leader = find_leader(a);

	if (elect_self_looks(&a->self)) {
		if (leader)
			elect_self_decide(&a->self, &leader->vote, NOTIF_OBSERVING,
			                  ELECT_REASON_ESTABLISHED, a->out);
		return;
	}
	if (a->self.told != ELECT_TOLD_ROLE)
		return; /* decided; the role is on its way */
	if (leader && leader->sid == a->self.current.leader)
		renew(a, &leader->vote);
	else if (leader || !still_leads(a))
		elect_self_doubt(&a->self, a->self.current.leader, a->out);
}

static void
ask_all(struct attach *a)
{
	for (unsigned i = 0; i < a->quorum.voter_count; i++)
		ask(a, a->voters[i].sid);
	judge(a);
}

static void
on_peer(struct attach *a, const struct elect_event *ev)
{
	switch (elect_self_take(&a->self, ev, a->out)) {
	case ELECT_DUTY_NONE:
	case ELECT_DUTY_STOP:
		break;
	case ELECT_DUTY_LOOK:
	case ELECT_DUTY_RESUME:
		a->due_ms = a->now_ms + ASK_MS;
		ask_all(a);
		break;
	case ELECT_DUTY_SERVE:
		judge(a);
		break;
	case ELECT_DUTY_SERVE_DECIDED:
		elect_self_say_decided(&a->self, ELECT_REASON_REPEATED, a->out);
		break;
	}
}

static void
forget_links(struct attach *a)
{
	for (unsigned i = 0; i < a->quorum.voter_count; i++) {
		a->voters[i].up = false;
		a->voters[i].heard = false;
		a->voters[i].answered = false;
	}
}

static void
on_link(struct attach *a, const struct elect_event *ev)
{
	struct attach_voter *v = find_voter(a, ev->sid);
	bool was_up = v && v->up;

	if (!v)
		return;
	v->up = ev->link == MSG_LINK_UP;
	if (!was_up && !v->up)
		return;
	v->heard = false;
	v->answered = false;
	v->asked = 0;
	if (a->self.synced && !a->self.silent)
		ask_all(a);
}

static void
on_voter(struct attach *a, struct attach_voter *v, const struct vote *vote)
{
	bool first = !v->heard;

	v->heard = true;
	v->answered = !first;
	v->vote = *vote;
	v->asked = 0;
	if (!a->self.synced || a->self.silent)
		return;
	if (first)
		ask(a, v->sid);
	else
		judge(a);
}

static void
on_notif(struct attach *a, int64_t sid, const struct notif *n)
{
	struct attach_voter *v = find_voter(a, sid);
	struct vote answer = a->self.current;

	if (sid == a->options.sid) {
		elect_act_drop(a->out, sid, ELECT_REASON_OWN);
	} else if (v) {
		on_voter(a, v, &n->vote);
	} else if (a->self.silent || !a->self.synced) {
		elect_act_drop(a->out, sid, ELECT_REASON_SILENT);
	} else {
		if (elect_self_looks(&a->self))
			elect_act_config(a->out, &a->options, sid, n);
		answer.round = a->self.clock;
		elect_act_send(a->out, sid, &answer, a->self.state);
	}
}

static void
on_due(struct attach *a)
{
	if (!a->self.synced || a->self.silent || a->now_ms < a->due_ms)
		return;
	a->due_ms = a->now_ms + ASK_MS;
	for (unsigned i = 0; i < a->quorum.voter_count; i++)
		if (a->voters[i].asked < ASKED_MAX)
			a->voters[i].asked++;
	ask_all(a);
}

void
attach_step(struct attach *a, const struct elect_event *ev, struct elect_actions *out)
{
	out->count = 0;
	a->out = out;
	a->now_ms = ev->now_ms;
	if (ev->type == ELECT_EV_AGAIN)
		forget_links(a);
	if (ev->type == ELECT_EV_LINK)
		on_link(a, ev);
	else if (ev->type == ELECT_EV_NOTIF)
		on_notif(a, ev->sid, &ev->notif);
	else if (ev->type == ELECT_EV_DUE)
		on_due(a);
	else if (ev->type != ELECT_EV_STATE && ev->type != ELECT_EV_DELIVERED)
		on_peer(a, ev);
	a->now_ms = 0;
	a->out = NULL;
}
