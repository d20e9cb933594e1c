/* What the peer's core must keep to, whatever happens: the rules that fuzz_role.c checks
 * after each step. The model has the disk as it was written, the links as they were told,
 * and for each link what went over it. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_CHECK_H
#define TESTS_FUZZ_FUZZ_ROLE_CHECK_H

#include "peer/role.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/groups.h"
#include "tests/oracle.h"

#define CONNS 3 /* the link, one beside it, one whose first packet is to come */

struct conn {            /* one that the core was told of, and has not closed */
	uint64_t number; /* 0: none */
	bool dialled;
	bool used;        /* it is the link */
	int64_t said;     /* FOLLOWERINFO: what it has promised */
	int64_t offered;  /* LEADERINFO went over it */
	int64_t promised; /* it answered that with a promise */
	int64_t acked;    /* ACK came */
};

struct remote {
	int64_t sid;
	bool dialling;
	struct conn conns[CONNS];
};

struct model {
	struct feed feed;
	const struct qconfig *group;
	struct members file;                /* of the group, in version 1 */
	struct members_record group_record; /* the same, with the disks of its voters */
	bool observer;
	struct role_config config;
	struct role *role;
	uint64_t now_ms;
	bool started;
	bool away;
	bool port_shut;
	bool stood; /* in the last look */
	uint64_t generation;
	unsigned remote_count;
	struct remote remotes[ROLE_LEARNERS_MAX];
	uint64_t number; /* given last */

	bool writing;
	bool failed;              /* the last write: it may be tried again */
	struct role_record disk;  /* as WRITTEN said */
	struct role_record tried; /* the last whose write was started */
	bool claiming;            /* a claim waits for its answer */
	bool claims;              /* the write in progress has it */
	int64_t claim;
	int64_t promised; /* the largest epoch that we promised to anybody, or used */
	int64_t asked;    /* LEADERINFO came from the leader */
	int64_t proposed; /* LEADERINFO of ours, in this role */
	int64_t told;     /* NEWLEADER of ours, in this role */
	int64_t epoch;    /* near what is going on: for likely packets */
	int64_t last_epoch;

	struct msg_serial serial;
	struct msg_serial look_serial;
	struct vote vote;      /* of the last role */
	struct role_view view; /* told last */
	int64_t published;     /* in the view after this step */
};

/* What the data_dir of `sid` has. */
static struct members_instance
instance_of(int64_t sid)
{
	return (struct members_instance){
	    .bytes = {0xf1, (unsigned char)sid, (unsigned char)(sid >> 8)}};
}

static struct remote *
find_remote(struct model *m, int64_t sid)
{
	for (unsigned i = 0; i < m->remote_count; i++)
		if (m->remotes[i].sid == sid)
			return &m->remotes[i];
	return NULL;
}

static struct conn *
find_conn(struct remote *r, uint64_t number)
{
	for (unsigned i = 0; r && i < CONNS && number > 0; i++)
		if (r->conns[i].number == number)
			return &r->conns[i];
	return NULL;
}

static struct conn *
link_of(struct remote *r)
{
	for (unsigned i = 0; r && i < CONNS; i++)
		if (r->conns[i].used)
			return &r->conns[i];
	return NULL;
}

/* Notes a packet before the core takes it. */
static void
note_packet(struct model *m, const struct role_event *ev)
{
	const struct qpacket *p = ev->packet;
	const int64_t from = ev->sid;
	struct conn *r = find_conn(find_remote(m, from), ev->number);

	if (r && (p->type == QPACKET_FOLLOWERINFO || p->type == QPACKET_OBSERVERINFO))
		r->said = p->zxid >> 32;
	if (!r || !r->used)
		return;
	if (p->type == QPACKET_LEADERINFO && from == m->vote.leader)
		m->asked = p->zxid >> 32;
	if (p->type == QPACKET_ACKEPOCH && ev->report && ev->answer.current >= 0 &&
	    ev->answer.epoch == r->offered)
		r->promised = r->offered;
	if (p->type == QPACKET_ACK)
		r->acked = p->zxid >> 32;
}

/* Are we and the remotes whose present link has `epoch` in `field` a quorum? */
static bool
is_quorum(const struct model *m, size_t field, int64_t epoch)
{
	int64_t sids[ROLE_LEARNERS_MAX + 1];
	unsigned count = 0;

	sids[count++] = m->config.sid;
	for (unsigned i = 0; i < m->remote_count; i++) {
		const struct conn *c = link_of((struct remote *)&m->remotes[i]);

		if (c && *(const int64_t *)((const char *)c + field) == epoch)
			sids[count++] = m->remotes[i].sid;
	}
	return oracle_has_quorum(m->group, sids, count);
}

