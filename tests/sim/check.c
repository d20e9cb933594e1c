/* The invariants (S1 … S10 of docs/DESIGN.md), checked at each step of each core: the
 * linker's --wrap puts these checks in between. What a server has said is what its
 * connmgr has sent. */
#include "connmgr/election.h"
#include "peer/role_impl.h"
#include "tests/oracle.h"
#include "tests/sim/sim.h"
#include "wire/notif.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define EPOCHS_MAX 8192
#define CLAIMS_MAX 2048
#define SAID_US    3000000 /* so long what an elector said may be on its way */

void __real_role_step(struct role *r, const struct role_event *ev,
                      struct role_actions *out);
void __wrap_role_step(struct role *r, const struct role_event *ev,
                      struct role_actions *out);
void __real_elect_step(struct elect *e, const struct elect_event *ev,
                       struct elect_actions *out);
void __wrap_elect_step(struct elect *e, const struct elect_event *ev,
                       struct elect_actions *out);
void __real_election_send(struct election *l, int64_t sid, const void *data, size_t len);
void __wrap_election_send(struct election *l, int64_t sid, const void *data, size_t len);

/* What one server said, settled, since this look began. */
struct heard {
	/* Whom it followed, a bit for each: a vote of another round does not take the
	 * place of one of ours. */
	unsigned leaders;
	bool leading;     /* it said that it leads */
	struct vote vote; /* the last one */
};

struct witness {                  /* of one server */
	struct msg_serial serial; /* of the last look or role */
	int64_t published;
	int64_t promised;
	bool kept; /* there is a state */
	struct msg_serial kept_serial;
	struct vote kept_vote;
	bool decided;
	struct msg_serial decided_serial;
	struct vote decided_vote;
	struct {
		struct msg_serial look; /* what `heard` belongs to */
		struct heard heard[SIM_SERVERS_MAX];
	} electors[2];
	unsigned voters; /* of its elector, a bit for each; and of those before it */
	unsigned voters_before;
	uint64_t voters_us; /* since when */
	unsigned claim_count;
	struct vote claims[CLAIMS_MAX]; /* whatever its state was; each once */
};

static struct witness witnesses[SIM_SERVERS_MAX];
static struct {
	unsigned server; /* + 1; 0: none so far */
	uint64_t generation;
} leaders[EPOCHS_MAX];
static int64_t epoch_max;

void
sim_check_begin(void)
{
	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++)
		memset(&witnesses[i], 0, offsetof(struct witness, claims));
	memset(leaders, 0, sizeof(leaders[0]) * (size_t)(epoch_max + 1));
	epoch_max = 0;
	sim_promise_begin();
}

/* Generations may be given again, and what run_dir had is gone. */
void
sim_check_power_off(unsigned server)
{
	struct witness *w = &witnesses[server];

	w->serial = (struct msg_serial){0};
	w->kept = false;
	w->decided = false;
}

/* ---- the peer ---- */

/* Its epochs and its instance are gone; what connmgr keeps is not. */
void
sim_check_lost(unsigned server)
{
	witnesses[server].published = 0;
	witnesses[server].promised = 0;
	sim_promise_lost(server);
}

/* By what is synchronized in that epoch. */
static bool
may_lead(unsigned server, int64_t epoch)
{
	const struct members_record *r = sim_group_record(epoch);

	return r && sim_leads(r, server + 1);
}

static void
check_leader(unsigned server, uint64_t generation, int64_t epoch)
{
	if (!may_lead(server, epoch))
		sim_fail("S7: server %u leads and must not", server + 1);
	if (leaders[epoch].server == 0) {
		leaders[epoch].server = server + 1;
		leaders[epoch].generation = generation;
		epoch_max = epoch > epoch_max ? epoch : epoch_max;
		sim.elections++;
	} else if (leaders[epoch].server == server + 1 &&
	           sim_group_generation(epoch) == generation) {
		leaders[epoch].generation = generation;
	} else if (leaders[epoch].server != server + 1 ||
	           leaders[epoch].generation != generation) {
		sim_fail("S1: servers %u and %u both lead epoch %" PRId64,
		         leaders[epoch].server, server + 1, epoch);
	}
}

