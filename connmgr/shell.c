/* connmgr's shell: opening, closing, its gate and its one timer; see shell_impl.h. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TIMER_ACCURACY_US 500
#define POST_PRIORITY     (-10)
/* Election lane: a link, and a connection that replaces it. Learner lane: its places, one
 * that is dialled, and one that takes a place. */
#define CONNS_PER_REMOTE (2 + PLACES_MAX + 2)
#define OTHERS           160 /* descriptors: the door, the workers' links, files */
#define GREETINGS_MIN    4
/* An event may be one for each remote, of which each may bring a few, and each worker's
 * link may break on the way. */
#define GATE_MAX (8 * LANE_REMOTES_MAX + 2 * BOARD_WORKERS_MAX)

static void
tell(struct connmgr *s, uint64_t now_ms, const struct msg_remote *remote, bool gone)
{
	struct msg m = {.type = MSG_REMOTE, .u.remote = *remote};
	unsigned char data[BOARD_SMALL_MAX];
	struct board_event ev = {.type = BOARD_EV_REMOTE,
	                         .lane = remote->lane,
	                         .sid = remote->sid,
	                         .number = remote->number,
	                         .up = remote->link == MSG_LINK_UP,
	                         .kept = !gone && (remote->lane == MSG_LANE_ELECTION ||
	                                           remote->sid == s->conf->id),
	                         .data = data};

	ev.len = msg_encode(&m, data, sizeof(data));
	assert(ev.len > 0);
	connmgr_do(s, now_ms, &ev);
}

static void
on_event(void *user, uint64_t now_ms, void *event)
{
	struct connmgr *s = user;
	struct connmgr_event *ev = event;

	switch (ev->kind) {
	case EVENT_BOARD:
		connmgr_do(s, now_ms, &ev->u.board);
		break;
	case EVENT_ELECTION:
		election_step(s->election, ev->u.election.sid, now_ms,
		              &ev->u.election.event);
		break;
	case EVENT_LEARNER:
		learner_step(s->learner, ev->u.learner.sid, now_ms, &ev->u.learner.event);
		break;
	case EVENT_TELL:
		tell(s, now_ms, &ev->u.told.remote, ev->u.told.gone);
		break;
	case EVENT_MESSAGE:
		connmgr_hear(s, now_ms, ev->u.message.worker, ev->u.message.data,
		             ev->u.message.len);
		break;
	case EVENT_LOST:
		connmgr_lose(s, now_ms, ev->u.lost.worker, ev->u.lost.why,
		             ev->u.lost.ours);
		break;
	}
}

static const struct gate_ops gate_ops = {.step = on_event};

/* ---- the one timer ---- */

static uint64_t
due_ms(const struct connmgr *s)
{
	uint64_t due = board_due_ms(s->board), d;

	d = connmgr_keep_due_ms(s);
	due = d < due ? d : due;
	d = election_due_ms(s->election);
	due = d < due ? d : due;
	d = secure_due_ms(s->secure);
	due = d < due ? d : due;
	d = learner_due_ms(s->learner);
	due = d < due ? d : due;
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		d = s->workers[i].full_due_ms;
		due = d < due ? d : due;
	}
	return due;
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct board_event ev = {.type = BOARD_EV_DUE};
	struct connmgr *s = user;
	uint64_t now_ms = clock_ms();

	(void)source;
	(void)usec;
	s->armed_ms = UINT64_MAX;
	if (now_ms >= board_due_ms(s->board))
		connmgr_push(s, &ev);
	if (secure_is_due(s->secure, now_ms))
		connmgr_reload(s);
	election_on_due(s->election, now_ms);
	learner_on_due(s->learner, now_ms);
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (now_ms >= s->workers[i].full_due_ms)
			connmgr_break(s, i, "its link is full for too long");
	return 0; /* on_post arms it again */
}

/* Once a turn in which something happened: greetings have deadlines that pass no gate,
 * and the record may be another now. */
static int
on_post(sd_event_source *source, void *user)
{
	struct connmgr *s = user;
	uint64_t due;

	(void)source;
	connmgr_keep(s, clock_ms());
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

/* ---- opening and closing ---- */

static int
open_board(struct connmgr *s)
{
	unsigned remotes = conf_remote_count(s->conf);
	unsigned char state[BOARD_SMALL_MAX];
	struct msg_serial serial = {0};
	struct board_config config = {
	    .rows_max = LANE_REMOTES_MAX + 1, /* our quorum port */
	    .frames_max = LANE_REMOTES_MAX + s->conf->links.strangers_max,
	    .frame_cap = MSG_MAX,
	    .hello_ms = CONNMGR_HELLO_MS,
	    .state = state,
	};

	for (unsigned i = 0; i < 2; i++) {
		struct board_record *held = &config.records[i];

		s->records[i] = (struct record){.accepted = true};
		held->unread = store_read_record(s->conf->run_dir, MSG_WHO_ELECTOR + i,
		                                 &s->records[i]) < 0;
		held->generation = s->records[i].generation;
		memcpy(held->name, s->records[i].now.name, sizeof(held->name));
	}
	config.state_len = store_load_state(s->conf, state, &serial);
	/* a peer's generation is in its serials: none may come twice */
	if (config.records[1].floor < serial.generation)
		config.records[1].floor = serial.generation;
	s->board = board_new(&config);
	s->queue_remotes = remotes;
	s->shadow = shadow_new();
	s->looking = true;
	s->candidate = -1;
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		struct worker *w = &s->workers[i];

		w->owner = s;
		w->full_due_ms = UINT64_MAX;
		w->queue = board_queue_new(remotes, PLACES_MAX);
		if (!w->queue)
			return -ENOMEM;
	}
	return s->board && s->shadow ? 0 : -ENOMEM;
}

