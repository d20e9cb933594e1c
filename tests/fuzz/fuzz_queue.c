/* What waits for a worker, under any sequence of puts and pops: the bounds hold, nothing
 * changes places, and nothing is lost but what board_queue.h says may be. The model is a
 * list of what must still be there. */
#include "connmgr/board_keep.h"
#include "connmgr/board_queue.h"
#include "tests/fuzz/feed.h"

#define FRAME_CAP 16
#define ROOM      (BOARD_QUEUE_FRAMES + BOARD_QUEUE_CONTROL)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct letter {
	enum board_class class;
	int64_t sid;
	bool member;
	uint32_t number;
};

struct model {
	struct feed feed;
	struct board_queue *queue;
	uint32_t number;
	unsigned count;
	struct letter list[ROOM];
};

static void
remove_at(struct model *m, unsigned at)
{
	m->count--;
	memmove(&m->list[at], &m->list[at + 1], (m->count - at) * sizeof(m->list[0]));
}

static unsigned
frames(const struct model *m)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->count; i++)
		count += m->list[i].class != BOARD_CONTROL;
	return count;
}

/* Is there a newer one of its sender, the one that comes included? */
static bool
outdated(const struct model *m, unsigned at, int64_t incoming)
{
	if (m->list[at].sid == incoming)
		return true;
	for (unsigned i = at + 1; i < m->count; i++)
		if (m->list[i].class == BOARD_NEWEST && m->list[i].sid == m->list[at].sid)
			return true;
	return false;
}

/* The oldest election frame that may go: -1 where each is a member's newest. */
static int
victim(const struct model *m, int64_t incoming)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < m->count; i++)
			if (m->list[i].class == BOARD_NEWEST &&
			    (pass == 0 ? outdated(m, i, incoming) : !m->list[i].member))
				return (int)i;
	return -1;
}

static void
put_one(struct model *m, const struct letter *l, size_t pad)
{
	unsigned char bytes[BOARD_SMALL_MAX] = {0};
	struct board_item item = {.class = l->class,
	                          .sid = l->sid,
	                          .member = l->member,
	                          .data = bytes,
	                          .len = sizeof(l->number) + pad};
	bool full = l->class == BOARD_CONTROL
	                ? m->count - frames(m) == BOARD_QUEUE_CONTROL
	                : frames(m) == BOARD_QUEUE_FRAMES;
	enum board_queue_result want = BOARD_QUEUE_OK;
	int out;

	memcpy(bytes, &l->number, sizeof(l->number));
	if (full && l->class == BOARD_CONTROL)
		want = BOARD_QUEUE_OVERFLOW;
	else if (full && l->class == BOARD_FIFO)
		want = BOARD_QUEUE_REFUSED;
	else if (full)
		want = victim(m, l->sid) < 0 && l->member ? BOARD_QUEUE_OVERFLOW
		                                          : BOARD_QUEUE_DROPPED;
	must(board_queue_put(m->queue, &item) == want, "a put ends as it must");
	if (want > BOARD_QUEUE_DROPPED)
		return;
	out = want == BOARD_QUEUE_DROPPED ? victim(m, l->sid) : 0;
	if (want == BOARD_QUEUE_DROPPED && out < 0)
		return; /* the stranger's own */
	if (want == BOARD_QUEUE_DROPPED)
		remove_at(m, (unsigned)out);
	m->list[m->count++] = *l;
}

static void
put(struct model *m)
{
	unsigned b = feed_byte(&m->feed), times = 1 + feed_byte(&m->feed) % 64;
	struct letter l = {.class = b % 3, .sid = b / 4 % 32, .member = b / 4 % 32 < 24};
	size_t pad = b % 5;

	for (unsigned i = 0; i < times; i++) {
		l.number = ++m->number;
		put_one(m, &l, pad);
		if (b >= 128) { /* from many senders */
			l.sid = (l.sid + 1) % 256;
			l.member = l.sid < 24 || b >= 192;
		}
	}
}

static void
pop(struct model *m)
{
	uint32_t number;
	size_t len;
	const void *first = board_queue_first(m->queue, &len);

	must((first != NULL) == (m->count > 0), "the oldest is there");
	if (!first) {
		must(len == 0, "nothing has no length");
		return;
	}
	must(len >= sizeof(number), "a message is whole");
	memcpy(&number, first, sizeof(number));
	must(number == m->list[0].number, "the oldest comes first");
	board_queue_pop(m->queue);
	remove_at(m, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	unsigned b;

	m.feed = (struct feed){.data = data, .len = size};
	m.number = m.count = 0;
	m.queue = board_queue_new(FRAME_CAP);
	must(m.queue != NULL, "there is memory");
	while (!feed_end(&m.feed)) {
		b = feed_byte(&m.feed);
		if (b == 255) {
			board_queue_clear(m.queue);
			m.count = 0;
		}
		for (unsigned i = 0; b >= 128 && i < b % 64; i++)
			pop(&m);
		if (b < 128)
			put(&m);
		must(board_queue_count(m.queue) == m.count, "what waits is counted");
		must(board_queue_frames(m.queue) == frames(&m), "and the frames");
	}
	while (m.count > 0)
		pop(&m);
	board_queue_free(m.queue);
	return 0;
}
