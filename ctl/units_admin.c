/* `conclave restart` and `conclave reload` where systemd runs the workers and there is no
 * conclaved; see units.h. */
#include "ctl/units.h"

#include "base/paths.h"
#include "ctl/run.h"
#include "proc/roster.h"
#include "view/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT_MAX   96
#define RESTART_MS 60000 /* systemd gives up earlier, by the times in the units */

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
	if (run_program(argv, RESTART_MS, said, sizeof(said)) != 0)
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

/* A worker that gets SIGHUP reads its file again. */
int
units_reload(const struct ctl *c)
{
	static const char *const units[] = {"conclave-connmgr.service",
	                                    "conclave-elector@*.service",
	                                    "conclave-peer.service"};
	char said[RUN_TEXT_MAX];
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
	if (r == 0 && c->json)
		verb_print_json(json_pack("{s:b}", "ok", true));
	return r;
}
