/* The driver of a swap; see drive.h. */
#include "swap/drive.h"

#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* An elector may send this many messages between two looks, and this many more for each
 * frame that came from other servers. */
#define FLOOD_MESSAGES  1000
#define FLOOD_PER_FRAME 8
/* jansson calls itself for each level of an answer, 2048 at most. conclaved's stack, as
 * small as that of its children (supervisor/spawn.c), has no room for so many. */
#define BRACKETS_MAX 100

static void
push(struct drive *d, struct swap_event ev)
{
	d->ops->push(d->user, &ev);
}

int
drive_load_record(const char *dir, struct record *out)
{
	char path[PATH_MAX], text[RECORD_TEXT_MAX];
	size_t len;
	int r = paths_below(path, sizeof(path), dir, PATHS_CONNMGR, "elector");

	if (r == 0)
		r = file_read(path, text, sizeof(text), &len);
	if (r < 0)
		return r;
	return record_parse(text, out) ? 0 : 1;
}

bool
drive_read(struct drive *d)
{
	return d->ops->read(d->user, &d->record);
}

static void
start(struct drive *d, unsigned seat, bool back)
{
	if (back)
		d->programs[seat] = d->record.before;
	d->said = d->frames_in = 0;
	push(d, (struct swap_event){.type = SWAP_EV_SPAWNED,
	                            .ok = d->ops->start(d->user, seat)});
}

static void
read_for(struct drive *d, unsigned candidate)
{
	bool ok = drive_read(d);
	bool named = strcmp(d->record.now.name, d->programs[candidate].name) == 0;

	push(d, (struct swap_event){.type = SWAP_EV_RECORD,
	                            .ok = ok,
	                            .seat = named ? candidate : 1 - candidate});
}

static void
ask(struct drive *d, const struct swap_action *a)
{
	const struct record_program *p = &d->programs[a->seat];
	char request[DRIVE_REQUEST_MAX];

	if (a->type == SWAP_DO_PROMOTE)
		snprintf(request, sizeof(request), "promote %s %s",
		         swap_turn(&d->core, a->back), p->name);
	else
		snprintf(request, sizeof(request), "%s %s",
		         a->type == SWAP_DO_LOOK ? "shadow" : "accept", p->name);
	d->ops->ask(d->user, a->type, a->seat, request);
}

/* NULL: this is no answer of connmgr. */
static json_t *
parse(const char *reply)
{
	unsigned brackets = 0;

	for (const char *at = reply; at && (at = strpbrk(at, "[{")); at++)
		brackets++;
	return reply && brackets <= BRACKETS_MAX ? json_loads(reply, 0, NULL) : NULL;
}

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
is_sick(struct drive *d, const json_t *answer)
{
	uint64_t said = number(answer, "said"), in = number(answer, "frames_in");
	uint64_t more = said > d->said ? said - d->said : 0;
	uint64_t came = in > d->frames_in ? in - d->frames_in : 0;

	d->said = said;
	d->frames_in = in;
	if (number(answer, "refused") > 0)
		snprintf(d->words, sizeof(d->words), "it sent %llu malformed messages",
		         number(answer, "refused"));
	else if (number(answer, "links_lost") > 1)
		snprintf(d->words, sizeof(d->words), "it lost its link %llu times",
		         number(answer, "links_lost"));
	else if (more > FLOOD_MESSAGES + FLOOD_PER_FRAME * came)
		snprintf(d->words, sizeof(d->words),
		         "it sent %llu messages within %llu ms", (unsigned long long)more,
		         (unsigned long long)d->core.policy.look_ms);
	else
		return false;
	return true;
}

/* Keeps the first difference, as text. One that does not fit is not kept. */
static void
keep_difference(struct drive *d, const json_t *difference)
{
	size_t cap = sizeof(d->difference) - 1;
	size_t len;

	if (d->difference[0] != '\0')
		return;
	len = json_dumpb(difference, d->difference, cap, JSON_COMPACT);
	d->difference[len <= cap ? len : 0] = '\0';
}

static struct swap_event
look_event(struct drive *d, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_LOOKED};
	json_t *answer = parse(reply);
	const json_t *difference = json_object_get(answer, "difference");

	ev.ok = is_true(answer, "ok");
	ev.attached = is_true(answer, "attached");
	ev.synced = is_true(answer, "synced");
	ev.differs = json_is_object(difference);
	ev.sick = ev.ok && is_sick(d, answer);
	if (ev.differs)
		keep_difference(d, difference);
	if (ev.ok && !ev.sick && !(ev.attached && ev.synced))
		snprintf(d->words, sizeof(d->words), "it has no link to connmgr");
	json_decref(answer);
	return ev;
}

/* Is the answer `{"ok":true…`? If it has an `error`, this is put into `words`. */
static bool
is_ok(struct drive *d, const char *reply)
{
	json_t *answer = parse(reply);
	const json_t *error = json_object_get(answer, "error");
	bool ok = is_true(answer, "ok");

	if (json_is_string(error))
		snprintf(d->words, sizeof(d->words), "connmgr refuses: %s",
		         json_string_value(error));
	json_decref(answer);
	return ok;
}

/* A reason in words: the core's, or the shell's. */
static const char *
why_text(const struct drive *d, enum swap_why why)
{
	const char *text = swap_why_text(why);

	return *text || why == SWAP_WHY_NONE ? text : d->words;
}

/* The note that the old program is back has the reason for which it was called back,
 * whatever `words` say by then. */
