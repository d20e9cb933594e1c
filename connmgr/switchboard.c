/* The switchboard's shell: opening, closing, its one timer; see switchboard.h. What would
 * change a link or a worker from inside of one of their own callbacks is marked and done
 * in on_post, which runs after every turn of the loop in which something happened. */
#include "connmgr/switchboard_impl.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "connmgr/frame.h"
#include "connmgr/outbox.h"
#include "connmgr/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TIMER_ACCURACY_US 500
#define POST_PRIORITY     (-10)
#define CONNS_PER_REMOTE  4 /* two lanes: a link, and a connection that replaces it */
#define OTHERS            160 /* descriptors: the door, the workers' links, the loop, files */
#define GREETINGS_MIN     4

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
		switchboard_link_down(s, i, why);
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
	    .rows_max = 2 * remotes + 1, /* our quorum port */
	    .frames_max = remotes + s->conf->links.strangers_max,
	    .frame_cap = MSG_MAX,
	    .hello_ms = SWITCHBOARD_HELLO_MS,
	    .state = state,
	};
	int r = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct board_record *held = &config.records[i];

		held->floor =
		    store_load_record(s->conf, MSG_WHO_ELECTOR + i, &s->records[i]);
		held->generation = s->records[i].generation;
		memcpy(held->name, s->records[i].now.name, sizeof(held->name));
	}
	config.state_len = store_load_state(s->conf, state, &serial);
	/* a peer's generation is in its serials: none may come twice */
	if (config.records[1].floor < serial.generation)
		config.records[1].floor = serial.generation;
	s->board = board_new(&config);
	s->shadow = shadow_new();
	for (unsigned i = 0; i < BOARD_WORKERS_MAX && r == 0; i++)
		r = worker_init(&s->workers[i], i, &switchboard_worker_ops, s);
	return s->board && s->shadow ? r : -ENOMEM;
}

/* Raises the soft limit of descriptors to the hard one. How many greetings of one port
 * there is room for beside all else that connmgr may hold: handshakes_max, or fewer. */
static unsigned
greetings_max(const struct conf *c)
{
	rlim_t need =
	    c->server_count * CONNS_PER_REMOTE + c->links.strangers_max + OTHERS;
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
open_all(struct switchboard *s)
{
	int r = store_open(s->conf);
	unsigned greetings;

	if (r < 0)
		return r;
	greetings = greetings_max(s->conf);
	if (greetings < s->conf->links.handshakes_max)
		log_warning(
		    "few descriptors: %u instead of %u handshakes of a port at one time",
		    greetings, s->conf->links.handshakes_max);
	if ((r = open_board(s)) < 0 || (r = resolve_new(&s->resolver, s->loop)) < 0 ||
	    (r = lane_new(&s->election, s->loop, s->resolver, s->conf, MSG_LANE_ELECTION,
	                  greetings, &switchboard_election_ops, s)) < 0 ||
	    (r = lane_new(&s->learner, s->loop, s->resolver, s->conf, MSG_LANE_LEARNER,
	                  greetings, &switchboard_learner_ops, s)) < 0 ||
	    (r = sd_event_add_time(s->loop, &s->timer, CLOCK_BOOTTIME, 0,
	                           TIMER_ACCURACY_US, on_timer, s)) < 0 ||
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
	promotion_close(s);
	lane_free(s->election);
	lane_free(s->learner);
	resolve_free(s->resolver);
	/* its end is what tells the workers, so everything else is gone before */
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		s->workers[i].door = NULL;
	door_close(s->door);
	board_free(s->board);
	shadow_free(s->shadow);
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
	s->armed_ms = UINT64_MAX;
	s->candidate = -1;
	s->looking = true;
	r = open_all(s);
	if (r < 0) {
		switchboard_close(s);
		return r;
	}
	*out = s;
	return 0;
}

const char *
switchboard_degraded(const struct switchboard *s, char *out, size_t cap)
{
	static const char *const roles[] = {"elector", "peer"};
	int64_t restless = lane_restless(s->election);

	*out = '\0';
	if (s->state_error < 0)
		snprintf(out, cap, "the elector's state cannot be written: %s",
		         strerror(-s->state_error));
	else if (restless >= 0)
		snprintf(out, cap,
		         "the link to server %" PRId64
		         " comes up and ends again and again; two servers may have the "
		         "same id",
		         restless);
	for (unsigned i = 0; i < 2; i++)
		if (s->record_errors[i] < 0)
			snprintf(out, cap,
			         "the record of the %s cannot be written, so none "
			         "becomes active: %s",
			         roles[i], strerror(-s->record_errors[i]));
	return out;
}
