/* Bugs on purpose, to see that the search finds them: before and after a step of the
 * core, or in the place of a function that it calls (the linker's --wrap). */
#include "tests/model/model.h"

#include <string.h>

enum bug {
	BUG_NONE,
	BUG_NO_SYNC,
	BUG_TWICE,
	BUG_QUORUM,
	BUG_REFUSAL,
	BUG_OWN_PROMISE,
	BUG_EARLY_ANSWER,
	BUG_OLD_PROMISE,
	BUG_OLD_ACK,
	BUGS,
};

static const char *const names[BUGS] = {
    [BUG_NONE] = "none",
    /* a write ends before its bytes are on the disk */
    [BUG_NO_SYNC] = "no-sync",
    /* an epoch is promised again over another link */
    [BUG_TWICE] = "promise-twice",
    /* the quorum has one less than it takes */
    [BUG_QUORUM] = "quorum",
    /* an ACKEPOCH that is no promise counts as one */
    [BUG_REFUSAL] = "refusal-counts",
    /* a leader counts its own word before it is written; a follower answers before */
    [BUG_OWN_PROMISE] = "own-promise",
    [BUG_EARLY_ANSWER] = "early-answer",
    /* a promise, or an ACK, counts for the proposal, whichever epoch it was for */
    [BUG_OLD_PROMISE] = "old-promise",
    [BUG_OLD_ACK] = "old-ack",
};

static enum bug bug;

bool __real_quorum_has(const struct quorum *q, const int64_t *sids, unsigned count);
bool __wrap_quorum_has(const struct quorum *q, const int64_t *sids, unsigned count);

bool
model_bug_set(const char *name)
{
	for (unsigned i = 1; i < BUGS; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		bug = (enum bug)i;
		return true;
	}
	return false;
}

const char *
model_bug_name(unsigned i)
{
	return i + 1 < BUGS ? names[i + 1] : NULL;
}

bool
model_bug_no_sync(void)
{
	return bug == BUG_NO_SYNC;
}

/* As if any one more had agreed. */
bool
__wrap_quorum_has(const struct quorum *q, const int64_t *sids, unsigned count)
{
	int64_t more[QCONFIG_SERVERS_MAX + 1];

	if (bug != BUG_QUORUM)
		return __real_quorum_has(q, sids, count);
	memcpy(more, sids, count * sizeof(*sids));
	for (unsigned i = 0; i < q->voter_count; i++) {
		more[count] = q->voters[i];
		if (__real_quorum_has(q, more, count + 1))
			return true;
	}
	return false;
}

/* What is being written counts as written. */
static void
believe_write(struct role *r, enum role_mode mode)
{
	struct role_epochs *e = &r->epochs;

	if (r->mode != mode || !e->writing)
		return;
	e->accepted = e->promised;
	e->current = e->tried_current;
}

void
model_bug_before(struct role *r, const struct role_event *ev)
{
	if (bug == BUG_TWICE && ev->type == ROLE_EV_REMOTE &&
	    r->mode == ROLE_MODE_FOLLOW && r->epochs.accepted > 0)
		r->epochs.promised = r->epochs.accepted - 1;
	else if (bug == BUG_OWN_PROMISE)
		believe_write(r, ROLE_MODE_LEAD);
	else if (bug == BUG_EARLY_ANSWER)
		believe_write(r, ROLE_MODE_FOLLOW);
}

static void
credit(struct role *r, const struct role_remote *was, struct role_remote *p)
{
	if (bug == BUG_OLD_PROMISE && p->link.promised != was->link.promised)
		p->link.promised = r->lead.proposal;
	if (bug == BUG_OLD_ACK && p->link.acked != was->link.acked)
		p->link.acked = r->lead.proposal;
}

void
model_bug_after(const struct role *before, struct role *r, const struct role_event *ev)
{
	(void)ev;
	if (r->mode != ROLE_MODE_LEAD)
		return;
	for (unsigned i = 0; i < r->remote_count; i++)
		credit(r, &before->remotes[i], &r->remotes[i]);
}

void
model_bug_packet(struct model_packet *p)
{
	if (bug == BUG_REFUSAL && p->type == QPACKET_ACKEPOCH && p->answer < 0)
		p->answer = 0;
}
