/* See run_watch.h. The guard's loop: it sleeps until the lease that it knows is about to
 * end, and reads the page then. Every wake looks at all there is to look at. */
#include "ctl/run_watch.h"

#include "ctl/run_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS            UINT64_C(1000000000)
#define KILL_AGAIN_NS UINT64_C(2000000)

struct watch {
	struct box *box;
	const struct guard_task *task;
	int sock;
	int timer;
	int signals;
	timer_t last;
	/* the last end that was read, and of which term */
	uint64_t end_ns;
	int64_t epoch;
	pid_t command;
	bool alone;
	bool kills;
	/* of the unit, if it is one */
	struct unit_stop stop;
};

uint64_t
watch_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

/* The runner's word, or the page, if that is still of the peer with which we hold. What
 * was read counts on though the page is replaced: at most up to that end. A later epoch
 * is one of the same leader while that end has not passed (run_core.c), and the runner
 * may be stopped: it takes over what we have seen. */
static void
read_end(struct watch *w)
{
	struct guard_shared *s = w->task->shared;
	uint64_t end_ns = atomic_load(&s->end_ns), from = atomic_load(&s->incarnation);
	struct page_view v;

	if (end_ns > w->end_ns)
		w->end_ns = end_ns;
	if (!from || !w->task->page || !page_read(w->task->page, &v) ||
	    v.incarnation != from || v.end_ns == 0)
		return;
	if (v.epoch != w->epoch && (v.epoch < w->epoch || watch_now_ns() >= w->end_ns))
		return;
	if (v.end_ns > w->end_ns)
		w->end_ns = v.end_ns;
	w->epoch = v.epoch;
	atomic_store(&s->seen_end_ns, w->end_ns);
	atomic_store(&s->seen_epoch, w->epoch);
}

static uint64_t
kill_due_ns(struct watch *w)
{
	uint64_t margin_ns = atomic_load(&w->task->shared->margin_ns);

	read_end(w);
	return w->end_ns > margin_ns ? w->end_ns - margin_ns : 0;
}

/* When we are stopped at the end of the lease, and the runner is too, the kernel ends us,
 * and with us the command (PR_SET_PDEATHSIG). 0: it does not. */
static void
arm_last(const struct watch *w, uint64_t due_ns)
{
	struct itimerspec at = {.it_value = {(time_t)(due_ns / NS), (long)(due_ns % NS)}};

	timer_settime(w->last, TIMER_ABSTIME, &at, NULL);
}

static int
open_last(struct watch *w)
{
	struct sigevent kill = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

	return timer_create(CLOCK_BOOTTIME, &kill, &w->last);
}

static void
tell(const struct watch *w, enum watch_what what, int value)
{
	struct watch_word word = {(int)what, value};

	(void)!send(w->sock, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
reap(struct watch *w)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(w->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unit_reaped(&w->stop, pid, status);
		if (pid == w->command)
			tell(w, WATCH_DEAD, status);
	}
}

/* The runner's only word says that nothing lives and that we are not needed. */
static void
hear(struct watch *w)
{
	char word;
	ssize_t n = recv(w->sock, &word, 1, MSG_DONTWAIT);

	if (n == 1)
		_exit(0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		w->alone = w->kills = true;
}

static void
sleep_until(const struct watch *w, uint64_t due_ns)
{
	struct itimerspec at = {.it_value = {(time_t)(due_ns / NS), (long)(due_ns % NS)}};
	struct pollfd fds[] = {{.fd = w->alone ? -1 : w->sock, .events = POLLIN},
	                       {.fd = w->timer, .events = POLLIN},
	                       {.fd = w->signals, .events = POLLIN}};
	uint64_t rings;

	/* a time of 0 would disarm it */
	at.it_value.tv_nsec += due_ns == 0;
	timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &at, NULL);
	poll(fds, 3, -1);
	(void)!read(w->timer, &rings, sizeof(rings));
}

static void
kill_all(struct watch *w)
{
	box_kill(w->box);
	if (w->task->unit)
		unit_stop(&w->stop, w->task->unit, watch_now_ns());
}

static _Noreturn void
watch_loop(struct watch *w)
{
	uint64_t now_ns, due_ns;

	for (;;) {
		if (!w->alone)
			hear(w);
		reap(w);
		due_ns = kill_due_ns(w);
		now_ns = watch_now_ns();
		if (!w->kills && now_ns >= due_ns) {
			w->kills = true;
			tell(w, WATCH_KILLS, 0);
		}
		if (w->kills) {
			kill_all(w);
			arm_last(w, 0);
			due_ns = now_ns + KILL_AGAIN_NS;
		} else {
			arm_last(w,
			         due_ns + atomic_load(&w->task->shared->margin_ns) / 2);
		}
		if (w->alone && (!w->task->unit || w->stop.done) &&
		    box_is_empty(w->box)) {
			box_close(w->box);
			_exit(0);
		}
		sleep_until(w, due_ns);
	}
}

/* The runner's descriptors are not ours: a copy of the hold's would keep it alive. */
static void
close_others(const int *kept, unsigned count)
{
	int from = 3;

	for (unsigned done = 0; done <= count; done++) {
		int next = -1;

		for (unsigned i = 0; i < count; i++)
			if (kept[i] >= from && (next < 0 || kept[i] < next))
				next = kept[i];
		if (next < 0)
			break;
		if (next > from)
			close_range((unsigned)from, (unsigned)next - 1, 0);
		from = next + 1;
	}
	close_range((unsigned)from, ~0u, 0);
}

/* Nothing that a terminal or the command does may end or stop us, and no page of ours may
 * have to be read from a disk first. What is refused here is done without. */
static void
harden(void)
{
	struct sched_param first = {.sched_priority = 1};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	setsid();
	(void)!chdir("/");
	prctl(PR_SET_NAME, "conclave-guard");
	mlockall(MCL_CURRENT);
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

_Noreturn void
watch_main(struct box *b, const struct guard_task *task, int sock, int go)
{
	struct watch w = {.box = b, .task = task, .sock = sock, .epoch = task->epoch};
	struct watch_word ready = {.what = WATCH_READY};
	sigset_t child;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (b->kind == BOX_PIDS && unshare(CLONE_NEWPID) < 0)
		_exit(1);
	w.command = fork();
	if (w.command == 0) {
		close(sock);
		command_main(b, task, go);
	}
	if (w.command < 0)
		_exit(1);
	b->spared = 0; /* ours is the tree below us */
	sigfillset(&child);
	sigprocmask(SIG_SETMASK, &child, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	w.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	w.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	b->pidfd = (int)syscall(SYS_pidfd_open, w.command, 0);
	harden();
	close_others((int[]){sock, w.signals, w.timer, b->kill, b->events, b->pidfd}, 6);
	ready.value = w.command;
	if (w.signals < 0 || w.timer < 0 || b->pidfd < 0 || open_last(&w) < 0 ||
	    send(sock, &ready, sizeof(ready), MSG_NOSIGNAL) != sizeof(ready)) {
		kill(w.command, SIGKILL);
		_exit(1);
	}
	watch_loop(&w);
}
