/* The actions of the core become messages to connmgr. None of this feeds an event back.
 */
#include "elector/shell.h"

#include "base/clock.h"
#include "base/log_limited.h"

#include <assert.h>
#include <inttypes.h>

/* To whom a broadcast goes. */
static unsigned
list_asked(const struct elector *s, int64_t out[ELECT_VOTERS_MAX + ELECT_OTHERS_MAX])
{
	unsigned count = quorum_pair_voters(&s->quorums, out);

	for (unsigned i = 0; i < s->other_count; i++)
		if (!quorum_pair_is_voter(&s->quorums, s->others[i]))
			out[count++] = s->others[i];
	return count;
}

static void
send_vote(struct elector *s, const struct elect_action *a)
{
	struct notif n = {.vote = a->vote,
	                  .has_config = true,
	                  .config = s->config_text,
	                  .config_len = s->config_text_len};
	struct msg m = {.type = MSG_FRAME_OUT,
	                .u.frame = {.lane = MSG_LANE_ELECTION, .data = s->frame}};
	int64_t asked[ELECT_VOTERS_MAX + ELECT_OTHERS_MAX];
	unsigned count;

	if (a->type == ELECT_ACT_SEND &&
	    uplink_waiting(s->uplink) >= UPLINK_QUEUE_MAX / 2 &&
	    !elector_find_remote(s, a->sid)) {
		s->counters.spared++;
		return;
	}
	m.u.frame.data_len = notif_encode(&n, s->frame, sizeof(s->frame));
	assert(m.u.frame.data_len > 0);
	if (a->type == ELECT_ACT_SEND) {
		m.u.frame.sid = a->sid;
		s->counters.frames_out++;
		uplink_send(s->uplink, &m);
		return;
	}
	count = list_asked(s, asked);
	for (unsigned i = 0; i < count; i++) {
		if (asked[i] == s->conf->id)
			continue;
		m.u.frame.sid = asked[i];
		s->counters.frames_out++;
		uplink_send(s->uplink, &m);
	}
}

static void
send_state(struct elector *s, const struct elect_action *a)
{
	struct msg m = {.type = MSG_STATE,
	                .u.state = {.serial = a->serial, .vote = a->vote}};

	s->counters.rounds +=
	    !s->state.type || s->state.u.state.vote.round != a->vote.round;
	s->state = m;
	log_limited(LOG_LEVEL_DEBUG,
	            "vote leader=%" PRId64 " zxid=0x%" PRIx64 " round=%" PRId64
	            " epoch=%" PRId64,
	            a->vote.leader, (uint64_t)a->vote.zxid, a->vote.round, a->vote.epoch);
	uplink_send(s->uplink, &m);
}

static void
send_decided(struct elector *s, const struct elect_action *a)
{
	struct msg m = {.type = MSG_DECIDED,
	                .u.decided = {.serial = a->serial, .vote = a->vote}};

	s->decided = m;
	s->counters.decided++;
	if (msg_serial_compare(&a->serial, &s->look_serial) == 0) {
		/* a repeated answer may be that of the elector before us */
		if (s->look_us > 0 && a->reason != ELECT_REASON_REPEATED)
			histogram_add(&s->decide, clock_us() - s->look_us);
		s->look_us = 0;
	}
	log_limited(LOG_LEVEL_INFO,
	            "decided leader=%" PRId64 " round=%" PRId64 " epoch=%" PRId64
	            " serial=%" PRIu64 ",%" PRIu64 " reason=%s",
	            a->vote.leader, a->vote.round, a->vote.epoch, a->serial.generation,
	            a->serial.count, elect_reason_name(a->reason));
	uplink_send(s->uplink, &m);
}

static void
send_doubt(struct elector *s, const struct elect_action *a)
{
	struct msg m = {.type = MSG_DOUBT,
	                .u.doubt = {.serial = a->serial, .sid = a->sid}};

	s->counters.doubts++;
	log_limited(LOG_LEVEL_INFO, "doubt whether %" PRId64 " still leads", a->sid);
	uplink_send(s->uplink, &m);
}

static void
send_connect(struct elector *s)
{
	struct msg m = {.type = MSG_CONNECT,
	                .u.connect = {.lane = MSG_LANE_ELECTION, .sid = MSG_ALL}};

	uplink_send(s->uplink, &m);
}

static void
note_newer_config(struct elector *s, int64_t sid)
{
	s->counters.newer_configs++;
	if (s->members_len > 0)
		log_limited(LOG_LEVEL_INFO,
		            "sid=%" PRId64
		            " has members of a newer version; whoever leads "
		            "there tells us",
		            sid);
	else if (s->counters.newer_configs == 1)
		log_warning("sid=%" PRId64
		            " has a newer configuration with other members: compare our "
		            "configuration file with that of the server",
		            sid);
}

void
elector_apply(struct elector *s, const struct elect_action *a)
{
	switch (a->type) {
	case ELECT_ACT_STATE:
		send_state(s, a);
		break;
	case ELECT_ACT_SEND:
	case ELECT_ACT_BROADCAST:
		send_vote(s, a);
		break;
	case ELECT_ACT_CONNECT_ALL:
		send_connect(s);
		break;
	case ELECT_ACT_DECIDED:
		send_decided(s, a);
		break;
	case ELECT_ACT_DOUBT:
		send_doubt(s, a);
		break;
	case ELECT_ACT_NEWER_CONFIG:
		note_newer_config(s, a->sid);
		break;
	case ELECT_ACT_DROP:
		s->counters.dropped[a->reason]++;
		log_limited(LOG_LEVEL_DEBUG, "ignored sid=%" PRId64 " reason=%s", a->sid,
		            elect_reason_name(a->reason));
		break;
	}
}
