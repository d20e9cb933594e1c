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

/* Who has no place in a newer record does not stand for so long. */
#define UNFIT_TICKS 10
/* From an answered PING to the next one. */
#define PEACE_TICKS 2

/* Proposes an epoch above all that we know to be promised. False: no such epoch is left,
 * and we look again. */
static bool
propose(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	int64_t base = role_base_epoch(r), largest = base;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (role_is_live(r, p) && p->link.accepted > largest)
			largest = p->link.accepted;
	}
	if (largest >= ROLE_EPOCH_MAX) {
		r->reason = ROLE_REASON_USED_UP;
		r->error = 0;
		role_look_again(r, MSG_LOOK_DISK, false, out);
		return false;
	}
	if (r->handover.resumes > 0)
		role_resume_give_up(r, out);
	if (l->epoch > 0 && l->epoch == l->proposal)
		l->init_ms = out->now_ms + role_ticks(r, r->timing.init_limit);
	role_limit_spend(r, base, largest, out->now_ms);
	l->proposal = largest + 1;
	l->promised = false;
	role_epochs_want_accepted(r, l->proposal, out);
	return true;
}

/* A quorum has promised: what we adopted is what we synchronize. */
static void
synchronize(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	l->promised = true;
	l->adopted.epoch = l->proposal;
	l->proposed = l->adopted;
	role_epochs_want_current(r, l->proposal, &l->proposed, out);
}

/* N8: false: we are no voter of what has just been acknowledged, and step down. */
static bool
establish(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	if (!role_is_member_of(r, &l->proposed) ||
	    !(members_may_lead(&l->proposed.old, r->config.sid) ||
	      members_may_lead(&l->proposed.new, r->config.sid))) {
		role_look_again(r, MSG_LOOK_MEMBERS, false, out);
		return false;
	}
	l->epoch = l->proposal;
	l->init_ms = UINT64_MAX;
	l->ruling = l->proposed;
	if (l->proposed.old.version == 0)
		l->change.kind = ROLE_KIND_PLAIN;
	role_resume_established(r);
	role_handover_established(r);
	role_establish(r, l->epoch, out);
	role_lease_led(r, out);
	return true;
}

/* R4. The deadline is no reason to end a term that waits for our own promise. */
static bool
is_gated(struct role *r, const struct role_actions *out)
{
	role_lease_wait(r, out);
	return role_lease_gate(r, r->config.sid, r->lead.proposal, out->now_ms) > 0;
}

/* One proposal, as far as it goes now. True: another is to follow. */
static bool
go(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	if (!l->gathered) {
		if (!role_is_enough(r, role_is_live))
			return false;
		l->gathered = true;
		l->promise_ms = out->now_ms + role_ticks(r, r->timing.init_limit) / 2;
		if (!propose(r, out))
			return false;
	}
	role_send_all(r, QPACKET_LEADERINFO, l->proposal, out);
	if (!l->promised) {
		if (!role_is_promised(r))
			return false;
		synchronize(r, out);
	}
	role_send_all(r, QPACKET_NEWLEADER, l->proposal, out);
	if (l->epoch != l->proposal &&
	    (!role_is_acked(r) || is_gated(r, out) || !establish(r, out)))
		return false;
	role_send_all(r, QPACKET_UPTODATE, l->epoch, out);
	if (l->proposed.old.version > 0) {
		if (!role_lease_covers(r, &l->proposed.new, out->now_ms))
			return false;
		role_change_leave(r);
	} else if (!role_change_begin(r, out)) {
		return false;
	}
	return propose(r, out);
}

static void
advance(struct role *r, struct role_actions *out)
{
	while (r->mode == ROLE_MODE_LEAD && go(r, out))
		;
}

/* Pings the learners whose turn it is. A learner that does not answer is pinged again at
 * the next tick: that makes TCP send at once what was lost. One that answered has peace
 * for another tick, where sync_limit leaves enough time for both. */
static void
ping(struct role *r, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (role_is_open(p) && out->now_ms >= p->link.ping_ms)
			role_ping(r, p, out);
	}
}

/* A change may wait for what it promises. */
static void
on_ping(struct role *r, struct role_remote *p, const struct qpacket *packet,
        struct role_actions *out)
{
	if (p->link.pinged && r->timing.sync_limit >= 3 * PEACE_TICKS &&
	    role_ping_has_peace(r, role_ticks(r, PEACE_TICKS)))
		p->link.ping_ms += role_ticks(r, PEACE_TICKS - 1);
	p->link.pinged = false;
	role_lease_answered(r, p, packet, out);
	if (r->lead.proposed.old.version > 0)
		advance(r, out);
}

