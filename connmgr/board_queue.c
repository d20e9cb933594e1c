/* Rule: see board_queue.h. A list of entries in the order of arrival. The bytes of a
 * sender's frames lie one behind the other in its share, those of other messages in small
 * slots, and the members behind the slots. One block without pointers, of which only what
 * is used is ever touched. */
#include "connmgr/board_queue.h"

#include "connmgr/board_keep.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT_MAX
/* For each remote: its link of the election lane, its last failed attempt to dial on the
 * learner lane, and each connection there, up or down. */
#define LINK_ROOM(conns) (2 + 2 * (conns))

struct entry {
	enum board_class class;
	unsigned next;
	unsigned owner; /* the sender of a frame, or the slot of another message */
	size_t len;
	/* of a link */
	enum msg_lane lane;
	int64_t sid;
	uint64_t number;
	bool up;
};

struct sender {
	unsigned count; /* frames; 0: the place is free */
	enum board_class class;
	int64_t sid;
	uint64_t number;
	bool member;
	size_t start, end; /* of its bytes in its share */
};

struct board_queue {
	unsigned sender_max, slot_max, entry_max;
	unsigned first, last;
	unsigned count, frames, links, members;
	unsigned free_entry,
	    used_entries; /* those from `used_entries` on are untouched */
	size_t entries_at, slots_at, store_at;
	struct sender senders[];
};

static struct entry *
entry_at(const struct board_queue *q, unsigned i)
{
	return (struct entry *)(void *)((char *)q + q->entries_at) + i;
}

static bool *
slot_taken(const struct board_queue *q, unsigned i)
{
	return (bool *)((char *)q + q->slots_at) + i;
}

static unsigned char *
share_of(const struct board_queue *q, unsigned sender)
{
	return (unsigned char *)q + q->store_at + (size_t)sender * BOARD_QUEUE_SHARE;
}

static unsigned char *
slot_bytes(const struct board_queue *q, unsigned slot)
{
	return share_of(q, q->sender_max) + (size_t)slot * BOARD_SMALL_MAX;
}

static unsigned char *
members_bytes(const struct board_queue *q)
{
	return slot_bytes(q, q->slot_max);
}

struct board_queue *
board_queue_new(unsigned remotes, unsigned conns)
{
	unsigned election = remotes + BOARD_QUEUE_STRANGERS, learner = conns * remotes;
	unsigned senders = election > learner ? election : learner;
	unsigned slots = BOARD_QUEUE_CONTROL + LINK_ROOM(conns) * (remotes + 1);
	unsigned entries = slots + senders * BOARD_QUEUE_FRAMES + 1;
	size_t head = sizeof(struct board_queue) + senders * sizeof(struct sender);
	size_t slots_at = head + entries * sizeof(struct entry);
	size_t store_at = slots_at + slots;
	struct board_queue *q = malloc(store_at + (size_t)senders * BOARD_QUEUE_SHARE +
	                               (size_t)slots * BOARD_SMALL_MAX + MSG_MAX);

	if (!q)
		return NULL;
	memset(q, 0, head);
	q->sender_max = senders;
	q->slot_max = slots;
	q->entry_max = entries;
	q->entries_at = head;
	q->slots_at = slots_at;
	q->store_at = store_at;
	q->first = q->last = q->free_entry = NONE;
	memset(slot_taken(q, 0), 0, slots);
	return q;
}

void
board_queue_free(struct board_queue *q)
{
	free(q);
}

/* ---- the list ---- */

static bool
is_frame(const struct entry *e)
{
	return e->class == BOARD_NEWEST || e->class == BOARD_FIFO;
}

static void
append(struct board_queue *q, const struct board_item *item, unsigned owner)
{
	unsigned at = q->free_entry;
	struct entry *e;

	if (at != NONE)
		q->free_entry = entry_at(q, at)->next;
	else
		at = q->used_entries++;
	assert(at < q->entry_max);
	e = entry_at(q, at);
	*e = (struct entry){.class = item->class,
	                    .next = NONE,
	                    .owner = owner,
	                    .len = item->len,
	                    .lane = item->lane,
	                    .sid = item->sid,
	                    .number = item->number,
	                    .up = item->up};
	if (q->last == NONE)
		q->first = at;
	else
		entry_at(q, q->last)->next = at;
	q->last = at;
	q->count++;
	q->frames += is_frame(e);
	q->links += item->class == BOARD_LINK;
	q->members += item->class == BOARD_MEMBERS;
}

