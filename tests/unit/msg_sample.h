/* One message of each type in three versions: the least, a plain one, the most. */
#ifndef TESTS_UNIT_MSG_SAMPLE_H
#define TESTS_UNIT_MSG_SAMPLE_H

#include "ipc/msg.h"
#include "wire/notif.h"

#include <string.h>

enum sample { SAMPLE_LOW, SAMPLE_PLAIN, SAMPLE_HIGH, SAMPLES };

static unsigned char frame_bytes[MSG_FRAME_MAX];

static int64_t
pick(enum sample s, int64_t low, int64_t plain, int64_t high)
{
	return s == SAMPLE_LOW ? low : s == SAMPLE_PLAIN ? plain : high;
}

static int64_t
pick_any(enum sample s, int64_t plain)
{
	return pick(s, INT64_MIN, plain, INT64_MAX);
}

static uint64_t
pick_u64(enum sample s, uint64_t low)
{
	return s == SAMPLE_LOW     ? low
	       : s == SAMPLE_PLAIN ? 0x0102030405060708
	                           : UINT64_MAX;
}

static struct msg_serial
pick_serial(enum sample s)
{
	if (s == SAMPLE_LOW)
		return (struct msg_serial){0, 1};
	if (s == SAMPLE_PLAIN)
		return (struct msg_serial){3, 7};
	return (struct msg_serial){UINT64_MAX, UINT64_MAX};
}

static struct vote
pick_vote(enum sample s)
{
	return (struct vote){.leader = pick_any(s, 1),
	                     .zxid = pick_any(s, 2),
	                     .round = pick_any(s, 3),
	                     .epoch = pick_any(s, 4),
	                     .priority = pick_any(s, 5)};
}

static void
fill_text(char *out, size_t room, enum sample s, const char *plain)
{
	if (s == SAMPLE_PLAIN) {
		strcpy(out, plain);
		return;
	}
	if (s == SAMPLE_HIGH)
		memset(out, 'z', room - 1);
	else
		out[0] = '0';
}

static void
fill_door(struct msg *m, enum sample s)
{
	struct msg_attach *a = &m->u.attach;

	switch ((int)m->type) {
	case MSG_ATTACH:
		a->who = (uint8_t)pick(s, MSG_WHO_ELECTOR, MSG_WHO_PEER, MSG_WHO_PEER);
		fill_text(a->name, sizeof(a->name), s, "swap-2.B_a");
		a->pid = pick(s, 1, 4711, INT32_MAX);
		fill_text(a->build, sizeof(a->build), s, "1.2.3~rc4+dirty");
		a->set = (uint8_t)pick(s, 1, MSG_SET, UINT8_MAX);
		a->generation = pick_u64(s, 0);
		break;
	case MSG_ATTACHED:
		m->u.attached.generation = pick_u64(s, 0);
		fill_text(m->u.attached.path, MSG_PATH_MAX, s, "/run/conclave/link.1");
		m->u.attached.path[0] = '/';
		m->u.attached.path[1] = 'x';
		break;
	case MSG_SUPERSEDED:
		m->u.superseded.other_name = s != SAMPLE_LOW;
		break;
	case MSG_HELLO:
	case MSG_WELCOME:
		m->u.hello.generation = pick_u64(s, 0);
		break;
	case MSG_ACTIVATE:
		m->u.hello.generation = pick_u64(s, 1);
		break;
	}
}