static void
take_over(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_LEAD;
	memset(&r->lead, 0, sizeof(r->lead));
	role_set_deadlines(r, out);
	role_change_start(r);
	for (unsigned i = 0; i < r->remote_count; i++) {
		r->remotes[i].link.word_ms = out->now_ms; /* some have waited for us */
		r->remotes[i].link.ping_ms = out->now_ms;
		r->remotes[i].looks = false;
		role_close_ahead(&r->remotes[i], ROLE_CLOSE_OTHERWISE, out);
	}
	ping(r, out);
}

void
role_lead_start(struct role *r, struct role_actions *out)
{
	take_over(r, out);
	if (role_sieve_all(r, out))
		advance(r, out);
}

/* R7. A quorum has promised the epoch, and acknowledged its record; that quorum must do
 * the latter once more. */
void
role_lead_resume(struct role *r, struct role_actions *out)
{
	struct role_lead *l = &r->lead;

	take_over(r, out);
	l->proposal = r->handover.resumes;
	l->proposed = l->adopted;
	l->gathered = l->promised = true;
	l->init_ms = UINT64_MAX;
	if (!role_sieve_all(r, out))
		return;
	for (unsigned i = 0; i < r->remote_count && l->promised; i++)
		if (role_is_live(r, &r->remotes[i]) && role_is_above(r, &r->remotes[i]) &&
		    !propose(r, out))
			return;
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

/* A link has ended. */
static void
check_quorum(struct role *r, struct role_actions *out)
{
	if (role_is_deserted(r, out->now_ms) && !role_resume_leader(r, out))
		role_look_again(r, MSG_LOOK_QUORUM, false, out);
}

static void
link_down(struct role *r, const struct role_remote *p, bool was_up,
          enum msg_reason reason, struct role_actions *out)
{
	(void)was_up;
	(void)reason;
	role_members_part(r, p);
	check_quorum(r, out);
}

static void
joined(struct role *r, struct role_remote *p, struct role_actions *out)
{
	p->link.ping_ms = out->now_ms + role_ticks(r, 1);
	role_resume_joined(p);
	role_limit_report(r, p, p->link.accepted);
	if (!role_sieve_all(r, out) || !role_is_live(r, p))
		return;
	if (!role_is_above(r, p) || propose(r, out))
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

static void
note_report(struct role_link *l, const struct members_report *report)
{
	l->known = true;
	l->may_found = report->may_found;
	l->instance = report->instance;
	l->file_version = report->version;
	l->file_digest = report->digest;
	l->record_epoch = report->record.epoch;
}

/* A voter of the newer record, with a weight and the disk that it shows; or a founder. A
 * newcomer is not elected where we stand. */
static bool
may_lead(const struct role *r, const struct role_remote *p,
         const struct members_record *reported)
{
	const struct members_record *record = &r->lead.adopted;
	const struct members_id id = {p->sid, p->link.instance};

	if (reported->epoch > record->epoch)
		record = reported;
	if (record->new.version == 0)
		return members_may_lead(&r->members.file, p->sid);
	return (members_is_voter(&record->old, &id) &&
	        members_may_lead(&record->old, p->sid)) ||
	       (members_is_voter(&record->new, &id) &&
	        members_may_lead(&record->new, p->sid) &&
	        (!role_is_newcomer(record, p->sid) ||
	         role_is_newcomer(record, r->config.sid)));
}

/* N4. False: we look again. */
static bool
adopt(struct role *r, const struct members_record *record, struct role_actions *out)
{
	bool again = r->lead.promised || r->lead.epoch > 0;
	enum role_adoption adoption = role_change_adopt(r, record);

	if (adoption == ROLE_ADOPT_UNFIT) {
		r->members.unfit_ms = out->now_ms + role_ticks(r, UNFIT_TICKS);
		role_look_again(r, MSG_LOOK_MEMBERS, false, out);
	} else if (adoption == ROLE_ADOPT_TAKEN && again) {
		return propose(r, out);
	}
	return adoption != ROLE_ADOPT_UNFIT;
}

/* These return the reason to close the link, if there is one. */
static enum role_close
on_ackepoch(struct role *r, struct role_remote *p, const struct role_event *ev,
            struct role_actions *out)
{
	const struct role_lead *l = &r->lead;

	if (p->link.offered == p->link.answered)
		return ROLE_CLOSE_UNEXPECTED;
	if (!ev->report || ev->answer.current < -1 || ev->answer.epoch != p->link.offered)
		return ROLE_CLOSE_BAD;
	if (ev->report->record.epoch > ev->answer.epoch) /* it promised that to nobody */
		return ROLE_CLOSE_BAD;
	p->link.answered = p->link.offered;
	note_report(&p->link, ev->report);
	if (ev->answer.current >= 0) {
		bool fresher = role_is_fresher(ev->answer.current, ev->packet->zxid,
		                               role_current(r), r->look.zxid);

		/* nobody elects a learner without a weight, or one that is no member,
		 * however fresh it is: we would look again for ever */
		if (fresher && may_lead(r, p, &ev->report->record) &&
		    p->link.answered == l->proposal && !l->promised && l->epoch == 0) {
			role_look_again(r, MSG_LOOK_EPOCH, false, out);
			return ROLE_CLOSE_NONE;
		}
		p->link.promised = p->link.answered;
	}
	if (adopt(r, &ev->report->record, out))
		advance(r, out);
	/* until now it counted by its number alone, and its disk may be another */
	if (r->mode == ROLE_MODE_LEAD && l->epoch > 0)
		check_quorum(r, out);
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
	role_resume_joined(p);
	role_resume_acked(r);
	advance(r, out);
	role_members_part(r, p);
	return ROLE_CLOSE_NONE;
}

static void
on_packet(struct role *r, struct role_remote *p, const struct role_event *ev,
          struct role_actions *out)
{
	const struct qpacket *packet = ev->packet;
	enum role_close why = ROLE_CLOSE_UNEXPECTED;

	p->link.word_ms = out->now_ms;
	if (packet->type == QPACKET_PING) {
		on_ping(r, p, packet, out);
		why = ROLE_CLOSE_NONE;
	} else if (packet->type == QPACKET_ACKEPOCH) {
		why = on_ackepoch(r, p, ev, out);
	} else if (packet->type == QPACKET_ACK) {
		why = on_ack(r, p, packet, out);
	}
	if (why == ROLE_CLOSE_NONE)
		return;
	role_close(p, why, out);
	closed(r, p, out);
}

/* N7, or the end. */
static void
on_deadline(struct role *r, struct role_actions *out)
{
	if (!role_change_give_up(r, out)) {
		role_look_again(r, MSG_LOOK_TIMEOUT, false, out);
		return;
	}
	r->lead.init_ms = out->now_ms + role_ticks(r, r->timing.init_limit);
	if (propose(r, out))
		advance(r, out);
}

bool
role_lead_is_late(const struct role *r, uint64_t now_ms)
{
	uint64_t limit_ms = role_ticks(r, r->timing.sync_limit);
	uint64_t patient_ms = r->handover.patient_ms;
	bool late = patient_ms > 0 && now_ms >= patient_ms;

	for (unsigned i = 0; i < r->remote_count; i++)
		late |= role_is_open(&r->remotes[i]) &&
		        now_ms >= r->remotes[i].link.word_ms + limit_ms;
	return late && r->lead.epoch > 0;
}

bool
role_lead_expire(struct role *r, bool silent, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (!role_is_open(p) ||
		    out->now_ms < p->link.word_ms + role_ticks(r, r->timing.sync_limit))
			continue;
		role_close(p, ROLE_CLOSE_SILENT, out);
		silent = true;
		if (role_is_open(p))
			joined(r, p, out);
		if (r->mode != ROLE_MODE_LEAD)
			return true;
	}
	if (role_resume_is_over(r, silent, out))
		role_look_again(r, MSG_LOOK_QUORUM, false, out);
	return r->mode != ROLE_MODE_LEAD;
}

static void
on_due(struct role *r, struct role_actions *out)
{
	if (role_lead_expire(r, false, out))
		return;
	if (out->now_ms >= role_deadline_ms(r))
		on_deadline(r, out);
	else
		ping(r, out);
	if (out->now_ms >= r->lead.change.retry_ms || out->now_ms >= role_opens_ms(r))
		advance(r, out);
}

static uint64_t
due_ms(const struct role *r)
{
	uint64_t due = role_deadline_ms(r);

	if (role_change_due_ms(r) < due)
		due = role_change_due_ms(r);
	if (r->handover.patient_ms > 0 && r->handover.patient_ms < due)
		due = r->handover.patient_ms;
	if (role_opens_ms(r) < due)
		due = role_opens_ms(r);
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		uint64_t silent = p->link.word_ms + role_ticks(r, r->timing.sync_limit);

		if (!role_is_open(p))
			continue;
		if (silent < due)
			due = silent;
		if (p->link.ping_ms < due)
			due = p->link.ping_ms;
		if (r->lead.counted_ms < role_joined_ms(r, p) &&
		    role_joined_ms(r, p) < due)
			due = role_joined_ms(r, p);
	}
	return due;
}

static void
on_lost(struct role *r, struct role_actions *out)
{
	bool term = r->lead.epoch > 0 || r->handover.resumes > 0;

	if (!term || (role_is_deserted(r, out->now_ms) && !role_resume_leader(r, out)))
		role_lost(r, out);
}

static enum role_phase
phase(const struct role *r)
{
	if (r->lead.epoch > 0)
		return ROLE_BROADCAST;
	return r->lead.promised ? ROLE_SYNCHRONIZATION : ROLE_DISCOVERY;
}

const struct role_ops role_lead_ops = {
    .joined = joined,
    .link_down = link_down,
    .stand = on_stand,
    .packet = on_packet,
    .written = advance,
    .due = on_due,
    .due_ms = due_ms,
    .lost = on_lost,
    .again = role_resume_again,
    .phase = phase,
    .file = advance,
};
