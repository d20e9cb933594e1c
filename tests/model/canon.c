/* What tells two states of a core apart. All happens at one moment (MODEL_NOW_MS), and
 * no deadline comes by itself, so times say nothing; model_make_due lets one come.
 * Counts of serials and of looks grow for ever, and what is shown to people decides
 * nothing. A state that forgets them behaves as before, but for demotions, waits and the
 * rate of readmissions, which the model does not have. */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
canon_remote(const struct role *r, struct role_remote *p)
{
	p->election_ms = 0;
	if (r->mode != ROLE_MODE_FOLLOW)
		p->dialling = false; /* what is dialled ahead fails */
	p->link.pinged = false;
	if (role_is_open(p)) {
		p->link.since_ms = p->link.word_ms = MODEL_NOW_MS;
		p->link.ping_ms = UINT64_MAX;
	}
	if (p->beside.number > 0)
		p->beside.due_ms = UINT64_MAX;
}

/* Their order is that in which they came to be known. */
static void
sort_remotes(struct role *r)
{
	for (unsigned i = 1; i < r->remote_count; i++) {
		for (unsigned k = i; k > 0; k--) {
			struct role_remote *a = &r->remotes[k - 1], b = r->remotes[k];

			if (a->sid < b.sid)
				break;
			memcpy(&r->remotes[k], a, sizeof(*a));
			memcpy(a, &b, sizeof(b));
		}
	}
}

static void
canon_look(struct role *r)
{
	r->count = r->role_count = r->look.serial.count = 1;
	r->look.epoch = 0;
	r->look.last_round = 0;
	r->look.gave_up = false;
	r->look.leader = 0;
	r->look.reason = 0;
	r->refusals = 0;
	r->refused_by = 0;
	r->wait_ms = UINT64_MAX;
	r->members.unfit_ms = r->members.unfit ? UINT64_MAX : 0;
	r->lost = MSG_REASON_NONE;
	memset(&r->demotion, 0, sizeof(r->demotion));
	memset(&r->limit, 0, sizeof(r->limit));
}

static void
canon_follow(struct role *r)
{
	if (r->mode != ROLE_MODE_FOLLOW) {
		memset(&r->follow, 0, sizeof(r->follow));
		return;
	}
	r->follow.word_due_ms = r->follow.init_ms = r->follow.vain_ms = UINT64_MAX;
	r->follow.heard = false;
	/* it matters to demotions, and to the reason of the next look */
	r->follow.fresher = false;
}

static void
canon_lead(struct role *r)
{
	struct role_change *c = &r->lead.change;

	if (r->mode != ROLE_MODE_LEAD) {
		memset(&r->lead, 0, sizeof(r->lead));
		return;
	}
	r->lead.counted_ms = 0;
	r->lead.first_ms = r->lead.promise_ms = r->lead.init_ms = UINT64_MAX;
	r->lead.ping_count = 0;
	r->vote.epoch = 0;
	c->retry_ms = c->retry_ms > MODEL_NOW_MS ? UINT64_MAX : 0;
	c->given_up = 0;
	c->given_up_ms = 0;
}

/* A time that is left would make the states endless. */
static void
check_times(const struct role *r)
{
	uint64_t word;

	for (size_t at = 0; at + sizeof(word) <= sizeof(*r); at += sizeof(word)) {
		memcpy(&word, (const char *)r + at, sizeof(word));
		if (word <= MODEL_NOW_MS || word - MODEL_NOW_MS > UINT32_MAX)
			continue;
		fprintf(
		    stderr,
		    "model: canon.c does not know the time at byte %zu of struct role\n",
		    at);
		exit(70);
	}
}

void
model_canon(struct role *r)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		canon_remote(r, &r->remotes[i]);
	sort_remotes(r);
	canon_look(r);
	canon_follow(r);
	canon_lead(r);
	if (r->mode != ROLE_MODE_FOLLOW && r->mode != ROLE_MODE_LEAD)
		memset(&r->vote, 0, sizeof(r->vote));
	r->epochs.write_ms = r->epochs.writing ? MODEL_NOW_MS : 0;
	r->epochs.retry_ms = r->epochs.bad ? UINT64_MAX : 0;
	memset(&r->members.report, 0, sizeof(r->members.report));
	r->members.in_force = 0;
	r->members.listed = false; /* it is only told */
	memset(r->members.readmits, 0, sizeof(r->members.readmits));
	memset(&r->told, 0, sizeof(r->told));
	check_times(r);
}
