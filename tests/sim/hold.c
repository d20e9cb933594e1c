/* sim --hold SET FROM:TO: each server keeps its faults for the whole run. Who reaches
 * whom, on each lane and in each direction, and whose disk takes no writes, stays as it
 * is from the start on. Where a quorum is mutually connected on both lanes and can write,
 * there must be a leader within a bound, and it must stay. A seed always gives the same
 * configuration; seeds 1 to 65536 of the set `matrix` give each of its members once. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOUND_US  2500000u /* a leader, with 3 servers */
#define LARGER_US 5000000u /* with more */
#define HELD_US   15000000u
#define SHOWN     20 /* failures that are printed */

struct set {
	const char *name;
	unsigned servers;
	bool weights, groups;
	/* Whole ports and pairs of servers instead of single directions. */
	bool ports;
	/* disks that fail each write, or never end one, at most */
	unsigned dead, hung;
	/* One server's record promises an epoch near the last. */
	bool wild;
};

static const struct set sets[] = {
    {.name = "matrix", .servers = 3},
    {.name = "mixed", .servers = 3},
    {.name = "dead", .servers = 3, .dead = 1},
    {.name = "hung", .servers = 3, .hung = 1},
    {.name = "weights", .servers = 3, .weights = true},
    {.name = "two", .servers = 2, .weights = true, .dead = 1},
    {.name = "groups", .servers = 5, .weights = true, .groups = true, .dead = 1},
    {.name = "wild", .servers = 3, .wild = true},
    {.name = "five", .servers = 5},
    {.name = "five-ports", .servers = 5, .ports = true},
    {.name = "five-dead", .servers = 5, .dead = 2},
    {.name = "five-hung", .servers = 5, .hung = 2},
    {.name = "five-weights", .servers = 5, .weights = true},
    {.name = "five-wild", .servers = 5, .wild = true},
};
#define SETS (sizeof(sets) / sizeof(sets[0]))

/* How one run ended. */
struct outcome {
	uint64_t first_us, last_us; /* of the first leader, of the last change */
	unsigned changes;
	int leader; /* -1: none */
};

static struct {
	uint64_t tried, failed, moved;
	uint64_t slowest_us;
} total;

/* ---- the configuration ---- */

static unsigned wild; /* the server whose record promises too much, + 1; 0: none */

/* As one wrong digit makes it: the last epochs, or one too many to be taken. */
static void
make_wild(void)
{
	static const int64_t epochs[] = {INT32_MAX, INT32_MAX - 1,
	                                 5 + ROLE_JUMP_MAX + 1 + 64};
	struct sim_disk *d;
	struct role_record r;

	wild = 1 + (unsigned)sim_random(sim.count);
	d = &sim.servers[wild - 1].disk;
	r = sim_disk_record(d);
	r.accepted = epochs[sim_random(3)];
	if (sim_random(2))
		r.current = r.accepted;
	sim_disk_put(d, &r);
}

static void
make_shape(const struct set *set)
{
	struct conf *c = &sim.wish;
	bool weights = set->weights && (set->servers != 2 || sim_random(2));
	int64_t sum = 0;

	c->hierarchical = weights || set->groups;
	c->early_finalize = true;
	for (unsigned i = 0; i < sim.count; i++) {
		struct conf_server *s = &c->servers[i];

		s->observer = false;
		s->has_group = c->hierarchical;
		s->group = set->groups ? (int64_t)sim_random(3) : 0;
		s->weight = weights ? (int64_t)(sim_random(4) + 1) / 2 : 1;
		sum += s->weight;
	}
	if (sum == 0)
		c->servers[sim_random(sim.count)].weight = 1;
	for (unsigned i = 0; i < sim.count; i++)
		sim_give_file(i, c);
	sim_wish_begin();
	sim_found();
}

static void
make_disks(const struct set *set)
{
	bool fresh = sim_random(2);
	unsigned kind = (unsigned)sim_random(4);
	unsigned claims = kind == 3 ? (unsigned)sim_random(sim.count) : 0;

	for (unsigned i = 0; i < sim.count; i++) {
		struct sim_disk *d = &sim.servers[i].disk;
		struct role_record r = sim_disk_record(d);

		if (!fresh)
			r.accepted = r.current = 5;
		r.claim = 0;

		d->dead = d->hung = false;
		if (kind == 1)
			r.claim = (int64_t)sim_random(3);
		else if (kind >= 2)
			r.claim = i == claims;
		sim_disk_put(d, &r);
	}
	for (unsigned i = 0; i < set->dead; i++)
		if (i == 0 || sim_random(2))
			sim.servers[sim_random(sim.count)].disk.dead = true;
	for (unsigned i = 0; i < set->hung; i++)
		if (i == 0 || sim_random(2))
			sim.servers[sim_random(sim.count)].disk.hung = true;
	wild = 0;
	if (set->wild)
		make_wild();
}

