/* Who should not lead: rules D1 to D4 of docs/ELECTION.md, section "Who should not lead".
 * A server that was elected and found no quorum votes for itself as a demoted one for a
 * while, so that the others elect whom they can reach. Ours, not ZooKeeper's. */
#include "peer/role_impl.h"

/* D1: for so many looks after the first such term, so many more after each further one
 * without an establishment, and for no more than that. */
#define DEMOTED_LOOKS     4
#define DEMOTED_LOOKS_MAX 16
/* D3: and no longer than this in one look. */
#define DEMOTED_TICKS 20
/* D4: leaders in a row, at first and at last. */
#define PATIENCE     2
#define PATIENCE_MAX 8

static bool
others_may_lead(const struct role *r)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		if (role_sid_may_lead(r, r->remotes[i].sid))
			return true;
	return false;
}

/* D1. A term that is resumed was had before. Whatever kept a quorum from us, another may
 * do better; but nobody does better because our disk failed, a server is fresher or our
 * own connmgr ended. */
static void
judge_lead(struct role *r, enum msg_look_reason reason)
{
	bool deserted = reason == MSG_LOOK_TIMEOUT || reason == MSG_LOOK_QUORUM;

	if (r->lead.epoch > 0 || r->handover.resumes > 0 || !deserted || r->away)
		return;
	r->demotion.looks = DEMOTED_LOOKS * ++r->demotion.deserted;
	if (r->demotion.looks > DEMOTED_LOOKS_MAX)
		r->demotion.looks = DEMOTED_LOOKS_MAX;
}

/* D4. A leader from which we withheld our promise had no quorum without us: perhaps the
 * others have no leader but us. */
static void
judge_follow(struct role *r)
{
	struct role_demotion *d = &r->demotion;

	if (!r->follow.withheld || r->follow.epoch > 0 || ++d->withheld < d->patience)
		return;
	d->looks = 0;
	d->withheld = 0;
	if (d->patience < PATIENCE_MAX)
		d->patience *= 2;
}

void
role_demote_judge(struct role *r, enum msg_look_reason reason)
{
	if (r->mode == ROLE_MODE_LEAD)
		judge_lead(r, reason);
	else if (r->mode == ROLE_MODE_FOLLOW)
		judge_follow(r);
}

void
role_demote_look(struct role *r, const struct role_actions *out)
{
	struct role_demotion *d = &r->demotion;

	d->now = d->looks > 0 && r->stands && others_may_lead(r);
	d->end_ms = out->now_ms + role_ticks(r, DEMOTED_TICKS);
	if (d->looks > 0)
		d->looks--;
}

void
role_demote_end(struct role *r)
{
	r->demotion.withheld = 0;
	r->demotion.patience = PATIENCE;
	r->demotion.deserted = 0;
	if (r->mode == ROLE_MODE_LEAD)
		r->demotion.looks = 0;
}
