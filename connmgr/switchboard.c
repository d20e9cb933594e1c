/* Does what the board decides; see switchboard.h. What would change a link or a worker from
 * inside of one of their own callbacks is marked and done in on_post, which runs after
 * every turn of the loop in which something happened. */
#include "connmgr/switchboard_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "connmgr/store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMER_ACCURACY_US 500
#define POST_PRIORITY     (-10)

_Static_assert((int)BOARD_ELECTOR == (int)MSG_WHO_ELECTOR &&
                   (int)BOARD_PEER == (int)MSG_WHO_PEER &&
                   (int)BOARD_LANE_ELECTION == (int)MSG_LANE_ELECTION &&
                   (int)BOARD_LANE_LEARNER == (int)MSG_LANE_LEARNER &&
                   (int)BOARD_NAME_MAX == (int)MSG_NAME_MAX &&
                   (int)FRAME_KEEP_MAX == (int)MSG_FRAME_MAX &&
                   (int)OUTBOX_MESSAGE_MAX == (int)MSG_FRAME_MAX && LANE_ALL == MSG_ALL,
               "board.h, frame.h and outbox.h have the numbers of ipc/msg.h");

static void
send_item(struct switchboard *s, unsigned worker, const struct board_item *item)
{
	struct worker *w = &s->workers[worker];
	enum board_queue_result r = worker_send(w, item);

	if (r != BOARD_QUEUE_OK && !board_is_active(s->board, worker))
		w->broken = "a shadow that does not drain its link";
	else if (r == BOARD_QUEUE_REFUSED)
		lane_end_soon(s->learner, item->sid, LINK_REASON_FULL);
}

