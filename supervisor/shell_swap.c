/* Swaps of conclaved's electors; see shell.h. */
#include "supervisor/shell.h"

#include "base/log.h"
#include "supervisor/place.h"
#include "supervisor/status.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DESCRIBE_MS 2000
#define PROMOTE_MS  1000
#define LOOK_MS     200

static void
on_push(void *user, const struct swap_event *ev)
{
	supervisor_push_swap(user, ev);
}

static bool
on_read(void *user, struct record *out)
{
	struct supervisor *s = user;
	int r = drive_load_record(s->conf.data_dir, out);

	if (r == -ENOENT)
		*out = (struct record){.accepted = true};
	else if (r != 0)
		log_warning("the record %s/connmgr/elector: %s", s->conf.data_dir,
		            r > 0 ? "damaged" : strerror(-r));
	return r == 0 || r == -ENOENT;
}

static void
describe_over(struct supervisor *s, bool ok)
{
	describe_end(s->describe);
	s->describe = NULL;
	on_push(s, &(struct swap_event){.type = SWAP_EV_DESCRIBED, .ok = ok});
}

static void
on_described(void *user, const char *says)
{
	struct supervisor *s = user;

	describe_over(s, program_judge(says, s->drive.version, s->drive.look.words) == 0);
}

static void
on_describe(void *user, unsigned seat)
{
	struct supervisor *s = user;
	struct record_program *p = &s->drive.programs[seat];
	char asked[RECORD_PATH_MAX];
	int r;

	describe_end(s->describe);
	s->describe = NULL;
	strcpy(asked, p->path);
	if (program_check(asked, p->path, s->drive.look.words) != 0) {
		describe_over(s, false);
		return;
	}
	r = describe_begin(&s->describe, s->spawn, p->path, on_described, s);
	if (r == 0)
		return;
	snprintf(s->drive.look.words, LOOK_WORDS_MAX, "%.400s cannot be run: %s", p->path,
	         strerror(-r));
	describe_over(s, false);
}

/* From now on the end of this elector is an event of the swap. */
static void
watch(struct supervisor *s, unsigned seat, enum child_event_type type)
{
	s->watched[seat] = true;
	supervisor_child_step(supervisor_seat(s, seat), type);
}

static void
on_watch(void *user, unsigned seat)
{
	watch(user, seat, CHILD_EV_UNWANTED);
}

static bool
on_start(void *user, unsigned seat)
{
	struct supervisor *s = user;
	struct supervisor_child *m = supervisor_seat(s, seat);
	int r;

	assert(m->life.state == CHILD_DOWN);
	child_init(&m->life, &s->policy);
	memset(&m->said, 0, sizeof(m->said));
	r = supervisor_child_program(m, &s->drive.programs[seat]);
	if (r == 0) {
		supervisor_child_step(m, CHILD_EV_START);
		r = m->life.pid > 0 ? 0 : -m->life.last.code;
		on_watch(s, seat);
	}
	if (r < 0)
		snprintf(s->drive.look.words, LOOK_WORDS_MAX, "it cannot be started: %s",
		         strerror(-r));
	return r == 0;
}

static bool
on_stop(void *user, unsigned seat)
{
	struct supervisor *s = user;

	watch(s, seat, CHILD_EV_STOP);
	return supervisor_seat(s, seat)->life.pid == 0;
}

static void
on_keep(void *user, unsigned seat)
{
	struct supervisor *s = user;

	s->watched[seat] = false;
	if (!s->stopping)
		supervisor_child_step(supervisor_seat(s, seat), CHILD_EV_WANTED);
}

static void
on_replied(void *user, int result, const char *reply, size_t len)
{
	struct supervisor *s = user;

	(void)len;
	s->call = NULL; /* it frees itself */
	drive_replied(&s->drive, s->asked, result < 0 ? NULL : reply);
}

/* A new question takes the place of the one before. */
static void
on_ask(void *user, enum swap_action_type asked, unsigned seat, const char *request)
{
	struct supervisor *s = user;
	char path[CONF_PATH_MAX];
	int r;

	(void)seat;
	call_end(s->call);
	s->call = NULL;
	s->asked = asked;
	r = paths_below(path, sizeof(path), s->conf.run_dir, PATHS_CONNMGR, PATHS_DOOR);
	if (r == 0)
		r = call_begin(&s->call, proc_loop(s->proc), path, request,
		               asked == SWAP_DO_LOOK ? LOOK_MS : PROMOTE_MS, on_replied,
		               s);
	if (r < 0)
		drive_replied(&s->drive, asked, NULL);
}

static void
on_turned(void *user, unsigned before)
{
	struct supervisor *s = user;

	if (supervisor_seat(s, before)->life.pid == 0)
		place_forget(s->conf.run_dir, s->drive.programs[before].name);
}

static void
on_answer(void *user, bool ok, const char *why)
{
	struct supervisor *s = user;
	struct door_conn *to = s->asking ? s->asking : s->asker;

	if (!s->asking)
		s->asker = NULL;
	s->asking = NULL;
	if (to)
		supervisor_answer_swap(s, to, ok, why);
}

static void
on_note(void *user, enum swap_note note, const char *why)
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

	(void)user;
	log_line(levels[note], "swap: %s%s%s", swap_note_text(note), *why ? ": " : "",
	         why);
}

static const struct drive_ops drive_ops = {.push = on_push,
                                           .read = on_read,
                                           .describe = on_describe,
                                           .start = on_start,
                                           .stop = on_stop,
                                           .ask = on_ask,
                                           .keep = on_keep,
                                           .watch = on_watch,
                                           .turned = on_turned,
                                           .answer = on_answer,
                                           .note = on_note};

void
supervisor_swap_open(struct supervisor *s)
{
	struct swap_policy policy = {
	    .describe_ms = DESCRIBE_MS,
	    .start_ms = s->conf.supervisor.ready_ms,
	    .promote_ms = PROMOTE_MS,
	    .look_ms = LOOK_MS,
	    .probation_ms = s->conf.supervisor.probation_ms,
	};

	(void)drive_init(&s->drive, &policy, &drive_ops, s);
	if (s->drive.programs[0].name[0] == '\0')
		strcpy(s->drive.programs[0].name, "main");
}

void
supervisor_swap_close(struct supervisor *s)
{
	call_end(s->call);
	describe_end(s->describe);
}

void
supervisor_swap_start(struct supervisor *s)
{
	if (!s->drive.record.accepted)
		log_notice("elector %s is still in its probation",
		           s->drive.programs[0].name);
	drive_resume(&s->drive);
}

void
supervisor_swap_stop(struct supervisor *s)
{
	call_end(s->call);
	s->call = NULL;
	on_push(s, &(struct swap_event){.type = SWAP_EV_STOP});
}

void
supervisor_swap_step(struct supervisor *s, const struct swap_event *ev)
{
	drive_step(&s->drive, s->now_ms, ev);
	/* whoever asks for a swap now, and has no answer yet, waits for it */
	if (s->asking)
		s->asker = s->asking;
	s->asking = NULL;
	s->changed = true;
}
