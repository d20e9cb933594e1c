/* sim --seeds FROM:TO [--servers N] [--members] [--trace] [--bug NAME] (or --hold SET,
 * see hold.c): runs ensembles of the real shells and cores under a virtual clock. A seed
 * always gives the same run: faults, then none, and there must be a leader in time (L1),
 * then servers that join (S9). docs/TESTING.md says how to read a trace. */
#include "tests/sim/sim.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* L1, for 3 to 5 servers; a process that ended before may start a second after the last
 * fault. */
#define BOUND_US  2800000u
#define LARGER_US 5000000u /* for 6 and 7, and where a minority keeps its faults */
#define SETTLE_US 500000u
#define LEASE_US  700000u /* a lease that runs, and clocks that are slow */
#define AWAY_US   200000u /* of who joins again, at most */
#define FAILOVERS 20
#define DISKS     3 /* of one server, that are taken in again in one run (N6) */
#define TRAPS     6
#define WISH_US   12000000u /* until the members that all files list are in force */

static struct {
	uint64_t runs;
	uint64_t failed;
	uint64_t elections;
	uint64_t steps;
	uint64_t simulated_us;
	uint64_t worst_us[SIM_SERVERS_MAX + 1];
	uint64_t worst_wish_us;
} total;

/* A write that hangs is given up after init_limit: so long its server may keep others
 * busy. */
static uint64_t
bound_us(void)
{
	uint64_t us = sim.count <= (sim.keeps ? 3 : 5) ? BOUND_US : LARGER_US;

	us += sim.leases ? LEASE_US : 0;

	for (unsigned i = 0; i < sim.count; i++)
		if (sim.servers[i].disk.hung)
			return us + (uint64_t)sim.servers[i].conf.timing.init_limit *
			                sim.servers[i].conf.timing.tick_ms * 1000;
	return us;
}

static void
check_leader(int must_lead)
{
	if (must_lead >= 0 && !sim.servers[must_lead].peer.view.active)
		sim_fail("S9: a joiner deposed the leader, server %d", must_lead + 1);
}

/* Until all follow one leader, or `end_us`; `must_lead` may not be deposed (-1: any). */
static bool
run_until_settled(uint64_t end_us, int must_lead)
{
	unsigned leader;

	while (!sim.failed && sim_turn(end_us)) {
		check_leader(must_lead);
		if (sim_is_settled(&leader))
			return true;
	}
	return sim_is_settled(&leader);
}

static void
run_for(uint64_t us, int must_lead)
{
	uint64_t end_us = sim.now_us + us;

	while (!sim.failed && sim_turn(end_us))
		check_leader(must_lead);
}

static void
run_faults(void)
{
	uint64_t end_us = sim.now_us + 2000000 + sim_random(4000000);
	uint64_t pace_us = 5000 + sim_random(300000);

	while (!sim.failed && sim.now_us < end_us) {
		run_for(sim_random(pace_us), -1);
		sim_fault();
	}
}

/* A server whose absence costs no quorum comes back, with a promise above the leader's
 * epoch now and then (the trace of an election that failed): the leader stays. */
static void
join(void)
{
	unsigned leader, joiner = (unsigned)sim_random(sim.count);
	struct sim_server *s = &sim.servers[joiner];
	int stays;

	if (s->idle || !sim_is_settled(&leader) || !sim_is_led_without(leader, joiner))
		return;
	/* one that is to be removed goes when that is done */
	stays = sim_wish_in_force() ? (int)leader : -1;
	sim_say("* %u goes and joins again", joiner + 1);
	for (unsigned k = 0; k < SIM_KINDS; k++)
		if (sim_random(2))
			sim_kill(&s->procs[k]);
	/* not on a copy of a disk, which the peer has still to find out */
	if (!s->procs[SIM_PEER].up && sim_random(2) && sim_instance(joiner)) {
		struct role_record r = sim_disk_record(&s->disk);

		r.accepted += (int64_t)sim_random(4);
		/* where members change, another may come in force in that epoch */
		if (!sim.wishes && sim_random(2))
			r.current = r.accepted;
		sim_disk_put(&s->disk, &r);
	}
	for (unsigned k = 0; k < SIM_KINDS; k++)
		if (!s->procs[k].up)
			sim_start_later(&s->procs[k], sim_random(AWAY_US));
	if (s->sick || sim.servers[leader].sick)
		stays = -1;
	/* a peer whose connmgr was killed says for a while that all is well */
	run_for(AWAY_US + 1000, stays);
	if (!run_until_settled(sim.now_us + bound_us(), stays))
		sim_fail("S9, L1: server %u does not follow", joiner + 1);
}

/* One fault at the leader at a time, all else well: its connections break, its peer or
 * its connmgr dies. */