/* Raises the soft limit of descriptors to the hard one. How many greetings of one port
 * there is room for beside all else that connmgr may hold: handshakes_max, or fewer. */
static unsigned
greetings_max(const struct conf *c)
{
	/* while members change there may be twice as many */
	rlim_t need =
	    2 * c->server_count * CONNS_PER_REMOTE + c->links.strangers_max + OTHERS;
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return c->links.handshakes_max;
	limit.rlim_cur = limit.rlim_max;
	/* what the kernel does not grant, the bound below makes do without */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return c->links.handshakes_max;
	room = limit.rlim_cur > need ? (limit.rlim_cur - need) / 2 : 0;
	if (room < GREETINGS_MIN)
		room = GREETINGS_MIN;
	return room < c->links.handshakes_max ? (unsigned)room : c->links.handshakes_max;
}

static int
open_lanes(struct connmgr *s)
{
	struct lane_config config = {.loop = s->loop,
	                             .conf = s->conf,
	                             .secure = s->secure,
	                             .greetings_max = greetings_max(s->conf),
	                             .board = s->board,
	                             .gate = &s->gate};
	int r = resolve_new(&s->resolver, s->loop);

	if (config.greetings_max < s->conf->links.handshakes_max)
		log_warning("too few descriptors (ulimit -n): only %u instead of %u "
		            "greetings at one time",
		            config.greetings_max, s->conf->links.handshakes_max);
	config.resolver = s->resolver;
	if (r == 0)
		r = election_new(&s->election, &config);
	return r == 0 ? learner_new(&s->learner, &config) : r;
}

static int
open_all(struct connmgr *s)
{
	char why[TLS_WHY_MAX];
	int r = secure_new(&s->secure, s->conf, why);

	if (r > 0) {
		log_err("tls: %s", why);
		return EXIT_CONFIG;
	}
	if (r == 0)
		r = store_open(s->conf);
	if (r < 0)
		return r;
	if ((r = gate_init(&s->gate, sizeof(struct connmgr_event), GATE_MAX, &gate_ops,
	                   s)) < 0 ||
	    (r = open_board(s)) < 0 || (r = open_lanes(s)) < 0 ||
	    (r = connmgr_link_file(s)) < 0 ||
	    (r = sd_event_add_time(s->loop, &s->timer, CLOCK_BOOTTIME, 0,
	                           TIMER_ACCURACY_US, on_timer, s)) < 0 ||
	    (r = sd_event_add_post(s->loop, &s->post, on_post, s)) < 0 ||
	    (r = sd_event_source_set_priority(s->post, POST_PRIORITY)) < 0 ||
	    (r = connmgr_open_copy(s)) < 0 || (r = connmgr_open_door(s)) < 0) {
		log_err("cannot start: %s", strerror(-r));
		return r;
	}
	election_start(s->election);
	learner_start(s->learner);
	return 0;
}

void
connmgr_reload(struct connmgr *s)
{
	if (!s->secure)
		return;
	if (secure_reload(s->secure))
		log_notice(
		    "tls: the keys were read anew; connections are begun with key %s",
		    tls_context_key(s->secure->context, 0));
	else
		log_err("tls: the keys that were read before stay in force: %s",
		        s->secure->why);
}

void
connmgr_close(struct connmgr *s)
{
	if (!s)
		return;
	s->timer = sd_event_source_disable_unref(s->timer);
	s->post = sd_event_source_disable_unref(s->post);
	for (unsigned i = 0; i < BOARD_WORKERS_MAX && s->workers[i].queue; i++) {
		connmgr_cut(s, i);
		board_queue_free(s->workers[i].queue);
	}
	copy_close(s->copy);
	election_free(s->election);
	learner_free(s->learner);
	resolve_free(s->resolver);
	secure_free(s->secure);
	/* its end is what tells the workers, so everything else is gone before */
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		s->workers[i].door = NULL;
	door_close(s->door);
	board_free(s->board);
	shadow_free(s->shadow);
	gate_deinit(&s->gate);
	free(s);
}

int
connmgr_open(struct connmgr **out, sd_event *loop, const struct conf *conf,
             const char *name)
{
	struct connmgr *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->conf = conf;
	s->name = name;
	s->armed_ms = UINT64_MAX;
	r = open_all(s);
	if (r != 0) {
		connmgr_close(s);
		return r;
	}
	*out = s;
	return 0;
}
