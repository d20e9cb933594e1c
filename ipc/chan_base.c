/* What both transports have alike; see chan_impl.h. */
#include "ipc/chan_impl.h"
#include "ipc/msg.h"

#include <errno.h>
#include <stdlib.h>

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

/* All is shut before the owner hears of it, since the owner may call chan_close later,
 * and a descriptor at its end of file would wake the loop again and again. */
void
chan_report_down(struct chan *c, const char *why)
{
	if (c->state == CHAN_DOWN)
		return;
	shut(c);
	if (!c->given)
		c->ops->on_down(c->user, why);
}

int
chan_send(struct chan *c, const void *data, size_t len)
{
	int r;

	if (len == 0 || len > MSG_MAX)
		return -EMSGSIZE;
	if (c->state != CHAN_UP)
		return -ENOTCONN;
	/* no message overtakes those that the owner holds back */
	if (c->full)
		return CHAN_FULL;
	r = c->type->send(c, data, len);
	c->full = r == CHAN_FULL;
	return r;
}

void
chan_flush(struct chan *c)
{
	if (c && c->state == CHAN_UP && c->type->flush)
		c->type->flush(c);
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
