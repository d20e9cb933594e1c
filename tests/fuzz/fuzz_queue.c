/* What waits for a worker, under any sequence of puts and pops: each sender has its own
 * bound, nothing changes places, and nothing is lost but what board_queue.h says may be.
 * The model is a list of what must still be there. As connmgr does, it has no more
 * connections at a time than there is room for, tells of each before its frames, and
 * sends nothing of one that has ended. */
#include "connmgr/board_keep.h"
#include "connmgr/board_queue.h"
#include "tests/fuzz/feed.h"

#define REMOTES   3
#define CONNS     3
#define STRANGERS 4
#define LIVE      (REMOTES * CONNS)
#define ROOM      4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct letter {
	struct board_item item;
	uint32_t mark;
};

struct model {
	struct feed feed;
	struct board_queue *queue;
	enum board_class frames; /* an elector's, or a peer's */
	uint32_t mark;
	uint64_t number;
	uint64_t live[LIVE]; /* the connections that there are */
	unsigned count;
	struct letter list[ROOM];
};

static void
remove_at(struct model *m, unsigned at)
{
	m->count--;
	memmove(&m->list[at], &m->list[at + 1], (m->count - at) * sizeof(m->list[0]));
}

static bool
is_frame(const struct board_item *i)
{
	return i->class == BOARD_NEWEST || i->class == BOARD_FIFO;
}

static bool
same_sender(const struct board_item *a, const struct board_item *b)
{
	return is_frame(a) && a->class == b->class &&
	       (a->class == BOARD_FIFO ? a->number == b->number : a->sid == b->sid);
}

static bool
same_link(const struct board_item *a, const struct board_item *b)
{
	return a->class == BOARD_LINK && b->class == BOARD_LINK && a->lane == b->lane &&
	       a->sid == b->sid && a->number == b->number;
}

/* How many frames of that sender wait, and how many bytes; -1: its oldest is there. */
static unsigned
waiting(const struct model *m, const struct board_item *of, size_t *bytes, int *oldest)
{
	unsigned count = 0;

	*bytes = 0;
	*oldest = -1;
	for (unsigned i = 0; i < m->count; i++) {
		if (!same_sender(&m->list[i].item, of))
			continue;
		if (*oldest < 0)
			*oldest = (int)i;
		*bytes += m->list[i].item.len;
		count++;
	}
	return count;
}

static unsigned
others(const struct model *m, enum board_class class)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->count; i++)
		count += m->list[i].item.class == class;
	return count;
}

static void
append(struct model *m, const struct board_item *item)
{
	must(m->count < ROOM, "what waits has a bound");
	m->list[m->count++] = (struct letter){*item, m->mark};
}

static void
put_frame(struct model *m, const struct board_item *item, enum board_queue_result got)
{
	bool dropped = false;
	size_t bytes;
	int oldest;

	for (;;) {
		unsigned count = waiting(m, item, &bytes, &oldest);

		if (count < BOARD_QUEUE_FRAMES && bytes + item->len <= BOARD_QUEUE_SHARE)
			break;
		if (item->class == BOARD_FIFO) {
			must(got == BOARD_QUEUE_REFUSED, "a share that is used up");
			return;
		}
		remove_at(m, (unsigned)oldest);
		dropped = true;
	}
	must(got == (dropped ? BOARD_QUEUE_DROPPED : BOARD_QUEUE_OK), "a frame");
	append(m, item);
}

static void
put_link(struct model *m, const struct board_item *item)
{
	bool told = true;

	for (unsigned i = m->count; i-- > 0;) {
		const struct board_item *it = &m->list[i].item;

		if (item->number > 0 && !item->up && it->class == BOARD_FIFO &&
		    it->number == item->number) {
			remove_at(m, i);
		} else if (same_link(it, item)) {
			told = item->number == 0;
			remove_at(m, i);
		}
	}
	if (told)
		append(m, item);
}

/* Newer members take the place of those that wait, at the end. */
static void
put_members(struct model *m, const struct board_item *item)
{
	for (unsigned i = m->count; i-- > 0;)
		if (m->list[i].item.class == BOARD_MEMBERS)
			remove_at(m, i);
	append(m, item);
}

