/* A worker's way to connmgr; see uplink.h. There is one state and one timer. A failure in
 * any state goes through `fall`, which closes what that state had and arms the next try.
 *
 * The connection to connmgr's door tells connmgr that this process lives, so it is kept
 * as long as connmgr lives. A link that breaks alone is made anew over the same
 * connection. */
#include "ipc/uplink.h"

#include "base/exit.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/version.h"
#include "ipc/door.h"
#include "ipc/local.h"
#include "ipc/queue.h"
#include "ipc/users.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MIN_US 20000
#define RETRY_MAX_US 100000
#define ANSWER_US    1000000 /* for attached, the link, and welcome: each */
#define ACCURACY_US  1000
#define ANSWER_MAX   512 /* attach, attached, superseded */

enum uplink_state {
	/* Waits for the next try. The connection to the door may be there. */
	UPLINK_PAUSED,
	/* attach was sent. */
	UPLINK_ATTACHING,
	UPLINK_DIALLING,
	/* hello was sent. */
	UPLINK_GREETING,
	UPLINK_LINKED,
	/* Superseded, refused, or closed by the owner. */
	UPLINK_ENDED,
};

struct uplink {
	sd_event *loop;
	struct uplink_config config;
	const struct uplink_ops *ops;
	void *user;
	/* Held by the owner, and by each handler while it runs. */
	unsigned refs;

	enum uplink_state state;
	sd_event_source *timer;
	uint64_t retry_us;
	sd_event_source *door_source;
	char door_path[MSG_PATH_MAX];
	int door;                     /* -1: none */
	struct users_process connmgr; /* at the other end of the door */
	struct chan *chan;
	/* Why the link was cut; the owner hears of it in the next turn of the loop. */
	const char *cut;

	/* There was a link before: the next one calls on_again. */
	bool linked_once;
	uint64_t generation;
	struct queue waiting; /* for room on the link */
	struct uplink_counters counters;
};

static void
uplink_unref(struct uplink *u)
{
	if (--u->refs == 0)
		free(u);
}

static void
arm(struct uplink *u, uint64_t after_us)
{
	sd_event_source_set_time_relative(u->timer, after_us);
	sd_event_source_set_enabled(u->timer, SD_EVENT_ONESHOT);
}

static void
close_door(struct uplink *u)
{
	u->door_source = sd_event_source_disable_unref(u->door_source);
	if (u->door >= 0)
		close(u->door);
	u->door = -1;
}

static void
close_link(struct uplink *u)
{
	chan_close(u->chan);
	u->chan = NULL;
	u->cut = NULL;
	queue_clear(&u->waiting);
}

/* The try has failed or the link has ended: the first time the next try comes at once.
 * The owner hears of it only if there was a link. */
static void
fall(struct uplink *u, const char *why)
{
	bool had = u->state == UPLINK_LINKED;

	if (u->state == UPLINK_ENDED)
		return;
	close_link(u);
	u->state = UPLINK_PAUSED;
	arm(u, u->retry_us);
	u->retry_us = u->retry_us == 0                 ? RETRY_MIN_US
	              : u->retry_us * 2 > RETRY_MAX_US ? RETRY_MAX_US
	                                               : u->retry_us * 2;
	if (had) {
		log_info("uplink linked→lost reason=%s", why);
		if (u->ops->on_lost)
			u->ops->on_lost(u->user, why);
	}
}

static void
fall_with_door(struct uplink *u, const char *why)
{
	close_door(u);
	fall(u, why);
}

static void
end(struct uplink *u)
{
	u->state = UPLINK_ENDED;
	u->timer = sd_event_source_disable_unref(u->timer);
	close_door(u);
	close_link(u);
}

static void
be_superseded(struct uplink *u, const struct msg_superseded *m)
{
	log_notice("uplink superseded by another %s", m->other_name ? "name" : "process");
	end(u);
	u->ops->on_superseded(u->user, m->other_name ? EXIT_RETIRED : EXIT_FAILED);
}

/* The owner must not hear of a lost link inside of uplink_send: the timer says it. */
static void
cut_soon(struct uplink *u, const char *why)
{
	close_link(u);
	u->cut = why;
	arm(u, 0);
}

/* False where the link has no room, or was cut. */
static bool
pass(struct uplink *u, const void *data, size_t len)
{
	int r = chan_send(u->chan, data, len);

	if (r < 0)
		cut_soon(u, "the link does not send");
	return r == 0;
}

static void
on_link_writable(void *user)
{
	struct uplink *u = user;

	while (u->waiting.first && u->chan &&
	       pass(u, u->waiting.first->data, u->waiting.first->len))
		queue_remove_first(&u->waiting);
}

