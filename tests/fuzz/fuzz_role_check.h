/* What the peer's core must keep to, whatever happens: the rules that fuzz_role.c checks
 * after each step. N1 to N14 are those of docs/MEMBERSHIP.md; fuzz_role_members.h has
 * those about who counts. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_CHECK_H
#define TESTS_FUZZ_FUZZ_ROLE_CHECK_H

#include "tests/fuzz/fuzz_role_lease.h"
#include "tests/fuzz/fuzz_role_members.h"
#include "tests/fuzz/fuzz_role_twin.h"

/* ---- packets ---- */

/* Notes a packet before the core takes it. */
static void
note_packet(struct model *m, const struct role_event *ev)
{
	const struct qpacket *p = ev->packet;
	struct server *s = find_remote(m, ev->sid);
	struct conn *c = find_conn(s, ev->number);
	int64_t epoch = p->zxid >> 32;

	if (c && (p->type == QPACKET_FOLLOWERINFO || p->type == QPACKET_OBSERVERINFO))
		c->said = epoch;
	if (!c || !c->used)
		return;
	if (p->type == QPACKET_PING && (m->leads || ev->sid == m->vote.leader))
		note_lease(m, c, p);
	if (m->leads) {
		/* a record of an epoch that is to come is a lie */
		if (p->type == QPACKET_ACKEPOCH && ev->report &&
		    ev->report->record.epoch <= c->offered &&
		    ev->answer.epoch == c->offered && c->answered != c->offered)
			note_report(m, c, ev);
		if (p->type == QPACKET_ACK && epoch == c->told) {
			c->acked = epoch;
			s->joined = epoch;
			s->joined_disk = c->disk;
		}
		return;
	}
	if (ev->sid != m->vote.leader)
		return;
	if (p->type == QPACKET_LEADERINFO &&
	    members_get_leaderinfo(p, &m->timing) == QPACKET_OK)
		m->asked = epoch;
	if (p->type == QPACKET_NEWLEADER && ev->pair) {
		m->heard = *ev->pair;
		m->heard.epoch = epoch;
	}
}

/* N5: what is reported is what we have, from the start of its write on. */
static void
check_ackepoch(struct model *m, const struct role_packet *p)
{
	const struct members_report *r = p->report;

	must(r && p->data_len == 0, "ACKEPOCH says what we have");
	must(oracle_same_disk(&r->instance, &m->disk.instance) &&
	         r->version == m->file.version && r->digest == members_digest(&m->file),
	     "and that is our disk, and our file");
	must(r->record.epoch == m->tried.members.epoch &&
	         members_same_record(&r->record, &m->tried.members) &&
	         r->may_found == m->tried.may_found,
	     "and our record");
	must(p->answer.epoch == m->asked, "ACKEPOCH names the epoch that it answers");
	must(m->disk.accepted >= m->asked, "an epoch is answered when it is on the disk");
	m->answered = m->asked;
	if (p->answer.current < 0)
		return;
	must(m->asked > m->promised, "no epoch is promised twice");
	m->promised = m->asked;
}

/* N5. */
static void
check_ack(struct model *m, int64_t epoch)
{
	must(epoch == m->heard.epoch, "an ACK answers NEWLEADER");
	must(m->disk.current >= epoch, "an epoch is acknowledged when it is on the disk");
	must(m->disk.members.epoch == epoch &&
	         members_same_record(&m->disk.members, &m->heard),
	     "with its memberships");
	check_gate(m, m->vote.leader, epoch);
	m->acked = epoch;
}

static void
check_leaderinfo(struct model *m, struct conn *to, const struct role_packet *p)
{
	const struct qpacket q = {
	    .type = p->type, .data = p->data, .data_len = p->data_len};
	struct qpacket_leaderinfo info;
	int64_t epoch = p->zxid >> 32;

	must(members_get_leaderinfo(&q, &info) == QPACKET_OK &&
	         info.protocol == QPACKET_PROTOCOL && info.tick_ms == m->config.tick_ms &&
	         info.init_limit == m->config.init_limit &&
	         info.sync_limit == m->config.sync_limit,
	     "a leader says its protocol and its timing (N14)");
	if (epoch < to->said) /* it is kept out, and promises nothing below that */
		return;
	must(epoch > m->promised || epoch == m->proposed,
	     "a leader proposes what nobody was promised");
	if (epoch != m->proposed && m->renewal_ms == 0)
		m->renewal_ms = m->now_ms;
	m->proposed = to->offered = epoch;
}

