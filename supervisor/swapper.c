/* Swaps electors; see swapper.h. Decode, step, apply, re-arm the one timer. */
#include "supervisor/swapper_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/child_text.h"
#include "supervisor/place.h"
#include "swap/record_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMER_ACCURACY_US 1000
#define DESCRIBE_MS       2000
#define PROMOTE_MS        1000
#define LOOK_MS           200

/* False: it could not be read, and what was read last stays. */
static bool
read_record(struct swapper *s)
{
	int r = record_load(s->conf->data_dir, &s->record);

	if (r == -ENOENT)
		s->record = (struct record){.accepted = true};
	else if (r != 0)
		log_warning("the record %s/connmgr/elector: %s", s->conf->data_dir,
		            r == RECORD_DAMAGED ? "damaged" : strerror(-r));
	return r == 0 || r == -ENOENT;
}

static void
on_described(void *user, const char *says)
{
	struct swapper *s = user;
	struct swap_event ev = {.type = SWAP_EV_DESCRIBED};

	ev.ok = program_judge(says, s->version, s->look.words) == 0;
	describe_end(s->describe);
	s->describe = NULL;
	swapper_step(s, ev);
}

static void
describe(struct swapper *s, unsigned seat)
{
	struct record_program *p = &s->programs[seat];
	char asked[RECORD_PATH_MAX];
	int r;

	describe_end(s->describe);
	s->describe = NULL;
	strcpy(asked, p->path);
	if (program_check(asked, p->path, s->look.words) != 0) {
		swapper_step(s, (struct swap_event){.type = SWAP_EV_DESCRIBED});
		return;
	}
	r = describe_begin(&s->describe, s->loop, p->path, on_described, s);
	if (r == 0)
		return;
	snprintf(s->look.words, sizeof(s->look.words), "%.400s cannot be run: %s",
	         p->path, strerror(-r));
	swapper_step(s, (struct swap_event){.type = SWAP_EV_DESCRIBED});
}

static void
start(struct swapper *s, unsigned seat, bool back)
{
	struct swap_event ev = {.type = SWAP_EV_SPAWNED};
	int r;

	if (back)
		s->programs[seat] = s->record.before;
	s->look.said = s->look.frames_in = 0;
	r = crew_seat_start(s->crew, seat, &s->programs[seat]);
	if (r < 0)
		snprintf(s->look.words, sizeof(s->look.words), "it cannot be started: %s",
		         strerror(-r));
	ev.ok = r == 0;
	swapper_step(s, ev);
}

static void
stop(struct swapper *s, unsigned seat)
{
	crew_seat_stop(s->crew, seat);
	if (crew_seat_alive(s->crew, seat))
		return;
	swapper_step(s, (struct swap_event){.type = SWAP_EV_DIED, .seat = seat});
}

static void
look_at_record(struct swapper *s, unsigned candidate)
{
	struct swap_event ev = {.type = SWAP_EV_RECORD};

	ev.ok = read_record(s);
	ev.seat = strcmp(s->record.now.name, s->programs[candidate].name) == 0
	              ? candidate
	              : 1 - candidate;
	swapper_step(s, ev);
}

static void
apply(struct swapper *s, const struct swap_action *a)
{
	switch (a->type) {
	case SWAP_DO_DESCRIBE:
		describe(s, a->seat);
		break;
	case SWAP_DO_START:
		start(s, a->seat, a->back);
		break;
	case SWAP_DO_STOP:
		stop(s, a->seat);
		break;
	case SWAP_DO_LOOK:
		swapper_look(s, a->seat);
		break;
	case SWAP_DO_PROMOTE:
		swapper_promote(s, a->seat, a->back);
		break;
	case SWAP_DO_READ:
		look_at_record(s, a->seat);
		break;
	case SWAP_DO_ACCEPT:
		swapper_accept(s);
		break;
	case SWAP_DO_KEEP:
		crew_seat_keep(s->crew, a->seat);
		break;
	case SWAP_DO_WATCH:
		crew_seat_watch(s->crew, a->seat);
		break;
	case SWAP_DO_ANSWER:
		swapper_answer(s, a);
		break;
	case SWAP_DO_NOTE:
		swapper_note(s, a);
		break;
	}
}

