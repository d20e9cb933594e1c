/* Traps for leases: from a group where all is well, and where a program holds, several
 * things go wrong at once that only the rules R1 to R9 of docs/LEASE.md make harmless. A
 * leader is cut off or stopped while those who promised are restarted; a program dies, or
 * the peer with which it holds, and the leader is to step down. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

#define US_PER_MS 1000
/* A lease, and what was promised for it, is over. */
#define LEASE_OVER_US 600000

/* PINGs of this leader start a trap: its number + 1. */
static unsigned armed;

static void
pass(uint64_t us)
{
	uint64_t end_us = sim.now_us + us;

	while (!sim.failed && sim_turn(end_us))
		;
}

static bool
is_quorum(unsigned bits)
{
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++)
		if (bits >> i & 1)
			sids[count++] = i + 1;
	return sim_is_quorum(sids, count);
}

static void
set_cut(unsigned side, unsigned lanes, bool cut)
{
	for (unsigned a = 0; a < sim.count; a++)
		for (unsigned b = 0; b < sim.count; b++)
			for (unsigned lane = 0; lane < 3; lane++)
				if ((side >> a & 1) != (side >> b & 1) &&
				    (lanes >> lane & 1))
					sim.cut[lane][a][b] = cut;
}

/* Cuts the leader off, with some that are no quorum, from a quorum. */
static void
cut_off(unsigned leader)
{
	unsigned all = (1u << sim.count) - 1;
	unsigned side = (1u << leader) | (unsigned)sim_random(all + 1);

	if (is_quorum(side) || !is_quorum(all & ~side))
		side = 1u << leader;
	sim_say("* %u is cut off, with %x", leader + 1, side);
	set_cut(side, 7, true);
}

static void
on_power(struct sim_item *it)
{
	sim_power_on((unsigned)it->arg);
}

static void
power_cycle(unsigned server)
{
	sim_say("* %u boots again", server + 1);
	sim_power_off(server);
	sim_put(sim.now_us + 1 + sim_random(30 * US_PER_MS), NULL, on_power, NULL, 0)
	    ->arg = server;
}

/* Its memory (R6) may be gone then. */
static void
restart(unsigned server, enum sim_kind kind, bool keeps)
{
	struct proc *p = &sim.servers[server].procs[kind];

	sim_say("* %u %s is restarted%s", server + 1, sim_proc_name(p),
	        keeps ? "" : ", and its memory is lost");
	sim_kill(p);
	if (!keeps)
		memset(sim.servers[server].disk.memory, 0, PEER_MEMORY_LEN);
	sim_start_later(p, 1 + sim_random(5 * US_PER_MS));
}

static void
disturb(unsigned server, unsigned how)
{
	switch (how) {
	case 0:
		restart(server, SIM_PEER, true);
		break;
	case 1:
		restart(server, SIM_PEER, false);
		break;
	case 2:
		power_cycle(server);
		break;
	case 3:
		restart(server, SIM_CONNMGR, true);
		break;
	default:
		break;
	}
}

/* Most of them in one way. */
static void
disturb_others(unsigned leader)
{
	unsigned how = (unsigned)sim_random(5);

	for (unsigned i = 0; i < sim.count; i++)
		if (i != leader && !sim.servers[i].idle)
			disturb(i, sim_random(8) ? how : (unsigned)sim_random(5));
}

/* One follower without which there still is a quorum has promised nothing for a while. */
static void
keep_one_away(unsigned leader)
{
	unsigned one = (unsigned)sim_random(sim.count);

	if (!sim_is_led_without(leader, one))
		return;
	sim_say("* %u loses its leader", one + 1);
	sim.cut[MSG_LANE_LEARNER][one][leader] = true;
	sim.cut[MSG_LANE_LEARNER][leader][one] = true;
	sim_net_reset(leader, one);
	pass(LEASE_OVER_US);
}

/* One follower has just joined again, and has not promised again. */
static void
stumble(unsigned leader)
{
	unsigned one = (unsigned)sim_random(sim.count);

	if (one == leader || sim.servers[one].idle)
		return;
	if (sim_random(2)) {
		disturb(one, (unsigned)sim_random(3));
	} else {
		sim_say("* the connections of %u and %u break", leader + 1, one + 1);
		sim_net_reset(leader, one);
	}
	pass(2 * US_PER_MS + sim_random(60 * US_PER_MS));
}

/* ---- the traps ---- */

