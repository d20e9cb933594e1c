/* Bugs on purpose, to see that the search finds them: before and after a step of the
 * core. Those in what it calls are in bug_members.c. */
#include "tests/model/bug.h"

#include <string.h>

/* Its name, and the case that shows it. */
static const struct {
	const char *name;
	const char *in;
} bugs[MODEL_BUGS] = {
    [MODEL_BUG_NO_SYNC] = {"no-sync", "crash"},
    [MODEL_BUG_TWICE] = {"promise-twice", "crash"},
    [MODEL_BUG_REFUSAL] = {"refusal-counts", "crash"},
    [MODEL_BUG_OWN_PROMISE] = {"own-promise", "crash"},
    [MODEL_BUG_EARLY_ANSWER] = {"early-answer", "crash"},
    [MODEL_BUG_OLD_PROMISE] = {"old-promise", "crash"},
    [MODEL_BUG_OLD_ACK] = {"old-ack", "crash"},
    [MODEL_BUG_FOUND_MAJORITY] = {"found-majority", "found"},
    [MODEL_BUG_FOUND_VERSION] = {"found-version", "1-to-others"},
    [MODEL_BUG_FOUND_RECORDS] = {"found-records", "copy"},
    [MODEL_BUG_NO_JOINT] = {"no-joint", "1-to-3"},
    [MODEL_BUG_NEW_ONLY] = {"new-only", "1-to-3"},
    [MODEL_BUG_OLD_ONLY] = {"old-only", "1-to-3"},
    [MODEL_BUG_ACK_OLD] = {"ack-old", "1-to-3"},
    [MODEL_BUG_FILE] = {"file", "1-to-3"},
    [MODEL_BUG_FORGET_JOINT] = {"forget-joint", "leader-goes"},
    [MODEL_BUG_NO_ADOPT] = {"no-adopt", "3-to-1"},
    [MODEL_BUG_BY_VERSION] = {"by-version", "1-to-3"},
    [MODEL_BUG_NO_INSTANCE] = {"no-instance", "readmit"},
    [MODEL_BUG_IN_PLACE] = {"in-place", "readmit"},
    [MODEL_BUG_EARLY_ACK] = {"early-ack", "crash"},
    [MODEL_BUG_DROP_JOINT] = {"drop-joint", "leader-goes"},
    [MODEL_BUG_OTHER_GIVES_UP] = {"other-gives-up", "leader-goes"},
    [MODEL_BUG_LATE_GIVE_UP] = {"late-give-up", "leader-goes"},
    [MODEL_BUG_HASTY] = {"hasty", "two-changes"},
    [MODEL_BUG_SELF] = {"self", "leader-goes"},
    [MODEL_BUG_NO_PROMISE] = {"no-promise", "leader-goes"},
    [MODEL_BUG_NEW_LEADS] = {"new-leads", "3-to-1"},
    [MODEL_BUG_RESTORE] = {"restore", "copy"},
    [MODEL_BUG_NO_GATE] = {"no-gate", "lease"},
    [MODEL_BUG_OWN_ACK] = {"own-ack", "lease"},
    [MODEL_BUG_FORGET_PROMISE] = {"forget-promise", "lease-kill"},
    [MODEL_BUG_FORGET_OWN] = {"forget-own", "lease-kill"},
    [MODEL_BUG_REBOOT_FREE] = {"reboot-free", "lease-reboot"},
    [MODEL_BUG_FROM_RECEIPT] = {"from-receipt", "lease"},
    [MODEL_BUG_NO_DRIFT] = {"no-drift", "lease-drift"},
    [MODEL_BUG_NO_QUORUM] = {"no-quorum", "lease"},
    [MODEL_BUG_ONE_PROMISE] = {"one-promise", "lease-length"},
    [MODEL_BUG_ECHO_COUNTS] = {"echo-counts", "lease-length"},
    [MODEL_BUG_OWN_LENGTH] = {"own-length", "lease-length"},
    [MODEL_BUG_WANT_CLEARS] = {"want-clears", "lease-let-go"},
    [MODEL_BUG_EARLY_RELEASE] = {"early-release", "lease-release"},
    [MODEL_BUG_BROKEN_LETS_GO] = {"broken-lets-go", "lease-release"},
    [MODEL_BUG_RESTART_LETS_GO] = {"restart-lets-go", "lease-restart"},
    [MODEL_BUG_RELIES] = {"relies", "lease-restart"},
    [MODEL_BUG_RESUME_RELEASED] = {"resume-released", "lease-restart"},
};

enum model_bug model_bug;

const char *
model_bug_set(const char *name)
{
	for (unsigned i = 1; i < MODEL_BUGS; i++) {
		if (strcmp(name, bugs[i].name) != 0)
			continue;
		model_bug = (enum model_bug)i;
		return bugs[i].in;
	}
	return NULL;
}

const char *
model_bug_name(unsigned i)
{
	return i + 1 < MODEL_BUGS ? bugs[i + 1].name : NULL;
}

bool
model_bug_no_sync(void)
{
	return model_bug == MODEL_BUG_NO_SYNC;
}

void
model_bug_boot(struct role_record *record)
{
	struct members_record *m = &record->members;

	if (model_bug != MODEL_BUG_FORGET_JOINT || m->old.version == 0)
		return;
	m->new = m->old;
	memset(&m->old, 0, sizeof(m->old));
}

bool
model_bug_restore(void)
{
	return model_bug == MODEL_BUG_RESTORE;
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
	e->recorded = e->record.members.epoch;
}

void
model_bug_before(struct role *r, const struct role_event *ev)
{
	if (model_bug == MODEL_BUG_TWICE && ev->type == ROLE_EV_REMOTE &&
	    r->mode == ROLE_MODE_FOLLOW && r->epochs.accepted > 0)
		r->epochs.promised = r->epochs.accepted - 1;
	else if (model_bug == MODEL_BUG_OWN_PROMISE)
		believe_write(r, ROLE_MODE_LEAD);
	else if (model_bug == MODEL_BUG_EARLY_ANSWER)
		believe_write(r, ROLE_MODE_FOLLOW);
	model_bug_lease_before(r, ev);
}

static void
credit(struct role *r, const struct role_remote *was, struct role_remote *p)
{
	if (model_bug == MODEL_BUG_OLD_PROMISE && p->link.promised != was->link.promised)
		p->link.promised = r->lead.proposal;
	if (model_bug == MODEL_BUG_OLD_ACK && p->link.acked != was->link.acked)
		p->link.acked = r->lead.proposal;
}

void
model_bug_after(const struct role *before, struct role *r, const struct role_event *ev)
{
	model_bug_lease_after(before, r, ev);
	if (r->mode != ROLE_MODE_LEAD)
		return;
	for (unsigned i = 0; i < r->remote_count; i++)
		credit(r, &before->remotes[i], &r->remotes[i]);
}

/* Where a report is to be another. */
static void
change_report(const struct role *r, struct members_report *report)
{
	if (model_bug == MODEL_BUG_FOUND_VERSION)
		report->may_found = true;
	if (model_bug == MODEL_BUG_FOUND_RECORDS && !role_has_record(r))
		memset(&report->record, 0, sizeof(report->record));
}

void
model_bug_packet(const struct role *r, struct model_packet *p)
{
	struct members_report report;

	model_bug_lease_packet(r, p);
	if (p->type != QPACKET_ACKEPOCH)
		return;
	if (model_bug == MODEL_BUG_REFUSAL && p->answer < 0)
		p->answer = 0;
	report = *model_report(p->body);
	change_report(r, &report);
	p->body = model_keep_report(&report);
}
