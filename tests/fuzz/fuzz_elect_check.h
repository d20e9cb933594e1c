/* What the election's core must keep to, whatever happens: the rules that fuzz_elect.c
 * checks after each step. The model knows who ever said what, and what was kept for the
 * next elector. */
#ifndef TESTS_FUZZ_FUZZ_ELECT_CHECK_H
#define TESTS_FUZZ_FUZZ_ELECT_CHECK_H

#include "elector/elect_core.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/groups.h"
#include "tests/oracle.h"

#define HEARD_MAX 16384

struct ensemble {
	struct qconfig config;
	struct qconfig next; /* proposed */
	char text[QCONFIG_TEXT_MAX];
	size_t text_len;
};

struct model {
	struct feed feed;
	const struct ensemble *ensemble;
	struct elect_options options;
	struct elect *elect;
	uint64_t now_ms;
	struct elect_view view; /* after the last step */
	bool has_kept;          /* what the next elector would be told */
	struct msg_serial kept_serial;
	struct vote kept;
	bool has_said; /* of the core's own broadcasts */
	struct msg_serial said_serial;
	struct vote said;
	struct msg_remote links[ELECT_VOTERS_MAX]; /* in the order of the core's voters */
	bool given_up[ELECT_VOTERS_MAX];           /* by any look */
	unsigned heard_count;
};

static struct vote_entry heard[HEARD_MAX];

static void
note_heard(struct model *m, int64_t sid, const struct notif *n)
{
	if (m->heard_count < HEARD_MAX)
		heard[m->heard_count] = (struct vote_entry){sid, n->vote};
	m->heard_count++;
}

/* Has it ever said so? `claim`: LOOKING for exactly that; else it follows it. Where more
 * was said than the model can hold, anything may have been. */
static bool
has_said(const struct model *m, int64_t sid, const struct vote *v, bool claim)
{
	if (sid == m->options.sid || m->heard_count > HEARD_MAX)
		return true;
	for (unsigned i = 0; i < m->heard_count; i++)
		if (heard[i].sid == sid && heard[i].vote.leader == v->leader &&
		    (!claim || vote_same_claim(&heard[i].vote, v)))
			return true;
	return false;
}

/* Have enough of them ever said so? Of a change that is half done, both groups elect, and
 * whom one of them follows is followed. */
static bool
had_quorum(const struct model *m, const struct vote *v, bool claim)
{
	bool current, next;
	int64_t sids[ELECT_VOTERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < m->elect->voter_count; i++)
		if (has_said(m, m->elect->voters[i].sid, v, claim))
			sids[count++] = m->elect->voters[i].sid;
	current = oracle_has_quorum(&m->ensemble->config, sids, count);
	if (!m->options.last_seen)
		return current;
	next = oracle_has_quorum(&m->ensemble->next, sids, count);
	if (!claim && m->elect->quorums.joint)
		return current || next;
	return current && next;
}

static bool
has_weight(const struct quorum *q, int64_t sid)
{
	int64_t weight;

	return quorum_is_voter(q, sid) && quorum_weight(q, sid, &weight) && weight != 0;
}

/* Could one who has not said so still bring a better vote? */
static bool
all_have_said(const struct model *m, const struct vote *v)
{
	const struct quorum_pair *q = &m->elect->quorums;

	for (unsigned i = 0; i < m->elect->voter_count; i++) {
		int64_t sid = m->elect->voters[i].sid;
		const struct msg_remote *l = &m->links[i];
		bool weighs = has_weight(&q->current, sid) ||
		              (q->has_last_seen && has_weight(&q->last_seen, sid));
		bool down = (l->was_up && l->link != MSG_LINK_UP &&
		             l->reason == MSG_REASON_REFUSED) ||
		            m->given_up[i];

		if (weighs && !down && !has_said(m, sid, v, true))
			return false;
	}
	return true;
}

