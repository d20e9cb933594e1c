/* The children of conclaved; see shell.h. */
#include "supervisor/shell.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/paths.h"
#include "supervisor/place.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* This many electors in a row did not become ready: connmgr is replaced. */
#define NEVER_READY_MAX 2

static enum log_level
note_level(const struct child_note *n)
{
	/* what is missing here is information */
	static const enum log_level levels[CHILD_WHY_ENDED + 1] = {
	    [CHILD_WHY_SPAWN_FAILED] = LOG_LEVEL_NOTICE,
	    [CHILD_WHY_EXITED] = LOG_LEVEL_NOTICE,
	    [CHILD_WHY_KILLED] = LOG_LEVEL_NOTICE,
	    [CHILD_WHY_CONFIG] = LOG_LEVEL_ERR,
	    [CHILD_WHY_NEVER_READY] = LOG_LEVEL_WARNING,
	    [CHILD_WHY_SILENT] = LOG_LEVEL_WARNING,
	    [CHILD_WHY_LINGERS] = LOG_LEVEL_WARNING,
	};

	/* an error once: each of the endless further tries would log the same */
	if (levels[n->why] == LOG_LEVEL_NOTICE && n->failures == CHILD_FAILING)
		return LOG_LEVEL_ERR;
	return levels[n->why] ? levels[n->why] : LOG_LEVEL_INFO;
}

static void
signal_child(struct supervisor_child *m, int sig)
{
	int r;

	if (!m->source)
		return;
	guise_take(apart_guise(&m->supervisor->apart, m->row));
	r = sd_event_source_send_child_signal(m->source, sig, NULL, 0);
	guise_drop();
	if (r < 0 && r != -ESRCH)
		log_err("%s: signal %d: %s", m->row->name, sig, strerror(-r));
}

static bool
is_connmgr(const struct supervisor_child *m)
{
	return m->row == &roster[ROSTER_CONNMGR];
}

static bool
is_watched(const struct supervisor_child *m)
{
	return m->seat >= 0 && m->supervisor->watched[m->seat];
}

static void
on_note(struct supervisor_child *m, const struct child_note *n)
{
	struct supervisor *s = m->supervisor;
	const char *instance = m->seat >= 0 ? m->name : "";
	const char *blank = *instance ? " " : "";
	char text[CHILD_TEXT_MAX];

	child_note_text(n, text, sizeof(text));
	if (n->why == CHILD_WHY_STARTED)
		log_info("%s%s%s: started pid=%d", m->row->name, blank, instance,
		         m->life.pid);
	else
		log_line(note_level(n), "%s%s%s: %s", m->row->name, blank, instance,
		         text);
	if (n->why == CHILD_WHY_READY && m->reload_owed) {
		m->reload_owed = false;
		signal_child(m, SIGHUP);
	}
	/* the elector in use attached before: if it cannot any more, connmgr may be the
	 * one that does not answer */
	if (m->seat == (int)s->drive.core.active && !is_watched(m)) {
		if (n->why == CHILD_WHY_READY)
			s->never_ready = 0;
		if (n->why == CHILD_WHY_NEVER_READY)
			s->never_ready++;
	}
	s->changed = true;
}

static int on_exit_of(sd_event_source *source, const siginfo_t *info, void *user);

/* Starts the process and returns the event that tells the core about it. */
static struct child_event
spawn_child(struct supervisor_child *m)
{
	struct supervisor *s = m->supervisor;
	char *argv[] = {m->path,          (char *)"-c", s->children_config,
	                (char *)"--name", m->name,      NULL};
	struct child_event ev = {.type = CHILD_EV_SPAWNED};
	struct spawn_how how = {.argv = argv,
	                        .kept = is_connmgr(m) ? &s->kept : NULL,
	                        .out_fd = -1,
	                        .as = apart_guise(&s->apart, m->row)};
	pid_t pid = 0;
	int r;

	memset(&m->said, 0, sizeof(m->said));
	m->ready_us = 0;
	m->reload_owed = false;
	/* somebody may have removed what the child needs since the last start */
	supervisor_place_mend(s);
	r = supervisor_write_config(s, &s->conf);
	if (r == 0)
		r = apart_make_folders(&s->apart, &s->conf, m->row, m->name);
	if (r == 0)
		r = supervisor_program_open(m, &how.exe);
	if (r == 0) {
		r = spawn_run(s->spawn, &how, on_exit_of, m, &pid, &m->source);
		if (how.exe >= 0)
			close(how.exe);
	}
	m->started_us = r < 0 ? 0 : clock_us();
	if (r < 0) {
		log_notice("%s: %s: %s", m->row->name, m->path,
		           m->refused[0] ? m->refused : strerror(-r));
		ev.type = CHILD_EV_SPAWN_FAILED;
		ev.code = -r;
	}
	ev.pid = pid;
	m->spawned = r < 0 ? r : pid;
	m->pid = r < 0 ? 0 : pid;
	supervisor_tell_children(s);
	return ev;
}

