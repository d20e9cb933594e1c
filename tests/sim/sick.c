/* What a minority keeps when the faults are over: disks that are dead, slow or hang, a
 * quorum port that nobody reaches, a lane that is cut, to one other server or to all, one
 * way or both. The others are mutually connected, can write, and are a quorum: they must
 * have a leader. */
#include "tests/sim/sim.h"

#include <string.h>

#define SLOW_US 300000

static void
cut_lane(unsigned server)
{
	unsigned lanes = 1 + (unsigned)sim_random(3);
	unsigned ways = 1 + (unsigned)sim_random(3);
	unsigned others = sim_random(2) ? ~0u : (unsigned)sim_random(1u << sim.count);

	for (unsigned i = 0; i < sim.count; i++) {
		if (i == server || !(others >> i & 1))
			continue;
		for (unsigned lane = MSG_LANE_ELECTION; lane <= MSG_LANE_LEARNER;
		     lane++) {
			if (!(lanes >> (lane - 1) & 1))
				continue;
			sim.cut[lane][server][i] |= (ways & 1) != 0;
			sim.cut[lane][i][server] |= (ways & 2) != 0;
		}
		sim_net_probe(server, i);
	}
	sim_say("* %u keeps a cut: lanes %u, ways %u, others %x", server + 1, lanes, ways,
	        others & ((1u << sim.count) - 1));
}

static void
spoil(unsigned server)
{
	struct sim_server *s = &sim.servers[server];
	unsigned what = (unsigned)sim_random(6);

	if (what == 0)
		s->disk.dead = true;
	else if (what == 1)
		s->disk.slow_us = SLOW_US;
	else if (what == 2)
		s->disk.hung = true;
	else if (what == 3)
		s->port_deaf = true;
	else
		cut_lane(server);
	if (what < 4)
		sim_say("* %u keeps its %s", server + 1,
		        (const char *[]){"dead disk", "slow disk", "hanging disk",
		                         "port that nobody reaches"}[what]);
}

void
sim_sick_begin(void)
{
	unsigned bits = 0;

	/* who has no port is sick enough */
	for (unsigned i = 0; i < sim.count; i++)
		bits |= (unsigned)sim.servers[i].port_taken << i;
	for (unsigned tries = 0; tries < sim.count; tries++) {
		unsigned one = (unsigned)sim_random(sim.count);

		if (sim_random(2) && sim_can_do_without(bits | 1u << one))
			bits |= 1u << one;
	}
	for (unsigned i = 0; i < sim.count; i++) {
		uint64_t faults =
		    sim.servers[i].port_taken ? sim_random(2) : 1 + sim_random(2);

		sim.servers[i].sick = bits >> i & 1;
		for (; sim.servers[i].sick && faults > 0; faults--)
			spoil(i);
	}
}
