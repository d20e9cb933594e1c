/* The oracle of promises. It notes what each core says (LEADERINFO, ACKEPOCH, ACK) where
 * the core says it, and compares that with what other cores make of it: each promise that
 * a leader counts was made to this leader, in this life, for this epoch; a quorum made
 * it; and what a server answered is on its disk, and is there after each start. */
#include "peer/role_impl.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <string.h>

/* The newest words of a server to another. A leader may count an older one while a newer
 * one is on its way. */
#define WORDS 8

struct word {
	int64_t epoch;
	uint64_t generation; /* of the leader */
};

struct words {
	struct word list[WORDS];
	unsigned count;
};

enum kind { PROMISES, ACKS, KINDS };

static struct word offers[SIM_SERVERS_MAX][SIM_SERVERS_MAX];       /* from leader, to */
static struct words said[KINDS][SIM_SERVERS_MAX][SIM_SERVERS_MAX]; /* from, to leader */
static struct {
	int64_t accepted;
	int64_t current;
} answered[SIM_SERVERS_MAX];

void
sim_promise_begin(void)
{
	memset(offers, 0, sizeof(offers));
	memset(said, 0, sizeof(said));
	memset(answered, 0, sizeof(answered));
}

static int64_t
durable(unsigned server, unsigned file)
{
	return sim_disk_durable(&sim.servers[server].disk, file);
}

static bool
has_said(enum kind kind, unsigned from, unsigned leader, int64_t epoch,
         uint64_t generation)
{
	const struct words *w = &said[kind][from][leader];

	for (unsigned i = 0; i < WORDS; i++)
		if (w->list[i].epoch == epoch && w->list[i].generation == generation)
			return true;
	return false;
}

static void
note(enum kind kind, unsigned from, unsigned leader, int64_t epoch)
{
	struct words *w = &said[kind][from][leader];

	w->list[w->count++ % WORDS] =
	    (struct word){epoch, offers[leader][from].generation};
}

/* ---- what a learner says ---- */

static void
check_ackepoch(unsigned server, unsigned leader, const struct role_packet *p)
{
	int64_t epoch = offers[leader][server].epoch;

	if (p->answer.current < 0)
		return;
	if (durable(server, SIM_ACCEPTED) < epoch)
		sim_fail("S10: server %u promises epoch %" PRId64
		         ", which is not on its disk",
		         server + 1, epoch);
	note(PROMISES, server, leader, epoch);
	if (epoch > answered[server].accepted)
		answered[server].accepted = epoch;
}

static void
check_ack(unsigned server, unsigned leader, int64_t epoch)
{
	if (durable(server, SIM_CURRENT) < epoch)
		sim_fail("S10: server %u acknowledges epoch %" PRId64
		         ", which is not on its disk",
		         server + 1, epoch);
	note(ACKS, server, leader, epoch);
	if (epoch > answered[server].current)
		answered[server].current = epoch;
}

/* ---- what a leader makes of it ---- */

static void
check_quorum(enum kind kind, unsigned leader, int64_t epoch, uint64_t generation)
{
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++)
		if (i == leader || has_said(kind, i, leader, epoch, generation))
			sids[count++] = i + 1;
	if (!sim_is_quorum(sids, count))
		sim_fail("S1: server %u leads on without a quorum that %s epoch %" PRId64,
		         leader + 1, kind == PROMISES ? "promised" : "acknowledged",
		         epoch);
	if (durable(leader, (unsigned)kind) < epoch)
		sim_fail("S2: leader %u counts its own word for epoch %" PRId64
		         ", which is not on its disk",
		         leader + 1, epoch);
}

/* Each promise that it counts, whether a quorum needs it or not. */
static void
check_counted(unsigned leader, const struct role *r)
{
	if (r->mode != ROLE_MODE_LEAD)
		return;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		unsigned from = (unsigned)p->sid - 1;

		if (!role_is_open(p))
			continue;
		if (p->link.promised > 0 &&
		    !has_said(PROMISES, from, leader, p->link.promised, r->generation))
			sim_fail("S1: leader %u counts a promise of epoch %" PRId64
			         " that server %u did not make to it",
			         leader + 1, p->link.promised, from + 1);
		if (p->link.acked > 0 &&
		    !has_said(ACKS, from, leader, p->link.acked, r->generation))
			sim_fail("S1: leader %u counts an ACK of epoch %" PRId64
			         " that server %u did not send to it",
			         leader + 1, p->link.acked, from + 1);
	}
}

static void
check_packet(unsigned server, const struct role *r, unsigned to,
             const struct role_packet *p)
{
	int64_t epoch = p->zxid >> 32;

	if (p->type == QPACKET_LEADERINFO)
		offers[server][to] = (struct word){epoch, r->generation};
	else if (p->type == QPACKET_NEWLEADER)
		check_quorum(PROMISES, server, epoch, r->generation);
	else if (p->type == QPACKET_UPTODATE)
		check_quorum(ACKS, server, epoch, r->generation);
	else if (p->type == QPACKET_ACKEPOCH)
		check_ackepoch(server, to, p);
	else if (p->type == QPACKET_ACK)
		check_ack(server, to, epoch);
}

void
sim_promise_start(unsigned server, const struct role_event *ev)
{
	int64_t accepted = ev->record.accepted > 0 ? ev->record.accepted : 0;
	int64_t current = ev->record.current > 0 ? ev->record.current : 0;

	if (ev->unusable || (accepted >= answered[server].accepted &&
	                     current >= answered[server].current))
		return;
	sim_fail("S10: server %u starts with (%" PRId64 ", %" PRId64
	         ") and has answered (%" PRId64 ", %" PRId64 ")",
	         server + 1, accepted, current, answered[server].accepted,
	         answered[server].current);
}

void
sim_promise_step(unsigned server, const struct role *r, const struct role_actions *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct role_action *a = &out->list[i];

		if (a->type == ROLE_ACT_SEND)
			check_packet(server, r, (unsigned)a->sid - 1, &a->u.packet);
		else if (a->type == ROLE_ACT_EVENT && a->u.view.active)
			check_quorum(ACKS, server, a->u.view.epoch, r->generation);
	}
	check_counted(server, r);
}
