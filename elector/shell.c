/* Decode, step, apply, arm the one timer; see shell.h. */
#include "elector/shell.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "base/paths.h"
#include "ipc/door.h"
#include "wire/members.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMER_ACCURACY_US 1
#define STATUS_LINE_MAX   200

static void
say_status(struct elector *s)
{
	char line[STATUS_LINE_MAX];

	if (!s->ready)
		return;
	elector_status_line(s, line, sizeof(line));
	proc_ready(s->proc, line, uplink_generation(s->uplink), uplink_active(s->uplink));
}

/* One line for each change of what we are. */
static void
show(struct elector *s)
{
	struct elect_view now;

	elector_view(s, &now);
	if (now.silent == s->shown.silent && now.state == s->shown.state &&
	    (now.state != NOTIF_LOOKING || now.clock == s->shown.clock) &&
	    (now.state == NOTIF_LOOKING || now.current.epoch == s->shown.current.epoch) &&
	    msg_serial_compare(&now.serial, &s->shown.serial) == 0)
		return;
	log_limited(LOG_LEVEL_INFO,
	            "state %s→%s round=%" PRId64 " leader=%" PRId64 " epoch=%" PRId64
	            " serial=%" PRIu64 ",%" PRIu64,
	            elector_state(&s->shown), elector_state(&now), now.clock,
	            now.current.leader, now.current.epoch, now.serial.generation,
	            now.serial.count);
	s->shown = now;
	say_status(s);
}

static void
on_step(void *user, uint64_t now_ms, void *event)
{
	struct elector *s = user;
	struct elect_event *ev = event;

	ev->now_ms = now_ms;
	if (s->attach)
		attach_step(s->attach, ev, &s->todo);
	else
		elect_step(s->elect, ev, &s->todo);
	for (unsigned i = 0; i < s->todo.count; i++)
		elector_apply(s, &s->todo.list[i]);
}

static void
on_settle(void *user)
{
	struct elector *s = user;

	show(s);
	gate_arm(s->timer, s->attach ? attach_due_ms(s->attach) : elect_due_ms(s->elect));
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct elector *s = user;

	(void)source;
	(void)usec;
	gate_push(&s->gate, &(struct elect_event){.type = ELECT_EV_DUE});
	return 0;
}

static int
make_core(struct elector *s)
{
	struct elect_options o;
	struct elect *elect = NULL;
	struct attach *attach = NULL;
	int r;

	elect_options_ours(&o);
	o.sid = s->conf->id;
	o.observer = elector_is_observer(s);
	o.config = &s->config;
	o.last_seen = s->quorums.has_last_seen ? &s->last_seen : NULL;
	o.others = s->others;
	o.other_count = s->other_count;
	o.joint = o.follow_newer = s->members_len > 0;
	o.joins = s->joins;
	o.config_text = s->config_text;
	o.config_text_len = s->config_text_len;
	o.multi_address = true;
	o.notify_min_ms = s->conf->timing.notify_min_ms;
	o.notify_max_ms = s->conf->timing.notify_max_ms;
	o.finalize_ms = s->conf->timing.finalize_ms;
	o.early_finalize = s->conf->early_finalize && s->conf->zab;
	/* without Zab nothing parts the followers of two leaders of one round */
	o.fixed_window = s->conf->zab;
	o.doubt_vote = !s->conf->zab;
	/* nor would anything keep a fresher server's data from being left behind */
	o.yield = s->conf->zab;
	o.priorities = s->conf->zab;
	o.priority = elector_priority(s);
	r = s->conf->attach ? attach_new(&attach, &o) : elect_new(&elect, &o);
	if (r < 0)
		return r;
	elect_free(s->elect);
	attach_free(s->attach);
	s->elect = elect;
	s->attach = attach;
	s->state = s->decided = (struct msg){0};
	for (unsigned i = 0; i < s->remote_count; i++)
		s->remotes[i].heard = false;
	return 0;
}

/* Forgets what was worked out so far. */
static void
start_afresh(struct elector *s)
{
	int r = make_core(s);

	if (r < 0) {
		log_err("cannot make the election core: %s", strerror(-r));
		proc_exit(s->proc, EXIT_FAILED);
		return;
	}
	on_settle(s);
}

static void
on_activate(void *user, uint64_t generation)
{
	(void)generation;
	start_afresh(user);
}

