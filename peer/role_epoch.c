/* The record and its writes. A promise counts from the start of its write: nobody knows
 * what a write in progress, or one that failed, has left on the disk, so we answer as if
 * the promise were there, and each later write carries the promise as well. A claim
 * counts once it is on the disk; one whose write failed is taken back by the next write.
 */
#include "peer/role_impl.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* D7: after a write that failed. */
#define RETRY_TICKS 10

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool
is_wanted(const struct role_epochs *e)
{
	return e->want_accepted > e->accepted || e->want_current > e->current ||
	       e->want_members.epoch > e->recorded || e->refounds;
}

/* Is there an epoch, wanted or given up, that the disk may lack? */
static bool
is_unsettled(const struct role_epochs *e)
{
	return is_wanted(e) || e->promised > e->accepted ||
	       e->tried_current > e->current || e->record.members.epoch != e->recorded;
}

/* N5: what is being written is our record from now on. */
static void
take_members(struct role *r)
{
	struct role_epochs *e = &r->epochs;
	struct members_record *now = &e->record.members;

	if (e->refounds) {
		memset(now, 0, sizeof(*now));
		memset(&e->want_members, 0, sizeof(e->want_members));
		e->record.may_found = true;
		r->members.unfit = false;
		r->members.changed = true;
	} else if (e->want_members.epoch > now->epoch) {
		if (now->epoch == 0 || !members_same_record(now, &e->want_members))
			r->members.changed = true;
		*now = e->want_members;
		r->members.has_seen = false; /* who leads it is in it */
		r->members.unfit = false;
		e->record.may_found = false;
	}
}

/* It never falls: what an earlier boot promised may not have ended. */
static void
take_bound(struct role *r)
{
	struct role_bound *b = &r->epochs.record.bound;

	if (r->epochs.want_bound_ms == 0)
		return;
	if (b->ms < r->epochs.want_bound_ms)
		b->ms = r->epochs.want_bound_ms;
	memcpy(b->boot, r->lease.boot, sizeof(b->boot));
}

static void
write_now(struct role *r, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	e->writing = true;
	e->retry = false;
	e->write_ms = out->now_ms;
	e->promised = larger(e->promised, e->want_accepted);
	e->tried_current = larger(e->tried_current, e->want_current);
	assert(e->tried_current <= e->promised);
	e->claims = e->claiming;
	take_members(r);
	take_bound(r);
	e->record.accepted = e->promised;
	e->record.current = e->tried_current;
	e->record.claim = e->claiming ? e->want_claim : r->claim;
	role_act(out, ROLE_ACT_WRITE)->u.write = &e->record;
}

static void
write_next(struct role *r, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	if (!e->writing && (is_wanted(e) || e->claiming || e->want_bound_ms > 0))
		write_now(r, out);
}

void
role_epochs_start(struct role *r, const struct role_record *record)
{
	struct role_epochs *e = &r->epochs;

	e->accepted = e->promised = e->want_accepted = record->accepted;
	e->current = e->tried_current = e->want_current = record->current;
	e->known = true;
	/* one by one, since what is between them is garbage */
	e->record.accepted = record->accepted;
	e->record.current = record->current;
	e->record.claim = record->claim;
	e->record.instance = record->instance;
	e->record.may_found = record->may_found;
	e->record.members = record->members;
	e->record.bound.ms = record->bound.ms;
	memcpy(e->record.bound.boot, record->bound.boot, sizeof(record->bound.boot));
	e->recorded = record->members.epoch;
	r->members.in_force = role_version(&e->record.members);
	r->claim = record->claim;
}

void
role_epochs_want_accepted(struct role *r, int64_t epoch, struct role_actions *out)
{
	r->epochs.want_accepted = larger(r->epochs.want_accepted, epoch);
	write_next(r, out);
}

void
role_epochs_want_current(struct role *r, int64_t epoch,
                         const struct members_record *members, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	e->want_current = larger(e->want_current, epoch);
	if (epoch > e->record.members.epoch) {
		e->want_members = *members;
		e->want_members.epoch = epoch;
	}
	write_next(r, out);
}

/* A write that fails is no reason to end a role, as long as no epoch is in it. */
void
role_epochs_want_bound(struct role *r, uint32_t ms, struct role_actions *out)
{
	if (out->now_ms < r->epochs.bound_retry_ms)
		return;
	if (ms > r->epochs.want_bound_ms)
		r->epochs.want_bound_ms = ms;
	write_next(r, out);
}

