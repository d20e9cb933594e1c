/* Who follows whom, and whether all is well. */
#include "tests/sim/sim.h"

static bool
is_up(const struct sim_server *s)
{
	for (unsigned k = 0; k < SIM_KINDS; k++)
		if (s->procs[k].wanted && !s->procs[k].up)
			return false;
	return true;
}

bool
sim_is_cut(unsigned a, unsigned b)
{
	bool cut = false;

	for (unsigned lane = MSG_LANE_ELECTION; lane <= MSG_LANE_LEARNER; lane++)
		cut |= sim.cut[lane][a][b] || sim.cut[lane][b][a];
	return cut;
}

/* R8: it only waits for its leader, or for its followers, and may still look. */
static bool
is_patient(unsigned server)
{
	const struct sim_server *s = &sim.servers[server];
	struct role_lease_view lease;

	if (!s->procs[SIM_PEER].up || !s->peer.role)
		return false;
	role_get_lease(s->peer.role, sim_clock_us(server) / 1000, &lease);
	return lease.patient_ms > 0;
}

unsigned
sim_followers(unsigned leader)
{
	const struct role_view *lead = &sim.servers[leader].peer.view;
	unsigned bits = 0;

	for (unsigned i = 0; i < sim.count; i++) {
		const struct sim_server *s = &sim.servers[i];
		const struct role_view *v = &s->peer.view;

		if (s->procs[SIM_PEER].up && v->has_leader && v->leader == leader + 1 &&
		    v->epoch == lead->epoch && !is_patient(i))
			bits |= 1u << i;
	}
	return bits;
}

/* Are those of `bits` to whom this server has uncut ways a quorum? `sim.count`: are all?
 */
static bool
reaches_quorum(unsigned server, unsigned bits)
{
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++)
		if ((bits >> i & 1) &&
		    (i == server || server == sim.count || !sim_is_cut(i, server)))
			sids[count++] = i + 1;
	return sim_is_quorum(sids, count);
}

/* With the disk that it has in force. */
static bool
has_place(const struct members *m, unsigned server)
{
	sim_shown shown = {NULL};

	shown[server] = sim_instance(server);
	return sim_voters(m, shown) != 0;
}

/* A server that has lost its disk finds the group by its file. */
static bool
finds_group(const struct members *m)
{
	for (unsigned i = 0; i < sim.wish.server_count; i++) {
		unsigned one = (unsigned)sim.wish.servers[i].id - 1;

		if (has_place(m, one) && !sim.servers[one].sick)
			return true;
	}
	return false;
}

/* Who is no member may follow, too, and need not: also one that is to be removed, and has
 * lost its disk. */
static bool
is_member(unsigned server)
{
	const struct members *m = sim_in_force();
	bool observer = false, listed = false;

	for (unsigned i = 0; i < m->count; i++) {
		listed |= m->list[i].sid == server + 1;
		observer |= m->list[i].sid == server + 1 && m->list[i].observer;
	}
	if (!listed || has_place(m, server))
		return listed;
	if (observer && sim_disk_record(&sim.servers[server].disk).members.epoch > 0)
		return true;
	return conf_server(&sim.wish, server + 1) && (!sim_group_now() || finds_group(m));
}

/* A quorum follows it, and all members who are not sick: but those whom sickness keeps
 * from the leader, or from a quorum of its followers. Who looks believes a leader only
 * when a quorum names it, as in ZooKeeper. */
static bool
is_followed(unsigned leader)
{
	unsigned bits = sim_followers(leader);

	for (unsigned i = 0; i < sim.count; i++)
		if (is_member(i) && !sim.servers[i].sick && !(bits >> i & 1) &&
		    !sim_is_cut(i, leader) && reaches_quorum(i, bits))
			return false;
	return reaches_quorum(sim.count, bits);
}

/* Who is sick may still take itself for a leader, but nobody else does. */
bool
sim_is_settled(unsigned *leader)
{
	unsigned active = 0;
	bool found = false;

	for (unsigned i = 0; i < sim.count; i++) {
		const struct sim_server *s = &sim.servers[i];

		if (s->idle)
			continue;
		if (!s->sick && !is_up(s))
			return false;
		if (!s->procs[SIM_PEER].up || !s->peer.view.active)
			continue;
		active += !s->sick;
		if (is_followed(i)) {
			*leader = i;
			found = true;
		}
	}
	return found && active <= 1;
}

/* Sickness keeps some from following, so that a leader may have a bare quorum. */
bool
sim_is_led_without(unsigned leader, unsigned out)
{
	unsigned bits = sim_followers(leader) & ~(1u << out);
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++)
		if ((bits >> i & 1) && !sim.servers[i].sick)
			sids[count++] = i + 1;
	return leader != out && sim_is_quorum(sids, count);
}

bool
sim_is_quorum_without(unsigned leader, unsigned out)
{
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++)
		if (i != out && !sim.servers[i].sick && !sim.servers[i].idle)
			sids[count++] = i + 1;
	return leader != out && sim_is_quorum(sids, count);
}
