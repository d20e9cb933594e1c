/* The children together; see crew.h. */
#include "supervisor/crew_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/child_text.h"
#include "supervisor/kept.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMER_ACCURACY_US 1000
#define CREW_NEVER_READY  2 /* electors in a row: connmgr is replaced */

enum { CONNMGR, ELECTOR, PEER, OTHER_ELECTOR };

/* connmgr goes last, so that the peer's last word still gets out. */
static const struct crew_plan plans[CREW_COUNT] = {
    [CONNMGR] = {"connmgr", "conclave-connmgr", -1, -1, 1},
    [ELECTOR] = {"elector", "conclave-elector", 0, CONNMGR, 0},
    [PEER] = {"peer", "conclave-peer", -1, CONNMGR, 0},
    [OTHER_ELECTOR] = {"elector", "conclave-elector", 1, CONNMGR, 0},
};

static const int signals[] = {
    [CHILD_SIG_TERM] = SIGTERM,
    [CHILD_SIG_ABRT] = SIGABRT,
    [CHILD_SIG_CONT] = SIGCONT,
    [CHILD_SIG_KILL] = SIGKILL,
};

static enum log_level
note_level(const struct child_note *n)
{
	switch (n->why) {
	case CHILD_WHY_CONFIG:
		return LOG_LEVEL_ERR;
	case CHILD_WHY_SPAWN_FAILED:
	case CHILD_WHY_EXITED:
	case CHILD_WHY_KILLED:
		/* once: it is tried for ever, and each try would say so */
		return n->failures == CHILD_FAILING ? LOG_LEVEL_ERR : LOG_LEVEL_NOTICE;
	case CHILD_WHY_NEVER_READY:
	case CHILD_WHY_SILENT:
	case CHILD_WHY_LINGERS:
		return LOG_LEVEL_WARNING;
	case CHILD_WHY_NONE:
	case CHILD_WHY_STARTED:
	case CHILD_WHY_READY:
	case CHILD_WHY_RESTART:
	case CHILD_WHY_STOP:
	case CHILD_WHY_ENDED:
		break;
	}
	return LOG_LEVEL_INFO;
}

static void
signal_member(struct crew_member *m, int sig)
{
	int r;

	if (m->source == NULL)
		return;
	r = sd_event_source_send_child_signal(m->source, sig, NULL, 0);
	if (r < 0 && r != -ESRCH)
		log_err("%s: signal %d: %s", m->plan->name, sig, strerror(-r));
}

static bool
is_watched(const struct crew_member *m)
{
	return m->plan->seat >= 0 && m->crew->watched[m->plan->seat];
}

/* A program that was in use before and cannot attach any more: it may be connmgr that
 * is deaf. */
static void
count_never_ready(struct crew *c, enum child_why why)
{
	if (why == CHILD_WHY_READY)
		c->never_ready = 0;
	if (why == CHILD_WHY_NEVER_READY)
		c->never_ready++;
}

static void
on_note(struct crew_member *m, const struct child_note *n)
{
	const char *instance = m->plan->seat >= 0 ? m->name : "";
	const char *blank = *instance ? " " : "";
	char text[CHILD_TEXT_MAX];

	child_note_text(n, text, sizeof(text));
	if (n->why == CHILD_WHY_STARTED)
		log_info("%s%s%s: started pid=%d", m->plan->name, blank, instance,
		         m->life.pid);
	else
		log_line(note_level(n), "%s%s%s: %s", m->plan->name, blank, instance,
		         text);
	if (n->why == CHILD_WHY_READY && m->reload_owed) {
		m->reload_owed = false;
		signal_member(m, SIGHUP);
	}
	if (m->plan->seat == (int)m->crew->active && !is_watched(m))
		count_never_ready(m->crew, n->why);
	m->crew->ops->on_change(m->crew->user);
}

/* Starts the process and says what the core has to hear about it. */
static struct child_event
spawn_member(struct crew_member *m)
{
	struct crew *c = m->crew;
	struct child_event ev = {.type = CHILD_EV_SPAWNED};
	pid_t pid = 0;
	int r;

	memset(&m->said, 0, sizeof(m->said));
	m->ready_us = 0;
	m->reload_owed = false;
	r = c->ops->on_spawning(c->user);
	if (r == 0)
		r = spawn_run(c->spawn, m->argv,
		              m == &c->members[CONNMGR] ? &c->kept : NULL, c->on_exit, m,
		              &pid, &m->source);
	m->started_us = r < 0 ? 0 : clock_us();
	if (r < 0) {
		log_notice("%s: %s: %s", m->plan->name, m->path, strerror(-r));
		ev.type = CHILD_EV_SPAWN_FAILED;
		ev.code = -r;
	}
	ev.pid = pid;
	ev.now_ms = clock_ms();
	return ev;
}

