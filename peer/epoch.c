/* See epoch.h. base/slots says what is to be written; a thread writes it. The mirror, the
 * second slot's copy, is written when nothing was wanted for a while, so that it does not
 * stand between the two writes of an election. */
#include "peer/epoch.h"

#include "base/file.h"
#include "base/log.h"
#include "base/slots_file.h"
#include "proc/errand.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX           160
#define LOCK_NAME          "lock"
#define MIRROR_ACCURACY_US 1000
#define AFTER_FAILURE      20 /* times as long until the next mirror */
#define NO_FILE            (-1)

/* What the thread does. */
enum work { WORK_READ, WORK_WRITE, WORK_MIRROR };

struct epoch {
	const struct epoch_ops *ops;
	void *user;
	struct errand *errand;
	sd_event_source *timer;
	uint64_t mirror_us;
	char folder[PATH_MAX];
	char path[PATH_MAX];
	/* epoch_free was called while the thread worked: nothing more happens. */
	bool left;
	/* The answers that we owe. */
	bool reading;
	bool writing;
	/* `slots` holds what is in the file. */
	bool known;
	/* The last mirror failed, and the log says so. */
	bool unmirrored;
	struct slots slots;
	char block[SLOTS_PAGE];
	char wanted[TEXT_MAX];
	size_t wanted_len;

	/* Only the thread touches these while it works. */
	enum work work;
	struct slots_write write;
	int fd;
	bool locked;
	char blocks[SLOTS_COUNT * SLOTS_PAGE];
	bool bad[SLOTS_COUNT];
	char why[PATH_MAX + EPOCH_WHY_MAX];
};

/* ---- the text of a record ---- */

static size_t
put_record(char text[TEXT_MAX], const struct role_record *r)
{
	return (size_t)snprintf(text, TEXT_MAX,
	                        "conclave epochs 1\naccepted %" PRId64
	                        "\ncurrent %" PRId64 "\nclaim 0x%" PRIx64 "\n",
	                        r->accepted, r->current, (uint64_t)r->claim);
}

static bool
take_record(const char *body, size_t len, struct role_record *out)
{
	char text[TEXT_MAX], again[TEXT_MAX];
	struct role_record r;
	uint64_t claim;

	if (len >= sizeof(text))
		return false;
	memcpy(text, body, len);
	text[len] = '\0';
	if (sscanf(text,
	           "conclave epochs 1\naccepted %" SCNd64 "\ncurrent %" SCNd64
	           "\nclaim 0x%" SCNx64,
	           &r.accepted, &r.current, &claim) != 3)
		return false;
	if (r.current < 0 || r.accepted < r.current || r.accepted > ROLE_EPOCH_MAX ||
	    claim > INT64_MAX)
		return false;
	r.claim = (int64_t)claim;
	if (put_record(again, &r) != len || memcmp(again, text, len) != 0)
		return false;
	*out = r;
	return true;
}

/* ---- in the thread ---- */

static int
unusable(struct epoch *e, const char *path, const char *what, int error)
{
	snprintf(e->why, sizeof(e->why), "%s %s: %s", path, what, strerror(-error));
	return error;
}

static int
damaged(struct epoch *e, const char *path, const char *what)
{
	snprintf(
	    e->why, sizeof(e->why),
	    "%s %s, so this server takes no part: it may have promised an epoch that "
	    "it no longer knows. When a quorum of the other servers names a leader "
	    "(conclave leader on each), move the file away, then: conclave restart "
	    "peer; see conclave-peer(8), A DAMAGED RECORD",
	    path, what);
	return EPOCH_DAMAGED;
}