/* Removes the entry behind `before` (NONE: the first). A frame must be the oldest of its
 * sender. */
static void
remove_behind(struct board_queue *q, unsigned before)
{
	unsigned at = before == NONE ? q->first : entry_at(q, before)->next;
	struct entry *e = entry_at(q, at);

	if (before == NONE)
		q->first = e->next;
	else
		entry_at(q, before)->next = e->next;
	if (q->last == at)
		q->last = before;
	if (is_frame(e)) {
		q->senders[e->owner].count--;
		q->senders[e->owner].start += e->len;
	} else if (e->class != BOARD_MEMBERS) {
		*slot_taken(q, e->owner) = false;
	}
	q->count--;
	q->frames -= is_frame(e);
	q->links -= e->class == BOARD_LINK;
	q->members -= e->class == BOARD_MEMBERS;
	e->next = q->free_entry;
	q->free_entry = at;
}

/* Removes the oldest entry for which `is` holds; false: there is none. */
static bool
remove_first(struct board_queue *q, const void *like,
             bool (*is)(const struct entry *e, const void *like))
{
	unsigned before = NONE;

	for (unsigned at = q->first; at != NONE; at = entry_at(q, at)->next) {
		if (is(entry_at(q, at), like)) {
			remove_behind(q, before);
			return true;
		}
		before = at;
	}
	return false;
}

void
board_queue_clear(struct board_queue *q)
{
	while (q->count > 0)
		remove_behind(q, NONE);
}

/* ---- news of links, and what else is no frame ---- */

static bool
is_same_link(const struct entry *e, const void *like)
{
	const struct board_item *item = like;

	return e->class == BOARD_LINK && e->lane == item->lane && e->sid == item->sid &&
	       e->number == item->number;
}

static bool
is_frame_of_link(const struct entry *e, const void *like)
{
	return e->class == BOARD_FIFO &&
	       e->number == ((const struct board_item *)like)->number;
}

static enum board_queue_result
put_small(struct board_queue *q, const struct board_item *item)
{
	unsigned slot = 0;

	assert(item->len <= BOARD_SMALL_MAX);
	while (slot < q->slot_max && *slot_taken(q, slot))
		slot++;
	if (slot == q->slot_max)
		return BOARD_QUEUE_OVERFLOW;
	*slot_taken(q, slot) = true;
	memcpy(slot_bytes(q, slot), item->data, item->len);
	append(q, item, slot);
	return BOARD_QUEUE_OK;
}

static enum board_queue_result
put_link(struct board_queue *q, const struct board_item *item)
{
	if (item->number > 0 && !item->up) {
		while (remove_first(q, item, is_frame_of_link))
			;
		if (remove_first(q, item, is_same_link))
			return BOARD_QUEUE_OK; /* the worker never heard of it */
	} else {
		(void)remove_first(q, item, is_same_link);
	}
	return put_small(q, item);
}

static bool
is_members(const struct entry *e, const void *like)
{
	(void)like;
	return e->class == BOARD_MEMBERS;
}

static enum board_queue_result
put_members(struct board_queue *q, const struct board_item *item)
{
	assert(item->len <= MSG_MAX);
	(void)remove_first(q, NULL, is_members);
	memcpy(members_bytes(q), item->data, item->len);
	append(q, item, NONE);
	return BOARD_QUEUE_OK;
}

/* ---- frames ---- */

static bool
is_sent_by(const struct sender *s, const struct board_item *item)
{
	return s->count > 0 && s->class == item->class &&
	       (item->class == BOARD_FIFO ? s->number == item->number
	                                  : s->sid == item->sid);
}

static bool
is_owned(const struct entry *e, const void *like)
{
	return is_frame(e) && e->owner == *(const unsigned *)like;
}

static bool
has_room(const struct sender *s, size_t len)
{
	return s->count < BOARD_QUEUE_FRAMES &&
	       s->end - s->start + len <= BOARD_QUEUE_SHARE;
}

/* The place of the item's sender, or a free one; NONE: there is neither. */
static unsigned
sender_of(const struct board_queue *q, const struct board_item *item)
{
	unsigned free_at = NONE;

	for (unsigned i = 0; i < q->sender_max; i++) {
		if (is_sent_by(&q->senders[i], item))
			return i;
		if (q->senders[i].count == 0 && free_at == NONE)
			free_at = i;
	}
	return free_at;
}

static bool
is_strangers(const struct entry *e, const void *like)
{
	const struct board_queue *q = like;

	return e->class == BOARD_NEWEST && !q->senders[e->owner].member;
}