static void
check_view(unsigned server, uint64_t generation, const struct role_view *v)
{
	struct witness *w = &witnesses[server];

	if (v->active != (v->state == NOTIF_LEADING) ||
	    v->has_leader != (v->state != NOTIF_LOOKING))
		sim_fail("server %u: a view that contradicts itself", server + 1);
	if (!v->has_leader)
		return;
	assert(v->epoch < EPOCHS_MAX);
	if (v->epoch < w->published || v->epoch <= 0)
		sim_fail("S2: server %u publishes epoch %" PRId64 " after %" PRId64,
		         server + 1, v->epoch, w->published);
	w->published = v->epoch;
	if (!sim_is_durable(v->epoch))
		sim_fail("S2: server %u publishes epoch %" PRId64
		         ", which is on the disks of no quorum",
		         server + 1, v->epoch);
	if (!may_lead((unsigned)v->leader - 1, v->epoch))
		sim_fail("S7: server %u follows %" PRId64 ", which must not lead",
		         server + 1, v->leader);
	if (v->active)
		check_leader(server, generation, v->epoch);
	else if (leaders[v->epoch].server != v->leader)
		sim_fail("S1: server %u follows %" PRId64 " in epoch %" PRId64
		         ", whose leader is %u (0: none)",
		         server + 1, v->leader, v->epoch, leaders[v->epoch].server);
}

static void
check_serial(unsigned server, const struct msg_serial *serial)
{
	struct msg_serial *last = &witnesses[server].serial;

	if (msg_serial_compare(serial, last) < 0)
		sim_fail("S10: server %u: a serial that falls", server + 1);
	*last = *serial;
}

static void
check_promise(unsigned server, const struct role_packet *p)
{
	int64_t *promised = &witnesses[server].promised;

	if (p->type == QPACKET_FOLLOWERINFO && p->zxid >> 32 < *promised)
		sim_fail("S10: server %u forgot its promise of %" PRId64, server + 1,
		         *promised);
	if (p->type != QPACKET_ACKEPOCH || p->answer.current < 0)
		return;
	if (p->answer.epoch <= *promised)
		sim_fail("S10: server %u promises epoch %d after %" PRId64, server + 1,
		         p->answer.epoch, *promised);
	*promised = p->answer.epoch;
	sim_moment(server);
}

/* What a write is said to have written is on the disk, in both files. */
static void
check_written(unsigned server, const struct role_record *said)
{
	struct role_record r = sim_disk_record(&sim.servers[server].disk);
	int64_t epoch = said->members.epoch;

	if (epoch > 0 && epoch < said->current)
		epoch = said->current;
	if (r.accepted != said->accepted || r.current != said->current ||
	    r.claim != said->claim || r.may_found != said->may_found ||
	    !members_instance_equal(&r.instance, &said->instance) ||
	    r.members.epoch != epoch || !members_same_record(&r.members, &said->members))
		sim_fail("S10: server %u has another record on its disk than was written",
		         server + 1);
}

void
__wrap_role_step(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	unsigned server = sim.running->server;

	struct role_event told = *ev;

	sim_bug_role(r, ev);
	if (ev->type == ROLE_EV_START)
		sim_bug_start(&told.record);
	if (ev->type == ROLE_EV_DECIDED)
		sim_decide_wrongly(server, &told);
	if (ev->type == ROLE_EV_START)
		sim_promise_start(server, ev);
	else if (ev->type == ROLE_EV_WRITTEN && ev->error == 0)
		check_written(server, &r->epochs.record);
	if (ev->type == ROLE_EV_PACKET)
		sim_bug_packet(&told);
	sim_bug_lease(server, r, &told);
	sim_promise_hear(server, r, &told);
	__real_role_step(r, &told, out);
	sim_bug_lease_said(out);
	sim_promise_step(server, r, out);
	sim_trap_step(server, out);
	for (unsigned i = 0; i < out->count; i++) {
		const struct role_action *a = &out->list[i];

		if (a->type == ROLE_ACT_WRITE || a->type == ROLE_ACT_ROLE)
			sim_moment(server);
		if (a->type == ROLE_ACT_PAGE)
			sim_lease_page(server, &a->u.page);
		if (a->type == ROLE_ACT_EVENT) {
			sim_lease_view(server, &a->u.view);
			check_view(server, r->generation, &a->u.view);
		}
		if (a->type == ROLE_ACT_LOOK)
			check_serial(server, &a->u.look.serial);
		else if (a->type == ROLE_ACT_ROLE)
			check_serial(server, &a->u.role.serial);
		else if (a->type == ROLE_ACT_SEND)
			check_promise(server, &a->u.packet);
	}
}