static void
check_ackepoch(struct model *m, const struct role_packet *p)
{
	const struct members_instance instance = instance_of(m->config.sid);

	must(p->report && p->data_len == 0, "ACKEPOCH says what we have");
	must(members_instance_equal(&p->report->instance, &instance) &&
	         p->report->version == m->file.version &&
	         p->report->digest == members_digest(&m->file) &&
	         members_same_record(&p->report->record, &m->group_record),
	     "and it is what we have");
	must(p->answer.epoch == m->asked, "ACKEPOCH names the epoch that it answers");
	must(m->disk.accepted >= m->asked, "an epoch is answered when it is on the disk");
	if (p->answer.current < 0)
		return;
	must(m->asked > m->promised, "no epoch is promised twice");
	m->promised = m->asked;
}

static void
check_leader_packet(struct model *m, struct conn *to, int32_t type, int64_t epoch)
{
	if (type == QPACKET_LEADERINFO && epoch < to->said) {
		/* it is kept out, and promises nothing below what it said */
	} else if (type == QPACKET_LEADERINFO) {
		must(epoch > m->promised || epoch == m->proposed,
		     "a leader proposes what nobody was promised");
		m->proposed = to->offered = epoch;
	} else if (type == QPACKET_NEWLEADER) {
		must(epoch == m->told ||
		         is_quorum(m, offsetof(struct conn, promised), epoch),
		     "NEWLEADER: a quorum has promised the epoch");
		must(epoch == m->told || epoch > m->promised,
		     "our own promise was made to nobody else");
		must(m->disk.accepted >= epoch,
		     "our own promise is on the disk before it counts");
		m->told = m->promised = epoch;
	} else {
		must(epoch == m->published, "UPTODATE: established with that epoch");
	}
}

static void
check_send(struct model *m, const struct role_action *a)
{
	const struct role_packet *p = &a->u.packet;
	const struct qpacket packet = {.type = p->type,
	                               .zxid = p->zxid,
	                               .data = p->data_len > 0 ? p->data : NULL,
	                               .data_len = p->data_len,
	                               .auth_count = -1};
	struct conn *to = find_conn(find_remote(m, a->sid), a->number);
	unsigned char bytes[64]; /* as much room as the shell has */
	int64_t epoch = p->zxid >> 32;

	must(to && to->used, "a packet goes over the link");
	must(qpacket_encode(&packet, bytes, sizeof(bytes)) > 0, "a packet fits");
	m->last_epoch = epoch > 0 ? epoch : m->last_epoch;
	switch (p->type) {
	case QPACKET_LEADERINFO:
	case QPACKET_NEWLEADER:
	case QPACKET_UPTODATE:
		check_leader_packet(m, to, p->type, epoch);
		must((p->type == QPACKET_NEWLEADER) == (p->pair != NULL),
		     "NEWLEADER says who the members are");
		must(!p->pair || members_same_record(p->pair, &m->group_record),
		     "which do not change");
		break;
	case QPACKET_ACKEPOCH:
		check_ackepoch(m, p);
		break;
	case QPACKET_ACK:
		must(m->disk.current >= epoch,
		     "an epoch is acknowledged when it is on the disk");
		break;
	case QPACKET_FOLLOWERINFO:
	case QPACKET_OBSERVERINFO:
		must(epoch >= m->promised, "nobody forgets a promise");
		break;
	default:
		must(p->type == QPACKET_PING, "the packet is one of ours");
	}
}

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
	         w->members.epoch > m->disk.members.epoch || m->claiming || m->failed,
	     "what is written was wanted");
	must(members_same_record(&w->members, &m->group_record) &&
	         w->members.epoch >= m->tried.members.epoch,
	     "the members stay as they are, and their epoch does not fall");
	must(w->claim == (m->claiming ? m->claim : m->disk.claim),
	     "a claim is kept until another one is wanted");
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

static bool
newer(const struct msg_serial *a, const struct msg_serial *b)
{
	return a->generation > b->generation ||
	       (a->generation == b->generation && a->count > b->count);
}

static bool
may_stand(const struct model *m)
{
	return !m->config.zab || m->remote_count == 0 ||
	       (!m->port_shut && m->tried.accepted < ROLE_EPOCH_MAX);
}

