/* A leader: Leader.java's lead and LearnerHandler.java's run for an empty history. What
 * has been reached is kept as epochs for each learner, so that the steps are one function
 * that goes as far as it can (lead_advance), called after whatever happened.
 *
 * Ours, not ZooKeeper's: an epoch that a learner already promised elsewhere raises ours
 * (before we are established, and then as a renewal on the open links, under the old
 * epoch until a quorum has the new one); our own epochs are written while LEADERINFO and
 * NEWLEADER are on their way (a number that we propose twice, since we died before it was
 * on our disk, is as one that two servers propose: each promises it once); a learner link
 * that closes counts at once. */
#include "peer/role_impl.h"

#define PEACE_TICKS 2 /* after an answered ping */

static bool
is_live(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return role_is_open(p) && p->informed;
}

static bool
has_promised(const struct role *r, const struct role_remote *p)
{
	return is_live(r, p) && p->promised == r->lead.proposal;
}

static bool
has_acked(const struct role *r, const struct role_remote *p)
{
	return is_live(r, p) && p->acked == r->lead.proposal;
}

/* We ourselves and those of whom `has` is true. */
static bool
is_quorum(const struct role *r,
          bool (*has)(const struct role *r, const struct role_remote *p))
{
	int64_t sids[ROLE_LEARNERS_MAX + 1];
	unsigned count = 0;

	sids[count++] = r->config.sid;
	for (unsigned i = 0; i < r->remote_count; i++)
		if (has(r, &r->remotes[i]))
			sids[count++] = r->remotes[i].sid;
	return quorum_has(&r->quorum, sids, count);
}

/* Proposes an epoch above all that we know to be promised. False: none is left, and we
 * look again. */
static bool
propose(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	int64_t largest = r->epochs.promised;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (is_live(r, p) && p->accepted > largest)
			largest = p->accepted;
	}
	if (l->proposal > largest)
		largest = l->proposal;
	if (largest >= ROLE_EPOCH_MAX) {
		r->reason = ROLE_REASON_USED_UP;
		r->error = 0;
		role_look_again(r, ROLE_LOOK_DISK, false, now_ms, out);
		return false;
	}
	if (l->epoch > 0 && l->epoch == l->proposal)
		l->init_ms = now_ms + role_ticks(r, r->config.init_limit);
	l->proposal = largest + 1;
	l->promised = false;
	role_epochs_want(r, ROLE_FILE_ACCEPTED, l->proposal, now_ms, out);
	return true;
}

static void
offer(struct role *r, struct role_actions *out)
{
	int64_t epoch = r->lead.proposal;

	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!is_live(r, p) || p->offered == epoch || p->offered != p->answered)
			continue;
		p->offered = epoch;
		role_send_i32(out, p->sid, QPACKET_LEADERINFO, epoch << 32,
		              QPACKET_PROTOCOL);
	}
}

static void
tell(struct role *r, struct role_actions *out)
{
	int64_t epoch = r->lead.proposal;

	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!is_live(r, p) || p->answered != epoch || p->told == epoch)
			continue;
		p->told = epoch;
		role_send(out, p->sid, QPACKET_NEWLEADER, epoch << 32);
	}
}

static void
release(struct role *r, struct role_actions *out)
{
	int64_t epoch = r->lead.epoch;

	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!has_acked(r, p) || p->released == epoch)
			continue;
		p->released = epoch;
		role_send(out, p->sid, QPACKET_UPTODATE, epoch << 32);
	}
}

void
lead_advance(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	if (!l->gathered) {
		if (!is_quorum(r, is_live))
			return;
		l->gathered = true;
		if (!propose(r, now_ms, out))
			return;
	}
	offer(r, out);
	if (!l->promised) {
		/* our own promise is one of the quorum's */
		if (r->epochs.accepted < l->proposal || !is_quorum(r, has_promised))
			return;
		l->promised = true;
		role_epochs_want(r, ROLE_FILE_CURRENT, l->proposal, now_ms, out);
	}
	tell(r, out);
	if (l->epoch != l->proposal) {
		if (r->epochs.current < l->proposal || !is_quorum(r, has_acked))
			return;
		l->epoch = l->proposal;
		l->init_ms = UINT64_MAX;
		role_establish(r, l->epoch, out);
	}
	release(r, out);
}

/* The learners whose turn it is. Who has not answered by the next tick is pinged again:
 * that makes TCP send at once what was lost. Who has is left in peace for another tick,
 * where sync_limit gives time for enough of both. */
static void
ping(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!role_is_open(p) || now_ms < p->ping_ms)
			continue;
		p->ping_ms = now_ms + role_ticks(r, 1);
		p->pinged = true;
		role_send(out, p->sid, QPACKET_PING, l->epoch << 32 | l->ping_count);
		l->ping_count = (l->ping_count + 1) & INT32_MAX;
	}
}

static void
on_ping(const struct role *r, struct role_remote *p)
{
	if (p->pinged && r->config.sync_limit >= 3 * PEACE_TICKS)
		p->ping_ms += role_ticks(r, PEACE_TICKS - 1);
	p->pinged = false;
}

