/* `conclave swap` where systemd runs the workers; see units.h. Each operation of
 * swap/drive.h waits until it is done, so that one event follows the other until the swap
 * is over, or the person who asked has the answer. */
#include "ctl/units.h"

#include "base/clock.h"
#include "base/paths.h"
#include "ctl/run.h"
#include "ctl/swap_print.h"
#include "proc/gate.h"
#include "swap/drive.h"
#include "view/member.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS   30000 /* systemctl has smaller limits of its own */
#define LOOK_MS    500
#define EVENTS_MAX 8
#define GUARD      "conclave-swap"

struct units {
	const struct ctl *c;
	struct drive drive;
	struct gate gate;
	/* by seat: the end of the unit counts as a death of the elector */
	bool watched[2];
	/* by seat: what systemctl_restarts said when the unit was started */
	long restarts[2];
	bool answered;
	/* the exit status that goes with the answer */
	int status;
	char reply[DOOR_REPLY_MAX + 1];
};

/* The program of a unit, as it is shown to people. */
static struct record_program
shown(const char *name)
{
	struct record_program p = {.name = ""};

	snprintf(p.name, sizeof(p.name), "%s", name);
	(void)systemctl_program(name, p.path, sizeof(p.path));
	return p;
}

static void
on_answer(void *user, bool ok, const char *why)
{
	struct units *u = user;
	struct record_program now = {.name = ""};
	struct buf_out out;

	if (ok)
		now = shown(u->drive.programs[u->drive.core.active].name);
	buf_out_init(&out, u->reply, sizeof(u->reply) - 1);
	drive_put_answer(&u->drive, ok, why, &now, u->drive.version, &out);
	u->reply[out.len] = '\0';
	u->answered = true;
	u->status = swap_print_result(u->c, json_loads(u->reply, 0, NULL));
	u->status = verb_flushed(verb_flush(), u->status);
}

static void
on_push(void *user, const struct swap_event *ev)
{
	struct units *u = user;

	gate_push(&u->gate, ev);
}

static int
load_record(const struct conf *conf, struct record *out)
{
	int r = drive_load_record(conf->run_dir, out);

	return r == -ENOENT ? drive_load_record(conf->data_dir, out) : r;
}

/* The path in a record is conclaved's; a unit has its own. */
static bool
on_read(void *user, struct record *out)
{
	struct units *u = user;

	if (load_record(u->c->conf, out) != 0)
		return false;
	out->now.path[0] = out->before.path[0] = '\0';
	return true;
}

static bool
describe(struct units *u, const char *name)
{
	char path[RECORD_PATH_MAX], real[RECORD_PATH_MAX], says[PROGRAM_SAYS_MAX];
	const char *argv[] = {real, "--describe", NULL};
	char *words = u->drive.words;
	int fd;

	if (systemctl_program(name, path, sizeof(path)) != 0) {
		snprintf(words, DRIVE_WORDS_MAX,
		         "there is no unit conclave-elector@%s.service", name);
		return false;
	}
	/* systemd executes it, by its path; this command only asks it */
	if (program_open(path, &fd, real, words) != 0)
		return false;
	close(fd);
	if (run_program(argv, DRIVE_DESCRIBE_MS, says, sizeof(says)) != 0)
		says[0] = '\0';
	return program_judge(says, u->drive.version, words) == 0;
}

static void
on_describe(void *user, unsigned seat)
{
	struct units *u = user;
	bool ok = describe(u, u->drive.programs[seat].name);

	on_push(u, &(struct swap_event){.type = SWAP_EV_DESCRIBED, .ok = ok});
}

/* SWAP_DO_KEEP needs nothing: systemd restarts a unit by itself. */
static bool
on_seat(void *user, enum swap_action_type what, unsigned seat)
{
	struct units *u = user;
	const char *name = u->drive.programs[seat].name;

	if (what == SWAP_DO_STOP)
		(void)systemctl("stop", name);
	if (what == SWAP_DO_WATCH)
		u->restarts[seat] = systemctl_restarts(name);
	if (what != SWAP_DO_KEEP)
		u->watched[seat] = what == SWAP_DO_WATCH;
	return true;
}

/* systemctl returns when the unit is ready. */
static bool
on_start(void *user, unsigned seat)
{
	struct units *u = user;
	const char *name = u->drive.programs[seat].name;

	if (systemctl("start", name) != 0) {
		u->watched[seat] = false;
		snprintf(u->drive.words, DRIVE_WORDS_MAX,
		         "conclave-elector@%s.service did not start: see journalctl -u "
		         "conclave-elector@%s",
		         name, name);
		return false;
	}
	(void)on_seat(u, SWAP_DO_WATCH, seat);
	on_push(u, &(struct swap_event){.type = SWAP_EV_READY, .seat = seat});
	return true;
}