static void
check_newleader(struct model *m, struct conn *to, const struct role_packet *p)
{
	int64_t epoch = p->zxid >> 32;

	must(p->pair != NULL, "NEWLEADER says who the members are");
	must(epoch == m->told || epoch > m->promised,
	     "our own promise was made to nobody else");
	must(m->disk.accepted >= epoch,
	     "our own promise is on the disk before it counts");
	check_pair(m, epoch, p->pair);
	m->told = m->promised = to->told = epoch;
}

static void
check_info(const struct model *m, const struct role_packet *p)
{
	const struct qpacket q = {
	    .type = p->type, .data = p->data, .data_len = p->data_len};
	struct qpacket_learner info;

	must(qpacket_get_learner(&q, &info) == QPACKET_OK && info.sid == m->config.sid &&
	         info.protocol == QPACKET_PROTOCOL &&
	         info.config_version == m->file.version,
	     "a learner says who it is, and the version of its file");
	must(p->zxid >> 32 >= m->promised, "nobody forgets a promise");
	must((p->type == QPACKET_OBSERVERINFO) == observes(m),
	     "a voter follows, who is none observes");
}

static void
check_send(struct model *m, const struct role_action *a)
{
	const struct role_packet *p = &a->u.packet;
	struct conn *to = find_conn(find_remote(m, a->sid), a->number);
	int64_t epoch = p->zxid >> 32;

	must(to && to->used, "a packet goes over the link");
	m->last_epoch = epoch > 0 ? epoch : m->last_epoch;
	switch (p->type) {
	case QPACKET_LEADERINFO:
		check_leaderinfo(m, to, p);
		break;
	case QPACKET_NEWLEADER:
		check_newleader(m, to, p);
		break;
	case QPACKET_UPTODATE:
		must(epoch == m->published && to->acked == epoch,
		     "UPTODATE: established with the epoch that was acknowledged");
		to->uptodate = epoch;
		break;
	case QPACKET_ACKEPOCH:
		check_ackepoch(m, p);
		break;
	case QPACKET_ACK:
		check_ack(m, epoch);
		break;
	case QPACKET_FOLLOWERINFO:
	case QPACKET_OBSERVERINFO:
		check_info(m, p);
		break;
	default:
		must(p->type == QPACKET_PING, "the packet is one of ours");
		check_ping(m, to, p);
	}
}

/* ---- the disk ---- */

static void
check_write(struct model *m, const struct role_action *a)
{
	const struct role_record *w = a->u.write;

	must(!m->writing, "one write at a time");
	must(w->accepted <= ROLE_EPOCH_MAX, "an epoch is in its range");
	must(w->accepted >= m->tried.accepted && w->current >= m->tried.current,
	     "no epoch is lowered");
	must(w->current <= w->accepted, "current is never above accepted");
	must(w->current == m->tried.current || w->current <= m->disk.accepted,
	     "current follows what was promised");
	must(w->accepted > m->disk.accepted || w->current > m->disk.current ||
	         w->members.epoch > m->disk.members.epoch || m->gives_up || m->claiming ||
	         m->failed || is_bound_wanted(m, &w->bound),
	     "what is written was wanted");
	must(w->claim == (m->claiming ? m->claim : m->disk.claim),
	     "a claim is kept until another one is wanted");
	check_record(m, w);
	check_bound(m, &w->bound);
	m->writing = true;
	m->claims = m->claiming;
	m->tried = *w;
	m->epoch = w->accepted;
}

static void
check_claimed(struct model *m, const struct role_action *a)
{
	must(m->claiming && a->u.claimed.claim == m->claim, "a claim waits");
	must(a->u.claimed.error != 0 || (m->claims && m->disk.claim == m->claim),
	     "a claim is answered when it is on the disk");
	m->claiming = false;
}

/* ---- the election ---- */

static bool
newer(const struct msg_serial *a, const struct msg_serial *b)
{
	return a->generation > b->generation ||
	       (a->generation == b->generation && a->count > b->count);
}

