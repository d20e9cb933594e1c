/* The tests of peer/role share this: ensembles, and a core that is driven by hand. */
#ifndef TESTS_UNIT_ROLE_KIT_H
#define TESTS_UNIT_ROLE_KIT_H

#include "peer/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KIT_TICK 50

/* What the data_dir of `sid` has. */
static inline struct members_instance
kit_instance(int64_t sid)
{
	return (struct members_instance){.bytes = {0xd1, (unsigned char)sid}};
}

/* Participants 1 … voters, then observers, in version 1. */
static inline void
kit_members(struct members *m, unsigned voters, unsigned observers)
{
	memset(m, 0, sizeof(*m));
	m->version = 1;
	for (unsigned i = 0; i < voters + observers; i++) {
		m->list[i].sid = i + 1;
		m->list[i].observer = i >= voters;
		m->list[i].weight = i < voters;
	}
	m->count = voters + observers;
}

/* Voters 1 to 3 in one group, with these weights. */
static inline void
kit_weigh(struct members *m, int64_t first, int64_t second, int64_t third)
{
	kit_members(m, 3, 0);
	m->hierarchical = true;
	m->list[0].weight = first;
	m->list[1].weight = second;
	m->list[2].weight = third;
	for (unsigned i = 0; i < m->count; i++)
		m->list[i].has_group = true;
}

/* The same with the disks of the voters, as a record has it. */
static inline struct members
kit_with_instances(const struct members *file)
{
	struct members m = *file;

	for (unsigned i = 0; i < m.count; i++)
		if (!m.list[i].observer)
			m.list[i].instance = kit_instance(m.list[i].sid);
	return m;
}

static inline struct role_config
kit_config(const struct members *file, int64_t sid)
{
	return (struct role_config){
	    .sid = sid,
	    .zab = true,
	    .tick_ms = KIT_TICK,
	    .init_limit = 40,
	    .sync_limit = 6,
	    .file = file,
	};
}

/* One core, its clock and the actions of its last step. */
struct kit {
	struct role *role;
	int64_t sid;
	struct members members;
	struct role_actions todo;
	uint64_t now_ms;
	/* the counts in the serials of the last LOOK and of the last ROLE */
	uint64_t look_count;
	uint64_t role_count;
	/* the epoch of the last LEADERINFO to each sid */
	int64_t offered[ROLE_LEARNERS_MAX + 1];
	/* The numbers of connections: the last one that was given, and by sid that of the
	 * newest connection (0: none); and do we dial? */
	uint64_t number;
	uint64_t numbers[ROLE_LEARNERS_MAX + 1];
	bool dials[ROLE_LEARNERS_MAX + 1];
};

static inline const struct role_action *
kit_nth(const struct kit *k, enum role_action_type type, unsigned n)
{
	for (unsigned i = 0; i < k->todo.count; i++)
		if (k->todo.list[i].type == type && n-- == 0)
			return &k->todo.list[i];
	return NULL;
}

static inline const struct role_action *
kit_find(const struct kit *k, enum role_action_type type)
{
	return kit_nth(k, type, 0);
}

/* The packet of `type` that the last step sent to `sid`; NULL: none. */
static inline const struct role_packet *
kit_sent(const struct kit *k, int64_t sid, int32_t type)
{
	for (unsigned i = 0; i < k->todo.count; i++) {
		const struct role_action *a = &k->todo.list[i];

		if (a->type == ROLE_ACT_SEND && a->sid == sid && a->u.packet.type == type)
			return &a->u.packet;
	}
	return NULL;
}

static inline bool
kit_closed(const struct kit *k, int64_t sid, enum role_close why)
{
	for (unsigned i = 0; i < k->todo.count; i++) {
		const struct role_action *a = &k->todo.list[i];

		if (a->type == ROLE_ACT_DISCONNECT && a->sid == sid)
			return a->u.close == why;
	}
	return false;
}

/* The protocol in a LEADERINFO. */
static inline int32_t
kit_protocol(const struct role_packet *p)
{
	const struct qpacket q = {
	    .type = p->type, .data = p->data, .data_len = p->data_len};
	struct qpacket_leaderinfo v;

	assert_int_equal(members_get_leaderinfo(&q, &v), QPACKET_OK);
	return v.protocol;
}

