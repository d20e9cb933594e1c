/* Swaps of conclaved's electors; see shell.h. */
#include "supervisor/shell.h"

#include "base/log.h"
#include "base/paths.h"
#include "supervisor/place.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LOOK_MS 200

static void
on_push(void *user, const struct swap_event *ev)
{
	supervisor_push_swap(user, ev);
}

/* Where there is none, the one that was read last is the newest. */
static bool
on_read(void *user, struct record *out)
{
	struct supervisor *s = user;
	const char *dir = s->conf.run_dir;
	int r = drive_load_record(dir, out);

	if (r == -ENOENT &&
	    s->now_ms == 0) { /* the loop, later, must not wait for a disk */
		dir = s->conf.data_dir;
		r = drive_load_record(dir, out);
	}
	if (r != 0 && r != -ENOENT)
		log_warning("the record %s/connmgr/elector: %s", dir,
		            r > 0 ? "damaged" : strerror(-r));
	if (r == 0) {
		supervisor_program_name(s, &out->now);
		supervisor_program_name(s, &out->before);
	}
	return r == 0 || r == -ENOENT;
}

static void
stop_describing(struct supervisor *s)
{
	if (!s->describer)
		return;
	/* the source kills and reaps a program that still runs */
	(void)sd_event_source_set_child_process_own(s->describer, 1);
	guise_take(apart_guise(&s->apart, &roster[ROSTER_ELECTOR]));
	s->describer = sd_event_source_unref(s->describer);
	guise_drop();
	supervisor_tell_children(s);
	close(s->describe_fd);
}

static void on_kept(void *user, int error);

/* One at a time: two would write the same new file. */
static void
write_programs(struct supervisor *s)
{
	int r;

	s->programs_again = s->programs_writer != NULL;
	if (s->programs_again)
		return;
	r = programs_write(&s->programs_writer, proc_loop(s->proc), s->programs_path,
	                   &s->programs, on_kept, s);
	if (r < 0)
		on_kept(s, r);
}

/* The candidate, which an administrator has asked for, gets its place in the list. That
 * is on the disk before connmgr is asked to promote the candidate. */
static void
keep_program(struct supervisor *s)
{
	const struct drive *d = &s->drive;

	programs_put(&s->programs, &d->programs[1 - d->core.active], d->record.now.name,
	             d->record.before.name);
	write_programs(s);
}

/* The pipe has room for all that is read of it, after the program has ended. */
static int
on_described(sd_event_source *source, const siginfo_t *info, void *user)
{
	struct supervisor *s = user;
	char says[PROGRAM_SAYS_MAX];
	ssize_t n = read(s->describe_fd, says, sizeof(says) - 1);
	bool ok;

	(void)source;
	if (n < 0 || info->si_code != CLD_EXITED || info->si_status != 0)
		n = 0;
	says[n] = '\0';
	s->describer = sd_event_source_unref(s->describer);
	supervisor_tell_children(s);
	close(s->describe_fd);
	ok = program_judge(says, s->drive.version, s->drive.words) == 0;
	if (ok)
		keep_program(s);
	on_push(s, &(struct swap_event){.type = SWAP_EV_DESCRIBED, .ok = ok});
	return 0;
}

/* 0; or 1, and words say why not. */
static int
describe(struct supervisor *s, struct record_program *p)
{
	char asked[RECORD_PATH_MAX];
	char *argv[] = {p->path, (char *)"--describe", NULL};
	struct spawn_how how = {.argv = argv,
	                        .as = apart_guise(&s->apart, &roster[ROSTER_ELECTOR])};
	int fds[2], r;

	strcpy(asked, p->path);
	if (program_open(asked, &how.exe, p->path, s->drive.words) != 0)
		return 1;
	r = pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
	if (r == 0) {
		how.out_fd = fds[1];
		r = spawn_run(s->spawn, &how, on_described, s, &s->describer_pid,
		              &s->describer);
		close(fds[1]);
		s->describe_fd = fds[0];
		if (r < 0)
			close(fds[0]);
		else
			supervisor_tell_children(s);
	}
	close(how.exe);
	if (r < 0)
		snprintf(s->drive.words, DRIVE_WORDS_MAX, "%.400s cannot be run: %s",
		         p->path, strerror(-r));
	return r < 0;
}

static void
on_describe(void *user, unsigned seat)
{
	struct supervisor *s = user;

	stop_describing(s);
	if (describe(s, &s->drive.programs[seat]) != 0)
		on_push(s, &(struct swap_event){.type = SWAP_EV_DESCRIBED});
}

/* The end of a watched elector is an event of the swap; one that is kept is restarted. */
static bool
on_seat(void *user, enum swap_action_type what, unsigned seat)
{
	struct supervisor *s = user;
	struct supervisor_child *m = supervisor_seat(s, seat);

	s->watched[seat] = what != SWAP_DO_KEEP;
	if (what == SWAP_DO_STOP)
		supervisor_child_step(m, CHILD_EV_STOP);
	else if (what == SWAP_DO_WATCH)
		supervisor_child_step(m, CHILD_EV_UNWANTED);
	else if (!s->stopping)
		supervisor_child_step(m, CHILD_EV_WANTED);
	return m->life.pid == 0;
}

