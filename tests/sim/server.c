/* The servers: their configuration, and the starts and ends of their processes. */
#include "peer/folder.h"
#include "tests/sim/sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_server servers[SIM_SERVERS_MAX];

const char *
sim_proc_name(const struct proc *p)
{
	static const char *const names[] = {"connmgr", "elector", "peer", "next"};

	return names[p->kind];
}

const char *
sim_worker_name(unsigned kind)
{
	return kind == SIM_CANDIDATE ? "next" : "main";
}

unsigned
sim_any_kind(unsigned server)
{
	unsigned kind;

	do
		kind = (unsigned)sim_random(SIM_KINDS);
	while (!sim.servers[server].procs[kind].wanted);
	return kind;
}

struct elector *
sim_elector(const struct proc *p)
{
	return &sim.servers[p->server].electors[p->kind == SIM_CANDIDATE];
}

static void
make_server(struct conf *c, unsigned at, int shape)
{
	struct conf_server *s = &c->servers[at];

	snprintf(s->host, sizeof(s->host), "10.0.0.%u", at + 1);
	s->id = at + 1;
	s->quorum_port = 2888;
	s->election_port = 3888;
	s->weight = 1;
	/* shape 1: observers behind three voters; 2: weights; 3: groups of three */
	s->observer = shape == 1 && at >= 3;
	s->has_group = shape >= 2;
	s->group = shape == 3 ? at / 3 : 0;
	if (shape == 2)
		s->weight = (int64_t)sim_random(3);
}

/* Weights of 0 only would count no quorum. */
static void
make_servers(struct conf *c)
{
	int shape = (int)sim_random(6);
	int64_t sum = 0;

	if (shape > 3 || (shape == 1 && sim.count == 3) || (shape == 3 && sim.count < 6))
		shape = 0;
	c->server_count = sim.count;
	c->hierarchical = shape >= 2;
	for (unsigned i = 0; i < sim.count; i++) {
		make_server(c, i, shape);
		sum += c->servers[i].weight;
	}
	if (sum == 0)
		c->servers[sim_random(sim.count)].weight = 1;
}

static void
make_conf(struct conf *c)
{
	memset(c, 0, sizeof(*c));
	make_servers(c);
	c->version = 1;
	c->ipc = CONF_IPC_SEQPACKET;
	c->zab = true;
	c->early_finalize = sim_random(3) != 0;
	c->log_level = LOG_LEVEL_INFO;
	c->timing.tick_ms = 50;
	c->timing.init_limit = 40;
	c->timing.sync_limit = 6;
	c->timing.finalize_ms = 200;
	c->timing.notify_min_ms = 200;
	c->timing.notify_max_ms = 1000;
	c->links.connect_ms = 1000;
	c->links.handshake_ms = 2000;
	c->links.handshakes_max = 16;
	c->links.retry_min_ms = 20;
	c->links.retry_max_ms = 200;
	c->links.strangers_max = 2;
}

static void
make_members(const struct conf *c)
{
	static char text[QCONFIG_TEXT_MAX];
	size_t len = conf_qconfig(c, text, sizeof(text), &sim.members);

	assert(len > 0);
}

/* All servers were there once and founded a group, which has one epoch behind it. */
static void
found(void)
{
	struct role_record r = {.accepted = 1, .current = 1, .members.epoch = 1};
	struct members *m = &r.members.new;
	struct members_instance instances[SIM_SERVERS_MAX];
	bool made = members_from_qconfig(&sim.members, m);

	assert(made);
	for (unsigned i = 0; i < sim.count; i++)
		folder_new_instance(&instances[i]);
	for (unsigned i = 0; i < m->count; i++)
		if (!m->list[i].observer)
			m->list[i].instance = instances[m->list[i].sid - 1];
	for (unsigned i = 0; i < sim.count; i++) {
		r.instance = instances[i];
		r.claim = (int64_t)sim_random(SIM_CLAIMS);
		sim_disk_put(&servers[i].disk, &r);
	}
}

void
sim_servers_begin(void)
{
	struct conf *c = &servers[0].conf;

	make_conf(c);
	make_members(c);
	sim.servers = servers;
	for (unsigned i = 0; i < sim.count; i++) {
		struct sim_server *s = &servers[i];

		if (i > 0)
			s->conf = *c;
		s->conf.id = i + 1;
		s->conf.self = &s->conf.servers[i];
		snprintf(s->conf.run_dir, sizeof(s->conf.run_dir), "/%u", i + 1);
		s->powered = true;
		s->port_taken = false;
		s->port_deaf = s->sick = s->swapping = false;
		sim_disk_begin(&s->disk);
		for (unsigned k = 0; k < SIM_KINDS; k++)
			s->procs[k] = (struct proc){
			    .server = i, .kind = k, .wanted = k != SIM_CANDIDATE};
	}
	found();
}

