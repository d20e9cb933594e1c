/* What the swapper asks at connmgr's door; see swapper.h and docs/DOORS.md. One question
 * at a time: a new one takes the place of the one before. */
#include "supervisor/swapper_impl.h"

#include "base/clock.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define FLOOD_MESSAGES  1000 /* between two looks, beyond what its remotes explain */
#define FLOOD_PER_FRAME 8

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
	snprintf(path, sizeof(path), "%s/connmgr/" DOOR_NAME, s->conf->run_dir);
	r = door_call_begin(&s->call, s->loop, path, request, timeout_ms, on_done, s);
	if (r < 0)
		done(s, r, "");
}

static bool
is_true(const cJSON *answer, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, key));
}

/* Counters stay far below 2^53. */
static uint64_t
number(const cJSON *answer, const char *key)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(answer, key);

	return cJSON_IsNumber(node) && node->valuedouble > 0 ? (uint64_t)node->valuedouble
	                                                     : 0;
}

static bool
is_sick(struct swapper *s, const cJSON *answer)
{
	uint64_t said = number(answer, "said"), in = number(answer, "frames_in");
	uint64_t more = said > s->seen.said ? said - s->seen.said : 0;
	uint64_t came = in > s->seen.frames_in ? in - s->seen.frames_in : 0;

	s->seen = (struct swapper_seen){.said = said, .frames_in = in};
	if (number(answer, "refused") > 0)
		snprintf(s->words, sizeof(s->words),
		         "it sent %llu messages that are none",
		         (unsigned long long)number(answer, "refused"));
	else if (number(answer, "links_lost") > 1)
		snprintf(s->words, sizeof(s->words), "it lost its link %llu times",
		         (unsigned long long)number(answer, "links_lost"));
	else if (more > FLOOD_MESSAGES + FLOOD_PER_FRAME * came)
		snprintf(s->words, sizeof(s->words),
		         "it sent %llu messages within %llu ms", (unsigned long long)more,
		         (unsigned long long)s->core.policy.look_ms);
	else
		return false;
	return true;
}

/* Its value is the last of the answer: it is kept as it stands, to the last digit. */
static void
keep_difference(struct swapper *s, const char *reply)
{
	static const char key[] = "\"difference\":{";
	const char *at = strstr(reply, key), *end = strrchr(reply, '}');
	size_t len;

	if (s->difference[0] != '\0' || !at)
		return;
	at += sizeof(key) - 2;
	len = (size_t)(end - at);
	memcpy(s->difference, at, len);
	s->difference[len] = '\0';
}

static void
on_looked(struct swapper *s, int result, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_LOOKED};
	cJSON *answer = result < 0 ? NULL : cJSON_Parse(reply);

	ev.ok = is_true(answer, "ok");
	ev.attached = is_true(answer, "attached");
	ev.synced = is_true(answer, "synced");
	ev.differs = cJSON_IsObject(cJSON_GetObjectItem(answer, "difference"));
	ev.sick = ev.ok && is_sick(s, answer);
	if (ev.differs)
		keep_difference(s, reply);
	if (ev.ok && !ev.sick && !(ev.attached && ev.synced))
		snprintf(s->words, sizeof(s->words), "it has no link to connmgr");
	cJSON_Delete(answer);
	swapper_step(s, ev);
}

void
swapper_look(struct swapper *s, unsigned seat)
{
	char request[64];

	snprintf(request, sizeof(request), "shadow %s", s->programs[seat].name);
	ask(s, request, s->core.policy.look_ms, on_looked);
}

static bool
said_ok(struct swapper *s, int result, const char *reply)
{
	cJSON *answer = result < 0 ? NULL : cJSON_Parse(reply);
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
	bool ok = is_true(answer, "ok");

	if (cJSON_IsString(error))
		snprintf(s->words, sizeof(s->words), "connmgr refuses: %s",
		         error->valuestring);
	cJSON_Delete(answer);
	return ok;
}

static void
on_promoted(struct swapper *s, int result, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_PROMOTED, .silent = result < 0};

	ev.ok = said_ok(s, result, reply);
	swapper_step(s, ev);
}

void
swapper_promote(struct swapper *s, unsigned seat, bool back)
{
	const struct record_program *p = &s->programs[seat];
	char request[RECORD_PATH_MAX + 64];

	snprintf(request, sizeof(request), "promote %s %s%s%s", back ? "back" : "forward",
	         p->name, p->path[0] ? " " : "", p->path);
	ask(s, request, s->core.policy.promote_ms, on_promoted);
}

static void
on_accepted(struct swapper *s, int result, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_ACCEPTED};

	ev.ok = said_ok(s, result, reply);
	swapper_step(s, ev);
}

void
swapper_accept(struct swapper *s)
{
	char request[64];

	snprintf(request, sizeof(request), "accept %s", s->programs[s->core.active].name);
	ask(s, request, s->core.policy.promote_ms, on_accepted);
}
