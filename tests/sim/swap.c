/* Swaps of the elector, as conclaved makes them, but with less care: the candidate and
 * the one in use are killed at any moment, a promotion is asked for twice, or too early,
 * and nobody compares what the candidate says. Nothing of this may show to the others. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

#define WATCH_US 50000 /* how often it is looked which of both is in use */

static unsigned
other(unsigned kind)
{
	return kind == SIM_ELECTOR ? SIM_CANDIDATE : SIM_ELECTOR;
}

/* The elector that connmgr's record names; without one, the one that runs. */
static unsigned
in_use(const struct sim_server *s)
{
	const char *name = sim_disk_elector(&s->disk);

	for (unsigned k = 0; k < SIM_KINDS; k++)
		if (*name && strcmp(name, sim_worker_name(k)) == 0 &&
		    (k == SIM_ELECTOR || k == SIM_CANDIDATE))
			return k;
	return s->procs[SIM_CANDIDATE].wanted ? SIM_CANDIDATE : SIM_ELECTOR;
}

/* Only the elector in use goes on. */
void
sim_swap_settle(unsigned server)
{
	struct sim_server *s = &sim.servers[server];
	unsigned used = in_use(s);

	s->swapping = false;
	s->procs[other(used)].wanted = false;
	sim_kill(&s->procs[other(used)]);
	s->procs[used].wanted = true;
	if (!s->procs[used].up)
		sim_start_later(&s->procs[used], sim_random(5000));
}

/* The record may change late, behind a slow disk. */
static void
on_watch(struct sim_item *it)
{
	struct sim_server *s = &sim.servers[it->arg];

	if (!s->swapping && !s->procs[in_use(s)].wanted)
		sim_swap_settle((unsigned)it->arg);
	sim_put(sim.now_us + WATCH_US, NULL, it->run, NULL, 0)->arg = it->arg;
}

static void
on_promote(struct sim_item *it)
{
	static const char *const turns[] = {"forward", "back", "undo"};
	struct sim_server *s = &sim.servers[it->arg];
	char words[64];

	if (!s->swapping)
		return;
	snprintf(words, sizeof(words), "promote %s %s", turns[sim_random(3)],
	         sim_worker_name(other(in_use(s))));
	sim_say("* %u is asked to %s", (unsigned)it->arg + 1, words);
	sim_door_ask((unsigned)it->arg, SIM_CONNMGR, words);
	if (sim_random(3) == 0)
		sim_put(sim.now_us + sim_random(40000), NULL, it->run, NULL, 0)->arg =
		    it->arg;
}

static void
on_mishap(struct sim_item *it)
{
	struct sim_server *s = &sim.servers[it->arg];
	struct proc *p = &s->procs[sim_random(2) ? SIM_ELECTOR : SIM_CANDIDATE];

	if (!s->swapping)
		return;
	sim_say("* %u %s is killed in the middle of a swap", (unsigned)it->arg + 1,
	        sim_proc_name(p));
	sim_kill(p);
	if (p->kind == in_use(s))
		sim_start_later(p, sim_random(20000));
}

static void
on_end(struct sim_item *it)
{
	if (sim.servers[it->arg].swapping)
		sim_swap_settle((unsigned)it->arg);
}

static void
later(uint64_t within_us, void (*run)(struct sim_item *), unsigned server)
{
	sim_put(sim.now_us + sim_random(within_us), NULL, run, NULL, 0)->arg = server;
}

void
sim_swap(unsigned server)
{
	struct sim_server *s = &sim.servers[server];
	struct proc *candidate = &s->procs[other(in_use(s))];

	if (s->swapping || !s->powered)
		return;
	sim_say("* %u begins to swap its elector", server + 1);
	s->swapping = true;
	candidate->wanted = true;
	sim_start_later(candidate, sim_random(3000));
	later(60000, on_promote, server);
	if (sim_random(3) == 0)
		later(80000, on_mishap, server);
	sim_put(sim.now_us + 80000 + sim_random(200000), NULL, on_end, NULL, 0)->arg =
	    server;
}

void
sim_swap_begin(void)
{
	for (unsigned i = 0; i < sim.count; i++)
		later(WATCH_US, on_watch, i);
}
