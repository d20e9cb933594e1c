/* See epoch_impl.h. The two files know each other by a number: each write of `membership`
 * has the next one, and `epochs` is written behind it and names it. So `membership` has
 * the number that `epochs` names or, between the two writes, the one after it. */
#include "base/file.h"
#include "base/slots_file.h"
#include "peer/epoch_impl.h"
#include "peer/epoch_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCK_NAME "lock"

static int
unusable(struct epoch *e, const char *path, const char *what, int error)
{
	snprintf(e->why, sizeof(e->why), "%.*s %s: %s; %s", PATH_MAX, path, what,
	         strerror(-error), epoch_remedy(error));
	return error;
}

static int
damaged(struct epoch *e, const char *path, const char *what)
{
	snprintf(e->why, sizeof(e->why),
	         "%.*s %s, so this server takes no part: it may have promised an epoch "
	         "that it no longer knows. When a quorum of the other servers names a "
	         "leader (conclave leader on each), move " EPOCH_FILE
	         " and " EPOCH_MEMBERS
	         " out of that folder, then: conclave restart peer. The group takes this "
	         "server in again as one with a new disk; see conclave-peer(8), A "
	         "DAMAGED RECORD",
	         PATH_MAX, path, what);
	return EPOCH_DAMAGED;
}

/* After a downgrade. Nothing is lost, so that nothing is to be moved at first. */
static int
newer(struct epoch *e, const char *path, unsigned version)
{
	snprintf(e->why, sizeof(e->why),
	         "%.*s is of version %u, and this program reads the versions 1 to %u, so "
	         "this server takes no part: a newer program has written that. Install "
	         "that one again, then: conclave restart peer. To stay with this one, "
	         "see conclave-peer(8), A DAMAGED RECORD: the group can take this server "
	         "in as one with a new disk",
	         PATH_MAX, path, version, EPOCH_TEXT_NEWEST);
	return EPOCH_DAMAGED;
}

/* Nothing that others remember of this server counts any more. */
static void
say_anew(struct epoch *e, const char *what)
{
	snprintf(e->why, sizeof(e->why),
	         "%s %s, so this server is now one with a new disk: it has a new "
	         "instance and no membership, and its group takes it in again. Never "
	         "put an old copy of data_dir back: of a server only the configuration "
	         "is to be backed up; see conclave-peer(8), FILES",
	         e->folder, what);
}

static int
begin_anew(struct epoch *e, const char *what)
{
	int r = folder_new_instance(&e->record.instance);

	if (r < 0)
		return unusable(e, e->folder, "gets no new instance", r);
	e->record.may_found = false;
	memset(&e->record.members, 0, sizeof(e->record.members));
	say_anew(e, what);
	return 0;
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

/* `missing`: there is no such file. */
static int
open_file(struct epoch *e, enum epoch_which which, bool *missing)
{
	struct epoch_file *f = &e->files[which];
	int r = epoch_file_open(f);

	*missing = r == SLOTS_FILE_NONE;
	if (r == EPOCH_FILE_BAD)
		return damaged(e, f->path, "is damaged in both slots");
	return r < 0 ? unusable(e, f->path, "cannot be read", r) : 0;
}

static int
make_file(struct epoch *e, enum epoch_which which)
{
	int r = epoch_file_make(&e->files[which]);

	return r < 0 ? unusable(e, e->files[which].path, "cannot be made", r) : r;
}

/* Where `membership` is there, its instance has promised what nobody knows any more. Its
 * removal is on the disk before the new file has its name. */
static int
make_epochs(struct epoch *e)
{
	static const struct role_record none;
	struct epoch_file *f = &e->files[EPOCH_EPOCHS];
	const char *membership = e->files[EPOCH_MEMBERSHIP].path;
	int removed = slots_file_remove(membership);
	int r;

	if (removed < 0)
		return unusable(e, membership, "cannot be removed", removed);
	f->wanted_len = epoch_text_put(f->wanted, &none, 0);
	r = make_file(e, EPOCH_EPOCHS);
	if (r == 0 && removed == 0)
		say_anew(e, "has lost its file " EPOCH_FILE);
	return r;
}

static int
read_epochs(struct epoch *e)
{
	struct epoch_file *f = &e->files[EPOCH_EPOCHS];
	bool missing;
	int r = open_file(e, EPOCH_EPOCHS, &missing);
	size_t len;
	unsigned version;
	const char *body;

	if (r == 0 && missing)
		r = make_epochs(e);
	if (r != 0)
		return r;
	body = slots_body(&f->slots, &len);
	if (epoch_text_take(body, len, &e->record, &e->named))
		return 0;
	version = epoch_text_newer(body, len);
	return version ? newer(e, f->path, version)
	               : damaged(e, f->path, "is no record of a version that is known");
}

static int
make_membership(struct epoch *e)
{
	struct epoch_file *f = &e->files[EPOCH_MEMBERSHIP];
	struct membership *m = &e->held;
	int r;

	if (e->named > 0)
		return damaged(e, f->path, "is missing");
	memset(m, 0, sizeof(*m));
	m->number = 1;
	m->folder = e->wanted.folder;
	r = folder_new_instance(&m->instance);
	if (r < 0)
		return unusable(e, f->path, "gets no instance", r);
	e->hints.count = 0;
	f->wanted_len = membership_put(m, &e->hints, f->wanted);
	return make_file(e, EPOCH_MEMBERSHIP);
}

static int
read_membership(struct epoch *e)
{
	struct epoch_file *f = &e->files[EPOCH_MEMBERSHIP];
	bool missing;
	int r = open_file(e, EPOCH_MEMBERSHIP, &missing);
	size_t len;
	const char *body;

	if (r == 0 && missing)
		r = make_membership(e);
	if (r != 0)
		return r;
	body = slots_body(&f->slots, &len);
	if (!membership_take(body, len, &e->held, &e->hints) ||
	    e->held.record.epoch > ROLE_EPOCH_MAX)
		return damaged(e, f->path, "is of another version");
	e->record.instance = e->held.instance;
	e->record.may_found = e->held.may_found;
	e->record.members = e->held.record;
	return 0;
}

/* Do the two files belong to each other, and to this folder? */
static int
judge(struct epoch *e)
{
	const struct folder_id *was = &e->held.folder, *now = &e->wanted.folder;
	struct members_record *members = &e->record.members;

	if (was->inode != now->inode || was->born_s != now->born_s ||
	    was->born_ns != now->born_ns)
		return begin_anew(e, "was put back from a copy");
	if (e->held.number < e->named)
		return damaged(e, e->files[EPOCH_MEMBERSHIP].path,
		               "is older than " EPOCH_FILE);
	if (e->held.number > e->named + 1)
		return begin_anew(e, "has an old copy of " EPOCH_FILE);
	if (members->epoch > 0 && members->epoch < e->record.current) {
		if (e->held.number > e->named)
			return damaged(e, e->files[EPOCH_MEMBERSHIP].path,
			               "does not belong to " EPOCH_FILE);
		members->epoch = e->record.current;
	}
	return 0;
}

int
epoch_read_all(struct epoch *e)
{
	int r = file_make_dir(e->folder);

	e->why[0] = '\0';
	if (r == 0)
		r = folder_identify(e->folder, &e->wanted.folder);
	if (r < 0)
		return unusable(e, e->folder, "cannot be used", r);
	r = lock(e);
	if (r == 0)
		r = refuse_old_files(e);
	if (r == 0)
		r = read_epochs(e);
	if (r == 0)
		r = read_membership(e);
	return r == 0 ? judge(e) : r;
}