static void
step(struct crew_member *m, struct child_event ev)
{
	struct crew *c = m->crew;
	struct child_actions todo;
	bool more;

	do {
		more = false;
		child_step(&m->life, &ev, &todo);
		for (unsigned i = 0; i < todo.count; i++) {
			const struct child_action *a = &todo.list[i];

			switch (a->type) {
			case CHILD_ACT_SIGNAL:
				signal_member(m, signals[a->signal]);
				break;
			case CHILD_ACT_NOTE:
				on_note(m, &a->note);
				break;
			case CHILD_ACT_SPAWN:
				/* the last of its list: the next event is its answer */
				assert(i + 1 == todo.count);
				ev = spawn_member(m);
				more = true;
				break;
			}
		}
		if (more)
			c->ops->on_spawn(c->user, (unsigned)(m - c->members),
			                 ev.type == CHILD_EV_SPAWNED ? ev.pid : -ev.code);
	} while (more);
}

static struct child_event
event(enum child_event_type type)
{
	return (struct child_event){.type = type, .now_ms = clock_ms()};
}

void
crew_step(struct crew_member *m, enum child_event_type type)
{
	step(m, event(type));
}

static void
arm_timer(struct crew *c)
{
	uint64_t due = UINT64_MAX;
	int r;

	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (child_due_ms(&c->members[i].life) < due)
			due = child_due_ms(&c->members[i].life);
	r = due == UINT64_MAX ? 0 : sd_event_source_set_time(c->timer, due * 1000);
	if (r >= 0)
		r = sd_event_source_set_enabled(
		    c->timer, due == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
	assert(r >= 0);
}

/* Stops whose turn it is; UINT_MAX: all have ended. */
static unsigned
stop_next(struct crew *c)
{
	unsigned turn = UINT_MAX;

	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (c->members[i].life.pid > 0 && c->members[i].plan->stop_turn < turn)
			turn = c->members[i].plan->stop_turn;
	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (c->members[i].plan->stop_turn == turn)
			step(&c->members[i], event(CHILD_EV_STOP));
	return turn;
}

/* Others shall be refused, not kept waiting, where no connmgr will answer them. */
static bool
is_given_up(const struct child *life)
{
	return life->state == CHILD_STOPPED ||
	       (life->state == CHILD_WAITING && life->failures >= CHILD_FAILING);
}

void
crew_settle(struct crew *c)
{
	if (is_given_up(&c->members[CONNMGR].life))
		kept_drop_all(&c->kept);
	for (unsigned i = 0; i < CREW_COUNT; i++) {
		struct crew_member *m = &c->members[i];
		struct child_event ev = event(CHILD_EV_NEEDS);

		if (m->plan->needs >= 0) {
			ev.met = c->members[m->plan->needs].life.state == CHILD_READY;
			step(m, ev);
		}
	}
	if (c->never_ready >= CREW_NEVER_READY) {
		log_notice("connmgr: replaced, since no elector gets ready");
		c->never_ready = 0;
		step(&c->members[CONNMGR], event(CHILD_EV_RESTART));
	}
	if (c->stopping && !c->ended && stop_next(c) == UINT_MAX) {
		c->ended = true;
		c->ops->on_all_ended(c->user);
	}
	arm_timer(c);
}

static int
on_due(sd_event_source *s, uint64_t usec, void *user)
{
	struct crew *c = user;

	(void)s;
	(void)usec;
	for (unsigned i = 0; i < CREW_COUNT; i++)
		step(&c->members[i], event(CHILD_EV_DUE));
	crew_settle(c);
	return 0;
}

static int
on_exit_of(sd_event_source *s, const siginfo_t *info, void *user)
{
	struct crew_member *m = user;
	struct child_event ev = event(CHILD_EV_EXITED);
	struct child_note hang = m->life.last;
	bool hung = m->life.state == CHILD_HUNG;

	assert(s == m->source);
	ev.by_signal = info->si_code != CLD_EXITED;
	ev.code = info->si_status;
	ev.dumped = info->si_code == CLD_DUMPED;
	ev.memory =
	    memory_was_short(&m->crew->memory) && ev.by_signal && ev.code == SIGKILL;
	m->source = sd_event_source_unref(m->source);
	m->started_us = 0;
	m->ready_us = 0;
	step(m, ev);
	if (m->reload_owed && m->life.state == CHILD_STOPPED)
		step(m, event(CHILD_EV_CHANGED)); /* asked for while it was refusing */
	crew_settle(m->crew);
	if (is_watched(m) && m->life.state == CHILD_DOWN && !m->crew->stopping)
		m->crew->ops->on_seat_ended(m->crew->user, (unsigned)m->plan->seat,
		                            hung ? &hang : &m->life.death);
	return 0;
}

static int
on_notice(void *user, pid_t pid, const struct child_notice *n, int fd)
{
	struct crew *c = user;
	struct crew_member *m = NULL;

	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (c->members[i].life.pid == pid)
			m = &c->members[i];
	if (m == NULL || (fd >= 0 && m != &c->members[CONNMGR]))
		return 1;
	kept_hear(&c->kept, n, fd);
	if (child_notice_merge(&m->said, n))
		c->ops->on_change(c->user);
	if (n->ready && m->ready_us == 0)
		m->ready_us = clock_us();
	if (n->beat)
		step(m, event(CHILD_EV_BEAT));
	if (n->ready)
		step(m, event(CHILD_EV_READY));
	crew_settle(c);
	if (n->ready && is_watched(m))
		c->ops->on_seat_ready(c->user, (unsigned)m->plan->seat);
	return 0;
}

static const struct notify_ops notify_ops = {.on_notice = on_notice};

static int
prepare_member(struct crew *c, unsigned index)
{
	static const struct record_program first = {.name = "main"};
	const struct record_program *elector = c->options->elector;
	struct crew_member *m = &c->members[index];

	m->plan = &plans[index];
	m->crew = c;
	child_init(&m->life, c->options->policy);
	if (m->plan->seat != 0 || elector->name[0] == '\0')
		elector = &first;
	return crew_set_program(m, elector);
}

int
crew_new(struct crew **out, sd_event *loop, const struct crew_options *options,
         const struct crew_ops *ops, void *user)
{
	char path[CONF_PATH_MAX];
	struct crew *c = calloc(1, sizeof(*c));
	int r = 0;

	if (c == NULL)
		return -ENOMEM;
	c->loop = sd_event_ref(loop);
	c->options = options;
	c->ops = ops;
	c->user = user;
	c->on_exit = on_exit_of;
	memory_open(&c->memory, "");
	kept_open(&c->kept);
	c->config = strdup(options->config);
	if (c->config == NULL)
		r = -ENOMEM;
	for (unsigned i = 0; i < CREW_COUNT && r == 0; i++)
		r = prepare_member(c, i);
	snprintf(path, sizeof(path), "%s/conclaved/notify", options->run_dir);
	if (r < 0 || (r = notify_open(&c->notify, loop, path, &notify_ops, c)) < 0 ||
	    (r = spawn_new(&c->spawn, loop, path, options->policy->watchdog_ms,
	                   options->memory_mb)) < 0 ||
	    (r = sd_event_add_time(loop, &c->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
	                           on_due, c)) < 0 ||
	    (r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF)) < 0) {
		crew_free(c);
		return r;
	}
	*out = c;
	return 0;
}

