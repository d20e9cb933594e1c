/* See keeper.h. Decode, step, apply, re-arm the one timer. */
#include "peer/keeper.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "ipc/msg.h"
#include "peer/keeper_apply.h"
#include "peer/keeper_door.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMER_ACCURACY_US 1
#define RETRY_US          1000000
#define RETRY_ACCURACY_US 10000
#define LOCK_NAME         "lock"

const char *
keeper_reason(const struct keeper *k, char *out, size_t cap)
{
	const char *file = EPOCH_CURRENT;

	switch (k->view.reason) {
	case ROLE_REASON_EPOCHS:
		snprintf(out, cap, "%s", k->why);
		break;
	case ROLE_REASON_ACCEPTED:
		file = EPOCH_ACCEPTED;
		/* fall through */
	case ROLE_REASON_CURRENT:
		if (k->view.error == 0)
			snprintf(out, cap,
			         "%s/%s is being written since %" PRIu64
			         " ms: the disk hangs",
			         k->folder, file, clock_ms() - k->view.since_ms);
		else
			snprintf(out, cap, "%s/%s cannot be written: %s", k->folder, file,
			         strerror(-k->view.error));
		break;
	case ROLE_REASON_USED_UP:
		snprintf(out, cap, "no epoch is left above %d", ROLE_EPOCH_MAX);
		break;
	case ROLE_REASON_PORT:
		snprintf(out, cap, "its quorum port, %u, cannot be opened",
		         k->conf->self->quorum_port);
		break;
	case ROLE_REASON_NONE:
	default:
		*out = '\0';
		break;
	}
	return out;
}

