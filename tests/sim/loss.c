/* Disks that are lost: wiped, or with an old copy in their place, of the same server or
 * of another; as long as each membership that anybody may know has a quorum of its disks.
 * Then the case where most are lost, and every server is told that no group is left. */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <string.h>

#define AGAIN_US 100000 /* a server that was not ready is told again */

static struct {
	bool there;
	struct folder_id folder;
	struct sim_file files[SIM_FILES];
} copies[SIM_SERVERS_MAX];

static unsigned wished_lost; /* since the newest wish, a bit for each */
static unsigned told;        /* has given up its record, a bit for each */

void
sim_loss_begin(void)
{
	wished_lost = 0;
	if (sim.now_us > 1000000)
		return;
	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++)
		copies[i].there = false;
}

static void
copy(unsigned server)
{
	const struct sim_disk *d = &sim.servers[server].disk;

	sim_say("* the disk of %u is copied", server + 1);
	copies[server].there = true;
	copies[server].folder = d->folder;
	memcpy(copies[server].files, d->files, sizeof(d->files));
}

/* The disk is another from now on. */
static void
lose(unsigned server, uint64_t within_us)
{
	struct sim_server *s = &sim.servers[server];

	s->lost++;
	wished_lost |= 1u << server;
	sim_check_lost(server);
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_start_later(&s->procs[k], sim_random(within_us));
}

static void
stop(unsigned server)
{
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_kill(&sim.servers[server].procs[k]);
}

void
sim_wipe(unsigned server, uint64_t within_us)
{
	sim_say("* the disk of %u is wiped", server + 1);
	stop(server);
	sim_disk_wipe(&sim.servers[server].disk);
	lose(server, within_us);
}

static void
restore(unsigned server, unsigned from)
{
	struct sim_disk *d = &sim.servers[server].disk;

	sim_say("* %u gets a copy of the disk of %u", server + 1, from + 1);
	stop(server);
	sim_disk_restore(d, copies[from].files);
	if (sim_disk_instance(d))
		sim.servers[server].dead = *sim_disk_instance(d);
	if (sim.bug == SIM_BUG_RESTORE)
		d->folder = copies[from].folder;
	lose(server, 500000);
}

static bool
may_lose(unsigned server)
{
	struct members wished = sim_wish_members();

	return !sim.servers[server].idle && sim_can_lose(server) &&
	       sim_counts(&wished, ~(wished_lost | 1u << server));
}

void
sim_loss(void)
{
	unsigned at = (unsigned)sim_random(sim.count);
	unsigned from = sim_random(3) ? at : (unsigned)sim_random(sim.count);

	if (sim_random(2) && !sim.servers[at].idle)
		copy(at);
	else if (!may_lose(at))
		return;
	else if (sim_random(2) && copies[from].there)
		restore(at, from);
	else
		sim_wipe(at, 500000);
}

/* ---- most of them ---- */

/* Of the voters; sim.count: there is none. */
static unsigned
newest(void)
{
	unsigned best = sim.count;

	for (unsigned i = 0; i < sim.count; i++) {
		const struct member *e = members_find(sim_in_force(), i + 1);

		if (e && !e->observer &&
		    (best == sim.count ||
		     sim_disk_durable(&sim.servers[i].disk, SIM_ACCEPTED) >
		         sim_disk_durable(&sim.servers[best].disk, SIM_ACCEPTED)))
			best = i;
	}
	return best;
}

static bool
has_quorum(void)
{
	int64_t sids[SIM_SERVERS_MAX];

	for (unsigned i = 0; i < sim.count; i++)
		sids[i] = i + 1;
	return sim_is_quorum(sids, sim.count);
}

/* Of those who are to found the group again one that knows the newest epoch is left, so
 * that none is given out twice. */
bool
sim_disaster(void)
{
	unsigned left = newest();

	if (!sim_wish_in_force())
		return false;
	sim_say("* disks are lost until no quorum has its own");
	for (unsigned i = 0; i < sim.count; i++)
		stop(i);
	for (unsigned n = 0; has_quorum() && n < 100; n++) {
		unsigned at = (unsigned)sim_random(sim.count);

		if (at != left && !sim.servers[at].idle)
			sim_wipe(at, 1000);
	}
	for (unsigned i = 0; i < sim.count; i++)
		for (unsigned k = 0; k < SIM_KINDS; k++)
			sim_start_later(&sim.servers[i].procs[k], sim_random(1000));
	told = 0;
	return !has_quorum();
}

static void
on_refound(struct sim_item *it)
{
	unsigned at = (unsigned)it->arg;

	if (told >> at & 1)
		return;
	sim_say("* %u is told that no group is left", at + 1);
	sim_door_ask(at, SIM_PEER, "refound");
	sim_put(sim.now_us + AGAIN_US, NULL, it->run, NULL, 0)->arg = at;
}

void
sim_refound(void)
{
	sim.refounds = true;
	for (unsigned i = 0; i < sim.count; i++)
		if (!sim.servers[i].idle)
			sim_put(sim.now_us + sim_random(AGAIN_US), NULL, on_refound, NULL,
			        0)
			    ->arg = i;
}

void
sim_refounded(unsigned server)
{
	told |= 1u << server;
}