/* The core is told of a start before it sees any other event, so not through the gate. */
static void
step(struct supervisor_child *m, const struct child_event *event)
{
	struct child_event ev = *event;
	struct child_actions todo;
	bool more;

	do {
		more = false;
		ev.now_ms = m->supervisor->now_ms;
		child_step(&m->life, &ev, &todo);
		for (unsigned i = 0; i < todo.count; i++) {
			const struct child_action *a = &todo.list[i];

			if (a->type == CHILD_ACT_SIGNAL) {
				signal_child(m, a->signal);
			} else if (a->type == CHILD_ACT_NOTE) {
				on_note(m, &a->note);
			} else {
				assert(i + 1 == todo.count);
				ev = spawn_child(m);
				more = true;
			}
		}
	} while (more);
}

void
supervisor_child_step(struct supervisor_child *m, enum child_event_type type)
{
	step(m, &(struct child_event){.type = type});
}

void
supervisor_children_step(struct supervisor *s, enum child_event_type type)
{
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		supervisor_child_step(&s->children[i], type);
}

/* Stops the children whose turn it is; UINT_MAX: all have ended. */
static unsigned
stop_next(struct supervisor *s)
{
	unsigned turn = UINT_MAX;

	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (s->children[i].life.pid > 0 && s->children[i].row->stop_turn < turn)
			turn = s->children[i].row->stop_turn;
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (s->children[i].row->stop_turn == turn)
			supervisor_child_step(&s->children[i], CHILD_EV_STOP);
	return turn;
}

void
supervisor_children_settle(struct supervisor *s)
{
	struct supervisor_child *connmgr = &s->children[ROSTER_CONNMGR];
	const struct child *life = &connmgr->life;

	/* no connmgr will answer there: clients are refused instead of kept waiting */
	if (life->state == CHILD_STOPPED ||
	    (life->state == CHILD_WAITING && life->failures >= CHILD_FAILING))
		kept_drop_all(&s->kept);
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++) {
		struct child_event ev = {.type = CHILD_EV_NEEDS};
		int needs = s->children[i].row->needs;

		if (needs >= 0) {
			ev.met = s->children[needs].life.state == CHILD_READY;
			step(&s->children[i], &ev);
		}
	}
	if (s->never_ready >= NEVER_READY_MAX) {
		log_notice("connmgr: replaced, since no elector becomes ready");
		s->never_ready = 0;
		supervisor_child_step(connmgr, CHILD_EV_RESTART);
	}
	if (s->stopping && !s->ended && stop_next(s) == UINT_MAX) {
		s->ended = true;
		proc_exit(s->proc, s->exit_status);
	}
}

#define DOORLESS_LOST 2
#define OTHERS_MS     5000 /* for what ends after it */

bool
supervisor_door_is_lost(const struct supervisor_child *m)
{
	return m->doorless >= DOORLESS_LOST;
}

/* Whether the door of a child is at its path: a child makes it again if it can. */
static bool
has_door(const struct supervisor_child *m)
{
	char folder[ROSTER_FOLDER_MAX], path[CONF_PATH_MAX];
	struct stat st;

	roster_folder(m->row, m->name, folder);
	(void)paths_below(path, sizeof(path), m->supervisor->conf.run_dir, folder,
	                  PATHS_DOOR);
	/* a folder that we may not look into is no lost door */
	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

void
supervisor_children_look(struct supervisor *s)
{
	struct supervisor_child *connmgr = &s->children[ROSTER_CONNMGR];
	bool knock = false;

	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++) {
		struct supervisor_child *m = &s->children[i];
		bool lost = supervisor_door_is_lost(m);

		if (m->life.state == CHILD_READY && !has_door(m))
			m->doorless++;
		else
			m->doorless = 0;
		s->changed |= lost != supervisor_door_is_lost(m);
		knock |= m != connmgr && m->life.state == CHILD_STARTING;
	}
	if (knock && supervisor_door_is_lost(connmgr)) {
		log_notice("connmgr: replaced, since its control socket is gone, where a "
		           "worker that starts attaches");
		supervisor_child_step(connmgr, CHILD_EV_RESTART);
	}
}

