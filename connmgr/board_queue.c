/* Rule: see board_queue.h. Entries in order of arrival, each with a slot of the store:
 * large ones for frames, then small ones. One block without pointers. */
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
	unsigned slot;
};

struct board_queue {
	size_t frame_cap;
	unsigned count;
	struct entry entries[ENTRIES];
	bool taken[ENTRIES]; /* slots */
	unsigned char store[];
};

struct board_queue *
board_queue_new(size_t frame_cap)
{
	struct board_queue *q = malloc(sizeof(*q) + BOARD_QUEUE_FRAMES * frame_cap +
	                               (size_t)BOARD_QUEUE_CONTROL * BOARD_SMALL_MAX);

	if (!q)
		return NULL;
	memset(q, 0, sizeof(*q)); /* not the store: most of it is never used */
	q->frame_cap = frame_cap;
	return q;
}

void
board_queue_free(struct board_queue *q)
{
	free(q);
}

static unsigned char *
bytes_of(struct board_queue *q, unsigned slot)
{
	unsigned small = slot - BOARD_QUEUE_FRAMES;

	if (slot < BOARD_QUEUE_FRAMES)
		return q->store + slot * q->frame_cap;
	return q->store + BOARD_QUEUE_FRAMES * q->frame_cap +
	       (size_t)small * BOARD_SMALL_MAX;
}

/* ENTRIES: there is none of that class. */
static unsigned
free_slot(const struct board_queue *q, enum board_class class)
{
	unsigned slot = class == BOARD_CONTROL ? BOARD_QUEUE_FRAMES : 0;
	unsigned end = class == BOARD_CONTROL ? ENTRIES : BOARD_QUEUE_FRAMES;

	while (slot < end && q->taken[slot])
		slot++;
	return slot < end ? slot : ENTRIES;
}

static void
remove_at(struct board_queue *q, unsigned at)
{
	q->taken[q->entries[at].slot] = false;
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
	unsigned slot = free_slot(q, item->class);
	enum board_queue_result r = BOARD_QUEUE_OK;
	struct entry *e;
	int out;

	assert(item->len <=
	       (item->class == BOARD_CONTROL ? (size_t)BOARD_SMALL_MAX : q->frame_cap));
	if (slot == ENTRIES) {
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
		slot = q->entries[out].slot;
		remove_at(q, (unsigned)out);
	}
	e = &q->entries[q->count++];
	*e = (struct entry){.class = item->class,
	                    .sid = item->sid,
	                    .member = item->member,
	                    .len = item->len,
	                    .slot = slot};
	q->taken[slot] = true;
	memcpy(bytes_of(q, slot), item->data, item->len);
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
	unsigned count = 0;

	for (unsigned i = 0; i < q->count; i++)
		count += q->entries[i].class != BOARD_CONTROL;
	return count;
}

const void *
board_queue_first(struct board_queue *q, size_t *len)
{
	*len = q->count > 0 ? q->entries[0].len : 0;
	return q->count > 0 ? bytes_of(q, q->entries[0].slot) : NULL;
}

void
board_queue_pop(struct board_queue *q)
{
	assert(q->count > 0);
	remove_at(q, 0);
}
