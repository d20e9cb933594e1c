/* A link and its queue; see worker.h. */
#include "connmgr/worker.h"

#include "base/clock.h"

#include <errno.h>

int
worker_init(struct worker *w, unsigned index, const struct chan_ops *ops, void *owner)
{
	*w = (struct worker){
	    .index = index, .ops = ops, .owner = owner, .full_ms = UINT64_MAX};
	w->queue = board_queue_new(MSG_MAX);
	return w->queue ? 0 : -ENOMEM;
}

void
worker_cut(struct worker *w)
{
	chan_close(w->chan);
	w->chan = NULL;
	w->broken = NULL;
	w->full_ms = UINT64_MAX;
	board_queue_clear(w->queue);
}

void
worker_deinit(struct worker *w)
{
	if (!w->queue)
		return;
	worker_cut(w);
	board_queue_free(w->queue);
}

void
worker_flush(struct worker *w)
{
	const void *data;
	size_t len;

	while (w->chan && (data = board_queue_first(w->queue, &len))) {
		if (chan_send(w->chan, data, len) != 0)
			return; /* it is full again, or on_down is about to come */
		board_queue_pop(w->queue);
		w->full_ms = clock_ms();
	}
	w->full_ms = UINT64_MAX;
}

int
worker_listen(struct worker *w, sd_event *loop, enum chan_kind kind, const char *path,
              uint64_t deadline_us)
{
	worker_cut(w);
	return chan_listen(&w->chan, kind, loop, path, deadline_us, w->ops, w);
}

enum board_queue_result
worker_send(struct worker *w, const struct board_item *item, const char **why)
{
	enum board_queue_result r;
	int sent;

	if (!w->chan || w->broken)
		return BOARD_QUEUE_OK; /* the replay will have what it misses */
	if (board_queue_count(w->queue) == 0) {
		sent = chan_send(w->chan, item->data, item->len);
		if (sent < 0 &&
		    sent != -ENOTCONN) /* -ENOTCONN: on_down is about to come */
			*why = "its link does not send";
		if (sent != CHAN_FULL)
			return BOARD_QUEUE_OK;
	}
	if (w->full_ms == UINT64_MAX)
		w->full_ms = clock_ms();
	r = board_queue_put(w->queue, item);
	w->dropped += r == BOARD_QUEUE_DROPPED || r == BOARD_QUEUE_REFUSED;
	if (r == BOARD_QUEUE_OVERFLOW)
		*why = "its link is full";
	return r;
}

uint64_t
worker_due_ms(const struct worker *w)
{
	return w->full_ms == UINT64_MAX ? UINT64_MAX : w->full_ms + WORKER_FULL_MS;
}
