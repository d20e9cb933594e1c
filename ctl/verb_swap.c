/* conclave swap: asks conclaved to replace the elector by another program, to undo that,
 * or for the state of a swap. Where systemd runs the workers, units.h does it. */
#include "base/paths.h"
#include "ctl/swap_print.h"
#include "ctl/time.h"
#include "ctl/units.h"
#include "ctl/verb.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long to wait beyond the time of comparison and the times of the configuration. */
#define PATIENCE_MS 45000 /* the disk may be slow */

/* `path` NULL: undoes the last swap. */
static int
swap(const struct ctl *c, const char *path, uint64_t shadow_ms, bool force)
{
	char request[DOOR_REQUEST_MAX] = "undo", real[PATH_MAX];
	const char *program = path;
	uint64_t patience = shadow_ms + c->conf->supervisor.ready_ms +
	                    c->conf->supervisor.stop_ms + PATIENCE_MS;
	json_t *answer;
	int r;

	if (path && path[0] != '/') /* conclaved has another working directory */
		program = realpath(path, real);
	if (path && !program)
		return verb_failed(c, EXIT_FAILED,
		                   "swap: %s: %s; the old elector goes on", path,
		                   strerror(errno));
	if (path && (size_t)snprintf(request, sizeof(request), "swap %" PRIu64 " %s %s",
	                             shadow_ms, force ? "force" : "careful",
	                             program) >= sizeof(request))
		return verb_misused(c, "the path is too long");
	r = verb_demand(c, PATHS_CONCLAVED, request, patience,
	                "nobody knows whether it was done: look with --status", &answer);
	return r ? r : swap_print_result(c, answer);
}

static int
show(const struct ctl *c)
{
	struct asks asks;
	json_t *swap;

	ask_one(c->conf->run_dir, PATHS_CONCLAVED, "status", &asks);
	swap = json_deep_copy(json_object_get(asks.list[0].answer, "swap"));
	asks_deinit(&asks);
	if (json_is_object(swap))
		return swap_print_status(c, swap);
	json_decref(swap);
	return verb_no_answer(c, PATHS_CONCLAVED);
}

int
verb_swap(const struct ctl *c)
{
	const char *shadow = verb_option(c, "shadow"), *guard = verb_option(c, "guard");
	const char *path = c->argc > 1 ? c->argv[1] : NULL;
	bool force = verb_option(c, "force"), undo = verb_option(c, "undo");
	bool status = verb_option(c, "status");
	uint64_t shadow_ms = 0;
	char *end;
	/* of the unit that --guard watches, when it was promoted */
	long restarts = guard ? strtol(guard, &end, 10) : 0;

	if (guard && (end == guard || *end))
		return verb_misused(c, "--guard after how many restarts?");
	if (shadow && !time_parse(shadow, &shadow_ms))
		return verb_misused(c, "--shadow how long? 30s, 500ms, 2min");
	if (c->argc > 0 && strcmp(c->argv[0], "elector") != 0)
		return verb_misused(c, "only an elector can be swapped");
	if (undo + status + (guard != NULL) + (path != NULL) != 1 ||
	    (!path && c->argc > 0))
		return verb_misused(c, "one of: elector PROGRAM, --undo, --status");
	if (!path && (force || shadow_ms > 0))
		return verb_misused(c, "--shadow and --force go with elector PROGRAM");
	if (guard)
		return units_guard(c, restarts);
	if (!ask_finds_units(c->conf->run_dir))
		return status ? show(c) : swap(c, path, shadow_ms, force);
	if (status)
		return units_show(c);
	return undo ? units_undo(c) : units_swap(c, path, shadow_ms, force);
}
