/* Several cores of peer/role that talk to each other: connections are made, packets come
 * and writes end at once, unless a test holds them. Elections are what the test says. */
#ifndef TESTS_UNIT_ROLE_CLUSTER_H
#define TESTS_UNIT_ROLE_CLUSTER_H

#include "tests/unit/role_kit.h"

#include <stdlib.h>

#define CLUSTER_MAX   6
#define CLUSTER_WAITS 4096

struct node {
	struct role *role;
	struct members file;
	struct role_record disk;
	/* nothing reaches it, and it does nothing */
	bool down;
	/* writes wait for cluster_write */
	bool slow;
	bool writing;
	struct role_record written;
	uint64_t look_count;
	bool looks;
	int refounded; /* 1: not answered */
	/* R6 of docs/LEASE.md: what outlives the process; what START says is not known;
	 * in which boot we are. */
	struct role_memory memory;
	uint64_t unknown_ms;
	unsigned char boot[ROLE_BOOT_LEN];
	/* what its last LOOK voted with */
	int64_t look_epoch;
	int64_t look_zxid;
	/* What programs read, and how long somebody may rely on what he has read. */
	struct role_page page;
	struct role_page relied;
	/* its clock, in thousandths of the true one; 0: 1000 */
	uint64_t rate;
	/* the connections to each other server that it has */
	uint64_t numbers[CLUSTER_MAX + 1];
};

struct waiting {
	int64_t to;
	struct role_event ev;
	struct qpacket packet;
	unsigned char data[20];
	struct members_report report;
	struct members_record pair;
};

static struct {
	struct node nodes[CLUSTER_MAX + 1];
	uint64_t now_ms;
	uint64_t number;
	unsigned first, last;
	struct waiting waits[CLUSTER_WAITS];
	/* the established leaders, by epoch */
	int64_t led[64];
	/* of all nodes, where lease_ms is not 0 */
	struct role_config lease;
	/* what is sent from the one to the other is lost */
	bool cut[CLUSTER_MAX + 1][CLUSTER_MAX + 1];
} world;

static inline uint64_t
cluster_clock(int64_t sid)
{
	uint64_t rate = world.nodes[sid].rate;

	return rate ? world.now_ms * rate / 1000 : world.now_ms;
}

static inline struct role_config
cluster_config(int64_t sid)
{
	struct role_config config = kit_config(&world.nodes[sid].file, sid);

	config.lease = world.lease.lease;
	config.lease_ms = world.lease.lease_ms;
	config.lease_max_ms = world.lease.lease_max_ms;
	config.resume_ms = world.lease.resume_ms;
	config.drift_percent = world.lease.drift_percent;
	return config;
}

static inline struct members
cluster_list(int64_t version, const char *sids)
{
	struct members m;

	memset(&m, 0, sizeof(m));
	m.version = version;
	for (; *sids; sids++) {
		struct member *e = &m.list[m.count++];

		e->sid = *sids - '0';
		e->weight = 1;
	}
	return m;
}

static inline struct waiting *
cluster_wait(int64_t to, struct role_event ev)
{
	struct waiting *w = &world.waits[world.last++ % CLUSTER_WAITS];

	assert_true(world.last - world.first < CLUSTER_WAITS);
	w->to = to;
	w->ev = ev;
	return w;
}

static inline void
cluster_remote(int64_t to, int64_t sid, enum msg_link link, uint64_t number, bool dialled)
{
	cluster_wait(to, (struct role_event){.type = ROLE_EV_REMOTE,
	                                     .sid = sid,
	                                     .lane = MSG_LANE_LEARNER,
	                                     .link = link,
	                                     .reason = MSG_REASON_EOF,
	                                     .number = number,
	                                     .dialled = dialled});
}

static inline void
cluster_connect(int64_t from, int64_t to)
{
	struct node *n = &world.nodes[to];

	if (n->down || !n->role || world.cut[from][to] || world.cut[to][from]) {
		cluster_remote(from, to, MSG_LINK_DOWN, 0, false);
		return;
	}
	world.number++;
	cluster_remote(from, to, MSG_LINK_UP, world.number, true);
	cluster_remote(to, from, MSG_LINK_UP, world.number, false);
}