/* N9 */
static void
check_followed(const struct model *m, const struct elect_event *ev,
               const struct elect_action *a)
{
	must(m->options.follow_newer && ev->type == ELECT_EV_NOTIF &&
	         ev->notif.vote.state == NOTIF_LEADING && ev->sid == a->vote.leader &&
	         ev->sid == ev->notif.vote.leader && ev->sid != m->options.sid,
	     "who says that it leads is followed");
	must(elect_is_voter(m->elect, ev->sid) || elect_find_other(m->elect, ev->sid),
	     "who has an address is followed");
	must(m->options.joins ||
	         (ev->notif.has_config && ev->notif.config != m->options.config_text),
	     "by members that we do not know, or without any");
}

static bool
may_lead(const struct model *m)
{
	const struct quorum_pair *q = &m->elect->quorums;

	return !m->options.observer && (has_weight(&q->current, m->options.sid) ||
	                                (m->options.joint && q->has_last_seen &&
	                                 has_weight(&q->last_seen, m->options.sid)));
}

static void
check_decided(const struct model *m, const struct elect_event *ev,
              const struct elect_action *a, const struct elect_view *now)
{
	bool ours = a->vote.leader == m->options.sid;

	must(msg_serial_compare(&a->serial, &now->serial) == 0,
	     "the look that is answered is the newest");
	must(a->vote.state >= NOTIF_FOLLOWING && a->vote.state <= NOTIF_OBSERVING,
	     "decided is a state");
	if (a->reason == ELECT_REASON_REPEATED)
		return;
	if (a->reason == ELECT_REASON_NEWER) {
		check_followed(m, ev, a);
		return;
	}
	must(a->reason == ELECT_REASON_ALL_AGREE ||
	         a->reason == ELECT_REASON_WINDOW_ENDED ||
	         a->reason == ELECT_REASON_ESTABLISHED,
	     "decided, and by what");
	must(elect_is_voter(m->elect, a->vote.leader), "a leader is a voter");
	must((a->vote.state == NOTIF_LEADING) == ours, "who is elected leads");
	must(a->reason != ELECT_REASON_ALL_AGREE ||
	         (m->options.early_finalize && all_have_said(m, &a->vote)),
	     "nobody decides early while a better vote may come");
	must(had_quorum(m, &a->vote, a->reason != ELECT_REASON_ESTABLISHED),
	     "a decision has a quorum behind it");
	if (ours && m->options.guarded)
		must(may_lead(m), "we lead as a voter with a weight only");
}

/* S5, and that the state is kept before the frame goes. */
static void
check_broadcast(struct model *m, const struct elect_action *a,
                const struct elect_view *now)
{
	const struct vote *v = &a->vote;

	must(v->state == NOTIF_LOOKING, "who broadcasts is looking");
	must(m->has_kept && msg_serial_compare(&m->kept_serial, &now->serial) == 0 &&
	         vote_same_claim(&m->kept, v),
	     "what is broadcast was kept before");
	if (m->has_said && msg_serial_compare(&m->said_serial, &now->serial) == 0) {
		must(v->round >= m->said.round, "in one look no round is lowered");
		must(v->round > m->said.round || vote_same_claim(v, &m->said) ||
		         vote_beats(1, v, &m->said),
		     "within a round our vote only gets better");
	}
	m->has_said = true;
	m->said_serial = now->serial;
	m->said = *v;
}

static void
check_send(const struct model *m, const struct elect_event *ev,
           const struct elect_action *a)
{
	must(a->vote.state >= NOTIF_LOOKING && a->vote.state <= NOTIF_OBSERVING,
	     "what is sent is a state");
	if (ev->type == ELECT_EV_NOTIF || ev->type == ELECT_EV_LINK)
		must(a->sid == ev->sid, "who asked is answered");
	else
		must(elect_is_voter(m->elect, a->sid), "who asked before is a voter");
	must(!m->options.guarded || a->sid != m->options.sid, "we do not ask ourselves");
}