/* A peer that connmgr thought dead may still be writing. */
static int
lock(struct epoch *e)
{
	char path[PATH_MAX];
	int r = -ENAMETOOLONG;

	if (e->locked)
		return 0;
	if (snprintf(path, sizeof(path), "%s/" LOCK_NAME, e->folder) < (int)sizeof(path))
		r = file_lock(path);
	if (r == -EWOULDBLOCK) {
		snprintf(e->why, sizeof(e->why), "%s: another peer holds it", path);
		return r;
	}
	if (r < 0)
		return unusable(e, path, "cannot be used", r);
	e->locked = true;
	return 0;
}

/* Files of the time before the record; no release had them. */
static int
refuse_old_files(struct epoch *e)
{
	static const char *const names[] = {"acceptedEpoch", "currentEpoch", "claim"};
	char path[PATH_MAX];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", e->folder, names[i]) >=
		    (int)sizeof(path))
			return unusable(e, e->folder, "cannot be used", -ENAMETOOLONG);
		if (access(path, F_OK) == 0)
			return damaged(
			    e, path,
			    "is of an unreleased version, whose files "
			    "(acceptedEpoch, currentEpoch, claim) are not read");
	}
	return 0;
}

static int
open_file(struct epoch *e)
{
	static const struct role_record none;
	char text[TEXT_MAX];
	int r;

	if (e->fd != NO_FILE)
		slots_file_close(e->fd);
	e->fd = NO_FILE;
	r = slots_file_open(e->path, SLOTS_PAGE, &e->fd, e->blocks);
	if (r == SLOTS_FILE_NONE) {
		r = slots_file_make(e->path, SLOTS_PAGE, e->blocks, text,
		                    put_record(text, &none));
		if (r < 0)
			return unusable(e, e->path, "cannot be made", r);
		r = slots_file_open(e->path, SLOTS_PAGE, &e->fd, e->blocks);
		if (r == SLOTS_FILE_NONE)
			r = -ENOENT;
	}
	return r < 0 ? unusable(e, e->path, "cannot be read", r) : 0;
}

static int
read_all(struct epoch *e)
{
	int r = file_make_dir(e->folder);

	if (r < 0)
		return unusable(e, e->folder, "cannot be used", r);
	r = lock(e);
	if (r == 0)
		r = refuse_old_files(e);
	return r == 0 ? open_file(e) : r;
}

static int
work(void *user)
{
	struct epoch *e = user;

	return e->work == WORK_READ ? read_all(e) : slots_file_write(e->fd, &e->write);
}

/* ---- in the loop ---- */

static void
start(struct epoch *e, enum work what)
{
	e->work = what;
	errand_start(e->errand);
}

static void
answer_read(struct epoch *e, int result)
{
	struct role_record record = {0};
	const char *body;
	size_t len;

	if (result == 0) {
		body = slots_body(&e->slots, &len);
		if (!take_record(body, len, &record)) {
			e->known = false;
			result = damaged(e, e->path, "is of another version");
		}
	}
	e->reading = false;
	e->ops->on_read(e->user, result, &record, e->why);
}

static void
answer_write(struct epoch *e, int error)
{
	e->writing = false;
	e->ops->on_written(e->user, error);
}

static bool
is_newest(const struct epoch *e)
{
	size_t len;
	const char *body = slots_body(&e->slots, &len);

	return len == e->wanted_len && memcmp(body, e->wanted, len) == 0;
}

/* Goes on until the thread works or nothing is owed. */
static void
advance(struct epoch *e)
{
	if (errand_busy(e->errand))
		return;
	if (e->reading && !e->known) {
		start(e, WORK_READ);
	} else if (e->reading || e->writing) {
		if (e->writing && slots_is_sure(&e->slots) && !is_newest(e)) {
			bool fits = slots_set(&e->slots, e->wanted, e->wanted_len);

			assert(fits);
		}
		if (slots_next(&e->slots, &e->write))
			start(e, WORK_WRITE);
		else if (e->reading)
			answer_read(e, 0);
		else
			answer_write(e, 0);
	}
	if (!epoch_busy(e) && e->known && slots_mirror(&e->slots, &e->write)) {
		sd_event_source_set_time_relative(
		    e->timer, e->mirror_us * (e->unmirrored ? AFTER_FAILURE : 1));
		sd_event_source_set_enabled(e->timer, SD_EVENT_ONESHOT);
	}
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct epoch *e = user;

	(void)source;
	(void)usec;
	if (!errand_busy(e->errand) && e->known && slots_mirror(&e->slots, &e->write))
		start(e, WORK_MIRROR);
	return 0;
}

