/* What workers say: for the remotes, for the board, or refused; see shell_impl.h. */
#include "connmgr/shell_impl.h"

#include "base/log_limited.h"
#include "proc/roster.h"

static void
send_frame(struct connmgr *s, unsigned worker, const struct msg_frame *m)
{
	if (!board_may(s->board, worker, m->lane, false))
		return;
	if (m->lane == MSG_LANE_ELECTION)
		election_send(s->election, m->sid, m->data, m->data_len);
	else
		learner_send(s->learner, m->sid, m->number, m->data, m->data_len);
}

/* connect, disconnect */
static void
ask_link(struct connmgr *s, unsigned worker, bool connect, const struct msg_connect *m)
{
	enum msg_reason why = m->reason == MSG_REASON_NONE ? MSG_REASON_ASKED : m->reason;

	if (!board_may(s->board, worker, m->lane, connect))
		return;
	if (m->lane == MSG_LANE_ELECTION)
		election_push(s->election, m->sid,
		              connect ? LINK_EV_CONNECT : LINK_EV_DISCONNECT,
		              connect ? MSG_REASON_NONE : why);
	else
		learner_push(s->learner, m->sid,
		             &(struct places_event){.type = connect
		                                                ? PLACES_EV_CONNECT
		                                                : PLACES_EV_DISCONNECT,
		                                    .number = m->number,
		                                    .reason = why});
}

static void
take_link(struct connmgr *s, unsigned worker, const struct msg_take *m)
{
	if (board_may(s->board, worker, MSG_LANE_LEARNER, false))
		learner_push(
		    s->learner, m->sid,
		    &(struct places_event){.type = PLACES_EV_TAKE, .number = m->number});
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
	struct msg m;

	if (msg_decode(data, len, &m) != MSG_OK || m.type == MSG_ATTACH ||
	    !(msg_def(m.type)->from & msg_party(who)) ||
	    (m.type == MSG_MEMBERS && !connmgr_members_ok(&m.u.members))) {
		s->counters.refused++;
		w->refused++;
		return;
	}
	w->said++;
	if (s->candidate >= 0 && who == MSG_WHO_ELECTOR && compare(s, now_ms, worker, &m))
		return;
	if (m.type == MSG_FRAME_OUT) {
		send_frame(s, worker, &m.u.frame);
	} else if (m.type == MSG_CONNECT || m.type == MSG_DISCONNECT) {
		ask_link(s, worker, m.type == MSG_CONNECT, &m.u.connect);
	} else if (m.type == MSG_TAKE) {
		take_link(s, worker, &m.u.take);
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
