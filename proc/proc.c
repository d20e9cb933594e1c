/* The frame of every daemon: one sd-event loop, its signals, and what the daemon tells
 * who started it, conclaved or systemd; see proc.h. */
#include "proc/proc.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log_limited.h"
#include "proc/sdnotify.h"
#include "proc/self.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTS_ACCURACY_US 10000

struct proc {
	sd_event *loop;
	const struct proc_ops *ops;
	void *user;
	struct sdnotify notify;
	/* The counts of lines of log that were held back are due. */
	sd_event_source *counts;
	bool ready;
	bool stopping;
	pthread_t thread;
};

/* prctl does not notice a parent that died before it. So getppid is called after it. */
static void
die_with_parent(void)
{
	const char *text = getenv("CONCLAVE_PARENT");
	char *end;
	long parent;

	if (!text)
		return;
	errno = 0;
	parent = strtol(text, &end, 10);
	if (errno || end == text || *end || parent < 1) {
		log_warning("CONCLAVE_PARENT is not a process id: %s", text);
		return;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		log_warning("PR_SET_PDEATHSIG: %s", strerror(errno));
	if (getppid() != parent) {
		log_notice("the parent, process %ld, has ended: exiting", parent);
		_exit(EXIT_FAILED);
	}
	/* our children have another parent */
	unsetenv("CONCLAVE_PARENT");
}

/* The fatal signals are not blocked: the watchdog's SIGABRT must end a process that
 * hangs. */
static int
set_signals(void)
{
	static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
	                            SIGILL,  SIGTRAP, SIGSYS};
	/* a signal that was ignored before exec does not reach the loop, blocked or not
	 */
	static const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigdelset(&blocked, fatal[i]);
	if (sigprocmask(SIG_SETMASK, &blocked, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (signal(ours[i], SIG_DFL) == SIG_ERR)
			return -errno;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}

/* Who started us shows the last error of a process that ended. Only the loop's thread may
 * send; an error of another one is in the log. */
static void
on_err(void *user, const char *text)
{
	struct proc *p = user;

	if (pthread_equal(pthread_self(), p->thread))
		sdnotify_error(&p->notify, text);
}

static void
say_stopping(struct proc *p)
{
	if (p->stopping)
		return;
	p->stopping = p->notify.stopping = true;
	sdnotify_send(&p->notify);
}

static int
on_stop_signal(sd_event_source *s, const struct signalfd_siginfo *info, void *user)
{
	struct proc *p = user;

	(void)s;
	log_info("stopping: signal %u from %u", info->ssi_signo, info->ssi_pid);
	say_stopping(p);
	if (p->ops && p->ops->on_stop)
		p->ops->on_stop(p->user);
	else
		proc_exit(p, EXIT_OK);
	return 0;
}

static int
on_reload_signal(sd_event_source *s, const struct signalfd_siginfo *info, void *user)
{
	struct proc *p = user;

	(void)s;
	(void)info;
	if (p->ops && p->ops->on_reload)
		p->ops->on_reload(p->user);
	else
		log_info("SIGHUP: nothing to reload");
	return 0;
}

static void
wait_for_counts(void *user, uint64_t due_ms)
{
	struct proc *p = user;
	uint64_t due_us;

	if (sd_event_source_get_time(p->counts, &due_us) < 0 || due_us <= due_ms * 1000)
		return;
	sd_event_source_set_time(p->counts, due_ms * 1000);
	sd_event_source_set_enabled(p->counts, SD_EVENT_ONESHOT);
}

static int
on_counts(sd_event_source *s, uint64_t usec, void *user)
{
	uint64_t next_ms = log_limited_tell(clock_ms());

	(void)usec;
	sd_event_source_set_time(s, UINT64_MAX);
	if (next_ms < UINT64_MAX)
		wait_for_counts(user, next_ms);
	return 0;
}

static int
open_loop(struct proc *p)
{
	int r;

	if ((r = sd_event_new(&p->loop)) < 0)
		return r;
	if ((r = sd_event_add_signal(p->loop, NULL, SIGTERM, on_stop_signal, p)) < 0 ||
	    (r = sd_event_add_signal(p->loop, NULL, SIGINT, on_stop_signal, p)) < 0 ||
	    (r = sd_event_add_signal(p->loop, NULL, SIGHUP, on_reload_signal, p)) < 0 ||
	    (r = sd_event_add_time(p->loop, &p->counts, CLOCK_BOOTTIME, UINT64_MAX,
	                           COUNTS_ACCURACY_US, on_counts, p)) < 0)
		return r;
	log_limited_set_wake(wait_for_counts, p);
	return sdnotify_open(&p->notify, p->loop);
}

int
proc_init(struct proc **out, const char *name, enum log_level level,
          const struct proc_ops *ops, void *user)
{
	struct proc *p;
	int r;

	log_init(name, level);
	/* who was started by an open file has its number for a name */
	(void)prctl(PR_SET_NAME, program_invocation_short_name);
	die_with_parent();
	self_init();
	umask(077);
	r = set_signals();
	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->ops = ops;
	p->user = user;
	p->thread = pthread_self();
	r = open_loop(p);
	if (r < 0) {
		sd_event_unref(p->loop);
		free(p);
		return r;
	}
	log_set_on_err(on_err, p);
	*out = p;
	return 0;
}

sd_event *
proc_loop(struct proc *p)
{
	return p->loop;
}

void
proc_say(struct proc *p, const char *status)
{
	sdnotify_set_status(&p->notify, status);
	sdnotify_later(&p->notify);
}

void
proc_ready(struct proc *p, const char *status, unsigned long long generation, bool active)
{
	p->notify.ready = !p->ready;
	p->ready = true;
	p->notify.detailed = true;
	p->notify.generation = generation;
	p->notify.active = active;
	proc_say(p, status);
	if (p->notify.ready)
		sdnotify_send(&p->notify);
}

void
proc_extend(struct proc *p, uint64_t ms)
{
	p->notify.extend_us = ms * 1000;
	sdnotify_send(&p->notify);
}

/* As sd_event_loop, but measures how long each handler takes. */
int
proc_run(struct proc *p)
{
	int r, code = 0;

	while (sd_event_get_state(p->loop) != SD_EVENT_FINISHED) {
		uint64_t began_us;

		r = sd_event_prepare(p->loop);
		if (r == 0)
			r = sd_event_wait(p->loop, UINT64_MAX);
		began_us = clock_us();
		if (r > 0)
			r = sd_event_dispatch(p->loop);
		if (r < 0)
			return r;
		self_late(clock_us() - began_us);
	}
	r = sd_event_get_exit_code(p->loop, &code);
	return r < 0 ? r : code;
}

void
proc_exit(struct proc *p, int status)
{
	log_limited_end();
	say_stopping(p);
	sdnotify_send(&p->notify); /* with the last status */
	sd_event_exit(p->loop, status);
}
