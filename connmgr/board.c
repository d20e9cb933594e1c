/* What workers and remotes say: retained, passed on, or dropped and counted; see board.h.
 * Which worker is active is decided in board_attach.c. */
#include "connmgr/board_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct board *
board_new(const struct board_config *config)
{
	struct board *b =
	    calloc(1, sizeof(*b) + board_keep_room(config->rows_max, config->frames_max,
	                                           config->frame_cap));
	struct board_actions none = {0};

	if (!b)
		return NULL;
	b->keep.row_max = config->rows_max;
	b->keep.frame_max = config->frames_max;
	b->keep.frame_cap = config->frame_cap;
	b->hello_ms = config->hello_ms;
	for (unsigned i = 0; i < 2; i++) {
		b->roles[i].record = config->records[i];
		if (b->roles[i].record.floor > BOARD_GENERATION_MAX)
			b->roles[i].record.floor = 0;
		b->roles[i].retry_ms = UINT64_MAX;
	}
	board_forget_word(b, &none);
	board_note_set(&b->keep.notes[MSG_KEEP_STATE], MSG_STATE, config->state,
	               config->state_len);
	return b;
}

void
board_free(struct board *b)
{
	free(b);
}

uint64_t
board_due_ms(const struct board *b)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < 2; i++)
		if (b->roles[i].retry_ms < due)
			due = b->roles[i].retry_ms;
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (b->workers[i].used && b->workers[i].due_ms < due)
			due = b->workers[i].due_ms;
	return due;
}

struct board_counters
board_counters(const struct board *b)
{
	return b->counters;
}

/* The receivers of a message that goes by lane: bits of enum msg_party. */
static unsigned
on_lane(enum msg_type type, enum msg_lane lane)
{
	if (lane == MSG_LANE_LEARNER)
		return MSG_PEER;
	return msg_def(type)->to & (type == MSG_FRAME_IN ? MSG_ELECTOR : ~0U);
}

static bool
replay_note(const struct board_note *n, unsigned party, struct board_action *out)
{
	if (n->len == 0 || !(msg_def(n->type)->to & party))
		return false;
	out->item = (struct board_item){.data = n->data, .len = n->len};
	return true;
}

static bool
replay_members(const struct board_keep *k, unsigned party, struct board_action *out)
{
	const struct board_frame *f = board_keep_members(k);

	if (f->len == 0 || !(msg_def(MSG_MEMBERS)->to & party))
		return false;
	out->item =
	    (struct board_item){.class = BOARD_MEMBERS, .data = f->data, .len = f->len};
	return true;
}

static bool
replay_row(const struct board_row *row, unsigned party, struct board_action *out)
{
	return (on_lane(MSG_REMOTE, row->lane) & party) &&
	       replay_note(&row->note, party, out);
}

static bool
replay_frame(const struct board_keep *k, unsigned at, unsigned party, bool member,
             struct board_action *out)
{
	const struct board_frame *f = board_keep_place(k, at);

	if (!f->used || f->member != member ||
	    !(on_lane(MSG_FRAME_IN, MSG_LANE_ELECTION) & party))
		return false;
	out->item = (struct board_item){.class = BOARD_NEWEST,
	                                .sid = f->sid,
	                                .member = member,
	                                .data = f->data,
	                                .len = f->len};
	return true;
}

bool
board_replay_next(const struct board *b, unsigned worker, unsigned *cursor,
                  struct board_action *out)
{
	const struct board_keep *k = &b->keep;
	unsigned party = msg_party(board_worker(b, worker)->who);
	unsigned rows = MSG_KEEP_NOTES, members = rows + k->row_count;
	unsigned synced = members + k->frame_max, end = synced + 1 + k->frame_max;

	*out = (struct board_action){.type = BOARD_DO_SEND, .worker = worker};
	while (*cursor < end) {
		unsigned at = (*cursor)++;
		bool has;

		if (at == MSG_KEEP_MEMBERS)
			has = replay_members(k, party, out);
		else if (at < rows)
			has = replay_note(&k->notes[at], party, out);
		else if (at < members)
			has = replay_row(&k->rows[at - rows], party, out);
		else if (at < synced)
			has = replay_frame(k, at - members, party, true, out);
		else if (at > synced)
			has = replay_frame(k, at - synced - 1, party, false, out);
		else
			out->type = BOARD_DO_SYNCED, has = true;
		if (has)
			return true;
	}
	return false;
}

static bool
counts(struct board *b, unsigned worker)
{
	const struct board_worker *w = board_worker(b, worker);

	if (!board_is_active(b, worker)) {
		b->counters.not_active++;
		return false;
	}
	/* A worker that attaches again repeats what it last said, before its hello. */
	if (w->phase == BOARD_OPEN || w->phase == BOARD_GREETING)
		return true;
	b->counters.too_early++;
	return false;
}

bool
board_may(struct board *b, unsigned worker, enum msg_lane lane, bool connect)
{
	enum msg_who who = board_worker(b, worker)->who;

	if (!counts(b, worker))
		return false;
	if (who == MSG_WHO_ELECTOR && lane == MSG_LANE_ELECTION)
		return true;
	if (who == MSG_WHO_PEER && (lane == MSG_LANE_LEARNER || connect))
		return true;
	b->counters.not_its++;
	return false;
}

