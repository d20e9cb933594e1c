/* What both transports of a link have alike; see chan.h and chan_impl.h. */
#include "ipc/chan_impl.h"
#include "ipc/msg.h"

#include <errno.h>
#include <stdlib.h>

#define DEADLINE_ACCURACY_US 1000

void
chan_ref(struct chan *c)
{
	c->refs++;
}

void
chan_unref(struct chan *c)
{
	if (--c->refs == 0)
		free(c);
}

static void
shut(struct chan *c)
{
	c->state = CHAN_DOWN;
	c->deadline = sd_event_source_disable_unref(c->deadline);
	if (c->open) {
		c->open = false;
		c->type->close(c);
	}
}

void
chan_report_up(struct chan *c)
{
	if (c->state != CHAN_WAITING)
		return;
	c->state = CHAN_UP;
	c->deadline = sd_event_source_disable_unref(c->deadline);
	if (c->ops->on_up)
		c->ops->on_up(c->user);
}

void
chan_report_message(struct chan *c, const void *data, size_t len)
{
	if (c->state == CHAN_UP)
		c->ops->on_message(c->user, data, len);
}

void
chan_report_writable(struct chan *c)
{
	if (c->state != CHAN_UP || !c->full)
		return;
	c->full = false;
	if (c->ops->on_writable)
		c->ops->on_writable(c->user);
}

/* The owner may take its time with chan_close, so all is shut before it is told: a
 * descriptor at its end would wake the loop for ever. */
void
chan_report_down(struct chan *c, const char *why)
{
	if (c->state == CHAN_DOWN)
		return;
	shut(c);
	if (!c->given)
		c->ops->on_down(c->user, why);
}

static int
on_deadline(sd_event_source *s, uint64_t usec, void *user)
{
	struct chan *c = user;

	(void)s;
	(void)usec;
	chan_ref(c);
	chan_report_down(c, "not up in time");
	chan_unref(c);
	return 0;
}

static int
open_end(struct chan **out, enum chan_kind kind, sd_event *loop, const char *path,
         uint64_t deadline_us, const struct chan_ops *ops, void *user, bool listen)
{
	const struct chan_type *type = kind == CHAN_NNG ? &chan_nng_type : &chan_seq_type;
	struct chan *c = calloc(1, type->size);
	int r;

	if (!c)
		return -ENOMEM;
	c->type = type;
	c->loop = loop;
	c->ops = ops;
	c->user = user;
	c->refs = 1;
	r = type->open(c, path, listen);
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

int
chan_listen(struct chan **out, enum chan_kind kind, sd_event *loop, const char *path,
            uint64_t deadline_us, const struct chan_ops *ops, void *user)
{
	return open_end(out, kind, loop, path, deadline_us, ops, user, true);
}

int
chan_dial(struct chan **out, enum chan_kind kind, sd_event *loop, const char *path,
          uint64_t deadline_us, const struct chan_ops *ops, void *user)
{
	return open_end(out, kind, loop, path, deadline_us, ops, user, false);
}

int
chan_send(struct chan *c, const void *data, size_t len)
{
	int r;

	if (len == 0 || len > MSG_MAX)
		return -EMSGSIZE;
	if (c->state != CHAN_UP)
		return -ENOTCONN;
	if (c->full)
		return CHAN_FULL; /* in order: nothing overtakes what the owner holds back
		                   */
	r = c->type->send(c, data, len);
	c->full = r == CHAN_FULL;
	return r;
}

void
chan_close(struct chan *c)
{
	if (!c || c->given)
		return;
	c->given = true;
	shut(c);
	chan_unref(c);
}
