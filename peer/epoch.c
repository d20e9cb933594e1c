/* See epoch.h. base/slots says what is to be written; a thread writes it. The mirror, the
 * second slot's copy, is written when nothing was wanted for a while, so that it does not
 * stand between the two writes of an election. */
#include "base/log.h"
#include "base/slots_file.h"
#include "peer/epoch_impl.h"
#include "peer/epoch_text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIRROR_ACCURACY_US 1000
#define AFTER_FAILURE      20 /* times as long until the next mirror */

static int
work(void *user)
{
	struct epoch *e = user;

	return e->work == EPOCH_READ ? epoch_read_all(e)
	                             : slots_file_write(e->files[e->at].fd, &e->write);
}

static void
start(struct epoch *e, enum epoch_work what)
{
	e->work = what;
	if (what != EPOCH_MIRROR)
		e->told = what == EPOCH_READ ? EPOCH_EPOCHS : e->at;
	errand_start(e->errand);
}

static void
answer_read(struct epoch *e, int result)
{
	e->reading = false;
	if (result != 0)
		memset(&e->record, 0, sizeof(e->record));
	e->ops->on_read(e->user, result, &e->record, &e->hints, e->why);
}

static void
answer_write(struct epoch *e, int error)
{
	e->writing = false;
	e->ops->on_written(e->user, error);
}

/* The text of `membership` for this record. Its number and its epoch stay where nothing
 * else changes: `current` then says how large the epoch is. */
static void
want_membership(struct epoch *e, const struct role_record *r,
                const struct members_hints *hints)
{
	struct epoch_file *f = &e->files[EPOCH_MEMBERSHIP];
	struct membership *m = &e->wanted;
	const struct members_record *held = &e->held.record;
	int64_t epoch = r->members.epoch, same = held->epoch;

	m->instance = r->instance;
	m->may_found = r->may_found;
	m->record = r->members;
	if (epoch > 0 && epoch < r->current)
		epoch = r->current;
	if (same > 0 && same < r->current)
		same = r->current;
	m->record.epoch = epoch == same ? held->epoch : epoch;
	m->number = e->held.number;
	f->wanted_len = membership_put(m, hints, f->wanted);
	if (epoch_file_is_newest(f))
		return;
	m->record.epoch = epoch;
	m->number = e->named + 1;
	f->wanted_len = membership_put(m, hints, f->wanted);
}

static void
want(struct epoch *e, const struct role_record *r, const struct members_hints *hints)
{
	struct epoch_file *f = &e->files[EPOCH_EPOCHS];

	want_membership(e, r, hints);
	e->wanted_named = e->wanted.number;
	f->wanted_len = epoch_text_put(f->wanted, r, e->wanted_named);
}

static void
set(struct epoch *e, enum epoch_which which)
{
	struct epoch_file *f = &e->files[which];
	bool fits = slots_set(&f->slots, f->wanted, f->wanted_len);

	assert(fits);
	if (which == EPOCH_MEMBERSHIP)
		e->held = e->wanted;
	else
		e->named = e->wanted_named;
}

/* What is to be written next. What was written before without success, or was only read,
 * comes first in both files: so `membership` is never more than one write ahead. */
static bool
next_write(struct epoch *e)
{
	for (e->at = EPOCH_FILES; e->at-- > 0;)
		if (slots_next(&e->files[e->at].slots, &e->write))
			return true;
	for (e->at = 0; e->at < EPOCH_FILES; e->at++) {
		if (epoch_file_is_newest(&e->files[e->at]))
			continue;
		set(e, e->at);
		return slots_next(&e->files[e->at].slots, &e->write);
	}
	return false;
}

static bool
next_mirror(struct epoch *e)
{
	for (e->at = 0; e->at < EPOCH_FILES; e->at++)
		if (slots_mirror(&e->files[e->at].slots, &e->write))
			return true;
	return false;
}

/* Goes on until the thread works or nothing is owed. */
static void
advance(struct epoch *e)
{
	if (errand_busy(e->errand))
		return;
	if (e->reading && !e->known)
		start(e, EPOCH_READ);
	else if (epoch_busy(e) && next_write(e))
		start(e, EPOCH_WRITE);
	else if (e->reading)
		answer_read(e, 0);
	else if (e->writing)
		answer_write(e, 0);
	if (!errand_busy(e->errand) && !epoch_busy(e) && e->known && next_mirror(e)) {
		bool failed = e->files[e->at].unmirrored;

		sd_event_source_set_time_relative(
		    e->timer, e->mirror_us * (failed ? AFTER_FAILURE : 1));
		sd_event_source_set_enabled(e->timer, SD_EVENT_ONESHOT);
	}
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct epoch *e = user;

	(void)source;
	(void)usec;
	if (!errand_busy(e->errand) && e->known && next_mirror(e))
		start(e, EPOCH_MIRROR);
	return 0;
}

