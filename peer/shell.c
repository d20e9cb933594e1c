/* See shell.h. */
#include "peer/shell.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "base/paths.h"
#include "peer/packet.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define TIMER_ACCURACY_US 1
#define RETRY_ACCURACY_US 10000

/* One step pushes at most the end of a write that could not be started, and that who
 * holds has changed. */
#define EVENTS_MAX 3

static void
settle(void *user)
{
	struct peer *p = user;

	gate_arm(p->timer, p->role ? role_due_ms(p->role) : UINT64_MAX);
	peer_watch_settle(p);
}

static void
step(void *user, uint64_t now_ms, void *event)
{
	struct peer *p = user;
	struct role_event *ev = event;

	ev->now_ms = now_ms;
	if (ev->type == ROLE_EV_HOLDS)
		peer_hold_fill(p, ev);
	role_step(p->role, ev, &p->todo);
	peer_apply(p);
}

static void
push(struct peer *p, struct role_event ev)
{
	gate_push(&p->gate, &ev);
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct peer *p = user;

	(void)source;
	(void)usec;
	if (p->role)
		push(p, (struct role_event){.type = ROLE_EV_DUE});
	return 0;
}

void
peer_catch_up(struct peer *p)
{
	if (p->role && role_due_ms(p->role) <= clock_ms())
		push(p, (struct role_event){.type = ROLE_EV_DUE});
}

static int
on_retry(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	peer_try_start(user);
	return 0;
}

static void
put_lease(const struct conf *conf, struct role_config *out)
{
	static const enum role_lease_mode modes[] = {
	    [CONF_LEASE_AUTO] = ROLE_LEASE_AUTO,
	    [CONF_LEASE_ALWAYS] = ROLE_LEASE_ALWAYS,
	    [CONF_LEASE_OFF] = ROLE_LEASE_OFF,
	};
	out->lease = modes[conf->lease];
	out->lease_max_ms = conf->lease_max_ms;
	out->lease_ms = conf_lease_ms(conf);
	out->resume_ms = conf->resume_ms;
	out->drift_percent = conf->drift_percent;
}

static int
make_core(struct peer *p, struct role **out)
{
	struct role_config config = {
	    .sid = p->conf->id,
	    .zab = p->conf->zab,
	    .tick_ms = p->conf->timing.tick_ms,
	    .init_limit = p->conf->timing.init_limit,
	    .sync_limit = p->conf->timing.sync_limit,
	    .file = &p->file,
	};

	put_lease(p->conf, &config);
	return role_new(out, &config);
}

static void
on_activate(void *user, uint64_t generation)
{
	struct peer *p = user;
	struct role *fresh, *was = p->role;
	struct role_view view;
	int r = make_core(p, &fresh);

	(void)generation;
	if (r < 0) {
		log_err("the core cannot be made: %s", strerror(-r));
		proc_exit(p->proc, EXIT_FAILED);
		return;
	}
	if (p->claiming) /* the core that owed the answer goes */
		peer_door_claimed(p, 0, -ECANCELED);
	if (p->refounding)
		peer_door_refounded(p, -ECANCELED);
	peer_handover_cancel(p);
	p->role = fresh;
	p->told = (struct role_told){0};
	p->synced = false;
	p->started = false;
	p->damaged = false; /* the new core has to be told, too */
	p->writing = false;
	role_get_view(p->role, &view);
	if (!was || p->view.state != view.state || p->view.phase != view.phase)
		peer_publish(p, &view);
	role_free(was);
	settle(p);
}

static void
on_written(void *user, int error)
{
	struct peer *p = user;
	bool ours = p->writing; /* else the core before this one started it */

	p->writing = false;
	if (error < 0) {
		p->counters.writes_failed++;
		log_err("%s cannot be written: %s; %s, until then this server promises "
		        "nothing",
		        epoch_path(p->epochs), strerror(-error), epoch_remedy(error));
	}
	if (ours)
		push(p, (struct role_event){.type = ROLE_EV_WRITTEN, .error = error});
	peer_try_start(p);
}

static void
on_lost(void *user, const char *why)
{
	struct peer *p = user;

	(void)why; /* uplink has logged it */
	if (p->role)
		push(p, (struct role_event){.type = ROLE_EV_LOST});
}

/* on_lost does not tell of a link that ended before it was greeted, and what we sent over
 * that link is lost too. */
static void
on_again(void *user, bool active)
{
	struct peer *p = user;

	if (!active || !p->role)
		return;
	peer_tell_members_again(p);
	push(p, (struct role_event){.type = ROLE_EV_LOST});
	push(p, (struct role_event){.type = ROLE_EV_AGAIN});
}

static void
take_remote(struct peer *p, const struct msg_remote *m)
{
	bool ours = m->sid == p->conf->id;

	push(p, (struct role_event){.type = ours ? ROLE_EV_PORT : ROLE_EV_REMOTE,
	                            .open = m->link == MSG_LINK_UP,
	                            .sid = m->sid,
	                            .lane = m->lane,
	                            .link = m->link,
	                            .reason = m->reason,
	                            .number = m->number,
	                            .dialled = m->dialled});
}

