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

void
sim_make_server(struct conf_server *s, unsigned at)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->host, sizeof(s->host), "10.0.0.%u", at + 1);
	s->id = at + 1;
	s->quorum_port = 2888;
	s->election_port = SIM_ELECTION_PORT;
	s->weight = 1;
}

/* Priorities that differ with the version, in every eighth seed. They are made of numbers
 * and not drawn, so that all other seeds stay as they were. */
void
sim_prefer(struct conf_server *s, uint32_t version)
{
	uint64_t mixed = sim.seed / 8 + 3 * version + 5 * (uint64_t)s->id;

	s->priority = sim.seed % 8 == 7 && !s->observer ? (uint32_t)(mixed % 4) : 0;
}

const struct members_instance *
sim_instance(unsigned server)
{
	const struct sim_server *s = &sim.servers[server];
	const struct members_instance *own = sim_disk_instance(&s->disk);

	return own && memcmp(own, &s->dead, sizeof(*own)) != 0 ? own : NULL;
}

static void
make_server(struct conf *c, unsigned at, int shape)
{
	struct conf_server *s = &c->servers[at];

	sim_make_server(s, at);
	/* shape 1: observers behind three voters; 2: weights; 3: groups of three */
	s->observer = shape == 1 && at >= 3;
	s->has_group = shape >= 2;
	s->group = shape == 3 ? at / 3 : 0;
	if (shape == 2)
		s->weight = (int64_t)sim_random(3);
	sim_prefer(s, 1);
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
	c->lease_ms = 300;
	c->lease_max_ms = 1000;
	/* programs let go within 60 ms, or are cut off before */
	c->supervisor.hold_stop_ms = sim.seed % 2 ? 30 : 1500;
	c->resume_ms = 150;
	c->drift_percent = 10;
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

/* All servers of the file were there once and founded a group, which has one epoch behind
 * it; or there was none so far. */
void
sim_found(void)
{
	struct role_record r = {.accepted = 1, .current = 1, .members.epoch = 1};
	struct members *m = &r.members.new;
	struct members_instance instances[SIM_SERVERS_MAX];

	*m = sim_wish_members();
	for (unsigned i = 0; i < sim.count; i++)
		folder_new_instance(&instances[i]);
	for (unsigned i = 0; i < m->count; i++)
		if (!m->list[i].observer)
			m->list[i].instance = instances[m->list[i].sid - 1];
	for (unsigned i = 0; i < sim.count; i++) {
		r.instance = instances[i];
		r.claim = (int64_t)sim_random(SIM_CLAIMS);
		if (!sim.servers[i].idle)
			sim_disk_put(&servers[i].disk, &r);
	}
	sim_group_begin(&r.members);
}

void
sim_give_file(unsigned server, const struct conf *file)
{
	struct conf *c = &servers[server].conf;

	*c = *file;
	c->id = server + 1;
	c->lease_ms = 150 + 50 * server; /* so that it matters whose counts */
	c->self = conf_server(c, c->id);
	snprintf(c->run_dir, sizeof(c->run_dir), "/%u", server + 1);
}

void
sim_employ(unsigned server, uint64_t within_us)
{
	struct sim_server *s = &servers[server];

	s->idle = false;
	if (!s->powered)
		return;
	for (unsigned k = 0; k < SIM_KINDS; k++)
		sim_start_later(&s->procs[k], sim_random(within_us));
}

void
sim_servers_begin(void)
{
	sim.servers = servers;
	make_conf(&sim.wish);
	sim_wish_begin();
	for (unsigned i = 0; i < sim.count; i++) {
		struct sim_server *s = &servers[i];

		sim_give_file(i, &sim.wish);
		s->idle = s->conf.self == NULL;
		s->powered = true;
		s->boots = 0;
		s->booted_us = 0;
		s->port_taken = false;
		s->port_deaf = s->sick = s->swapping = false;
		s->lost = 0;
		memset(&s->dead, 0, sizeof(s->dead));
		sim_disk_begin(&s->disk);
		for (unsigned k = 0; k < SIM_KINDS; k++)
			s->procs[k] = (struct proc){
			    .server = i, .kind = k, .wanted = k != SIM_CANDIDATE};
	}
	sim_loss_begin();
	if (sim.fresh)
		sim_group_begin(&(struct members_record){.epoch = 0});
	else
		sim_found();
}

void
sim_start(struct proc *p)
{
	struct sim_server *s = &sim.servers[p->server];
	struct conf *c = &s->started[p->kind];
	int r;

	if (p->up || !s->powered || !p->wanted || s->idle)
		return;
	p->up = true;
	p->exits = false;
	p->life++;
	p->paused_us = 0;
	p->pid = (pid_t)(10 * p->life + p->kind);
	p->loop = (struct sd_event){.proc = p};
	*c = s->conf;
	c->self = conf_server(c, c->id);
	sim_enter(p);
	/* a new process has new memory */
	if (p->kind == SIM_CONNMGR) {
		r = connmgr_open(&s->connmgr, &p->loop, c, "main");
	} else if (p->kind == SIM_PEER) {
		memset(&s->peer, 0, sizeof(s->peer));
		r = peer_open(&s->peer, c, "main", p);
	} else {
		struct elector *e = sim_elector(p);

		memset(e, 0, sizeof(*e));
		r = elector_open(e, c, sim_worker_name(p->kind), p);
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
	sim_lease_power_off(server);
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
	s->boots++;
	s->booted_us = sim.now_us - 1000; /* its clock begins anew */
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

void
sim_show(void)
{
	for (unsigned i = 0; sim.trace && i < sim.count; i++) {
		const struct sim_server *s = &sim.servers[i];
		const struct role_record r = sim_disk_record(&s->disk);
		const struct role_view *v = &s->peer.view;

		sim_say("* %u:%s%s%s file %u, has %d leader %d epoch %d; its disk has "
		        "%d, %d: members %d and %d of epoch %d",
		        i + 1, s->idle ? " idle" : "", s->sick ? " sick" : "",
		        s->port_taken ? " no port" : "", s->conf.version,
		        (int)s->peer.file.version, v->has_leader ? (int)v->leader : 0,
		        (int)v->epoch, (int)r.accepted, (int)r.current,
		        (int)r.members.old.version, (int)r.members.new.version,
		        (int)r.members.epoch);
	}
}
