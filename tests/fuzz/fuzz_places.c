/* The connections to one remote on the learner lane, under any sequence of events that
 * the shell can have. The model holds the connections: one that is dialled, one accepted
 * (during ACCEPTED), and one in each place that is not free. */
#include "connmgr/places.h"
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct conn {
	uint64_t number; /* 0: none */
	bool dialled;
	bool told;
	bool used;
};

struct model {
	struct feed feed;
	struct places places;
	uint64_t now_ms;
	uint64_t number;
	bool dialing;
	uint64_t stands;   /* the number of the dialled connection, during DIALED */
	uint64_t accepted; /* that of the accepted one, during ACCEPTED */
	bool was_up;
	struct conn conns[PLACES_MAX];
};

static struct conn *
conn_of(struct model *m, uint64_t number)
{
	for (unsigned i = 0; i < PLACES_MAX && number > 0; i++)
		if (m->conns[i].number == number)
			return &m->conns[i];
	return NULL;
}

static void
use(struct model *m, const struct places_action *a, uint64_t *number, bool dialled)
{
	must(*number > 0, "USE: there is one");
	must(a->place < PLACES_MAX && m->conns[a->place].number == 0,
	     "USE: the place is free");
	m->conns[a->place] = (struct conn){.number = *number, .dialled = dialled};
	*number = 0;
}

/* Was told up, and is told down once; what was never told is never told down. */
static void
tell(struct model *m, const struct places_action *a, struct conn *ended)
{
	struct conn *c = conn_of(m, a->number);

	must((unsigned)a->reason < MSG_REASONS, "the reason is one");
	if (a->status == MSG_LINK_UP) {
		must(c && !c->told && a->dialled == c->dialled, "UP: once, of one");
		must(a->reason == MSG_REASON_NONE, "UP: without a reason");
		c->told = m->was_up = true;
	} else if (a->number > 0) {
		must(a->status == MSG_LINK_DOWN && !c, "DOWN: of one that is gone");
		must(ended->number == a->number && ended->told,
		     "DOWN: of one that was up");
		*ended = (struct conn){0};
	} else {
		must(a->status == MSG_LINK_DOWN && a->dialled && !m->dialing,
		     "an attempt failed");
	}
	must(a->was_up == m->was_up, "was_up: ever told up");
}

static void
apply(struct model *m, const struct places_action *a, struct conn *ended)
{
	switch (a->type) {
	case PLACES_DO_DIAL:
		must(!m->dialing, "one is being dialled");
		must(a->address < m->places.config.address_count, "an address");
		m->dialing = true;
		break;
	case PLACES_DO_CANCEL:
		must(m->dialing, "CANCEL: there is one");
		m->dialing = false;
		break;
	case PLACES_DO_USE_DIALED:
		use(m, a, &m->stands, true);
		break;
	case PLACES_DO_USE_ACCEPTED:
		use(m, a, &m->accepted, false);
		break;
	case PLACES_DO_CLOSE:
		must(a->place < PLACES_MAX && m->conns[a->place].number > 0,
		     "CLOSE: there is one");
		must(!m->conns[a->place].used || a->reason != MSG_REASON_REPLACED,
		     "the one in use makes no room");
		must(!ended->told, "what ended was told");
		*ended = m->conns[a->place];
		m->conns[a->place] = (struct conn){0};
		break;
	case PLACES_DO_TELL:
		tell(m, a, ended);
		break;
	default:
		must(false, "the action is one");
	}
}

/* `ended`: the connection of a CLOSED, which the shell has closed before. */
static void
step(struct model *m, enum places_event_type type, uint64_t number,
     enum msg_reason reason, struct conn ended)
{
	struct places_event ev = {.type = type,
	                          .now_ms = m->now_ms,
	                          .number = number,
	                          .reason = reason,
	                          .address_count = 1 + (unsigned)m->now_ms % 3};
	struct places_actions todo;
	bool bare = false;

