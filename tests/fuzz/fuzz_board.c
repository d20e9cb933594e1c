/* The switchboard under any sequence of what workers and remotes do, with all that its
 * shell does in the same turn: RECORDED comes behind the list that has a RECORD, a
 * PREPARE is answered later, a REPLAY is read to its end. What the shell keeps to, and so
 * does this: a worker attaches where no other one has its door; HELLO and what is said
 * come over an open link; rows are of configured remotes; a stranger that makes room is
 * forgotten. Names and generations are any. What must hold is in fuzz_board_check.h. */
#include "tests/fuzz/fuzz_board_check.h"

#define HELLO_MS 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
attach(struct model *m, unsigned worker)
{
	static const char *const names[] = {"a", "b", "c",
	                                    "a-name-of-thirty-one-characters"};
	unsigned b = feed_byte(&m->feed);
	struct board_event ev = {.type = BOARD_EV_ATTACH,
	                         .worker = worker,
	                         .who = b & 1 ? MSG_WHO_ELECTOR : MSG_WHO_PEER,
	                         .name = names[b / 2 % 4]};
	bool counted = (int)worker == board_active(m->board, MSG_WHO_PEER), away;

	if (m->door[worker] && b < 224)
		ev.who = board_worker(m->board, worker)->who;
	if (m->door[worker] && b & 8)
		ev.generation = board_worker(m->board, worker)->generation;
	else if (b & 16)
		ev.generation = b & 32 ? m->seen[ev.who] : b / 64;
	if (b == 255)
		ev.generation = feed_u64(&m->feed);
	/* who counted and comes as another, or is turned away, is gone; a successor is
	 * told so in the same step */
	away = ev.generation > 0 &&
	       ev.generation != board_worker(m->board, worker)->generation;
	if (counted && (ev.who != MSG_WHO_PEER || away))
		m->word.len = m->decided.len = 0;
	m->door[worker] = true;
	step(m, &ev);
	must(!counted || ev.who != MSG_WHO_PEER || m->door[worker] == !away,
	     "who counts is turned away if it says another generation");
	if (ev.generation > m->seen[ev.who] && ev.generation <= BOARD_GENERATION_MAX)
		m->seen[ev.who] = ev.generation;
}

static void
gone(struct model *m, unsigned worker)
{
	struct board_event ev = {.type = BOARD_EV_GONE, .worker = worker};

	if (!m->door[worker])
		return;
	if ((int)worker == board_active(m->board, MSG_WHO_PEER))
		m->word.len = m->decided.len = 0;
	m->door[worker] = false;
	step(m, &ev);
	must(!m->link[worker], "the link of who is gone is cut");
}

static void
hello(struct model *m, unsigned worker)
{
	struct board_event ev = {.type = BOARD_EV_HELLO, .worker = worker};
	unsigned b = feed_byte(&m->feed);

	if (!m->link[worker])
		return;
	ev.generation = b < 240 ? board_worker(m->board, worker)->generation : b % 4;
	step(m, &ev);
}

static void
link_down(struct model *m, unsigned worker)
{
	struct board_event ev = {.type = BOARD_EV_LINK_DOWN, .worker = worker};

	if (!m->link[worker])
		return;
	m->link[worker] = false;
	step(m, &ev);
}

/* The bytes of the next message. */
static const void *
message(struct model *m, size_t len)
{
	static unsigned char bytes[BOARD_SMALL_MAX];

	memset(bytes, ++m->tag, len);
	return bytes;
}

static void
keep(struct model *m, const struct board_event *ev)
{
	bool older = msg_serial_compare(&ev->serial, &m->word_serial) < 0;

	if (ev->said == MSG_MEMBERS)
		m->members = (struct kept){ev->len, m->tag};
	if (ev->said == MSG_DECIDED)
		m->decided = (struct kept){ev->len, m->tag};
	if ((ev->said != MSG_LOOK && ev->said != MSG_ROLE) || (m->word.len > 0 && older))
		return;
	m->word = (struct kept){ev->len, m->tag};
	m->word_serial = ev->serial;
}

static void
say(struct model *m, unsigned worker)
{
	const struct board_worker *w = board_worker(m->board, worker);
	static const enum msg_type types[] = {MSG_LOOK,    MSG_ROLE,  MSG_MEMBERS,
	                                      MSG_DECIDED, MSG_DOUBT, MSG_STATE};
	unsigned b = feed_byte(&m->feed);
	struct board_event ev = {.type = BOARD_EV_SAY,
	                         .worker = worker,
	                         .said = types[b % 6],
	                         .serial = {1 + b / 128, b / 16},
	                         .len = 1 + feed_byte(&m->feed) % BOARD_SMALL_MAX};
	enum msg_who whose = b % 6 < 3 ? MSG_WHO_PEER : MSG_WHO_ELECTOR;

	if (!m->link[worker])
		return;
	if (ev.said == MSG_MEMBERS)
		ev.len = 1 + ev.len % FRAME_CAP;
	ev.data = message(m, ev.len);
	if (board_is_active(m->board, worker) && w->who == whose &&
	    w->phase != BOARD_ACTIVATING)
		keep(m, &ev);
	step(m, &ev);
}

static void
forget(struct model *m, int64_t sid)
{
	struct board_event ev = {.type = BOARD_EV_FORGET, .sid = sid};

	m->frames[sid].len = 0;
	step(m, &ev);
}

static void
remote(struct model *m)
{
	unsigned b = feed_byte(&m->feed);
	struct board_event ev = {.type = BOARD_EV_REMOTE,
	                         .lane = b & 1 ? MSG_LANE_ELECTION : MSG_LANE_LEARNER,
	                         .up = b & 2,
	                         .kept = b & 1 ? b < 240 : b < 64, /* or is gone */
	                         .sid = b / 4 % REMOTES,
	                         .len = 1 + b % BOARD_SMALL_MAX};

	ev.data = message(m, ev.len);
	if (ev.lane == MSG_LANE_ELECTION)
		m->frames[ev.sid].len = 0;
	step(m, &ev);
}

