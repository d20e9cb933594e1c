/* What connmgr keeps, in the place of connmgr/store.c and connmgr/copy.c: its records and
 * state in run_dir, and the copy on the disk. */
#include "connmgr/store.h"
#include "connmgr/copy.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <string.h>

void
sim_store_power_off(struct sim_disk *d)
{
	d->state_len = 0;
	if (sim_chance(20)) /* what was there nobody can read */
		d->copy = (struct board_record){.floor = 1700000000ULL * COPY_RANGE};
	for (unsigned i = 0; i < 2; i++)
		d->records[i] = (struct board_record){0}; /* run_dir is in memory */
}

const char *
sim_disk_elector(const struct sim_disk *d)
{
	return d->records[0].generation > 0 ? d->records[0].name : d->copy.name;
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
