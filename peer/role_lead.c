/* A leader: Leader.java's lead and LearnerHandler.java's run for an empty history. The
 * epochs in each learner's link say how far it is, so that all steps are one function
 * (advance) which is called after each event and goes as far as it can.
 *
 * Ours, not ZooKeeper's: an epoch that a learner promised elsewhere raises ours. Once we
 * are established that is a renewal on the open links: we lead on under the old epoch
 * until a quorum has the new one. Our own epochs are written while LEADERINFO and
 * NEWLEADER are on their way: if we die before an epoch is on our disk and propose it
 * again, that is as if two servers proposed it, and each learner promises it only once.
 * A learner link that closes counts at once. */
#include "peer/role_impl.h"

#include <string.h>

/* A quorum of FOLLOWERINFO must come within these. */
#define FIRST_TICKS 10
/* Once we are established, who joins counts for these without having acknowledged. */
#define JOIN_TICKS 6
/* From an answered PING to the next one. */
#define PEACE_TICKS 2

static bool
is_live(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return role_is_open(p);
}

static bool
has_promised(const struct role *r, const struct role_remote *p)
{
	return is_live(r, p) && p->link.promised == r->lead.proposal;
}

static bool
has_acked(const struct role *r, const struct role_remote *p)
{
	return is_live(r, p) && p->link.acked == r->lead.proposal;
}

/* What no server's report has to lift our epoch to. */
static int64_t
base_epoch(const struct role *r)
{
	int64_t base = role_limit_quorum(r);

	if (r->epochs.promised > base)
		base = r->epochs.promised;
	return r->lead.proposal > base ? r->lead.proposal : base;
}

/* Can we propose an epoch above what `p` has promised? */
static bool
is_within(const struct role *r, const struct role_remote *p, int64_t base,
          uint64_t now_ms)
{
	int64_t epoch = p->link.accepted;

	if (epoch >= ROLE_EPOCH_MAX)
		return r->lead.promised && r->lead.proposal == epoch;
	return epoch <= base || role_limit_takes(r, base, epoch, now_ms);
}

/* Keeps out `p` if its promise lies too far beyond what a quorum reports. LEADERINFO
 * tells it where we are. */
static void
sieve(struct role *r, struct role_remote *p, struct role_actions *out)
{
	int64_t base = base_epoch(r);

	if (!is_live(r, p) || role_limit_quorum(r) == ROLE_EPOCH_UNKNOWN)
		return;
	if (is_within(r, p, base, out->now_ms)) {
		role_limit_let_in(r, p);
		return;
	}
	role_limit_keep_out(r, p, out->now_ms);
	role_send_i32(out, p, QPACKET_LEADERINFO, (base > 0 ? base : 1) << 32,
	              QPACKET_PROTOCOL);
	role_close(p, ROLE_CLOSE_TOO_HIGH, out);
	if (!role_is_open(p))
		return;
	role_limit_report(r, p, p->link.accepted); /* of the newcomer beside it */
	sieve(r, p, out);
}

/* Sieves all learners, since one report may tell about all. False: our own promise lies
 * too far ahead, and we look again, as one that does not stand. */
static bool
sieve_all(struct role *r, struct role_actions *out)
{
	if (r->limit.ahead && r->lead.epoch == 0 && !role_may_stand(r)) {
		role_look_again(r, MSG_LOOK_EPOCH, false, out);
		return false;
	}
	for (unsigned i = 0; i < r->remote_count; i++)
		sieve(r, &r->remotes[i], out);
	return true;
}

/* Proposes an epoch above all that we know to be promised. False: no such epoch is left,
 * and we look again. */
static bool
propose(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	int64_t base = base_epoch(r), largest = base;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (is_live(r, p) && p->link.accepted > largest)
			largest = p->link.accepted;
	}
	if (largest >= ROLE_EPOCH_MAX) {
		r->reason = ROLE_REASON_USED_UP;
		r->error = 0;
		role_look_again(r, MSG_LOOK_DISK, false, out);
		return false;
	}
	if (l->epoch > 0 && l->epoch == l->proposal)
		l->init_ms = out->now_ms + role_ticks(r, r->config.init_limit);
	role_limit_spend(r, base, largest, out->now_ms);
	l->proposal = largest + 1;
	l->promised = false;
	role_epochs_want_accepted(r, l->proposal, out);
	return true;
}