/* A stranger's place is the one of its connection. */
static void
make_place(struct model *m, int64_t sid)
{
	int at = link_stranger_find(&m->strangers, sid);
	int64_t old;
	bool evicted;

	if (at >= 0) {
		link_stranger_heard(&m->strangers, (unsigned)at);
		return;
	}
	must(link_stranger_take(&m->strangers, sid, &evicted, &old) >= 0, "a place");
	must(m->strangers.count <= STRANGERS, "no more strangers than places");
	if (evicted)
		forget(m, old);
}

static void
frame(struct model *m)
{
	unsigned b = feed_byte(&m->feed);
	struct board_event ev = {.type = BOARD_EV_FRAME,
	                         .lane = b & 1 ? MSG_LANE_ELECTION : MSG_LANE_LEARNER,
	                         .sid = b / 2 % REMOTES,
	                         .member = true,
	                         .len = 1 + feed_byte(&m->feed) % FRAME_CAP};

	if (b >= 128 && ev.lane == MSG_LANE_ELECTION) {
		ev.member = false;
		ev.sid = REMOTES + b;
		make_place(m, ev.sid);
	}
	ev.data = message(m, ev.len);
	if (ev.lane == MSG_LANE_ELECTION)
		m->frames[ev.sid] = (struct kept){ev.len, m->tag};
	step(m, &ev);
}

static void
stranger_ends(struct model *m)
{
	unsigned at = feed_below(&m->feed, STRANGERS);

	if (!m->list[at].used)
		return;
	link_stranger_drop(&m->strangers, at);
	forget(m, m->list[at].sid);
}

static void
promote(struct model *m)
{
	static const char *const names[] = {"a", "b", "c", ""};
	struct board_event ev = {.type = BOARD_EV_PROMOTE,
	                         .name = names[feed_below(&m->feed, 4)]};

	step(m, &ev);
}

static void
prepared(struct model *m)
{
	struct board_event ev = {.type = BOARD_EV_PREPARED,
	                         .ok = feed_below(&m->feed, 8) > 0};

	if (!m->preparing)
		return;
	m->preparing = false;
	step(m, &ev);
}

static void
read_record(struct model *m, enum msg_who who)
{
	struct board_event ev = {.type = BOARD_EV_READ,
	                         .who = who,
	                         .name = feed_below(&m->feed, 2) ? "a" : "",
	                         .generation = feed_below(&m->feed, 4)};

	if (m->unread[who]) {
		strcpy(m->record[who], ev.name);
		if (ev.generation > m->seen[who])
			m->seen[who] = ev.generation;
	}
	m->unread[who] = false;
	step(m, &ev);
}

static void
due(struct model *m)
{
	bool come = m->now_ms >= board_due_ms(m->board);

	step(m, &(struct board_event){.type = BOARD_EV_DUE});
	must(!come || board_due_ms(m->board) > m->now_ms,
	     "a deadline that was seen is no deadline any more");
}

static void
may(struct model *m, unsigned worker)
{
	unsigned b = feed_byte(&m->feed);
	bool active = board_is_active(m->board, worker);

	if (board_may(m->board, worker, b & 1 ? MSG_LANE_ELECTION : MSG_LANE_LEARNER,
	              b & 2))
		must(active, "who counts may use a lane");
}

static void
something(struct model *m)
{
	unsigned b = feed_byte(&m->feed), worker = b / 16 % BOARD_WORKERS_MAX;

	switch (b % 16) {
	case 0:
	case 1:
		attach(m, worker);
		break;
	case 2:
		gone(m, worker);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		hello(m, worker);
		break;
	case 7:
		link_down(m, worker);
		break;
	case 8:
	case 9:
		say(m, worker);
		break;
	case 10:
		if (b >= 128)
			prepared(m);
		else
			promote(m);
		break;
	case 11:
		remote(m);
		break;
	case 12:
	case 13:
		frame(m);
		break;
	case 14:
		if (b >= 192)
			stranger_ends(m);
		else if (b >= 128)
			read_record(m, b & 16 ? MSG_WHO_PEER : MSG_WHO_ELECTOR);
		else
			may(m, worker);
		break;
	default:
		m->now_ms = feed_time(&m->feed, m->now_ms, board_due_ms(m->board));
		due(m);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char old[8] = {0};
	struct model m = {.feed = {.data = data, .len = size}};
	struct board_config config = {.rows_max = 2 * REMOTES,
	                              .frames_max = REMOTES + STRANGERS,
	                              .frame_cap = FRAME_CAP,
	                              .hello_ms = HELLO_MS,
	                              .state = old};
	unsigned b = feed_byte(&m.feed);

	for (unsigned i = 0; i < 2; i++) {
		struct board_record *r = &config.records[i];

		m.unread[i + 1] = r->unread = b >> (5 + i) & 1;
		r->generation = r->unread ? 0 : b >> i & 1;
		strcpy(r->name, r->generation > 0 ? "a" : "");
		r->floor = b / 4 % 4;
		m.seen[i + 1] = r->floor > r->generation ? r->floor : r->generation;
		strcpy(m.record[i + 1], r->name);
	}
	config.state_len = m.state.len = b / 16 % 2 * sizeof(old);
	m.strangers = (struct link_strangers){.max = STRANGERS, .list = m.list};
	m.board = board_new(&config);
	must(m.board != NULL, "there is memory");
	while (!feed_end(&m.feed)) {
		something(&m);
		check_board(&m);
	}
	board_free(m.board);
	return 0;
}