static void
check_action(struct model *m, const struct elect_event *ev, const struct elect_action *a,
             const struct elect_view *now)
{
	bool drop = a->reason > ELECT_REASON_NONE && a->reason < ELECT_REASON_ALL_AGREE;

	must((a->type == ELECT_ACT_DROP) == drop, "what is dropped says why");
	must(elect_reason_name(a->reason)[0] != '?', "each reason has a name");
	switch (a->type) {
	case ELECT_ACT_STATE:
		must(msg_serial_compare(&a->serial, &now->serial) == 0,
		     "the state is that of the newest look");
		m->has_kept = true;
		m->kept_serial = a->serial;
		m->kept = a->vote;
		break;
	case ELECT_ACT_SEND:
		check_send(m, ev, a);
		break;
	case ELECT_ACT_BROADCAST:
		check_broadcast(m, a, now);
		break;
	case ELECT_ACT_CONNECT_ALL:
		must(ev->type == ELECT_EV_DUE, "a wait ends when it is due");
		break;
	case ELECT_ACT_DECIDED:
		check_decided(m, ev, a, now);
		break;
	case ELECT_ACT_DOUBT:
		must(m->options.doubt &&
		         ((now->state == NOTIF_FOLLOWING &&
		           a->sid == now->current.leader) ||
		          (now->state == NOTIF_LEADING && a->sid != m->options.sid)) &&
		         msg_serial_compare(&a->serial, &now->serial) == 0,
		     "the leader of our role is doubted, or speaks of its voters");
		break;
	case ELECT_ACT_NEWER_CONFIG:
		must(ev->type == ELECT_EV_NOTIF && a->sid == ev->sid,
		     "a configuration came with a notification");
		break;
	case ELECT_ACT_DROP:
		break;
	default:
		must(false, "the action is one");
	}
}

static void
check_view(const struct model *m, const struct elect_view *now)
{
	must((unsigned)now->phase <= ELECT_PHASE_FINALIZE, "the phase is one");
	must(now->silent ||
	         (now->state >= NOTIF_LOOKING && now->state <= NOTIF_OBSERVING),
	     "the state is one");
	must(!now->silent || now->phase == ELECT_PHASE_IDLE, "who is silent is idle");
	must(now->phase == ELECT_PHASE_IDLE || now->state == NOTIF_LOOKING,
	     "an election is LOOKING");
	must(msg_serial_compare(&now->serial, &m->view.serial) >= 0, "no serial falls");
	must((elect_due_ms(m->elect) == UINT64_MAX) ==
	         (now->phase == ELECT_PHASE_IDLE || !now->synced),
	     "an election has a deadline, and nothing else");
}

/* What the core is told, before it is. */
static void
note(struct model *m, const struct elect_event *ev)
{
	if (ev->type == ELECT_EV_NOTIF)
		note_heard(m, ev->sid, &ev->notif);
	if (ev->type == ELECT_EV_AGAIN)
		memset(m->links, 0, sizeof(m->links));
	for (unsigned i = 0; i < m->elect->voter_count; i++) {
		int64_t sid = m->elect->voters[i].sid;

		if (ev->type == ELECT_EV_LINK && sid == ev->sid)
			m->links[i] = (struct msg_remote){.link = (uint8_t)ev->link,
			                                  .reason = (uint8_t)ev->reason,
			                                  .was_up = ev->was_up};
		if (ev->type == ELECT_EV_LOOK && ev->look.gave_up)
			m->given_up[i] |= sid == ev->look.leader;
	}
	if (ev->type == ELECT_EV_STATE &&
	    (!m->has_kept || msg_serial_compare(&ev->serial, &m->kept_serial) > 0)) {
		m->has_kept = true;
		m->kept_serial = ev->serial;
		m->kept = ev->vote;
	}
}

static void
check_step(struct model *m, const struct elect_event *ev)
{
	static struct elect_actions todo;
	struct elect_view now;
	bool mute = m->view.silent || !m->view.synced;

	note(m, ev);
	elect_step(m->elect, ev, &todo);
	elect_get_view(m->elect, &now);
	must(todo.count <= ELECT_ACTIONS_MAX, "the list of actions holds them");
	check_view(m, &now);
	mute = mute && (now.silent || !now.synced);
	for (unsigned i = 0; i < todo.count; i++) {
		must(!mute || todo.list[i].type == ELECT_ACT_DROP,
		     "without a word of the peer it is silent");
		check_action(m, ev, &todo.list[i], &now);
	}
	m->view = now;
}

#endif