/* Three servers: one kind of fault, all ways that have it, one claim. */
static void
make_matrix(uint64_t index)
{
	enum sim_way kind = SIM_WAY_DROPPED + index / 16384 % 4;
	uint64_t bits = index / 4;

	for (unsigned i = 0; i < 3; i++) {
		struct role_record r = sim_disk_record(&sim.servers[i].disk);

		r.claim = index % 4 == i + 1;
		sim_disk_put(&sim.servers[i].disk, &r);
		for (unsigned j = 0; j < 3; j++) {
			if (i == j)
				continue;
			sim.way[MSG_LANE_ELECTION][i][j] = bits & 1 ? kind : SIM_WAY_OPEN;
			sim.way[MSG_LANE_LEARNER][i][j] =
			    bits >> 6 & 1 ? kind : SIM_WAY_OPEN;
			bits >>= 1;
		}
	}
}

static enum sim_way
pick(const char *kinds)
{
	static const char letters[] = "odrsf";

	return (enum sim_way)(strchr(letters, kinds[sim_random(strlen(kinds))]) -
	                      letters);
}

/* Members of `healthy` reach each other; any other way is bad with `chance` of 100. */
static void
make_ways(unsigned healthy, unsigned chance)
{
	static const char *const kinds[] = {"d", "dr", "drsf", "s", "f", "drs"};
	const char *bad = kinds[sim_random(6)];

	for (unsigned lane = MSG_LANE_ELECTION; lane <= MSG_LANE_LEARNER; lane++) {
		for (unsigned at = 0; at < sim.count * sim.count; at++) {
			unsigned i = at / sim.count, j = at % sim.count;

			if (i != j && !(healthy >> i & healthy >> j & 1) &&
			    sim_random(100) < chance)
				sim.way[lane][i][j] = pick(bad);
		}
	}
}

/* Pairs that do not reach each other at all, and quorum ports that nobody reaches. */
static void
make_ports(unsigned chance)
{
	for (unsigned lane = MSG_LANE_ELECTION; lane <= MSG_LANE_LEARNER; lane++)
		for (unsigned i = 0; i < sim.count; i++)
			for (unsigned j = 0; j < i; j++)
				if (sim_random(200) < chance)
					sim.way[lane][i][j] = sim.way[lane][j][i] =
					    pick("ddrs");
	for (unsigned j = 0; j < sim.count; j++) {
		enum sim_way kind = pick("drs");

		if (sim_random(10) >= 3)
			continue;
		for (unsigned i = 0; i < sim.count; i++)
			if (i != j)
				sim.way[MSG_LANE_LEARNER][i][j] = kind;
	}
}

static unsigned
random_majority(void)
{
	unsigned members = 0, count = 0;

	while (count < sim.count / 2 + 1) {
		unsigned i = (unsigned)sim_random(sim.count);

		count += !(members >> i & 1);
		members |= 1u << i;
	}
	return members;
}

static void
make(const struct set *set, uint64_t index)
{
	static const unsigned chances[] = {10, 30, 60, 90, 100};
	unsigned chance = chances[sim_random(5)];

	memset(sim.way, 0, sizeof(sim.way));
	make_shape(set);
	make_disks(set);
	if (set == sets)
		make_matrix(index);
	else if (set->ports)
		make_ports(chance);
	else
		make_ways(random_majority(), chance);
}

/* ---- the demand ---- */

static bool
are_connected(unsigned i, unsigned j)
{
	return sim.way[MSG_LANE_ELECTION][i][j] == SIM_WAY_OPEN &&
	       sim.way[MSG_LANE_LEARNER][i][j] == SIM_WAY_OPEN;
}

/* Are these servers a quorum that is mutually connected and can write? */
static bool
is_healthy_set(unsigned members)
{
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++) {
		const struct sim_disk *d = &sim.servers[i].disk;

		if (!(members >> i & 1))
			continue;
		if (d->dead || d->hung || i + 1 == wild)
			return false;
		for (unsigned j = 0; j < sim.count; j++)
			if (i != j && (members >> j & 1) && !are_connected(i, j))
				return false;
		sids[count++] = i + 1;
	}
	return sim_is_quorum(sids, count);
}

static bool
is_healthy(void)
{
	for (unsigned members = 1; members < 1u << sim.count; members++)
		if (is_healthy_set(members))
			return true;
	return false;
}

/* ---- one run ---- */

static int
leader_now(void)
{
	int64_t epoch = 0;
	int leader = -1;

	for (unsigned i = 0; i < sim.count; i++) {
		const struct sim_server *s = &sim.servers[i];
		const struct role_view *v = &s->peer.view;

		if (s->procs[SIM_PEER].up && v->active && v->epoch > epoch) {
			epoch = v->epoch;
			leader = (int)i;
		}
	}
	return leader;
}

