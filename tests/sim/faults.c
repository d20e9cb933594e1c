/* The faults, drawn by the seed, and how they are repaired. */
#include "elector/elect_core.h"
#include "ipc/msg.h"
#include "peer/role_impl.h"
#include "tests/sim/sim.h"

#include <string.h>

#define BOTH_LANES (1u << MSG_LANE_ELECTION | 1u << MSG_LANE_LEARNER)

static struct proc *
any_proc(void)
{
	unsigned server = (unsigned)sim_random(sim.count);

	return &sim.servers[server].procs[sim_any_kind(server)];
}

static void
crash_there(unsigned server)
{
	struct proc *p = &sim.servers[server].procs[sim_any_kind(server)];

	sim_say("* %u %s is killed", server + 1, sim_proc_name(p));
	sim_kill(p);
	sim_start_later(p, sim_random(sim_random(4) ? 20000 : 500000));
}

static void
crash(void)
{
	crash_there((unsigned)sim_random(sim.count));
}

static void
crash_server(void)
{
	unsigned at = (unsigned)sim_random(sim.count);

	sim_say("* all processes of %u are killed", at + 1);
	for (unsigned k = 0; k < SIM_KINDS; k++) {
		sim_kill(&sim.servers[at].procs[k]);
		sim_start_later(&sim.servers[at].procs[k], sim_random(300000));
	}
}

static void
on_power(struct sim_item *it)
{
	sim_power_on((unsigned)it->arg);
}

static void
power_there(unsigned at)
{
	if (!sim.servers[at].powered)
		return;
	sim_say("* %u loses its power", at + 1);
	sim_power_off(at);
	sim_put(sim.now_us + sim_random(sim_random(2) ? 50000 : 1500000), NULL, on_power,
	        NULL, 0)
	    ->arg = at;
}

static void
power(void)
{
	power_there((unsigned)sim_random(sim.count));
}

static void
pause_one(void)
{
	struct proc *p = any_proc();
	uint64_t us = sim_random(sim_random(3) ? 100000 : 1500000);

	sim_say("* %u %s is stopped for %u ms", p->server + 1, sim_proc_name(p),
	        (unsigned)(us / 1000));
	if (sim.now_us + us > p->paused_us)
		p->paused_us = sim.now_us + us;
}

/* Each other cut is of one lane only. */
static unsigned
any_lanes(void)
{
	unsigned one = (unsigned)sim_random(4);

	return one < 2 ? BOTH_LANES : 1u << (one - 1);
}

static void
cut(unsigned a, unsigned b, bool both, unsigned lanes)
{
	for (unsigned lane = MSG_LANE_ELECTION; lane <= MSG_LANE_LEARNER; lane++) {
		if (!(lanes >> lane & 1))
			continue;
		sim.cut[lane][a][b] = true;
		if (both)
			sim.cut[lane][b][a] = true;
	}
	sim_say("* nothing comes from %u to %u%s%s", a + 1, b + 1,
	        both ? ", or back" : "", lanes == BOTH_LANES ? "" : ", on one lane");
	sim_net_probe(a, b);
}

static void
partition(void)
{
	unsigned side = (unsigned)sim_random(1u << sim.count);
	bool both = sim_random(3) != 0;
	unsigned lanes = any_lanes();

	for (unsigned a = 0; a < sim.count; a++)
		for (unsigned b = 0; b < sim.count; b++)
			if ((side >> a & 1) && !(side >> b & 1))
				cut(a, b, both, lanes);
}

static void
cut_one(void)
{
	unsigned a = (unsigned)sim_random(sim.count);
	unsigned b = (unsigned)sim_random(sim.count);

	if (a != b)
		cut(a, b, sim_random(2), any_lanes());
}

static void
reset(void)
{
	unsigned a = (unsigned)sim_random(sim.count);
	unsigned b = (unsigned)sim_random(sim.count);

	if (a == b)
		return;
	sim_say("* connections between %u and %u break", a + 1, b + 1);
	sim_net_reset(a, b);
}

static void
change_disk(void)
{
	struct sim_disk *d = &sim.servers[sim_random(sim.count)].disk;

	d->slow_us =
	    sim_random(2) ? 0 : (unsigned)sim_random(sim_random(2) ? 20000 : 500000);
	d->failing = sim_random(3) ? 0 : (unsigned)sim_random(60);
}

/* connmgr finds the quorum port taken when it comes back; or it is free again. */
static void
take_port(void)
{
	unsigned at = (unsigned)sim_random(sim.count);
	struct proc *p = &sim.servers[at].procs[SIM_CONNMGR];

	sim.servers[at].port_deaf = sim_random(4) == 0;
	sim.servers[at].port_taken = sim_random(3) != 0;
	if (!sim.servers[at].port_taken)
		return;
	sim_say("* the quorum port of %u is taken", at + 1);
	sim_kill(p);
	sim_start_later(p, sim_random(20000));
}

/* All but one are free again: who has no port must delay nobody, if the others can elect
 * a leader without it. Where members change later, it may be needed. */
static void
free_ports(void)
{
	unsigned last = sim.count;

	for (unsigned i = 0; i < sim.count; i++) {
		if (last == sim.count && sim.servers[i].port_taken && sim_group_now() &&
		    (sim.keeps || !sim.wishes) && sim_can_do_without(1u << i))
			last = i;
		else
			sim.servers[i].port_taken = false;
	}
}