/* The place of a stranger, whose frames are dropped; NONE: no stranger has one. */
static unsigned
evict_stranger(struct board_queue *q)
{
	for (unsigned at = q->first; at != NONE; at = entry_at(q, at)->next) {
		unsigned owner = entry_at(q, at)->owner;

		if (!is_strangers(entry_at(q, at), q))
			continue;
		while (remove_first(q, &owner, is_owned))
			;
		return owner;
	}
	return NONE;
}

static void
put_frame(struct board_queue *q, unsigned at, const struct board_item *item)
{
	struct sender *s = &q->senders[at];
	unsigned char *share = share_of(q, at);

	if (s->count == 0)
		*s = (struct sender){.class = item->class,
		                     .sid = item->sid,
		                     .number = item->number,
		                     .member = item->member};
	if (BOARD_QUEUE_SHARE - s->end < item->len) {
		memmove(share, share + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	memcpy(share + s->end, item->data, item->len);
	s->end += item->len;
	s->count++;
	append(q, item, at);
}

static enum board_queue_result
put_newest(struct board_queue *q, const struct board_item *item)
{
	unsigned at = sender_of(q, item);
	enum board_queue_result r = BOARD_QUEUE_OK;

	if (at == NONE) {
		r = BOARD_QUEUE_DROPPED;
		if (!item->member)
			return r; /* the stranger's own */
		at = evict_stranger(q);
		if (at == NONE)
			return BOARD_QUEUE_OVERFLOW;
	}
	while (q->senders[at].count > 0 && !has_room(&q->senders[at], item->len)) {
		(void)remove_first(q, &at, is_owned);
		r = BOARD_QUEUE_DROPPED;
	}
	put_frame(q, at, item);
	return r;
}

static enum board_queue_result
put_fifo(struct board_queue *q, const struct board_item *item)
{
	unsigned at = sender_of(q, item);

	if (at == NONE ||
	    (q->senders[at].count > 0 && !has_room(&q->senders[at], item->len)))
		return BOARD_QUEUE_REFUSED;
	put_frame(q, at, item);
	return BOARD_QUEUE_OK;
}

enum board_queue_result
board_queue_put(struct board_queue *q, const struct board_item *item)
{
	assert(item->len <= BOARD_QUEUE_SHARE);
	switch (item->class) {
	case BOARD_CONTROL:
		if (q->count - q->frames - q->links - q->members == BOARD_QUEUE_CONTROL)
			return BOARD_QUEUE_OVERFLOW; /* the other slots are for links */
		return put_small(q, item);
	case BOARD_LINK:
		return put_link(q, item);
	case BOARD_NEWEST:
		return put_newest(q, item);
	case BOARD_FIFO:
		return put_fifo(q, item);
	case BOARD_MEMBERS:
		return put_members(q, item);
	}
	return BOARD_QUEUE_OVERFLOW;
}

unsigned
board_queue_count(const struct board_queue *q)
{
	return q->count;
}

unsigned
board_queue_frames(const struct board_queue *q)
{
	return q->frames;
}

unsigned
board_queue_frames_max(const struct board_queue *q)
{
	return q->sender_max * BOARD_QUEUE_FRAMES;
}

unsigned
board_queue_control_max(const struct board_queue *q)
{
	return q->slot_max + 1; /* the members */
}

const void *
board_queue_first(struct board_queue *q, size_t *len)
{
	const struct entry *e;

	*len = 0;
	if (q->count == 0)
		return NULL;
	e = entry_at(q, q->first);
	*len = e->len;
	if (e->class == BOARD_MEMBERS)
		return members_bytes(q);
	return is_frame(e) ? share_of(q, e->owner) + q->senders[e->owner].start
	                   : slot_bytes(q, e->owner);
}

void
board_queue_pop(struct board_queue *q)
{
	assert(q->count > 0);
	remove_behind(q, NONE);
}

void
board_queue_move(struct board_queue *from, struct board_queue *to)
{
	struct board_item item = {0};

	while ((item.data = board_queue_first(from, &item.len))) {
		const struct entry *e = entry_at(from, from->first);

		item.class = e->class;
		item.lane = e->lane;
		item.sid = e->sid;
		item.number = e->number;
		item.up = e->up;
		item.member = is_frame(e) && from->senders[e->owner].member;
		(void)board_queue_put(to, &item);
		board_queue_pop(from);
	}
}
