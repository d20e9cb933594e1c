/* A swap by systemctl; see units.h. Everything waits here: one step after the other, on
 * the core's word, until it is idle or the asker has the answer. */
#include "ctl/units.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/paths.h"
#include "ctl/ask.h"
#include "ctl/exact.h"
#include "ctl/run.h"
#include "ctl/said.h"
#include "ctl/systemctl.h"
#include "ctl/units_impl.h"
#include "swap/program.h"
#include "swap/record_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIBE_MS 2000
#define START_MS    30000 /* systemctl has its own, smaller bounds */
#define PROMOTE_MS  1000
#define LOOK_MS     500
#define GUARD       "conclave-swap"

static bool
read_record(struct units *u)
{
	return record_load(u->c->conf->data_dir, &u->record) == 0;
}

static void
push(struct units *u, struct swap_event ev)
{
	assert(u->event_count < UNITS_EVENTS_MAX);
	u->events[u->event_count++] = ev;
}

/* connmgr's answer; NULL: none. */
static const char *
ask(struct units *u, const char *request)
{
	char path[ASK_PATH_MAX];
	size_t len;

	ask_path(u->c->conf->run_dir, "connmgr", path);
	if (door_ask(path, request, PROMOTE_MS, u->reply, sizeof(u->reply), &len) < 0)
		return NULL;
	return u->reply;
}

static bool
describe(struct units *u, const char *name)
{
	char path[RECORD_PATH_MAX], real[RECORD_PATH_MAX], says[PROGRAM_SAYS_MAX];
	char *argv[] = {real, (char *)"--describe", NULL};

	if (systemctl_program(name, path, sizeof(path)) != 0) {
		snprintf(u->look.words, sizeof(u->look.words),
		         "there is no unit conclave-elector@%s.service", name);
		return false;
	}
	if (program_check(path, real, u->look.words) != 0)
		return false;
	if (run_program(argv, DESCRIBE_MS, says, sizeof(says)) != 0)
		says[0] = '\0';
	return program_judge(says, u->version, u->look.words) == 0;
}

static void
start(struct units *u, unsigned seat)
{
	struct swap_event ready = {.type = SWAP_EV_READY, .seat = seat};
	struct swap_event spawned = {.type = SWAP_EV_SPAWNED};
	int r = systemctl("start", u->names[seat]);

	spawned.ok = r == 0;
	if (r != 0)
		snprintf(u->look.words, sizeof(u->look.words),
		         "conclave-elector@%s.service did not start: see journalctl -u "
		         "conclave-elector@%s",
		         u->names[seat], u->names[seat]);
	u->look.said = u->look.frames_in = 0;
	u->restarts[seat] = r == 0 ? systemctl_restarts(u->names[seat]) : -1;
	u->watched[seat] = r == 0;
	push(u, spawned);
	if (r == 0)
		push(u, ready);
}

static void
stop(struct units *u, unsigned seat)
{
	(void)systemctl("stop", u->names[seat]);
	u->watched[seat] = false;
	push(u, (struct swap_event){.type = SWAP_EV_DIED, .seat = seat});
}

static void
look(struct units *u, unsigned seat)
{
	struct swap_event died = {.type = SWAP_EV_DIED, .seat = seat};
	char request[64];
	long restarts;

	if (u->watched[seat]) {
		restarts = systemctl_restarts(u->names[seat]);
		if (restarts != u->restarts[seat]) {
			u->watched[seat] = false;
			snprintf(u->look.words, sizeof(u->look.words),
			         "it ended: see journalctl -u conclave-elector@%s",
			         u->names[seat]);
			push(u, died);
			return;
		}
	}
	snprintf(request, sizeof(request), "shadow %s", u->names[seat]);
	push(u, look_event(&u->look, ask(u, request), LOOK_MS));
}

/* The new one is enabled before: after it a restart of the machine must start it. */
static void
promote(struct units *u, unsigned seat, bool back)
{
	struct swap_event ev = {.type = SWAP_EV_PROMOTED};
	char request[64];
	const char *reply;

	if (systemctl("enable", u->names[seat]) != 0) {
		snprintf(u->look.words, sizeof(u->look.words),
		         "conclave-elector@%s.service cannot be enabled", u->names[seat]);
		push(u, ev);
		return;
	}
	snprintf(request, sizeof(request), "promote %s %s", swap_turn(&u->core, back),
	         u->names[seat]);
	reply = ask(u, request);
	ev.silent = !reply;
	ev.ok = look_ok(reply, u->look.words);
	push(u, ev);
}