/* An elector begins anew with other members, since what it worked out by those before is
 * void. It gets a replay, which begins with the members and has all that it needs to go
 * on, when the links are those of the members. */
static void
on_members(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	if (!board_keep_set_members(&b->keep, ev->data, ev->len))
		return;
	board_add(out, BOARD_DO_MEMBERS, ev->worker)->item =
	    (struct board_item){.class = BOARD_MEMBERS, .data = ev->data, .len = ev->len};
}

/* The row of the message in ipc/msg.c says what is retained, and who gets it. */
static void
on_say(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	const struct msg_def *def = msg_def(ev->said);
	unsigned party = msg_party(b->workers[ev->worker].who);
	struct board_item item = {.data = ev->data, .len = ev->len};
	struct board_keep *k = &b->keep;
	struct board_note *note = &k->notes[def->keep];

	assert(def->keep < MSG_KEEP_NOTES);
	if (!counts(b, ev->worker))
		return;
	if (!(def->from & party)) {
		b->counters.not_its++;
	} else if (ev->said == MSG_ABSENT) {
		board_forget_word(b, out);
	} else if (ev->said == MSG_MEMBERS) {
		on_members(b, ev, out);
	} else if (def->keep == MSG_KEEP_WORD && note->type != MSG_ABSENT &&
	           msg_serial_compare(&ev->serial, &k->word_serial) < 0) {
		b->counters.stale++;
	} else if (def->keep != MSG_KEEP_STATE || note->len != ev->len ||
	           memcmp(note->data, ev->data, ev->len) != 0) {
		if (def->keep != MSG_KEEP_NOTHING)
			board_note_set(note, ev->said, ev->data, ev->len);
		if (def->keep == MSG_KEEP_WORD)
			k->word_serial = ev->serial;
		if (def->to & MSG_CONNMGR)
			board_add(out, BOARD_DO_STORE, ev->worker)->item = item;
		board_send_all(b, def->to & ~party, &item, out);
	}
}

static void
on_remote(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_item item = {.class = BOARD_LINK,
	                          .lane = ev->lane,
	                          .sid = ev->sid,
	                          .number = ev->number,
	                          .up = ev->up,
	                          .data = ev->data,
	                          .len = ev->len};

	if (ev->kept)
		board_keep_row(&b->keep, ev->lane, ev->sid, ev->data, ev->len);
	else
		board_keep_drop_row(&b->keep, ev->lane, ev->sid);
	/* Every change ends a link or brings a new one. The last frame of the old link
	 * goes with it: a replay of that frame might elect a dead leader again. */
	if (ev->lane == MSG_LANE_ELECTION)
		board_keep_drop_frame(&b->keep, ev->sid);
	board_send_all(b, on_lane(MSG_REMOTE, ev->lane), &item, out);
}

static void
on_frame(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	bool election = ev->lane == MSG_LANE_ELECTION;
	struct board_item item = {.class = election ? BOARD_NEWEST : BOARD_FIFO,
	                          .sid = ev->sid,
	                          .number = ev->number,
	                          .member = ev->member,
	                          .data = ev->data,
	                          .len = ev->len};

	if (election &&
	    !board_keep_frame(&b->keep, ev->sid, ev->member, ev->data, ev->len))
		b->counters.no_room++;
	board_send_all(b, on_lane(MSG_FRAME_IN, ev->lane), &item, out);
}

void
board_step(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	out->count = 0;
	assert(ev->worker < BOARD_WORKERS_MAX);
	switch (ev->type) {
	case BOARD_EV_ATTACH:
		board_on_attach(b, ev, out);
		break;
	case BOARD_EV_GONE:
		board_on_gone(b, ev->worker, out);
		break;
	case BOARD_EV_LINK_DOWN:
		if (b->workers[ev->worker].used)
			board_unlink(b, ev->worker, false, out);
		break;
	case BOARD_EV_HELLO:
		board_on_hello(b, ev, out);
		break;
	case BOARD_EV_SAY:
		on_say(b, ev, out);
		break;
	case BOARD_EV_READ:
		board_on_read(b, ev, out);
		break;
	case BOARD_EV_RECORDED:
		board_on_recorded(b, ev, out);
		break;
	case BOARD_EV_PROMOTE:
		board_on_promote(b, ev, out);
		break;
	case BOARD_EV_PREPARED:
		board_on_prepared(b, ev, out);
		break;
	case BOARD_EV_REMOTE:
		on_remote(b, ev, out);
		break;
	case BOARD_EV_FRAME:
		on_frame(b, ev, out);
		break;
	case BOARD_EV_LINKED:
		board_replay_all(b, msg_def(MSG_MEMBERS)->to, out);
		break;
	case BOARD_EV_FORGET:
		board_keep_drop_frame(&b->keep, ev->sid);
		break;
	case BOARD_EV_DUE:
		board_on_due(b, ev->now_ms, out);
		break;
	}
}
