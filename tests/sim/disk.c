/* The disk of a server, in the place of peer/epoch.c, connmgr/store.c and connmgr/copy.c:
 * the epoch files, whose writes may be slow, fail or be torn, and connmgr's records and
 * state. It
 * keeps the rules of both: one write at a time, into a new file, which is synced and
 * renamed, and then the folder is synced. */
#include "connmgr/copy.h"
#include "connmgr/store.h"
#include "peer/epoch.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS 3 /* that servers make; nobody changes its own */

struct epoch_writer {
	uint64_t serial;
	struct proc *proc;
	void (*on_done)(void *user, int error);
	void *user;
	bool busy;
};

static struct epoch_writer writers[SIM_SERVERS_MAX][2]; /* of epochs, of claims */

void
sim_disk_begin(struct sim_disk *d)
{
	memset(d, 0, sizeof(*d));
	d->claim = (int64_t)sim_random(CLAIMS);
	for (unsigned i = 0; i < 2; i++)
		d->epochs[i] =
		    (struct sim_file){.seen = EPOCH_NONE, .durable = EPOCH_NONE};
}

bool
sim_disk_torn(const struct sim_disk *d)
{
	return d->epochs[0].torn || d->epochs[1].torn;
}

int64_t
sim_disk_durable(const struct sim_disk *d, unsigned file)
{
	return d->epochs[file].durable;
}

const char *
sim_disk_elector(const struct sim_disk *d)
{
	return d->records[0].generation > 0 ? d->records[0].name : d->copy.name;
}

/* The writer is stopped between two steps of its write, or waits in the kernel. */
void
sim_disk_killed(struct sim_disk *d)
{
	if (!d->writing)
		return;
	d->writing = false;
	if (sim.now_us >= d->renamed_us)
		d->epochs[d->file].seen = d->value;
}

void
sim_disk_power_off(struct sim_disk *d)
{
	bool torn = d->writing && sim_chance(100);

	sim_disk_killed(d);
	d->free_us = 0;
	d->state_len = 0;
	if (sim_chance(20)) /* what was there nobody can read */
		d->copy = (struct board_record){.floor = 1700000000ULL * COPY_RANGE};
	for (unsigned i = 0; i < 2; i++) {
		struct sim_file *f = &d->epochs[i];

		if (sim.bug != SIM_BUG_NO_FSYNC && sim_random(2))
			f->durable = f->seen;
		f->seen = f->durable;
		d->records[i] = (struct board_record){0}; /* run_dir is in memory */
	}
	d->epochs[d->file].torn |= torn;
}

/* As the message says: one number in both, not below what any server has. */
void
sim_disk_repair(struct sim_disk *d, int64_t epoch)
{
	for (unsigned i = 0; i < 2; i++)
		d->epochs[i] = (struct sim_file){.seen = epoch, .durable = epoch};
}

/* ---- peer/epoch.h ---- */

static void
sync_folder(struct sim_disk *d)
{
	for (unsigned i = 0; i < 2 && sim.bug != SIM_BUG_NO_FSYNC; i++)
		d->epochs[i].durable = d->epochs[i].seen;
}

int
epoch_read(const char *folder, int64_t *accepted, int64_t *current, char *why,
           size_t why_cap)
{
	struct sim_disk *d = &sim.servers[sim.running->server].disk;

	(void)folder;
	if (sim_disk_torn(d)) {
		snprintf(why, why_cap, "an epoch file is damaged");
		return EPOCH_DAMAGED;
	}
	sync_folder(d);
	*accepted = d->epochs[0].seen;
	*current = d->epochs[1].seen;
	if ((*accepted == EPOCH_NONE && *current != EPOCH_NONE) ||
	    (*accepted > 0 && *current == EPOCH_NONE) || *current > *accepted)
		sim_fail("server %u: epoch files that contradict each other: %lld, %lld",
		         sim.running->server + 1, (long long)*accepted,
		         (long long)*current);
	return 0;
}

int
epoch_read_claim(const char *folder, int64_t *claim, char *why, size_t why_cap)
{
	(void)folder;
	(void)why;
	(void)why_cap;
	*claim = sim.servers[sim.running->server].disk.claim;
	return 0;
}

int
epoch_writer_open(struct epoch_writer **out, sd_event *loop,
                  void (*on_done)(void *user, int error), void *user)
{
	struct epoch_writer *own = writers[loop->proc->server];
	struct epoch_writer *w = &own[own->on_done && own->on_done != on_done];

	*w = (struct epoch_writer){
	    .serial = ++sim.serial, .proc = loop->proc, .on_done = on_done, .user = user};
	*out = w;
	return 0;
}

void
epoch_writer_close(struct epoch_writer *w)
{
	(void)w;
}

bool
epoch_writer_busy(const struct epoch_writer *w)
{
	return w->busy;
}

static void
on_written(struct sim_item *it)
{
	struct epoch_writer *w = it->object;
	struct sim_disk *d = &sim.servers[w->proc->server].disk;
	struct sim_file *f = &d->epochs[d->file];
	bool failed = it->arg;

	if (w->serial != it->serial)
		return;
	d->writing = false;
	w->busy = false;
	if (!failed || sim_random(2))
		f->seen = d->value;
	if (!failed)
		sync_folder(d);
	w->on_done(w->user, failed ? -ENOSPC : 0);
}

