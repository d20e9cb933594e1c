/* A follower or observer: Learner.java's registerWithLeader, syncWithLeader and
 * processPing for an empty history. Each LEADERINFO is answered by one ACKEPOCH and each
 * NEWLEADER by one ACK, in their order, once the epoch is on the disk. Ours: deadlines in
 * every phase, and an established leader may raise the epoch on the open link (the
 * renewal). */
#include "peer/role_impl.h"

#include <assert.h>

static void
refused(struct role *r, bool gave_up, uint64_t now_ms, struct role_actions *out)
{
	role_look_again(r, ROLE_LOOK_REFUSED, gave_up, now_ms, out);
}

void
follow_start(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	r->mode = ROLE_MODE_FOLLOW;
	r->follow = (struct role_follow){
	    .first_ms = now_ms + role_ticks(r, ROLE_FIRST_TICKS),
	    .init_ms = now_ms + role_ticks(r, r->config.init_limit),
	};
	/* also one that the leader itself may have opened when it took us for its own */
	role_close_all(r, ROLE_CLOSE_OTHERWISE, out);
	role_act(out, ROLE_ACT_CONNECT)->sid = r->vote.leader;
}

void
follow_link_up(struct role *r, struct role_remote *p, struct role_actions *out)
{
	const struct qpacket_learner info = {
	    .sid = r->config.sid,
	    .protocol = QPACKET_PROTOCOL,
	};
	struct role_action *a;

	if (p->sid != r->vote.leader) {
		role_close(p, ROLE_CLOSE_OTHERWISE, out);
		return;
	}
	a = role_act(out, ROLE_ACT_SEND);
	a->sid = p->sid;
	a->u.packet.type =
	    r->config.observer ? QPACKET_OBSERVERINFO : QPACKET_FOLLOWERINFO;
	a->u.packet.zxid = r->epochs.promised << 32;
	a->u.packet.data_len = (uint8_t)qpacket_put_learner(&info, a->u.packet.data,
	                                                    sizeof(a->u.packet.data));
	assert(a->u.packet.data_len > 0);
}

void
follow_link_down(struct role *r, const struct role_remote *p, bool was_up,
                 enum role_loss loss, uint64_t now_ms, struct role_actions *out)
{
	if (p->sid != r->vote.leader)
		return;
	if (!was_up && loss == ROLE_LOSS_OLD)
		return; /* the end of an earlier link, told late */
	if (was_up && r->follow.epoch > 0)
		role_look_again(r, ROLE_LOOK_LEADER, true, now_ms, out);
	else if (was_up && r->follow.fresher && role_may_stand(r))
		/* after a wait we might find that they have elected it without us again
		 */
		role_look_again(r, ROLE_LOOK_EPOCH, false, now_ms, out);
	else
		refused(r, loss == ROLE_LOSS_REFUSED, now_ms, out);
}

void
follow_refuse(struct role *r, struct role_remote *p, enum role_close why, uint64_t now_ms,
              struct role_actions *out)
{
	role_close(p, why, out);
	if (p->sid == r->vote.leader)
		refused(r, false, now_ms, out);
}

/* Who may not stand (now, whatever it was when it looked) and is fresher than the leader
 * makes no promise before that one is established: it would depose the leader, whom the
 * others may have without it, and cannot lead them itself. */
static void
send_ackepoch(struct role *r, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t current = role_current(r);

	f->fresher = f->promise && f->epoch == 0 &&
	             role_is_fresher(current, r->look.zxid, r->vote.epoch, r->vote.zxid);
	role_send_i32(out, r->vote.leader, QPACKET_ACKEPOCH, r->look.zxid,
	              f->promise && (role_may_stand(r) || !f->fresher) ? (int32_t)current
	                                                               : -1);
}

/* Pays what is owed and on the disk. */
void
follow_advance(struct role *r, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t leader = r->vote.leader;

	if (f->ack_due && r->epochs.current >= f->told) {
		f->ack_due = false;
		role_send(out, leader, QPACKET_ACK, f->told << 32);
	}
	if (f->answer_due && r->epochs.accepted >= f->asked) {
		f->answer_due = false;
		send_ackepoch(r, out);
	}
}

/* Returns false where the packet is out of turn. */
static bool
on_leaderinfo(struct role *r, const struct qpacket *packet, uint64_t now_ms,
              struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = packet->zxid >> 32;
	int32_t protocol;

	if (qpacket_get_i32(packet, &protocol) != QPACKET_OK ||
	    protocol < QPACKET_PROTOCOL)
		return false;
	if (epoch <= 0 || f->answer_due)
		return false;
	if (epoch < r->epochs.promised) {
		role_look_again(r, ROLE_LOOK_EPOCH, false, now_ms, out);
		return true;
	}
	f->asked = epoch;
	f->promise = epoch > r->epochs.promised;
	f->answer_due = true;
	if (f->epoch > 0 && f->init_ms == UINT64_MAX)
		f->init_ms = now_ms + role_ticks(r, r->config.init_limit);
	role_epochs_want(r, ROLE_FILE_ACCEPTED, epoch, now_ms, out);
	follow_advance(r, out);
	return true;
}

static bool
on_newleader(struct role *r, const struct qpacket *packet, uint64_t now_ms,
             struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = packet->zxid >> 32;

	if (epoch != f->asked || epoch == 0 || f->answer_due || f->ack_due)
		return false;
	f->told = epoch;
	f->ack_due = true;
	role_epochs_want(r, ROLE_FILE_CURRENT, epoch, now_ms, out);
	follow_advance(r, out);
	return true;
}

static bool
on_uptodate(struct role *r, const struct qpacket *packet, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = packet->zxid >> 32;

	if (epoch != f->told || epoch == 0 || f->ack_due)
		return false;
	if (epoch == f->epoch)
		return true;
	f->epoch = epoch;
	if (f->asked == epoch) /* else the next renewal is under way */
		f->init_ms = UINT64_MAX;
	role_establish(r, epoch, out);
	return true;
}

void
follow_packet(struct role *r, struct role_remote *p, const struct qpacket *packet,
              uint64_t now_ms, struct role_actions *out)
{
	bool expected = false;

	if (p->sid != r->vote.leader)
		return;
	r->follow.heard = true;
	r->follow.word_ms = now_ms;
	if (packet->type == QPACKET_LEADERINFO) {
		expected = on_leaderinfo(r, packet, now_ms, out);
	} else if (packet->type == QPACKET_NEWLEADER) {
		expected = on_newleader(r, packet, now_ms, out);
	} else if (packet->type == QPACKET_UPTODATE) {
		expected = on_uptodate(r, packet, out);
	} else if (packet->type == QPACKET_PING) {
		role_send(out, p->sid, QPACKET_PING, packet->zxid);
		expected = true;
	}
	if (!expected)
		follow_refuse(r, p, ROLE_CLOSE_UNEXPECTED, now_ms, out);
}

static uint64_t
word_due_ms(const struct role *r)
{
	if (!r->follow.heard)
		return r->follow.first_ms;
	return r->follow.word_ms + role_ticks(r, r->config.sync_limit);
}

uint64_t
follow_due_ms(const struct role *r)
{
	uint64_t word_ms = word_due_ms(r);

	return word_ms < r->follow.init_ms ? word_ms : r->follow.init_ms;
}

void
follow_due(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	bool silent = now_ms >= word_due_ms(r);

	if (silent && r->follow.epoch > 0)
		role_look_again(r, ROLE_LOOK_LEADER, true, now_ms, out);
	else if (silent || now_ms >= r->follow.init_ms)
		role_look_again(r, ROLE_LOOK_TIMEOUT, false, now_ms, out);
}