static void
fail_over(void)
{
	unsigned leader;

	if (!sim_is_settled(&leader))
		return;
	if (sim_random(4) == 0)
		sim_swap(sim_random(2) ? leader : (unsigned)sim_random(sim.count));
	sim_say("* the connections of %u break", leader + 1);
	if (sim_random(8) == 0)
		sim_kill(
		    &sim.servers[leader].procs[sim_random(2) ? SIM_PEER : SIM_CONNMGR]);
	for (unsigned i = 0; i < sim.count; i++)
		if (i != leader)
			sim_net_reset(leader, i);
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_start(&sim.servers[leader].procs[k]);
	run_for(1000, -1);
	if (!run_until_settled(sim.now_us + bound_us(), -1))
		sim_fail("L1: not all follow one leader after one fault");
}

static void
spring_traps(void)
{
	unsigned leader;

	for (unsigned i = 0; i < TRAPS && !sim.failed && sim_is_settled(&leader); i++) {
		sim_trap(leader);
		if (!run_until_settled(sim.now_us + bound_us(), -1))
			sim_fail("L1: not all follow one leader after a trap");
	}
}

/* With equal files everywhere, and nothing else that is wrong. */
static void
check_wish(uint64_t since_us)
{
	unsigned leader;

	while (!sim.failed && !(sim_wish_in_force() && sim_is_settled(&leader)))
		if (!sim_turn(since_us + WISH_US)) {
			if (sim_wish_can_be())
				sim_fail("version %u is not in force in time",
				         sim.wish.version);
			return;
		}
	if (!sim.failed && sim.now_us - since_us > total.worst_wish_us)
		total.worst_wish_us = sim.now_us - since_us;
}

/* Another list of members for everybody. */
static void
change_members(void)
{
	sim_wish_change();
	sim_wish_end(100000);
	check_wish(sim.now_us);
}

static bool
has_new_disk(unsigned server)
{
	const struct members_record *r = sim_group_now();
	sim_shown shown = {NULL};

	shown[server] = sim_instance(server);
	return r->old.version == 0 && sim_voters(&r->new, shown) != 0;
}

/* A minority loses its disk, and is taken in again. It knows its group from its file. */
static void
lose_disk(void)
{
	uint64_t end_us = sim.now_us + AWAY_US + BOUND_US;
	unsigned leader, one = (unsigned)sim_random(sim.count);

	if (!sim_wish_in_force() || !has_new_disk(one) || !sim_can_lose(one) ||
	    sim.servers[one].lost >= DISKS)
		return;
	sim_wipe(one, AWAY_US);
	run_for(AWAY_US + 1000, -1);
	while (!sim.failed && !(has_new_disk(one) && sim_is_settled(&leader)))
		if (!sim_turn(end_us)) {
			sim_fail("server %u with its new disk is not taken in again",
			         one + 1);
			return;
		}
}

/* The majority is lost: nobody leads until everybody is told. */
static void
lose_all(void)
{
	uint64_t end_us = sim.now_us + SETTLE_US;

	if (!sim_disaster())
		return;
	while (!sim.failed && sim_turn(end_us))
		for (unsigned i = 0; i < sim.count; i++)
			if (sim.servers[i].procs[SIM_PEER].up &&
			    sim.servers[i].peer.view.active)
				sim_fail("S12: server %u leads, and most disks are lost",
				         i + 1);
	sim_refound();
	run_for(SETTLE_US, -1);
	if (!run_until_settled(sim.now_us + bound_us(), -1))
		sim_fail("L1: no group is founded again");
}

static void
run_members(void)
{
	if (!sim.wishes || sim.keeps || sim.failed)
		return;
	if (sim_random(4) == 0)
		change_members();
	if (sim_random(6) == 0 && !sim.failed)
		lose_disk();
}

static void
run(void)
{
	uint64_t healed_us;

	for (unsigned i = 0; i < sim.count; i++)
		for (unsigned k = 0; k < SIM_KINDS; k++)
			if (!sim.servers[i].idle)
				sim_start_later(&sim.servers[i].procs[k],
				                sim_random(300000));
	sim_swap_begin();
	run_faults();
	if (!sim.failed)
		sim_heal();
	if (sim_random(2))
		sim_hostile_begin();
	healed_us = sim.now_us;
	if (!run_until_settled(sim.now_us + bound_us(), -1))
		sim_fail("L1: not all follow one leader in time");
	if (!sim.failed && sim.now_us - healed_us > total.worst_us[sim.count])
		total.worst_us[sim.count] = sim.now_us - healed_us;
	if (!sim.failed && sim.wishes)
		check_wish(healed_us);
	/* what still looked like a leader may have been cut off a moment ago */
	run_for(SETTLE_US, -1);
	if (!run_until_settled(sim.now_us + bound_us(), -1))
		sim_fail("L1: not all follow one leader in time, later");
	for (unsigned i = 0; i < 3 && !sim.failed; i++)
		join();
	if (sim.leases && !sim.keeps)
		spring_traps();
	for (unsigned i = 0; i < FAILOVERS && !sim.failed; i++) {
		fail_over();
		run_members();
	}
	if (sim.wishes && !sim.keeps && !sim.failed && sim_random(2))
		lose_all();
}

