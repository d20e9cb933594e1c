/* Reads connmgr's answers during a swap; see look.h. */
#include "swap/look.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* An elector may send this many messages between two looks, and this many more for each
 * frame that came from other servers. */
#define FLOOD_MESSAGES  1000
#define FLOOD_PER_FRAME 8

static bool
is_true(const json_t *answer, const char *key)
{
	return json_is_true(json_object_get(answer, key));
}

static unsigned long long
number(const json_t *answer, const char *key)
{
	return (unsigned long long)json_integer_value(json_object_get(answer, key));
}

static bool
is_sick(struct look *l, const json_t *answer, uint64_t every_ms)
{
	uint64_t said = number(answer, "said"), in = number(answer, "frames_in");
	uint64_t more = said > l->said ? said - l->said : 0;
	uint64_t came = in > l->frames_in ? in - l->frames_in : 0;

	l->said = said;
	l->frames_in = in;
	if (number(answer, "refused") > 0)
		snprintf(l->words, sizeof(l->words), "it sent %llu malformed messages",
		         number(answer, "refused"));
	else if (number(answer, "links_lost") > 1)
		snprintf(l->words, sizeof(l->words), "it lost its link %llu times",
		         number(answer, "links_lost"));
	else if (more > FLOOD_MESSAGES + FLOOD_PER_FRAME * came)
		snprintf(l->words, sizeof(l->words),
		         "it sent %llu messages within %llu ms", (unsigned long long)more,
		         (unsigned long long)every_ms);
	else
		return false;
	return true;
}

/* Keeps the first difference, as text. One that does not fit is not kept. */
static void
keep_difference(struct look *l, const json_t *difference)
{
	size_t cap = sizeof(l->difference) - 1;
	size_t len;

	if (l->difference[0] != '\0')
		return;
	len = json_dumpb(difference, l->difference, cap, JSON_COMPACT);
	l->difference[len <= cap ? len : 0] = '\0';
}

struct swap_event
look_event(struct look *l, const char *reply, uint64_t every_ms)
{
	struct swap_event ev = {.type = SWAP_EV_LOOKED};
	json_t *answer = reply ? json_loads(reply, 0, NULL) : NULL;
	const json_t *difference = json_object_get(answer, "difference");

	ev.ok = is_true(answer, "ok");
	ev.attached = is_true(answer, "attached");
	ev.synced = is_true(answer, "synced");
	ev.differs = json_is_object(difference);
	ev.sick = ev.ok && is_sick(l, answer, every_ms);
	if (ev.differs)
		keep_difference(l, difference);
	if (ev.ok && !ev.sick && !(ev.attached && ev.synced))
		snprintf(l->words, sizeof(l->words), "it has no link to connmgr");
	json_decref(answer);
	return ev;
}

int
look_ok(const char *reply, char words[LOOK_WORDS_MAX])
{
	json_t *answer = reply ? json_loads(reply, 0, NULL) : NULL;
	const json_t *error = json_object_get(answer, "error");
	bool ok = is_true(answer, "ok");

	if (json_is_string(error))
		snprintf(words, LOOK_WORDS_MAX, "connmgr refuses: %s",
		         json_string_value(error));
	json_decref(answer);
	return ok;
}

const char *
look_why(const struct look *l, enum swap_why why)
{
	const char *text = swap_why_text(why);

	return text[0] != '\0' || why == SWAP_WHY_NONE ? text : l->words;
}

const char *
look_reason(struct look *l, const struct swap_action *note)
{
	if (note->note != SWAP_NOTE_RETURNED)
		snprintf(l->reason, sizeof(l->reason), "%s", look_why(l, note->why));
	return l->reason;
}
