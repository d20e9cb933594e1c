/* A follower or observer: Learner.java's registerWithLeader, syncWithLeader and
 * processPing for an empty history. Each LEADERINFO is answered by one ACKEPOCH and each
 * NEWLEADER by one ACK, in their order, once the epoch is on the disk. Ours, not
 * ZooKeeper's: every phase has a deadline, and an established leader may raise the epoch
 * on the open link (the renewal). */
#include "peer/role_impl.h"

#include <assert.h>
#include <string.h>

/* The leader's first packet must come within these. It decides at most a finalize window
 * after us, and pings whoever is connected at once. */
#define WORD_TICKS 6
/* D4: from LEADERINFO to the NEWLEADER that says that a quorum has promised without us.
 */
#define VAIN_TICKS 6

/* D7: says nothing while our disk takes no writes. With us the leader would have its
 * quorum, and lose it with our write. */
static void
send_info(struct role *r, struct role_actions *out)
{
	const struct qpacket_learner info = {
	    .sid = r->config.sid,
	    .protocol = QPACKET_PROTOCOL,
	    .config_version = r->members.file.version,
	};
	struct role_follow *f = &r->follow;
	struct role_packet *packet;

	f->silent = r->epochs.bad;
	f->init_ms = out->now_ms + role_ticks(r, r->timing.init_limit);
	f->word_due_ms = out->now_ms + role_ticks(r, WORD_TICKS);
	/* it does not know us yet, and pings nobody that it does not know */
	if (f->silent)
		f->word_due_ms = f->init_ms;
	if (r->handover.patient_ms > 0)
		f->word_due_ms = f->init_ms = r->handover.patient_ms; /* R8 */
	if (f->silent)
		return;
	f->said = r->epochs.promised;
	packet = role_send(out, role_remote(r, r->vote.leader),
	                   role_observes(r) ? QPACKET_OBSERVERINFO : QPACKET_FOLLOWERINFO,
	                   r->epochs.promised << 32);
	packet->data_len =
	    (uint8_t)qpacket_put_learner(&info, packet->data, sizeof(packet->data));
	assert(packet->data_len > 0);
}

void
role_follow_start(struct role *r, struct role_actions *out)
{
	struct role_remote *leader = role_remote(r, r->vote.leader);

	r->mode = ROLE_MODE_FOLLOW;
	memset(&r->follow, 0, sizeof(r->follow));
	r->follow.word_due_ms = out->now_ms + role_ticks(r, WORD_TICKS);
	r->follow.init_ms = out->now_ms + role_ticks(r, r->timing.init_limit);
	/* the leader too may have opened a link, when it took us for its leader */
	role_close_all(r, leader, ROLE_CLOSE_OTHERWISE, out);
	if (role_use_ahead(leader, out))
		send_info(r, out);
	else if (!leader->dialling)
		role_connect(leader, out);
}

static void
link_up(struct role *r, struct role_remote *p, struct role_actions *out)
{
	(void)p; /* the leader: no other is dialled */
	send_info(r, out);
}

static void
link_down(struct role *r, const struct role_remote *p, bool was_up,
          enum msg_reason reason, struct role_actions *out)
{
	bool failed = !was_up && role_loss(reason) == ROLE_LOSS_FAILED;

	if (p->sid != r->vote.leader || role_resume_follower(r, reason, was_up, out))
		return;
	if (r->follow.epoch > 0 && (was_up || r->handover.patient_ms > 0))
		role_look_again(r, MSG_LOOK_LEADER, true, out);
	else if (was_up && r->follow.fresher && role_may_stand(r))
		/* if we waited, the others might elect this leader again without us */
		role_look_again(r, MSG_LOOK_EPOCH, false, out);
	else
		role_look_again(r, MSG_LOOK_REFUSED, failed, out); /* D5 */
}

/* Once the leader is established its learner link says better whether it lives: the
 * LOOKING that the elector saw may have been sent before it led, and come again over a
 * new link or in a replay. Without that link the doubt ends our patience (R8). */
static void
on_doubt(struct role *r, struct role_actions *out)
{
	bool patient = r->handover.patient_ms > 0;

	if (r->follow.epoch == 0 || patient)
		role_look_again(r, MSG_LOOK_DOUBT, patient, out);
}

/* D7: with a write that lasts so long we are no follower for this leader, which must not
 * count us. Or we may stand again, and the others may wait for the promise that we
 * withheld while we could not. */
static void
on_stand(struct role *r, struct role_actions *out)
{
	struct role_follow *f = &r->follow;

	if (r->epochs.bad && !f->silent && f->epoch == 0)
		role_look_again(r, MSG_LOOK_DISK, false, out);
	else if (f->withheld && f->epoch == 0 && role_may_stand(r))
		role_look_again(r, MSG_LOOK_EPOCH, false, out);
}

