/* Work on a disk, in the place of proc/errand.c: what it does is done at once, and its
 * end comes when the disk would have done it (disk.c). */
#include "proc/errand.h"
#include "tests/sim/sim.h"

#include <assert.h>
#include <stdlib.h>

struct errand {
	const struct errand_ops *ops;
	void *user;
	struct proc *proc;
	bool busy;
	int result;
};

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

static void
on_end(struct sim_item *it)
{
	struct errand *e = it->object;
	struct sim_disk *d = &sim.servers[e->proc->server].disk;

	if (e->proc->kind == SIM_PEER)
		sim_disk_end_write(d);
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
	d->work_us = sim.now_us + took_us;
	e->busy = true;
	e->result = e->ops->work(e->user);
	if (!sim_disk_hangs(d))
		sim_put(d->work_us, e->proc, on_end, e, 0);
}
