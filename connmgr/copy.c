/* The copy of the elector's record; see copy.h. */
#include "connmgr/copy.h"

#include "connmgr/store.h"
#include "proc/errand.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct copy {
	const struct conf *conf;
	const struct copy_ops *ops;
	void *user;
	/* copy_close was called, and the work in progress is the last. */
	bool closed;
	struct errand *errand;
	/* The work is to read; false: to write. */
	bool reading;
	/* To be written, or as it was read. */
	struct record record;
	uint64_t floor;
};

/* The record is damaged, so its range is not known. There were fewer lives of run_dir
 * than there were seconds since 1970, and a record that is lost again later is lost in
 * another second. */
static uint64_t
floor_of_the_clock(void)
{
	return (uint64_t)time(NULL) * COPY_RANGE;
}

static int
read_copy(struct copy *c)
{
	int r = store_take_folder(c->conf->data_dir);

	if (r < 0)
		return r;
	c->record = (struct record){.accepted = true};
	c->floor = 0;
	r = store_read_record(c->conf->data_dir, MSG_WHO_ELECTOR, &c->record);
	if (r == 0 && c->record.generation <= RECORD_GENERATION_MAX - 2 * COPY_RANGE)
		c->floor = (c->record.generation / COPY_RANGE + 1) * COPY_RANGE;
	else if (r != -ENOENT)
		c->floor = floor_of_the_clock();
	return 0;
}

static int
work(void *user)
{
	struct copy *c = user;

	return c->reading ? read_copy(c)
	                  : store_write_record(c->conf->data_dir, MSG_WHO_ELECTOR,
	                                       &c->record, true);
}

void
copy_close(struct copy *c)
{
	if (!c)
		return;
	c->closed = true;
	if (errand_busy(c->errand))
		return; /* on_done comes back here, if the process lives so long */
	errand_close(c->errand);
	free(c);
}

static void
on_done(void *user, int result)
{
	struct copy *c = user;

	if (c->closed)
		copy_close(c);
	else if (c->reading)
		c->ops->on_read(c->user, result, &c->record, c->floor);
	else
		c->ops->on_written(c->user, result);
}

int
copy_open(struct copy **out, sd_event *loop, const struct conf *conf,
          const struct copy_ops *ops, void *user)
{
	static const struct errand_ops errand_ops = {work, on_done};
	struct copy *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->conf = conf;
	c->ops = ops;
	c->user = user;
	r = errand_open(&c->errand, loop, &errand_ops, c);
	if (r < 0) {
		free(c);
		return r;
	}
	*out = c;
	return 0;
}

void
copy_read(struct copy *c)
{
	c->reading = true;
	errand_start(c->errand);
}

void
copy_write(struct copy *c, const struct record *r)
{
	c->reading = false;
	c->record = *r;
	errand_start(c->errand);
}

bool
copy_busy(const struct copy *c)
{
	return errand_busy(c->errand);
}
