/* Rule: see outbox.h. A newest has two buffers that change places: `current` is being
 * written, or was written last, and `waiting` comes next. */
#include "connmgr/outbox.h"

#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 4

struct letter {
	size_t len; /* with its head; 0: there is none */
	unsigned char *data;
};

struct outbox {
	enum outbox_kind kind;
	bool up;
	size_t done;           /* newest: bytes of `current` written */
	struct letter current; /* newest: being written, or the last */
	struct letter waiting;
	size_t start; /* fifo: a ring */
	size_t used;
	unsigned char store[];
};

struct outbox *
outbox_new(enum outbox_kind kind)
{
	size_t one = HEAD + MSG_FRAME_MAX;
	size_t room = kind == OUTBOX_NEWEST ? 2 * one : OUTBOX_FIFO_MAX;
	struct outbox *o = malloc(sizeof(*o) + room);

	if (!o)
		return NULL;
	*o = (struct outbox){.kind = kind};
	if (kind == OUTBOX_NEWEST) {
		o->current.data = o->store;
		o->waiting.data = o->store + one;
	}
	return o;
}

void
outbox_free(struct outbox *o)
{
	free(o);
}

static void
write_head(unsigned char *at, size_t len)
{
	struct buf_out out;

	buf_out_init(&out, at, HEAD);
	buf_put_i32(&out, (int32_t)len);
}

static void
begin_waiting(struct outbox *o)
{
	struct letter next = o->waiting;

	o->waiting = o->current;
	o->waiting.len = 0;
	o->current = next;
	o->done = 0;
}

static enum outbox_result
put_newest(struct outbox *o, const void *data, size_t len)
{
	enum outbox_result r = o->waiting.len > 0 ? OUTBOX_REPLACED : OUTBOX_OK;

	write_head(o->waiting.data, len);
	memcpy(o->waiting.data + HEAD, data, len);
	o->waiting.len = HEAD + len;
	if (o->up && o->done == o->current.len)
		begin_waiting(o);
	return r;
}

static void
ring_put(struct outbox *o, const unsigned char *data, size_t len)
{
	size_t at = (o->start + o->used) % OUTBOX_FIFO_MAX;
	size_t first = OUTBOX_FIFO_MAX - at < len ? OUTBOX_FIFO_MAX - at : len;

	memcpy(o->store + at, data, first);
	memcpy(o->store, data + first, len - first);
	o->used += len;
}

static enum outbox_result
put_fifo(struct outbox *o, const void *data, size_t len)
{
	unsigned char head[HEAD];

	if (!o->up || OUTBOX_FIFO_MAX - o->used < HEAD + len)
		return OUTBOX_FULL;
	write_head(head, len);
	ring_put(o, head, HEAD);
	ring_put(o, data, len);
	return OUTBOX_OK;
}

enum outbox_result
outbox_put(struct outbox *o, const void *data, size_t len)
{
	assert(len >= 1 && len <= MSG_FRAME_MAX);
	return o->kind == OUTBOX_NEWEST ? put_newest(o, data, len)
	                                : put_fifo(o, data, len);
}

void
outbox_up(struct outbox *o)
{
	o->up = true;
	if (o->waiting.len > 0)
		begin_waiting(o);
	else
		o->done = 0;
}

void
outbox_down(struct outbox *o)
{
	o->up = false;
	o->start = 0;
	o->used = 0;
}

void
outbox_clear(struct outbox *o)
{
	outbox_down(o);
	o->current.len = 0;
	o->waiting.len = 0;
	o->done = 0;
}

size_t
outbox_peek(const struct outbox *o, const unsigned char **data)
{
	size_t flat;

	if (!o->up)
		return 0;
	if (o->kind == OUTBOX_NEWEST) {
		*data = o->current.data + o->done;
		return o->current.len - o->done;
	}
	flat = OUTBOX_FIFO_MAX - o->start;
	*data = o->store + o->start;
	return o->used < flat ? o->used : flat;
}

size_t
outbox_waiting(const struct outbox *o)
{
	size_t begun = o->up ? o->current.len - o->done : 0;

	return o->kind == OUTBOX_FIFO ? o->used : begun + o->waiting.len;
}

void
outbox_wrote(struct outbox *o, size_t len)
{
	if (o->kind == OUTBOX_FIFO) {
		assert(len <= o->used);
		o->start = (o->start + len) % OUTBOX_FIFO_MAX;
		o->used -= len;
		return;
	}
	assert(len <= o->current.len - o->done);
	o->done += len;
	if (o->done == o->current.len && o->waiting.len > 0)
		begin_waiting(o);
}
