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

/* Participants 1 … voters, then observers. */
static inline void
kit_members(struct qconfig *c, unsigned voters, unsigned observers)
{
	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < voters + observers; i++) {
		c->servers[i].sid = i + 1;
		c->servers[i].observer = i >= voters;
	}
	c->server_count = voters + observers;
}

static inline struct role_config
kit_config(const struct qconfig *members, int64_t sid)
{
	return (struct role_config){
	    .sid = sid,
	    .zab = true,
	    .tick_ms = KIT_TICK,
	    .init_limit = 40,
	    .sync_limit = 6,
	    .members = members,
	};
}

/* One core, its clock and the actions of its last step. */
struct kit {
	struct role *role;
	int64_t sid;
	struct qconfig members;
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

static inline int32_t
kit_i32(const struct role_packet *p)
{
	const struct qpacket q = {
	    .type = p->type, .data = p->data, .data_len = p->data_len};
	int32_t v = INT32_MIN;

	assert_int_equal(qpacket_get_i32(&q, &v), QPACKET_OK);
	return v;
}

/* The current epoch in an ACKEPOCH; -1: it is no promise. */
static inline int32_t
kit_answer(const struct role_packet *p)
{
	const struct qpacket q = {
	    .type = p->type, .data = p->data, .data_len = p->data_len};
	struct qpacket_ackepoch v = {INT32_MIN, INT32_MIN};

	assert_int_equal(qpacket_get_ackepoch(&q, &v), QPACKET_OK);
	return v.current;
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

static inline void
kit_start(struct kit *k, int64_t accepted, int64_t current)
{
	kit_step(k, (struct role_event){.type = ROLE_EV_START,
	                                .generation = 7,
	                                .record = {accepted, current, 0}});
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

/* LEADERINFO carries `value`. */
static inline void
kit_packet(struct kit *k, int64_t sid, int32_t type, int64_t zxid, int32_t value)
{
	unsigned char data[4];
	size_t len = 0;

	if (type == QPACKET_LEADERINFO)
		len = qpacket_put_i32(value, data, sizeof(data));
	kit_raw(k, sid, type, zxid, len ? data : NULL, len);
}

static inline void
kit_ackepoch(struct kit *k, int64_t sid, int64_t zxid, int32_t current, int64_t epoch)
{
	const struct qpacket_ackepoch answer = {current, (int32_t)epoch};
	unsigned char data[8];
	size_t len = qpacket_put_ackepoch(&answer, data, sizeof(data));

	kit_raw(k, sid, QPACKET_ACKEPOCH, zxid, data, len);
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
