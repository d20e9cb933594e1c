/* What is said at the switchboard: kept, passed on, or dropped and counted; see board.h.
 * Who counts is board_attach.c's. */
#include "connmgr/board_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_NOTES 3 /* state, look or role, decided */

struct board *
board_new(const struct board_config *config)
{
	struct board *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	if (board_keep_init(&b->keep, config->rows_max, config->frames_max,
	                    config->frame_cap) < 0) {
		free(b);
		return NULL;
	}
	b->hello_ms = config->hello_ms;
	for (unsigned i = 0; i < 2; i++) {
		b->roles[i].record = config->records[i];
		if (b->roles[i].record.floor > BOARD_GENERATION_MAX)
			b->roles[i].record.floor = 0;
		b->roles[i].retry_ms = UINT64_MAX;
	}
	board_note_set(&b->keep.state, config->state, config->state_len);
	return b;
}

void
board_free(struct board *b)
{
	if (!b)
		return;
	board_keep_deinit(&b->keep);
	free(b);
}

struct board_action *
board_add(struct board_actions *out, enum board_action_type type, unsigned worker)
{
	assert(out->count < BOARD_ACTIONS_MAX);
	out->list[out->count] = (struct board_action){.type = type, .worker = worker};
	return &out->list[out->count++];
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

const struct board_worker *
board_worker(const struct board *b, unsigned worker)
{
	assert(worker < BOARD_WORKERS_MAX);
	return &b->workers[worker];
}

bool
board_is_active(const struct board *b, unsigned worker)
{
	const struct board_worker *w = board_worker(b, worker);

	return w->used && w->generation > 0 &&
	       w->generation == b->roles[w->who - BOARD_ELECTOR].record.generation;
}

int
board_active(const struct board *b, enum board_who who)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (b->workers[i].who == who && board_is_active(b, i))
			return (int)i;
	return -1;
}

bool
board_hears(const struct board_worker *w)
{
	return w->used && (w->phase == BOARD_OPEN || w->phase == BOARD_ACTIVATING);
}

int
board_open(const struct board *b, enum board_who who)
{
	int at = board_active(b, who);

	return at >= 0 && board_hears(&b->workers[at]) ? at : -1;
}

struct board_counters
board_counters(const struct board *b)
{
	return b->counters;
}

/* To every worker of a role that has been told the rest, shadows too. */
static void
send_all(struct board *b, enum board_who who, const struct board_item *item,
         struct board_actions *out)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (b->workers[i].who == who && board_hears(&b->workers[i]))
			board_add(out, BOARD_DO_SEND, i)->item = *item;
}

static bool
replay_frame(const struct board *b, enum board_who who, unsigned at, bool member,
             struct board_action *out)
{
	const struct board_frame *f = &b->keep.frames[at];

	if (who != BOARD_ELECTOR || !f->used || f->member != member)
		return false;
	out->type = BOARD_DO_SEND;
	out->item = (struct board_item){.class = BOARD_NEWEST,
	                                .sid = f->sid,
	                                .member = member,
	                                .data = f->data,
	                                .len = f->len};
	return true;
}

/* State, the peer's last word, decided, the remotes, the last frames of the members: what
 * of these a role receives is in ipc/msg.c's table. */
static bool
replay_item(const struct board *b, enum board_who who, unsigned at,
            struct board_action *out)
{
	const struct board_keep *k = &b->keep;
	bool elector = who == BOARD_ELECTOR;
	const struct board_note *first[REPLAY_NOTES] = {
	    elector ? &k->state : NULL, elector ? &k->word : NULL, &k->decided};

	out->type = BOARD_DO_SEND;
	out->item = (struct board_item){0};
	if (at < REPLAY_NOTES) {
		if (at == 1 && elector && k->word.len == 0)
			out->type = BOARD_DO_ABSENT;
		else if (!first[at] || first[at]->len == 0)
			return false;
		else
			out->item = (struct board_item){.data = first[at]->data,
			                                .len = first[at]->len};
		return true;
	}
	at -= REPLAY_NOTES;
	if (at < k->row_count) {
		const struct board_row *row = &k->rows[at];

		out->item.data = row->note.data;
		out->item.len = row->note.len;
		return row->lane == BOARD_LANE_ELECTION || (!elector && !row->down);
	}
	return replay_frame(b, who, at - k->row_count, true, out);
}

bool
board_replay_next(const struct board *b, unsigned worker, unsigned *cursor,
                  struct board_action *out)
{
	enum board_who who = board_worker(b, worker)->who;
	unsigned synced = REPLAY_NOTES + b->keep.row_count + b->keep.frame_max;