/* ---- the elector ---- */

static bool
has_claimed(unsigned server, const struct vote *v)
{
	const struct witness *w = &witnesses[server];

	for (unsigned i = w->claim_count; i-- > 0;)
		if (vote_same_claim(&w->claims[i], v))
			return true;
	return false;
}

static void
claim(unsigned server, const struct vote *v)
{
	struct witness *w = &witnesses[server];

	if (has_claimed(server, v))
		return;
	assert(w->claim_count < CLAIMS_MAX);
	w->claims[w->claim_count++] = *v;
}

/* Of the members that it was told, or of its file. */
static bool
is_voter(const struct elector *e, int64_t sid)
{
	return oracle_is_voter(&e->config, sid) ||
	       (e->quorums.has_last_seen && oracle_is_voter(&e->last_seen, sid));
}

/* Before each step of an elector. What it said before its members changed is on its way
 * to connmgr for a while. */
static void
note_voters(unsigned server, const struct elector *e)
{
	struct witness *w = &witnesses[server];
	unsigned voters = 0;

	for (unsigned i = 0; i < sim.count; i++)
		voters |= (unsigned)is_voter(e, i + 1) << i;
	if (voters != w->voters) {
		w->voters_before &= w->voters;
		w->voters_us = sim.now_us;
	} else if (sim.now_us - w->voters_us > SAID_US) {
		w->voters_before = voters;
	}
	w->voters = voters;
}

/* To follow a leader, a quorum of one of two memberships is enough. */
static bool
is_quorum(const struct elector *e, const int64_t *sids, unsigned count, bool follows)
{
	bool one = oracle_has_quorum(&e->config, sids, count), other = one;

	if (e->quorums.has_last_seen)
		other = oracle_has_quorum(&e->last_seen, sids, count);
	return follows ? one || other : one && other;
}

static bool
is_candidate(const struct elector *e, int64_t sid)
{
	return oracle_weight(&e->config, sid) > 0 ||
	       (e->quorums.has_last_seen && oracle_weight(&e->last_seen, sid) > 0);
}

/* What the elector says; to a voter it is what connmgr has kept (others are told what it
 * would be without an election). Not so while it attaches again: what it said without a
 * link comes first. */
static void
check_said(unsigned server, int64_t to, bool attached, const void *frame, size_t len)
{
	const struct witness *w = &witnesses[server];
	struct notif n;
	struct vote v;

	if (notif_decode(frame, len, &n) != NOTIF_OK) {
		sim_fail("server %u sends what is no notification", server + 1);
		return;
	}
	v = n.vote;
	claim(server, &v);
	if (attached && v.state == NOTIF_LOOKING && to >= 1 && to <= (int64_t)sim.count &&
	    (w->voters & w->voters_before) >> (to - 1) & 1 &&
	    (!w->kept || !vote_same_claim(&w->kept_vote, &v)))
		sim_fail("S10: server %u says to %" PRId64 " (%" PRId64 ", %" PRId64
		         ") in round %" PRId64 ", connmgr keeps (%" PRId64 ", %" PRId64
		         ") in round %" PRId64,
		         server + 1, to, v.leader, v.epoch, v.round, w->kept_vote.leader,
		         w->kept_vote.epoch, w->kept_vote.round);
}

/* connmgr passes a frame of its worker on. */
void
__wrap_election_send(struct election *l, int64_t sid, const void *data, size_t len)
{
	check_said(sim.running->server, sid,
	           board_open(l->lane.config.board, MSG_WHO_ELECTOR) >= 0, data, len);
	__real_election_send(l, sid, data, len);
}

/* connmgr keeps what its elector says, the one before and this one alike. */
void
sim_check_state(unsigned server, const void *data, size_t len)
{
	struct witness *w = &witnesses[server];
	struct msg_serial serial;
	struct vote v;
	struct msg m;

	if (msg_decode(data, len, &m) != MSG_OK) {
		sim_fail("server %u keeps what is no state", server + 1);
		return;
	}
	serial = m.u.state.serial;
	v = m.u.state.vote;
	if (w->kept && msg_serial_compare(&serial, &w->kept_serial) == 0) {
		if (v.round < w->kept_vote.round)
			sim_fail("S10: server %u: round %" PRId64 " after %" PRId64
			         " in one look",
			         server + 1, v.round, w->kept_vote.round);
		if (v.round == w->kept_vote.round && vote_beats(1, &w->kept_vote, &v))
			sim_fail("S5: server %u: a worse vote in round %" PRId64,
			         server + 1, v.round);
	}
	w->kept = true;
	w->kept_serial = serial;
	w->kept_vote = v;
}

