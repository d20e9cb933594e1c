/* The leaves of the board: see board_impl.h, and the last functions of board.h. */
#include "connmgr/board_impl.h"

#include <assert.h>

struct board_role *
board_role(struct board *b, enum msg_who who)
{
	return &b->roles[who - MSG_WHO_ELECTOR];
}

struct board_action *
board_add(struct board_actions *out, enum board_action_type type, unsigned worker)
{
	assert(out->count < BOARD_ACTIONS_MAX);
	out->list[out->count] = (struct board_action){.type = type, .worker = worker};
	return &out->list[out->count++];
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
	       w->generation == b->roles[w->who - MSG_WHO_ELECTOR].record.generation;
}

int
board_active(const struct board *b, enum msg_who who)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (b->workers[i].who == who && board_is_active(b, i))
			return (int)i;
	return -1;
}

/* True once the worker has had the replay on its link, and receives new messages. */
static bool
hears(const struct board_worker *w)
{
	return w->used && (w->phase == BOARD_OPEN || w->phase == BOARD_ACTIVATING);
}

int
board_open(const struct board *b, enum msg_who who)
{
	int at = board_active(b, who);

	return at >= 0 && hears(&b->workers[at]) ? at : -1;
}

void
board_send_all(struct board *b, unsigned to, const struct board_item *item,
               struct board_actions *out)
{
	for (enum msg_who who = MSG_WHO_ELECTOR; who <= MSG_WHO_PEER; who++)
		for (unsigned i = 0; i < BOARD_WORKERS_MAX && (to & msg_party(who)); i++)
			if (b->workers[i].who == who && hears(&b->workers[i]))
				board_add(out, BOARD_DO_SEND, i)->item = *item;
}

void
board_replay_all(struct board *b, unsigned to, struct board_actions *out)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		struct board_worker *w = &b->workers[i];

		if (!hears(w) || !(to & msg_party(w->who)))
			continue;
		w->told = true;
		board_add(out, BOARD_DO_REPLAY, i);
	}
}

void
board_unlink(struct board *b, unsigned worker, bool cut, struct board_actions *out)
{
	struct board_worker *w = &b->workers[worker];
	bool open = hears(w);

	if (cut && w->phase != BOARD_UNLINKED)
		board_add(out, BOARD_DO_CUT, worker);
	w->phase = BOARD_UNLINKED;
	w->due_ms = UINT64_MAX;
	if (open && w->who == MSG_WHO_PEER && board_is_active(b, worker))
		board_add(out, BOARD_DO_PART, worker);
}

void
board_forget_word(struct board *b, struct board_actions *out)
{
	struct board_note *word = &b->keep.notes[MSG_KEEP_WORD];
	struct msg absent = {.type = MSG_ABSENT};
	struct board_item item = {.data = word->data};

	item.len = word->len = msg_encode(&absent, word->data, sizeof(word->data));
	word->type = MSG_ABSENT;
	b->keep.notes[MSG_KEEP_DECIDED].len = 0;
	board_send_all(b, msg_def(MSG_ABSENT)->to, &item, out);
}