/* True: the watched unit has ended, or systemd has restarted it. */
static bool
has_died(struct units *u, unsigned seat)
{
	const char *name = u->drive.programs[seat].name;

	if (!u->watched[seat] || systemctl_restarts(name) == u->restarts[seat])
		return false;
	u->watched[seat] = false;
	snprintf(u->drive.words, DRIVE_WORDS_MAX,
	         "it ended: see journalctl -u conclave-elector@%s", name);
	on_push(u, &(struct swap_event){.type = SWAP_EV_DIED, .seat = seat});
	return true;
}

/* The candidate is enabled before its promotion: after the promotion a restart of the
 * machine must start this one. */
static void
on_ask(void *user, enum swap_action_type asked, unsigned seat, const char *request)
{
	struct units *u = user;
	const char *name = u->drive.programs[seat].name;
	char path[ASK_PATH_MAX];
	size_t len;
	int r;

	if (asked == SWAP_DO_LOOK && has_died(u, seat))
		return;
	if (asked == SWAP_DO_PROMOTE && systemctl("enable", name) != 0) {
		snprintf(u->drive.words, DRIVE_WORDS_MAX,
		         "conclave-elector@%s.service cannot be enabled", name);
		on_push(u, &(struct swap_event){.type = SWAP_EV_PROMOTED});
		return;
	}
	(void)paths_below(path, sizeof(path), u->c->conf->run_dir, PATHS_CONNMGR,
	                  PATHS_DOOR);
	r = ask_door(path, request, DRIVE_PROMOTE_MS, u->reply, sizeof(u->reply), &len);
	drive_replied(&u->drive, asked, r < 0 ? NULL : u->reply);
}

/* A person reads the answer; a unit that runs this command writes to the journal. */
static void
on_note(void *user, enum swap_note note, const char *why)
{
	struct units *u = user;
	const char *other = u->drive.programs[1 - u->drive.core.active].name;

	if (note == SWAP_NOTE_RETURNING || note >= SWAP_NOTE_RETURNED)
		fprintf(stderr, "conclave: swap: %s%s%s\n", swap_note_text(note),
		        *why ? ": " : "", why);
	/* systemd has restarted the one that failed */
	if (note == SWAP_NOTE_RETURNED)
		(void)systemctl("stop", other);
	/* the one that is not in use must not start with the machine */
	if (note == SWAP_NOTE_RETURNED || note == SWAP_NOTE_ACCEPTED ||
	    note == SWAP_NOTE_GIVEN_UP)
		(void)systemctl("disable", other);
}

static const struct drive_ops drive_ops = {.push = on_push,
                                           .read = on_read,
                                           .describe = on_describe,
                                           .start = on_start,
                                           .seat = on_seat,
                                           .ask = on_ask,
                                           .answer = on_answer,
                                           .note = on_note};

static void
on_step(void *user, uint64_t now_ms, void *event)
{
	struct units *u = user;

	drive_step(&u->drive, now_ms, event);
}

/* drive_until looks at the deadline itself. */
static const struct gate_ops gate_ops = {.step = on_step};

/* Until the core is idle or, with `to_the_answer`, until the answer is there. */
static void
drive_until(struct units *u, bool to_the_answer)
{
	while (u->drive.core.phase != SWAP_IDLE && !(to_the_answer && u->answered)) {
		uint64_t due_ms = swap_due_ms(&u->drive.core), now_ms = clock_ms();

		if (due_ms > now_ms)
			usleep((unsigned)(due_ms - now_ms) * 1000);
		on_push(u, &(struct swap_event){.type = SWAP_EV_DUE});
	}
}

/* 0, or the exit status. */
static int
open_units(struct units *u, const struct ctl *c)
{
	int r;

	u->c = c;
	if (geteuid() != 0)
		return verb_failed(c, EXIT_FAILED,
		                   "swap: only root may start and stop units; run: sudo "
		                   "conclave swap ...");
	if (!drive_init(&u->drive, START_MS, LOOK_MS, c->conf->supervisor.probation_ms,
	                &drive_ops, u))
		return verb_failed(
		    c, EXIT_FAILED,
		    "swap: no record in %s/connmgr: start the elector first",
		    c->conf->run_dir);
	r = gate_init(&u->gate, sizeof(struct swap_event), EVENTS_MAX, &gate_ops, u);
	return r < 0 ? EXIT_FAILED : 0;
}

