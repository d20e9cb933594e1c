/* Looking for a leader: what we ask the elector, and when. Ours, not ZooKeeper's: we wait
 * before we look again at a server that turns us away, and send nothing while a write
 * hangs. */
#include "peer/role_impl.h"

#define WAIT_TICKS_MAX 20

void
role_send_look(struct role *r, struct role_actions *out)
{
	struct msg_look *m = &role_act(out, ROLE_ACT_LOOK)->u.look;

	*m = r->look;
	if (!r->stands)
		m->zxid = m->epoch = INT64_MIN;
}

void
role_look(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_LOOKING;
	r->look.serial = (struct msg_serial){r->generation, ++r->count};
	r->look.epoch = role_current(r);
	r->look.zxid = r->claim;
	r->stands = role_may_stand(r);
	if (!r->away)
		role_send_look(r, out);
}

static uint64_t
wait_ticks(unsigned refusals)
{
	uint64_t ticks = refusals == 0 ? 0 : (uint64_t)1 << (refusals - 1);

	return ticks < WAIT_TICKS_MAX ? ticks : WAIT_TICKS_MAX;
}

/* The write in progress may never end. Whoever elected us would wait for an epoch that we
 * cannot promise, so we and our elector are silent until the write has ended. */
static void
stall(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_STALLED;
	r->reason = ROLE_REASON_WRITE;
	r->error = 0;
	role_act(out, ROLE_ACT_ABSENT);
}

void
role_look_again(struct role *r, enum msg_look_reason reason, bool gave_up,
                struct role_actions *out)
{
	bool counts = reason == MSG_LOOK_REFUSED || reason == MSG_LOOK_DISK;
	uint64_t ticks = 0;

	if (counts) {
		/* a disk that failed needs time, and the others must go on without us */
		if (reason == MSG_LOOK_DISK && r->refusals == 0)
			r->refusals = 1;
		ticks = wait_ticks(r->refusals);
		if (r->refusals < 16)
			r->refusals++;
	}
	role_epochs_drop(r);
	r->look.last_round = r->vote.round;
	r->look.gave_up = gave_up;
	r->look.leader = r->vote.leader;
	r->look.reason = (uint8_t)reason;
	if (role_epochs_hang(r, out->now_ms)) {
		stall(r, out);
	} else if (ticks == 0 || r->away) {
		role_look(r, out);
	} else {
		r->mode = ROLE_MODE_WAITING;
		r->wait_ms = out->now_ms + role_ticks(r, ticks);
	}
	role_close_all(r, ROLE_CLOSE_ENDED, out);
}

void
role_lost(struct role *r, struct role_actions *out)
{
	bool led = r->vote.state == NOTIF_LEADING;

	role_look_again(r, led ? MSG_LOOK_QUORUM : MSG_LOOK_LEADER, false, out);
}
