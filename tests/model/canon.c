/* What tells two states of a core apart. All happens at one moment (MODEL_NOW_MS), and
 * no deadline comes by itself, so times say nothing; model_make_due lets one come.
 * Counts of serials and of looks grow for ever, and what is shown to people decides
 * nothing. A state that forgets them behaves as before, but for demotions, waits and the
 * rate of readmissions, which the model does not have. */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No time of a lease lies further ahead; other deadlines do, or are left out. */
#define LEASE_MS_MAX 255

/* ---- leases ---- */

/* What is over, and since when does not matter. */
static uint64_t
ahead(uint64_t at_ms)
{
	return at_ms > MODEL_NOW_MS ? at_ms : 0;
}

static uint64_t
due(uint64_t at_ms)
{
	return at_ms > 0 && at_ms < MODEL_NOW_MS ? MODEL_NOW_MS : at_ms;
}

static void
canon_memory(struct role_memory *m)
{
	if (m->promise.end_ms <= MODEL_NOW_MS)
		memset(&m->promise, 0, sizeof(m->promise));
	m->published_ms = ahead(m->published_ms);
}

/* In the order in which they were sent. A lease that counts from one of so long ago is
 * over. */
static void
canon_pings(const struct role *r, struct role_link *l)
{
	uint64_t old_ms = MODEL_NOW_MS - r->config.lease_ms - 1;

	for (unsigned i = 0; i < ROLE_PINGS; i++) {
		if (l->pings[i].number > 0 && l->pings[i].sent_ms < old_ms)
			l->pings[i].sent_ms = old_ms;
		for (unsigned k = i; k > 0 && l->pings[k].number > 0; k--) {
			uint64_t number = l->pings[k].number, ms = l->pings[k].sent_ms;

			if (l->pings[k - 1].number > 0 && l->pings[k - 1].number < number)
				break;
			l->pings[k] = l->pings[k - 1];
			l->pings[k - 1].number = number;
			l->pings[k - 1].sent_ms = ms;
		}
	}
	if (l->promise_ms <= old_ms)
		l->promise_ms = l->promise_len_ms = 0;
	l->answered_ping = 0; /* nobody asks (R10) */
	l->withheld_ms = 0;   /* it lengthens deadlines */
}

/* A gate that opens is a deadline, whose promise is over. */
static void
canon_lease(struct role *r)
{
	struct role_lease *l = &r->lease;
	struct role_handover *h = &r->handover;
	bool opens = role_lease_withheld(r, 0) > 0 && l->memory.promise.end_ms > 0;
	struct role_promise promise = l->memory.promise;

	canon_memory(&l->memory);
	if (opens && l->memory.promise.end_ms == 0) {
		l->memory.promise = promise;
		l->memory.promise.end_ms = MODEL_NOW_MS;
	}
	l->end_ms = ahead(l->end_ms);
	l->inherited_ms = ahead(l->inherited_ms);
	l->renew_ms = due(l->renew_ms);
	l->round = 0;
	h->patient_ms = due(h->patient_ms);
	h->stands_ms = h->stands_ms > 0 ? UINT64_MAX : 0;
	h->redial_ms = h->redials = 0;
	h->resumed = 0;
	r->epochs.bound_retry_ms = 0;
	if (r->mode == ROLE_MODE_FOLLOW && r->follow.asked_ms == 0)
		r->follow.asked_zxid = 0;
}

static uint64_t
back(uint64_t at_ms, uint64_t ms)
{
	return at_ms > 0 && at_ms < UINT64_MAX ? at_ms - ms : at_ms;
}

void
model_canon_pass(struct model_state *s, uint64_t ms)
{
	struct role *r = &s->role;
	struct role_lease *l = &r->lease;

	s->memory.promise.end_ms = back(s->memory.promise.end_ms, ms);
	s->memory.published_ms = back(s->memory.published_ms, ms);
	l->memory.promise.end_ms = back(l->memory.promise.end_ms, ms);
	l->memory.published_ms = back(l->memory.published_ms, ms);
	l->end_ms = back(l->end_ms, ms);
	l->inherited_ms = back(l->inherited_ms, ms);
	l->renew_ms = back(l->renew_ms, ms);
	r->handover.patient_ms = back(r->handover.patient_ms, ms);
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_link *k = &r->remotes[i].link;

		k->promise_ms = back(k->promise_ms, ms);
		for (unsigned n = 0; n < ROLE_PINGS; n++)
			k->pings[n].sent_ms = back(k->pings[n].sent_ms, ms);
	}
}

/* ---- the rest ---- */

static void
canon_remote(const struct role *r, struct role_remote *p)
{
	p->election_ms = 0;
	if (r->mode != ROLE_MODE_FOLLOW)
		p->dialling = false; /* what is dialled ahead fails */
	p->link.pinged = false;
	canon_pings(r, &p->link);
	if (!model.c->leases)
		memset(p->link.pings, 0, sizeof(p->link.pings));
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
	if (r->handover.patient_ms > 0)
		r->follow.word_due_ms = r->follow.init_ms = r->handover.patient_ms;
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
	if (!model.c->leases)
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
		if (word <= MODEL_NOW_MS || word - MODEL_NOW_MS > UINT32_MAX ||
		    (model.c->leases && word - MODEL_NOW_MS <= LEASE_MS_MAX))
			continue;
		fprintf(
		    stderr,
		    "model: canon.c does not know the time at byte %zu of struct role\n",
		    at);
		exit(70);
	}
}

void
model_canon(struct model_state *s)
{
	struct role *r = &s->role;

	canon_memory(&s->memory);
	canon_lease(r);
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
