/* The disk of a server, in the place of base/slots_file.c and peer/folder.c; errand.c has
 * the time that its work takes, and store.c what connmgr keeps. The peer's record is kept
 * by the real base/slots and peer/epoch*.c in two files, on a disk that is slow, fails,
 * loses what was not synced, tears what it was writing, writes in any order, and lets a
 * slot rot. */
#include "base/slots_file.h"
#include "peer/epoch_text.h"
#include "tests/sim/sim.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

static const size_t sizes[] = {SLOTS_PAGE, MEMBERSHIP_SLOT};

static struct sim_disk *
own_disk(void)
{
	return &sim.servers[sim.running->server].disk;
}

void
sim_disk_begin(struct sim_disk *d)
{
	memset(d, 0, sizeof(*d));
	sim_disk_move(d);
}

/* ---- peer/folder.h ---- */

void
sim_disk_move(struct sim_disk *d)
{
	d->folder.inode = ++sim.serial;
	d->folder.born_s = (int64_t)(sim.now_us / 1000000);
	d->folder.born_ns = (uint32_t)(sim.now_us % 1000000) * 1000;
}

int
folder_identify(const char *path, struct folder_id *out)
{
	(void)path;
	*out = own_disk()->folder;
	return 0;
}

int
folder_new_instance(struct members_instance *out)
{
	for (size_t i = 0; i < sizeof(out->bytes); i++)
		out->bytes[i] = (unsigned char)(1 + sim_random(255));
	return 0;
}

/* ---- the record ---- */

/* The slot on the disk has changed. */
static void
note(const struct sim_disk *d, struct sim_slot *s)
{
	static struct members_hints hints;
	bool epochs = s < d->files[SIM_EPOCHS].slots + SLOTS_COUNT;
	struct membership m;
	const char *body;
	size_t len;

	if (!slots_decode(s->disk, sizes[epochs ? SIM_EPOCHS : SIM_MEMBERSHIP], &s->count,
	                  &body, &len)) {
		s->count = 0;
	} else if (epochs) {
		if (!epoch_text_take(body, len, &s->record, &s->number))
			s->count = 0;
	} else if (membership_take(body, len, &m, &hints)) {
		s->record.instance = m.instance;
		s->record.may_found = m.may_found;
		s->record.members = m.record;
		s->number = m.number;
	} else {
		s->count = 0;
	}
}

static void
put_file(struct sim_disk *d, enum sim_file_kind kind, const char *body, size_t len)
{
	struct sim_file *f = &d->files[kind];
	uint64_t count = f->slots[0].count;

	if (f->slots[1].count > count)
		count = f->slots[1].count;
	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		struct sim_slot *s = &f->slots[i];

		slots_encode(s->disk, sizes[kind], count + 1, body, len);
		memcpy(s->cache, s->disk, sizes[kind]);
		s->dirty = false;
		note(d, s);
	}
	f->exists = f->named = true;
}

void
sim_disk_put(struct sim_disk *d, const struct role_record *r)
{
	static struct members_hints hints;
	struct membership m = {.number = 1,
	                       .folder = d->folder,
	                       .instance = r->instance,
	                       .may_found = r->may_found,
	                       .record = r->members};
	char epochs[EPOCH_TEXT_MAX], membership[MEMBERSHIP_SLOT];

	if (members_instance_none(&m.instance))
		folder_new_instance(&m.instance);
	for (unsigned i = 0; i < sim.count; i++) {
		char text[MEMBERS_HINT_MAX];

		snprintf(text, sizeof(text), "10.0.0.%u:2888:3888", i + 1);
		members_hint_put(&hints, i + 1, text);
	}
	put_file(d, SIM_EPOCHS, epochs, epoch_text_put(epochs, r, m.number));
	put_file(d, SIM_MEMBERSHIP, membership, membership_put(&m, &hints, membership));
}

void
sim_disk_wipe(struct sim_disk *d)
{
	memset(d->files, 0, sizeof(d->files));
	sim_disk_move(d);
}

/* A copy has what processes read. */
void
sim_disk_restore(struct sim_disk *d, const struct sim_file files[SIM_FILES])
{
	memcpy(d->files, files, sizeof(d->files));
	for (enum sim_file_kind kind = 0; kind < SIM_FILES; kind++) {
		for (unsigned i = 0; i < SLOTS_COUNT; i++) {
			struct sim_slot *s = &d->files[kind].slots[i];

			memcpy(s->disk, s->cache, sizes[kind]);
			s->dirty = false;
			note(d, s);
		}
		d->files[kind].named = d->files[kind].exists;
	}
	sim_disk_move(d);
}

