/* Carries out what the core wants done: messages, writes, events and log lines. */
#include "base/clock.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "ipc/msg.h"
#include "peer/packet.h"
#include "peer/shell.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATUS_LINE_MAX 200

static void
send_look(struct peer *p, const struct msg_look *look)
{
	p->counters.looks++;
	if (p->look_us == 0)
		p->look_us = clock_us();
	log_limited(LOG_LEVEL_INFO,
	            "looking reason=%s epoch=%" PRId64 " serial=%" PRIu64 ",%" PRIu64,
	            msg_look_reason_name(look->reason), look->epoch,
	            look->serial.generation, look->serial.count);
	uplink_send(p->uplink, &(struct msg){.type = MSG_LOOK, .u.look = *look});
}

static void
send_role(struct peer *p, const struct msg_vote *role)
{
	const struct vote *v = &role->vote;

	log_limited(LOG_LEVEL_INFO,
	            "role %s of %" PRId64 " round=%" PRId64 " epoch=%" PRId64,
	            notif_state_word(v->state), v->leader, v->round, v->epoch);
	uplink_send(p->uplink, &(struct msg){.type = MSG_ROLE, .u.role = *role});
}

static void
send_packet(struct peer *p, const struct role_action *a)
{
	static unsigned char bytes[PACKET_MAX];
	struct msg m = {.type = MSG_FRAME_OUT};

	m.u.frame.lane = MSG_LANE_LEARNER;
	m.u.frame.sid = a->sid;
	m.u.frame.number = a->number;
	m.u.frame.data = bytes;
	m.u.frame.data_len = packet_encode(&a->u.packet, &p->hints, bytes);
	assert(m.u.frame.data_len > 0);
	p->counters.packets_out++;
	uplink_send(p->uplink, &m);
}

static void
send_connect(struct peer *p, enum msg_type type, const struct role_action *a)
{
	const struct msg_connect connect = {
	    .lane = MSG_LANE_LEARNER,
	    .sid = a->sid,
	    .number = a->number,
	    .reason = MSG_REASON_ASKED,
	};

	uplink_send(p->uplink, &(struct msg){.type = type, .u.connect = connect});
}

static void
start_write(struct peer *p, const struct role_record *record)
{
	p->counters.writes++;
	p->writing = true;
	if (record->members.epoch > 0)
		p->anew[0] = '\0';
	epoch_write(p->epochs, record, &p->hints);
}

void
peer_say(struct peer *p)
{
	char line[STATUS_LINE_MAX];

	peer_line(p, line, sizeof(line));
	proc_ready(p->proc, line, uplink_generation(p->uplink), uplink_active(p->uplink));
}

static void
count_leader(struct peer *p, int64_t leader)
{
	p->counters.leader_changes += !p->had_leader || p->last_leader != leader;
	p->had_leader = true;
	p->last_leader = leader;
	if (p->look_us > 0)
		histogram_add(&p->establish, clock_us() - p->look_us);
	p->look_us = 0;
}

/* Tells all who watch where we stand. */
static void
tell_event(struct peer *p)
{
	p->view_us = clock_us();
	peer_watch_tell(p);
}

void
peer_publish(struct peer *p, const struct role_view *view)
{
	const struct role_view was = p->view;
	bool turn = was.has_leader != view->has_leader || was.leader != view->leader;

	(void)peer_see_members(p);
	p->view = *view;
	if (was.has_leader && !view->has_leader)
		p->looking_us = clock_us();
	/* a core that is new, and not started, may take the term up again */
	if (was.active && !view->active && p->started)
		holds_lose(p->holds);
	if (turn && view->has_leader)
		count_leader(p, view->leader);
	tell_event(p);
	log_line(turn ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO,
	         "state %s→%s phase=%s leader=%" PRId64 " epoch=%" PRId64 " active=%d",
	         notif_state_word(was.state), notif_state_word(view->state),
	         role_phase_name(view->phase), view->has_leader ? view->leader : -1,
	         view->epoch, view->active);
	if (p->ready)
		peer_say(p);
}

static void
apply_lease(struct peer *p, const struct role_action *a)
{
	if (a->type == ROLE_ACT_MEMORY)
		peer_lease_remember(p, &a->u.memory);
	else if (a->type == ROLE_ACT_PAGE)
		peer_lease_publish(p, &a->u.page);
	else if (a->type == ROLE_ACT_LET_GO)
		peer_ask_holders(p);
	else if (a->type == ROLE_ACT_MAY_HOLD)
		holds_allow(p->holds);
	else if (a->type == ROLE_ACT_STEPPED)
		peer_stepped(p, a->u.error);
	else if (a->type == ROLE_ACT_CONFIRMED)
		peer_confirmed(p, a->u.confirmed.number, a->u.confirmed.leads);
}

static void
close_link(struct peer *p, const struct role_action *a)
{
	p->counters.links_closed++;
	log_limited(LOG_LEVEL_INFO, "learner: link sid=%" PRId64 " closed reason=%s",
	            a->sid, role_close_name(a->u.close));
	send_connect(p, MSG_DISCONNECT, a);
}

void
peer_apply(struct peer *p)
{
	bool published = false;

	for (unsigned i = 0; i < p->todo.count; i++) {
		const struct role_action *a = &p->todo.list[i];

		switch (a->type) {
		case ROLE_ACT_LOOK:
			send_look(p, &a->u.look);
			break;
		case ROLE_ACT_ROLE:
			send_role(p, &a->u.role);
			break;
		case ROLE_ACT_ABSENT:
			uplink_send(p->uplink, &(struct msg){.type = MSG_ABSENT});
			break;
		case ROLE_ACT_SEND:
			send_packet(p, a);
			break;
		case ROLE_ACT_CONNECT:
			send_connect(p, MSG_CONNECT, a);
			break;
		case ROLE_ACT_DISCONNECT:
			close_link(p, a);
			break;
		case ROLE_ACT_TAKE:
			uplink_send(p->uplink,
			            &(struct msg){.type = MSG_TAKE,
			                          .u.take = {a->sid, a->number}});
			break;
		case ROLE_ACT_WRITE:
			start_write(p, a->u.write);
			break;
		case ROLE_ACT_CLAIMED:
			peer_door_claimed(p, a->u.claimed.claim, a->u.claimed.error);
			break;
		case ROLE_ACT_MEMBERS:
			peer_tell_members(p, &a->u.members);
			break;
		case ROLE_ACT_REFOUNDED:
			peer_door_refounded(p, a->u.error);
			break;
		case ROLE_ACT_MEMORY:
		case ROLE_ACT_PAGE:
		case ROLE_ACT_LET_GO:
		case ROLE_ACT_MAY_HOLD:
		case ROLE_ACT_STEPPED:
		case ROLE_ACT_CONFIRMED:
			apply_lease(p, a);
			break;
		case ROLE_ACT_EVENT:
			uplink_flush(p->uplink); /* nobody else waits for it */
			peer_publish(p, &a->u.view);
			published = true;
			break;
		}
	}
	/* nobody else waits for what is said of members */
	if (!published && peer_see_members(p))
		tell_event(p);
}
