/* The oracle of promises. It notes what each core says (LEADERINFO, ACKEPOCH, ACK) where
 * the core says it, and with which disk, and compares that with what other cores make of
 * it: each promise that a leader counts was made to this leader, in this life, for this
 * epoch; a quorum made it (group.c); and what a server answered is on its disk, with the
 * memberships that go with it, and is there after each start. */
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
	struct members_instance instance;
};

struct words {
	struct word list[WORDS];
	unsigned count;
};

enum kind { PROMISES, ACKS, KINDS };

static struct word offers[SIM_SERVERS_MAX][SIM_SERVERS_MAX];       /* from leader, to */
static struct words said[KINDS][SIM_SERVERS_MAX][SIM_SERVERS_MAX]; /* from, to leader */
/* From, to leader: what the last ACKEPOCH answered that the leader has heard, if a record
 * came with it, with a promise or without one; else epoch 0. */
static struct word reported[SIM_SERVERS_MAX][SIM_SERVERS_MAX];
/* R7: what a peer may resume that was started with a memory. */
static struct word resumable[SIM_SERVERS_MAX];
static struct answered {
	int64_t accepted;
	int64_t current;
} answered[SIM_SERVERS_MAX];

void
sim_promise_begin(void)
{
	memset(offers, 0, sizeof(offers));
	memset(said, 0, sizeof(said));
	memset(reported, 0, sizeof(reported));
	memset(answered, 0, sizeof(answered));
	memset(resumable, 0, sizeof(resumable));
}

static bool
resumes(unsigned leader, uint64_t generation, int64_t epoch)
{
	return resumable[leader].generation == generation &&
	       resumable[leader].epoch == epoch;
}

static int64_t
durable(unsigned server, unsigned file)
{
	return sim_disk_durable(&sim.servers[server].disk, file);
}

void
sim_promise_lost(unsigned server)
{
	answered[server] = (struct answered){0};
}

/* The last one: a server whose disk was wiped may say it again. NULL: it has not. */
static const struct word *
find_word(enum kind kind, unsigned from, unsigned leader, int64_t epoch,
          uint64_t generation)
{
	const struct words *w = &said[kind][from][leader];

	for (unsigned i = 1; i <= WORDS; i++) {
		const struct word *one = &w->list[(w->count + WORDS - i) % WORDS];

		if (one->epoch == epoch && one->generation == generation)
			return one;
	}
	return NULL;
}

static const struct word *
note(enum kind kind, unsigned from, unsigned leader, int64_t epoch)
{
	const struct members_instance *own = sim_instance(from);
	struct words *w = &said[kind][from][leader];
	struct word *one = &w->list[w->count++ % WORDS];

	*one =
	    (struct word){.epoch = epoch, .generation = offers[leader][from].generation};
	if (own)
		one->instance = *own;
	return one;
}

/* ---- what a learner says ---- */

static void
check_ackepoch(unsigned server, unsigned leader, const struct role_packet *p)
{
	int64_t epoch = offers[leader][server].epoch;
	const struct word *w;

	if (p->answer.current < 0)
		return;
	if (durable(server, SIM_ACCEPTED) < epoch)
		sim_fail("S10: server %u promises epoch %" PRId64
		         ", which is not on its disk",
		         server + 1, epoch);
	w = note(PROMISES, server, leader, epoch);
	if (memcmp(&w->instance, &p->report->instance, sizeof(w->instance)) != 0)
		sim_fail("S12: server %u says another instance than its disk has",
		         server + 1);
	if (epoch > answered[server].accepted)
		answered[server].accepted = epoch;
}

static void
check_ack(unsigned server, unsigned leader, int64_t epoch)
{
	struct role_record disk = sim_disk_record(&sim.servers[server].disk);
	const struct members_record *r = sim_group_record(epoch);

	if (disk.current < epoch)
		sim_fail("S10: server %u acknowledges epoch %" PRId64
		         ", which is not on its disk",
		         server + 1, epoch);
	if (!r || disk.members.epoch < epoch || !members_same_record(&disk.members, r))
		sim_fail("S12: server %u acknowledges epoch %" PRId64
		         ", whose memberships are not on its disk",
		         server + 1, epoch);
	note(ACKS, server, leader, epoch);
	if (epoch > answered[server].current)
		answered[server].current = epoch;
}

/* ---- what a leader makes of it ---- */

/* What the leader and those who said it to the leader have shown; true: no record was
 * reported to it, and it has none. */
static bool
show(enum kind kind, unsigned leader, int64_t epoch, uint64_t generation, sim_shown shown)
{
	bool bare = true;

	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++) {
		const struct word *w = find_word(kind, i, leader, epoch, generation);

		shown[i] = w ? &w->instance : NULL;
		bare &= reported[i][leader].epoch != epoch ||
		        reported[i][leader].generation != generation;
	}
	shown[leader] = sim_instance(leader);
	if (durable(leader, (unsigned)kind) < epoch)
		sim_fail("S2: leader %u counts its own word for epoch %" PRId64
		         ", which is not on its disk",
		         leader + 1, epoch);
	return bare && sim_disk_record(&sim.servers[leader].disk).members.epoch == 0;
}

/* Once of each epoch. */
static void
check_promised(unsigned leader, const struct role *r, int64_t epoch,
               const struct members_record *record)
{
	sim_shown shown;
	bool bare = show(PROMISES, leader, epoch, r->generation, shown);

	sim_group_propose(leader, r->generation, epoch, record, shown, bare,
	                  resumes(leader, r->generation, epoch));
}

