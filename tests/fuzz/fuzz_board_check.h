/* What the switchboard must keep to, whatever happens: the rules that fuzz_board.c checks
 * at each action and after each step. The model has the doors, the links, and the newest
 * message of each kind. */
#ifndef TESTS_FUZZ_FUZZ_BOARD_CHECK_H
#define TESTS_FUZZ_FUZZ_BOARD_CHECK_H

#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "connmgr/link_stranger.h"
#include "tests/fuzz/feed.h"

#define REMOTES   3
#define STRANGERS 2
#define FRAME_CAP 64

struct kept {
	size_t len; /* 0: none */
	unsigned char tag;
};

struct model {
	struct feed feed;
	struct board *board;
	uint64_t now_ms;
	unsigned char tag; /* of the newest message: all its bytes */
	bool door[BOARD_WORKERS_MAX];
	bool link[BOARD_WORKERS_MAX];
	uint64_t seen[3]; /* by role: the largest generation that anybody had */
	char record[3][PATHS_NAME_MAX];
	/* By role: comes next, if it has a type, behind the end of the candidate's link
	 * where that breaks. */
	struct board_event recorded[3];
	bool breaks[3];
	bool unread[3]; /* by role: READ is to come */
	bool preparing;
	uint64_t prepared; /* the generation of that */

	struct kept members, state, word, decided;
	bool linked; /* LINKED comes next */
	struct msg_serial word_serial;
	struct kept frames[REMOTES + 256]; /* by sid */
	struct link_stranger list[STRANGERS];
	struct link_strangers strangers;
};

static bool
is_message(const struct board_item *item, const struct kept *k)
{
	const unsigned char *bytes = item->data;

	return item->len == k->len && bytes[0] == k->tag && bytes[k->len - 1] == k->tag;
}

static bool
is_absent(const struct board_item *item)
{
	struct msg m;

	return msg_decode(item->data, item->len, &m) == MSG_OK && m.type == MSG_ABSENT;
}

/* Members, state, word, decided, remotes, frames, synced: see docs/DESIGN.md, section
 * connmgr; then what strangers asked. */
static void
check_replay(const struct model *m, unsigned worker)
{
	bool elector = board_worker(m->board, worker)->who == MSG_WHO_ELECTOR;
	struct board_action a = {0};
	unsigned cursor = 0, items = 0, frames = 0;

	if (elector && m->members.len > 0)
		must(board_replay_next(m->board, worker, &cursor, &a) &&
		         a.item.class == BOARD_MEMBERS &&
		         is_message(&a.item, &m->members),
		     "the members are told first");
	if (elector && m->state.len > 0)
		must(board_replay_next(m->board, worker, &cursor, &a) &&
		         is_message(&a.item, &m->state),
		     "then the state");
	if (elector) {
		must(board_replay_next(m->board, worker, &cursor, &a), "then the word");
		must(m->word.len > 0 ? is_message(&a.item, &m->word) : is_absent(&a.item),
		     "the peer's last word is told, or that there is none");
	}
	if (m->decided.len > 0)
		must(board_replay_next(m->board, worker, &cursor, &a) &&
		         is_message(&a.item, &m->decided),
		     "what was decided is told");
	while (board_replay_next(m->board, worker, &cursor, &a) &&
	       a.type != BOARD_DO_SYNCED) {
		must(a.type == BOARD_DO_SEND && a.item.len > 0, "something is told");
		must(++items <= 2 * REMOTES + REMOTES + STRANGERS, "a replay ends");
		if (a.item.class != BOARD_NEWEST)
			continue;
		frames++;
		must(a.item.member, "strangers' frames come later");
		must(elector && is_message(&a.item, &m->frames[a.item.sid]),
		     "the last frame of its present link is told");
	}
	must(a.type == BOARD_DO_SYNCED, "a replay ends with SYNCED");
	while (board_replay_next(m->board, worker, &cursor, &a)) {
		must(a.type == BOARD_DO_SEND && a.item.class == BOARD_NEWEST &&
		         !a.item.member,
		     "only strangers' frames come after that");
		must(++frames <= 2 * REMOTES + STRANGERS, "a replay ends");
		must(elector && is_message(&a.item, &m->frames[a.item.sid]),
		     "the last frame of a stranger is told");
	}
	for (size_t i = 0; elector && i < sizeof(m->frames) / sizeof(m->frames[0]); i++)
		frames -= m->frames[i].len > 0;
	must(frames == 0, "no frame is left out");
}

static void
check_board(const struct model *m)
{
	for (enum msg_who who = MSG_WHO_ELECTOR; who <= MSG_WHO_PEER; who++) {
		unsigned active = 0;

		for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
			active += board_worker(m->board, i)->who == who &&
			          board_is_active(m->board, i);
		must(active <= 1, "one counts");
		must((board_active(m->board, who) >= 0) == (active == 1), "that one");
	}
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *w = board_worker(m->board, i);

		must(w->used == m->door[i], "a place for each door");
		must(!w->used || (w->phase == BOARD_UNLINKED) == !m->link[i],
		     "its link is known");
		must(!w->used || w->generation == 0 || board_is_active(m->board, i) ||
		         w->phase == BOARD_UNLINKED,
		     "who counted once and does no more has no link");
		must(!w->used || w->phase == BOARD_UNLINKED || w->phase == BOARD_OPEN ||
		         w->due_ms != UINT64_MAX,
		     "who has to say hello has a time");
	}
	must(board_counters(m->board).no_room == 0, "there is room for every sender");
}