static void
check_look(struct model *m, const struct role_action *a)
{
	const struct msg_serial *s = &a->u.look.serial;
	bool same = s->generation == m->look_serial.generation &&
	            s->count == m->look_serial.count;

	must(!m->away, "while connmgr is away nothing is said");
	must(same || newer(s, &m->serial), "each look has a newer serial");
	must(a->u.look.epoch <= m->tried.current || a->u.look.epoch == 0,
	     "we vote with an epoch of ours");
	must(a->u.look.reason <= MSG_LOOK_MEMBERS, "the reason is one");
	must(same ? m->stood == (a->u.look.epoch != INT64_MIN)
	          : may_stand(m) || a->u.look.epoch == INT64_MIN,
	     "who cannot lead does not stand"); /* for its disk, or its promise, too */
	m->stood = a->u.look.epoch != INT64_MIN;
	m->serial = m->look_serial = *s;
}

static void
check_role(struct model *m, const struct role_action *a)
{
	must(newer(&a->u.role.serial, &m->serial), "each role has a newer serial");
	must(a->u.role.vote.state >= NOTIF_FOLLOWING &&
	         a->u.role.vote.state <= NOTIF_OBSERVING,
	     "a role has a state");
	must(a->u.role.vote.state != NOTIF_LEADING || m->stood, "who leads has stood");
	must((a->u.role.vote.state == NOTIF_LEADING) ==
	         (a->u.role.vote.leader == m->config.sid),
	     "who is its own leader leads");
	if (m->serial.count == m->look_serial.count) /* a role begins */
		m->proposed = m->told = 0;
	m->serial = a->u.role.serial;
	m->vote = a->u.role.vote;
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
	must(!v->active || (v->leader == m->config.sid && !m->observer),
	     "no observer leads");
	must(!m->observer || v->state != NOTIF_FOLLOWING, "an observer observes");
	if (!m->config.zab)
		return;
	must(v->epoch >= m->view.epoch, "no epoch falls");
	must(v->epoch == 0 || v->epoch <= m->disk.current,
	     "what is published is on the disk");
	must(!v->has_leader || v->epoch > 0, "who is established has an epoch");
	if (v->active && v->epoch > m->view.epoch)
		must(is_quorum(m, offsetof(struct conn, acked), v->epoch),
		     "established: a quorum has acknowledged");
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

static void
check_action(struct model *m, const struct role_action *a, bool last)
{
	struct remote *r = find_remote(m, a->sid);

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
		must(r && !m->away && !r->dialling, "we connect to a member, once");
		r->dialling = true;
		break;
	case ROLE_ACT_DISCONNECT:
		must(r && (a->number > 0 ? find_conn(r, a->number) != NULL : r->dialling),
		     "what there is is closed");
		must(a->u.close != ROLE_CLOSE_NONE && a->u.close <= ROLE_CLOSE_NO_MEMBER,
		     "and for a reason");
		if (a->number > 0)
			*find_conn(r, a->number) = (struct conn){0};
		else
			r->dialling = false;
		break;
	case ROLE_ACT_TAKE:
		must(find_conn(r, a->number) != NULL && !link_of(r),
		     "one connection is the link");
		find_conn(r, a->number)->used = true;
		break;
	case ROLE_ACT_WRITE:
		check_write(m, a);
		break;
	case ROLE_ACT_CLAIMED:
		check_claimed(m, a);
		break;
	case ROLE_ACT_MEMBERS:
		must(!a->u.members.joins && !a->u.members.last_seen &&
		         members_equal(a->u.members.current, &m->group_record.new) &&
		         a->u.members.count == m->remote_count + 1,
		     "all members are told");
		break;
	case ROLE_ACT_ABSENT: /* a write that hangs */
		must(m->writing, "silent for as long as a write takes");
		break;
	case ROLE_ACT_EVENT:
		must(last && !same_view(&a->u.view, &m->view), "the last, and news");
		break;
	case ROLE_ACT_REFOUNDED: /* nobody asks */
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
	role_step(m->role, ev, &todo);
	must(todo.count <= ROLE_ACTIONS_MAX, "the list of actions holds them");
	role_get_view(m->role, &view);
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
	must(role_get_learners(m->role, m->now_ms, learners) <= m->remote_count,
	     "learners are members");
	must(role_accepted(m->role) >= role_current(m->role), "accepted is above");
}

#endif