/* Starts a transient unit that watches the promoted elector after this command has ended.
 * Its working directory is another one, so that it needs whole paths. */
static int
guard(const struct units *u)
{
	char self[CONF_PATH_MAX], file[PATH_MAX];
	char restarts[24];
	const char *argv[] = {"systemd-run", "--quiet", "--collect", "--unit=" GUARD,
	                      self,          "-c",      file,        "swap",
	                      "--guard",     restarts,  NULL};
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0 || !realpath(u->c->file, file))
		return -errno;
	self[n] = '\0';
	snprintf(restarts, sizeof(restarts), "%ld", u->restarts[u->drive.core.active]);
	return run_program(argv, START_MS, NULL, 0);
}

/* Only one process may drive a swap. */
static void
stop_guard(void)
{
	const char *runs[] = {"systemctl", "--quiet", "is-active", GUARD ".service",
	                      NULL};
	const char *stop[] = {"systemctl", "--quiet", "stop", GUARD ".service", NULL};
	char said[RUN_TEXT_MAX];

	/* systemctl complains of a unit that is not there */
	if (run_program(runs, START_MS, said, sizeof(said)) == 0)
		(void)run_program(stop, START_MS, said, sizeof(said));
}

static int
finish(struct units *u)
{
	drive_until(u, true);
	if (u->drive.core.phase != SWAP_PROBATION || guard(u) == 0)
		return u->status;
	fputs("conclave: swap: systemd-run cannot start a unit for the probation, so "
	      "this command waits for its end\n",
	      stderr);
	drive_until(u, false);
	return u->status;
}

int
units_swap(const struct ctl *c, const char *name, uint64_t shadow_ms, bool force)
{
	static struct units u;
	int r;

	if (!paths_name_ok(name))
		return verb_misused(c, "here each elector is a unit: which instance of "
		                       "conclave-elector@NAME.service?");
	r = open_units(&u, c);
	if (r)
		return r;
	if (strcmp(name, u.drive.record.now.name) == 0)
		return verb_misused(c, "%s is in use already", name);
	if (!u.drive.record.accepted && !describe(&u, name)) {
		on_answer(&u, false, u.drive.words);
		return u.status;
	}
	stop_guard();
	/* a new swap accepts the one before */
	if (!u.drive.record.accepted)
		(void)systemctl("disable", u.drive.record.before.name);
	drive_resume(&u.drive);
	drive_swap(&u.drive, name, "", shadow_ms, force);
	return finish(&u);
}

int
units_undo(const struct ctl *c)
{
	static struct units u;
	int r = open_units(&u, c);

	if (r)
		return r;
	if (u.drive.record.before.name[0] != '\0')
		stop_guard();
	drive_undo(&u.drive);
	return finish(&u);
}

int
units_guard(const struct ctl *c, long restarts)
{
	static struct units u;
	char request[PATHS_NAME_MAX + 16];
	int r = open_units(&u, c);

	if (r || u.drive.record.accepted)
		return r;
	drive_resume(&u.drive);
	u.restarts[0] = restarts;
	/* a short probation ends before the core asks for the first look */
	snprintf(request, sizeof(request), "shadow %s", u.drive.programs[0].name);
	on_ask(&u, SWAP_DO_LOOK, 0, request);
	drive_until(&u, false);
	return u.drive.core.active == 0 ? 0 : 1;
}

static json_t *
program_json(const char *name)
{
	struct record_program p = shown(name);

	return *name ? json_pack("{s:s, s:o}", "name", name, "path",
	                         member_of_bytes(p.path))
	             : json_null();
}

/* null stands for what the record does not tell. */
int
units_show(const struct ctl *c)
{
	struct record r;

	if (load_record(c->conf, &r) != 0)
		return verb_failed(c, EXIT_FAILED,
		                   "swap: no record in %s/connmgr: start the elector "
		                   "first",
		                   c->conf->run_dir);
	return swap_print_status(
	    c, json_pack("{s:s, s:b, s:n, s:o, s:n, s:o, s:n, s:n}", "phase",
	                 r.accepted ? "idle" : "probation", "accepted", r.accepted,
	                 "remaining_ms", "program", program_json(r.now.name), "candidate",
	                 "before", program_json(r.before.name), "reason", "difference"));
}
