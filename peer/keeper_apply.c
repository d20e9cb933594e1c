/* See keeper_apply.h. */
#include "peer/keeper_apply.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/msg.h"
#include "peer/answer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATUS_LINE_MAX 200
#define EVENT_MAX       (6 * KEEPER_WHY_MAX + 512) /* each byte of a reason as \uXXXX */

static void
send_look(struct keeper *k, const struct msg_look *look)
{
	k->counters.looks++;
	if (k->look_us == 0)
		k->look_us = clock_us();
	log_info("looking reason=%s epoch=%" PRId64 " serial=%" PRIu64 ",%" PRIu64,
	         msg_look_reason_name(look->reason), look->epoch, look->serial.generation,
	         look->serial.count);
	uplink_send(k->uplink, &(struct msg){.type = MSG_LOOK, .u.look = *look});
}

static void
send_role(struct keeper *k, const struct msg_role *role)
{
	const struct vote *v = &role->vote;

	log_info("role %s of %" PRId64 " round=%" PRId64 " epoch=%" PRId64,
	         role_state_name(v->state), v->leader, v->round, v->epoch);
	uplink_send(k->uplink, &(struct msg){.type = MSG_ROLE, .u.role = *role});
}

static void
send_packet(struct keeper *k, const struct role_action *a)
{
	const struct role_packet *p = &a->u.packet;
	const struct qpacket packet = {
	    .type = p->type,
	    .zxid = p->zxid,
	    .data = p->data_len > 0 ? p->data : NULL,
	    .data_len = p->data_len,
	    .auth_count = -1,
	};
	unsigned char bytes[64];
	struct msg m = {.type = MSG_FRAME_OUT};

	m.u.frame.lane = MSG_LANE_LEARNER;
	m.u.frame.sid = a->sid;
	m.u.frame.data = bytes;
	m.u.frame.data_len = qpacket_encode(&packet, bytes, sizeof(bytes));
	assert(m.u.frame.data_len > 0);
	k->counters.packets_out++;
	uplink_send(k->uplink, &m);
}

static void
send_connect(struct keeper *k, enum msg_type type, int64_t sid)
{
	struct msg m = {.type = type};

	m.u.connect.lane = MSG_LANE_LEARNER;
	m.u.connect.sid = sid;
	m.u.connect.reason = MSG_REASON_ASKED;
	uplink_send(k->uplink, &m);
}

static int
start_write(struct keeper *k, const struct role_action *a)
{
	bool accepted = a->u.write.file == ROLE_FILE_ACCEPTED;
	int r = epoch_write(k->writer, k->folder,
	                    accepted ? EPOCH_ACCEPTED : EPOCH_CURRENT, a->u.write.epoch);

	if (r < 0)
		return r;
	k->counters.writes++;
	k->writing = true;
	return 0;
}

void
keeper_say(struct keeper *k)
{
	const struct role_view *v = &k->view;
	char line[STATUS_LINE_MAX];
	char reason[KEEPER_WHY_MAX];
	unsigned long long generation = uplink_generation(k->uplink);

	keeper_reason(k, reason, sizeof(reason));
	snprintf(line, sizeof(line),
	         "%s, %s, leader %" PRId64 ", epoch %" PRId64 "%s%.100s",
	         role_state_name(v->state), role_phase_name(v->phase),
	         v->has_leader ? v->leader : -1, v->epoch, *reason ? ": " : "", reason);
	if (!k->role)
		snprintf(line, sizeof(line), "shadow");
	proc_ready(k->proc, line, generation, uplink_active(k->uplink));
}

static void
count_leader(struct keeper *k, int64_t leader)
{
	k->counters.leader_changes += !k->had_leader || k->last_leader != leader;
	k->had_leader = true;
	k->last_leader = leader;
	if (k->look_us > 0)
		histogram_add(&k->establish, clock_us() - k->look_us);
	k->look_us = 0;
}

void
keeper_publish(struct keeper *k, const struct role_view *view)
{
	static char text[EVENT_MAX];
	const struct role_view was = k->view;
	bool turn = was.has_leader != view->has_leader || was.leader != view->leader;
	size_t len;

	k->view = *view;
	k->view_us = clock_us();
	if (turn && view->has_leader)
		count_leader(k, view->leader);
	len = answer_event(k, text, sizeof(text));
	assert(len > 0);
	watch_send(&k->watch, text, len);
	log_line(turn ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO,
	         "state %s→%s phase=%s leader=%" PRId64 " epoch=%" PRId64 " active=%d",
	         role_state_name(was.state), role_state_name(view->state),
	         role_phase_name(view->phase), view->has_leader ? view->leader : -1,
	         view->epoch, view->active);
	if (k->ready)
		keeper_say(k);
}

int
keeper_apply(struct keeper *k)
{
	int r = 0;

	for (unsigned i = 0; i < k->todo.count; i++) {
		const struct role_action *a = &k->todo.list[i];

		switch (a->type) {
		case ROLE_ACT_LOOK:
			send_look(k, &a->u.look);
			break;
		case ROLE_ACT_ROLE:
			send_role(k, &a->u.role);
			break;
		case ROLE_ACT_ABSENT:
			uplink_send(k->uplink, &(struct msg){.type = MSG_ABSENT});
			break;
		case ROLE_ACT_SEND:
			send_packet(k, a);
			break;
		case ROLE_ACT_CONNECT:
			send_connect(k, MSG_CONNECT, a->sid);
			break;
		case ROLE_ACT_DISCONNECT:
			k->counters.links_closed++;
			log_info("learner sid=%" PRId64 " closed reason=%s", a->sid,
			         role_close_name(a->u.close));
			send_connect(k, MSG_DISCONNECT, a->sid);
			break;
		case ROLE_ACT_WRITE:
			r = start_write(k, a);
			break;
		case ROLE_ACT_EVENT:
			keeper_publish(k, &a->u.view);
			break;
		}
	}
	return r;
}
