/* The link to one remote, with the box of what waits for it and the reader at the other
 * end, under any sequence of events that a shell can have. The model holds the three
 * connections that the shell may: one being dialled, one accepted, one in use. So
 * DIALED, DIAL_FAILED and DIAL_CLOSED come for a connection that is being dialled,
 * ACCEPTED brings one, CLOSED and FRAME come from the one in use; START is once, at
 * first. The box is of either kind: that of the election lane, or of the learner lane. */
#include "connmgr/frame.h"
#include "connmgr/link.h"
#include "connmgr/outbox.h"
#include "tests/fuzz/feed.h"

#define ROUNDS 4 /* the last times at which a round of dialling began */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum dial {
	DIAL_NONE,
	DIAL_UNDER_WAY,
	DIAL_STANDS,
	DIAL_NUDGING,
	DIAL_HEARD, /* the nudge was, and its connection is gone; a call is to come */
};

struct model {
	struct feed feed;
	struct link link;
	uint64_t now_ms;
	enum dial dial;
	bool accepted; /* during ACCEPTED only */
	bool used;
	bool was_used;
	bool told_up;
	unsigned rounds;
	uint64_t round_ms[ROUNDS];

	/* what is sent over the connection in use: numbered messages */
	enum outbox_kind kind;
	struct outbox *box;
	struct frame_reader *reader;
	uint16_t put;  /* the number of the newest that was taken */
	unsigned puts; /* taken since the box was cleared */
	uint16_t got;  /* the last one that came out */
	unsigned gots; /* on this connection */
};

static uint16_t lens[65536]; /* by number */

/* One that came out at the other end: its number, then bytes of it. */
static void
take(struct model *m, const unsigned char *frame, size_t len)
{
	uint16_t number, ahead;

	must(len >= 2, "a message arrives whole");
	number = (uint16_t)(frame[0] << 8 | frame[1]);
	ahead = (uint16_t)(m->put - number);
	must(ahead < 0x8000 && len == lens[number], "a message arrives whole");
	must(frame[len / 2] == frame[1] || len / 2 == 0, "a message arrives as it was");
	must(frame[len - 1] == frame[1], "a message arrives as it was");
	if (m->kind == OUTBOX_FIFO)
		must(number == (uint16_t)(m->got + 1), "none is left out");
	else if (m->gots > 0)
		must((uint16_t)(m->put - m->got) > ahead, "the newer one follows");
	m->got = number;
	m->gots++;
}

static void
write_some(struct model *m, size_t want)
{
	const unsigned char *bytes, *frame;
	size_t len = outbox_peek(m->box, &bytes), frame_len;

	must(m->used || len == 0, "nothing is written where no connection is");
	if (want < len)
		len = want;
	if (len == 0)
		return;
	for (size_t left = len;;) {
		enum frame_result r =
		    frame_next(m->reader, &bytes, &left, &frame, &frame_len);

		if (r == FRAME_MORE)
			break;
		must(r == FRAME_READY, "what we write can be read");
		take(m, frame, frame_len);
	}
	outbox_wrote(m->box, len);
}

static void
write_all(struct model *m)
{
	const unsigned char *bytes;

	while (outbox_peek(m->box, &bytes) > 0)
		write_some(m, SIZE_MAX);
	if (m->used && m->puts > 0)
		must(m->got == m->put && (m->gots > 0 || m->kind == OUTBOX_FIFO),
		     "the newest arrives");
}

static void
put(struct model *m)
{
	static unsigned char message[MSG_FRAME_MAX];
	static const uint16_t sizes[] = {2, 3, 44, 500, 4096, 30000, MSG_FRAME_MAX};
	size_t len = sizes[feed_below(&m->feed, 7)];
	uint16_t number = (uint16_t)(m->put + 1);
	enum outbox_result r;

	memset(message, number & 0xff, len);
	message[0] = (unsigned char)(number >> 8);
	r = outbox_put(m->box, message, len);
	must(r != OUTBOX_FULL || m->kind == OUTBOX_FIFO, "a newest takes everything");
	must(r != OUTBOX_REPLACED || m->kind == OUTBOX_NEWEST, "a fifo replaces nothing");
	must(m->used || m->kind == OUTBOX_NEWEST || r == OUTBOX_FULL,
	     "a fifo without a connection takes nothing");
	if (r == OUTBOX_FULL)
		return;
	m->put = number;
	lens[number] = (uint16_t)len;
	m->puts++;
}