/* Sends LEADERINFO, NEWLEADER or UPTODATE with `epoch` to each learner whose turn it is.
 */
static void
send_all(struct role *r, int32_t type, int64_t epoch, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];
		struct role_link *l = &p->link;

		if (!is_live(r, p))
			continue;
		if (type == QPACKET_LEADERINFO && l->offered != epoch &&
		    l->offered == l->answered) {
			l->offered = epoch;
			role_send_i32(out, p, type, epoch << 32, QPACKET_PROTOCOL);
		} else if (type == QPACKET_NEWLEADER && l->answered == epoch &&
		           l->told != epoch) {
			l->told = epoch;
			role_send(out, p, type, epoch << 32);
		} else if (type == QPACKET_UPTODATE && has_acked(r, p) &&
		           l->released != epoch) {
			l->released = epoch;
			role_send(out, p, type, epoch << 32);
		}
	}
}

static void
advance(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	if (!l->gathered) {
		if (!role_is_quorum(r, is_live))
			return;
		l->gathered = true;
		l->promise_ms = out->now_ms + role_ticks(r, r->config.init_limit) / 2;
		if (!propose(r, out))
			return;
	}
	send_all(r, QPACKET_LEADERINFO, l->proposal, out);
	if (!l->promised) {
		/* our own promise is one of the quorum's */
		if (r->epochs.accepted < l->proposal || !role_is_quorum(r, has_promised))
			return;
		l->promised = true;
		role_epochs_want_current(r, l->proposal, out);
	}
	send_all(r, QPACKET_NEWLEADER, l->proposal, out);
	if (l->epoch != l->proposal) {
		if (r->epochs.current < l->proposal || !role_is_quorum(r, has_acked))
			return;
		l->epoch = l->proposal;
		l->init_ms = UINT64_MAX;
		role_establish(r, l->epoch, out);
	}
	send_all(r, QPACKET_UPTODATE, l->epoch, out);
}

/* Pings the learners whose turn it is. A learner that does not answer is pinged again at
 * the next tick: that makes TCP send at once what was lost. One that answered has peace
 * for another tick, where sync_limit leaves enough time for both. */
static void
ping(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!role_is_open(p) || out->now_ms < p->link.ping_ms)
			continue;
		p->link.ping_ms = out->now_ms + role_ticks(r, 1);
		p->link.pinged = true;
		role_send(out, p, QPACKET_PING, l->epoch << 32 | l->ping_count);
		l->ping_count = (l->ping_count + 1) & INT32_MAX;
	}
}

static void
on_ping(const struct role *r, struct role_remote *p)
{
	if (p->link.pinged && r->config.sync_limit >= 3 * PEACE_TICKS)
		p->link.ping_ms += role_ticks(r, PEACE_TICKS - 1);
	p->link.pinged = false;
}

void
role_lead_start(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_LEAD;
	memset(&r->lead, 0, sizeof(r->lead));
	r->lead.first_ms = out->now_ms + role_ticks(r, FIRST_TICKS);
	r->lead.init_ms = out->now_ms + role_ticks(r, r->config.init_limit);
	for (unsigned i = 0; i < r->remote_count; i++) {
		r->remotes[i].link.word_ms = out->now_ms; /* some have waited for us */
		r->remotes[i].link.ping_ms = out->now_ms;
		role_close_ahead(&r->remotes[i], ROLE_CLOSE_OTHERWISE, out);
	}
	ping(r, out);
	if (sieve_all(r, out))
		advance(r, out);
}

/* D7: with a write that lasts so long we are not established in time. A port that is
 * shut is no reason to end: the learners' links show what that means. */
