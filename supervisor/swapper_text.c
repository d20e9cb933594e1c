/* Swaps in words and in JSON; see swapper.h. */
#include "supervisor/swapper_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define ANSWER_MAX (DOOR_REPLY_MAX / 2)

static void
put_program(struct buf_out *out, const char *key, const struct record_program *p)
{
	buf_put_text(out, ",\"%s\":", key);
	if (p->name[0] == '\0') {
		buf_put_text(out, "null");
		return;
	}
	buf_put_text(out, "{\"name\":\"%s\",\"path\":", p->name);
	json_put_string(out, p->path);
	buf_put_u8(out, '}');
}

static void
put_difference(const struct swapper *s, struct buf_out *out)
{
	buf_put_text(out, ",\"difference\":%s",
	             s->look.difference[0] != '\0' ? s->look.difference : "null");
}

/* One that comes back was not asked to describe itself: what it said when it was ready.
 */
static const char *
version_of(const struct swapper *s)
{
	const struct crew_member *m = crew_member(s->crew, crew_active(s->crew));

	return s->version[0] != '\0' ? s->version : m->said.version;
}

void
swapper_answer(struct swapper *s, const struct swap_action *a)
{
	static unsigned char room[ANSWER_MAX];
	struct door_conn *to = s->asking != NULL ? s->asking : s->asker;
	struct buf_out json;

	if (s->asking == NULL)
		s->asker = NULL;
	s->asking = NULL;
	if (to == NULL)
		return;
	buf_out_init(&json, room, sizeof(room));
	if (a->ok) {
		buf_put_text(&json, "{\"ok\":true");
		put_program(&json, "program", &s->programs[s->core.active]);
		buf_put_text(&json, ",\"version\":");
		json_put_string(&json, version_of(s));
	} else {
		buf_put_text(&json, "{\"error\":");
		json_put_string(&json, look_why(&s->look, a->why));
	}
	put_difference(s, &json);
	buf_put_u8(&json, '}');
	s->ops->on_answer(s->user, to, &json);
}

void
swapper_note(struct swapper *s, const struct swap_action *a)
{
	static const enum log_level levels[] = {
	    [SWAP_NOTE_BEGUN] = LOG_LEVEL_INFO,
	    [SWAP_NOTE_SHADOW] = LOG_LEVEL_INFO,
	    [SWAP_NOTE_PROMOTED] = LOG_LEVEL_NOTICE,
	    [SWAP_NOTE_GIVEN_UP] = LOG_LEVEL_WARNING,
	    [SWAP_NOTE_RETURNING] = LOG_LEVEL_WARNING,
	    [SWAP_NOTE_RETURNED] = LOG_LEVEL_NOTICE,
	    [SWAP_NOTE_STRANDED] = LOG_LEVEL_ERR,
	    [SWAP_NOTE_ACCEPTED] = LOG_LEVEL_NOTICE,
	};
	const char *why = look_reason(&s->look, a);

	log_line(levels[a->note], "swap: %s%s%s", swap_note_text(a->note),
	         why[0] != '\0' ? ": " : "", why);
}

void
swapper_print(const struct swapper *s, struct buf_out *out)
{
	uint64_t now_ms = clock_ms();
	bool ends = s->core.phase == SWAP_PROBATION && s->core.until_ms > now_ms;
	const struct record_program none = {.name = ""};
	bool candidate = s->core.seated[1 - s->core.active];

	buf_put_text(out, "{\"phase\":\"%s\",\"accepted\":%s",
	             swap_phase_name(s->core.phase),
	             s->record.accepted ? "true" : "false");
	buf_put_text(out, ",\"remaining_ms\":%" PRIu64,
	             ends ? s->core.until_ms - now_ms : 0);
	put_program(out, "program", &s->programs[s->core.active]);
	put_program(out, "candidate",
	            candidate ? &s->programs[1 - s->core.active] : &none);
	put_program(out, "before", &s->record.before);
	buf_put_text(out, ",\"reason\":");
	json_put_string(out, s->look.reason);
	put_difference(s, out);
	buf_put_u8(out, '}');
}
