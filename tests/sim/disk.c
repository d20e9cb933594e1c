/* The disk of a server, in the place of base/slots_file.c and proc/errand.c; what connmgr
 * keeps is in store.c. The peer's record is kept by the real base/slots and peer/epoch.c,
 * on a disk that is slow, fails, loses what was not synced, tears what it was writing,
 * writes in any order, and lets a slot rot. */
#include "base/slots_file.h"
#include "proc/errand.h"
#include "tests/sim/sim.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS 3 /* that servers make; nobody changes its own */
#define SECTOR 512

static struct sim_disk *
own_disk(void)
{
	return &sim.servers[sim.running->server].disk;
}

void
sim_disk_begin(struct sim_disk *d)
{
	memset(d, 0, sizeof(*d));
	if (sim_random(2)) /* else its first start makes the record */
		sim_disk_put(d,
		             &(struct role_record){.claim = (int64_t)sim_random(CLAIMS)});
}

/* ---- the record ---- */

/* The slot on the disk has changed. */
static void
note(struct sim_slot *s)
{
	struct role_record *r = &s->record;
	const char *body;
	size_t len;

	if (!slots_decode(s->disk, SLOTS_PAGE, &s->count, &body, &len) ||
	    sscanf(body,
	           "conclave epochs 1 accepted %" SCNd64 " current %" SCNd64
	           " claim 0x%" SCNx64,
	           &r->accepted, &r->current, (uint64_t *)&r->claim) != 3)
		s->count = 0;
}

void
sim_disk_put(struct sim_disk *d, const struct role_record *r)
{
	uint64_t count = d->slots[0].count;
	char body[128];
	int len = snprintf(body, sizeof(body),
	                   "conclave epochs 1\naccepted %" PRId64 "\ncurrent %" PRId64
	                   "\nclaim 0x%" PRIx64 "\n",
	                   r->accepted, r->current, (uint64_t)r->claim);

	if (d->slots[1].count > count)
		count = d->slots[1].count;
	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		struct sim_slot *s = &d->slots[i];

		slots_encode(s->disk, SLOTS_PAGE, count + 1, body, (size_t)len);
		memcpy(s->cache, s->disk, SLOTS_PAGE);
		s->dirty = false;
		note(s);
	}
	d->exists = d->named = true;
}

/* Nothing that a power failure now could do changes the slot. */
static bool
is_safe(const struct sim_disk *d, unsigned slot)
{
	const struct sim_slot *s = &d->slots[slot];

	if (s->dirty && memcmp(s->disk, s->cache, SLOTS_PAGE) != 0)
		return false;
	return !d->writing || d->slot != slot ||
	       memcmp(s->disk, d->block, SLOTS_PAGE) == 0;
}

struct role_record
sim_disk_record(const struct sim_disk *d)
{
	struct role_record found = {0};
	uint64_t best = 0;

	for (unsigned i = 0; i < SLOTS_COUNT && d->named; i++) {
		if (!is_safe(d, i) || d->slots[i].count <= best)
			continue;
		best = d->slots[i].count;
		found = d->slots[i].record;
	}
	return found;
}

int64_t
sim_disk_durable(const struct sim_disk *d, unsigned file)
{
	struct role_record r = sim_disk_record(d);

	return file == SIM_ACCEPTED ? r.accepted : r.current;
}

/* ---- faults ---- */

/* Each sector has the old bytes or the new ones. */
static void
tear(struct sim_slot *s)
{
	for (size_t at = 0; at < SLOTS_PAGE; at += SECTOR)
		if (sim_random(2))
			memcpy(s->disk + at, s->cache + at, SECTOR);
}

/* What the kernel has left undone, or the disk has not done: nothing, all, a part. */
static void
lose(struct sim_disk *d, struct sim_slot *s)
{
	uint64_t what = d->dead ? 2 : sim_random(3);

	if (what == 0)
		memcpy(s->disk, s->cache, SLOTS_PAGE);
	else if (what == 1)
		tear(s);
	s->dirty = false;
	note(s);
}

static void
to_cache(struct sim_disk *d)
{
	struct sim_slot *s = &d->slots[d->slot];

	memcpy(s->cache, d->block, SLOTS_PAGE);
	s->dirty = true;
	d->writing = false;
}

static void
sync_slot(struct sim_slot *s)
{
	if (sim.bug == SIM_BUG_NO_FSYNC)
		return;
	memcpy(s->disk, s->cache, SLOTS_PAGE);
	s->dirty = false;
	note(s);
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
		sync_slot(&d->slots[d->slot]);
}

/* Nobody can read one of two equal slots any more. */
static void
rot(struct sim_disk *d)
{
	struct sim_slot *s = &d->slots[sim_random(2)];

	if (memcmp(d->slots[0].disk, d->slots[1].disk, SLOTS_PAGE) != 0 ||
	    !sim_chance(50))
		return;
	s->disk[sim_random(SLOTS_PAGE)] ^= 1;
	note(s);
}