static void
take_frame(struct peer *p, const struct msg_frame *m)
{
	static struct packet_in in;
	struct role_event ev = {.sid = m->sid, .number = m->number};
	const char *why;

	if (m->lane != MSG_LANE_LEARNER)
		return;
	p->counters.packets_in++;
	if (!packet_decode(m->data, m->data_len, &in, &p->hints, &ev, &why)) {
		p->counters.packets_refused++;
		log_limited(LOG_LEVEL_INFO,
		            "learner: frame sid=%" PRId64 " refused reason=%s", m->sid,
		            why);
	}
	if (ev.report || ev.pair)
		peer_prefer_file(p);
	push(p, ev);
}

static void
take_synced(struct peer *p)
{
	p->synced = p->role != NULL;
	p->ready = true;
	if (p->role)
		push(p, (struct role_event){.type = ROLE_EV_SYNCED});
	peer_say(p);
	peer_try_start(p);
}

static void
on_message(void *user, const struct msg *m)
{
	struct peer *p = user;

	if (m->type == MSG_SYNCED) {
		take_synced(p);
	} else if (!p->role) {
		return; /* a shadow does nothing */
	} else if (m->type == MSG_REMOTE) {
		take_remote(p, &m->u.remote);
	} else if (m->type == MSG_FRAME_IN) {
		take_frame(p, &m->u.frame);
	} else if (m->type == MSG_DECIDED) {
		p->counters.decided++;
		push(p, (struct role_event){.type = ROLE_EV_DECIDED,
		                            .serial = m->u.decided.serial,
		                            .vote = m->u.decided.vote});
	} else if (m->type == MSG_WHERE) {
		peer_take_where(p, &m->u.where);
	} else if (m->type == MSG_DOUBT) {
		push(p, (struct role_event){.type = ROLE_EV_DOUBT,
		                            .serial = m->u.doubt.serial,
		                            .sid = m->u.doubt.sid});
	}
}

static void
on_superseded(void *user, int status)
{
	struct peer *p = user;

	proc_exit(p->proc, status);
}

/* Frames go before the timer: a process that was stopped for a while takes what has
 * waited for it before it counts the silence. */
static int
open_timers(struct peer *p)
{
	int r = sd_event_add_time(p->loop, &p->timer, CLOCK_BOOTTIME, UINT64_MAX,
	                          TIMER_ACCURACY_US, on_timer, p);

	if (r >= 0)
		r = sd_event_source_set_priority(p->timer, SD_EVENT_PRIORITY_NORMAL + 10);
	if (r >= 0)
		r = sd_event_add_time(p->loop, &p->retry, CLOCK_BOOTTIME, UINT64_MAX,
		                      RETRY_ACCURACY_US, on_retry, p);
	return r;
}

int
peer_open(void *self, const struct conf *conf, const char *name, struct proc *proc)
{
	struct peer *p = self;
	static const struct gate_ops gate_ops = {step, settle};
	static const struct epoch_ops epoch_ops = {peer_on_read, on_written};
	static const struct uplink_ops ops = {on_activate, on_again, on_message, on_lost,
	                                      on_superseded};
	const struct uplink_config uplink = {
	    .who = MSG_WHO_PEER,
	    .name = name,
	    .run_dir = conf->run_dir,
	    .kind = conf->ipc == CONF_IPC_NNG ? CHAN_NNG : CHAN_SEQPACKET,
	};
	int r;

	p->conf = conf;
	p->name = name;
	p->proc = proc;
	p->loop = proc_loop(proc);
	p->view_us = p->looking_us = clock_us();
	r = paths_below(p->folder, sizeof(p->folder), conf->data_dir, PATHS_PEER, NULL);
	if (r >= 0)
		r = peer_take_file(p, conf);
	if (r >= 0)
		r = gate_init(&p->gate, sizeof(struct role_event), EVENTS_MAX, &gate_ops,
		              p);
	if (r >= 0)
		r = open_timers(p);
	if (r >= 0)
		r = epoch_new(&p->epochs, p->loop, p->folder, conf->timing.tick_ms,
		              &epoch_ops, p);
	if (r >= 0)
		r = uplink_open(&p->uplink, p->loop, &uplink, &ops, p);
	if (r >= 0)
		r = holds_new(&p->holds, p->loop);
	if (r >= 0)
		r = peer_clock_open(p);
	if (r >= 0)
		r = peer_watch_open(p);
	if (r >= 0)
		r = peer_door_open(p);
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
	proc_say(proc, "attaching to connmgr");
	return 0;
}

void
peer_close(void *self)
{
	struct peer *p = self;

	p->closing = true;
	peer_watch_close(p);
	peer_door_close(p);
	holds_free(p->holds);
	sd_event_source_disable_unref(p->stop_timer);
	sd_event_source_disable_unref(p->release_timer);
	sd_event_source_disable_unref(p->clock_timer);
	peer_lease_close(p);
	uplink_close(p->uplink);
	sd_event_source_disable_unref(p->timer);
	sd_event_source_disable_unref(p->retry);
	epoch_free(p->epochs);
	role_free(p->role);
	gate_deinit(&p->gate);
}