/* The current epoch in an ACKEPOCH; -1: it is no promise. */
static inline int32_t
kit_answer(const struct role_packet *p)
{
	assert_non_null(p->report);
	return p->answer.current;
}

static inline void
kit_step(struct kit *k, struct role_event ev)
{
	const struct role_action *a;

	ev.now_ms = k->now_ms;
	role_step(k->role, &ev, &k->todo);
	a = kit_find(k, ROLE_ACT_LOOK);
	if (a)
		k->look_count = a->u.look.serial.count;
	a = kit_find(k, ROLE_ACT_ROLE);
	if (a)
		k->role_count = a->u.role.serial.count;
	for (unsigned i = 0; i < k->todo.count; i++) {
		a = &k->todo.list[i];
		if (a->type == ROLE_ACT_SEND && a->u.packet.type == QPACKET_LEADERINFO)
			k->offered[a->sid] = a->u.packet.zxid >> 32;
		if (a->type == ROLE_ACT_CONNECT ||
		    (a->type == ROLE_ACT_DISCONNECT && a->number == 0))
			k->dials[a->sid] = a->type == ROLE_ACT_CONNECT;
	}
}

static inline void
kit_new(struct kit *k, struct role_config config)
{
	k->sid = config.sid;
	k->now_ms = 1000;
	k->look_count = 0;
	k->role_count = 0;
	memset(k->offered, 0, sizeof(k->offered));
	memset(k->numbers, 0, sizeof(k->numbers));
	memset(k->dials, 0, sizeof(k->dials));
	assert_int_equal(role_new(&k->role, &config), 0);
}

/* A server of a group that was founded with what k->members says. */
static inline struct role_record
kit_record(const struct kit *k, int64_t accepted, int64_t current, int64_t claim)
{
	return (struct role_record){
	    .accepted = accepted,
	    .current = current,
	    .claim = claim,
	    .instance = kit_instance(k->sid),
	    .members = {.epoch = current > 0 ? current : 1,
	                .new = kit_with_instances(&k->members)},
	};
}

static inline void
kit_start(struct kit *k, int64_t accepted, int64_t current)
{
	kit_step(k, (struct role_event){.type = ROLE_EV_START,
	                                .generation = 7,
	                                .record = kit_record(k, accepted, current, 0)});
}

static inline void
kit_decided(struct kit *k, enum notif_state state, int64_t leader)
{
	kit_step(k, (struct role_event){
			.type = ROLE_EV_DECIDED,
			.serial = {7, k->look_count},
			.vote = {.leader = leader, .round = 9, .state = (int32_t)state}});
}

static inline void
kit_link(struct kit *k, int64_t sid, enum msg_link link, enum msg_reason reason)
{
	kit_step(k, (struct role_event){.type = ROLE_EV_REMOTE,
	                                .sid = sid,
	                                .lane = MSG_LANE_LEARNER,
	                                .link = link,
	                                .reason = reason,
	                                .number = k->numbers[sid],
	                                .dialled = k->dials[sid]});
	if (link == MSG_LINK_UP || k->numbers[sid] == 0)
		k->dials[sid] = false;
}

/* A new connection, which we dialled if we asked for one. */
static inline void
kit_up(struct kit *k, int64_t sid)
{
	k->numbers[sid] = ++k->number;
	kit_link(k, sid, MSG_LINK_UP, MSG_REASON_NONE);
}

/* The newest connection has ended, or if there is none, could not be dialled. */
static inline void
kit_down(struct kit *k, int64_t sid, enum msg_reason reason)
{
	kit_link(k, sid, MSG_LINK_DOWN, reason);
	k->numbers[sid] = 0;
}

static inline void
kit_raw(struct kit *k, int64_t sid, int32_t type, int64_t zxid, const void *data,
        size_t len)
{
	const struct qpacket q = {
	    .type = type, .zxid = zxid, .data = data, .data_len = len, .auth_count = -1};

	kit_step(k, (struct role_event){.type = ROLE_EV_PACKET,
	                                .sid = sid,
	                                .number = k->numbers[sid],
	                                .packet = &q});
}