static bool
may_stand(const struct model *m)
{
	if (!m->config.zab)
		return true;
	if (!may_found(m) && !is_own(m, &m->tried.members))
		return false;
	return remote_count(m) == 0 ||
	       (!m->port_shut && m->tried.accepted < ROLE_EPOCH_MAX);
}

static void
check_look(struct model *m, const struct role_action *a)
{
	const struct msg_serial *s = &a->u.look.serial;
	bool same = s->generation == m->look_serial.generation &&
	            s->count == m->look_serial.count;

	must(!m->away, "while connmgr is away nothing is said");
	must(m->members_told, "who counts is said before the first look");
	must(same || newer(s, &m->serial), "each look has a newer serial");
	must(a->u.look.epoch <= m->tried.current || a->u.look.epoch == 0,
	     "we vote with an epoch of ours");
	must(a->u.look.reason <= MSG_LOOK_RELEASED, "the reason is one");
	must(!same || m->stood == (a->u.look.epoch != INT64_MIN),
	     "a look that is said again is the same");
	m->looked |= !same;
	m->stood = a->u.look.epoch != INT64_MIN;
	m->serial = m->look_serial = *s;
	m->leads = false;
}

/* Who has none votes as if it had nothing; others may elect it by an older record. */
static bool
has_weight(const struct model *m)
{
	const struct members_record *r = &m->tried.members;

	if (r->epoch == 0)
		return may_lead(&m->file, m->config.sid);
	return may_lead(&r->old, m->config.sid) || may_lead(&r->new, m->config.sid);
}

static void
check_role(struct model *m, const struct role_action *a)
{
	const struct vote *v = &a->u.role.vote;

	must(newer(&a->u.role.serial, &m->serial), "each role has a newer serial");
	must(v->state >= NOTIF_FOLLOWING && v->state <= NOTIF_OBSERVING,
	     "a role has a state");
	must(v->state != NOTIF_LEADING || m->stood || !has_weight(m),
	     "who leads has stood");
	must((v->state == NOTIF_LEADING) == (v->leader == m->config.sid),
	     "who is its own leader leads");
	m->vote = *v;
	if (m->serial.count == m->look_serial.count)
		begin_role(m);
	m->serial = a->u.role.serial;
}

/* ---- the view ---- */

static void
check_established(struct model *m, const struct role_view *v)
{
	if (m->view.has_leader && v->epoch == m->view.epoch)
		return;
	if (v->active) {
		check_establish(m, v->epoch);
		check_gate(m, m->config.sid, v->epoch);
		m->ruling = m->base;
		return;
	}
	must(v->epoch == m->acked, "a follower has acknowledged before");
	must(v->state == (observes(m) ? NOTIF_OBSERVING : NOTIF_FOLLOWING),
	     "a voter follows, who is none observes");
}

static void
check_view(struct model *m, const struct role_view *v)
{
	must((unsigned)v->state <= NOTIF_OBSERVING && v->phase <= ROLE_BROADCAST &&
	         v->reason <= ROLE_REASON_OLDER,
	     "the view's words are some");
	must(v->has_leader == (v->phase == ROLE_BROADCAST), "established, and told");
	must(v->has_leader == (v->state != NOTIF_LOOKING), "LOOKING: no leader");
	must(v->active == (v->state == NOTIF_LEADING && v->has_leader && m->config.zab),
	     "active: an established leader");
	must(!v->active || v->leader == m->config.sid, "who is active leads itself");
	if (!m->config.zab)
		return;
	must(v->epoch >= m->view.epoch, "no epoch falls");
	must(v->epoch == 0 || v->epoch <= m->disk.current,
	     "what is published is on the disk");
	must(!v->has_leader || v->epoch > 0, "who is established has an epoch");
	if (v->has_leader)
		check_established(m, v);
}

static bool
same_view(const struct role_view *a, const struct role_view *b)
{
	return a->state == b->state && a->phase == b->phase &&
	       a->has_leader == b->has_leader && a->leader == b->leader &&
	       a->epoch == b->epoch && a->active == b->active && a->reason == b->reason &&
	       a->error == b->error && a->since_ms == b->since_ms &&
	       a->older == b->older && a->look == b->look &&
	       a->has_tried == b->has_tried && a->tried == b->tried &&
	       a->link == b->link && a->promised == b->promised && a->others == b->others;
}