int
epoch_write(struct epoch_writer *w, const char *folder, const char *name, int64_t epoch)
{
	struct sim_disk *d = &sim.servers[w->proc->server].disk;
	uint64_t took_us = 200 + sim_random(200);

	(void)folder;
	if (d->slow_us > 0)
		took_us += sim_random(d->slow_us);
	d->writing = true;
	d->file = strcmp(name, EPOCH_ACCEPTED) != 0;
	d->value = epoch;
	d->free_us = sim.now_us + took_us;
	d->renamed_us = sim.now_us + took_us / 2 + sim_random(took_us / 2);
	if (epoch < d->epochs[d->file].seen)
		sim_fail("S10: server %u writes %s %lld over %lld", w->proc->server + 1,
		         name, (long long)epoch, (long long)d->epochs[d->file].seen);
	w->busy = true;
	if (d->hung)
		return 0;
	sim_put(d->free_us, w->proc, on_written, w, w->serial)->arg =
	    d->dead || sim_random(100) < d->failing;
	return 0;
}

/* ---- connmgr/store.h ---- */

static struct sim_disk *
disk_of(const struct conf *c)
{
	return &sim.servers[c->id - 1].disk;
}

int
store_open(const struct conf *c)
{
	(void)c;
	return 0;
}

/* Those in run_dir. */
int
store_read_record(const char *dir, enum msg_who who, struct record *out)
{
	const struct sim_disk *d = &sim.servers[sim.running->server].disk;
	const struct board_record *kept = &d->records[who - MSG_WHO_ELECTOR];

	(void)dir;
	if (kept->generation == 0)
		return -ENOENT;
	*out = (struct record){.generation = kept->generation, .accepted = true};
	strcpy(out->now.name, kept->name);
	return 0;
}

int
store_write_record(const char *dir, enum msg_who who, const struct record *record,
                   bool sync)
{
	struct sim_disk *d = &sim.servers[sim.running->server].disk;
	struct board_record *r = &d->records[who - MSG_WHO_ELECTOR];

	(void)dir;
	(void)sync;
	if (sim_random(100) < d->failing)
		return -ENOSPC;
	*r = (struct board_record){.generation = record->generation};
	strcpy(r->name, record->now.name);
	return 0;
}

size_t
store_load_state(const struct conf *c, unsigned char out[BOARD_SMALL_MAX],
                 struct msg_serial *serial)
{
	const struct sim_disk *d = disk_of(c);
	struct msg m;

	if (d->state_len == 0 || msg_decode(d->state, d->state_len, &m) != MSG_OK)
		return 0;
	memcpy(out, d->state, d->state_len);
	*serial = m.u.state.serial;
	return d->state_len;
}

int
store_save_state(const struct conf *c, const void *data, size_t len)
{
	struct sim_disk *d = disk_of(c);

	memcpy(d->state, data, len);
	d->state_len = len;
	sim_check_state((unsigned)c->id - 1, data, len);
	return 0;
}

/* ---- connmgr/copy.h ---- */

/* Of the one connmgr that a server has. */
struct copy {
	uint64_t serial;
	struct proc *proc;
	const struct copy_ops *ops;
	void *user;
	struct record record;
	bool reading;
	bool busy;
};

static struct copy copies[SIM_SERVERS_MAX];

int
copy_open(struct copy **out, sd_event *loop, const struct conf *conf,
          const struct copy_ops *ops, void *user)
{
	struct copy *c = &copies[loop->proc->server];

	(void)conf;
	*c = (struct copy){
	    .serial = ++sim.serial, .proc = loop->proc, .ops = ops, .user = user};
	*out = c;
	return 0;
}

void
copy_close(struct copy *c)
{
	(void)c;
}

bool
copy_busy(const struct copy *c)
{
	return c->busy;
}

static void
give_copy(struct copy *c, const struct sim_disk *d)
{
	const struct board_record *kept = &d->copy;
	uint64_t floor = kept->floor;

	c->record = (struct record){.generation = kept->generation, .accepted = true};
	strcpy(c->record.now.name, kept->name);
	if (kept->generation > 0)
		floor = (kept->generation / COPY_RANGE + 1) * COPY_RANGE;
	c->ops->on_read(c->user, 0, &c->record, floor);
}

static void
on_copied(struct sim_item *it)
{
	struct copy *c = it->object;
	struct sim_disk *d = &sim.servers[c->proc->server].disk;
	bool failed = it->arg;

	if (c->serial != it->serial)
		return;
	c->busy = false;
	if (c->reading) {
		give_copy(c, d);
		return;
	}
	if (!failed) {
		d->copy = (struct board_record){.generation = c->record.generation};
		strcpy(d->copy.name, c->record.now.name);
	}
	c->ops->on_written(c->user, failed ? -ENOSPC : 0);
}

static void
start_copying(struct copy *c)
{
	struct sim_disk *d = &sim.servers[c->proc->server].disk;
	uint64_t took_us = 200 + sim_random(200);

	if (d->slow_us > 0)
		took_us += sim_random(d->slow_us);
	c->busy = true;
	sim_put(sim.now_us + took_us, c->proc, on_copied, c, c->serial)->arg =
	    sim_random(100) < d->failing;
}

void
copy_read(struct copy *c)
{
	c->reading = true;
	start_copying(c);
}

void
copy_write(struct copy *c, const struct record *r)
{
	c->reading = false;
	c->record = *r;
	start_copying(c);
}