static void
fill_traffic(struct msg *m, enum sample s)
{
	uint8_t lane = (uint8_t)pick(s, MSG_LANE_ELECTION, MSG_LANE_LEARNER, 2);
	uint8_t reason = (uint8_t)pick(s, 0, MSG_REASON_EOF, MSG_REASONS - 1);

	switch ((int)m->type) {
	case MSG_REMOTE:
		m->u.remote = (struct msg_remote){
		    .lane = lane,
		    .sid = pick(s, MSG_ALL + 1, 3, INT64_MAX),
		    .link =
			(uint8_t)pick(s, MSG_LINK_DOWN, MSG_LINK_CONNECTING, MSG_LINK_UP),
		    .reason = reason,
		    .was_up = s != SAMPLE_LOW,
		    .number = pick_u64(s, 0),
		    .dialled = s != SAMPLE_LOW,
		};
		break;
	case MSG_FRAME_IN:
	case MSG_FRAME_OUT:
		m->u.frame.lane = lane;
		m->u.frame.sid = pick(s, MSG_ALL + 1, 3, INT64_MAX);
		m->u.frame.number = pick_u64(s, 0);
		m->u.frame.data = frame_bytes;
		m->u.frame.data_len = (size_t)pick(s, 1, 44, MSG_FRAME_MAX);
		break;
	case MSG_CONNECT:
	case MSG_DISCONNECT:
		m->u.connect.lane = lane;
		m->u.connect.sid = pick_any(s, 3);
		m->u.connect.number = pick_u64(s, 0);
		m->u.connect.reason = reason;
		break;
	case MSG_TAKE:
		m->u.take.sid = pick(s, MSG_ALL + 1, 3, INT64_MAX);
		m->u.take.number = pick_u64(s, 1);
		break;
	}
}

static void
fill_election(struct msg *m, enum sample s)
{
	uint8_t role = (uint8_t)pick(s, NOTIF_FOLLOWING, NOTIF_LEADING, NOTIF_OBSERVING);
	struct msg_look *look = &m->u.look;

	switch ((int)m->type) {
	case MSG_LOOK:
		look->serial = pick_serial(s);
		look->sid = pick(s, 0, 3, INT64_MAX);
		look->zxid = pick_any(s, 0x100000001);
		look->epoch = pick_any(s, 1);
		look->last_round = pick_any(s, 5);
		look->gave_up = s != SAMPLE_LOW;
		look->leader = pick_any(s, 2);
		look->reason = (uint8_t)pick(s, 0, MSG_LOOK_LEADER, MSG_LOOK_REASONS - 1);
		break;
	case MSG_DECIDED:
		m->u.decided.serial = pick_serial(s);
		m->u.decided.vote = pick_vote(s);
		m->u.decided.vote.state = role;
		break;
	case MSG_WHERE:
		m->u.where.sid = pick(s, MSG_ALL + 1, 2, INT64_MAX);
		m->u.where.at = (struct msg_text){"10.0.0.3:2888:3888", 18};
		break;
	case MSG_DOUBT:
		m->u.doubt.serial = pick_serial(s);
		m->u.doubt.sid = pick(s, MSG_ALL + 1, 2, INT64_MAX);
		break;
	case MSG_ROLE:
		m->u.role.serial = pick_serial(s);
		m->u.role.vote = pick_vote(s);
		m->u.role.vote.state = role;
		break;
	case MSG_STATE:
		m->u.state.serial = pick_serial(s);
		m->u.state.vote = pick_vote(s);
		break;
	}
}

/* The most: texts of as many bytes as there is room for. */
static void
fill_members(struct msg *m, enum sample s)
{
	static const char plain[] = "server.1=a:2888:3888:participant\nversion=1f";
	static char most[MSG_MEMBERS_MAX];
	struct msg_members *members = &m->u.members;

	if (m->type != MSG_MEMBERS)
		return;
	memset(most, '~', sizeof(most));
	members->joins = s != SAMPLE_LOW;
	members->current = (struct msg_text){plain, s == SAMPLE_LOW ? 1 : 34};
	members->last_seen = (struct msg_text){plain, s == SAMPLE_LOW ? 0 : 43};
	members->links = (struct msg_text){plain, s == SAMPLE_LOW ? 0 : 43};
	if (s == SAMPLE_HIGH) {
		members->current = (struct msg_text){most, 23000};
		members->last_seen = (struct msg_text){most, 23000};
		members->links = (struct msg_text){most, sizeof(most) - 46000};
	}
}

static struct msg
sample(enum msg_type type, enum sample s)
{
	struct msg m;

	memset(&m, 0, sizeof(m));
	m.type = type;
	fill_door(&m, s);
	fill_traffic(&m, s);
	fill_election(&m, s);
	fill_members(&m, s);
	return m;
}

#endif
