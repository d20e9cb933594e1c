/* See runner.h. */
#include "ctl/runner.h"

#include "base/exit.h"
#include "ctl/run_guard.h"
#include "ctl/run_lease.h"
#include "ctl/run_unit.h"
#include "ctl/run_watch.h"
#include "lib/conclave.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS           UINT64_C(1000000000)
#define MS           UINT64_C(1000000)
#define AGAIN_NS     (100 * MS) /* after what may succeed later */
#define LAST_WORD_MS 100

struct runner {
	const struct runner_task *task;
	struct run_core core;
	struct run_lease lease;
	struct box box;
	struct guard guard;
	struct guard_task guarded;
	int timer;
	int signals;
	bool held;
	/* the first hold was refused for good: this is the exit status */
	int refused;
	/* when the hold, or the start, is tried again */
	uint64_t again_ns;
	struct unit_stop stop;
};

static void step(struct runner *r, struct run_event ev);

static void
say(const char *text)
{
	fprintf(stderr, "conclave: run: %s\n", text);
}

/* The daemon refuses, or is not there. */
static void
refuse(struct runner *r, int error)
{
	bool later = error == -EAGAIN || (r->task->config.again && error != -EPERM &&
	                                  error != -EXDEV && error != -EINVAL);

	r->again_ns = watch_now_ns() + AGAIN_NS;
	if (later)
		return;
	r->refused = error == -EPERM ? EXIT_NOT_ALLOWED : EXIT_NO_ANSWER;
	if (error == -EPERM)
		say("this user may not hold leadership; run it as root, or as a member "
		    "of hold_group");
	else
		fprintf(stderr, "conclave: run: the peer of %s does not answer: %s\n",
		        r->task->run_dir, strerror(-error));
}

static void
take_hold(struct runner *r)
{
	int error = conclave_hold(r->lease.handle, r->task->name, r->box.kill);

	r->held = error == 0;
	if (!r->held)
		refuse(r, error);
}

static void
on_dead(struct runner *r, int status)
{
	int first = atomic_load(&r->lease.shared->first_status);
	int signal = 0;

	if (first)
		status = first - 1;
	if (WIFSIGNALED(status))
		signal = WTERMSIG(status);
	step(r, (struct run_event){.type = RUN_EV_DEAD,
	                           .status = signal ? 128 + signal : WEXITSTATUS(status),
	                           .signal = signal});
}

/* The status of a command whose guard did not tell it: the runner is next to reap it. */
static void
hear_last(struct runner *r)
{
	struct pollfd in = {.fd = r->guard.sock, .events = POLLIN};
	pid_t command = r->guard.command;
	int status;

	if (r->core.status >= 0 || command <= 0)
		return;
	if (in.fd >= 0 && poll(&in, 1, LAST_WORD_MS) == 1 &&
	    guard_hear(&r->guard, &status) == GUARD_DEAD) {
		on_dead(r, status);
		return;
	}
	guard_end(&r->guard, &r->box);
	if (waitpid(command, &status, WNOHANG) == command)
		on_dead(r, status);
}

static void
start(struct runner *r)
{
	uint64_t due_ns = r->core.end_ns - run_margin_ns(&r->core);
	int error;

	r->stop = (struct unit_stop){0};
	if (r->box.units)
		atomic_store(&r->lease.units->count, 0);
	run_lease_share(&r->lease, &r->core);
	atomic_store(&r->lease.shared->seen_epoch, 0);
	atomic_store(&r->lease.shared->first_status, 0);
	r->guarded.epoch = r->core.epoch;
	error = guard_start(&r->guard, &r->box, &r->guarded, due_ns);
	if (error == 0 && watch_now_ns() < due_ns) {
		guard_go(&r->guard);
		return;
	}
	if (error == 0)
		guard_end(&r->guard, &r->box); /* the one that waits dies with it */
	else if (error != -ETIMEDOUT)
		fprintf(stderr, "conclave: run: the guard did not start: %s\n",
		        strerror(-error));
	r->again_ns = watch_now_ns() + AGAIN_NS;
	step(r, (struct run_event){.type = RUN_EV_UNSTARTED});
}

static void
say_why(enum run_reason reason)
{
	static const char *const words[] = {
	    [RUN_LOST] = "the lease was not renewed: the command had to end",
	    [RUN_WANTED] = "the server gave up leadership: the command had to end",
	    [RUN_UNGUARDED] = "the guard was killed: so the command was",
	};

	if (reason < sizeof(words) / sizeof(*words) && words[reason])
		say(words[reason]);
}

static void
act(struct runner *r, const struct run_actions *a)
{
	if (a->terminate && r->box.pidfd >= 0) {
		syscall(SYS_pidfd_send_signal, r->box.pidfd, SIGTERM, NULL, 0);
		syscall(SYS_pidfd_send_signal, r->box.pidfd, SIGCONT, NULL, 0);
	}
	if (a->kill) {
		box_kill(&r->box);
		if (r->task->unit)
			unit_stop(&r->stop, r->task->unit, watch_now_ns());
	}
	if (a->let_go) {
		guard_end(&r->guard, &r->box);
		run_lease_let_go(&r->lease);
		r->held = false;
		r->again_ns = 0;
	}
	if (a->too_short)
		say("the lease is too short for --warn and the time to kill; make "
		    "lease_ms larger");
	if (a->start)
		start(r);
}

