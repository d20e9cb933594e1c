/* What workers say: for the remotes, for the board, or refused; see shell_impl.h. */
#include "connmgr/shell_impl.h"

#include "base/log_limited.h"
#include "proc/roster.h"

static struct lane *
lane_of(struct connmgr *s, uint8_t lane)
{
	return lane == MSG_LANE_ELECTION ? s->election : s->learner;
}

/* There is a candidate, and an elector said this. True: the candidate did, and the
 * message goes no further. */
static bool
compare(struct connmgr *s, uint64_t now_ms, unsigned worker, const struct msg *m)
{
	bool ours = (int)worker == s->candidate;
	enum shadow_side side = ours ? SHADOW_CANDIDATE : SHADOW_ACTIVE;
	unsigned char vote[BOARD_SMALL_MAX];

	if (!ours && !board_is_active(s->board, worker))
		return false;
	if (m->type == MSG_FRAME_OUT)
		shadow_hear(s->shadow, now_ms, side, m->u.frame.sid, m->u.frame.data,
		            m->u.frame.data_len);
	else if (m->type == MSG_DECIDED)
		shadow_hear(s->shadow, now_ms, side, SHADOW_DECIDED, vote,
		            msg_encode(m, vote, sizeof(vote)));
	/* a shadow's hello is the board's */
	return ours && (m->type == MSG_FRAME_OUT || m->type == MSG_DECIDED ||
	                m->type == MSG_DOUBT || m->type == MSG_STATE);
}

void
connmgr_hear(struct connmgr *s, uint64_t now_ms, unsigned worker, const void *data,
             size_t len)
{
	struct worker *w = &s->workers[worker];
	enum msg_who who = board_worker(s->board, worker)->who;
	struct board_event ev = {
	    .type = BOARD_EV_SAY, .worker = worker, .data = data, .len = len};
	enum msg_reason reason;
	struct msg m;

	if (msg_decode(data, len, &m) != MSG_OK || m.type == MSG_ATTACH ||
	    !(msg_def(m.type)->from & msg_party(who))) {
		s->counters.refused++;
		w->refused++;
		return;
	}
	w->said++;
	if (s->candidate >= 0 && who == MSG_WHO_ELECTOR && compare(s, now_ms, worker, &m))
		return;
	if (m.type == MSG_FRAME_OUT) {
		if (board_may(s->board, worker, m.u.frame.lane, false))
			lane_send(lane_of(s, m.u.frame.lane), m.u.frame.sid,
			          m.u.frame.data, m.u.frame.data_len);
	} else if (m.type == MSG_CONNECT) {
		if (board_may(s->board, worker, m.u.connect.lane, true))
			lane_push(lane_of(s, m.u.connect.lane), m.u.connect.sid,
			          LINK_EV_CONNECT, MSG_REASON_NONE);
	} else if (m.type == MSG_DISCONNECT) {
		reason = m.u.connect.reason;
		if (board_may(s->board, worker, m.u.connect.lane, false))
			lane_push(lane_of(s, m.u.connect.lane), m.u.connect.sid,
			          LINK_EV_DISCONNECT,
			          reason == MSG_REASON_NONE ? MSG_REASON_ASKED : reason);
	} else if (m.type == MSG_HELLO) {
		ev.type = BOARD_EV_HELLO;
		ev.generation = m.u.hello.generation;
		connmgr_do(s, now_ms, &ev);
	} else {
		ev.said = m.type;
		ev.serial = m.u.look.serial; /* the others begin with it too */
		connmgr_do(s, now_ms, &ev);
		if (m.type == MSG_LOOK || m.type == MSG_ROLE) {
			s->looking = m.type == MSG_LOOK;
			shadow_word(s->shadow, now_ms, s->looking);
		}
	}
}

void
connmgr_lose(struct connmgr *s, uint64_t now_ms, unsigned worker, const char *why,
             bool ours)
{
	const struct board_worker *b = board_worker(s->board, worker);
	struct worker *w = &s->workers[worker];
	struct board_event ev = {.type = BOARD_EV_LINK_DOWN, .worker = worker};

	if (ours && !w->broken)
		return;
	log_limited(LOG_LEVEL_INFO, "%s %s link lost reason=%s", roster_who(b->who)->name,
	            b->name, why);
	connmgr_cut(s, worker);
	s->counters.cut += ours;
	s->counters.links_lost++;
	w->lost++;
	connmgr_do(s, now_ms, &ev);
}
