/* Looking for a leader: what we ask the elector, and when. Ours, not ZooKeeper's: a wait
 * before looking again at a server that turns us away, and no word at all while a write
 * hangs. */
#include "peer/role_impl.h"

bool
role_may_stand(const struct role *r)
{
	if (!r->config.zab || r->remote_count == 0)
		return true;
	return !r->port_shut && r->epochs.promised < ROLE_EPOCH_MAX;
}

bool
role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid)
{
	return epoch > than_epoch || (epoch == than_epoch && zxid > than_zxid);
}

/* Asked again with the same serial, the elector repeats its answer. */
void
role_send_look(struct role *r, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_LOOK);

	a->serial = r->look_serial;
	a->u.look = r->look;
	if (!r->stands)
		a->u.look.zxid = a->u.look.epoch = INT64_MIN;
}

void
role_look(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_LOOKING;
	r->look_serial = (struct msg_serial){r->generation, ++r->count};
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

	return ticks < ROLE_WAIT_TICKS ? ticks : ROLE_WAIT_TICKS;
}

/* The write in progress may never end. Whoever elected us would wait for an epoch that we
 * cannot promise, so neither we nor our elector say a word until it has. */
static void
stall(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_STALLED;
	r->reason = r->epochs.file == ROLE_FILE_ACCEPTED ? ROLE_REASON_ACCEPTED
	                                                 : ROLE_REASON_CURRENT;
	r->error = 0;
	role_act(out, ROLE_ACT_ABSENT);
}

void
role_look_again(struct role *r, enum role_look_reason reason, bool gave_up,
                uint64_t now_ms, struct role_actions *out)
{
	bool counts = reason == ROLE_LOOK_REFUSED || reason == ROLE_LOOK_DISK;
	uint64_t ticks = 0;

	if (counts) {
		/* a disk that failed wants time; and the others must get on without us */
		if (reason == ROLE_LOOK_DISK && r->refusals == 0)
			r->refusals = 1;
		ticks = wait_ticks(r->refusals);
		if (r->refusals < 16)
			r->refusals++;
	}
	role_epochs_drop(r);
	r->look = (struct role_look){
	    .last_round = r->vote.round,
	    .gave_up = gave_up,
	    .leader = r->vote.leader,
	    .reason = reason,
	};
	if (now_ms >= role_epochs_due_ms(r)) {
		stall(r, out);
	} else if (ticks == 0 || r->away) {
		role_look(r, out);
	} else {
		r->mode = ROLE_MODE_WAITING;
		r->wait_ms = now_ms + role_ticks(r, ticks);
	}
	role_close_all(r, ROLE_CLOSE_ENDED, out);
}
