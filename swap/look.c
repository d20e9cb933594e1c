/* What connmgr says of an elector; see look.h. */
#include "swap/look.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* Between two looks, beyond what its remotes explain */
#define FLOOD_MESSAGES  1000
#define FLOOD_PER_FRAME 8

static bool
is_true(const cJSON *answer, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, key));
}

/* Counters stay far below 2^53. */
static unsigned long long
number(const cJSON *answer, const char *key)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(answer, key);

	return cJSON_IsNumber(node) && node->valuedouble > 0
	           ? (unsigned long long)node->valuedouble
	           : 0;
}

static bool
is_sick(struct look *l, const cJSON *answer, uint64_t every_ms)
{
	uint64_t said = number(answer, "said"), in = number(answer, "frames_in");
	uint64_t more = said > l->said ? said - l->said : 0;
	uint64_t came = in > l->frames_in ? in - l->frames_in : 0;

	l->said = said;
	l->frames_in = in;
	if (number(answer, "refused") > 0)
		snprintf(l->words, sizeof(l->words),
		         "it sent %llu messages that are none",
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

/* Its value is the last of the answer: it is kept as it stands, to the last digit. */
static void
keep_difference(struct look *l, const char *reply)
{
	static const char key[] = "\"difference\":{";
	const char *at = strstr(reply, key), *end = strrchr(reply, '}');
	size_t len;

	if (l->difference[0] != '\0' || !at || !end)
		return;
	at += sizeof(key) - 2;
	len = (size_t)(end - at);
	if (len >= sizeof(l->difference))
		return;
	memcpy(l->difference, at, len);
	l->difference[len] = '\0';
}

struct swap_event
look_event(struct look *l, const char *reply, uint64_t every_ms)
{
	struct swap_event ev = {.type = SWAP_EV_LOOKED};
	cJSON *answer = reply ? cJSON_Parse(reply) : NULL;

	ev.ok = is_true(answer, "ok");
	ev.attached = is_true(answer, "attached");
	ev.synced = is_true(answer, "synced");
	ev.differs = cJSON_IsObject(cJSON_GetObjectItem(answer, "difference"));
	ev.sick = ev.ok && is_sick(l, answer, every_ms);
	if (ev.differs)
		keep_difference(l, reply);
	if (ev.ok && !ev.sick && !(ev.attached && ev.synced))
		snprintf(l->words, sizeof(l->words), "it has no link to connmgr");
	cJSON_Delete(answer);
	return ev;
}

int
look_ok(const char *reply, char words[LOOK_WORDS_MAX])
{
	cJSON *answer = reply ? cJSON_Parse(reply) : NULL;
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
	bool ok = is_true(answer, "ok");

	if (cJSON_IsString(error))
		snprintf(words, LOOK_WORDS_MAX, "connmgr refuses: %s",
		         error->valuestring);
	cJSON_Delete(answer);
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