static void
rearm(struct swapper *s)
{
	uint64_t due_ms = swap_due_ms(&s->core);

	if (due_ms != UINT64_MAX)
		(void)sd_event_source_set_time(s->timer, due_ms * 1000);
	(void)sd_event_source_set_enabled(
	    s->timer, due_ms == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void
step(struct swapper *s, struct swap_event *ev)
{
	struct swap_actions todo;
	unsigned active = s->core.active;

	ev->now_ms = clock_ms();
	swap_step(&s->core, ev, &todo);
	if (s->core.active != active) {
		(void)read_record(s);
		crew_set_active(s->crew, s->core.active);
		if (!crew_seat_alive(s->crew, active))
			place_forget(s->conf->run_dir, s->programs[active].name);
	}
	for (unsigned i = 0; i < todo.count; i++)
		apply(s, &todo.list[i]);
	if (ev->type == SWAP_EV_ACCEPTED && ev->ok)
		(void)read_record(s);
}

void
swapper_step(struct swapper *s, struct swap_event ev)
{
	assert(s->event_count < SWAPPER_EVENTS_MAX);
	s->events[s->event_count++] = ev;
	if (s->stepping)
		return;
	s->stepping = true;
	while (s->event_count > 0) {
		struct swap_event first = s->events[0];

		s->event_count--;
		memmove(s->events, s->events + 1, s->event_count * sizeof(s->events[0]));
		step(s, &first);
	}
	s->stepping = false;
	rearm(s);
	s->ops->on_change(s->user);
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	swapper_step(user, (struct swap_event){.type = SWAP_EV_DUE});
	return 0;
}

int
swapper_new(struct swapper **out, sd_event *loop, const struct conf *conf,
            const struct swapper_ops *ops, void *user,
            const struct record_program **elector)
{
	struct swapper *s = calloc(1, sizeof(*s));
	struct swap_policy policy = {
	    .describe_ms = DESCRIBE_MS,
	    .start_ms = conf->supervisor.ready_ms,
	    .promote_ms = PROMOTE_MS,
	    .look_ms = LOOK_MS,
	    .probation_ms = conf->supervisor.probation_ms,
	};
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->loop = sd_event_ref(loop);
	s->conf = conf;
	s->ops = ops;
	s->user = user;
	swap_init(&s->core, &policy);
	s->record.accepted = true;
	(void)read_record(s);
	s->programs[0] = s->record.now;
	if (s->record.now.name[0] == '\0')
		strcpy(s->programs[0].name, "main");
	if ((r = sd_event_add_time(loop, &s->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
	                           on_timer, s)) < 0 ||
	    (r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF)) < 0) {
		swapper_free(s);
		return r;
	}
	*elector = &s->programs[0];
	*out = s;
	return 0;
}

void
swapper_free(struct swapper *s)
{
	if (s == NULL)
		return;
	door_call_end(s->call);
	describe_end(s->describe);
	sd_event_source_disable_unref(s->timer);
	sd_event_unref(s->loop);
	free(s);
}

void
swapper_join(struct swapper *s, struct crew *crew)
{
	s->crew = crew;
}

void
swapper_start(struct swapper *s)
{
	struct swap_event ev = {.type = SWAP_EV_RESUME};

	if (s->record.accepted)
		return;
	ev.has_before = s->record.before.name[0] != '\0';
	log_notice("elector %s is in its probation still", s->programs[0].name);
	swapper_step(s, ev);
}

void
swapper_stop(struct swapper *s)
{
	door_call_end(s->call);
	s->call = NULL;
	swapper_step(s, (struct swap_event){.type = SWAP_EV_STOP});
}

/* Nobody else has had it: generations only rise. */
static void
name_candidate(struct swapper *s, struct record_program *p)
{
	(void)read_record(s);
	snprintf(p->name, sizeof(p->name), "e%" PRIu64, s->record.generation + 1);
}

void
swapper_ask(struct swapper *s, struct door_conn *asker, const char *path,
            uint64_t shadow_ms, bool force)
{
	struct swap_event ev = {
	    .type = SWAP_EV_ASK, .shadow_ms = shadow_ms, .force = force};
	bool free = s->core.phase == SWAP_IDLE || s->core.phase == SWAP_PROBATION;
	struct record_program *p = &s->programs[1 - s->core.active];

	if (free) {
		name_candidate(s, p);
		snprintf(p->path, sizeof(p->path), "%s", path);
		s->look.difference[0] = '\0';
		s->version[0] = '\0';
	}
	s->asking = asker;
	swapper_step(s, ev);
	if (s->asking != NULL)
		s->asker = s->asking;
	s->asking = NULL;
}

void
swapper_undo(struct swapper *s, struct door_conn *asker)
{
	struct swap_event ev = {.type = SWAP_EV_UNDO};

	(void)read_record(s);
	ev.has_before = s->record.before.name[0] != '\0';
	s->version[0] = '\0';
	s->asking = asker;
	swapper_step(s, ev);
	if (s->asking != NULL)
		s->asker = s->asking;
	s->asking = NULL;
}

void
swapper_forget(struct swapper *s, const struct door_conn *asker)
{
	if (s->asker == asker)
		s->asker = NULL;
	if (s->asking == asker)
		s->asking = NULL;
}

void
swapper_seat_ready(struct swapper *s, unsigned seat)
{
	swapper_step(s, (struct swap_event){.type = SWAP_EV_READY, .seat = seat});
}

void
swapper_seat_ended(struct swapper *s, unsigned seat, const struct child_note *why)
{
	char text[CHILD_TEXT_MAX];

	child_note_text(why, text, sizeof(text));
	snprintf(s->look.words, sizeof(s->look.words), "it ended: %s", text);
	if (seat != s->core.active) /* not programs[seat]: that may be its successor's */
		place_forget(s->conf->run_dir, crew_seat_name(s->crew, seat));
	swapper_step(s, (struct swap_event){.type = SWAP_EV_DIED, .seat = seat});
}
