/* conclaved: starts connmgr, elector and peer, watches them, and replaces the one that
 * dies or hangs. No data passes through it, it holds no state of an election, and no
 * child's sickness ends it. Exit statuses: 0 stopped in order, 1 another conclaved is
 * here (or an unforeseen failure), 64 usage, 73 a folder cannot be used, 78 the
 * configuration is wrong. */
#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "config/conf.h"
#include "proc/backoff.h"
#include "proc/proc.h"
#include "proc/rights.h"
#include "supervisor/control.h"
#include "supervisor/crew.h"
#include "supervisor/place.h"
#include "supervisor/report.h"
#include "supervisor/swapper.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define STATUS_MAX 256
/* from a change to the word of it: an election changes much within milliseconds, and has
 * better use for the processor */
#define TELL_US 50000

struct conclaved {
	struct proc *proc;
	struct conf conf;
	struct conf fresh; /* what a reload reads */
	const char *config_path;
	char workers_config[CONF_PATH_MAX]; /* what of it the workers read */
	char program_dir[CONF_PATH_MAX];
	struct child_policy policy;
	struct crew_options options;
	struct swapper *swapper;
	struct crew *crew;
	struct control *control;
	sd_event_source *tell; /* a timer: tells the world of changes */
	struct report_self self;
	char told[STATUS_MAX]; /* the last STATUS= */
};

static struct conclaved conclaved;

/* Takes over what a running conclaved can, names the first key that it cannot. */
static int
reload(void *user, char *text, size_t cap)
{
	struct conclaved *self = user;
	struct conf_error error;
	const char *refused;
	bool taken;
	int before, r;

	if (conf_load(self->config_path, &self->fresh, &error) != 0) {
		log_err("reload: %s", error.text);
		snprintf(text, cap, "%s", error.text);
		return 1;
	}
	before = self->conf.log_level;
	taken = self->fresh.log_level != before;
	self->conf.log_level = self->fresh.log_level;
	r = place_config(&self->conf, self->workers_config, sizeof(self->workers_config));
	if (r < 0) {
		self->conf.log_level = before;
		log_err("reload: %s: %s", self->workers_config, strerror(-r));
		snprintf(text, cap, "%s: %s", self->workers_config, strerror(-r));
		return 1;
	}
	log_set_level((enum log_level)self->conf.log_level);
	if (taken)
		log_info("reload: log_level taken over");
	crew_reload(self->crew);
	refused = conf_difference(&self->conf, &self->fresh);
	if (refused[0] != '\0') {
		log_err("reload: %s differs from what runs; restart conclaved for it",
		        refused);
		snprintf(text, cap, "%s differs from what runs; restart conclaved for it",
		         refused);
		return 1;
	}
	snprintf(text, cap, "%s", taken ? "log_level" : "");
	return 0;
}

static void
on_reload(void *user)
{
	char text[CONTROL_TEXT_MAX];

	(void)reload(user, text, sizeof(text));
}

static void
on_stop(void *user)
{
	struct conclaved *self = user;

	if (self->crew == NULL)
		return;
	swapper_stop(self->swapper);
	crew_stop(self->crew);
}

static void
on_change(void *user)
{
	struct conclaved *self = user;
	bool first = self->self.ready_us == 0 && crew_all_ready(self->crew);
	int armed = SD_EVENT_OFF;

	sd_event_source_get_enabled(self->tell, &armed);
	if (armed != SD_EVENT_OFF && !first)
		return;
	sd_event_source_set_time_accuracy(self->tell, first ? 1 : TELL_US / 4);
	sd_event_source_set_time_relative(self->tell, first ? 0 : TELL_US);
	sd_event_source_set_enabled(self->tell, SD_EVENT_ONESHOT);
}

/* Anew, whatever has become of the last one. */
static int
on_spawning(void *user)
{
	struct conclaved *self = user;
	int r =
	    place_config(&self->conf, self->workers_config, sizeof(self->workers_config));

	if (r < 0)
		log_err("%s: %s", self->workers_config, strerror(-r));
	return r;
}

static void
on_spawn(void *user, unsigned member, int pid_or_error)
{
	struct conclaved *self = user;

	control_spawned(self->control, member, pid_or_error);
}

static void
on_all_ended(void *user)
{
	struct conclaved *self = user;

	proc_exit(self->proc, EXIT_OK);
}

static void
on_seat_ready(void *user, unsigned seat)
{
	struct conclaved *self = user;

	swapper_seat_ready(self->swapper, seat);
}

static void
on_seat_ended(void *user, unsigned seat, const struct child_note *why)
{
	struct conclaved *self = user;

	swapper_seat_ended(self->swapper, seat, why);
}

static void
on_swapped(void *user, struct door_conn *asker, const struct buf_out *json)
{
	struct conclaved *self = user;

	control_swapped(self->control, asker, json);
}