uint64_t
supervisor_children_due_ms(const struct supervisor *s)
{
	uint64_t due_ms = UINT64_MAX;

	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (child_due_ms(&s->children[i].life) < due_ms)
			due_ms = child_due_ms(&s->children[i].life);
	return due_ms;
}

static int
on_exit_of(sd_event_source *source, const siginfo_t *info, void *user)
{
	struct supervisor_child *m = user;
	struct supervisor *s = m->supervisor;
	struct supervisor_event ev = {.type = SUPERVISOR_EV_EXITED, .child = m};

	assert(source == m->source);
	ev.exited = (struct child_event){.type = CHILD_EV_EXITED,
	                                 .by_signal = info->si_code != CLD_EXITED,
	                                 .code = info->si_status,
	                                 .dumped = info->si_code == CLD_DUMPED};
	ev.exited.memory = memory_was_short(&s->memory) && ev.exited.by_signal &&
	                   ev.exited.code == SIGKILL;
	gate_push(&s->gate, &ev);
	return 0;
}

void
supervisor_push_swap(struct supervisor *s, const struct swap_event *ev)
{
	gate_push(&s->gate,
	          &(struct supervisor_event){.type = SUPERVISOR_EV_SWAP, .swap = *ev});
}

/* Tells the swap that an elector has ended. The folder of one that is not in use goes. */
static void
seat_ended(struct supervisor_child *m, const struct child_note *why)
{
	struct supervisor *s = m->supervisor;
	struct swap_event ev = {.type = SWAP_EV_DIED, .seat = (unsigned)m->seat};
	char text[CHILD_TEXT_MAX];

	child_note_text(why, text, sizeof(text));
	snprintf(s->drive.words, DRIVE_WORDS_MAX, "it ended: %s", text);
	if (ev.seat != s->drive.core.active)
		place_forget(&s->apart, s->conf.run_dir, m->name);
	supervisor_push_swap(s, &ev);
}

/* While somebody waits for READY=1, as systemctl start does: what a person must mend
 * first ends the start with the reason. Later it is a matter of STATUS and health. */
static void
end_start(struct supervisor_child *m, const struct child_event *ev)
{
	struct supervisor *s = m->supervisor;
	char text[CHILD_ERROR_MAX + 64];

	if (!s->awaited || s->said_ready || s->stopping || ev->by_signal ||
	    (ev->code != EXIT_CONFIG && ev->code != EXIT_FOLDER))
		return;
	snprintf(text, sizeof(text), "%s cannot start: %s", m->row->name,
	         *m->last_error ? m->last_error : "see its log");
	log_err("%s", text);
	s->exit_status = ev->code;
	proc_say(s->proc, text);
	gate_push(&s->gate, &(struct supervisor_event){.type = SUPERVISOR_EV_STOP});
}

void
supervisor_child_exited(struct supervisor_child *m, const struct child_event *ev)
{
	struct child_note hang = m->life.last;
	bool hung = m->life.state == CHILD_HUNG;

	m->source = sd_event_source_unref(m->source);
	m->pid = 0;
	supervisor_tell_children(m->supervisor);
	m->started_us = 0;
	m->ready_us = 0;
	step(m, ev);
	/* a reload that came while it was refusing the configuration */
	if (m->reload_owed && m->life.state == CHILD_STOPPED)
		supervisor_child_step(m, CHILD_EV_CHANGED);
	end_start(m, ev);
	if (is_watched(m) && m->life.state == CHILD_DOWN && !m->supervisor->stopping)
		seat_ended(m, hung ? &hang : &m->life.death);
}

static int
on_notice(void *user, pid_t pid, const struct child_notice *n, int fd)
{
	struct supervisor *s = user;
	struct supervisor_event ev = {
	    .type = SUPERVISOR_EV_NOTICE, .notice = n, .fd = fd};

	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (s->children[i].life.pid == pid)
			ev.child = &s->children[i];
	if (!ev.child || (fd >= 0 && !is_connmgr(ev.child)))
		return 1;
	gate_push(&s->gate, &ev);
	return 0;
}

