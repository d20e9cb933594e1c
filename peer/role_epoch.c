/* The two epochs and their writes. A promise counts from the start of its write: nobody
 * knows what a write in progress, or one that failed, has left on the disk, so we answer
 * as if the promise were there. A fresh server first writes the files that it lacks, as
 * 0: a later start then finds both files, or knows that one was lost. */
#include "peer/role_impl.h"

#include <assert.h>

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
write_one(struct role *r, enum role_file file, int64_t epoch, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_WRITE);
	struct role_epochs *e = &r->epochs;

	e->writing = true;
	e->file = file;
	e->value = epoch;
	e->write_ms = out->now_ms;
	if (file == ROLE_FILE_ACCEPTED)
		e->promised = larger(e->promised, epoch);
	a->u.write.file = file;
	a->u.write.epoch = epoch;
}

static void
write_next(struct role *r, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	if (e->writing)
		return;
	if (e->want_accepted <= e->accepted && e->want_current <= e->current)
		return;
	if (e->accepted < 0) {
		write_one(r, ROLE_FILE_ACCEPTED, 0, out);
	} else if (e->current < 0) {
		write_one(r, ROLE_FILE_CURRENT, 0, out);
	} else if (e->want_current > e->current) {
		assert(e->want_current <= e->accepted);
		write_one(r, ROLE_FILE_CURRENT, e->want_current, out);
	} else {
		write_one(r, ROLE_FILE_ACCEPTED, e->want_accepted, out);
	}
}

void
role_epochs_start(struct role *r, int64_t accepted, int64_t current,
                  struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	e->accepted = accepted;
	e->current = current;
	e->promised = larger(accepted, 0);
	e->want_accepted = larger(accepted, 0);
	e->want_current = larger(current, 0);
	if (r->config.zab)
		write_next(r, out);
}

void
role_epochs_want(struct role *r, enum role_file file, int64_t epoch,
                 struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	if (file == ROLE_FILE_ACCEPTED)
		e->want_accepted = larger(e->want_accepted, epoch);
	else
		e->want_current = larger(e->want_current, epoch);
	write_next(r, out);
}

void
role_epochs_drop(struct role *r)
{
	r->epochs.want_accepted = r->epochs.accepted;
	r->epochs.want_current = r->epochs.current;
}

void
role_epochs_written(struct role *r, int error, struct role_actions *out)
{
	struct role_epochs *e = &r->epochs;

	assert(e->writing);
	e->writing = false;
	if (error < 0) {
		r->reason = e->file == ROLE_FILE_ACCEPTED ? ROLE_REASON_ACCEPTED
		                                          : ROLE_REASON_CURRENT;
		r->error = error;
		role_epochs_drop(r);
		return;
	}
	if (e->file == ROLE_FILE_ACCEPTED)
		e->accepted = e->value;
	else
		e->current = e->value;
	r->reason = ROLE_REASON_NONE;
	r->error = 0;
	write_next(r, out);
}

uint64_t
role_epochs_due_ms(const struct role *r)
{
	if (!r->epochs.writing)
		return UINT64_MAX;
	return r->epochs.write_ms + role_ticks(r, r->config.init_limit);
}