/* The status file, and the one who started us. */
static int
on_tell(sd_event_source *s, uint64_t usec, void *user)
{
	struct conclaved *self = user;
	bool first = self->self.ready_us == 0 && crew_all_ready(self->crew);
	char text[STATUS_MAX];

	(void)s;
	(void)usec;
	if (first)
		self->self.ready_us = clock_us();
	control_publish(self->control);
	report_summary(self->crew, text, sizeof(text));
	if (first) {
		log_info(
		    "ready after %llu ms",
		    (unsigned long long)(self->self.ready_us - self->self.started_us) /
			1000);
		proc_ready(self->proc, text, 0, true);
	} else if (strcmp(text, self->told) != 0) {
		proc_say(self->proc, text);
	}
	memcpy(self->told, text, sizeof(text));
	return 0;
}

static const struct proc_ops proc_ops = {.on_reload = on_reload, .on_stop = on_stop};
static const struct crew_ops crew_ops = {.on_change = on_change,
                                         .on_spawning = on_spawning,
                                         .on_spawn = on_spawn,
                                         .on_all_ended = on_all_ended,
                                         .on_seat_ready = on_seat_ready,
                                         .on_seat_ended = on_seat_ended};
static const struct swapper_ops swapper_ops = {.on_answer = on_swapped,
                                               .on_change = on_change};
static const struct control_ops control_ops = {.reload = reload};

static struct child_policy
policy_of(const struct conf *conf)
{
	return (struct child_policy){
	    .ready_ms = conf->supervisor.ready_ms,
	    .watchdog_ms = conf->supervisor.watchdog_ms,
	    .abort_ms = conf->supervisor.abort_ms,
	    .stop_ms = conf->supervisor.stop_ms,
	    .restart_min_ms = conf->supervisor.restart_min_ms,
	    .restart_max_ms = conf->supervisor.restart_max_ms,
	    .restart_reset_ms = conf->supervisor.restart_reset_ms,
	};
}

/* Sockets, table, timer; after it all that is needed to restart a child is there. */
static int
prepare(struct conclaved *self)
{
	sd_event *loop = proc_loop(self->proc);
	int r;

	self->policy = policy_of(&self->conf);
	self->options =
	    (struct crew_options){.config = self->workers_config,
	                          .program_dir = self->program_dir,
	                          .run_dir = self->conf.run_dir,
	                          .policy = &self->policy,
	                          .memory_mb = self->conf.supervisor.memory_mb};
	if ((r = place_config(&self->conf, self->workers_config,
	                      sizeof(self->workers_config))) < 0 ||
	    (r = place_programs(self->conf.program_dir, self->program_dir,
	                        sizeof(self->program_dir))) < 0 ||
	    (r = sd_event_add_time_relative(loop, &self->tell, CLOCK_MONOTONIC, TELL_US,
	                                    TELL_US / 4, on_tell, self)) < 0 ||
	    (r = sd_event_source_set_priority(self->tell, SD_EVENT_PRIORITY_IDLE)) < 0 ||
	    (r = swapper_new(&self->swapper, loop, &self->conf, &swapper_ops, self,
	                     &self->options.elector)) < 0 ||
	    (r = crew_new(&self->crew, loop, &self->options, &crew_ops, self)) < 0 ||
	    (r = control_open(&self->control, loop, self->conf.run_dir, self->crew,
	                      self->swapper, &self->self, &control_ops, self)) < 0)
		return r;
	swapper_join(self->swapper, self->crew);
	return 0;
}

static int
run(struct conclaved *self)
{
	char error[PLACE_ERROR_MAX];
	int r;

	r = place_take(self->conf.run_dir, self->conf.data_dir, error, sizeof(error));
	if (r != 0) {
		log_err("%s", error);
		return r > 0 ? EXIT_FAILED : EX_CANTCREAT;
	}
	r = prepare(self);
	if (r < 0) {
		log_err("cannot start: %s", strerror(-r));
		r = EXIT_FAILED; /* not for ever, as with a folder: tried again */
	} else {
		crew_start(self->crew);
		swapper_start(self->swapper);
		r = proc_run(self->proc);
		place_sweep(self->conf.run_dir);
	}
	control_close(self->control);
	crew_free(self->crew);
	swapper_free(self->swapper);
	sd_event_source_disable_unref(self->tell);
	if (r < 0) {
		log_err("the loop broke: %s", strerror(-r));
		return EXIT_FAILED;
	}
	log_info("stopped");
	return r;
}

int
main(int argc, char **argv)
{
	struct conclaved *self = &conclaved;
	struct proc_options options;
	struct conf_error error;
	int r;

	r = proc_parse_options(
	    argc, argv, "conclaved: starts, watches and replaces Conclave's workers.",
	    &options);
	if (r >= 0)
		return r;
	self->self.started_us = clock_us();
	self->config_path = options.config;
	if (conf_load(options.config, &self->conf, &error) != 0) {
		fprintf(stderr, "conclaved: %s\n", error.text);
		return EXIT_CONFIG;
	}
	log_init("conclaved", (enum log_level)self->conf.log_level);
	backoff_wait(&self->conf, "conclaved");
	r = proc_init(&self->proc, "conclaved", (enum log_level)self->conf.log_level,
	              &proc_ops, self);
	if (r < 0) {
		log_err("cannot start: %s", strerror(-r));
		return EXIT_FAILED;
	}
	if (self->conf.rights && rights_drop_parent() != 0)
		return EXIT_CONFIG;
	r = run(self);
	if (r == EXIT_OK)
		backoff_forget(&self->conf, "conclaved");
	return r;
}