static void
on_stand(struct role *r, struct role_actions *out)
{
	if (r->epochs.bad && r->lead.epoch == 0)
		role_look_again(r, MSG_LOOK_DISK, false, out);
}

static uint64_t
joined_ms(const struct role *r, const struct role_remote *p)
{
	return p->link.since_ms + role_ticks(r, JOIN_TICKS);
}

/* One whose disk hangs would keep us leader of a quorum that does not follow us, and
 * others from electing another. */
static bool
is_with_us(const struct role *r, const struct role_remote *p)
{
	return is_live(r, p) && (r->lead.epoch == 0 || p->link.acked > 0 ||
	                         r->lead.counted_ms < joined_ms(r, p));
}

/* D6: until first_ms others may come in the place of those that went, as long as nobody
 * was told that a quorum has promised. One whose disk failed was quicker than they. */
static bool
is_deserted(struct role *r, uint64_t now_ms)
{
	struct role_lead *l = &r->lead;
	bool promised = l->promised || l->epoch > 0;

	l->counted_ms = now_ms;
	return l->gathered && (promised || now_ms >= l->first_ms) &&
	       !role_is_quorum(r, is_with_us);
}

static void
check_quorum(struct role *r, struct role_actions *out)
{
	if (is_deserted(r, out->now_ms))
		role_look_again(r, MSG_LOOK_QUORUM, false, out);
}

static void
link_down(struct role *r, const struct role_remote *p, bool was_up,
          enum msg_reason reason, struct role_actions *out)
{
	(void)p;
	(void)was_up;
	(void)reason;
	check_quorum(r, out);
}

/* Does what `p` promised before stand in the way of our epoch? An equal one was perhaps
 * promised to another server; that is no obstacle once a quorum has promised it to us. */
static bool
is_above(const struct role_lead *l, const struct role_remote *p)
{
	if (!l->gathered)
		return false;
	return p->link.accepted > l->proposal ||
	       (p->link.accepted == l->proposal && !l->promised);
}

static void
joined(struct role *r, struct role_remote *p, struct role_actions *out)
{
	p->link.ping_ms = out->now_ms + role_ticks(r, 1);
	role_limit_report(r, p, p->link.accepted);
	if (!sieve_all(r, out) || !is_live(r, p))
		return;
	if (!is_above(&r->lead, p) || propose(r, out))
		advance(r, out);
}

/* We have closed the link; a newcomer may have taken its place. */
static void
closed(struct role *r, struct role_remote *p, struct role_actions *out)
{
	if (role_is_open(p))
		joined(r, p, out);
	else
		check_quorum(r, out);
}

/* These return the reason to close the link, if there is one. */
static enum role_close
on_ackepoch(struct role *r, struct role_remote *p, const struct qpacket *packet,
            struct role_actions *out)
{
	const struct role_lead *l = &r->lead;
	struct qpacket_ackepoch answer;

	if (p->link.offered == p->link.answered)
		return ROLE_CLOSE_UNEXPECTED;
	if (qpacket_get_ackepoch(packet, &answer) != QPACKET_OK || answer.current < -1 ||
	    answer.epoch != p->link.offered)
		return ROLE_CLOSE_BAD;
	p->link.answered = p->link.offered;
	if (answer.current >= 0) {
		bool fresher = role_is_fresher(answer.current, packet->zxid,
		                               role_current(r), r->look.zxid);

		/* nobody elects a learner without a weight, however fresh it is: we would
		 * look again for ever */
		if (fresher && p->may_lead && p->link.answered == l->proposal &&
		    !l->promised && l->epoch == 0) {
			role_look_again(r, MSG_LOOK_EPOCH, false, out);
			return ROLE_CLOSE_NONE;
		}
		p->link.promised = p->link.answered;
	}
	advance(r, out);
	return ROLE_CLOSE_NONE;
}

static enum role_close
on_ack(struct role *r, struct role_remote *p, const struct qpacket *packet,
       struct role_actions *out)
{
	int64_t epoch = packet->zxid >> 32;