static void
record(struct model *m, const struct board_action *a)
{
	unsigned luck = feed_below(&m->feed, 8);

	must(!m->unread[a->who], "nobody is active before the record is read");
	must(a->generation > m->seen[a->who], "a generation is given once");
	must(a->prepared || m->record[a->who][0] == '\0' ||
	         strcmp(a->name, m->record[a->who]) == 0,
	     "another name becomes active by promotion alone");
	if (luck > 0) {
		m->seen[a->who] = a->generation;
		strcpy(m->record[a->who], a->name);
	}
	must(m->recorded[a->who].type == 0, "one record of a role at a time");
	m->recorded[a->who] = (struct board_event){.type = BOARD_EV_RECORDED,
	                                           .worker = a->worker,
	                                           .who = a->who,
	                                           .generation = a->generation,
	                                           .ok = luck > 0};
	m->breaks[a->who] = luck == 1;
}

static void
check_to_worker(const struct model *m, const struct board_action *a)
{
	const struct board_worker *w = board_worker(m->board, a->worker);

	must(w->used, "who is told something is there");
	if (a->type == BOARD_DO_SEND && is_absent(&a->item)) {
		must(w->who == MSG_WHO_ELECTOR, "an elector is told of the peer's end");
	} else if (a->type == BOARD_DO_SEND) {
		must(w->phase == BOARD_OPEN || w->phase == BOARD_ACTIVATING,
		     "who gets a message has said hello");
		must(a->item.len > 0 &&
		         ((const char *)a->item.data)[a->item.len - 1] == (char)m->tag,
		     "the newest message is sent");
	}
	must(a->type != BOARD_DO_ACTIVATE || board_is_active(m->board, a->worker),
	     "who is told that it counts does");
}

static void
apply(struct model *m, const struct board_action *a, enum board_event_type after)
{
	must(a->worker < BOARD_WORKERS_MAX, "a worker has a place");
	switch (a->type) {
	case BOARD_DO_OPEN:
		must(!m->link[a->worker], "one link for each worker");
		m->link[a->worker] = true;
		break;
	case BOARD_DO_SUPERSEDED:
		m->door[a->worker] = m->link[a->worker] = false;
		break;
	case BOARD_DO_CUT:
		must(m->link[a->worker], "what is cut is there");
		m->link[a->worker] = false;
		break;
	case BOARD_DO_WELCOME:
	case BOARD_DO_ACTIVATE:
	case BOARD_DO_SYNCED:
	case BOARD_DO_SEND:
		check_to_worker(m, a);
		break;
	case BOARD_DO_REPLAY:
		check_replay(m, a->worker);
		break;
	case BOARD_DO_STORE:
		m->state = (struct kept){a->item.len, m->tag};
		break;
	case BOARD_DO_MEMBERS:
		must(!m->linked && is_message(&a->item, &m->members),
		     "the newest members are linked");
		m->linked = true;
		break;
	case BOARD_DO_PREPARE:
		must(!m->preparing, "one promotion at a time");
		must(a->generation > m->seen[MSG_WHO_ELECTOR], "of the next generation");
		m->preparing = true;
		m->prepared = a->generation;
		break;
	case BOARD_DO_RECORD:
		must(!a->prepared ||
		         (after == BOARD_EV_PREPARED && a->generation == m->prepared),
		     "what was prepared is put in force");
		record(m, a);
		break;
	case BOARD_DO_PART:
		break;
	case BOARD_DO_REFUSE:
		must((after == BOARD_EV_PROMOTE || after == BOARD_EV_PREPARED) &&
		         a->why[0],
		     "a promotion, and why");
		break;
	default:
		must(false, "the action is one");
	}
}

static void
step(struct model *m, struct board_event *ev)
{
	struct board_actions todo;

	ev->now_ms = m->now_ms;
	board_step(m->board, ev, &todo);
	must(todo.count <= BOARD_ACTIONS_MAX, "the list of actions holds them");
	for (unsigned i = 0; i < todo.count; i++)
		apply(m, &todo.list[i], ev->type);
	if (m->linked) {
		struct board_event linked = {.type = BOARD_EV_LINKED};

		m->linked = false;
		step(m, &linked);
	}
	for (enum msg_who who = MSG_WHO_ELECTOR; who <= MSG_WHO_PEER; who++) {
		struct board_event next = m->recorded[who];
		struct board_event down = {.type = BOARD_EV_LINK_DOWN,
		                           .worker = next.worker};

		m->recorded[who].type = 0;
		if (next.type != BOARD_EV_RECORDED)
			continue;
		if (m->breaks[who] && m->link[next.worker]) {
			m->link[next.worker] = false;
			step(m, &down);
		}
		step(m, &next);
	}
}

#endif