/* It needs more time to stop; and so do we, from who started us. */
static void
extend(struct supervisor_child *m, uint64_t ms)
{
	const struct child_policy *policy = &m->supervisor->policy;
	struct child_event ev = {.type = CHILD_EV_EXTEND, .extend_ms = ms};

	step(m, &ev);
	if (ms > policy->hold_stop_ms + policy->stop_ms)
		ms = policy->hold_stop_ms + policy->stop_ms;
	if (m->supervisor->stopping && m->life.state == CHILD_STOPPING)
		proc_extend(m->supervisor->proc, ms + OTHERS_MS);
}

void
supervisor_child_noticed(struct supervisor_child *m, const struct child_notice *n, int fd)
{
	struct supervisor *s = m->supervisor;
	struct swap_event ready = {.type = SWAP_EV_READY, .seat = (unsigned)m->seat};

	if (is_connmgr(
		m)) /* the sockets are its own; no other may send one (on_notice) */
		kept_hear(&s->kept, n, fd);
	if (n->has_error) {
		memcpy(m->last_error, n->error, sizeof(m->last_error));
		m->error_us = clock_us();
		s->changed = true;
	}
	if (child_notice_merge(&m->said, n))
		s->changed = true;
	if (n->ready && m->ready_us == 0)
		m->ready_us = clock_us();
	if (n->beat)
		supervisor_child_step(m, CHILD_EV_BEAT);
	if (n->extend_us > 0)
		extend(m, n->extend_us / 1000);
	if (!n->ready)
		return;
	supervisor_child_step(m, CHILD_EV_READY);
	if (is_watched(m))
		supervisor_push_swap(s, &ready);
}

struct supervisor_child *
supervisor_seat(struct supervisor *s, unsigned seat)
{
	return &s->children[seat == 0 ? ROSTER_ELECTOR : SUPERVISOR_OTHER_ELECTOR];
}

int
supervisor_children_open(struct supervisor *s)
{
	const struct conf *conf = &s->conf;
	char path[CONF_PATH_MAX];
	int r;

	s->policy = (struct child_policy){
	    .ready_ms = conf->supervisor.ready_ms,
	    .watchdog_ms = conf->supervisor.watchdog_ms,
	    .abort_ms = conf->supervisor.abort_ms,
	    .stop_ms = conf->supervisor.stop_ms,
	    .hold_stop_ms = conf->supervisor.hold_stop_ms,
	    .restart_min_ms = conf->supervisor.restart_min_ms,
	    .restart_max_ms = conf->supervisor.restart_max_ms,
	    .restart_reset_ms = conf->supervisor.restart_reset_ms,
	};
	memory_open(&s->memory, "");
	kept_open(&s->kept);
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++) {
		struct supervisor_child *m = &s->children[i];

		m->supervisor = s;
		m->row = &roster[i == SUPERVISOR_OTHER_ELECTOR ? ROSTER_ELECTOR : i];
		m->seat = m->row->instances ? i == SUPERVISOR_OTHER_ELECTOR : -1;
		child_init(&m->life, &s->policy);
		supervisor_child_program(m, &s->drive.programs[m->seat == 1]);
	}
	r = paths_below(path, sizeof(path), s->conf.run_dir, PATHS_CONCLAVED, "notify");
	if (r == 0)
		r = notify_open(&s->notify, proc_loop(s->proc), path, on_notice, s);
	return r < 0
	           ? r
	           : spawn_new(&s->spawn, proc_loop(s->proc), path,
	                       conf->supervisor.watchdog_ms, conf->supervisor.memory_mb);
}

void
supervisor_children_close(struct supervisor *s)
{
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		sd_event_source_disable_unref(s->children[i].source);
	spawn_free(s->spawn);
	notify_close(s->notify);
	kept_close(&s->kept);
}

void
supervisor_children_start(struct supervisor *s)
{
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (s->children[i].seat <= 0)
			supervisor_child_step(&s->children[i], CHILD_EV_START);
}

void
supervisor_children_reload(struct supervisor *s)
{
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++) {
		struct supervisor_child *m = &s->children[i];

		/* before READY=1 it may not have blocked SIGHUP yet */
		if (m->life.state == CHILD_READY)
			signal_child(m, SIGHUP);
		else
			m->reload_owed = m->life.state == CHILD_STARTING;
	}
	supervisor_children_step(s, CHILD_EV_CHANGED);
}