	places_step(&m->places, &ev, &todo);
	must(todo.count <= PLACES_ACTIONS_MAX, "the list of actions holds them");
	for (unsigned i = 0; i < todo.count; i++)
		apply(m, &todo.list[i], &ended);
	must(!ended.told, "what ended was told");
	if (type == PLACES_EV_ACCEPTED && ev.now_ms < m->places.calm_ms) {
		must(m->accepted == number && todo.count == 0, "who flooded waits");
		m->accepted = 0;
	}
	must(m->accepted == 0 && m->stands == 0, "a newcomer gets in");
	must(m->dialing == m->places.dialing, "dialling is known");
	for (unsigned i = 0; i < PLACES_MAX; i++) {
		const struct conn *c = &m->conns[i];

		must(m->places.list[i].number == c->number &&
		         m->places.list[i].told == c->told &&
		         m->places.list[i].used == c->used,
		     "the places are as the shell has them");
		must(!c->dialled || c->told, "who asked is told");
		bare |= c->number > 0 && !c->told;
	}
	must((places_due_ms(&m->places) != UINT64_MAX) == (bare || m->dialing),
	     "what waits has a deadline");
}

static enum msg_reason
reason(struct model *m)
{
	return 2 + feed_below(&m->feed, MSG_REASONS - 2);
}

static uint64_t
some_number(struct model *m, unsigned b)
{
	return b >= 224 ? feed_byte(&m->feed) : m->conns[b / 16 % PLACES_MAX].number;
}

static void
take(struct model *m, uint64_t number)
{
	struct conn *c = conn_of(m, number);

	for (unsigned i = 0; i < PLACES_MAX && c; i++)
		m->conns[i].used = &m->conns[i] == c;
	step(m, PLACES_EV_TAKE, number, MSG_REASON_NONE, (struct conn){0});
}

static void
closed(struct model *m, uint64_t number)
{
	struct conn *c = conn_of(m, number), old;

	if (!c)
		return;
	old = *c;
	*c = (struct conn){0};
	step(m, PLACES_EV_CLOSED, number, reason(m), old);
}

static void
due(struct model *m)
{
	bool come;

	m->now_ms = feed_time(&m->feed, m->now_ms, places_due_ms(&m->places));
	come = m->now_ms >= places_due_ms(&m->places);
	step(m, PLACES_EV_DUE, 0, MSG_REASON_NONE, (struct conn){0});
	must(!come || places_due_ms(&m->places) > m->now_ms,
	     "a deadline that was seen is no deadline any more");
}

static void
something(struct model *m)
{
	static const struct conn none;
	unsigned b = feed_byte(&m->feed);

	switch (b % 12) {
	case 0:
		step(m, PLACES_EV_CONNECT, 0, MSG_REASON_NONE, none);
		break;
	case 1:
		if (!m->dialing)
			break;
		m->dialing = false;
		m->stands = ++m->number;
		step(m, PLACES_EV_DIALED, m->number, MSG_REASON_NONE, none);
		break;
	case 2:
		if (!m->dialing)
			break;
		m->dialing = false;
		step(m, PLACES_EV_DIAL_FAILED, 0, reason(m), none);
		break;
	case 3:
	case 4:
	case 5:
		m->accepted = ++m->number;
		step(m, PLACES_EV_ACCEPTED, m->number, MSG_REASON_NONE, none);
		break;
	case 6:
		step(m, PLACES_EV_FRAME, some_number(m, b), MSG_REASON_NONE, none);
		break;
	case 7:
		closed(m, some_number(m, b));
		break;
	case 8:
		take(m, some_number(m, b));
		break;
	case 9:
		step(m, PLACES_EV_DISCONNECT, some_number(m, b),
		     b < 128 ? MSG_REASON_ASKED : MSG_REASON_FULL, none);
		break;
	case 10:
		if (b >= 200)
			step(m, PLACES_EV_PART, 0, MSG_REASON_ABSENT, none);
		else if (b < 60)
			step(m, PLACES_EV_MOVED, 0, MSG_REASON_NONE, none);
		break;
	default:
		due(m);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = {.feed = {.data = data, .len = size}};
	const struct places_config config = {
	    .address_count = 1 + feed_byte(&m.feed) % 3,
	    .connect_ms = 10 + 4 * (uint32_t)feed_byte(&m.feed),
	    .first_ms = 10 + 4 * (uint32_t)feed_byte(&m.feed),
	};

	places_init(&m.places, &config);
	must(places_due_ms(&m.places) == UINT64_MAX, "nothing is due before the start");
	while (!feed_end(&m.feed))
		something(&m);
	return 0;
}