void
sim_start(struct proc *p)
{
	struct sim_server *s = &sim.servers[p->server];
	int r;

	if (p->up || !s->powered || !p->wanted)
		return;
	p->up = true;
	p->exits = false;
	p->life++;
	p->paused_us = 0;
	p->pid = (pid_t)(10 * p->life + p->kind);
	p->loop = (struct sd_event){.proc = p};
	sim_enter(p);
	/* a new process has new memory */
	if (p->kind == SIM_CONNMGR) {
		r = connmgr_open(&s->connmgr, &p->loop, &s->conf, "main");
	} else if (p->kind == SIM_PEER) {
		memset(&s->peer, 0, sizeof(s->peer));
		r = peer_open(&s->peer, &s->conf, "main", p);
	} else {
		struct elector *e = sim_elector(p);

		memset(e, 0, sizeof(*e));
		r = elector_open(e, &s->conf, sim_worker_name(p->kind), p);
	}
	assert(r == 0);
	sim_leave();
}

static void
on_start(struct sim_item *it)
{
	sim_start(it->object);
}

void
sim_start_later(struct proc *p, uint64_t after_us)
{
	sim_put(sim.now_us + after_us, NULL, on_start, p, 0);
}

void
sim_kill(struct proc *p)
{
	struct sim_server *s = &sim.servers[p->server];
	struct proc *was = sim.running;

	if (!p->up)
		return;
	p->up = false;
	p->life++;
	sim.running = p;
	if (p->kind == SIM_CONNMGR) {
		connmgr_close(s->connmgr);
		sim_net_closed(p);
	} else if (p->kind == SIM_PEER) {
		peer_close(&s->peer);
		sim_disk_killed(&s->disk);
	} else {
		elector_close(sim_elector(p));
	}
	sim.running = was;
}

void
sim_power_off(unsigned server)
{
	struct sim_server *s = &sim.servers[server];

	sim.power = true;
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_kill(&s->procs[k]);
	sim.power = false;
	sim_disk_power_off(&s->disk);
	sim_check_power_off(server);
	s->powered = false;
	for (unsigned i = 0; i < sim.count; i++)
		sim_net_probe(server, i);
}

void
sim_power_on(unsigned server)
{
	struct sim_server *s = &sim.servers[server];

	if (s->powered)
		return;
	s->powered = true;
	sim_swap_settle(server);
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_start_later(&s->procs[k], sim_random(5000));
}

void
sim_servers_end(void)
{
	for (unsigned i = 0; i < sim.count; i++)
		for (unsigned k = 0; k < SIM_KINDS; k++)
			sim_kill(&sim.servers[i].procs[k]);
}

static bool
is_up(const struct sim_server *s)
{
	for (unsigned k = 0; k < SIM_KINDS; k++)
		if (s->procs[k].wanted && !s->procs[k].up)
			return false;
	return true;
}

static bool
is_cut(unsigned a, unsigned b)
{
	bool cut = false;

	for (unsigned lane = MSG_LANE_ELECTION; lane <= MSG_LANE_LEARNER; lane++)
		cut |= sim.cut[lane][a][b] || sim.cut[lane][b][a];
	return cut;
}

/* The leader and its followers, a bit for each. */
static unsigned
followers(unsigned leader)
{
	const struct role_view *lead = &sim.servers[leader].peer.view;
	unsigned bits = 0;

	for (unsigned i = 0; i < sim.count; i++) {
		const struct role_view *v = &sim.servers[i].peer.view;

		if (v->has_leader && v->leader == leader + 1 && v->epoch == lead->epoch)
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
		    (i == server || server == sim.count || !is_cut(i, server)))
			sids[count++] = i + 1;
	return sim_is_quorum(sids, count);
}

/* A quorum follows it, and all who are not sick: but those whom sickness keeps from the
 * leader, or from a quorum of its followers. Who looks believes a leader only when a
 * quorum names it, as in ZooKeeper. */
static bool
is_followed(unsigned leader)
{
	unsigned bits = followers(leader);

	for (unsigned i = 0; i < sim.count; i++)
		if (!sim.servers[i].sick && !(bits >> i & 1) && !is_cut(i, leader) &&
		    reaches_quorum(i, bits))
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

		if (!s->sick && !is_up(s))
			return false;
		if (!s->peer.view.active)
			continue;
		active += !s->sick;
		if (is_followed(i)) {
			*leader = i;
			found = true;
		}
	}
	return found && active <= 1;
}

bool
sim_may_lead(int64_t sid)
{
	const struct conf_server *s = conf_server(&sim.servers[0].conf, sid);

	return s && !s->observer && s->weight > 0;
}

bool
sim_is_quorum_without(unsigned leader, unsigned out)
{
	int64_t sids[SIM_SERVERS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < sim.count; i++)
		if (i != out && !sim.servers[i].sick)
			sids[count++] = i + 1;
	return leader != out && sim_is_quorum(sids, count);
}