static inline void
cluster_send(int64_t from, const struct role_action *a)
{
	const struct role_packet *p = &a->u.packet;
	struct waiting *w;

	if (world.cut[from][a->sid])
		return;
	w = cluster_wait(a->sid, (struct role_event){.type = ROLE_EV_PACKET,
	                                             .sid = from,
	                                             .number = a->number,
	                                             .answer = p->answer});

	w->packet = (struct qpacket){
	    .type = p->type, .zxid = p->zxid, .data_len = p->data_len, .auth_count = -1};
	memcpy(w->data, p->data, sizeof(w->data));
	w->packet.data = p->data_len > 0 ? w->data : NULL;
	w->ev.packet = &w->packet;
	if (p->report) {
		w->report = *p->report;
		w->ev.report = &w->report;
	}
	if (p->pair) {
		w->pair = *p->pair;
		w->ev.pair = &w->pair;
	}
}

static inline void
cluster_write(int64_t sid, int error)
{
	struct node *n = &world.nodes[sid];

	assert_true(n->writing);
	n->writing = false;
	if (error == 0)
		n->disk = n->written;
	cluster_wait(sid, (struct role_event){.type = ROLE_EV_WRITTEN, .error = error});
}

static inline void
cluster_note(int64_t sid, const struct role_view *v)
{
	if (!v->active)
		return;
	assert_true(v->epoch < 64);
	/* S1 */
	assert_true(world.led[v->epoch] == 0 || world.led[v->epoch] == sid);
	world.led[v->epoch] = sid;
}

static inline void
cluster_apply(int64_t sid, const struct role_action *a)
{
	struct node *n = &world.nodes[sid];

	if (a->type == ROLE_ACT_LOOK) {
		n->looks = true;
		n->look_count = a->u.look.serial.count;
		n->look_epoch = a->u.look.epoch;
		n->look_zxid = a->u.look.zxid;
	} else if (a->type == ROLE_ACT_CONNECT) {
		cluster_connect(sid, a->sid);
	} else if (a->type == ROLE_ACT_SEND) {
		cluster_send(sid, a);
	} else if (a->type == ROLE_ACT_DISCONNECT && a->number > 0) {
		cluster_remote(a->sid, sid, MSG_LINK_DOWN, a->number, false);
	} else if (a->type == ROLE_ACT_WRITE) {
		n->writing = true;
		n->written = *a->u.write;
		if (!n->slow)
			cluster_write(sid, 0);
	} else if (a->type == ROLE_ACT_REFOUNDED) {
		n->refounded = a->u.error;
	} else if (a->type == ROLE_ACT_MEMORY) {
		n->memory = a->u.memory;
	} else if (a->type == ROLE_ACT_PAGE) {
		n->page = a->u.page;
		if (a->u.page.end_ms == 0 || a->u.page.end_ms >= n->relied.end_ms)
			n->relied = a->u.page;
	} else if (a->type == ROLE_ACT_EVENT) {
		cluster_note(sid, &a->u.view);
	}
}

static inline void
cluster_step(int64_t sid, struct role_event ev)
{
	static struct role_actions todo[CLUSTER_MAX + 1];
	struct node *n = &world.nodes[sid];

	if (n->down || !n->role)
		return;
	ev.now_ms = cluster_clock(sid);
	role_step(n->role, &ev, &todo[sid]);
	for (unsigned i = 0; i < todo[sid].count; i++)
		cluster_apply(sid, &todo[sid].list[i]);
}

static inline void
cluster_run(void)
{
	while (world.first != world.last) {
		struct waiting *w = &world.waits[world.first++ % CLUSTER_WAITS];

		cluster_step(w->to, w->ev);
	}
}

/* A process with what is on its disk. */
static inline void
cluster_start(int64_t sid)
{
	struct node *n = &world.nodes[sid];
	struct role_config config = cluster_config(sid);
	struct role_event ev = {.type = ROLE_EV_START,
	                        .generation = 7,
	                        .record = n->disk,
	                        .memory = n->memory,
	                        .unknown_ms = n->unknown_ms};

	role_free(n->role);
	n->down = n->writing = false;
	n->page.end_ms = 0;
	memcpy(ev.boot, n->boot, sizeof(ev.boot));
	assert_int_equal(role_new(&n->role, &config), 0);
	cluster_step(sid, ev);
	cluster_run();
}

static inline void
cluster_kill(int64_t sid)
{
	struct node *n = &world.nodes[sid];

	role_free(n->role);
	n->role = NULL;
	n->down = true;
	n->looks = n->writing = false;
	for (int64_t other = 1; other <= CLUSTER_MAX; other++)
		for (uint64_t number = 1; number <= world.number; number++)
			cluster_remote(other, sid, MSG_LINK_DOWN, number, false);
	cluster_run();
}