static void
accept(struct units *u)
{
	struct swap_event ev = {.type = SWAP_EV_ACCEPTED};
	char request[64];

	snprintf(request, sizeof(request), "accept %s", u->names[u->core.active]);
	ev.ok = look_ok(ask(u, request), u->look.words);
	push(u, ev);
}

static void
look_at_record(struct units *u, unsigned candidate)
{
	struct swap_event ev = {.type = SWAP_EV_RECORD, .ok = read_record(u)};

	ev.seat = strcmp(u->record.now.name, u->names[candidate]) == 0 ? candidate
	                                                               : 1 - candidate;
	push(u, ev);
}

static void
apply(struct units *u, const struct swap_action *a)
{
	switch (a->type) {
	case SWAP_DO_DESCRIBE:
		push(u, (struct swap_event){.type = SWAP_EV_DESCRIBED,
		                            .ok = describe(u, u->names[a->seat])});
		break;
	case SWAP_DO_START:
		start(u, a->seat);
		break;
	case SWAP_DO_STOP:
		stop(u, a->seat);
		break;
	case SWAP_DO_LOOK:
		look(u, a->seat);
		break;
	case SWAP_DO_PROMOTE:
		promote(u, a->seat, a->back);
		break;
	case SWAP_DO_READ:
		look_at_record(u, a->seat);
		break;
	case SWAP_DO_ACCEPT:
		accept(u);
		break;
	case SWAP_DO_KEEP: /* systemd does */
		break;
	case SWAP_DO_WATCH:
		u->watched[a->seat] = true;
		u->restarts[a->seat] = systemctl_restarts(u->names[a->seat]);
		break;
	case SWAP_DO_ANSWER:
		units_answer(u, a);
		break;
	case SWAP_DO_NOTE:
		units_note(u, a);
		/* systemd has started the one that failed again */
		if (a->note == SWAP_NOTE_RETURNED)
			(void)systemctl("stop", u->names[1 - u->core.active]);
		/* who lost is not started with the machine */
		if (a->note == SWAP_NOTE_RETURNED || a->note == SWAP_NOTE_ACCEPTED ||
		    a->note == SWAP_NOTE_GIVEN_UP)
			(void)systemctl("disable", u->names[1 - u->core.active]);
		break;
	}
}

static void
step(struct units *u, struct swap_event ev)
{
	push(u, ev);
	while (u->event_count > 0) {
		struct swap_event first = u->events[0];
		struct swap_actions todo;

		u->event_count--;
		memmove(u->events, u->events + 1, u->event_count * sizeof(u->events[0]));
		first.now_ms = clock_ms();
		swap_step(&u->core, &first, &todo);
		for (unsigned i = 0; i < todo.count; i++)
			apply(u, &todo.list[i]);
	}
}

/* Until the core is idle, or, for who waits for an answer, until that is there. */
static void
drive(struct units *u, bool to_the_answer)
{
	while (u->core.phase != SWAP_IDLE && !(to_the_answer && u->answered)) {
		uint64_t due_ms = swap_due_ms(&u->core), now_ms = clock_ms();

		if (due_ms > now_ms)
			usleep((unsigned)(due_ms - now_ms) * 1000);
		step(u, (struct swap_event){.type = SWAP_EV_DUE});
	}
}

/* 0, or the exit status. */
static int
open_units(struct units *u, const struct ctl *c)
{
	struct swap_policy policy = {
	    .describe_ms = DESCRIBE_MS,
	    .start_ms = START_MS,
	    .promote_ms = PROMOTE_MS,
	    .look_ms = LOOK_MS,
	    .probation_ms = c->conf->supervisor.probation_ms,
	};

	u->c = c;
	if (geteuid() != 0)
		return verb_failed(c, EXIT_FAILED,
		                   "swap: only root starts and stops units; write: sudo "
		                   "conclave swap ...");
	if (!read_record(u))
		return verb_failed(
		    c, EXIT_FAILED,
		    "swap: connmgr's record in %s/connmgr cannot be read: start the "
		    "elector first",
		    c->conf->data_dir);
	swap_init(&u->core, &policy);
	strcpy(u->names[0], u->record.now.name);
	return 0;
}

