/* Rule: see board_queue.h. Entries in order of arrival, each with a buffer of one of two
 * sizes; free buffers lie on two stacks. */
#include "connmgr/board_queue.h"

#include "connmgr/board_keep.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES (BOARD_QUEUE_FRAMES + BOARD_QUEUE_CONTROL)

struct entry {
	enum board_class class;
	int64_t sid;
	bool member;
	size_t len;
	unsigned char *data;
};

struct stack {
	unsigned count;
	unsigned char *free[BOARD_QUEUE_CONTROL];
};

struct board_queue {
	size_t frame_cap;
	unsigned count;
	struct entry entries[ENTRIES];
	struct stack large;
	struct stack small;
	unsigned char store[];
};

_Static_assert(BOARD_QUEUE_FRAMES <= BOARD_QUEUE_CONTROL, "one size of stack for both");

struct board_queue *
board_queue_new(size_t frame_cap)
{
	struct board_queue *q = malloc(sizeof(*q) + BOARD_QUEUE_FRAMES * frame_cap +
	                               (size_t)BOARD_QUEUE_CONTROL * BOARD_SMALL_MAX);
	unsigned char *at;

	if (!q)
		return NULL;
	q->frame_cap = frame_cap;
	q->count = 0;
	at = q->store;
	for (unsigned i = 0; i < BOARD_QUEUE_FRAMES; i++, at += frame_cap)
		q->large.free[i] = at;
	q->large.count = BOARD_QUEUE_FRAMES;
	for (unsigned i = 0; i < BOARD_QUEUE_CONTROL; i++, at += BOARD_SMALL_MAX)
		q->small.free[i] = at;
	q->small.count = BOARD_QUEUE_CONTROL;
	return q;
}

void
board_queue_free(struct board_queue *q)
{
	free(q);
}

static struct stack *
stack_of(struct board_queue *q, enum board_class class)
{
	return class == BOARD_CONTROL ? &q->small : &q->large;
}

static void
remove_at(struct board_queue *q, unsigned at)
{
	struct stack *s = stack_of(q, q->entries[at].class);

	s->free[s->count++] = q->entries[at].data;
	q->count--;
	memmove(&q->entries[at], &q->entries[at + 1],
	        (q->count - at) * sizeof(q->entries[0]));
}

void
board_queue_clear(struct board_queue *q)
{
	while (q->count > 0)
		remove_at(q, q->count - 1);
}

static bool
newer_waits(const struct board_queue *q, unsigned at, int64_t incoming)
{
	if (q->entries[at].sid == incoming)
		return true;
	for (unsigned i = at + 1; i < q->count; i++)
		if (q->entries[i].class == BOARD_NEWEST &&
		    q->entries[i].sid == q->entries[at].sid)
			return true;
	return false;
}

/* The oldest frame that a newer one of the same sender outdates; failing that the oldest
 * of a stranger; -1: every frame that waits is the newest of a configured remote. */
static int
victim(const struct board_queue *q, int64_t incoming)
{
	int stranger = -1;

	for (unsigned i = 0; i < q->count; i++) {
		if (q->entries[i].class != BOARD_NEWEST)
			continue;
		if (newer_waits(q, i, incoming))
			return (int)i;
		if (stranger < 0 && !q->entries[i].member)
			stranger = (int)i;
	}
	return stranger;
}

enum board_queue_result
board_queue_put(struct board_queue *q, const struct board_item *item)
{
	struct stack *s = stack_of(q, item->class);
	enum board_queue_result r = BOARD_QUEUE_OK;
	struct entry *e;
	int out;

	assert(item->len <=
	       (item->class == BOARD_CONTROL ? (size_t)BOARD_SMALL_MAX : q->frame_cap));
	if (s->count == 0) {
		if (item->class == BOARD_CONTROL)
			return BOARD_QUEUE_OVERFLOW;
		if (item->class == BOARD_FIFO)
			return BOARD_QUEUE_REFUSED;
		r = BOARD_QUEUE_DROPPED;
		out = victim(q, item->sid);
		if (out < 0 && !item->member)
			return r; /* the stranger's own */
		if (out < 0)
			return BOARD_QUEUE_OVERFLOW;
		remove_at(q, (unsigned)out);
	}
	e = &q->entries[q->count++];
	*e = (struct entry){.class = item->class,
	                    .sid = item->sid,
	                    .member = item->member,
	                    .len = item->len,
	                    .data = s->free[--s->count]};
	memcpy(e->data, item->data, item->len);
	return r;
}

unsigned
board_queue_count(const struct board_queue *q)
{
	return q->count;
}

unsigned
board_queue_frames(const struct board_queue *q)
{
	return BOARD_QUEUE_FRAMES - q->large.count;
}

const void *
board_queue_first(const struct board_queue *q, size_t *len)
{
	*len = q->count > 0 ? q->entries[0].len : 0;
	return q->count > 0 ? q->entries[0].data : NULL;
}

void
board_queue_pop(struct board_queue *q)
{
	assert(q->count > 0);
	remove_at(q, 0);
}