/* N5: the record is reported from the start of its write on. */
static const struct members_report *
make_report(struct role *r)
{
	struct members_report *report = &r->members.report;

	report->instance = r->epochs.record.instance;
	report->may_found = r->epochs.record.may_found;
	report->version = r->members.file.version;
	report->digest = members_digest(&r->members.file);
	report->record = *role_record(r);
	return report;
}

/* A server that is fresher than the leader, and may not stand (now; it may have when it
 * looked) or is demoted (D4), makes no promise before the leader is established: its
 * promise would depose a leader whom the others may have without it. */
static void
send_ackepoch(struct role *r, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t current = role_current(r);
	struct role_packet *p;

	f->fresher = f->promise && f->epoch == 0 &&
	             role_is_fresher(current, r->look.zxid,
	                             vote_claimed_epoch(r->vote.epoch), r->vote.zxid);
	f->withheld = f->fresher && (r->demotion.now || !role_may_stand(r));
	p = role_send(out, role_remote(r, r->vote.leader), QPACKET_ACKEPOCH,
	              r->look.zxid);
	p->answer.epoch = (int32_t)f->asked;
	p->answer.current = f->promise && !f->withheld ? (int32_t)current : -1;
	p->report = make_report(r);
}

/* R4: our promise to another, of which our leader is told with each answer to a PING. */
static bool
is_gated(struct role *r, const struct role_actions *out)
{
	uint64_t until = role_lease_withheld(r, out->now_ms), init_ms;

	if (until == 0)
		return false;
	init_ms = role_lease_extended(r, until - out->now_ms, out);
	if (init_ms > r->follow.init_ms)
		r->follow.init_ms = init_ms;
	return true;
}

/* Sends the answers that are owed and whose epoch is on the disk. An ACK that is withheld
 * when the leader has asked for a later epoch is of no use to it. */
static void
advance(struct role *r, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	const struct role_remote *leader = role_remote(r, r->vote.leader);

	if (f->silent && !r->epochs.bad && role_is_open(leader))
		send_info(r, out);
	if (f->ack_due && role_epochs_recorded(r, f->told) && !is_gated(r, out)) {
		f->ack_due = false;
		role_send(out, leader, QPACKET_ACK, f->told << 32);
	}
	if (f->answer_due && r->epochs.accepted >= f->asked) {
		f->answer_due = f->ack_due = false;
		send_ackepoch(r, out);
	}
}

static void
on_written(struct role *r, struct role_actions *out)
{
	advance(r, out);
	role_lease_bound(r, out);
}

/* Returns false where the packet is out of turn. */
static bool
on_leaderinfo(struct role *r, const struct qpacket *packet, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = packet->zxid >> 32;
	struct qpacket_leaderinfo info;

	if (members_get_leaderinfo(packet, &info) != QPACKET_OK)
		return false;
	if (!role_takes_protocol(r, r->vote.leader, info.protocol)) {
		role_close(role_remote(r, r->vote.leader), ROLE_CLOSE_OLDER, out);
		role_look_again(r, MSG_LOOK_REFUSED, false, out);
		return true;
	}
	if (epoch <= 0 || f->answer_due)
		return false;
	if (epoch < f->said) {
		role_limit_kept_out(r, epoch);
		role_look_again(r, MSG_LOOK_REFUSED, false, out);
		return true;
	}
	role_limit_clear(r);
	r->members.listed = true;
	r->timing = (struct role_timing){info.tick_ms, info.init_limit, info.sync_limit};
	if (epoch < r->epochs.promised) {
		role_look_again(r, MSG_LOOK_EPOCH, false, out);
		return true;
	}
	f->asked = epoch;
	f->promise = epoch > r->epochs.promised;
	f->vain_ms = out->now_ms + role_ticks(r, VAIN_TICKS);
	f->answer_due = true;
	/* the leader ends a renewal that fails by itself, or gives it up (N7) */
	if (f->epoch > 0 && r->handover.patient_ms == 0)
		f->init_ms =
		    out->now_ms + role_ticks(r, 2 * (uint64_t)r->timing.init_limit);
	role_epochs_want_accepted(r, epoch, out);
	advance(r, out);
	return true;
}

/* N5: one epoch has one record; of another we could not acknowledge what we have. */
static bool
is_other(const struct members_record *ours, int64_t epoch,
         const struct members_record *pair)
{
	return ours->epoch == epoch && !members_same_record(ours, pair);
}

static bool
on_newleader(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = ev->packet->zxid >> 32;

	if (!ev->pair || ev->pair->new.version == 0 || epoch != f->asked || epoch == 0 ||
	    f->answer_due || f->ack_due || is_other(role_record(r), epoch, ev->pair))
		return false;
	f->told = epoch;
	f->ack_due = true;
	role_change_follow(r, ev->pair, out->now_ms);
	role_epochs_want_current(r, epoch, ev->pair, out);
	advance(r, out);
	return true;
}

