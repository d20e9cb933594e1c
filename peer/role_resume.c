/* Restarts of processes that cost no leader: rules R7 and R8 of docs/LEASE.md. Whoever is
 * patient stays what it is, for people, for programs and for the elector, and its links
 * are made again by the normal steps. Only ended links are waited for: what falls silent
 * is gone. */
#include "peer/role_impl.h"

#include <string.h>

/* Between two attempts to reach the leader again: at first, and at most. */
#define REDIAL_MS     2
#define REDIAL_MAX_MS 16
/* Before the first pause. */
#define QUICK_DIALS 2

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- R7 ---- */

/* The record on the disk must be the one that this epoch was led with: one epoch has one
 * record (N5). */
static bool
can_resume(const struct role *r)
{
	const struct role_memory *m = &r->lease.memory;
	const struct role_epochs *e = &r->epochs;

	return r->config.zab && m->led.epoch > 0 && e->accepted == m->led.epoch &&
	       e->current == m->led.epoch && e->recorded == m->led.epoch &&
	       m->led.vote.leader == r->config.sid && role_may_stand(r);
}

bool
role_resume_start(struct role *r, struct role_actions *out)
{
	const struct role_memory *m = &r->lease.memory;
	uint64_t until_ms = later(out->now_ms + r->config.resume_ms, m->published_ms);

	if (!can_resume(r) || until_ms <= out->now_ms) {
		role_lease_ended(r, out); /* nor is it after another restart */
		return false;
	}
	r->handover.resumes = m->led.epoch;
	r->handover.patient_ms = until_ms;
	r->vote = m->led.vote;
	r->vote.state = NOTIF_LEADING;
	r->vote.epoch = m->led.epoch;
	r->look.epoch = role_current(r);
	r->look.zxid = r->claim;
	r->stands = true;
	role_announce(r, out);
	r->role_count = r->count;
	return true;
}

void
role_resume_give_up(struct role *r, const struct role_actions *out)
{
	r->handover.resumes = 0;
	r->handover.patient_ms = 0;
	role_set_deadlines(r, out);
}

/* ---- R8: the leader ---- */

static bool
does_not_look(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return !p->looks;
}

bool
role_resume_waits(const struct role *r, uint64_t now_ms)
{
	return now_ms < r->handover.patient_ms && role_is_enough(r, does_not_look);
}

/* R8: who is silent is not waited for, nor is one that joined and does not acknowledge.
 */
bool
role_resume_is_over(struct role *r, bool silent, const struct role_actions *out)
{
	struct role_handover *h = &r->handover;
	bool waits = !silent && role_resume_waits(r, out->now_ms);
	bool deserted = role_is_deserted(r, out->now_ms);

	if (h->patient_ms > 0 && out->now_ms >= h->patient_ms && h->resumes == 0)
		h->patient_ms = 0;
	return (deserted || (h->resumes > 0 && out->now_ms >= h->patient_ms)) && !waits;
}

bool
role_resume_leader(struct role *r, struct role_actions *out)
{
	struct role_handover *h = &r->handover;

	if (h->patient_ms == 0 && r->lead.epoch > 0)
		h->patient_ms = later(out->now_ms + r->config.resume_ms, r->lease.end_ms);
	return role_resume_waits(r, out->now_ms);
}

/* Its present link is newer than its last look. */
void
role_resume_joined(struct role_remote *p)
{
	p->looks = false;
}

static bool
is_back(const struct role *r, const struct role_remote *p)
{
	return role_is_live(r, p) && p->link.acked > 0;
}

void
role_resume_acked(struct role *r)
{
	if (r->handover.patient_ms > 0 && r->lead.epoch > 0 && role_is_enough(r, is_back))
		r->handover.patient_ms = 0;
}

void
role_resume_established(struct role *r)
{
	struct role_handover *h = &r->handover;

	h->resumed += h->resumes > 0;
	h->resumes = 0;
	h->patient_ms = 0;
}