static void
send_message(struct switchboard *s, unsigned worker, enum msg_type type, uint64_t generation)
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

	while (board_replay_next(s->board, worker, &cursor, &a)) {
		if (a.type == BOARD_DO_SEND)
			send_item(s, worker, &a.item);
		else
			send_message(s, worker,
			             a.type == BOARD_DO_SYNCED ? MSG_SYNCED : MSG_ABSENT,
			             0);
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
	int r = store_save_record(s->conf, a->who, a->generation, a->name, a->sync);

	if (r < 0 && r != s->record_error)
		log_err("the record of the %s cannot be written, so none becomes active: %s",
		        a->who == BOARD_ELECTOR ? "elector" : "peer", strerror(-r));
	else if (r == 0)
		log_info("%s %s active generation=%" PRIu64,
		         a->who == BOARD_ELECTOR ? "elector" : "peer", a->name,
		         a->generation);
	s->record_error = r;
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
		worker_cut(&s->workers[a->worker]);
		break;
	case BOARD_DO_WELCOME:
		send_message(s, a->worker, MSG_WELCOME, a->generation);
		break;
	case BOARD_DO_ACTIVATE:
		send_message(s, a->worker, MSG_ACTIVATE, a->generation);
		break;
	case BOARD_DO_ABSENT:
		send_message(s, a->worker, MSG_ABSENT, 0);
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
		lane_disconnect(s->learner, LANE_ALL, LINK_REASON_ABSENT);
		break;
	case BOARD_DO_REFUSE:
		s->promote_refused = a->why;
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

static void
say(struct switchboard *s, unsigned worker, enum board_said said,
    const struct msg_serial *serial, const void *data, size_t len)
{
	struct board_event ev = {.type = BOARD_EV_SAY,
	                         .worker = worker,
	                         .said = said,
	                         .data = data,
	                         .len = len};

	if (serial) {
		ev.serial_generation = serial->generation;
		ev.serial_count = serial->count;
	}
	switchboard_step(s, &ev);
}

static struct lane *
lane_of(struct switchboard *s, uint8_t lane)
{
	return lane == MSG_LANE_ELECTION ? s->election : s->learner;
}

static void
on_connect(struct switchboard *s, unsigned worker, const struct msg *m)
{
	bool connect = m->type == MSG_CONNECT;
	enum link_reason reason = (enum link_reason)m->u.connect.reason;

	if (!board_may(s->board, worker, m->u.connect.lane, connect))
		return;
	if (connect)
		lane_connect(lane_of(s, m->u.connect.lane), m->u.connect.sid);
	else
		lane_disconnect(lane_of(s, m->u.connect.lane), m->u.connect.sid,
		                reason == LINK_REASON_NONE ? LINK_REASON_ASKED : reason);
}

static void
on_message(void *user, unsigned worker, const void *data, size_t len)
{
	struct switchboard *s = user;
	bool elector = board_worker(s->board, worker)->who == BOARD_ELECTOR;
	struct board_event ev = {
	    .type = BOARD_EV_HELLO, .now_ms = clock_ms(), .worker = worker};
	struct msg m;

	if (msg_decode(data, len, &m) != MSG_OK ||
	    !(msg_def(m.type)->from & (elector ? MSG_ELECTOR : MSG_PEER))) {
		s->counters.refused++;
		return;
	}
	if (m.type == MSG_FRAME_OUT) {
		if (board_may(s->board, worker, m.u.frame.lane, false))
			lane_send(lane_of(s, m.u.frame.lane), m.u.frame.sid, m.u.frame.data,
			          m.u.frame.data_len);
	} else if (m.type == MSG_HELLO) {
		ev.generation = m.u.hello.generation;
		switchboard_step(s, &ev);
	} else if (m.type == MSG_CONNECT || m.type == MSG_DISCONNECT) {
		on_connect(s, worker, &m);
	} else if (m.type == MSG_LOOK) {
		say(s, worker, BOARD_LOOK, &m.u.look.serial, data, len);
	} else if (m.type == MSG_ROLE) {
		say(s, worker, BOARD_ROLE, &m.u.role.serial, data, len);
	} else if (m.type == MSG_DECIDED) {
		say(s, worker, BOARD_DECIDED, NULL, data, len);
	} else if (m.type == MSG_DOUBT) {
		say(s, worker, BOARD_DOUBT, NULL, data, len);
	} else if (m.type == MSG_STATE) {
		say(s, worker, BOARD_STATE, NULL, data, len);
	} else {
		s->counters.refused++;
	}
}

static void
link_down(struct switchboard *s, unsigned worker, const char *why)
{
	const struct board_worker *w = board_worker(s->board, worker);
	struct board_event ev = {
	    .type = BOARD_EV_LINK_DOWN, .now_ms = clock_ms(), .worker = worker};

	log_info("%s %s link lost reason=%s",
	         w->who == BOARD_ELECTOR ? "elector" : "peer", w->name, why);
	s->counters.links_lost++;
	switchboard_step(s, &ev);
}

static void
on_down(void *user, unsigned worker, const char *why)
{
	link_down(user, worker, why);
}

static const struct worker_ops worker_ops = {on_message, on_down};

static bool
learner_may_accept(void *user)
{
	struct switchboard *s = user;

	return board_open(s->board, BOARD_PEER) >= 0;
}

static bool
election_may_accept(void *user)
{
	(void)user;
	return true;
}

static void
on_remote(void *user, enum link_lane lane, int64_t sid, enum link_status status,
          enum link_reason reason, bool was_up)
{
	struct switchboard *s = user;
	struct msg m = {.type = MSG_REMOTE};
	unsigned char data[BOARD_SMALL_MAX];
	struct board_event ev = {.type = BOARD_EV_REMOTE,
	                         .lane = (enum board_lane)lane,
	                         .sid = sid,
	                         .down = status == LINK_DOWN,
	                         .data = data};

	m.u.remote = (struct msg_remote){.lane = (uint8_t)lane,
	                                 .sid = sid,
	                                 .link = (uint8_t)status,
	                                 .reason = (uint8_t)reason,
	                                 .was_up = was_up};
	ev.len = msg_encode(&m, data, sizeof(data));
	assert(ev.len > 0);
	switchboard_step(s, &ev);
}

static void
on_frame(void *user, enum link_lane lane, int64_t sid, bool member,
         const unsigned char *frame, size_t frame_len)
{
	static unsigned char data[MSG_MAX];
	struct switchboard *s = user;
	struct msg m = {.type = MSG_FRAME_IN};
	struct board_event ev = {.type = BOARD_EV_FRAME,
	                         .lane = (enum board_lane)lane,
	                         .sid = sid,
	                         .member = member,
	                         .data = data};

	m.u.frame = (struct msg_frame){
	    .lane = (uint8_t)lane, .sid = sid, .data = frame, .data_len = frame_len};
	ev.len = msg_encode(&m, data, sizeof(data));
	assert(ev.len > 0);
	switchboard_step(s, &ev);
}

static void
on_forget(void *user, int64_t sid)
{
	struct board_event ev = {.type = BOARD_EV_FORGET, .sid = sid};

	switchboard_step(user, &ev);
}

static const struct lane_ops election_ops = {election_may_accept, on_remote, on_frame,
                                             on_forget};
static const struct lane_ops learner_ops = {learner_may_accept, on_remote, on_frame,
                                            on_forget};

static void
settle(struct switchboard *s, uint64_t now_ms)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		struct worker *w = &s->workers[i];
		const char *why = w->broken;

		if (!why && now_ms >= worker_due_ms(w))
			why = "its link is full for too long";
		if (!why)
			continue;
		s->counters.cut++;
		worker_cut(w);
		link_down(s, i, why);
	}
	lane_settle(s->learner);
}