/* The newer of two votes for a server replaces the older. Where the queue is full nothing
 * of it is kept, since a series with a gap is worth nothing. */
static void
keep(struct uplink *u, const struct msg *m, const void *data, size_t len)
{
	bool vote = m->type == MSG_FRAME_OUT && m->u.frame.lane == MSG_LANE_ELECTION;
	unsigned before = u->waiting.count;
	bool added = queue_add(&u->waiting, vote ? &m->u.frame.sid : NULL, data, len);

	u->counters.replaced += added && u->waiting.count == before;
	if (added && u->waiting.count <= UPLINK_QUEUE_MAX)
		return;
	u->counters.dropped += u->waiting.count + !added;
	cut_soon(u, added ? "the queue is full" : "out of memory");
}

/* In order: no message overtakes those that wait. */
static void
send_or_wait(struct uplink *u, const struct msg *m)
{
	static unsigned char packet[MSG_MAX];
	size_t len = msg_encode(m, packet, sizeof(packet));

	assert(len > 0);
	if (u->waiting.first || (!pass(u, packet, len) && u->chan))
		keep(u, m, packet, len);
}

void
uplink_send(struct uplink *u, const struct msg *m)
{
	if (u->chan && (u->state == UPLINK_GREETING || u->state == UPLINK_LINKED))
		send_or_wait(u, m);
	else
		u->counters.dropped++;
}

void
uplink_flush(struct uplink *u)
{
	chan_flush(u->chan);
}

static void
send_hello(struct uplink *u)
{
	send_or_wait(u, &(struct msg){.type = MSG_HELLO, .u.hello = {u->generation}});
}

static void
on_link_up(void *user)
{
	struct uplink *u = user;

	u->refs++;
	u->counters.links++;
	u->state = UPLINK_GREETING;
	arm(u, ANSWER_US);
	if (u->linked_once)
		u->ops->on_again(u->user, uplink_active(u));
	if (u->state == UPLINK_GREETING && u->chan)
		send_hello(u);
	uplink_unref(u);
}

/* connmgr drops what comes before the hello of a new generation, so hello goes first.
 * What the owner sends in on_activate comes behind it. */
static void
be_activated(struct uplink *u, uint64_t generation)
{
	queue_clear(&u->waiting);
	u->generation = generation;
	log_info("uplink active generation=%" PRIu64, generation);
	send_hello(u);
	u->ops->on_activate(u->user, generation);
}

static void
take_message(struct uplink *u, const struct msg *m)
{
	bool linked = u->state == UPLINK_LINKED;

	if (m->type == MSG_SUPERSEDED) {
		be_superseded(u, &m->u.superseded);
	} else if (m->type == MSG_WELCOME && !linked) {
		u->state = UPLINK_LINKED;
		u->linked_once = true;
		sd_event_source_set_enabled(u->timer, SD_EVENT_OFF);
		log_info("uplink greeting→linked generation=%" PRIu64, u->generation);
	} else if (m->type == MSG_ACTIVATE && m->u.hello.generation > u->generation) {
		be_activated(u, m->u.hello.generation);
	} else if (!linked || m->type == MSG_WELCOME || m->type == MSG_ACTIVATE ||
	           m->type == MSG_ATTACHED) {
		u->counters.refused++;
	} else {
		/* the link works: the next failure is a first one */
		if (m->type == MSG_SYNCED)
			u->retry_us = 0;
		u->ops->on_message(u->user, m);
	}
}

/* False, and counted, where the packet is no message for this process. */
static bool
decode(struct uplink *u, const void *data, size_t len, struct msg *out)
{
	if (msg_decode(data, len, out) == MSG_OK &&
	    msg_def(out->type)->to & msg_party(u->config.who))
		return true;
	u->counters.refused++;
	return false;
}

static void
on_link_message(void *user, const void *data, size_t len)
{
	struct uplink *u = user;
	struct msg m;

	u->refs++;
	if (decode(u, data, len, &m))
		take_message(u, &m);
	uplink_unref(u);
}

static void
on_link_down(void *user, const char *why)
{
	struct uplink *u = user;

	u->refs++;
	fall(u, why);
	uplink_unref(u);
}

static void
dial(struct uplink *u, const struct msg_attached *attached)
{
	static const struct chan_ops ops = {on_link_up, on_link_message, on_link_writable,
	                                    on_link_down};

	if (attached->generation != u->generation && attached->generation != 0) {
		fall_with_door(u, "attached with a generation that is not ours");
		return;
	}
	u->state = UPLINK_DIALLING; /* the link has a deadline of its own */
	sd_event_source_set_enabled(u->timer, SD_EVENT_OFF);
	if (chan_open(&u->chan, u->config.kind, CHAN_DIALS, u->loop, attached->path,
	              (struct users_far){POLICY_BE_CONNMGR, u->connmgr.pid}, ANSWER_US,
	              &ops, u) < 0)
		fall(u, "the link cannot be dialled");
}