static void
rearm(struct keeper *k)
{
	uint64_t due_ms = k->role ? role_due_ms(k->role) : UINT64_MAX;

	if (due_ms == UINT64_MAX) {
		sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(k->timer, due_ms > 0 ? due_ms * 1000 : 1);
	sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

/* A write that could not be begun is one that failed: the core asks for no other in the
 * same breath, so this ends. */
static void
step(struct keeper *k, struct role_event *ev)
{
	struct role_event failed = {.type = ROLE_EV_WRITTEN};

	ev->now_ms = clock_ms();
	role_step(k->role, ev, &k->todo);
	failed.error = keeper_apply(k);
	if (failed.error < 0) {
		failed.now_ms = ev->now_ms;
		role_step(k->role, &failed, &k->todo);
		(void)keeper_apply(k);
	}
	rearm(k);
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct keeper *k = user;

	(void)source;
	(void)usec;
	if (k->role)
		step(k, &(struct role_event){.type = ROLE_EV_DUE});
	return 0;
}

/* ---- becoming active ---- */

/* 0; 1: damaged; -errno: to be tried again. k->why is filled unless 0. */
static int
read_files(struct keeper *k, struct role_event *start)
{
	char lock[CONF_PATH_MAX + 16];
	int r = file_make_dir(k->folder);

	if (r < 0) {
		snprintf(k->why, sizeof(k->why), "%s cannot be used: %s", k->folder,
		         strerror(-r));
		return r;
	}
	/* one that was thought dead may still be writing */
	snprintf(lock, sizeof(lock), "%s/" LOCK_NAME, k->folder);
	r = k->locked ? 0 : file_lock(lock);
	if (r < 0) {
		snprintf(k->why, sizeof(k->why), "%s: %s", lock,
		         r == -EWOULDBLOCK ? "another peer holds it" : strerror(-r));
		return r;
	}
	k->locked = true;
	if (k->conf->zab) /* else nothing is promised */
		r = epoch_read(k->folder, &start->accepted, &start->current, k->why,
		               sizeof(k->why));
	if (r == 0)
		r = epoch_read_claim(k->folder, &start->claim, k->why, sizeof(k->why));
	return r;
}

/* Files are read after we have become active, and never while a write of ours is still
 * under way. */
static void
try_start(struct keeper *k)
{
	struct role_event ev = {.type = ROLE_EV_START};
	char before[KEEPER_WHY_MAX];
	int r;

	if (!k->role || k->started || !k->synced || k->damaged ||
	    epoch_writer_busy(k->writer) || epoch_writer_busy(k->claims))
		return;
	memcpy(before, k->why, sizeof(before));
	k->why[0] = '\0';
	ev.generation = uplink_generation(k->uplink);
	r = read_files(k, &ev);
	k->started = r == 0;
	k->damaged = r == EPOCH_DAMAGED;
	ev.unusable = r != 0;
	if (r != 0 && strcmp(before, k->why) != 0)
		log_err("%s", k->why);
	if (r < 0) {
		sd_event_source_set_time_relative(k->retry, RETRY_US);
		sd_event_source_set_enabled(k->retry, SD_EVENT_ONESHOT);
	}
	step(k, &ev);
}

static int
on_retry(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	try_start(user);
	return 0;
}

static void
on_activate(void *user, uint64_t generation)
{
	struct keeper *k = user;
	const struct role_config config = {
	    .sid = k->conf->id,
	    .observer = k->conf->self->observer,
	    .zab = k->conf->zab,
	    .tick_ms = k->conf->timing.tick_ms,
	    .init_limit = k->conf->timing.init_limit,
	    .sync_limit = k->conf->timing.sync_limit,
	    .members = &k->members,
	};
	struct role *fresh;
	struct role_view view;
	int r = role_new(&fresh, &config);

	(void)generation;
	if (r < 0) {
		log_err("no core: %s", strerror(-r));
		proc_exit(k->proc, EXIT_FAILED);
		return;
	}
	role_free(k->role);
	k->role = fresh;
	k->synced = false;
	k->started = false;
	k->writing = false;
	role_get_view(k->role, &view);
	if (k->view.state != view.state || k->view.phase != view.phase)
		keeper_publish(k, &view);
	rearm(k);
}

static void
on_written(void *user, int error)
{
	struct keeper *k = user;
	bool ours = k->writing; /* else of a core before this one */

	k->writing = false;
	if (error < 0) {
		k->counters.writes_failed++;
		log_err("%s: an epoch could not be written: %s", k->folder,
		        strerror(-error));
	}
	if (ours)
		step(k, &(struct role_event){.type = ROLE_EV_WRITTEN, .error = error});
	try_start(k);
}

void
keeper_claimed(struct keeper *k, int64_t claim, int error)
{
	if (error == 0) {
		k->damaged = false;
		if (k->role)
			step(k,
			     &(struct role_event){.type = ROLE_EV_CLAIM, .claim = claim});
	}
	try_start(k);
}

/* ---- connmgr ---- */

static void
on_lost(void *user, const char *why)
{
	struct keeper *k = user;

	(void)why; /* uplink has said it */
	if (k->role)
		step(k, &(struct role_event){.type = ROLE_EV_LOST});
}

/* A link that ended before it was greeted is not told by on_lost, and what we said on it
 * is gone: lost, in any case. */
static void
on_again(void *user, bool active)
{
	struct keeper *k = user;

	if (!active || !k->role)
		return;
	step(k, &(struct role_event){.type = ROLE_EV_LOST});
	step(k, &(struct role_event){.type = ROLE_EV_AGAIN});
}

static void
take_remote(struct keeper *k, const struct msg_remote *m)
{
	if (m->sid == k->conf->id) {
		step(k, &(struct role_event){.type = ROLE_EV_PORT,
		                             .open = m->link == MSG_LINK_UP});
		return;
	}
	step(k, &(struct role_event){
		    .type = ROLE_EV_REMOTE,
		    .sid = m->sid,
		    .lane = m->lane,
		    .link = m->link,
		    .reason = m->reason,
		});
}

static void
take_frame(struct keeper *k, const struct msg_frame *m)
{
	struct qpacket packet;
	struct role_event ev = {.type = ROLE_EV_PACKET, .sid = m->sid, .packet = &packet};
	enum qpacket_result r;

	if (m->lane != MSG_LANE_LEARNER)
		return;
	k->counters.packets_in++;
	r = qpacket_decode(m->data, m->data_len, &packet);
	if (r != QPACKET_OK) {
		k->counters.packets_refused++;
		log_info("learner sid=%" PRId64 " no packet reason=%s", m->sid,
		         qpacket_result_name(r));
		ev.type = ROLE_EV_BAD_PACKET;
		ev.packet = NULL;
	}
	step(k, &ev);
}

static void
take_decided(struct keeper *k, const struct msg_decided *m)
{
	k->counters.decided++;
	step(k, &(struct role_event){
		    .type = ROLE_EV_DECIDED,
		    .serial = m->serial,
		    .vote = m->vote,
		});
}

static void
take_synced(struct keeper *k)
{
	k->synced = k->role != NULL;
	k->ready = true;
	keeper_say(k);
	try_start(k);
}

static void
on_message(void *user, const struct msg *m)
{
	struct keeper *k = user;

	if (m->type == MSG_SYNCED)
		take_synced(k);
	else if (!k->role)
		return; /* a shadow does nothing */
	else if (m->type == MSG_REMOTE)
		take_remote(k, &m->u.remote);
	else if (m->type == MSG_FRAME_IN)
		take_frame(k, &m->u.frame);
	else if (m->type == MSG_DECIDED)
		take_decided(k, &m->u.decided);
	else if (m->type == MSG_DOUBT)
		step(k, &(struct role_event){
			    .type = ROLE_EV_DOUBT,
			    .sid = m->u.doubt.sid,
			    .serial = m->u.doubt.serial,
			});
}

static void
on_superseded(void *user, int status)
{
	struct keeper *k = user;

	proc_exit(k->proc, status);
}

/* ---- open and close ---- */

static int
make_members(struct keeper *k)
{
	static char text[QCONFIG_TEXT_MAX];
	size_t len = conf_qconfig(k->conf, text, sizeof(text));

	if (len == 0)
		return -EOVERFLOW;
	return qconfig_parse(text, len, true, &k->members) == QCONFIG_OK ? 0 : -EINVAL;
}

/* Frames before the clock: a process that was stopped for a while hears what has waited
 * for it before it counts the silence. */
static int
open_timers(struct keeper *k)
{
	int r = sd_event_add_time(k->loop, &k->timer, CLOCK_BOOTTIME, UINT64_MAX,
	                          TIMER_ACCURACY_US, on_timer, k);

	if (r >= 0)
		r = sd_event_source_set_priority(k->timer, SD_EVENT_PRIORITY_NORMAL + 10);
	if (r >= 0)
		r = sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(k->loop, &k->retry, CLOCK_BOOTTIME, UINT64_MAX,
		                      RETRY_ACCURACY_US, on_retry, k);
	if (r >= 0)
		r = sd_event_source_set_enabled(k->retry, SD_EVENT_OFF);
	return r;
}

int
keeper_open(struct keeper *k, const struct conf *conf, const char *name,
            struct proc *proc)
{
	static const struct uplink_ops ops = {on_activate, on_again, on_message, on_lost,
	                                      on_superseded};
	const struct uplink_config uplink = {
	    .who = MSG_WHO_PEER,
	    .name = name,
	    .run_dir = conf->run_dir,
	    .kind = conf->ipc == CONF_IPC_NNG ? CHAN_NNG : CHAN_SEQPACKET,
	};
	int r;

	k->conf = conf;
	k->name = name;
	k->proc = proc;
	k->loop = proc_loop(proc);
	k->view_us = clock_us();
	snprintf(k->folder, sizeof(k->folder), "%s/peer", conf->data_dir);
	r = make_members(k);
	if (r >= 0)
		r = open_timers(k);
	if (r >= 0)
		r = epoch_writer_open(&k->writer, k->loop, on_written, k);
	if (r >= 0)
		r = uplink_open(&k->uplink, k->loop, &uplink, &ops, k);
	if (r >= 0)
		r = keeper_door_open(k);
	if (r < 0) {
		log_err("cannot start: %s", strerror(-r));
		return r;
	}
	if (conf->attach)
		log_notice("attached to ZooKeeper: we observe its leader and never vote");
	else if (!conf->zab)
		log_notice(
		    "zab is off: the role is what the election says, and no epoch is "
		    "promised");
	proc_say(proc, "knocking at connmgr's door");
	return 0;
}

void
keeper_close(struct keeper *k)
{
	keeper_door_close(k);
	uplink_close(k->uplink);
	sd_event_source_disable_unref(k->timer);
	sd_event_source_disable_unref(k->retry);
	if (k->writer && !epoch_writer_busy(k->writer))
		epoch_writer_close(k->writer); /* else a disk that hangs would keep us */
	role_free(k->role);
}