static void
on_again(void *user, bool active)
{
	struct elector *s = user;

	if (!active) {
		start_afresh(s);
		return;
	}
	gate_push(&s->gate, &(struct elect_event){.type = ELECT_EV_AGAIN});
	if (s->state.type)
		uplink_send(s->uplink, &s->state);
	if (s->decided.type)
		uplink_send(s->uplink, &s->decided);
}

static void
take_remote(struct elector *s, const struct msg_remote *m)
{
	if (m->lane == MSG_LANE_ELECTION)
		gate_push(&s->gate,
		          &(struct elect_event){.type = ELECT_EV_LINK,
		                                .sid = m->sid,
		                                .link = (enum msg_link)m->link,
		                                .reason = (enum msg_reason)m->reason,
		                                .was_up = m->was_up});
}

/* Members of another version are not other members of ours, and addresses are hints. */
static bool
has_other_members(const struct elector *s, const struct qconfig *theirs)
{
	struct members a, b;

	if (s->members_len == 0)
		return !qconfig_equal(theirs, &s->config);
	return theirs->version == s->config.version &&
	       !(members_from_qconfig(theirs, &a) &&
	         members_from_qconfig(&s->config, &b) && members_same_list(&a, &b));
}

/* Texts may differ where the members are the same. A text that cannot be read says
 * nothing about members; the core counts it. */
static bool
lists_others(struct elector *s, const struct notif *n)
{
	struct qconfig *theirs = &s->todo.carried;

	if (!n->has_config || (n->config_len == s->config_text_len &&
	                       memcmp(n->config, s->config_text, n->config_len) == 0))
		return false;
	return qconfig_parse(n->config, n->config_len, true, theirs) == QCONFIG_OK &&
	       has_other_members(s, theirs);
}

static void
note_heard(struct elector *s, struct elector_remote *r, const struct notif *n)
{
	bool others = lists_others(s, n);

	if (others && !r->other_members)
		log_limited(LOG_LEVEL_WARNING,
		            "sid=%" PRId64
		            " lists other members: compare our configuration file with "
		            "that of the server",
		            r->sid);
	r->heard = true;
	r->vote = n->vote;
	r->heard_ms = clock_ms();
	r->other_members = others;
}

static void
take_frame(struct elector *s, const struct msg_frame *m)
{
	struct elect_event ev = {.type = ELECT_EV_NOTIF, .sid = m->sid};
	struct elector_remote *remote = elector_find_remote(s, m->sid);
	enum notif_result r;

	if (m->lane != MSG_LANE_ELECTION)
		return;
	s->counters.frames_in++;
	r = notif_decode(m->data, m->data_len, &ev.notif);
	if (r != NOTIF_OK) {
		s->counters.frames_refused++;
		log_limited(LOG_LEVEL_DEBUG, "frame refused sid=%" PRId64 " reason=%s",
		            m->sid, notif_result_name(r));
		return;
	}
	if (remote)
		note_heard(s, remote, &ev.notif);
	if (remote && s->members_len > 0)
		elector_tell_where(s, &ev.notif);
	gate_push(&s->gate, &ev);
}

static void
take_look(struct elector *s, const struct msg_look *m)
{
	if (msg_serial_compare(&m->serial, &s->look_serial) != 0) {
		s->look_serial = m->serial;
		s->look_us = clock_us();
		s->counters.elections++;
	}
	log_debug("look serial=%" PRIu64 ",%" PRIu64 " reason=%s", m->serial.generation,
	          m->serial.count, msg_look_reason_name((enum msg_look_reason)m->reason));
	gate_push(&s->gate, &(struct elect_event){.type = ELECT_EV_LOOK, .look = *m});
}

static void
take_vote(struct elector *s, enum elect_event_type type, const struct msg_vote *m)
{
	gate_push(&s->gate, &(struct elect_event){
				.type = type, .serial = m->serial, .vote = m->vote});
}

/* They begin a replay. Other members than before make a core that knows nothing: what
 * connmgr retains, which the replay tells, lets it go on. What we have said as the active
 * elector may still be on its way there, and comes before that of the replay: no vote of
 * ours falls. */
static void
take_members(struct elector *s, const struct msg *m)
{
	struct msg state = s->state, decided = s->decided;

	if (!elector_read_members(s, m)) {
		gate_push(&s->gate, &(struct elect_event){.type = ELECT_EV_AGAIN});
		return;
	}
	start_afresh(s);
	if (!uplink_active(s->uplink))
		return;
	s->state = state;
	s->decided = decided;
	if (state.type)
		take_vote(s, ELECT_EV_STATE, &state.u.state);
	if (decided.type)
		take_vote(s, ELECT_EV_DECIDED, &decided.u.decided);
}

