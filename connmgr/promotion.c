/* See promotion.h. */
#include "connmgr/promotion.h"

#include "base/log.h"

#include <string.h>

void
promotion_init(struct promotion *p, sd_event *loop, const struct conf *conf,
               void (*on_done)(void *user, int result), void *user)
{
	*p = (struct promotion){
	    .conf = conf, .loop = loop, .on_done = on_done, .user = user};
}

/* In the thread. */
static int
work(void *user)
{
	const struct promotion *p = user;

	return p->placed ? store_sync_records(p->conf)
	                 : store_prepare_record(p->conf, &p->record);
}

static void
on_worked(void *user, int result)
{
	struct promotion *p = user;

	if (result < 0)
		log_err("the record of the elector cannot be %s: %s",
		        p->placed ? "synced" : "written", strerror(-result));
	p->on_done(p->user, result);
}

static const struct errand_ops errand_ops = {work, on_worked};

bool
promotion_busy(const struct promotion *p)
{
	return p->errand && errand_busy(p->errand);
}

void
promotion_close(struct promotion *p)
{
	if (!promotion_busy(p))
		errand_close(p->errand); /* else a disk that hangs would keep us */
}

/* Few processes ever need the thread. */
const char *
promotion_begin(struct promotion *p, const struct record *record)
{
	if (!p->errand && errand_open(&p->errand, p->loop, &errand_ops, p) < 0)
		return "there is no room for a thread";
	p->record = *record;
	return NULL;
}

void
promotion_prepare(struct promotion *p, uint64_t generation)
{
	p->record.generation = generation;
	p->placed = false;
	errand_start(p->errand);
}

void
promotion_sync(struct promotion *p)
{
	errand_start(p->errand);
}

int
promotion_place(struct promotion *p)
{
	int r = store_place_record(p->conf);

	p->placed = r == 0;
	return r;
}
