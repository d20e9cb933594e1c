/* What the swapper asks at connmgr's door; see swapper.h and docs/DOORS.md. One question
 * at a time: a new one takes the place of the one before. */
#include "supervisor/swapper_impl.h"

#include "base/paths.h"

#include <stdio.h>

static void
on_done(void *user, int result, const char *reply, size_t len)
{
	struct swapper *s = user;

	(void)len;
	s->call = NULL; /* it frees itself */
	s->call_done(s, result, reply);
}

static void
ask(struct swapper *s, const char *request, uint64_t timeout_ms,
    void (*done)(struct swapper *s, int result, const char *reply))
{
	char path[CONF_RUN_DIR_MAX + 32];
	int r;

	door_call_end(s->call);
	s->call = NULL;
	s->call_done = done;
	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, s->conf->run_dir);
	r = door_call_begin(&s->call, s->loop, path, request, timeout_ms, on_done, s);
	if (r < 0)
		done(s, r, "");
}

static void
on_looked(struct swapper *s, int result, const char *reply)
{
	swapper_step(
	    s, look_event(&s->look, result < 0 ? NULL : reply, s->core.policy.look_ms));
}

void
swapper_look(struct swapper *s, unsigned seat)
{
	char request[64];

	snprintf(request, sizeof(request), "shadow %s", s->programs[seat].name);
	ask(s, request, s->core.policy.look_ms, on_looked);
}

static void
on_promoted(struct swapper *s, int result, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_PROMOTED, .silent = result < 0};

	ev.ok = look_ok(result < 0 ? NULL : reply, s->look.words);
	swapper_step(s, ev);
}

void
swapper_promote(struct swapper *s, unsigned seat, bool back)
{
	const struct record_program *p = &s->programs[seat];
	char request[RECORD_PATH_MAX + 64];

	snprintf(request, sizeof(request), "promote %s %s%s%s", swap_turn(&s->core, back),
	         p->name, p->path[0] ? " " : "", p->path);
	ask(s, request, s->core.policy.promote_ms, on_promoted);
}

static void
on_accepted(struct swapper *s, int result, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_ACCEPTED};

	ev.ok = look_ok(result < 0 ? NULL : reply, s->look.words);
	swapper_step(s, ev);
}

void
swapper_accept(struct swapper *s)
{
	char request[64];

	snprintf(request, sizeof(request), "accept %s", s->programs[s->core.active].name);
	ask(s, request, s->core.policy.promote_ms, on_accepted);
}