void
crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < CREW_COUNT; i++)
		sd_event_source_disable_unref(c->members[i].source);
	sd_event_source_disable_unref(c->timer);
	spawn_free(c->spawn);
	notify_close(c->notify);
	kept_close(&c->kept);
	sd_event_unref(c->loop);
	free(c->config);
	free(c);
}

void
crew_start(struct crew *c)
{
	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (plans[i].seat <= 0)
			step(&c->members[i], event(CHILD_EV_START));
	crew_settle(c);
}

void
crew_stop(struct crew *c)
{
	if (c->stopping)
		return;
	c->stopping = true;
	for (unsigned i = 0; i < CREW_COUNT; i++)
		step(&c->members[i], event(CHILD_EV_UNWANTED));
	crew_settle(c);
}

bool
crew_stopping(const struct crew *c)
{
	return c->stopping;
}

int
crew_find(const struct crew *c, const char *name)
{
	for (int i = 0; i < CREW_COUNT; i++)
		if (strcmp(plans[i].name, name) == 0)
			return i == ELECTOR ? (int)crew_active(c) : i;
	return -1;
}

int
crew_restart(struct crew *c, unsigned member)
{
	assert(member < CREW_COUNT);
	if (c->stopping)
		return 1;
	step(&c->members[member], event(CHILD_EV_RESTART));
	crew_settle(c);
	return 0;
}

void
crew_reload(struct crew *c)
{
	for (unsigned i = 0; i < CREW_COUNT; i++) {
		struct crew_member *m = &c->members[i];

		/* before READY it might not have taken signals in hand yet */
		if (m->life.state == CHILD_READY)
			signal_member(m, SIGHUP);
		else
			m->reload_owed = m->life.state == CHILD_STARTING;
		step(m, event(CHILD_EV_CHANGED));
	}
	crew_settle(c);
}

const struct crew_member *
crew_member(const struct crew *c, unsigned member)
{
	assert(member < CREW_COUNT);
	return &c->members[member];
}

bool
crew_all_ready(const struct crew *c)
{
	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (crew_is_wanted(c, i) && c->members[i].life.state != CHILD_READY)
			return false;
	return true;
}

uint64_t
crew_malformed(const struct crew *c)
{
	return notify_malformed(c->notify);
}

uint64_t
crew_strangers(const struct crew *c)
{
	return notify_strangers(c->notify);
}