static void
run_seed(uint64_t seed, unsigned servers)
{
	uint64_t begun_us;

	sim_world_begin(seed);
	begun_us = sim.now_us;
	sim.count = servers ? servers : 3 + (unsigned)sim_random(5);
	sim.delayed = sim_random(2) ? 0 : (unsigned)sim_random(25);
	sim.wrong = sim_random(4) ? 0 : (unsigned)sim_random(600);
	sim.give_up_us = 300000 + sim_random(5000000);
	memset(sim.cut, 0, sizeof(sim.cut));
	sim.keeps = sim_random(2);
	sim.fresh = sim_random(6) == 0;
	sim.wishes = sim.members && sim_random(2);
	sim.refounds = false;
	sim.hostile = false;
	memset(sim.way, 0, sizeof(sim.way));
	sim.leases = sim_random(2) || sim.bug >= SIM_BUG_NO_GATE;
	sim_servers_begin();
	sim_check_begin();
	sim_lease_begin();
	run();
	if (sim.failed)
		sim_show();
	total.runs++;
	total.failed += sim.failed;
	total.simulated_us += sim.now_us - begun_us;
	sim_servers_end();
	sim_world_end();
	sim_net_end();
	sim_pipe_end();
	sim_door_end();
}

static void
report(double seconds)
{
	printf("%llu runs, %llu elections, %.0f s simulated in %.1f s: %.0f elections/s, "
	       "%.1f million steps/s\n",
	       (unsigned long long)total.runs, (unsigned long long)sim.elections,
	       (double)total.simulated_us / 1e6, seconds, (double)sim.elections / seconds,
	       (double)sim.steps / seconds / 1e6);
	for (unsigned n = 3; n <= SIM_SERVERS_MAX; n++)
		if (total.worst_us[n] > 0)
			printf(
			    "%u servers: all follow %.0f ms after the last fault at the "
			    "latest\n",
			    n, (double)total.worst_us[n] / 1000);
	if (total.worst_wish_us > 0)
		printf("the members of all files are in force %.0f ms after the last "
		       "one has come, at the latest\n",
		       (double)total.worst_wish_us / 1000);
	if (sim.looks > 0)
		printf("%llu looks of programs that hold, %llu with a lease\n",
		       (unsigned long long)sim.looks, (unsigned long long)sim.acted);
	printf("%llu passed, %llu failed\n",
	       (unsigned long long)(total.runs - total.failed),
	       (unsigned long long)total.failed);
}

static int
usage(void)
{
	fputs("usage: sim --seeds FROM:TO [--servers 3..7] [--members] [--trace] [--bug "
	      "NAME]\n"
	      "       sim --seeds FROM:TO --hold SET|all [--trace]\n"
	      "--bug: the run succeeds if the bug is found; one of",
	      stderr);
	for (unsigned i = 1; i < SIM_BUGS; i++)
		fprintf(stderr, " %s", sim_bug_name(i));
	fputc('\n', stderr);
	return 64;
}

static bool
parse(int argc, char **argv, uint64_t *from, uint64_t *to, unsigned *servers,
      const char **hold)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--trace") == 0) {
			sim.trace = true;
			continue;
		}
		if (strcmp(argv[i], "--members") == 0) {
			sim.members = true;
			continue;
		}
		if (strcmp(argv[i], "--seeds") == 0) {
			if (sscanf(value, "%lu:%lu", from, to) != 2 || *from > *to)
				return false;
		} else if (strcmp(argv[i], "--servers") == 0) {
			*servers = (unsigned)atoi(value);
			if (*servers < 3 || *servers > SIM_SERVERS_MAX)
				return false;
		} else if (strcmp(argv[i], "--hold") == 0) {
			*hold = value;
		} else if (strcmp(argv[i], "--bug") == 0) {
			for (sim.bug = 1; sim.bug < SIM_BUGS; sim.bug++)
				if (strcmp(value, sim_bug_name(sim.bug)) == 0)
					break;
			if (sim.bug == SIM_BUGS)
				return false;
		} else {
			return false;
		}
		i++;
	}
	return *to > 0;
}

int
main(int argc, char **argv)
{
	uint64_t from = 0, to = 0;
	unsigned servers = 0;
	const char *hold = NULL;
	clock_t begun = clock();

	if (!parse(argc, argv, &from, &to, &servers, &hold))
		return usage();
	/* large blocks come and go with each process: keep them */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (hold)
		return sim_hold(hold, from, to);
	for (uint64_t seed = from; seed <= to && total.failed == 0; seed++)
		run_seed(seed, servers);
	report((double)(clock() - begun) / CLOCKS_PER_SEC);
	sim_loop_end();
	if (sim.bug != SIM_BUG_NONE)
		return total.failed > 0 ? 0 : 1;
	return total.failed > 0 ? 1 : 0;
}
