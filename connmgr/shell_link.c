/* The links of the workers; see shell_impl.h. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"

#include <errno.h>

#define FULL_MS 1000 /* a link that is full for longer is cut */

static unsigned
index_of(const struct worker *w)
{
	return (unsigned)(w - w->owner->workers);
}

static void
on_message(void *user, const void *data, size_t len)
{
	struct worker *w = user;
	struct connmgr_event ev = {.kind = EVENT_MESSAGE,
	                           .u.message = {index_of(w), data, len}};

	gate_push(&w->owner->gate, &ev);
}

/* Sends what waits, when there is room again. */
static void
on_writable(void *user)
{
	struct worker *w = user;
	const void *data;
	size_t len;

	while (w->chan && (data = board_queue_first(w->queue, &len))) {
		if (chan_send(w->chan, data, len) != 0)
			return; /* it is full again, or on_down is about to come */
		board_queue_pop(w->queue);
		w->full_due_ms = clock_ms() + FULL_MS;
	}
	w->full_due_ms = UINT64_MAX;
}

static void
on_down(void *user, const char *why)
{
	struct worker *w = user;
	struct connmgr_event ev = {.kind = EVENT_LOST,
	                           .u.lost = {index_of(w), why, false}};

	gate_push(&w->owner->gate, &ev);
}

int
connmgr_listen(struct connmgr *s, unsigned worker, enum policy_what as, const char *path)
{
	struct door_conn *door = s->workers[worker].door;
	struct users_far far = {as, door ? door_conn_pid(door) : 0};
	static const struct chan_ops ops = {
	    .on_message = on_message, .on_writable = on_writable, .on_down = on_down};
	enum chan_kind kind = s->conf->ipc == CONF_IPC_NNG ? CHAN_NNG : CHAN_SEQPACKET;

	connmgr_cut(s, worker);
	return chan_open(&s->workers[worker].chan, kind, CHAN_LISTENS, s->loop, path, far,
	                 CONNMGR_HELLO_MS * UINT64_C(1000), &ops, &s->workers[worker]);
}

void
connmgr_cut(struct connmgr *s, unsigned worker)
{
	struct worker *w = &s->workers[worker];

	chan_close(w->chan);
	w->chan = NULL;
	w->broken = NULL;
	w->full_due_ms = UINT64_MAX;
	board_queue_clear(w->queue);
	if ((int)worker == s->candidate) {
		s->candidate = -1;
		shadow_end(s->shadow);
	}
}

void
connmgr_break(struct connmgr *s, unsigned worker, const char *why)
{
	struct connmgr_event ev = {.kind = EVENT_LOST, .u.lost = {worker, why, true}};

	s->workers[worker].broken = why;
	gate_push(&s->gate, &ev);
}

/* The connection that brings more than its share of what waits for the peer ends. */
static void
refuse_frame(struct connmgr *s, const struct board_item *item)
{
	s->learner->lane.counters.full++;
	learner_push(s->learner, item->sid,
	             &(struct places_event){.type = PLACES_EV_DISCONNECT,
	                                    .number = item->number,
	                                    .reason = MSG_REASON_FULL});
}

void
connmgr_send(struct connmgr *s, unsigned worker, const struct board_item *item)
{
	struct worker *w = &s->workers[worker];
	enum board_queue_result r;
	int sent = CHAN_FULL;

	if (!w->chan || w->broken)
		return; /* the replay will have what it misses */
	if (board_queue_count(w->queue) == 0)
		sent = chan_send(w->chan, item->data, item->len);
	if (sent != CHAN_FULL) {
		if (sent < 0 && sent != -ENOTCONN) /* else on_down is about to come */
			connmgr_break(s, worker, "its link does not send");
		return;
	}
	if (w->full_due_ms == UINT64_MAX)
		w->full_due_ms = clock_ms() + FULL_MS;
	r = board_queue_put(w->queue, item);
	w->dropped += r == BOARD_QUEUE_DROPPED || r == BOARD_QUEUE_REFUSED;
	if (r != BOARD_QUEUE_OK && !board_is_active(s->board, worker))
		connmgr_break(s, worker, "a shadow that does not drain its link");
	else if (r == BOARD_QUEUE_OVERFLOW)
		connmgr_break(s, worker, "its link is full");
	else if (r == BOARD_QUEUE_REFUSED)
		refuse_frame(s, item);
}