void
sim_disk_power_off(struct sim_disk *d)
{
	sim_disk_killed(d);
	d->free_us = 0;
	sim_store_power_off(d);
	if (!d->named)
		d->exists = d->named = d->exists && sim_random(2);
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		if (d->slots[i].dirty)
			lose(d, &d->slots[i]);
	rot(d);
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		memcpy(d->slots[i].cache, d->slots[i].disk, SLOTS_PAGE);
}

/* ---- base/slots_file.h ---- */

static bool
is_failing(const struct sim_disk *d)
{
	return sim_random(100) < d->failing;
}

int
slots_file_make(const char *path, size_t size, char *blocks, const char *body, size_t len)
{
	struct sim_disk *d = own_disk();
	bool failed = is_failing(d);

	(void)path;
	(void)blocks;
	assert(!d->exists);
	if (failed && sim_random(2))
		return -EIO;
	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		if (!slots_encode(d->slots[i].disk, size, 1, body, len))
			return -EINVAL;
		memcpy(d->slots[i].cache, d->slots[i].disk, SLOTS_PAGE);
		note(&d->slots[i]);
	}
	d->exists = true;
	d->named = !failed; /* the last sync, of the folder, did */
	return failed ? -EIO : 0;
}

int
slots_file_open(const char *path, size_t size, int *fd, char *blocks)
{
	struct sim_disk *d = own_disk();
	char block[SLOTS_PAGE];
	bool bad[SLOTS_COUNT];
	struct slots s;

	(void)path;
	if (!d->exists)
		return SLOTS_FILE_NONE;
	if (is_failing(d))
		return -EIO;
	d->named = true;
	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		memcpy(blocks + i * size, d->slots[i].cache, size);
	if (!slots_start(&s, size, blocks, block, bad))
		sim_fail("S10: server %u finds both slots bad", sim.running->server + 1);
	*fd = (int)sim.running->server;
	return 0;
}

void
slots_file_close(int fd)
{
	(void)fd;
}

/* ---- proc/errand.h ---- */

struct errand {
	const struct errand_ops *ops;
	void *user;
	struct proc *proc;
	bool busy;
	int result;
};

/* When the work that is being started will be done. */
static uint64_t work_end_us;

int
errand_open(struct errand **out, sd_event *loop, const struct errand_ops *ops, void *user)
{
	struct errand *e = calloc(1, sizeof(*e));

	assert(e);
	*e = (struct errand){.ops = ops, .user = user, .proc = loop->proc};
	*out = e;
	return 0;
}

void
errand_close(struct errand *e)
{
	free(e);
}

bool
errand_busy(const struct errand *e)
{
	return e->busy && e->proc->up; /* nobody waits for a process that is dead */
}

/* A disk that is dead or hung still takes what it has: the server can start. */
static bool
is_there(const struct sim_disk *d)
{
	return memcmp(d->slots[d->slot].disk, d->block, SLOTS_PAGE) == 0;
}

/* The write of which slots_file_write has said how it ends. */
static void
end_write(struct sim_disk *d)
{
	struct sim_slot *s = &d->slots[d->slot];

	to_cache(d);
	if (!d->fails) {
		sync_slot(s);
		return;
	}
	lose(d, s);
	if (d->dead)
		memcpy(s->cache, s->disk, SLOTS_PAGE);
}

static void
on_end(struct sim_item *it)
{
	struct errand *e = it->object;
	struct sim_disk *d = &sim.servers[e->proc->server].disk;

	if (e->proc->kind == SIM_PEER && d->writing)
		end_write(d);
	e->busy = false;
	e->ops->on_done(e->user, e->result);
}

/* The work is done at once, and what it does to the disk takes its time. */
void
errand_start(struct errand *e)
{
	struct sim_disk *d = &sim.servers[e->proc->server].disk;
	uint64_t took_us = 200 + sim_random(200);

	assert(!errand_busy(e));
	if (d->slow_us > 0)
		took_us += sim_random(d->slow_us);
	work_end_us = sim.now_us + took_us;
	e->busy = true;
	e->result = e->ops->work(e->user);
	if (!d->hung || !d->writing || is_there(d))
		sim_put(work_end_us, e->proc, on_end, e, 0);
}

int
slots_file_write(int fd, const struct slots_write *w)
{
	struct sim_disk *d = &sim.servers[fd].disk;

	assert(!d->writing);
	d->writing = true;
	d->slot = w->slot;
	memcpy(d->block, w->block, SLOTS_PAGE);
	d->cached_us = sim.now_us + sim_random(work_end_us - sim.now_us);
	d->free_us = work_end_us;
	d->fails = is_failing(d) || (d->dead && !is_there(d));
	return d->fails ? -EIO : 0;
}