static uint64_t
due_ms(const struct switchboard *s)
{
	uint64_t due = board_due_ms(s->board), d;

	d = lane_due_ms(s->election);
	due = d < due ? d : due;
	d = lane_due_ms(s->learner);
	due = d < due ? d : due;
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		d = worker_due_ms(&s->workers[i]);
		due = d < due ? d : due;
	}
	return due;
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct switchboard *s = user;
	uint64_t now_ms = clock_ms();
	struct board_event ev = {.type = BOARD_EV_DUE, .now_ms = now_ms};

	(void)source;
	(void)usec;
	s->armed_ms = UINT64_MAX;
	if (now_ms >= board_due_ms(s->board))
		switchboard_step(s, &ev);
	lane_on_due(s->election, now_ms);
	lane_on_due(s->learner, now_ms);
	return 0; /* on_post does the rest */
}

static int
on_post(sd_event_source *source, void *user)
{
	struct switchboard *s = user;
	uint64_t due;

	(void)source;
	settle(s, clock_ms());
	due = due_ms(s);
	if (due == s->armed_ms)
		return 0;
	s->armed_ms = due;
	if (due == UINT64_MAX)
		return sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	if (due > UINT64_MAX / 1000)
		due = UINT64_MAX / 1000;
	(void)sd_event_source_set_time(s->timer, due * 1000);
	return sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int
open_board(struct switchboard *s)
{
	unsigned remotes = s->conf->server_count - 1;
	unsigned char state[BOARD_SMALL_MAX];
	struct msg_serial serial = {0};
	struct board_config config = {
	    .rows_max = 2 * remotes,
	    .frames_max = remotes + s->conf->links.strangers_max,
	    .frame_cap = MSG_MAX,
	    .hello_ms = SWITCHBOARD_HELLO_MS,
	    .state = state,
	};
	int r = 0;

	store_load_record(s->conf, BOARD_ELECTOR, &config.records[0]);
	store_load_record(s->conf, BOARD_PEER, &config.records[1]);
	config.state_len = store_load_state(s->conf, state, &serial);
	/* a peer's generation is in its serials: none may come twice */
	if (config.records[1].floor < serial.generation)
		config.records[1].floor = serial.generation;
	s->board = board_new(&config);
	for (unsigned i = 0; i < BOARD_WORKERS_MAX && r == 0; i++)
		r = worker_init(&s->workers[i], i, &worker_ops, s);
	return s->board ? r : -ENOMEM;
}

static int
open_all(struct switchboard *s)
{
	int r = store_open(s->conf);

	if (r < 0)
		return r;
	sock_raise_limit();
	if ((r = open_board(s)) < 0 || (r = resolve_new(&s->resolver, s->loop)) < 0 ||
	    (r = lane_new(&s->election, s->loop, s->resolver, s->conf, LINK_ELECTION,
	                  &election_ops, s)) < 0 ||
	    (r = lane_new(&s->learner, s->loop, s->resolver, s->conf, LINK_LEARNER,
	                  &learner_ops, s)) < 0 ||
	    (r = sd_event_add_time(s->loop, &s->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
	                           on_timer, s)) < 0 ||
	    (r = sd_event_add_post(s->loop, &s->post, on_post, s)) < 0 ||
	    (r = sd_event_source_set_priority(s->post, POST_PRIORITY)) < 0 ||
	    (r = switchboard_open_door(s)) < 0) {
		log_err("cannot start: %s", strerror(-r));
		return r;
	}
	lane_start(s->election);
	return 0;
}

void
switchboard_close(struct switchboard *s)
{
	if (!s)
		return;
	s->timer = sd_event_source_disable_unref(s->timer);
	s->post = sd_event_source_disable_unref(s->post);
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		worker_deinit(&s->workers[i]);
	lane_free(s->election);
	lane_free(s->learner);
	resolve_free(s->resolver);
	/* its end is what tells the workers, so everything else is gone before */
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		s->workers[i].door = NULL;
	door_close(s->door);
	board_free(s->board);
	free(s);
}

int
switchboard_open(struct switchboard **out, sd_event *loop, const struct conf *conf,
                 const char *name)
{
	struct switchboard *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->conf = conf;
	s->name = name;
	s->start_ms = clock_ms();
	s->armed_ms = UINT64_MAX;
	r = open_all(s);
	if (r < 0) {
		switchboard_close(s);
		return r;
	}
	*out = s;
	return 0;
}

const char *
switchboard_degraded(const struct switchboard *s)
{
	if (chan_stuck_closes() > SWITCHBOARD_STUCK_MAX)
		return "too many closes of nng have not returned";
	if (s->record_error < 0)
		return "a record cannot be written: no worker becomes active";
	if (s->state_error < 0)
		return "the elector's state cannot be written";
	return "";
}