/* connmgr answers in words where it is of another message set. This process cannot ever
 * attach; one that is started from the installed file may. */
static void
be_refused(struct uplink *u, const char *words, size_t len)
{
	log_err("connmgr refuses to attach this process: %.*s; exiting to be restarted",
	        (int)len, words);
	end(u);
	u->ops->on_superseded(u->user, EXIT_FAILED);
}

static void
take_answer(struct uplink *u, const void *data, size_t len)
{
	struct msg m;

	if (*(const char *)data == '{' && u->state == UPLINK_ATTACHING)
		be_refused(u, data, len);
	else if (!decode(u, data, len, &m))
		return;
	else if (m.type == MSG_SUPERSEDED)
		be_superseded(u, &m.u.superseded);
	else if (m.type == MSG_ATTACHED && u->state == UPLINK_ATTACHING)
		dial(u, &m.u.attached);
	else
		u->counters.refused++;
}

static int
on_door(sd_event_source *s, int fd, uint32_t events, void *user)
{
	unsigned char packet[ANSWER_MAX];
	struct uplink *u = user;
	ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

	(void)s;
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	u->refs++;
	if (n <= 0)
		fall_with_door(u, "connmgr has ended");
	else
		take_answer(u, packet, (size_t)n);
	uplink_unref(u);
	return 0;
}

static int
send_attach(struct uplink *u)
{
	struct msg m = {.type = MSG_ATTACH,
	                .u.attach = {.who = (uint8_t)u->config.who,
	                             .pid = getpid(),
	                             .build = CONCLAVE_VERSION,
	                             .set = MSG_SET,
	                             .generation = u->generation}};
	unsigned char packet[ANSWER_MAX];
	size_t len;

	snprintf(m.u.attach.name, sizeof(m.u.attach.name), "%s", u->config.name);
	len = msg_encode(&m, packet, sizeof(packet));
	assert(len > 0);
	return send(u->door, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int
open_own_door(struct uplink *u)
{
	int r = u->door = local_connect(u->door_path);

	if (r >= 0)
		r = users_of(u->door, &u->connmgr);
	if (r >= 0 && users_refuse(&u->connmgr, POLICY_BE_CONNMGR))
		r = -EPERM;
	if (r >= 0)
		r = sd_event_add_io(u->loop, &u->door_source, u->door, EPOLLIN, on_door,
		                    u);
	return r;
}

static void
knock(struct uplink *u)
{
	int r = u->door < 0 ? open_own_door(u) : 0;

	if (r >= 0)
		r = send_attach(u);
	if (r < 0) {
		fall_with_door(u, strerror(-r));
		return;
	}
	u->state = UPLINK_ATTACHING;
	arm(u, ANSWER_US);
}

static int
on_timer(sd_event_source *s, uint64_t usec, void *user)
{
	struct uplink *u = user;

	(void)s;
	(void)usec;
	u->refs++;
	if (u->cut)
		fall(u, u->cut);
	else if (u->state == UPLINK_PAUSED)
		knock(u);
	else if (u->state == UPLINK_ATTACHING)
		fall_with_door(u, "no answer to attach");
	else if (u->state == UPLINK_GREETING)
		fall(u, "no welcome");
	uplink_unref(u);
	return 0;
}

int
uplink_open(struct uplink **out, sd_event *loop, const struct uplink_config *config,
            const struct uplink_ops *ops, void *user)
{
	struct uplink *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	*u = (struct uplink){.loop = loop, .config = *config, .ops = ops, .user = user};
	u->refs = 1;
	u->door = -1;
	r = paths_below(u->door_path, sizeof(u->door_path), config->run_dir,
	                PATHS_CONNMGR, PATHS_DOOR);
	if (r == 0) /* at once, but from the loop */
		r = sd_event_add_time_relative(loop, &u->timer, CLOCK_MONOTONIC, 0,
		                               ACCURACY_US, on_timer, u);
	if (r < 0) {
		free(u);
		return r;
	}
	*out = u;
	return 0;
}

void
uplink_close(struct uplink *u)
{
	if (u && u->state != UPLINK_ENDED)
		end(u);
	if (u)
		uplink_unref(u);
}

unsigned
uplink_waiting(const struct uplink *u)
{
	return u->waiting.count;
}

uint64_t
uplink_generation(const struct uplink *u)
{
	return u->generation;
}

struct uplink_counters
uplink_counters(const struct uplink *u)
{
	return u->counters;
}
