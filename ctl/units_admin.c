/* `conclave restart` and `conclave reload` where systemd runs the workers and there is no
 * conclaved; see units.h. */
#include "ctl/units.h"

#include "base/clock.h"
#include "base/paths.h"
#include "ctl/run.h"
#include "proc/roster.h"
#include "view/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT_MAX        96
#define VERDICT_MAX     2048
#define JUDGED_MS       5000
#define JUDGED_PAUSE_US 20000
#define RESTART_MS      60000 /* systemd gives up earlier, by the times in the units */

/* The unit of that worker; of the elector that is in use, else of the installed one. */
static void
unit_of(const struct ctl *c, const char *worker, char out[UNIT_MAX])
{
	struct asks asks;
	const char *name;

	snprintf(out, UNIT_MAX, "conclave-%s.service", worker);
	if (strcmp(worker, roster_who(MSG_WHO_ELECTOR)->name) != 0)
		return;
	ask_all(c->conf->run_dir, "status", ASK_DEADLINE_MS, &asks);
	name = member_string(asks_elector(&asks), "name");
	snprintf(out, UNIT_MAX, "conclave-%s@%s.service", worker, *name ? name : "main");
	asks_deinit(&asks);
}

/* The process of the unit; 0: there is none. */
static int64_t
main_pid(const char *unit)
{
	const char *argv[] = {"systemctl", "show", "--value", "-p",
	                      "MainPID",   unit,   NULL};
	char text[64];

	return run_program(argv, RESTART_MS, text, sizeof(text)) == 0
	           ? strtoll(text, NULL, 10)
	           : 0;
}

/* 0, or the exit status. */
static int
need_root(const struct ctl *c)
{
	if (geteuid() == 0)
		return 0;
	return verb_failed(c, EXIT_FAILED,
	                   "%s: only root may do that to units of systemd; run: sudo "
	                   "conclave %s ...",
	                   c->verb->name, c->verb->name);
}

int
units_restart(const struct ctl *c, const char *worker)
{
	char unit[UNIT_MAX], said[RUN_TEXT_MAX];
	const char *argv[] = {"systemctl", "--quiet", "restart", unit, NULL};
	int r = need_root(c);
	int64_t pid;

	if (r)
		return r;
	unit_of(c, worker, unit);
	/* a leader's peer waits for who holds */
	if (run_program(argv, RESTART_MS + c->conf->supervisor.hold_stop_ms, said,
	                sizeof(said)) != 0)
		return verb_failed(c, EXIT_FAILED,
		                   "restart: %s did not start: see systemctl status %s",
		                   unit, unit);
	pid = main_pid(unit);
	if (c->json)
		verb_print_json(json_pack("{s:b, s:s, s:I}", "ok", true, "unit", unit,
		                          "pid", (json_int_t)pid));
	else
		printf("%lld\n", (long long)pid);
	return EXIT_OK;
}

/* How often the peer has read its file again, and why it refused the last one; `why` is
 * "" if it did not. -1: it does not answer. */
static int64_t
reloads_of_peer(const struct ctl *c, char *why, size_t cap)
{
	const json_t *file;
	struct asks asks;
	int64_t count = -1;

	ask_one(c->conf->run_dir, PATHS_PEER, "status", &asks);
	file = json_object_get(asks.list[0].answer, "file");
	if (member_i64(file, "reloads", &count))
		snprintf(why, cap, "%s", member_string(file, "refused"));
	asks_deinit(&asks);
	return count;
}

/* All workers judge a file alike; the peer says what it found. 0, or the exit status. */
static int
judged(const struct ctl *c, int64_t before)
{
	char why[VERDICT_MAX] = "";
	uint64_t until_ms = clock_ms() + JUDGED_MS;
	int64_t now;

	while (((now = reloads_of_peer(c, why, sizeof(why))) == before || now < 0) &&
	       clock_ms() < until_ms)
		usleep(JUDGED_PAUSE_US);
	if (now == before || now < 0)
		return verb_failed(c, EXIT_FAILED,
		                   "reload: the peer was told, and has not read the file "
		                   "yet; see conclave health");
	return *why ? verb_failed(c, EXIT_FAILED, "reload: %s", why) : 0;
}

/* A worker that gets SIGHUP reads its file again. */
int
units_reload(const struct ctl *c)
{
	static const char *const units[] = {"conclave-connmgr.service",
	                                    "conclave-elector@*.service",
	                                    "conclave-peer.service"};
	char said[RUN_TEXT_MAX], why[VERDICT_MAX];
	int64_t before = reloads_of_peer(c, why, sizeof(why));
	int r = need_root(c);

	for (unsigned i = 0; r == 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		const char *argv[] = {"systemctl", "--quiet",         "kill",   "-s",
		                      "HUP",       "--kill-who=main", units[i], NULL};

		if (run_program(argv, RESTART_MS, said, sizeof(said)) != 0)
			r = verb_failed(c, EXIT_FAILED,
			                "reload: %s was not told: see systemctl status "
			                "'conclave*'",
			                units[i]);
	}
	/* a peer that does not run reads the file when it starts */
	if (r == 0 && before >= 0)
		r = judged(c, before);
	if (r == 0 && c->json)
		verb_print_json(json_pack("{s:b}", "ok", true));
	return r;
}