static bool
on_uptodate(struct role *r, const struct qpacket *packet, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = packet->zxid >> 32;

	if (epoch != f->told || epoch == 0 || f->ack_due)
		return false;
	if (f->asked == epoch) /* else the next renewal is under way */
		f->init_ms = UINT64_MAX;
	role_resume_established(r);
	role_handover_established(r);
	if (epoch == f->epoch)
		return true;
	f->epoch = epoch;
	role_establish(r, epoch, out);
	return true;
}

static void
on_packet(struct role *r, struct role_remote *p, const struct role_event *ev,
          struct role_actions *out)
{
	const struct qpacket *packet = ev->packet;
	uint64_t word_ms = out->now_ms + role_ticks(r, r->timing.sync_limit);
	bool expected = false;

	if (p->sid != r->vote.leader)
		return;
	r->follow.heard = true;
	if (packet->type != QPACKET_PING || r->follow.word_due_ms < word_ms)
		r->follow.word_due_ms = word_ms; /* it may ping us before it leads */
	if (packet->type == QPACKET_LEADERINFO) {
		expected = on_leaderinfo(r, packet, out);
	} else if (packet->type == QPACKET_NEWLEADER) {
		expected = on_newleader(r, ev, out);
	} else if (packet->type == QPACKET_UPTODATE) {
		expected = on_uptodate(r, packet, out);
	} else if (packet->type == QPACKET_PING && role_handover_packet(r, packet, out)) {
		expected = true;
	} else if (packet->type == QPACKET_PING) {
		role_lease_heard(r, packet, out);
		advance(r, out);
		role_lease_answer(r, out);
		expected = true;
	}
	if (expected)
		return;
	role_close(p, ROLE_CLOSE_UNEXPECTED, out);
	role_look_again(r, MSG_LOOK_REFUSED, false, out);
}

/* D4: until vain_ms we wait for a NEWLEADER, which says that they are a quorum without
 * us. One that cannot lead has no other choice than to wait. */
static bool
waits_in_vain(const struct role *r)
{
	const struct role_follow *f = &r->follow;

	return f->withheld && f->told != f->asked && f->epoch == 0 && role_may_stand(r);
}

static uint64_t
due_ms(const struct role *r)
{
	const struct role_follow *f = &r->follow;
	uint64_t due = f->word_due_ms < f->init_ms ? f->word_due_ms : f->init_ms;
	uint64_t opens_ms = role_lease_withheld(r, 0);

	if (role_resume_redial_ms(r) < due)
		due = role_resume_redial_ms(r);
	if (opens_ms > 0 && opens_ms < due)
		due = opens_ms;
	return waits_in_vain(r) && f->vain_ms < due ? f->vain_ms : due;
}

static void
on_due(struct role *r, struct role_actions *out)
{
	bool silent = out->now_ms >= r->follow.word_due_ms;
	bool over = r->handover.patient_ms > 0 && out->now_ms >= r->follow.init_ms;

	if ((silent || over) && r->follow.epoch > 0)
		role_look_again(r, MSG_LOOK_LEADER, true, out);
	else if (silent || out->now_ms >= r->follow.init_ms)
		role_look_again(r, MSG_LOOK_TIMEOUT, !r->follow.heard, out); /* D5 */
	else if (waits_in_vain(r) && out->now_ms >= r->follow.vain_ms)
		role_look_again(r, MSG_LOOK_EPOCH, false, out);
	else {
		role_resume_redial(r, out);
		advance(r, out);
	}
}

static void
on_lost(struct role *r, struct role_actions *out)
{
	if (!role_resume_lost(r, out))
		role_lost(r, out);
}

static void
on_election(struct role *r, struct role_actions *out)
{
	if (r->handover.patient_ms > 0 && role_resume_is_refused(r, out->now_ms))
		role_look_again(r, MSG_LOOK_LEADER, true, out);
}

static enum role_phase
phase(const struct role *r)
{
	if (r->follow.epoch > 0)
		return ROLE_BROADCAST;
	return r->follow.told > 0 ? ROLE_SYNCHRONIZATION : ROLE_DISCOVERY;
}

const struct role_ops role_follow_ops = {
    .doubt = on_doubt,
    .election = on_election,
    .refuses = ROLE_CLOSE_OTHERWISE,
    .link_up = link_up,
    .link_down = link_down,
    .stand = on_stand,
    .packet = on_packet,
    .written = on_written,
    .due = on_due,
    .due_ms = due_ms,
    .lost = on_lost,
    .again = role_resume_again,
    .phase = phase,
};
