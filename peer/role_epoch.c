/* The record and its writes. A promise counts from the start of its write: nobody knows
 * what a write in progress, or one that failed, has left on the disk, so we answer as if
 * the promise were there, and each later write carries the promise as well. A claim
 * counts once it is on the disk; one whose write failed is taken back by the next write.
 */
#include "peer/role_impl.h"

#include <assert.h>
#include <errno.h>

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
	return e->want_accepted > e->accepted || e->want_current > e->current;
}

/* Is there an epoch, wanted or given up, that the disk may lack? */
static bool
is_unsettled(const struct role_epochs *e)
{
	return is_wanted(e) || e->promised > e->accepted || e->tried_current > e->current;
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
	e->record.accepted = e->promised;
	e->record.current = e->tried_current;
	e->record.claim = e->claiming ? e->want_claim : r->claim;
	role_act(out, ROLE_ACT_WRITE)->u.write = &e->record;
}

static void
write_next(struct role *r, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	if (!e->writing && (is_wanted(e) || e->claiming))
		write_now(r, out);
}

void
role_epochs_start(struct role *r, const struct role_record *record)
{
	struct role_epochs *e = &r->epochs;

	e->accepted = e->promised = e->want_accepted = record->accepted;
	e->current = e->tried_current = e->want_current = record->current;
	e->known = true;
	e->record = *record;
	r->claim = record->claim;
}

void
role_epochs_want_accepted(struct role *r, int64_t epoch, struct role_actions *out)
{
	r->epochs.want_accepted = larger(r->epochs.want_accepted, epoch);
	write_next(r, out);
}

void
role_epochs_want_current(struct role *r, int64_t epoch, struct role_actions *out)
{
	r->epochs.want_current = larger(r->epochs.want_current, epoch);
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
}

bool
role_epochs_written(struct role *r, int error, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;
	bool unsettled = is_unsettled(e);

	assert(e->writing);
	e->writing = false;
	if (error < 0) {
		if (e->claiming)
			answer_claim(r, error, out);
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