static void
take_synced(struct elector *s)
{
	gate_push(&s->gate, &(struct elect_event){.type = ELECT_EV_SYNCED});
	s->ready = true;
	say_status(s);
}

static void
on_message(void *user, const struct msg *m)
{
	struct elector *s = user;

	if (m->type == MSG_REMOTE)
		take_remote(s, &m->u.remote);
	else if (m->type == MSG_FRAME_IN)
		take_frame(s, &m->u.frame);
	else if (m->type == MSG_MEMBERS)
		take_members(s, m);
	else if (m->type == MSG_LOOK)
		take_look(s, &m->u.look);
	else if (m->type == MSG_ROLE)
		take_vote(s, ELECT_EV_ROLE, &m->u.role);
	else if (m->type == MSG_DECIDED)
		take_vote(s, ELECT_EV_DECIDED, &m->u.decided);
	else if (m->type == MSG_STATE)
		take_vote(s, ELECT_EV_STATE, &m->u.state);
	else if (m->type == MSG_ABSENT)
		gate_push(&s->gate, &(struct elect_event){.type = ELECT_EV_ABSENT});
	else if (m->type == MSG_SYNCED)
		take_synced(s);
	else
		log_debug("not for us: %s", msg_def(m->type)->name);
}

static void
on_superseded(void *user, int status)
{
	struct elector *s = user;

	proc_exit(s->proc, status);
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	static char reply[DOOR_REPLY_MAX];
	bool known = len == strlen("status") && memcmp(data, "status", len) == 0;
	size_t n = known ? elector_status(user, reply, sizeof(reply)) : 0;

	if (n == 0)
		n = json_error(known ? "the answer does not fit"
		                     : "the elector answers `status`",
		               reply, sizeof(reply));
	if (door_send(c, reply, n) < 0)
		door_conn_close(c);
}

static int
open_ends(struct elector *s)
{
	static const struct uplink_ops uplink_ops = {.on_activate = on_activate,
	                                             .on_again = on_again,
	                                             .on_message = on_message,
	                                             .on_superseded = on_superseded};
	static const struct door_ops door_ops = {.on_request = on_request};
	struct uplink_config config = {
	    .who = MSG_WHO_ELECTOR,
	    .name = s->name,
	    .run_dir = s->conf->run_dir,
	    .kind = s->conf->ipc == CONF_IPC_NNG ? CHAN_NNG : CHAN_SEQPACKET};
	char path[CONF_RUN_DIR_MAX + PATHS_NAME_MAX + 32];
	int r;

	snprintf(path, sizeof(path), "%s/" PATHS_ELECTOR "%s", s->conf->run_dir, s->name);
	r = file_make_dir(path);
	if (r == 0) {
		strcat(path, "/" PATHS_DOOR);
		r = uplink_open(&s->uplink, s->loop, &config, &uplink_ops, s);
	}
	if (r == 0)
		r = door_open(&s->door, s->loop, path, &door_ops, s);
	if (r < 0)
		log_err("%s: %s", path, strerror(-r));
	return r;
}

int
elector_open(void *self, const struct conf *conf, const char *name, struct proc *proc)
{
	struct elector *s = self;
	static const struct gate_ops gate_ops = {.step = on_step, .settle = on_settle};
	int r;

	s->conf = conf;
	s->name = name;
	s->proc = proc;
	s->loop = proc_loop(proc);
	s->shown.silent = true;
	r = elector_read_file(s);
	if (r == 0) /* one event at a time: applying the actions pushes none */
		r = gate_init(&s->gate, sizeof(struct elect_event), 1, &gate_ops, s);
	if (r == 0)
		r = make_core(s);
	if (r == 0)
		r = sd_event_add_time(s->loop, &s->timer, CLOCK_BOOTTIME, UINT64_MAX,
		                      TIMER_ACCURACY_US, on_timer, s);
	return r < 0 ? r : open_ends(s);
}

void
elector_close(void *self)
{
	struct elector *s = self;

	door_close(s->door);
	uplink_close(s->uplink);
	sd_event_source_disable_unref(s->timer);
	gate_deinit(&s->gate);
	attach_free(s->attach);
	elect_free(s->elect);
}