	if (epoch == 0 || epoch != p->link.told || epoch == p->link.acked)
		return ROLE_CLOSE_UNEXPECTED;
	p->link.acked = epoch;
	advance(r, out);
	return ROLE_CLOSE_NONE;
}

static void
on_packet(struct role *r, struct role_remote *p, const struct qpacket *packet,
          struct role_actions *out)
{
	enum role_close why = ROLE_CLOSE_UNEXPECTED;

	p->link.word_ms = out->now_ms;
	if (packet->type == QPACKET_PING) {
		on_ping(r, p);
		why = ROLE_CLOSE_NONE;
	} else if (packet->type == QPACKET_ACKEPOCH) {
		why = on_ackepoch(r, p, packet, out);
	} else if (packet->type == QPACKET_ACK) {
		why = on_ack(r, p, packet, out);
	}
	if (why == ROLE_CLOSE_NONE)
		return;
	role_close(p, why, out);
	closed(r, p, out);
}

/* D1, D6: until the quorum of FOLLOWERINFO, and again while it is lost; until the quorum
 * of promises, for which others than a slow disk need no more time than half of
 * init_limit; until the end. */
static uint64_t
deadline_ms(const struct role *r)
{
	const struct role_lead *l = &r->lead;
	uint64_t due = l->init_ms;

	if (l->promised || l->epoch > 0)
		return due;
	if (l->gathered && l->promise_ms < due)
		due = l->promise_ms;
	if ((!l->gathered || !role_is_quorum(r, is_live)) && l->first_ms < due)
		due = l->first_ms;
	return due;
}

static void
on_due(struct role *r, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!role_is_open(p) ||
		    out->now_ms < p->link.word_ms + role_ticks(r, r->config.sync_limit))
			continue;
		role_close(p, ROLE_CLOSE_SILENT, out);
		if (role_is_open(p))
			joined(r, p, out);
		if (r->mode != ROLE_MODE_LEAD)
			return;
	}
	if (is_deserted(r, out->now_ms))
		role_look_again(r, MSG_LOOK_QUORUM, false, out);
	else if (out->now_ms >= deadline_ms(r))
		role_look_again(r, MSG_LOOK_TIMEOUT, false, out);
	else
		ping(r, out);
}

static uint64_t
due_ms(const struct role *r)
{
	uint64_t due = deadline_ms(r);

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		uint64_t silent = p->link.word_ms + role_ticks(r, r->config.sync_limit);

		if (!role_is_open(p))
			continue;
		if (silent < due)
			due = silent;
		if (p->link.ping_ms < due)
			due = p->link.ping_ms;
		if (r->lead.counted_ms < joined_ms(r, p) && joined_ms(r, p) < due)
			due = joined_ms(r, p);
	}
	return due;
}

static enum role_phase
phase(const struct role *r)
{
	if (r->lead.epoch > 0)
		return ROLE_BROADCAST;
	return r->lead.promised ? ROLE_SYNCHRONIZATION : ROLE_DISCOVERY;
}

unsigned
role_get_learners(const struct role *r, uint64_t now_ms,
                  struct role_learner_view out[ROLE_LEARNERS_MAX])
{
	unsigned count = 0;

	if (r->mode != ROLE_MODE_LEAD)
		return 0;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		enum role_phase phase = ROLE_DISCOVERY;

		if (!role_is_open(p))
			continue;
		if (p->link.released > 0)
			phase = ROLE_BROADCAST;
		else if (p->link.told > 0)
			phase = ROLE_SYNCHRONIZATION;
		out[count++] = (struct role_learner_view){
		    .id = p->sid,
		    .phase = phase,
		    .promised = p->link.promised > 0,
		    .acked = p->link.acked > 0,
		    .last_ms = now_ms > p->link.word_ms ? now_ms - p->link.word_ms : 0,
		};
	}
	return count;
}

const struct role_ops role_lead_ops = {
    .joined = joined,
    .link_down = link_down,
    .stand = on_stand,
    .packet = on_packet,
    .written = advance,
    .due = on_due,
    .due_ms = due_ms,
    .lost = role_lost,
    .phase = phase,
};