/* ---- a step ---- */

static void
check_disconnect(const struct model *m, struct server *s, const struct role_action *a)
{
	const struct conn *c = find_conn(s, a->number);

	must(!c || !m->leads || a->u.close != ROLE_CLOSE_NO_MEMBER || c->told == c->acked,
	     "who is removed acknowledges that before it goes (N8)");
	must(s && (a->number > 0 ? find_conn(s, a->number) != NULL : s->dialling),
	     "what there is is closed");
	must(a->u.close != ROLE_CLOSE_NONE && a->u.close <= ROLE_CLOSE_NO_MEMBER,
	     "and for a reason");
	if (a->number > 0)
		*find_conn(s, a->number) = (struct conn){0};
	else
		s->dialling = false;
}

static void
check_action(struct model *m, const struct role_action *a, bool last)
{
	struct server *s = find_remote(m, a->sid);

	switch (a->type) {
	case ROLE_ACT_LOOK:
		check_look(m, a);
		break;
	case ROLE_ACT_ROLE:
		check_role(m, a);
		break;
	case ROLE_ACT_SEND:
		check_send(m, a);
		break;
	case ROLE_ACT_CONNECT:
		must(s && !m->away && !s->dialling, "we connect to a member, once");
		s->dialling = true;
		break;
	case ROLE_ACT_DISCONNECT:
		check_disconnect(m, s, a);
		break;
	case ROLE_ACT_TAKE:
		must(find_conn(s, a->number) != NULL && !link_of(s),
		     "one connection is the link");
		find_conn(s, a->number)->used = true;
		break;
	case ROLE_ACT_WRITE:
		check_write(m, a);
		break;
	case ROLE_ACT_CLAIMED:
		check_claimed(m, a);
		break;
	case ROLE_ACT_MEMBERS:
		check_told(m, &a->u.members);
		break;
	case ROLE_ACT_REFOUNDED:
		check_refounded(m, a->u.error);
		break;
	case ROLE_ACT_MEMORY:
		check_memory(m, &a->u.memory);
		break;
	case ROLE_ACT_PAGE:
		check_page(m, &a->u.page);
		break;
	case ROLE_ACT_CONFIRMED:
		check_confirmed(m, a->u.confirmed.number, a->u.confirmed.leads);
		break;
	case ROLE_ACT_LET_GO:
	case ROLE_ACT_MAY_HOLD:
	case ROLE_ACT_STEPPED:
		break;        /* test_role_handover */
	case ROLE_ACT_ABSENT: /* a write that hangs */
		must(m->writing, "silent for as long as a write takes");
		break;
	case ROLE_ACT_EVENT:
		must(last && !same_view(&a->u.view, &m->view), "the last, and news");
		break;
	default:
		must(false, "the action is one");
	}
}

static void
check_step(struct model *m, struct role_event *ev)
{
	static struct role_actions todo;
	static struct role_learner_view learners[ROLE_LEARNERS_MAX];
	struct role_view view;
	bool told = false;

	ev->now_ms = m->now_ms;
	if (m->twins)
		twin_step(m->role, ev, &todo);
	else
		role_step(m->role, ev, &todo);
	must(todo.count <= ROLE_ACTIONS_MAX, "the list of actions holds them");
	role_get_view(m->role, &view);
	m->was_active = m->view.active || view.active;
	check_view(m, &view);
	if (todo.count > 0 && todo.list[todo.count - 1].type == ROLE_ACT_EVENT) {
		told = true;
		must(same_view(&todo.list[todo.count - 1].u.view, &view), "the view");
	}
	must(told || same_view(&view, &m->view), "what changes is told");
	m->published = view.epoch;
	for (unsigned i = 0; i < todo.count; i++)
		check_action(m, &todo.list[i], i + 1 == todo.count);
	m->view = view;
	m->released = false;
	must(role_get_learners(m->role, m->now_ms, learners) <= remote_count(m),
	     "learners are members");
	must(role_accepted(m->role) >= role_current(m->role), "accepted is above");
	/* after the last look of the step: a leader that is late looks before the event
	 */
	must(!m->looked || !m->stood || may_stand(m),
	     "who cannot lead does not stand"); /* for its disk, or its promise, too */
	m->looked = false;
	check_after(m);
}

#endif
