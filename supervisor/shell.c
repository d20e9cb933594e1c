/* conclaved's shell: opens all, and steps each event of the gate; see shell.h. */
#include "supervisor/shell.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMER_ACCURACY_US 1000
#define EVENTS_MAX        16
/* From a change to its publication: an election changes much within milliseconds, and
 * the processor has better things to do meanwhile. */
#define TELL_US 50000
/* Between two looks at run_dir. */
#define LOOK_US 1000000
/* READY=1 is not put off for longer than this: the start ends, and what is sick is a
 * matter of STATUS and health. */
#define START_US 20000000

static void
write_status(struct supervisor *s)
{
	size_t len = supervisor_status_print(s);
	int r = -EMSGSIZE;

	if (!place_is_ours(&s->place)) /* run_dir may be another's by now */
		return;
	if (len > 0) {
		s->reply[len++] = '\n';
		r = file_write(s->file, s->reply, len, false);
	}
	if (r < 0 && r != s->file_error)
		log_err("%s: %s", s->file, strerror(-r));
	s->file_error = r;
}

/* Writes the status file, and sends READY=1 or STATUS= to the process that started us. */
static int
on_tell(sd_event_source *source, uint64_t usec, void *user)
{
	struct supervisor *s = user;
	bool first = s->ready_us == 0 && supervisor_all_ready(s);
	bool late = clock_us() - s->started_us >= START_US;
	char text[sizeof(s->told)];

	(void)source;
	(void)usec;
	if (first)
		s->ready_us = clock_us();
	write_status(s);
	supervisor_status_summary(s, text, sizeof(text));
	if (first)
		log_info("ready after %llu ms",
		         (unsigned long long)(s->ready_us - s->started_us) / 1000);
	if (!s->said_ready && !s->stopping && (first || late)) {
		if (!first)
			log_warning("not all workers are ready: %s", text);
		s->said_ready = true;
		proc_ready(s->proc, text, 0, true);
	} else if (!s->exit_status && strcmp(text, s->told) != 0) {
		proc_say(s->proc, text);
	}
	memcpy(s->told, text, sizeof(text));
	return 0;
}

/* Later changes join one that is to be told; the first readiness is told at once. */
static void
arm_tell(struct supervisor *s)
{
	bool first = s->ready_us == 0 && supervisor_all_ready(s);
	int armed = SD_EVENT_OFF;

	if (!s->changed)
		return;
	s->changed = false;
	sd_event_source_get_enabled(s->tell, &armed);
	if (armed != SD_EVENT_OFF && !first)
		return;
	sd_event_source_set_time_accuracy(s->tell, first ? 1 : TELL_US / 4);
	sd_event_source_set_time_relative(s->tell, first ? 0 : TELL_US);
	sd_event_source_set_enabled(s->tell, SD_EVENT_ONESHOT);
}

static void
on_event(void *user, uint64_t now_ms, void *event)
{
	struct supervisor *s = user;
	const struct supervisor_event *ev = event;
	char text[SUPERVISOR_TEXT_MAX];

	s->now_ms = now_ms;
	switch (ev->type) {
	case SUPERVISOR_EV_START:
		supervisor_children_start(s);
		supervisor_swap_start(s);
		break;
	case SUPERVISOR_EV_STOP:
		supervisor_swap_stop(s);
		s->stopping = true;
		supervisor_children_step(s, CHILD_EV_UNWANTED);
		break;
	case SUPERVISOR_EV_RELOAD:
		(void)supervisor_reload(s, text, sizeof(text));
		break;
	case SUPERVISOR_EV_DUE:
		supervisor_children_step(s, CHILD_EV_DUE);
		supervisor_swap_answered(s);
		if (now_ms >= swap_due_ms(&s->drive.core))
			supervisor_push_swap(s,
			                     &(struct swap_event){.type = SWAP_EV_DUE});
		break;
	case SUPERVISOR_EV_LOOK:
		supervisor_place_mend(s);
		supervisor_children_look(s);
		s->changed |= !s->said_ready && clock_us() - s->started_us >= START_US;
		break;
	case SUPERVISOR_EV_NOTICE:
		supervisor_child_noticed(ev->child, ev->notice, ev->fd);
		break;
	case SUPERVISOR_EV_EXITED:
		supervisor_child_exited(ev->child, &ev->exited);
		break;
	case SUPERVISOR_EV_REQUEST:
		supervisor_door_request(s, ev->conn, ev->request);
		break;
	case SUPERVISOR_EV_ANSWER:
		supervisor_swap_answered(s);
		break;
	case SUPERVISOR_EV_SWAP:
		supervisor_swap_step(s, &ev->swap);
		break;
	}
	supervisor_children_settle(s);
	supervisor_door_settle(s);
}

