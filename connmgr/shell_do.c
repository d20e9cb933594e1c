/* Steps the board and does what it decides; see shell_impl.h. What doing so brings about
 * is pushed to the gate, and comes after. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "proc/roster.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static void
send_message(struct connmgr *s, unsigned worker, enum msg_type type, uint64_t generation)
{
	struct msg m = {.type = type, .u.hello = {generation}};
	unsigned char data[BOARD_SMALL_MAX];
	struct board_item item = {.data = data};

	item.len = msg_encode(&m, data, sizeof(data));
	assert(item.len > 0);
	connmgr_send(s, worker, &item);
}

static void
answer(struct connmgr *s, unsigned worker, const struct msg *m)
{
	struct door_conn *door = s->workers[worker].door;
	unsigned char data[MSG_PATH_MAX + 64];
	size_t len = msg_encode(m, data, sizeof(data));

	assert(len > 0);
	if (door && door_send(door, data, len) < 0)
		connmgr_break(s, worker, "its door does not take the answer");
}

/* Used once, and not to be guessed: who dials an address first can spoil the link. */
static void
make_name(char *out, size_t cap)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = clock_us(); /* no kernel that we run on says so */
	snprintf(out, cap, "l.%016" PRIx64, number);
}

static void
open_link(struct connmgr *s, const struct board_action *a)
{
	struct msg m = {.type = MSG_ATTACHED};
	enum policy_what as;
	char name[48];
	int r;

	m.u.attached.generation = a->generation;
	make_name(name, sizeof(name));
	paths_below(m.u.attached.path, sizeof(m.u.attached.path), s->conf->run_dir,
	            PATHS_CONNMGR, name);
	as = connmgr_attaches_as(board_worker(s->board, a->worker)->who);
	r = connmgr_listen(s, a->worker, as, m.u.attached.path);
	if (r < 0) {
		log_err("cannot open the link %s: %s", m.u.attached.path, strerror(-r));
		connmgr_break(s, a->worker, "no link could be opened");
		return;
	}
	answer(s, a->worker, &m);
}

static void
supersede(struct connmgr *s, const struct board_action *a)
{
	struct worker *w = &s->workers[a->worker];
	struct msg m = {.type = MSG_SUPERSEDED};

	m.u.superseded.other_name = a->other_name;
	answer(s, a->worker, &m);
	connmgr_cut(s, a->worker);
	door_conn_set_user(w->door, NULL);
	w->door = NULL;
}

/* An elector of another name than the one in use, which is told everything as a shadow,
 * is the candidate. */
static void
replay(struct connmgr *s, uint64_t now_ms, unsigned worker)
{
	const struct board_worker *w = board_worker(s->board, worker);
	struct board_action a;
	unsigned cursor = 0;

	if (w->who == MSG_WHO_ELECTOR && w->generation == 0 &&
	    strcmp(w->name, s->records[0].now.name) != 0) {
		s->candidate = (int)worker;
		shadow_begin(s->shadow, now_ms, s->looking);
	}
	while (board_replay_next(s->board, worker, &cursor, &a)) {
		if (a.type == BOARD_DO_SEND)
			connmgr_send(s, worker, &a.item);
		else
			send_message(s, worker, MSG_SYNCED, 0);
	}
}

void
connmgr_push(struct connmgr *s, const struct board_event *ev)
{
	struct connmgr_event event = {.kind = EVENT_BOARD, .u.board = *ev};

	gate_push(&s->gate, &event);
}

void
connmgr_bury(struct connmgr *s, const struct door_conn *asker)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		struct door_conn *c = s->workers[i].door;

		if (c && c != asker && door_conn_ended(c))
			door_conn_close(c);
	}
}

static void
store_state(struct connmgr *s, const struct board_item *item)
{
	int r = store_save_state(s->conf, item->data, item->len);

	s->counters.states++;
	if (r < 0 && r != s->state_error)
		log_err("the elector's state cannot be written: %s", strerror(-r));
	s->state_error = r;
}

static void
record(struct connmgr *s, const struct board_action *a)
{
	struct board_event ev = {
	    .type = BOARD_EV_RECORDED, .who = a->who, .generation = a->generation};
	const char *who = roster_who(a->who)->name;
	struct record *kept = &s->records[a->who - MSG_WHO_ELECTOR], fresh = *kept;
	int *error = &s->record_errors[a->who - MSG_WHO_ELECTOR];
	int r;

	if (a->prepared)
		fresh = s->fresh;
	else if (strcmp(fresh.now.name, a->name) != 0)
		fresh = (struct record){.accepted = true};
	strcpy(fresh.now.name, a->name);
	fresh.generation = a->generation;
	r = store_write_record(s->conf->run_dir, a->who, &fresh, false);
	s->promoted = a->prepared && r == 0;
	if (r == 0) {
		*kept = fresh;
		log_info("%s %s active generation=%" PRIu64, who, a->name, a->generation);
	} else if (r != *error) {
		log_err("the record of the %s cannot be written, so none becomes active: "
		        "%s",
		        who, strerror(-r));
	}
	*error = r;
	s->counters.activations += r == 0;
	ev.ok = r == 0;
	connmgr_push(s, &ev);
}

/* An elector that becomes active says everything anew, to be compared from here. */
static void
activate(struct connmgr *s, uint64_t now_ms, const struct board_action *a)
{
	if (board_worker(s->board, a->worker)->who == MSG_WHO_ELECTOR) {
		if (s->candidate == (int)a->worker)
			s->candidate = -1;
		shadow_end(s->shadow);
		if (s->candidate >= 0)
			shadow_begin(s->shadow, now_ms, s->looking);
	}
	send_message(s, a->worker, MSG_ACTIVATE, a->generation);
}

static void
apply(struct connmgr *s, uint64_t now_ms, const struct board_action *a)
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
		connmgr_cut(s, a->worker);
		break;
	case BOARD_DO_WELCOME:
		send_message(s, a->worker, MSG_WELCOME, a->generation);
		break;
	case BOARD_DO_ACTIVATE:
		activate(s, now_ms, a);
		break;
	case BOARD_DO_SYNCED:
		send_message(s, a->worker, MSG_SYNCED, 0);
		break;
	case BOARD_DO_SEND:
		connmgr_send(s, a->worker, &a->item);
		break;
	case BOARD_DO_REPLAY:
		replay(s, now_ms, a->worker);
		break;
	case BOARD_DO_STORE:
		store_state(s, &a->item);
		break;
	case BOARD_DO_MEMBERS:
		connmgr_link_members(s, now_ms, &a->item);
		break;
	case BOARD_DO_RECORD:
		record(s, a);
		break;
	case BOARD_DO_PART:
		learner_push(s->learner, MSG_ALL,
		             &(struct places_event){.type = PLACES_EV_PART,
		                                    .reason = MSG_REASON_ABSENT});
		break;
	case BOARD_DO_PREPARE:
		s->fresh.generation = a->generation; /* connmgr_promote goes on */
		break;
	case BOARD_DO_REFUSE:
		s->refusal = a->why;
		break;
	}
}

void
connmgr_do(struct connmgr *s, uint64_t now_ms, struct board_event *ev)
{
	struct board_actions todo;

	ev->now_ms = now_ms;
	board_step(s->board, ev, &todo);
	for (unsigned i = 0; i < todo.count; i++)
		apply(s, now_ms, &todo.list[i]);
}