static void
cut_and_disturb(unsigned leader)
{
	cut_off(leader);
	disturb_others(leader);
}

/* All of the leader's processes end, and are back before its lease ends. */
static void
kill_leader(unsigned leader)
{
	memset(sim.cut, 0, sizeof(sim.cut));
	sim_say("* all processes of %u are killed", leader + 1);
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_kill(&sim.servers[leader].procs[k]);
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_start_later(&sim.servers[leader].procs[k],
		                1 + sim_random(10 * US_PER_MS));
	if (sim_random(4) == 0)
		disturb_others(leader);
}

static void
on_stop(struct sim_item *it)
{
	unsigned leader = (unsigned)it->arg;
	uint64_t us = 50 * US_PER_MS + sim_random(240 * US_PER_MS);

	sim_say("* %u peer is stopped for %u ms", leader + 1, (unsigned)(us / US_PER_MS));
	sim.servers[leader].procs[SIM_PEER].paused_us = sim.now_us + us;
}

static void
on_cut(struct sim_item *it)
{
	unsigned leader = (unsigned)it->arg;

	cut_off(leader);
	if (sim_random(2))
		disturb_others(leader);
}

void
sim_trap_step(unsigned server, const struct role_actions *out)
{
	bool pings = false;

	if (armed != server + 1)
		return;
	for (unsigned i = 0; i < out->count; i++)
		pings |= out->list[i].type == ROLE_ACT_SEND &&
		         out->list[i].u.packet.type == QPACKET_PING;
	if (!pings)
		return;
	armed = 0;
	sim_put(sim.now_us + 100, NULL, on_stop, NULL, 0)->arg = server;
	sim_put(sim.now_us + 3000, NULL, on_cut, NULL, 0)->arg = server;
}

/* The answers to its PINGs lie in its socket. */
static void
stop_leader(unsigned leader)
{
	armed = leader + 1;
	pass(150 * US_PER_MS);
	armed = 0;
}

/* Nobody has promised anything when the first program comes. */
static void
hold_late(unsigned leader)
{
	sim_lease_rest(leader, LEASE_OVER_US);
	pass(LEASE_OVER_US);
	cut_and_disturb(leader);
}

static void
ask_often(unsigned leader)
{
	for (unsigned i = 0; i < 20 && !sim.failed; i++) {
		sim_door_ask(leader, SIM_PEER, "step-down");
		pass(1 + sim_random(3 * US_PER_MS));
	}
}

static void
step_down(unsigned leader)
{
	unsigned how = (unsigned)sim_random(3);

	if (how == 0)
		sim_lease_die(leader);
	else if (how == 1)
		restart(leader, SIM_PEER, true);
	sim_say("* %u is asked to step down", leader + 1);
	ask_often(leader);
}

/* One program does not notice that the peer with which it held is gone, and another one
 * holds with the next peer. */
static void
hold_with_next(unsigned leader)
{
	restart(leader, SIM_PEER, true);
	sim_lease_rest(leader, LEASE_OVER_US);
	pass(LEASE_OVER_US + 50 * US_PER_MS);
	ask_often(leader);
}

static void
heal(void)
{
	armed = 0;
	memset(sim.cut, 0, sizeof(sim.cut));
	for (unsigned i = 0; i < sim.count; i++) {
		sim.servers[i].procs[SIM_PEER].paused_us = 0;
		sim_power_on(i);
		for (unsigned k = 0; k < SIM_KINDS; k++)
			sim_start(&sim.servers[i].procs[k]);
	}
}

void
sim_trap(unsigned leader)
{
	static void (*const traps[])(unsigned leader) = {cut_and_disturb, kill_leader,
	                                                 stop_leader,     hold_late,
	                                                 step_down,       hold_with_next};
	uint64_t end_us;

	for (unsigned i = 0; i < 10 && !sim_lease_is_valid(leader); i++)
		pass(10 * US_PER_MS);
	if (sim_random(2))
		keep_one_away(leader);
	if (sim_random(2))
		stumble(leader);
	if (sim.failed || !sim_lease_is_valid(leader))
		return heal();
	traps[sim_random(sizeof(traps) / sizeof(traps[0]))](leader);
	end_us = sim.now_us + sim_random(LEASE_OVER_US);
	while (!sim.failed && sim.now_us < end_us) {
		sim_lease_ask(leader);
		pass(1 + sim_random(20 * US_PER_MS));
	}
	heal();
}