static bool
on_start(void *user, unsigned seat)
{
	struct supervisor *s = user;
	struct supervisor_child *m = supervisor_seat(s, seat);
	bool ok;

	assert(m->life.state == CHILD_DOWN);
	child_init(&m->life, &s->policy);
	memset(&m->said, 0, sizeof(m->said));
	supervisor_child_program(m, &s->drive.programs[seat]);
	supervisor_child_step(m, CHILD_EV_START);
	ok = m->life.pid > 0;
	if (!ok)
		snprintf(s->drive.words, DRIVE_WORDS_MAX, "it cannot be started: %.480s",
		         m->refused[0] ? m->refused : strerror(m->life.last.code));
	(void)on_seat(s, SWAP_DO_WATCH, seat);
	return ok;
}

static void
stop_asking(struct supervisor *s)
{
	s->promote[0] = '\0';
	if (!s->client_io)
		return;
	s->client_io = sd_event_source_disable_unref(s->client_io);
	client_end(&s->client);
}

void
supervisor_swap_answered(struct supervisor *s)
{
	size_t len;
	int r;

	if (!s->client_io)
		return;
	r = client_step(&s->client, s->now_ms, s->reply, sizeof(s->reply), &len);
	if (r == CLIENT_WAITS)
		return;
	stop_asking(s);
	drive_replied(&s->drive, s->asked, r < 0 ? NULL : s->reply);
}

static int
on_reply(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct supervisor *s = user;

	(void)source;
	(void)fd;
	(void)events;
	gate_push(&s->gate, &(struct supervisor_event){.type = SUPERVISOR_EV_ANSWER});
	return 0;
}

static void
ask(struct supervisor *s, enum swap_action_type asked, const char *request)
{
	uint64_t timeout_ms = asked == SWAP_DO_LOOK ? LOOK_MS : DRIVE_PROMOTE_MS;
	char path[CONF_PATH_MAX];

	s->asked = asked;
	if (paths_below(path, sizeof(path), s->conf.run_dir, PATHS_CONNMGR, PATHS_DOOR) ==
	        0 &&
	    client_begin(&s->client, path, request, s->now_ms, s->now_ms + timeout_ms) ==
	        0) {
		if (s->client.sent &&
		    sd_event_add_io(proc_loop(s->proc), &s->client_io, s->client.fd,
		                    EPOLLIN, on_reply, s) >= 0)
			return;
		client_end(&s->client);
	}
	drive_replied(&s->drive, asked, NULL);
}

/* Without its place in the list, the candidate would not be started again. */
static void
ask_to_promote(struct supervisor *s, const char *request)
{
	if (s->programs_error == 0) {
		ask(s, SWAP_DO_PROMOTE, request);
		return;
	}
	snprintf(s->drive.words, DRIVE_WORDS_MAX, "%.400s cannot be written: %s",
	         s->programs_path, strerror(-s->programs_error));
	s->programs_error = 0;
	on_push(s, &(struct swap_event){.type = SWAP_EV_PROMOTED});
}

static void
on_kept(void *user, int error)
{
	struct supervisor *s = user;
	char request[DRIVE_REQUEST_MAX];

	programs_writer_close(s->programs_writer);
	s->programs_writer = NULL;
	if (s->programs_again) { /* the list has another program meanwhile */
		write_programs(s);
		return;
	}
	s->programs_error = error;
	if (error < 0)
		log_err("%s: %s", s->programs_path, strerror(-error));
	strcpy(request, s->promote);
	s->promote[0] = '\0';
	if (request[0] != '\0')
		ask_to_promote(s, request);
}

/* A new question takes the place of the one before. */
static void
on_ask(void *user, enum swap_action_type asked, unsigned seat, const char *request)
{
	struct supervisor *s = user;

	(void)seat;
	stop_asking(s);
	if (asked != SWAP_DO_PROMOTE)
		ask(s, asked, request);
	else if (s->programs_writer)
		snprintf(s->promote, sizeof(s->promote), "%s", request);
	else
		ask_to_promote(s, request);
}

static void
on_turned(void *user, unsigned before)
{
	struct supervisor *s = user;

	if (supervisor_seat(s, before)->life.pid == 0)
		place_forget(&s->apart, s->conf.run_dir, s->drive.programs[before].name);
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
                                           .seat = on_seat,
                                           .ask = on_ask,
                                           .turned = on_turned,
                                           .answer = on_answer,
                                           .note = on_note};

void
supervisor_swap_open(struct supervisor *s)
{
	supervisor_programs_load(s);
	(void)drive_init(&s->drive, s->conf.supervisor.ready_ms, LOOK_MS,
	                 s->conf.supervisor.probation_ms, &drive_ops, s);
	if (s->drive.programs[0].name[0] == '\0')
		strcpy(s->drive.programs[0].name, PROGRAMS_MAIN);
}

void
supervisor_swap_close(struct supervisor *s)
{
	stop_asking(s);
	stop_describing(s);
	programs_writer_close(s->programs_writer);
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
	stop_asking(s);
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