static void
garbage(void)
{
	struct proc *p = any_proc();

	if (p->up)
		sim_garbage(p);
}

static void
stranger(void)
{
	sim_hostile((unsigned)sim_random(sim.count));
}

static void
swap_elector(void)
{
	sim_swap((unsigned)sim_random(sim.count));
}

static void
partition_there(unsigned server)
{
	(void)server;
	memset(sim.cut, 0, sizeof(sim.cut));
	partition();
}

static void
on_moment(struct sim_item *it)
{
	static void (*const faults[])(unsigned server) = {crash_there, power_there,
	                                                  partition_there};

	if (!sim.calm)
		faults[sim_random(3)]((unsigned)it->arg);
}

void
sim_moment(unsigned server)
{
	if (sim_chance(20))
		sim_put(sim.now_us + sim_random(1000), NULL, on_moment, NULL, 0)->arg =
		    server;
}

void
sim_fault(void)
{
	static void (*const faults[])(void) = {
	    crash,   crash,     crash,     crash_server, power,
	    power,   pause_one, cut_one,   cut_one,      reset,
	    reset,   reset,     partition, change_disk,  garbage,
	    garbage, stranger,  take_port, swap_elector, swap_elector};
	unsigned a = (unsigned)sim_random(sim.count);

	faults[sim_random(sizeof(faults) / sizeof(faults[0]))]();
	/* only a file of version 1 founds a group */
	if (sim.leases && sim_random(4) == 0)
		sim_lease_fault();
	if (sim.wishes && sim_group_now() && sim_random(8) == 0)
		sim_wish();
	if (sim.wishes && sim_random(6) == 0)
		sim_loss();
	/* most do not last */
	for (unsigned b = 0; b < sim.count; b++)
		for (unsigned lane = 0; lane < 3; lane++)
			if (sim_random(3) == 0)
				sim.cut[lane][a][b] = sim.cut[lane][b][a] = false;
	if (sim_random(20) == 0)
		memset(sim.cut, 0, sizeof(sim.cut));
}

void
sim_heal(void)
{
	uint64_t last_us = sim.now_us;

	for (unsigned i = 0; i < sim.count; i++)
		for (unsigned k = 0; k < SIM_KINDS; k++)
			if (sim.servers[i].procs[k].paused_us > last_us)
				last_us = sim.servers[i].procs[k].paused_us;
	while (sim_turn(last_us) && !sim.failed)
		;
	sim_say("* the last fault is over");
	sim.calm = true;
	memset(sim.cut, 0, sizeof(sim.cut));
	free_ports();
	for (unsigned i = 0; i < sim.count; i++) {
		struct sim_server *s = &sim.servers[i];

		s->disk.slow_us = 0;
		s->disk.failing = 0;
		s->port_deaf = false;
		s->powered = true;
		sim_swap_settle(i);
		for (unsigned k = 0; k < SIM_KINDS; k++)
			sim_start(&s->procs[k]);
	}
	if (sim.wishes)
		sim_wish_end(100000);
	/* a founding takes all */
	sim.keeps &= sim_group_now() != NULL;
	if (sim.keeps)
		sim_sick_begin();
}

void
sim_decide_wrongly(unsigned server, struct role_event *ev)
{
	int64_t leader = 1 + (int64_t)sim_random(sim.count);

	if (!sim_may_lead(leader) || !sim_chance(sim.wrong))
		return;
	ev->vote.leader = leader;
	if (ev->vote.state != NOTIF_OBSERVING)
		ev->vote.state = leader == server + 1 ? NOTIF_LEADING : NOTIF_FOLLOWING;
	sim_say("* %u is told that %d is elected", server + 1, (int)leader);
}

/* ---- S8 ---- */

/* A message that is none, or one with a frame that is none. */
static size_t
make_garbage(unsigned char out[128], bool elector)
{
	struct msg m = {.type = MSG_FRAME_IN};
	unsigned char frame[64];
	size_t len = 1 + sim_random(27);

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (unsigned char)sim_random(256);
	if (elector && sim_random(2)) {
		m.u.frame = (struct msg_frame){.lane = MSG_LANE_ELECTION,
		                               .sid = 1 + (int64_t)sim_random(sim.count),
		                               .data = frame,
		                               .data_len = len};
		return msg_encode(&m, out, 128);
	}
	memcpy(out, frame, sizeof(frame));
	return 1 + sim_random(sizeof(frame));
}

void
sim_garbage(struct proc *p)
{
	static struct elect elect_before;
	static struct role role_before;
	struct sim_server *s = &sim.servers[p->server];
	bool peer = p->kind == SIM_PEER && s->peer.role;
	bool elector = p->kind == SIM_ELECTOR || p->kind == SIM_CANDIDATE;
	unsigned char data[128];
	size_t len = make_garbage(data, elector);

	if (elector)
		elect_before = *sim_elector(p)->elect;
	if (peer)
		role_before = *s->peer.role;
	if (!sim_pipe_hear(p, data, len))
		return;
	if (elector &&
	    memcmp(&elect_before, sim_elector(p)->elect, sizeof(elect_before)) != 0)
		sim_fail("S8: garbage changed the elector of server %u", p->server + 1);
	if (peer && memcmp(&role_before, s->peer.role, sizeof(role_before)) != 0)
		sim_fail("S8: garbage changed the peer of server %u", p->server + 1);
}