/* Nothing that a power failure now could do changes the slot. */
static bool
is_safe(const struct sim_disk *d, enum sim_file_kind kind, unsigned slot)
{
	const struct sim_slot *s = &d->files[kind].slots[slot];

	if (s->dirty && memcmp(s->disk, s->cache, sizes[kind]) != 0)
		return false;
	return !d->writing || d->file != kind || d->slot != slot ||
	       memcmp(s->disk, d->block, sizes[kind]) == 0;
}

/* NULL: the file may be gone. */
static const struct sim_slot *
newest(const struct sim_disk *d, enum sim_file_kind kind)
{
	const struct sim_file *f = &d->files[kind];
	const struct sim_slot *best = NULL;

	for (unsigned i = 0; i < SLOTS_COUNT && f->named; i++)
		if (f->slots[i].count > (best ? best->count : 0) && is_safe(d, kind, i))
			best = &f->slots[i];
	return best;
}

struct role_record
sim_disk_record(const struct sim_disk *d)
{
	const struct sim_slot *epochs = newest(d, SIM_EPOCHS);
	const struct sim_slot *membership = newest(d, SIM_MEMBERSHIP);
	struct role_record found = {0};

	if (membership)
		found = membership->record;
	if (epochs) {
		found.accepted = epochs->record.accepted;
		found.current = epochs->record.current;
		found.claim = epochs->record.claim;
	}
	if (found.members.epoch > 0 && found.members.epoch < found.current)
		found.members.epoch = found.current;
	return found;
}

const struct members_instance *
sim_disk_instance(const struct sim_disk *d)
{
	const struct sim_slot *membership = newest(d, SIM_MEMBERSHIP);

	return membership ? &membership->record.instance : NULL;
}

int64_t
sim_disk_durable(const struct sim_disk *d, unsigned number)
{
	struct role_record r = sim_disk_record(d);

	return number == SIM_ACCEPTED ? r.accepted : r.current;
}

/* ---- faults ---- */

/* Each sector has the old bytes or the new ones. */
static void
tear(struct sim_slot *s, size_t size)
{
	for (size_t at = 0; at < size; at += SECTOR)
		if (sim_random(2))
			memcpy(s->disk + at, s->cache + at, SECTOR);
}

/* What the kernel has left undone, or the disk has not done: nothing, all, a part. */
static void
lose(struct sim_disk *d, enum sim_file_kind kind, struct sim_slot *s)
{
	uint64_t what = d->dead ? 2 : sim_random(3);

	if (what == 0)
		memcpy(s->disk, s->cache, sizes[kind]);
	else if (what == 1)
		tear(s, sizes[kind]);
	s->dirty = false;
	note(d, s);
}

static struct sim_slot *
written(struct sim_disk *d)
{
	return &d->files[d->file].slots[d->slot];
}

static void
to_cache(struct sim_disk *d)
{
	memcpy(written(d)->cache, d->block, sizes[d->file]);
	written(d)->dirty = true;
	d->writing = false;
}

static void
sync_slot(struct sim_disk *d)
{
	struct sim_slot *s = written(d);

	if (sim.bug == SIM_BUG_NO_FSYNC)
		return;
	memcpy(s->disk, s->cache, sizes[d->file]);
	s->dirty = false;
	note(d, s);
}

/* The writer is stopped between two steps, or waits in the kernel, which goes on. */
void
sim_disk_killed(struct sim_disk *d)
{
	if (!d->writing)
		return;
	d->writing = false;
	if (sim.now_us < d->cached_us)
		return;
	to_cache(d);
	if (sim_random(2))
		sync_slot(d);
}

/* Nobody can read one of two equal slots any more. */
static void
rot(struct sim_disk *d, enum sim_file_kind kind)
{
	struct sim_slot *slots = d->files[kind].slots;
	struct sim_slot *s = &slots[sim_random(2)];

	if (memcmp(slots[0].disk, slots[1].disk, sizes[kind]) != 0 || !sim_chance(50))
		return;
	s->disk[sim_random(sizes[kind])] ^= 1;
	note(d, s);
}

