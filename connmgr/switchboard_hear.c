/* What workers and remotes say, made into events of the board; see switchboard.h. */
#include "connmgr/switchboard_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "wire/notif.h"

#include <assert.h>

static void
say(struct switchboard *s, unsigned worker, enum msg_type said,
    const struct msg_serial *serial, const void *data, size_t len)
{
	struct board_event ev = {.type = BOARD_EV_SAY,
	                         .worker = worker,
	                         .said = said,
	                         .data = data,
	                         .len = len};

	if (serial)
		ev.serial = *serial;
	switchboard_step(s, &ev);
}

static struct lane *
lane_of(struct switchboard *s, uint8_t lane)
{
	return lane == MSG_LANE_ELECTION ? s->election : s->learner;
}

static void
on_connect(struct switchboard *s, unsigned worker, const struct msg *m)
{
	bool connect = m->type == MSG_CONNECT;
	enum msg_reason reason = m->u.connect.reason;

	if (!board_may(s->board, worker, m->u.connect.lane, connect))
		return;
	if (connect)
		lane_connect(lane_of(s, m->u.connect.lane), m->u.connect.sid);
	else
		lane_disconnect(lane_of(s, m->u.connect.lane), m->u.connect.sid,
		                reason == MSG_REASON_NONE ? MSG_REASON_ASKED : reason);
}

static void
on_message(void *user, unsigned worker, const void *data, size_t len)
{
	struct switchboard *s = user;
	bool elector = board_worker(s->board, worker)->who == MSG_WHO_ELECTOR;
	struct board_event ev = {
	    .type = BOARD_EV_HELLO, .now_ms = clock_ms(), .worker = worker};
	struct msg m;

	if (msg_decode(data, len, &m) != MSG_OK ||
	    !(msg_def(m.type)->from & (elector ? MSG_ELECTOR : MSG_PEER))) {
		s->counters.refused++;
		s->workers[worker].refused++;
		return;
	}
	s->workers[worker].said++;
	if (elector && switchboard_compare(s, worker, &m))
		return;
	if (m.type == MSG_FRAME_OUT) {
		if (board_may(s->board, worker, m.u.frame.lane, false))
			lane_send(lane_of(s, m.u.frame.lane), m.u.frame.sid,
			          m.u.frame.data, m.u.frame.data_len);
	} else if (m.type == MSG_HELLO) {
		ev.generation = m.u.hello.generation;
		switchboard_step(s, &ev);
	} else if (m.type == MSG_CONNECT || m.type == MSG_DISCONNECT) {
		on_connect(s, worker, &m);
	} else if (m.type == MSG_LOOK) {
		say(s, worker, MSG_LOOK, &m.u.look.serial, data, len);
		switchboard_word(s, true);
	} else if (m.type == MSG_ROLE) {
		say(s, worker, MSG_ROLE, &m.u.role.serial, data, len);
		switchboard_word(s, false);
	} else if (m.type == MSG_DECIDED) {
		say(s, worker, MSG_DECIDED, NULL, data, len);
	} else if (m.type == MSG_DOUBT) {
		say(s, worker, MSG_DOUBT, NULL, data, len);
	} else if (m.type == MSG_STATE) {
		say(s, worker, MSG_STATE, NULL, data, len);
	} else if (m.type == MSG_ABSENT) {
		say(s, worker, MSG_ABSENT, NULL, NULL, 0);
	} else {
		s->counters.refused++;
		s->workers[worker].refused++;
	}
}

void
switchboard_link_down(struct switchboard *s, unsigned worker, const char *why)
{
	const struct board_worker *w = board_worker(s->board, worker);
	struct board_event ev = {
	    .type = BOARD_EV_LINK_DOWN, .now_ms = clock_ms(), .worker = worker};

	log_info("%s %s link lost reason=%s",
	         w->who == MSG_WHO_ELECTOR ? "elector" : "peer", w->name, why);
	s->counters.links_lost++;
	s->workers[worker].lost++;
	switchboard_unlinked(s, worker);
	switchboard_step(s, &ev);
}

static void
on_down(void *user, unsigned worker, const char *why)
{
	switchboard_link_down(user, worker, why);
}

const struct worker_ops switchboard_worker_ops = {on_message, on_down};

static bool
learner_may_accept(void *user)
{
	struct switchboard *s = user;

	return board_open(s->board, MSG_WHO_PEER) >= 0;
}

static bool
election_may_accept(void *user)
{
	(void)user;
	return true;
}

static void
on_remote(void *user, enum msg_lane lane, int64_t sid, enum msg_link status,
          enum msg_reason reason, bool was_up)
{
	struct switchboard *s = user;
	struct msg m = {.type = MSG_REMOTE};
	unsigned char data[BOARD_SMALL_MAX];
	struct board_event ev = {.type = BOARD_EV_REMOTE,
	                         .lane = lane,
	                         .sid = sid,
	                         /* of our port it is no link, but news */
	                         .down = status == MSG_LINK_DOWN && sid != s->conf->id,
	                         .data = data};

	m.u.remote = (struct msg_remote){.lane = (uint8_t)lane,
	                                 .sid = sid,
	                                 .link = (uint8_t)status,
	                                 .reason = (uint8_t)reason,
	                                 .was_up = was_up};
	ev.len = msg_encode(&m, data, sizeof(data));
	assert(ev.len > 0);
	switchboard_step(s, &ev);
}

static void
on_frame(void *user, enum msg_lane lane, int64_t sid, bool member,
         const unsigned char *frame, size_t frame_len)
{
	static unsigned char data[MSG_MAX];
	struct switchboard *s = user;
	struct msg m = {.type = MSG_FRAME_IN};
	struct board_event ev = {.type = BOARD_EV_FRAME,
	                         .lane = lane,
	                         .sid = sid,
	                         .member = member,
	                         .data = data};

	m.u.frame = (struct msg_frame){
	    .lane = (uint8_t)lane, .sid = sid, .data = frame, .data_len = frame_len};
	ev.len = msg_encode(&m, data, sizeof(data));
	assert(ev.len > 0);
	switchboard_step(s, &ev);
}

static void
on_forget(void *user, int64_t sid)
{
	struct board_event ev = {.type = BOARD_EV_FORGET, .sid = sid};

	switchboard_step(user, &ev);
}

const struct lane_ops switchboard_election_ops = {election_may_accept, on_remote,
                                                  on_frame, on_forget};
const struct lane_ops switchboard_learner_ops = {learner_may_accept, on_remote, on_frame,
                                                 on_forget};