static const char *
reason_of(struct drive *d, const struct swap_action *note)
{
	if (note->note != SWAP_NOTE_RETURNED)
		snprintf(d->reason, sizeof(d->reason), "%s", why_text(d, note->why));
	return d->reason;
}

static void
apply(struct drive *d, const struct swap_action *a)
{
	switch (a->type) {
	case SWAP_DO_DESCRIBE:
		d->ops->describe(d->user, a->seat);
		break;
	case SWAP_DO_START:
		start(d, a->seat, a->back);
		break;
	case SWAP_DO_STOP:
	case SWAP_DO_KEEP:
	case SWAP_DO_WATCH:
		if (d->ops->seat(d->user, a->type, a->seat) && a->type == SWAP_DO_STOP)
			push(d,
			     (struct swap_event){.type = SWAP_EV_DIED, .seat = a->seat});
		break;
	case SWAP_DO_LOOK:
	case SWAP_DO_PROMOTE:
	case SWAP_DO_ACCEPT:
		ask(d, a);
		break;
	case SWAP_DO_READ:
		read_for(d, a->seat);
		break;
	case SWAP_DO_ANSWER:
		d->ops->answer(d->user, a->ok, why_text(d, a->why));
		break;
	case SWAP_DO_NOTE:
		d->ops->note(d->user, a->note, reason_of(d, a));
		break;
	}
}

void
drive_step(struct drive *d, uint64_t now_ms, const struct swap_event *ev)
{
	struct swap_event stamped = *ev;
	unsigned active = d->core.active;
	struct swap_actions todo;

	stamped.now_ms = now_ms;
	swap_step(&d->core, &stamped, &todo);
	if (d->core.active != active) {
		(void)drive_read(d);
		if (d->ops->turned)
			d->ops->turned(d->user, active);
	}
	for (unsigned i = 0; i < todo.count; i++)
		apply(d, &todo.list[i]);
	if (ev->type == SWAP_EV_ACCEPTED && ev->ok)
		(void)drive_read(d);
}

bool
drive_init(struct drive *d, uint64_t start_ms, uint64_t look_ms, uint64_t probation_ms,
           const struct drive_ops *ops, void *user)
{
	const struct swap_policy policy = {
	    .describe_ms = DRIVE_DESCRIBE_MS,
	    .start_ms = start_ms,
	    .promote_ms = DRIVE_PROMOTE_MS,
	    .look_ms = look_ms,
	    .probation_ms = probation_ms,
	};
	bool ok;

	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->user = user;
	swap_init(&d->core, &policy);
	d->record.accepted = true;
	ok = drive_read(d);
	d->programs[0] = d->record.now;
	return ok;
}

void
drive_swap(struct drive *d, const char *name, const char *path, uint64_t shadow_ms,
           bool force)
{
	struct record_program *p = &d->programs[1 - d->core.active];

	if (d->core.phase == SWAP_IDLE || d->core.phase == SWAP_PROBATION) {
		(void)drive_read(d);
		if (name)
			snprintf(p->name, sizeof(p->name), "%s", name);
		else /* generations only rise */
			snprintf(p->name, sizeof(p->name), "e%" PRIu64,
			         d->record.generation + 1);
		snprintf(p->path, sizeof(p->path), "%s", path);
		d->difference[0] = d->version[0] = '\0';
	}
	push(d, (struct swap_event){
		    .type = SWAP_EV_ASK, .shadow_ms = shadow_ms, .force = force});
}

static void
push_with_before(struct drive *d, enum swap_event_type type)
{
	push(d, (struct swap_event){.type = type,
	                            .has_before = d->record.before.name[0] != '\0'});
}

void
drive_undo(struct drive *d)
{
	(void)drive_read(d);
	d->version[0] = '\0';
	push_with_before(d, SWAP_EV_UNDO);
}

void
drive_resume(struct drive *d)
{
	if (d->record.accepted)
		return;
	d->programs[1 - d->core.active] = d->record.before;
	push_with_before(d, SWAP_EV_RESUME);
}

void
drive_replied(struct drive *d, enum swap_action_type asked, const char *reply)
{
	struct swap_event ev = {.type = SWAP_EV_ACCEPTED};

	if (asked == SWAP_DO_LOOK) {
		ev = look_event(d, reply);
	} else {
		ev.ok = is_ok(d, reply);
		if (asked == SWAP_DO_PROMOTE)
			ev.type = SWAP_EV_PROMOTED;
		ev.silent = asked == SWAP_DO_PROMOTE && !reply;
	}
	push(d, ev);
}

void
drive_put_program(struct buf_out *out, const char *key, const struct record_program *p)
{
	json_put_key(out, key);
	if (p->name[0] == '\0') {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	json_put_text(out, "name", p->name);
	json_put_text(out, "path", p->path);
	buf_put_u8(out, '}');
}

void
drive_put_difference(const struct drive *d, struct buf_out *out)
{
	json_put_key(out, "difference");
	buf_put_text(out, "%s", d->difference[0] ? d->difference : "null");
}

void
drive_put_answer(const struct drive *d, bool ok, const char *why,
                 const struct record_program *now, const char *version,
                 struct buf_out *out)
{
	buf_put_u8(out, '{');
	if (ok) {
		json_put_bool(out, "ok", true);
		drive_put_program(out, "program", now);
		json_put_text(out, "version", version);
	} else {
		json_put_text(out, "error", why);
	}
	drive_put_difference(d, out);
	buf_put_u8(out, '}');
}