	out->worker = worker;
	while (*cursor < synced)
		if (replay_item(b, who, (*cursor)++, out))
			return true;
	if (*cursor == synced) {
		out->type = BOARD_DO_SYNCED;
		(*cursor)++;
		return true;
	}
	while (*cursor <= synced + b->keep.frame_max)
		if (replay_frame(b, who, (*cursor)++ - synced - 1, false, out))
			return true;
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
	/* while greeting it says what it last said as active, before hello */
	if (w->phase == BOARD_OPEN || w->phase == BOARD_GREETING)
		return true;
	b->counters.too_early++;
	return false;
}

bool
board_may(struct board *b, unsigned worker, enum board_lane lane, bool connect)
{
	enum board_who who = board_worker(b, worker)->who;

	if (!counts(b, worker))
		return false;
	if (who == BOARD_ELECTOR && lane == BOARD_LANE_ELECTION)
		return true;
	if (who == BOARD_PEER && (lane == BOARD_LANE_LEARNER || connect))
		return true;
	b->counters.not_its++;
	return false;
}

static void
say_word(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_keep *k = &b->keep;
	struct board_item item = {.data = k->word.data, .len = ev->len};

	if (k->word.len > 0 && (ev->serial_generation < k->word_generation ||
	                        (ev->serial_generation == k->word_generation &&
	                         ev->serial_count < k->word_count))) {
		b->counters.stale++;
		return;
	}
	board_note_set(&k->word, ev->data, ev->len);
	k->word_generation = ev->serial_generation;
	k->word_count = ev->serial_count;
	send_all(b, BOARD_ELECTOR, &item, out);
}

static void
on_say(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	static const enum board_who whose[] = {
	    [BOARD_LOOK] = BOARD_PEER,       [BOARD_ROLE] = BOARD_PEER,
	    [BOARD_DECIDED] = BOARD_ELECTOR, [BOARD_DOUBT] = BOARD_ELECTOR,
	    [BOARD_STATE] = BOARD_ELECTOR,   [BOARD_SILENCE] = BOARD_PEER,
	};
	struct board_item item = {.data = ev->data, .len = ev->len};

	if (!counts(b, ev->worker))
		return;
	if (b->workers[ev->worker].who != whose[ev->said]) {
		b->counters.not_its++;
		return;
	}
	switch (ev->said) {
	case BOARD_LOOK:
	case BOARD_ROLE:
		say_word(b, ev, out);
		break;
	case BOARD_DECIDED:
		board_note_set(&b->keep.decided, ev->data, ev->len);
		send_all(b, BOARD_PEER, &item, out);
		break;
	case BOARD_DOUBT:
		send_all(b, BOARD_PEER, &item, out);
		break;
	case BOARD_STATE:
		if (board_note_is(&b->keep.state, ev->data, ev->len))
			break;
		board_note_set(&b->keep.state, ev->data, ev->len);
		board_add(out, BOARD_DO_STORE, ev->worker)->item = item;
		break;
	case BOARD_SILENCE:
		board_forget_word(b, out);
		break;
	}
}

static void
on_remote(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_item item = {.data = ev->data, .len = ev->len};

	board_keep_row(&b->keep, (int)ev->lane, ev->sid, ev->down, ev->data, ev->len);
	if (ev->lane == BOARD_LANE_ELECTION) {
		/* every change ends a link or brings a new one: the old one's last frame
		 * goes with it, replayed it might elect the dead again */
		board_keep_drop_frame(&b->keep, ev->sid);
		send_all(b, BOARD_ELECTOR, &item, out);
	}
	send_all(b, BOARD_PEER, &item, out);
}

static void
on_frame(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_item item = {
	    .sid = ev->sid, .member = ev->member, .data = ev->data, .len = ev->len};

	if (ev->lane == BOARD_LANE_ELECTION) {
		item.class = BOARD_NEWEST;
		if (!board_keep_frame(&b->keep, ev->sid, ev->member, ev->data, ev->len))
			b->counters.no_room++;
		send_all(b, BOARD_ELECTOR, &item, out);
	} else {
		item.class = BOARD_FIFO;
		send_all(b, BOARD_PEER, &item, out);
	}
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
		board_on_link_down(b, ev->worker, out);
		break;
	case BOARD_EV_HELLO:
		board_on_hello(b, ev, out);
		break;
	case BOARD_EV_SAY:
		on_say(b, ev, out);
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
	case BOARD_EV_FORGET:
		board_keep_drop_frame(&b->keep, ev->sid);
		break;
	case BOARD_EV_DUE:
		board_on_due(b, ev->now_ms, out);
		break;
	}
}