/* What `sid`, a member since the founding, says of memberships. */
static inline struct members_report
kit_report(const struct kit *k, int64_t sid)
{
	return (struct members_report){
	    .instance = kit_instance(sid),
	    .version = k->members.version,
	    .digest = members_digest(&k->members),
	    .record = {.epoch = 1, .new = kit_with_instances(&k->members)},
	};
}

static inline void
kit_newleader(struct kit *k, int64_t sid, int64_t zxid, const struct members_record *pair)
{
	const struct qpacket q = {
	    .type = QPACKET_NEWLEADER, .zxid = zxid, .auth_count = -1};

	kit_step(k, (struct role_event){.type = ROLE_EV_PACKET,
	                                .sid = sid,
	                                .number = k->numbers[sid],
	                                .packet = &q,
	                                .pair = pair});
}

/* LEADERINFO carries the protocol and our own timing; NEWLEADER what the group was
 * founded with. */
static inline void
kit_packet(struct kit *k, int64_t sid, int32_t type, int64_t zxid, int32_t protocol)
{
	const struct qpacket_leaderinfo info = {
	    .protocol = protocol, .tick_ms = KIT_TICK, .init_limit = 40, .sync_limit = 6};
	const struct members_record pair = {.new = kit_with_instances(&k->members)};
	unsigned char data[20];
	size_t len = 0;

	if (type == QPACKET_LEADERINFO)
		len = members_put_leaderinfo(&info, data, sizeof(data));
	if (len > 0 && protocol < QPACKET_PROTOCOL)
		len = 4; /* without the timing */
	if (type == QPACKET_NEWLEADER)
		kit_newleader(k, sid, zxid, &pair);
	else
		kit_raw(k, sid, type, zxid, len ? data : NULL, len);
}

static inline void
kit_says(struct kit *k, int64_t sid, int64_t zxid, int32_t current, int64_t epoch,
         const struct members_report *report)
{
	const struct qpacket q = {
	    .type = QPACKET_ACKEPOCH, .zxid = zxid, .auth_count = -1};

	kit_step(k, (struct role_event){.type = ROLE_EV_PACKET,
	                                .sid = sid,
	                                .number = k->numbers[sid],
	                                .packet = &q,
	                                .answer = {current, (int32_t)epoch},
	                                .report = report});
}

static inline void
kit_ackepoch(struct kit *k, int64_t sid, int64_t zxid, int32_t current, int64_t epoch)
{
	const struct members_report report = kit_report(k, sid);

	kit_says(k, sid, zxid, current, epoch, &report);
}

static inline void
kit_info(struct kit *k, int64_t sid, int32_t type, int64_t epoch)
{
	const struct qpacket_learner info = {.sid = sid, .protocol = QPACKET_PROTOCOL};
	unsigned char data[20];
	size_t len = qpacket_put_learner(&info, data, sizeof(data));

	kit_raw(k, sid, type, epoch << 32, data, len);
}

/* The last step wants a record with these epochs. */
static inline void
kit_writes(const struct kit *k, int64_t accepted, int64_t current)
{
	const struct role_action *a = kit_find(k, ROLE_ACT_WRITE);

	assert_non_null(a);
	assert_int_equal(a->u.write->accepted, accepted);
	assert_int_equal(a->u.write->current, current);
}

/* The write that the last step asked for has ended. */
static inline void
kit_written(struct kit *k, int error)
{
	kit_step(k, (struct role_event){.type = ROLE_EV_WRITTEN, .error = error});
}

static inline void
kit_pass(struct kit *k, uint64_t ms)
{
	k->now_ms += ms;
	kit_step(k, (struct role_event){.type = ROLE_EV_DUE});
}

/* How long a role that ends now waits before it looks again: `ticks` and, by rule D5, up
 * to a half more, which depends on the sid and the newest count. */
static inline uint64_t
kit_wait_ms(const struct kit *k, unsigned ticks)
{
	uint64_t count = k->look_count > k->role_count ? k->look_count : k->role_count;
	uint64_t share = (7 * (uint64_t)k->sid + 5 * count) % 16;

	return ticks * KIT_TICK * (32 + share) / 32;
}

static inline struct role_view
kit_view(const struct kit *k)
{
	struct role_view v;

	role_get_view(k->role, &v);
	return v;
}

#endif