/* What was promoted is watched on, by a unit that outlives this command. */
static int
guard(const struct units *u)
{
	char self[CONF_PATH_MAX], file[PATH_MAX]; /* it has another working directory */
	char restarts[24];
	char *argv[] = {(char *)"systemd-run",
	                (char *)"--quiet",
	                (char *)"--collect",
	                (char *)"--unit=" GUARD,
	                self,
	                (char *)"-c",
	                file,
	                (char *)"swap",
	                (char *)"--guard",
	                restarts,
	                NULL};
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0 || !realpath(u->c->file, file))
		return -errno;
	self[n] = '\0';
	snprintf(restarts, sizeof(restarts), "%ld", u->restarts[u->core.active]);
	return run_program(argv, START_MS, NULL, 0);
}

/* One driver at a time */
static void
stop_guard(void)
{
	char *argv[] = {(char *)"systemctl", (char *)"--quiet", (char *)"stop",
	                (char *)GUARD ".service", NULL};
	char said[SYSTEMCTL_TEXT_MAX];

	(void)run_program(argv, START_MS, said, sizeof(said));
}

static int
finish(struct units *u)
{
	if (u->core.phase != SWAP_PROBATION || guard(u) == 0)
		return u->status;
	fputs("conclave: swap: no unit can be started for the probation: it is seen "
	      "through here\n",
	      stderr);
	drive(u, false);
	return u->status;
}

int
units_swap(const struct ctl *c, const char *name, uint64_t shadow_ms, bool force)
{
	static struct units u;
	struct swap_event ev = {
	    .type = SWAP_EV_ASK, .shadow_ms = shadow_ms, .force = force};
	int r;

	if (!paths_name_ok(name))
		return verb_misused(c, "here each elector is a unit: which instance of "
		                       "conclave-elector@NAME.service?");
	r = open_units(&u, c);
	if (r)
		return r;
	if (strcmp(name, u.record.now.name) == 0)
		return verb_misused(c, "%s is in use already", name);
	strcpy(u.names[1], name);
	if (!u.record.accepted && !describe(&u, name)) {
		units_answer(&u, &(struct swap_action){.type = SWAP_DO_ANSWER,
		                                       .why = SWAP_WHY_DESCRIBED});
		return u.status;
	}
	/* a new swap accepts the one before */
	stop_guard();
	if (!u.record.accepted)
		(void)systemctl("disable", u.record.before.name);
	if (!u.record.accepted)
		step(&u, (struct swap_event){.type = SWAP_EV_RESUME, .has_before = true});
	step(&u, ev);
	drive(&u, true);
	return finish(&u);
}

int
units_undo(const struct ctl *c)
{
	static struct units u;
	struct swap_event ev = {.type = SWAP_EV_UNDO};
	int r = open_units(&u, c);

	if (r)
		return r;
	ev.has_before = u.record.before.name[0] != '\0';
	strcpy(u.names[1], u.record.before.name);
	if (ev.has_before)
		stop_guard();
	step(&u, ev);
	drive(&u, true);
	return finish(&u);
}

int
units_guard(const struct ctl *c, long restarts)
{
	static struct units u;
	int r = open_units(&u, c);

	if (r || u.record.accepted)
		return r;
	strcpy(u.names[1], u.record.before.name);
	step(&u, (struct swap_event){.type = SWAP_EV_RESUME,
	                             .has_before = u.record.before.name[0] != '\0'});
	u.restarts[u.core.active] = restarts;
	look(&u, u.core.active); /* a short probation ends before the next one */
	drive(&u, false);
	return strcmp(u.record.now.name, u.names[u.core.active]) == 0 ? 0 : 1;
}

bool
units_are_there(const struct ctl *c)
{
	struct stat st;
	struct asks asks;
	bool there;

	if (stat("/run/systemd/system", &st) < 0)
		return false;
	ask_one(c->conf->run_dir, "conclaved", "status", &asks);
	there = asks.list[0].result == -ENOENT || asks.list[0].result == -ECONNREFUSED;
	asks_deinit(&asks);
	ask_one(c->conf->run_dir, "connmgr", "status", &asks);
	there = there && asks.list[0].answer;
	asks_deinit(&asks);
	return there;
}