static void
power_off(struct sim_disk *d, enum sim_file_kind kind)
{
	struct sim_file *f = &d->files[kind];

	if (!f->named)
		f->exists = f->named = f->exists && sim_random(2);
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		if (f->slots[i].dirty)
			lose(d, kind, &f->slots[i]);
	rot(d, kind);
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		memcpy(f->slots[i].cache, f->slots[i].disk, sizes[kind]);
}

void
sim_disk_power_off(struct sim_disk *d)
{
	sim_disk_killed(d);
	d->free_us = 0;
	memset(d->memory, 0, sizeof(d->memory)); /* run_dir is in memory */
	memset(d->page, 0, sizeof(d->page));
	sim_store_power_off(d);
	power_off(d, SIM_EPOCHS);
	power_off(d, SIM_MEMBERSHIP);
}

/* ---- errand.c ---- */

/* A disk that is dead or hung still takes what it has: the server can start. */
static bool
is_there(const struct sim_disk *d)
{
	return memcmp(d->files[d->file].slots[d->slot].disk, d->block, sizes[d->file]) ==
	       0;
}

bool
sim_disk_hangs(const struct sim_disk *d)
{
	return d->hung && d->writing && !is_there(d);
}

/* slots_file_write has said how it ends. */
void
sim_disk_end_write(struct sim_disk *d)
{
	struct sim_slot *s = written(d);

	if (!d->writing)
		return;
	to_cache(d);
	if (!d->fails) {
		sync_slot(d);
		return;
	}
	lose(d, d->file, s);
	if (d->dead)
		memcpy(s->cache, s->disk, sizes[d->file]);
}

/* ---- base/slots_file.h ---- */

static bool
is_failing(const struct sim_disk *d)
{
	return sim_random(100) < d->failing;
}

static enum sim_file_kind
kind_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	assert(strcmp(name, EPOCH_FILE) == 0 || strcmp(name, EPOCH_MEMBERS) == 0);
	return strcmp(name, EPOCH_FILE) == 0 ? SIM_EPOCHS : SIM_MEMBERSHIP;
}

int
slots_file_make(const char *path, size_t size, char *blocks, const char *body, size_t len)
{
	struct sim_disk *d = own_disk();
	struct sim_file *f = &d->files[kind_of(path)];
	bool failed = is_failing(d);

	(void)blocks;
	assert(!f->exists && size == sizes[kind_of(path)]);
	if (failed && sim_random(2))
		return -EIO;
	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		if (!slots_encode(f->slots[i].disk, size, 1, body, len))
			return -EINVAL;
		memcpy(f->slots[i].cache, f->slots[i].disk, size);
		note(d, &f->slots[i]);
	}
	f->exists = true;
	f->named = !failed; /* the last sync, of the folder, did */
	return failed ? -EIO : 0;
}

int
slots_file_remove(const char *path)
{
	struct sim_file *f = &own_disk()->files[kind_of(path)];

	if (!f->exists)
		return SLOTS_FILE_NONE;
	memset(f, 0, sizeof(*f));
	return 0;
}

int
slots_file_open(const char *path, size_t size, int *fd, char *blocks)
{
	struct sim_disk *d = own_disk();
	enum sim_file_kind kind = kind_of(path);
	struct sim_file *f = &d->files[kind];
	static char block[MEMBERSHIP_SLOT];
	bool bad[SLOTS_COUNT];
	struct slots slots;

	if (!f->exists)
		return SLOTS_FILE_NONE;
	if (is_failing(d))
		return -EIO;
	f->named = true;
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		memcpy(blocks + i * size, f->slots[i].cache, size);
	if (!slots_start(&slots, size, blocks, block, bad))
		sim_fail("S10: server %u finds both slots of %s bad",
		         sim.running->server + 1, path);
	*fd = (int)(sim.running->server * SIM_FILES + kind);
	return 0;
}

void
slots_file_close(int fd)
{
	(void)fd;
}

int
slots_file_write(int fd, const struct slots_write *w)
{
	struct sim_disk *d = &sim.servers[fd / SIM_FILES].disk;

	assert(!d->writing);
	d->writing = true;
	d->file = (enum sim_file_kind)(fd % SIM_FILES);
	d->slot = w->slot;
	memcpy(d->block, w->block, w->size);
	d->cached_us = sim.now_us + sim_random(d->work_us - sim.now_us);
	d->free_us = d->work_us;
	d->fails = is_failing(d) || (d->dead && !is_there(d));
	return d->fails ? -EIO : 0;
}