static struct outcome
watch(void)
{
	uint64_t begun_us = sim.now_us;
	struct outcome o = {.leader = -1};

	while (!sim.failed && sim_turn(begun_us + HELD_US)) {
		int leader = leader_now();

		if (leader == o.leader)
			continue;
		o.leader = leader;
		o.changes++;
		o.last_us = sim.now_us - begun_us;
		if (o.first_us == 0)
			o.first_us = o.last_us;
	}
	return o;
}

static void
print_lane(const char *name, enum msg_lane lane)
{
	printf(" %s", name);
	for (unsigned at = 0; at < sim.count * sim.count; at++)
		printf("%s%c", at % sim.count ? "" : " ",
		       "odrsf"[sim.way[lane][at / sim.count][at % sim.count]]);
}

/* Each row of a lane is what one server dials. */
static void
print(const struct set *set, uint64_t seed, const struct outcome *o)
{
	printf("%s %llu: first %llu ms, last %llu ms, changes %u, leader %d;", set->name,
	       (unsigned long long)seed, (unsigned long long)o->first_us / 1000,
	       (unsigned long long)o->last_us / 1000, o->changes, o->leader + 1);
	for (unsigned i = 0; i < sim.count; i++) {
		const struct conf_server *s = &sim.servers[0].conf.servers[i];
		const struct sim_disk *d = &sim.servers[i].disk;

		printf(" %d", (int)sim_disk_record(d).claim);
		if (s->has_group)
			printf("g%dw%d", (int)s->group, (int)s->weight);
		printf("%s%s",
		       d->dead   ? "dead"
		       : d->hung ? "hung"
		                 : "",
		       i + 1 == wild ? "wild" : "");
	}
	print_lane("election", MSG_LANE_ELECTION);
	print_lane("learner", MSG_LANE_LEARNER);
	putchar('\n');
}

static void
judge(const struct set *set, uint64_t seed, const struct outcome *o)
{
	uint64_t bound_us = set->servers <= 3 ? BOUND_US : LARGER_US;

	total.tried++;
	total.moved += o->changes > 1;
	if (o->last_us > total.slowest_us)
		total.slowest_us = o->last_us;
	if (!sim.failed && o->leader >= 0 && o->last_us <= bound_us)
		return;
	if (total.failed++ < SHOWN)
		print(set, seed, o);
}

/* Begins anew until a quorum is healthy; the matrix has each member once, and only those
 * with a healthy quorum count. */
static void
run_one(const struct set *set, uint64_t seed)
{
	struct outcome o;

	sim_world_begin(seed);
	sim.fresh = sim.wishes = sim.refounds = false;
	sim.calm = true;
	sim.count = set->servers;
	sim.delayed = 0;
	sim.wrong = 0;
	sim.give_up_us = 2000000;
	memset(sim.cut, 0, sizeof(sim.cut));
	sim.leases = false;
	sim_servers_begin();
	sim_lease_begin();
	do {
		make(set, seed * 40503 % 65536);
	} while (!is_healthy() && set != sets);
	sim_check_begin();
	if (is_healthy()) {
		for (unsigned i = 0; i < sim.count; i++)
			for (unsigned k = 0; k < SIM_KINDS; k++)
				sim_start_later(&sim.servers[i].procs[k],
				                sim_random(100000));
		o = watch();
		judge(set, seed, &o);
	}
	sim_servers_end();
	sim_world_end();
	sim_net_end();
	sim_pipe_end();
}

static bool
run_set(const struct set *set, uint64_t from, uint64_t to)
{
	clock_t begun = clock();

	memset(&total, 0, sizeof(total));
	for (uint64_t seed = from; seed <= to; seed++)
		run_one(set, seed);
	printf(
	    "%-12s %6llu tried, %5llu failed, slowest %5llu ms, %5llu had a second "
	    "leader; %.0f s\n",
	    set->name, (unsigned long long)total.tried, (unsigned long long)total.failed,
	    (unsigned long long)total.slowest_us / 1000, (unsigned long long)total.moved,
	    (double)(clock() - begun) / CLOCKS_PER_SEC);
	return total.failed == 0;
}

int
sim_hold(const char *name, uint64_t from, uint64_t to)
{
	bool all = strcmp(name, "all") == 0, found = all, good = true;

	for (unsigned i = 0; i < SETS; i++) {
		if (!all && strcmp(name, sets[i].name) != 0)
			continue;
		found = true;
		good &= run_set(&sets[i], from, to);
	}
	sim_loop_end();
	if (found)
		return good ? 0 : 1;
	fputs("the sets of --hold are all", stderr);
	for (unsigned i = 0; i < SETS; i++)
		fprintf(stderr, " %s", sets[i].name);
	fputc('\n', stderr);
	return 64;
}