static void
put_one(struct model *m, struct board_item item, size_t len)
{
	static unsigned char bytes[BOARD_QUEUE_SHARE];
	enum board_queue_result got;
	bool full = item.class == BOARD_CONTROL &&
	            others(m, BOARD_CONTROL) == BOARD_QUEUE_CONTROL;

	m->mark++;
	memcpy(bytes, &m->mark, sizeof(m->mark));
	item.data = bytes;
	item.len = len < sizeof(m->mark) ? sizeof(m->mark) : len;
	got = board_queue_put(m->queue, &item);
	if (is_frame(&item)) {
		put_frame(m, &item, got);
	} else if (full) {
		must(got == BOARD_QUEUE_OVERFLOW, "too much");
	} else {
		must(got == BOARD_QUEUE_OK, "news finds room");
		if (item.class == BOARD_LINK)
			put_link(m, &item);
		else if (item.class == BOARD_MEMBERS)
			put_members(m, &item);
		else
			append(m, &item);
	}
}

/* A connection ends, or begins, in one of the places. */
static void
turn_conn(struct model *m, unsigned at)
{
	struct board_item item = {.class = BOARD_LINK,
	                          .lane = MSG_LANE_LEARNER,
	                          .sid = at / CONNS,
	                          .up = m->live[at] == 0};

	if (item.up)
		m->live[at] = ++m->number;
	item.number = m->live[at];
	if (!item.up)
		m->live[at] = 0;
	put_one(m, item, 20);
}

static void
put(struct model *m)
{
	unsigned b = feed_byte(&m->feed), times = 1 + feed_byte(&m->feed) % 80;
	size_t len = b & 32 ? (size_t)(b % 7) * 10000 : 4 + b % 40;
	unsigned at = b / 8 % LIVE;

	for (unsigned i = 0; i < times; i++) {
		struct board_item item = {.class = b % 4, .member = true};
		bool members = b % 16 == 0 && i % 16 == 5;

		if (members)
			item.class = BOARD_MEMBERS;

		if (is_frame(&item))
			item.class = m->frames;
		item.lane =
		    item.class == BOARD_FIFO ? MSG_LANE_LEARNER : MSG_LANE_ELECTION;
		item.sid = at % REMOTES;
		if (item.class == BOARD_NEWEST && b >= 192) {
			item.sid = 100 + at % STRANGERS;
			item.member = false;
		}
		if (item.class == BOARD_FIFO)
			item.number = m->live[at];
		if (item.class == BOARD_FIFO && item.number == 0)
			turn_conn(m, at);
		else
			put_one(m, item, is_frame(&item) || members ? len : 4 + len % 40);
		if (b & 64)
			at = (at + 1) % LIVE;
	}
}

static void
pop(struct model *m)
{
	uint32_t mark;
	size_t len;
	const void *first = board_queue_first(m->queue, &len);

	must((first != NULL) == (m->count > 0), "the oldest is there");
	if (!first) {
		must(len == 0, "nothing has no length");
		return;
	}
	must(len == m->list[0].item.len, "a message is whole");
	memcpy(&mark, first, sizeof(mark));
	must(mark == m->list[0].mark, "the oldest comes first");
	board_queue_pop(m->queue);
	remove_at(m, 0);
}

/* There are more remotes now. */
static void
grow(struct model *m)
{
	struct board_queue *larger = board_queue_new(2 * REMOTES, CONNS);

	must(larger != NULL, "there is memory");
	board_queue_move(m->queue, larger);
	must(board_queue_count(m->queue) == 0, "all of it is moved");
	board_queue_move(larger, m->queue); /* there is room again for as many */
	board_queue_free(larger);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	unsigned b;

	memset(&m, 0, offsetof(struct model, list));
	m.feed = (struct feed){.data = data, .len = size};
	m.frames = feed_byte(&m.feed) & 1 ? BOARD_NEWEST : BOARD_FIFO;
	m.queue = board_queue_new(REMOTES, CONNS);
	must(m.queue != NULL, "there is memory");
	while (!feed_end(&m.feed)) {
		b = feed_byte(&m.feed);
		if (b == 255) {
			board_queue_clear(m.queue);
			m.count = 0;
		}
		if (b == 254)
			grow(&m);
		for (unsigned i = 0; b >= 128 && i < b % 64; i++)
			pop(&m);
		if (b < 100)
			put(&m);
		else if (b < 128)
			turn_conn(&m, b % LIVE);
		must(board_queue_count(m.queue) == m.count, "what waits is counted");
		must(board_queue_frames(m.queue) ==
		         others(&m, BOARD_NEWEST) + others(&m, BOARD_FIFO),
		     "and the frames");
		must(m.count - board_queue_frames(m.queue) <=
		         board_queue_control_max(m.queue),
		     "news has a bound");
	}
	while (m.count > 0)
		pop(&m);
	board_queue_free(m.queue);
	return 0;
}