/* A new data_dir. */
static inline void
cluster_wipe(int64_t sid)
{
	struct node *n = &world.nodes[sid];
	struct members_instance instance = n->disk.instance;

	memset(&n->disk, 0, sizeof(n->disk));
	instance.bytes[2]++;
	n->disk.instance = instance;
}

static inline void
cluster_file(int64_t sid, struct members file)
{
	world.nodes[sid].file = file;
	cluster_step(sid, (struct role_event){.type = ROLE_EV_FILE, .file = &file});
	cluster_run();
}

static inline void
cluster_decide(int64_t sid, enum notif_state state, int64_t leader)
{
	struct node *n = &world.nodes[sid];

	assert_true(n->looks);
	n->looks = false;
	cluster_step(
	    sid, (struct role_event){.type = ROLE_EV_DECIDED,
	                             .serial = {7, n->look_count},
	                             .vote = {.leader = leader,
	                                      .round = 9,
	                                      .epoch = world.nodes[leader].disk.current,
	                                      .state = (int32_t)state}});
}

/* The link of `sid` to its leader comes up, and ends at once. */
static inline void
cluster_turn_away(int64_t sid, int64_t leader)
{
	cluster_step(sid, (struct role_event){.type = ROLE_EV_REMOTE,
	                                      .sid = leader,
	                                      .lane = MSG_LANE_LEARNER,
	                                      .link = MSG_LINK_UP,
	                                      .number = 99,
	                                      .dialled = true});
	cluster_remote(sid, leader, MSG_LINK_DOWN, 99, false);
	cluster_run();
}

/* `leader` is elected, and these follow. */
static inline void
cluster_elect(int64_t leader, const char *followers)
{
	cluster_decide(leader, NOTIF_LEADING, leader);
	for (; *followers; followers++)
		cluster_decide(*followers - '0', NOTIF_FOLLOWING, leader);
	cluster_run();
}

static inline void
cluster_pass(uint64_t ms)
{
	for (; ms > 0; ms -= ms < KIT_TICK ? ms : KIT_TICK) {
		world.now_ms += ms < KIT_TICK ? ms : KIT_TICK;
		for (int64_t sid = 1; sid <= CLUSTER_MAX; sid++)
			cluster_step(sid, (struct role_event){.type = ROLE_EV_DUE});
		cluster_run();
	}
}

static inline void
cluster_clear(void)
{
	for (int64_t sid = 1; sid <= CLUSTER_MAX; sid++)
		role_free(world.nodes[sid].role);
	memset(&world, 0, sizeof(world));
	world.now_ms = 1000;
	for (int64_t sid = 1; sid <= CLUSTER_MAX; sid++) {
		world.nodes[sid].down = true;
		world.nodes[sid].disk.instance = kit_instance(sid);
		world.nodes[sid].refounded = 1;
	}
}

static inline struct role_view
cluster_view(int64_t sid)
{
	struct role_view v;

	role_get_view(world.nodes[sid].role, &v);
	return v;
}

static inline struct role_members_view
cluster_members(int64_t sid)
{
	struct role_members_view v;

	role_get_members(world.nodes[sid].role, cluster_clock(sid), &v);
	return v;
}

/* The record on the disk is simple, with these members in this version. */
static inline bool
cluster_has(int64_t sid, int64_t version, const char *sids)
{
	const struct members_record *r = &world.nodes[sid].disk.members;
	const struct members list = cluster_list(version, sids);

	return r->old.version == 0 &&
	       r->new.version == version &&members_same_list(&r->new, &list);
}

/* These start with that file. */
static inline void
cluster_start_with(const struct members *file, const char *sids)
{
	for (; *sids; sids++) {
		world.nodes[*sids - '0'].file = *file;
		cluster_start(*sids - '0');
	}
}

/* These, and no others, are in the file. */
static inline void
cluster_start_all(int64_t version, const char *sids)
{
	const struct members file = cluster_list(version, sids);

	cluster_start_with(&file, sids);
}

/* A group of 1, 2 and 3, which 1 leads. */
static inline void
cluster_found_three(void)
{
	cluster_start_all(1, "123");
	cluster_elect(1, "23");
	assert_true(cluster_view(1).active);
}

#endif