static void
check_acked(unsigned leader, const struct role *r, int64_t epoch)
{
	sim_shown shown;

	show(ACKS, leader, epoch, r->generation, shown);
	if (!find_word(ACKS, leader, leader, epoch, offers[leader][leader].generation))
		note(ACKS, leader, leader, epoch); /* its own word */
	sim_group_establish(leader, r->generation, epoch, shown,
	                    resumes(leader, r->generation, epoch));
}

/* One that has lost its disk since counts with what it has acknowledged. */
bool
sim_is_durable(int64_t epoch)
{
	const struct members_record *r = sim_group_record(epoch);
	sim_shown shown = {NULL};

	for (unsigned i = 0; i < sim.count; i++) {
		const struct sim_server *s = &sim.servers[i];
		const struct role_record disk = sim_disk_record(&s->disk);

		if (disk.accepted >= epoch && disk.current >= epoch &&
		    disk.members.epoch >= epoch)
			shown[i] = sim_instance(i);
		for (unsigned k = 0; s->lost > 0 && k < SIM_SERVERS_MAX * WORDS; k++) {
			const struct word *w = &said[ACKS][i][k / WORDS].list[k % WORDS];

			if (w->epoch == epoch)
				shown[i] = &w->instance;
		}
	}
	return r && sim_counts_pair(r, shown);
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
		    !find_word(PROMISES, from, leader, p->link.promised, r->generation))
			sim_fail("S1: leader %u counts a promise of epoch %" PRId64
			         " that server %u did not make to it",
			         leader + 1, p->link.promised, from + 1);
		if (p->link.acked > 0 &&
		    !find_word(ACKS, from, leader, p->link.acked, r->generation))
			sim_fail("S1: leader %u counts an ACK of epoch %" PRId64
			         " that server %u did not send to it",
			         leader + 1, p->link.acked, from + 1);
	}
}

/* Who is with it, with the disk that it has shown: a quorum of what rules as long as it
 * is active. Who has joined and shown nothing is not judged. */
static void
check_with_us(unsigned leader, const struct role *r)
{
	const struct members_record *record = sim_group_record(r->lead.epoch);
	struct members_record rules;
	sim_shown shown = {NULL};

	if (r->mode != ROLE_MODE_LEAD || r->lead.epoch == 0 || !record ||
	    r->handover.patient_ms > 0) /* R8 */
		return;
	rules = *record;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		unsigned at = (unsigned)p->sid - 1;

		if (!role_is_open(p))
			continue;
		shown[at] = p->link.known ? &p->link.instance
		                          : sim_disk_instance(&sim.servers[at].disk);
		if (!p->link.known)
			return;
	}
	shown[leader] = &r->epochs.record.instance;
	/* the second renewal of a change needs the new one only */
	if (r->lead.epoch < r->lead.proposal)
		memset(&rules.old, 0, sizeof(rules.old));
	if (!sim_counts_pair(&rules, shown))
		sim_fail("S12: leader %u stays without a quorum", leader + 1);
}

static void
check_packet(unsigned server, const struct role *r, unsigned to,
             const struct role_packet *p)
{
	int64_t epoch = p->zxid >> 32;

	if (p->type == QPACKET_LEADERINFO)
		offers[server][to] =
		    (struct word){.epoch = epoch, .generation = r->generation};
	else if (p->type == QPACKET_NEWLEADER)
		check_promised(server, r, epoch, p->pair);
	else if (p->type == QPACKET_UPTODATE)
		check_acked(server, r, epoch);
	else if (p->type == QPACKET_ACKEPOCH)
		check_ackepoch(server, to, p);
	else if (p->type == QPACKET_ACK)
		check_ack(server, to, epoch);
}

/* A leader without a learner sends nothing. */
static void
check_alone(unsigned server, const struct role *r)
{
	int64_t epoch = r->lead.proposed.epoch;

	if (r->mode == ROLE_MODE_LEAD && epoch > 0 && !sim_group_record(epoch))
		check_promised(server, r, epoch, &r->lead.proposed);
}

void
sim_promise_start(unsigned server, const struct role_event *ev)
{
	int64_t accepted = ev->record.accepted > 0 ? ev->record.accepted : 0;
	int64_t current = ev->record.current > 0 ? ev->record.current : 0;

	resumable[server] =
	    (struct word){.epoch = ev->memory.led.epoch, .generation = ev->generation};
	if (ev->unusable || (accepted >= answered[server].accepted &&
	                     current >= answered[server].current))
		return;
	sim_fail("S10: server %u starts with (%" PRId64 ", %" PRId64
	         ") and has answered (%" PRId64 ", %" PRId64 ")",
	         server + 1, accepted, current, answered[server].accepted,
	         answered[server].current);
}

void
sim_promise_hear(unsigned server, const struct role *r, const struct role_event *ev)
{
	struct word w = {.epoch = ev->answer.epoch, .generation = r->generation};

	if (ev->type != ROLE_EV_PACKET || !ev->report || ev->sid < 1 ||
	    ev->sid > SIM_SERVERS_MAX)
		return;
	reported[ev->sid - 1][server] =
	    ev->report->record.epoch > 0 ? w : (struct word){0};
}

void
sim_promise_step(unsigned server, const struct role *r, const struct role_actions *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct role_action *a = &out->list[i];

		if (a->type == ROLE_ACT_SEND)
			check_packet(server, r, (unsigned)a->sid - 1, &a->u.packet);
		else if (a->type == ROLE_ACT_EVENT && a->u.view.active)
			check_acked(server, r, a->u.view.epoch);
		else if (a->type == ROLE_ACT_REFOUNDED && a->u.error == 0)
			sim_refounded(server);
	}
	check_alone(server, r);
	check_counted(server, r);
	check_with_us(server, r);
}
