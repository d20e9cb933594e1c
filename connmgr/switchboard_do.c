/* Does what the board decides; see switchboard.h. A failure that would end a worker's
 * link from inside of a callback of its own is marked, and done in the next settle. */
#include "connmgr/switchboard_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "connmgr/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
send_item(struct switchboard *s, unsigned worker, const struct board_item *item)
{
	struct worker *w = &s->workers[worker];
	enum board_queue_result r = worker_send(w, item);

	if (r != BOARD_QUEUE_OK && !board_is_active(s->board, worker))
		w->broken = "a shadow that does not drain its link";
	else if (r == BOARD_QUEUE_REFUSED)
		lane_end_soon(s->learner, item->sid, MSG_REASON_FULL);
}

static void
send_message(struct switchboard *s, unsigned worker, enum msg_type type,
             uint64_t generation)
{
	struct msg m = {.type = type, .u.hello = {generation}};
	unsigned char data[BOARD_SMALL_MAX];
	struct board_item item = {.data = data};

	item.len = msg_encode(&m, data, sizeof(data));
	assert(item.len > 0);
	send_item(s, worker, &item);
}

static void
answer(struct worker *w, const struct msg *m)
{
	unsigned char data[MSG_PATH_MAX + 64];
	size_t len = msg_encode(m, data, sizeof(data));

	assert(len > 0);
	if (w->door && door_send(w->door, data, len) < 0)
		w->broken = "its door does not take the answer";
}

static void
open_link(struct switchboard *s, const struct board_action *a)
{
	struct worker *w = &s->workers[a->worker];
	struct msg m = {.type = MSG_ATTACHED};
	enum chan_kind kind = s->conf->ipc == CONF_IPC_NNG ? CHAN_NNG : CHAN_SEQPACKET;
	int r;

	m.u.attached.generation = a->generation;
	snprintf(m.u.attached.path, sizeof(m.u.attached.path), "%s/connmgr/l.%d.%" PRIu64,
	         s->conf->run_dir, (int)getpid(), ++s->links);
	r = worker_listen(w, s->loop, kind, m.u.attached.path,
	                  SWITCHBOARD_HELLO_MS * UINT64_C(1000));
	if (r < 0) {
		log_err("cannot open the link %s: %s", m.u.attached.path, strerror(-r));
		w->broken = "no link could be opened";
		return;
	}
	answer(w, &m);
}

static void
supersede(struct switchboard *s, const struct board_action *a)
{
	struct worker *w = &s->workers[a->worker];
	struct msg m = {.type = MSG_SUPERSEDED};

	m.u.superseded.other_name = a->other_name;
	answer(w, &m);
	worker_cut(w);
	door_conn_set_user(w->door, NULL);
	w->door = NULL;
}

static void
replay(struct switchboard *s, unsigned worker)
{
	struct board_action a;
	unsigned cursor = 0;

	switchboard_replayed(s, worker);
	while (board_replay_next(s->board, worker, &cursor, &a)) {
		if (a.type == BOARD_DO_SEND)
			send_item(s, worker, &a.item);
		else
			send_message(s, worker, MSG_SYNCED, 0);
	}
}

static void
store_state(struct switchboard *s, const struct board_item *item)
{
	int r = store_save_state(s->conf, item->data, item->len);

	s->counters.states++;
	if (r < 0 && r != s->state_error)
		log_err("the elector's state cannot be written: %s", strerror(-r));
	s->state_error = r;
}

static void
record(struct switchboard *s, const struct board_action *a)
{
	struct board_event ev = {.type = BOARD_EV_RECORDED,
	                         .now_ms = clock_ms(),
	                         .who = a->who,
	                         .generation = a->generation};
	struct record *kept = &s->records[a->who - MSG_WHO_ELECTOR], fresh = *kept;
	int *error = &s->record_errors[a->who - MSG_WHO_ELECTOR];
	int r;

	if (a->prepared) {
		fresh = s->promotion.record;
		r = promotion_place(s);
	} else {
		if (strcmp(fresh.now.name, a->name) != 0)
			fresh = (struct record){.accepted = true};
		strcpy(fresh.now.name, a->name);
		fresh.generation = a->generation;
		r = store_save_record(s->conf, a->who, &fresh, false);
	}
	if (r == 0)
		*kept = fresh;
	if (r < 0 && r != *error)
		log_err(
		    "the record of the %s cannot be written, so none becomes active: %s",
		    a->who == MSG_WHO_ELECTOR ? "elector" : "peer", strerror(-r));
	else if (r == 0)
		log_info("%s %s active generation=%" PRIu64,
		         a->who == MSG_WHO_ELECTOR ? "elector" : "peer", a->name,
		         a->generation);
	*error = r;
	s->counters.activations += r == 0;
	ev.ok = r == 0;
	switchboard_step(s, &ev);
}

static void
apply(struct switchboard *s, const struct board_action *a)
{
	switch (a->type) {
	case BOARD_DO_OPEN:
		open_link(s, a);
		break;
	case BOARD_DO_SUPERSEDED:
		supersede(s, a);
		break;
	case BOARD_DO_CUT:
		s->counters.cut++;
		s->workers[a->worker].lost++;
		worker_cut(&s->workers[a->worker]);
		switchboard_unlinked(s, a->worker);
		break;
	case BOARD_DO_WELCOME:
		send_message(s, a->worker, MSG_WELCOME, a->generation);
		break;
	case BOARD_DO_ACTIVATE:
		switchboard_activated(s, a->worker);
		send_message(s, a->worker, MSG_ACTIVATE, a->generation);
		break;
	case BOARD_DO_SYNCED:
		send_message(s, a->worker, MSG_SYNCED, 0);
		break;
	case BOARD_DO_SEND:
		send_item(s, a->worker, &a->item);
		break;
	case BOARD_DO_REPLAY:
		replay(s, a->worker);
		break;
	case BOARD_DO_STORE:
		store_state(s, &a->item);
		break;
	case BOARD_DO_RECORD:
		record(s, a);
		break;
	case BOARD_DO_PART:
		lane_disconnect(s->learner, MSG_ALL, MSG_REASON_ABSENT);
		break;
	case BOARD_DO_PREPARE:
		promotion_prepare(s, a->generation);
		break;
	case BOARD_DO_REFUSE:
		s->promotion.refused = a->why;
		break;
	}
}

void
switchboard_step(struct switchboard *s, const struct board_event *ev)
{
	struct board_actions todo;

	board_step(s->board, ev, &todo);
	for (unsigned i = 0; i < todo.count; i++)
		apply(s, &todo.list[i]);
}