/* A write that a power failure cut short leaves such a slot, too. */
static void
tell_bad_slots(const struct epoch_file *f)
{
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		if (f->bad[i])
			log_notice(
			    "%s: slot %u was damaged; it is written again from the "
			    "other one",
			    f->path, i);
}

static void
on_read_done(struct epoch *e, int result)
{
	e->known = result == 0;
	if (result != 0) {
		answer_read(e, result);
		return;
	}
	for (unsigned i = 0; i < EPOCH_FILES; i++)
		tell_bad_slots(&e->files[i]);
	want(e, &e->record, &e->hints);
}

static void
on_write_done(struct epoch *e, int error)
{
	struct epoch_file *f = &e->files[e->at];

	slots_done(&f->slots, e->write.slot, error == 0);
	if (error == 0)
		return;
	if (!e->reading) {
		answer_write(e, error);
		return;
	}
	e->known = false;
	snprintf(e->why, sizeof(e->why), "%s cannot be written: %s; %s", f->path,
	         strerror(-error), epoch_remedy(error));
	answer_read(e, error);
}

static void
on_mirror_done(struct epoch *e, int error)
{
	struct epoch_file *f = &e->files[e->at];

	slots_done(&f->slots, e->write.slot, error == 0);
	if (error < 0 && !f->unmirrored)
		log_err("the second copy of %s cannot be written: %s; %s", f->path,
		        strerror(-error), epoch_remedy(error));
	f->unmirrored = error < 0;
}

static void
on_done(void *user, int result)
{
	struct epoch *e = user;

	if (e->left)
		return;
	switch (e->work) {
	case EPOCH_READ:
		on_read_done(e, result);
		break;
	case EPOCH_WRITE:
		on_write_done(e, result);
		break;
	case EPOCH_MIRROR:
		on_mirror_done(e, result);
		break;
	}
	advance(e);
}

void
epoch_read(struct epoch *e)
{
	assert(!epoch_busy(e));
	e->reading = true;
	e->known = false;
	advance(e);
}

void
epoch_write(struct epoch *e, const struct role_record *record,
            const struct members_hints *hints)
{
	assert(!epoch_busy(e) && e->known);
	e->writing = true;
	want(e, record, hints);
	advance(e);
}

bool
epoch_busy(const struct epoch *e)
{
	return e->reading || e->writing;
}

const char *
epoch_path(const struct epoch *e)
{
	return e->files[e->told].path;
}

const char *
epoch_remedy(int error)
{
	switch (-error) {
	case ENOSPC:
	case EDQUOT:
		return "make room on that file system";
	case EROFS:
		return "mount that file system writable";
	case EACCES:
	case EPERM:
		return "give the user of the peer that folder";
	default:
		return "repair the disk";
	}
}

static void
free_all(struct epoch *e)
{
	for (unsigned i = 0; i < EPOCH_FILES; i++)
		epoch_file_deinit(&e->files[i]);
	sd_event_source_disable_unref(e->timer);
	free(e);
}

int
epoch_new(struct epoch **out, sd_event *loop, const char *folder, uint32_t mirror_ms,
          const struct epoch_ops *ops, void *user)
{
	static const struct errand_ops errand_ops = {work, on_done};
	struct epoch *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->ops = ops;
	e->user = user;
	e->told = EPOCH_EPOCHS;
	e->mirror_us = mirror_ms * UINT64_C(1000);
	r = epoch_file_init(&e->files[EPOCH_EPOCHS], folder, EPOCH_FILE, SLOTS_PAGE);
	if (r == 0)
		r = epoch_file_init(&e->files[EPOCH_MEMBERSHIP], folder, EPOCH_MEMBERS,
		                    MEMBERSHIP_SLOT);
	if (r == 0)
		r = sd_event_add_time(loop, &e->timer, CLOCK_BOOTTIME, UINT64_MAX,
		                      MIRROR_ACCURACY_US, on_timer, e);
	if (r >= 0)
		r = errand_open(&e->errand, loop, &errand_ops, e);
	if (r < 0) {
		free_all(e);
		return r;
	}
	snprintf(e->folder, sizeof(e->folder), "%s", folder);
	*out = e;
	return 0;
}

void
epoch_free(struct epoch *e)
{
	if (!e)
		return;
	e->timer = sd_event_source_disable_unref(e->timer);
	e->left = errand_busy(e->errand);
	if (e->left)
		return;
	errand_close(e->errand);
	free_all(e);
}