static void
step(struct runner *r, struct run_event ev)
{
	enum run_reason before = r->core.reason;
	struct run_actions a;

	ev.now_ns = watch_now_ns();
	run_step(&r->core, &ev, &a);
	if (before == RUN_NONE)
		say_why(r->core.reason);
	if (before == RUN_NONE && r->core.killed_by)
		fprintf(stderr,
		        "conclave: run: the command was ended by signal %d (%s)\n",
		        r->core.killed_by, strsignal(r->core.killed_by));
	act(r, &a);
	if (a.exit)
		r->refused = a.status;
}

static void
take_signals(struct runner *r)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			step(r, (struct run_event){.type = RUN_EV_SIGNAL,
			                           .signal = (int)info.ssi_signo});
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unit_reaped(&r->stop, pid, status);
		if (pid == r->guard.pid) {
			r->guard.pid = 0;
			r->box.spared = 0;
			step(r, (struct run_event){.type = RUN_EV_UNGUARDED});
		} else if (pid == r->guard.command) {
			on_dead(r, status);
		}
	}
}

static void
take_guard(struct runner *r)
{
	int status;

	switch (guard_hear(&r->guard, &status)) {
	case GUARD_DEAD:
		on_dead(r, status);
		break;
	case GUARD_KILLS:
		/* as if we had seen the end of the lease ourselves */
		step(r, (struct run_event){.type = RUN_EV_LEASE});
		break;
	case GUARD_GONE:
		step(r, (struct run_event){.type = RUN_EV_UNGUARDED});
		break;
	case GUARD_NOTHING:
		break;
	}
}

static bool
is_dead(const struct runner *r)
{
	return (!r->task->unit || r->stop.done) && box_is_empty(&r->box);
}

static void
look(struct runner *r)
{
	struct run_event ev = {.type = RUN_EV_LEASE};

	(void)conclave_process(r->lease.handle);
	run_lease_read(&r->lease, &ev);
	if (r->core.state != RUN_WAITING || watch_now_ns() >= r->again_ns)
		step(r, ev);
	run_lease_share(&r->lease, &r->core);
	if (r->held && r->task->unit)
		run_lease_give_units(&r->lease);
	if (r->held && conclave_stop_wanted(r->lease.handle, NULL))
		step(r, (struct run_event){.type = RUN_EV_WANTED});
	step(r, (struct run_event){.type = RUN_EV_TIME});
	/* a guard that the end of the lease has ended is no surprise */
	take_signals(r);
	take_guard(r);
	if (r->core.state == RUN_KILLING && is_dead(r)) {
		hear_last(r);
		step(r, (struct run_event){.type = RUN_EV_EMPTY});
	}
	if (r->core.state != RUN_OVER && !r->held && watch_now_ns() >= r->again_ns)
		take_hold(r);
}

static void
sleep_until_due(const struct runner *r)
{
	uint64_t due_ns = run_due_ns(&r->core), rings;
	struct pollfd fds[] = {{.fd = conclave_fd(r->lease.handle), .events = POLLIN},
	                       {.fd = r->signals, .events = POLLIN},
	                       {.fd = r->timer, .events = POLLIN},
	                       {.fd = r->guard.sock, .events = POLLIN}};
	struct itimerspec at = {{0, 0}, {0, 0}};

	if (r->core.state == RUN_WAITING && r->again_ns && r->again_ns < due_ns)
		due_ns = r->again_ns;
	if (due_ns != UINT64_MAX) {
		at.it_value.tv_sec = (time_t)(due_ns / NS);
		at.it_value.tv_nsec = (long)(due_ns % NS) + (due_ns == 0);
	}
	timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &at, NULL);
	(void)poll(fds, 4, -1);
	(void)!read(r->timer, &rings, sizeof(rings));
}

static int
open_all(struct runner *r)
{
	sigset_t signals;
	int error;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	error = run_lease_open(&r->lease, r->task->run_dir, r->task->id);
	if (error < 0)
		return error;
	box_open(&r->box, r->task->most);
	r->box.units = r->task->unit ? r->lease.units : NULL;
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	r->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return r->signals < 0 || r->timer < 0 ? -errno : 0;
}

int
runner_main(const struct runner_task *task)
{
	struct runner r = {.task = task, .guard = {.sock = -1, .go = -1}, .refused = -1};
	int error = open_all(&r);

	if (error < 0) {
		fprintf(stderr, "conclave: run: %s\n", strerror(-error));
		return EXIT_FAILED;
	}
	if (r.box.kind != BOX_CGROUP)
		fprintf(stderr, "conclave: run: the command is kept in %s\n",
		        box_about(&r.box));
	r.guarded = (struct guard_task){.argv = task->argv,
	                                .unit = task->unit,
	                                .units = r.lease.units,
	                                .id = task->id,
	                                .lease_fd = r.lease.fd,
	                                .page = run_lease_page(&r.lease),
	                                .shared = r.lease.shared};
	run_init(&r.core, &task->config);
	for (;;) {
		look(&r);
		if (r.refused >= 0)
			break;
		sleep_until_due(&r);
	}
	box_close(&r.box);
	conclave_close(r.lease.handle);
	return r.refused;
}