/* The write that began last had the bound that its record has. */
static void
settle_bound(struct role *r, int error, const struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;
	const struct role_bound *b = &e->record.bound;

	if (error < 0)
		e->bound_retry_ms = out->now_ms + role_ticks(r, RETRY_TICKS);
	if (error == 0) {
		r->lease.bound.ms = b->ms;
		memcpy(r->lease.bound.boot, b->boot, sizeof(b->boot));
		r->lease.recount = true;
	}
	if (error < 0 || (b->ms >= e->want_bound_ms &&
	                  memcmp(b->boot, r->lease.boot, sizeof(b->boot)) == 0))
		e->want_bound_ms = 0;
}

bool
role_epochs_recorded(const struct role *r, int64_t epoch)
{
	return r->epochs.current >= epoch && r->epochs.recorded >= epoch;
}

void
role_epochs_refound(struct role *r, struct role_actions *out)
{
	r->epochs.refounds = true;
	write_next(r, out);
}

static void
answer_claim(struct role *r, int error, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_CLAIMED);

	r->epochs.claiming = false;
	a->u.claimed.claim = r->epochs.want_claim;
	a->u.claimed.error = error;
}

void
role_epochs_claim(struct role *r, int64_t claim, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	assert(!e->claiming);
	e->claiming = true;
	e->want_claim = claim;
	if (e->known)
		write_next(r, out);
	else
		answer_claim(r, -EAGAIN, out);
}

void
role_epochs_drop(struct role *r)
{
	r->epochs.want_accepted = r->epochs.accepted;
	r->epochs.want_current = r->epochs.current;
	memset(&r->epochs.want_members, 0, sizeof(r->epochs.want_members));
}

/* The write that began last has what was wanted. */
static void
answer_refound(struct role *r, int error, struct role_actions *out)
{
	if (!r->epochs.refounds || !r->epochs.record.may_found)
		return;
	r->epochs.refounds = false;
	role_act(out, ROLE_ACT_REFOUNDED)->u.error = error;
}

bool
role_epochs_written(struct role *r, int error, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;
	bool unsettled = is_unsettled(e);

	assert(e->writing);
	e->writing = false;
	settle_bound(r, error, out);
	if (error < 0) {
		if (e->claiming)
			answer_claim(r, error, out);
		answer_refound(r, error, out);
		if (!unsettled && r->reason != ROLE_REASON_WRITE)
			return true;
		r->reason = ROLE_REASON_WRITE;
		r->error = error;
		e->bad = true;
		e->retry_ms = out->now_ms + role_ticks(r, RETRY_TICKS);
		role_epochs_drop(r);
		return !unsettled;
	}
	e->accepted = e->promised;
	e->current = e->tried_current;
	e->recorded = e->record.members.epoch;
	answer_refound(r, 0, out);
	r->claim = e->record.claim;
	if (e->claims)
		answer_claim(r, 0, out);
	e->bad = false;
	r->reason = ROLE_REASON_NONE;
	r->error = 0;
	write_next(r, out);
	return true;
}

bool
role_epochs_hang(const struct role *r, uint64_t now_ms)
{
	const struct role_epochs *e = &r->epochs;

	return e->writing && now_ms >= e->write_ms + role_ticks(r, r->config.init_limit);
}

uint64_t
role_epochs_due_ms(const struct role *r)
{
	const struct role_epochs *e = &r->epochs;

	if (!e->writing || !is_unsettled(e))
		return UINT64_MAX;
	return e->write_ms + role_ticks(r, r->config.init_limit);
}

/* D7: two writes stand between a leader's election and its establishment. */
uint64_t
role_epochs_slow_ms(const struct role *r)
{
	const struct role_epochs *e = &r->epochs;

	if (!e->writing || e->bad || !is_unsettled(e))
		return UINT64_MAX;
	return e->write_ms + role_ticks(r, r->config.init_limit) / 2;
}

void
role_epochs_slow(struct role *r)
{
	r->epochs.bad = true;
	r->reason = ROLE_REASON_WRITE;
	r->error = 0;
}

uint64_t
role_epochs_retry_ms(const struct role *r)
{
	return r->epochs.bad && !r->epochs.writing ? r->epochs.retry_ms : UINT64_MAX;
}

/* D7: promises nothing new. */
void
role_epochs_retry(struct role *r, struct role_actions *out)
{
	write_now(r, out);
	r->epochs.retry = true;
}

int64_t
role_accepted(const struct role *r)
{
	return r->config.zab ? r->epochs.accepted : 0;
}

int64_t
role_claim(const struct role *r)
{
	return r->claim;
}