void
role_resume_voter_looks(struct role *r, int64_t sid, struct role_actions *out)
{
	struct role_remote *p = role_remote(r, sid);

	if (!p)
		return;
	p->looks = true;
	if (r->handover.patient_ms > 0 && !role_resume_waits(r, out->now_ms))
		role_look_again(r, MSG_LOOK_QUORUM, false, out);
}

/* ---- R8: the follower ---- */

static bool
begin(struct role *r, const struct role_actions *out)
{
	struct role_handover *h = &r->handover;
	const struct role_promise *promise = &r->lease.memory.promise;
	int64_t epoch = r->follow.epoch;

	if (h->patient_ms == 0) {
		h->patient_ms = out->now_ms + r->config.resume_ms;
		if (promise->sid == r->vote.leader)
			h->patient_ms = later(h->patient_ms, promise->end_ms);
	}
	memset(&r->follow, 0, sizeof(r->follow));
	r->follow.epoch = epoch;
	r->follow.word_due_ms = r->follow.init_ms = h->patient_ms;
	return out->now_ms < h->patient_ms;
}

/* The first attempt is made at once: it is refused where the leader's whole server is
 * gone, whose followers must not wait. So is the second: the first one may have been
 * taken by a port that went a moment after connmgr. */
static void
dial(struct role *r, struct role_actions *out)
{
	struct role_handover *h = &r->handover;
	unsigned waits = h->redials < QUICK_DIALS ? 0 : h->redials - QUICK_DIALS;
	uint64_t wait_ms = (uint64_t)REDIAL_MS << waits;

	h->redial_ms = 0;
	if (h->redials < QUICK_DIALS)
		role_connect(role_remote(r, r->vote.leader), out);
	else
		h->redial_ms =
		    out->now_ms + (wait_ms < REDIAL_MAX_MS ? wait_ms : REDIAL_MAX_MS);
	if (wait_ms < REDIAL_MAX_MS)
		h->redials++;
}

/* connmgr dials the election port again by itself, which says the same a turn earlier. */
bool
role_resume_is_refused(const struct role *r, uint64_t now_ms)
{
	const struct role_remote *leader = role_find_remote(r, r->vote.leader);

	return leader->election == ROLE_ELECTION_GONE &&
	       now_ms <= leader->election_ms + REDIAL_MAX_MS;
}

bool
role_resume_follower(struct role *r, enum msg_reason reason, bool was_up,
                     struct role_actions *out)
{
	bool patient = r->handover.patient_ms > 0;
	bool failed = role_loss(reason) == ROLE_LOSS_FAILED;

	if (r->follow.epoch == 0 || (!was_up && !patient))
		return false;
	if (!was_up && (!failed || reason == MSG_REASON_REFUSED))
		return false;
	if (role_resume_is_refused(r, out->now_ms))
		return false;
	if (!begin(r, out))
		return false;
	dial(r, out);
	return true;
}

bool
role_resume_lost(struct role *r, struct role_actions *out)
{
	if (r->follow.epoch == 0 || !begin(r, out))
		return false;
	r->handover.redials = 0;
	r->handover.redial_ms = 0;
	return true;
}

void
role_resume_again(struct role *r, struct role_actions *out)
{
	role_announce(r, out);
}

/* What became of a connection before would not have been told. */
void
role_resume_synced(struct role *r, struct role_actions *out)
{
	const struct role_remote *leader = role_remote(r, r->vote.leader);

	if (r->mode == ROLE_MODE_FOLLOW && r->handover.patient_ms > 0 && !r->away &&
	    !leader->dialling && !role_is_open(leader) && r->handover.redial_ms == 0)
		dial(r, out);
}

void
role_resume_redial(struct role *r, struct role_actions *out)
{
	if (out->now_ms < role_resume_redial_ms(r))
		return;
	r->handover.redial_ms = 0;
	role_connect(role_remote(r, r->vote.leader), out);
}

uint64_t
role_resume_redial_ms(const struct role *r)
{
	return r->handover.redial_ms > 0 ? r->handover.redial_ms : UINT64_MAX;
}
