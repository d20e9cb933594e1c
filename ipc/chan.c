/* Opens a channel with one of the two transports; see chan.h. */
#include "ipc/chan_impl.h"

#include <errno.h>
#include <stdlib.h>

#define DEADLINE_ACCURACY_US 1000

static int
on_deadline(sd_event_source *s, uint64_t usec, void *user)
{
	struct chan *c = user;

	(void)s;
	(void)usec;
	c->refs++;
	chan_report_down(c, "not up in time");
	chan_unref(c);
	return 0;
}

int
chan_open(struct chan **out, enum chan_kind kind, enum chan_end end, sd_event *loop,
          const char *path, struct users_far far, uint64_t deadline_us,
          const struct chan_ops *ops, void *user)
{
	const struct chan_type *type = kind == CHAN_NNG ? &chan_nng_type : &chan_seq_type;
	struct chan *c = calloc(1, type->size);
	int r;

	if (!c)
		return -ENOMEM;
	c->type = type;
	c->loop = loop;
	c->far = far;
	c->ops = ops;
	c->user = user;
	c->refs = 1;
	r = type->open(c, path, end == CHAN_LISTENS);
	if (r < 0) {
		chan_unref(c);
		return r;
	}
	c->open = true;
	r = sd_event_add_time_relative(loop, &c->deadline, CLOCK_MONOTONIC, deadline_us,
	                               DEADLINE_ACCURACY_US, on_deadline, c);
	if (r < 0) {
		chan_close(c);
		return r;
	}
	*out = c;
	return 0;
}