static void
check_decided(unsigned server, const struct heard *heard, const struct elect_action *a)
{
	struct witness *w = &witnesses[server];
	const struct elector *e = sim_elector(sim.running);
	bool joins = a->reason == ELECT_REASON_ESTABLISHED;
	int64_t self = server + 1;
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;
	bool confirmed = false;

	if (a->reason == ELECT_REASON_REPEATED) {
		if (w->decided &&
		    msg_serial_compare(&a->serial, &w->decided_serial) == 0 &&
		    !vote_same_claim(&a->vote, &w->decided_vote))
			sim_fail("S4: server %u repeats another answer", server + 1);
		return;
	}
	w->decided = true;
	w->decided_serial = a->serial;
	w->decided_vote = a->vote;
	if (a->reason ==
	    ELECT_REASON_NEWER) /* N9: it counts where the leader's record says */
		return;
	for (unsigned i = 0; i < sim.count; i++) {
		const struct heard *h = &heard[i];
		bool settled = joins && (h->leaders >> a->vote.leader & 1);

		/* who is named itself asks for one of its own round */
		confirmed |=
		    settled && a->vote.leader == self && h->vote.round == a->vote.round;
		if (settled || has_claimed(i, &a->vote))
			sids[count++] = i + 1;
	}
	if (!is_quorum(e, sids, count, joins && a->vote.leader != self))
		sim_fail("S4: server %u decides for %" PRId64 " in round %" PRId64
		         " without a quorum (%s)",
		         server + 1, a->vote.leader, a->vote.round,
		         elect_reason_name(a->reason));
	/* who leads may be about to go */
	if (!is_candidate(e, a->vote.leader) && !(joins && sim.wishes))
		sim_fail("S7: server %u elects %" PRId64 ", which must not lead",
		         server + 1, a->vote.leader);
	else if (joins && !confirmed &&
	         (a->vote.leader == self || !heard[a->vote.leader - 1].leading))
		sim_fail("S4: server %u joins %" PRId64 ", which does not say it leads",
		         server + 1, a->vote.leader);
}

static void
hear(struct heard *heard, const struct elect_event *ev)
{
	struct heard *h = &heard[ev->sid - 1];
	struct vote v = ev->notif.vote;

	if (v.state != NOTIF_FOLLOWING && v.state != NOTIF_LEADING)
		return;
	if (v.leader >= 1 && v.leader <= (int64_t)sim.count)
		h->leaders |= 1u << v.leader;
	h->leading |= v.state == NOTIF_LEADING && v.leader == ev->sid;
	h->vote = v;
}

void
__wrap_elect_step(struct elect *e, const struct elect_event *ev,
                  struct elect_actions *out)
{
	unsigned server = sim.running->server;
	unsigned seat = sim.running->kind == SIM_CANDIDATE;
	struct heard *heard = witnesses[server].electors[seat].heard;
	struct msg_serial *look = &witnesses[server].electors[seat].look;
	bool active = uplink_active(sim_elector(sim.running)->uplink);
	struct elect_view view;

	if (active)
		note_voters(server, sim_elector(sim.running));
	if (ev->type == ELECT_EV_NOTIF && ev->sid >= 1 && ev->sid <= (int64_t)sim.count)
		hear(heard, ev);
	__real_elect_step(e, ev, out);
	elect_get_view(e, &view);
	if (msg_serial_compare(&view.serial, look) != 0) {
		*look = view.serial;
		memset(heard, 0, SIM_SERVERS_MAX * sizeof(*heard));
	}
	/* of what a candidate says nobody hears */
	for (unsigned i = 0; active && i < out->count; i++) {
		const struct elect_action *a = &out->list[i];

		if (a->type == ELECT_ACT_BROADCAST)
			claim(server, &a->vote);
		else if (a->type == ELECT_ACT_DECIDED)
			check_decided(server, heard, a);
	}
}