/* A write that a power failure cut short leaves such a slot, too. */
static void
tell_bad_slots(const struct epoch *e)
{
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		if (e->bad[i])
			log_notice(
			    "%s: slot %u was damaged; it is written again from the "
			    "other one",
			    e->path, i);
}

static void
on_read_done(struct epoch *e, int result)
{
	if (result == 0 &&
	    !slots_start(&e->slots, SLOTS_PAGE, e->blocks, e->block, e->bad))
		result = damaged(e, e->path, "is damaged in both slots");
	e->known = result == 0;
	if (result == 0)
		tell_bad_slots(e);
	else
		answer_read(e, result);
}

static void
on_write_done(struct epoch *e, int error)
{
	slots_done(&e->slots, e->write.slot, error == 0);
	if (error == 0)
		return;
	if (e->reading) {
		e->known = false;
		answer_read(e, unusable(e, e->path, "cannot be written", error));
	} else {
		answer_write(e, error);
	}
}

static void
on_mirror_done(struct epoch *e, int error)
{
	slots_done(&e->slots, e->write.slot, error == 0);
	if (error < 0 && !e->unmirrored)
		log_err("the second copy of %s cannot be written: %s; repair the disk",
		        e->path, strerror(-error));
	e->unmirrored = error < 0;
}

static void
on_done(void *user, int result)
{
	struct epoch *e = user;

	if (e->left)
		return;
	switch (e->work) {
	case WORK_READ:
		on_read_done(e, result);
		break;
	case WORK_WRITE:
		on_write_done(e, result);
		break;
	case WORK_MIRROR:
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
epoch_write(struct epoch *e, const struct role_record *record)
{
	assert(!epoch_busy(e) && e->known);
	e->writing = true;
	e->wanted_len = put_record(e->wanted, record);
	advance(e);
}

bool
epoch_busy(const struct epoch *e)
{
	return e->reading || e->writing;
}

int
epoch_new(struct epoch **out, sd_event *loop, const char *folder, uint32_t mirror_ms,
          const struct epoch_ops *ops, void *user)
{
	static const struct errand_ops errand_ops = {work, on_done};
	struct epoch *e = calloc(1, sizeof(*e));
	int r = -ENAMETOOLONG;

	if (!e)
		return -ENOMEM;
	e->ops = ops;
	e->user = user;
	e->fd = NO_FILE;
	e->mirror_us = mirror_ms * UINT64_C(1000);
	if (snprintf(e->folder, sizeof(e->folder), "%s", folder) <
	        (int)sizeof(e->folder) &&
	    snprintf(e->path, sizeof(e->path), "%s/" EPOCH_FILE, folder) <
	        (int)sizeof(e->path))
		r = sd_event_add_time(loop, &e->timer, CLOCK_BOOTTIME, UINT64_MAX,
		                      MIRROR_ACCURACY_US, on_timer, e);
	if (r >= 0)
		r = errand_open(&e->errand, loop, &errand_ops, e);
	if (r < 0) {
		sd_event_source_disable_unref(e->timer);
		free(e);
		return r;
	}
	*out = e;
	return 0;
}

void
epoch_free(struct epoch *e)
{
	if (!e)
		return;
	sd_event_source_disable_unref(e->timer);
	e->left = errand_busy(e->errand);
	if (e->left)
		return;
	errand_close(e->errand);
	if (e->fd != NO_FILE)
		slots_file_close(e->fd);
	free(e);
}