static void
on_settle(void *user)
{
	struct supervisor *s = user;
	uint64_t due_ms = supervisor_children_due_ms(s);
	int r = 0;

	if (swap_due_ms(&s->drive.core) < due_ms)
		due_ms = swap_due_ms(&s->drive.core);
	if (s->client_io && client_due_ms(&s->client) < due_ms)
		due_ms = client_due_ms(&s->client);
	if (due_ms != UINT64_MAX)
		r = sd_event_source_set_time(s->timer, due_ms * 1000);
	if (r >= 0)
		r = sd_event_source_set_enabled(
		    s->timer, due_ms == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
	assert(r >= 0);
	arm_tell(s);
}

static const struct gate_ops gate_ops = {.step = on_event, .settle = on_settle};

static void
push(struct supervisor *s, enum supervisor_event_type type)
{
	gate_push(&s->gate, &(struct supervisor_event){.type = type});
}

static int
on_due(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	push(user, SUPERVISOR_EV_DUE);
	return 0;
}

static int
on_look(sd_event_source *source, uint64_t usec, void *user)
{
	(void)usec;
	push(user, SUPERVISOR_EV_LOOK);
	sd_event_source_set_time_relative(source, LOOK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void
on_reload(void *user)
{
	push(user, SUPERVISOR_EV_RELOAD);
}

static void
on_stop(void *user)
{
	push(user, SUPERVISOR_EV_STOP);
}

const struct proc_ops supervisor_proc_ops = {.on_reload = on_reload, .on_stop = on_stop};

static int
prepare(struct supervisor *s)
{
	sd_event *loop = proc_loop(s->proc);
	int r;

	r = place_programs(s->conf.program_dir, s->program_dir, sizeof(s->program_dir));
	if (r < 0)
		return r;
	apart_try(&s->apart, &s->conf, s->program_dir);
	if ((r = place_config(&s->apart, &s->conf, s->children_config,
	                      sizeof(s->children_config))) < 0 ||
	    (r = gate_init(&s->gate, sizeof(struct supervisor_event), EVENTS_MAX,
	                   &gate_ops, s)) < 0 ||
	    (r = sd_event_add_time_relative(loop, &s->tell, CLOCK_MONOTONIC, TELL_US,
	                                    TELL_US / 4, on_tell, s)) < 0 ||
	    (r = sd_event_source_set_priority(s->tell, SD_EVENT_PRIORITY_IDLE)) < 0 ||
	    (r = sd_event_add_time_relative(loop, &s->look, CLOCK_MONOTONIC, LOOK_US,
	                                    LOOK_US / 4, on_look, s)) < 0 ||
	    (r = sd_event_add_time(loop, &s->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
	                           on_due, s)) < 0 ||
	    (r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF)) < 0)
		return r;
	supervisor_swap_open(s);
	r = supervisor_children_open(s);
	return r < 0 ? r : supervisor_door_open(s);
}

int
supervisor_open(struct supervisor *s)
{
	char error[PLACE_ERROR_MAX];
	int r;

	apart_open(&s->apart);
	r = place_take(&s->place, &s->apart, s->conf.run_dir, s->conf.data_dir, error);
	s->awaited = getenv("NOTIFY_SOCKET") != NULL;
	if (r != 0) {
		log_err("%s", error);
		return r > 0 ? EXIT_FAILED : EXIT_FOLDER;
	}
	(void)paths_below(s->file, sizeof(s->file), s->conf.run_dir, PATHS_CONCLAVED,
	                  "status.json");
	r = prepare(s);
	if (r == 0)
		return 0;
	log_err("cannot start: %s", strerror(-r));
	return EXIT_FAILED; /* with this status systemd tries again */
}

int
supervisor_run(struct supervisor *s)
{
	int r;

	push(s, SUPERVISOR_EV_START);
	r = proc_run(s->proc);
	/* a run_dir that was replaced may be another's */
	if (place_is_ours(&s->place))
		place_sweep(&s->apart, s->conf.run_dir);
	if (r >= 0)
		return r;
	log_err("the loop broke: %s", strerror(-r));
	return EXIT_FAILED;
}

void
supervisor_close(struct supervisor *s)
{
	if (s->door && place_is_ours(&s->place))
		unlink(s->file);
	supervisor_door_close(s);
	supervisor_children_close(s);
	supervisor_swap_close(s);
	sd_event_source_disable_unref(s->timer);
	sd_event_source_disable_unref(s->tell);
	sd_event_source_disable_unref(s->look);
	gate_deinit(&s->gate);
}
