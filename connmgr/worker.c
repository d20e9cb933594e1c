/* A link and its queue; see worker.h. */
#include "connmgr/worker.h"

#include "base/clock.h"

#include <errno.h>

int
worker_init(struct worker *w, unsigned index, const struct worker_ops *ops, void *user)
{
	*w = (struct worker){
	    .index = index, .ops = ops, .user = user, .full_ms = UINT64_MAX};
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

static void
on_message(void *user, const void *data, size_t len)
{
	struct worker *w = user;

	w->ops->on_message(w->user, w->index, data, len);
}

static void
on_writable(void *user)
{
	struct worker *w = user;
	const void *data;
	size_t len;

	while (w->chan && (data = board_queue_first(w->queue, &len))) {
		if (chan_send(w->chan, data, len) != 0)
			return; /* full again; or about to be reported down */
		board_queue_pop(w->queue);
		w->full_ms = clock_ms();
	}
	w->full_ms = UINT64_MAX;
}

static void
on_down(void *user, const char *why)
{
	struct worker *w = user;

	worker_cut(w);
	w->ops->on_down(w->user, w->index, why);
}

static const struct chan_ops chan_ops = {
    .on_message = on_message, .on_writable = on_writable, .on_down = on_down};

int
worker_listen(struct worker *w, sd_event *loop, enum chan_kind kind, const char *path,
              uint64_t deadline_us)
{
	worker_cut(w);
	return chan_listen(&w->chan, kind, loop, path, deadline_us, &chan_ops, w);
}

enum board_queue_result
worker_send(struct worker *w, const struct board_item *item)
{
	enum board_queue_result r;
	int sent;

	if (!w->chan || w->broken)
		return BOARD_QUEUE_OK; /* what it misses the replay will say */
	if (board_queue_count(w->queue) == 0) {
		sent = chan_send(w->chan, item->data, item->len);
		if (sent < 0 && sent != -ENOTCONN) /* that one is about to be reported */
			w->broken = "its link does not send";
		if (sent != CHAN_FULL)
			return BOARD_QUEUE_OK;
	}
	if (w->full_ms == UINT64_MAX)
		w->full_ms = clock_ms();
	r = board_queue_put(w->queue, item);
	w->dropped += r == BOARD_QUEUE_DROPPED || r == BOARD_QUEUE_REFUSED;
	if (r == BOARD_QUEUE_OVERFLOW)
		w->broken = "its link is full";
	return r;
}

uint64_t
worker_due_ms(const struct worker *w)
{
	return w->full_ms == UINT64_MAX ? UINT64_MAX : w->full_ms + WORKER_FULL_MS;
}