void
lead_start(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	r->mode = ROLE_MODE_LEAD;
	r->lead = (struct role_lead){
	    .first_ms = now_ms + role_ticks(r, ROLE_FIRST_TICKS),
	    .init_ms = now_ms + role_ticks(r, r->config.init_limit),
	};
	for (unsigned i = 0; i < r->remote_count; i++) {
		r->remotes[i].word_ms = now_ms; /* some have waited for us */
		r->remotes[i].ping_ms = now_ms;
	}
	ping(r, now_ms, out);
	lead_advance(r, now_ms, out);
}

void
lead_link_up(const struct role *r, struct role_remote *p, uint64_t now_ms)
{
	p->word_ms = now_ms;
	p->ping_ms = now_ms + role_ticks(r, 1);
}

void
lead_link_down(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	if (r->lead.gathered && !is_quorum(r, is_live))
		role_look_again(r, ROLE_LOOK_QUORUM, false, now_ms, out);
}

void
lead_refuse(struct role *r, struct role_remote *p, enum role_close why, uint64_t now_ms,
            struct role_actions *out)
{
	role_close(p, why, out);
	lead_link_down(r, now_ms, out);
}

/* Does what `p` promised before stand in the way of our epoch? Equal means promised,
 * perhaps to another: no obstacle once a quorum has promised it to us. */
static bool
is_above(const struct role_lead *l, const struct role_remote *p)
{
	if (!l->gathered)
		return false;
	return p->accepted > l->proposal || (p->accepted == l->proposal && !l->promised);
}

/* These return the reason to close the link, if there is one. */
static enum role_close
on_info(struct role *r, struct role_remote *p, const struct qpacket *packet,
        uint64_t now_ms, struct role_actions *out)
{
	if (!role_take_info(p, packet))
		return ROLE_CLOSE_BAD;
	if (!is_above(&r->lead, p) || propose(r, now_ms, out))
		lead_advance(r, now_ms, out);
	return ROLE_CLOSE_NONE;
}

static enum role_close
on_ackepoch(struct role *r, struct role_remote *p, const struct qpacket *packet,
            uint64_t now_ms, struct role_actions *out)
{
	const struct role_lead *l = &r->lead;
	int32_t epoch;

	if (p->offered == p->answered)
		return ROLE_CLOSE_UNEXPECTED;
	if (qpacket_get_i32(packet, &epoch) != QPACKET_OK || epoch < -1)
		return ROLE_CLOSE_BAD;
	p->answered = p->offered;
	if (epoch >= 0) {
		bool fresher =
		    role_is_fresher(epoch, packet->zxid, role_current(r), r->look.zxid);

		/* one without a weight would be elected by nobody, however fresh: to look
		 * again would never end */
		if (fresher && p->may_lead && p->answered == l->proposal &&
		    !l->promised && l->epoch == 0) {
			role_look_again(r, ROLE_LOOK_EPOCH, false, now_ms, out);
			return ROLE_CLOSE_NONE;
		}
		p->promised = p->answered;
	}
	lead_advance(r, now_ms, out);
	return ROLE_CLOSE_NONE;
}

static enum role_close
on_ack(struct role *r, struct role_remote *p, const struct qpacket *packet,
       uint64_t now_ms, struct role_actions *out)
{
	int64_t epoch = packet->zxid >> 32;

	if (epoch == 0 || epoch != p->told || epoch == p->acked)
		return ROLE_CLOSE_UNEXPECTED;
	p->acked = epoch;
	lead_advance(r, now_ms, out);
	return ROLE_CLOSE_NONE;
}

void
lead_packet(struct role *r, struct role_remote *p, const struct qpacket *packet,
            uint64_t now_ms, struct role_actions *out)
{
	enum role_close why = ROLE_CLOSE_UNEXPECTED;

	p->word_ms = now_ms;
	if (packet->type == QPACKET_PING) {
		on_ping(r, p);
		why = ROLE_CLOSE_NONE;
	} else if (packet->type == QPACKET_FOLLOWERINFO ||
	           packet->type == QPACKET_OBSERVERINFO) {
		why = on_info(r, p, packet, now_ms, out);
	} else if (packet->type == QPACKET_ACKEPOCH) {
		why = on_ackepoch(r, p, packet, now_ms, out);
	} else if (packet->type == QPACKET_ACK) {
		why = on_ack(r, p, packet, now_ms, out);
	}
	if (why != ROLE_CLOSE_NONE)
		lead_refuse(r, p, why, now_ms, out);
}

void
lead_due(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (role_is_open(p) &&
		    now_ms >= p->word_ms + role_ticks(r, r->config.sync_limit))
			role_close(p, ROLE_CLOSE_SILENT, out);
	}
	if (l->gathered && !is_quorum(r, is_live))
		role_look_again(r, ROLE_LOOK_QUORUM, false, now_ms, out);
	else if (now_ms >= l->init_ms || (!l->gathered && now_ms >= l->first_ms))
		role_look_again(r, ROLE_LOOK_TIMEOUT, false, now_ms, out);
	else
		ping(r, now_ms, out);
}

uint64_t
lead_due_ms(const struct role *r)
{
	const struct role_lead *l = &r->lead;
	uint64_t due = l->init_ms;

	if (!l->gathered && l->first_ms < due)
		due = l->first_ms;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		uint64_t silent = p->word_ms + role_ticks(r, r->config.sync_limit);

		if (!role_is_open(p))
			continue;
		if (silent < due)
			due = silent;
		if (p->ping_ms < due)
			due = p->ping_ms;
	}
	return due;
}