static void
use(struct model *m)
{
	must(!m->used, "one connection is in use");
	m->used = m->was_used = true;
	m->gots = 0;
	if (m->kind == OUTBOX_FIFO)
		m->got = m->put;
	frame_reset(m->reader);
	outbox_up(m->box);
}

static void
end_use(struct model *m)
{
	m->used = false;
	outbox_down(m->box);
}

/* For each attempt of its own a link may have one more that a nudge or a new address
 * asked for. */
static void
count_round(struct model *m)
{
	if (m->rounds >= 2)
		must(m->now_ms - m->round_ms[(m->rounds - 2) % ROUNDS] >=
		         m->link.config.retry_min_ms,
		     "no third round within retry_min");
	m->round_ms[m->rounds++ % ROUNDS] = m->now_ms;
}

static void
dial(struct model *m, const struct link_action *a, bool last)
{
	must(last, "DIAL is the last action");
	must(m->dial == DIAL_NONE, "one connection is being dialled");
	must(a->address < m->link.config.address_count, "an address that there is");
	m->dial = DIAL_UNDER_WAY;
	if (a->address == 0)
		count_round(m);
}

static void
tell(struct model *m, const struct link_action *a)
{
	must(a->status >= MSG_LINK_DOWN && a->status <= MSG_LINK_UP, "the status is one");
	must((unsigned)a->reason < MSG_REASONS, "the reason is one");
	must(a->status != MSG_LINK_UP || (m->used && a->reason == MSG_REASON_NONE),
	     "up is told of a connection in use");
	must(a->was_up == m->was_used, "was_up: ever in use");
	m->told_up = a->status == MSG_LINK_UP;
}

static void
apply(struct model *m, const struct link_action *a, bool last)
{
	switch (a->type) {
	case LINK_DO_DIAL:
		dial(m, a, last);
		break;
	case LINK_DO_CANCEL:
		m->dial = DIAL_NONE;
		break;
	case LINK_DO_NUDGE:
		must(last && m->dial == DIAL_STANDS, "NUDGE: it stands, and is the last");
		m->dial = DIAL_NUDGING;
		break;
	case LINK_DO_USE_DIALED:
		must(m->dial == DIAL_STANDS, "USE_DIALED: it stands");
		m->dial = DIAL_NONE;
		use(m);
		break;
	case LINK_DO_USE_ACCEPTED:
		must(m->accepted, "USE_ACCEPTED: there is one");
		m->accepted = false;
		use(m);
		break;
	case LINK_DO_REFUSE:
		must(m->accepted, "REFUSE: there is one");
		m->accepted = false;
		break;
	case LINK_DO_CLOSE:
		must(m->used, "CLOSE: there is one");
		end_use(m);
		break;
	case LINK_DO_TELL:
		tell(m, a);
		break;
	default:
		must(false, "the action is one");
	}
}

static void
step(struct model *m, enum link_event_type type, enum msg_reason reason)
{
	struct link_event ev = {.type = type,
	                        .now_ms = m->now_ms,
	                        .reason = reason,
	                        .address_count = 1 + (unsigned)m->now_ms % 3};
	struct link_actions todo;
	const struct link *l = &m->link;

	link_step(&m->link, &ev, &todo);
	must(todo.count <= LINK_ACTIONS_MAX, "the list of actions holds them");
	for (unsigned i = 0; i < todo.count; i++)
		apply(m, &todo.list[i], i + 1 == todo.count);
	must(!m->accepted, "what was accepted is used or closed");
	must(m->dial != DIAL_STANDS, "what stands is used, nudges or is closed");
	must(l->up == m->used && m->told_up == m->used, "up is told as it is");
	must((m->dial == DIAL_NONE) ==
	         (l->phase == LINK_IDLE || l->phase == LINK_WAITING),
	     "the phase is that of the connection being dialled");
	must(m->used || link_due_ms(l) != UINT64_MAX,
	     "an election link that is down is dialled again");
}

static enum msg_reason
reason(struct model *m)
{
	return 2 + feed_below(&m->feed, MSG_REASONS - 2);
}

static void
due(struct model *m)
{
	bool come = m->now_ms >= link_due_ms(&m->link);

	step(m, LINK_EV_DUE, MSG_REASON_NONE);
	must(!come || link_due_ms(&m->link) > m->now_ms,
	     "a deadline that was seen is no deadline any more");
}

static void
dialing_ends(struct model *m, bool well)
{
	if (m->dial == DIAL_UNDER_WAY && well) {
		m->dial = DIAL_STANDS;
		step(m, LINK_EV_DIALED, MSG_REASON_NONE);
	} else if (m->dial == DIAL_UNDER_WAY) {
		m->dial = DIAL_NONE;
		step(m, LINK_EV_DIAL_FAILED, reason(m));
	} else if (m->dial == DIAL_NUDGING) {
		enum msg_reason why = well ? MSG_REASON_EOF : reason(m);

		m->dial = why == MSG_REASON_EOF ? DIAL_HEARD : DIAL_NONE;
		step(m, LINK_EV_DIAL_CLOSED, why);
	}
}

static void
closed(struct model *m)
{
	if (!m->used)
		return;
	end_use(m);
	step(m, LINK_EV_CLOSED, reason(m));
}

static void
clear(struct model *m)
{
	if (m->used)
		return;
	outbox_clear(m->box);
	m->puts = 0;
}

static void
something(struct model *m)
{
	unsigned b = feed_byte(&m->feed);

	switch (b % 16) {
	case 0:
	case 1:
		dialing_ends(m, true);
		break;
	case 2:
	case 3:
		dialing_ends(m, false);
		break;
	case 4:
	case 5:
		m->accepted = true;
		step(m, LINK_EV_ACCEPTED, MSG_REASON_NONE);
		break;
	case 6:
		closed(m);
		break;
	case 7:
		if (m->used)
			step(m, LINK_EV_FRAME, MSG_REASON_NONE);
		break;
	case 8:
		step(m, LINK_EV_CONNECT, MSG_REASON_NONE);
		break;
	case 9:
		step(m, LINK_EV_DISCONNECT, reason(m));
		break;
	case 10:
		put(m);
		break;
	case 11:
		write_some(m, 1 + (size_t)b * b);
		break;
	case 12:
		write_all(m);
		break;
	case 13:
		if (b > 128) {
			clear(m);
			break;
		}
		m->rounds = 0; /* the one to other addresses begins at once */
		step(m, LINK_EV_MOVED, MSG_REASON_NONE);
		break;
	default:
		m->now_ms = feed_time(&m->feed, m->now_ms, link_due_ms(&m->link));
		due(m);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame_reader reader;
	struct model m = {.feed = {.data = data, .len = size}, .reader = &reader};
	unsigned b = feed_byte(&m.feed);
	struct link_config config = {
	    .larger = b & 2,
	    .address_count = 1 + b / 4 % 3,
	    .connect_ms = 10 + 4 * (uint32_t)feed_byte(&m.feed),
	    .retry_min_ms = 1 + feed_byte(&m.feed) % 64,
	};

	config.retry_max_ms = config.retry_min_ms + 2 * (uint32_t)feed_byte(&m.feed);
	m.kind = b & 1 ? OUTBOX_FIFO : OUTBOX_NEWEST;
	m.now_ms = feed_byte(&m.feed);
	m.box = outbox_new(m.kind);
	must(m.box != NULL, "there is memory");
	link_init(&m.link, &config);
	must(link_due_ms(&m.link) == UINT64_MAX, "nothing is due before the start");
	step(&m, LINK_EV_START, MSG_REASON_NONE);
	while (!feed_end(&m.feed))
		something(&m);
	write_all(&m);
	outbox_free(m.box);
	return 0;
}
