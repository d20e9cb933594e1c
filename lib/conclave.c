/* See conclave.h and handle.h. */
#include "lib/conclave.h"

#include "lib/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RUN_DIR     "/run/conclave"
#define TEXT_CAP    65537
#define NS          UINT64_C(1000000000)
#define PATIENCE_MS 5000
/* While there is no lease yet it is looked for: the first time after LOOK_FIRST, then
 * after a share of the time since, so that it is seen that much late. While there is one
 * it is looked at when half of it is gone, so that its end is known well when the daemon
 * dies, and at its end. */
#define LOOK_FIRST (KNOCK_MS / 4)
#define LOOK_SHARE 16
#define LOOK_LAST  (16 * KNOCK_MS)
#define LOOK_NEAR  (10 * KNOCK_MS)

static void
look(struct conclave *c)
{
	struct term_lease lease;
	uint64_t now_ns, left;

	term_read(&c->term, &lease);
	now_ns = knock_now_ns();
	c->led = now_ns < lease.end_ns;
	if (c->led) {
		left = lease.end_ns - now_ns;
		if (left > 2 * LOOK_NEAR)
			left /= 2;
		else if (left > LOOK_NEAR)
			left = LOOK_NEAR;
		c->look_due_ns = now_ns + left;
		c->look_since_ns = 0;
	} else if (c->phase == HANDLE_HELD && c->state.role != CONCLAVE_FOLLOWING &&
	           c->state.role != CONCLAVE_OBSERVING) {
		if (c->look_since_ns == 0)
			c->look_since_ns = now_ns;
		left = LOOK_FIRST + (now_ns - c->look_since_ns) / LOOK_SHARE;
		c->look_due_ns = now_ns + (left < LOOK_LAST ? left : LOOK_LAST);
	} else {
		c->look_due_ns = 0;
		c->look_since_ns = 0;
	}
}

static void
sooner(uint64_t *due_ns, uint64_t other_ns)
{
	if (*due_ns == 0 || (other_ns != 0 && other_ns < *due_ns))
		*due_ns = other_ns;
}

static void
arm(struct conclave *c)
{
	uint64_t due_ns = c->look_due_ns;
	struct itimerspec at = {{0, 0}, {0, 0}};

	if (c->watch < 0)
		sooner(&due_ns, c->watch_due_ns);
	if (c->phase == HANDLE_HOLD_AGAIN)
		sooner(&due_ns, c->hold_due_ns);
	if (due_ns == c->armed_ns)
		return;
	at.it_value.tv_sec = (time_t)(due_ns / NS);
	at.it_value.tv_nsec = (long)(due_ns % NS);
	if (timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		c->armed_ns = due_ns;
}

/* Takes what has come; true: something may have changed, and who waits is woken. */
static bool
process(struct conclave *c)
{
	const char *stop = c->stop;
	enum handle_hold phase = c->phase;
	uint64_t changes = c->changes, now_ns = knock_now_ns(), rings;
	bool led = c->led, changed;

	if (read(c->timer, &rings, sizeof(rings)) == sizeof(rings))
		c->armed_ns = 0;
	watch_step(c, now_ns);
	hold_step(c, now_ns);
	look(c);
	arm(c);
	changed = stop != c->stop || phase != c->phase || changes != c->changes ||
	          led != c->led;
	for (struct handle_waiter *w = c->waiters; w && changed; w = w->next)
		(void)eventfd_write(w->event, 1);
	return changed;
}

/* Locks the handle. False: we are a child of the process that opened it. */
static bool
enter(struct conclave *c)
{
	if (!term_is_ours(&c->term))
		return false;
	pthread_mutex_lock(&c->lock);
	return true;
}

static void
leave(struct conclave *c)
{
	pthread_mutex_unlock(&c->lock);
}

/* Until something comes, or the time is up. Without the lock. 0, or -EINTR. */
static int
sleep_until(const struct conclave *c, int event, uint64_t due_ns)
{
	struct pollfd fds[] = {{.fd = c->epoll, .events = POLLIN},
	                       {.fd = event, .events = POLLIN}};
	uint64_t now_ns = knock_now_ns();
	uint64_t left = due_ns > now_ns ? due_ns - now_ns : 0;
	struct timespec wait;
	eventfd_t count;
	int r;

	left = knock_nap_ns(left);
	wait = (struct timespec){(time_t)(left / NS), (long)(left % NS)};
	r = ppoll(fds, 2, &wait, NULL) < 0 ? -errno : 0;
	if (r == 0 && fds[1].revents)
		(void)eventfd_read(event, &count);
	return r;
}

/* Of a waiting call: which of `what` is true. */
struct wait {
	unsigned (*test)(struct conclave *c, unsigned what, uint64_t changes);
	unsigned what;
	uint64_t due_ns;
	/* A signal ends it. */
	bool interrupts;
};

/* With the lock, which others get meanwhile. What is true; 0: the time is up; -errno. */
static int
wait_for(struct conclave *c, const struct wait *wait)
{
	struct handle_waiter self = {.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	                             .next = c->waiters};
	uint64_t changes = c->changes;
	unsigned found;
	int r = 0;

	if (self.event < 0)
		return -errno;
	c->waiters = &self;
	for (;;) {
		(void)process(c);
		found = wait->test(c, wait->what, changes);
		if (found || r < 0 || knock_now_ns() >= wait->due_ns)
			break;
		leave(c);
		r = sleep_until(c, self.event, wait->due_ns);
		pthread_mutex_lock(&c->lock);
		if (!wait->interrupts)
			r = 0;
	}
	for (struct handle_waiter **at = &c->waiters; *at; at = &(*at)->next)
		if (*at == &self) {
			*at = self.next;
			break;
		}
	close(self.event);
	return found ? (int)found : r;
}

static unsigned
is_answered(struct conclave *c, unsigned what, uint64_t changes)
{
	(void)changes;
	return c->phase != (enum handle_hold)what;
}

static unsigned
is_true(struct conclave *c, unsigned what, uint64_t changes)
{
	unsigned is = conclave_leading(c) ? CONCLAVE_LEADING : CONCLAVE_LOST;

	if (c->stop)
		is |= CONCLAVE_STOP;
	if (c->changes != changes)
		is |= CONCLAVE_CHANGED;
	return is & what;
}

/* Waits while the hold is in this phase. Above 0: it is not any more. */
static int
await_answer(struct conclave *c, enum handle_hold phase)
{
	struct wait wait = {is_answered, phase, knock_due_ns(PATIENCE_MS), false};

	return wait_for(c, &wait);
}

static int
open_descriptors(struct conclave *c)
{
	struct epoll_event ev = {.events = EPOLLIN};

	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		return -errno;
	c->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->timer, &ev) < 0)
		return -errno;
	return 0;
}

static void
close_all(struct conclave *c)
{
	int fds[] = {c->hold, c->watch, c->timer, c->epoll};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	hold_drop_kills(c);
	free(c->text);
	free(c);
}

int
conclave_open(struct conclave **out, const char *run_dir)
{
	struct conclave *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->epoll = c->timer = c->watch = c->hold = c->cgroup_kill = -1;
	memset(c->kills, -1, sizeof(c->kills));
	c->text = malloc(TEXT_CAP);
	r = c->text ? knock_path_init(&c->path, run_dir ? run_dir : RUN_DIR) : -ENOMEM;
	if (r == 0)
		r = open_descriptors(c);
	if (r == 0)
		r = term_open(&c->term);
	if (r < 0) {
		close_all(c);
		return r;
	}
	pthread_mutex_init(&c->lock, NULL);
	(void)process(c);
	*out = c;
	return 0;
}

void
conclave_close(struct conclave *c)
{
	if (!c)
		return;
	/* a child has copies, and what it does to them is done to its parent's */
	if (term_is_ours(&c->term) && c->hold >= 0) {
		knock_end(c->hold, c->epoll);
		c->hold = -1;
	}
	term_close(&c->term);
	close_all(c);
}

int
conclave_fd(const struct conclave *c)
{
	return c->epoll;
}

int
conclave_process(struct conclave *c)
{
	int r;

	if (!enter(c))
		return -ECHILD;
	r = process(c);
	leave(c);
	return r;
}

void
conclave_state(struct conclave *c, struct conclave_state *out)
{
	memset(out, 0, sizeof(*out));
	if (!enter(c))
		return;
	*out = c->state;
	leave(c);
}

static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return len > 0 && len <= CONCLAVE_NAME_MAX;
}

/* With the lock. 0 or -errno; then there is no hold. */
static int
ask_for_hold(struct conclave *c, const char *name, int cgroup_kill)
{
	int r;

	snprintf(c->request, sizeof(c->request), "hold%s%s", name ? " " : "",
	         name ? name : "");
	c->first = true;
	c->hold_error = -ECANCELED;
	if (cgroup_kill >= 0) {
		c->cgroup_kill = fcntl(cgroup_kill, F_DUPFD_CLOEXEC, 0);
		if (c->cgroup_kill < 0)
			return -errno;
	}
	r = hold_begin(c);
	if (r == 0)
		r = await_answer(c, HANDLE_ASKED);
	if (r > 0)
		return c->phase == HANDLE_HELD ? 0 : c->hold_error;
	hold_end(c);
	return r == 0 ? -ETIMEDOUT : r;
}

int
conclave_hold(struct conclave *c, const char *name, int cgroup_kill)
{
	int r = -EALREADY;

	if (name && !is_name(name))
		return -EINVAL;
	if (!enter(c))
		return -ECHILD;
	if (c->phase == HANDLE_NO_HOLD)
		r = ask_for_hold(c, name, cgroup_kill);
	leave(c);
	return r;
}

int
conclave_hold_cgroup(struct conclave *c, unsigned number, int cgroup_kill)
{
	int r = -ENOTCONN;

	if (number < 1 || number > CONCLAVE_CGROUPS_MAX)
		return -EINVAL;
	if (!enter(c))
		return -ECHILD;
	if (c->phase != HANDLE_NO_HOLD && c->phase != HANDLE_LETS_GO)
		r = hold_kills(c, number - 1, cgroup_kill);
	leave(c);
	return r;
}

int
conclave_let_go(struct conclave *c)
{
	int r = 0;

	if (!enter(c))
		return -ECHILD;
	if (c->phase != HANDLE_NO_HOLD && c->phase != HANDLE_LETS_GO)
		r = hold_let_go(c);
	if (r == 0 && c->phase == HANDLE_LETS_GO) {
		r = await_answer(c, HANDLE_LETS_GO);
		if (r > 0)
			r = c->hold_error;
		else if (r == 0)
			r = -ETIMEDOUT;
		if (c->phase == HANDLE_LETS_GO)
			hold_end(c);
	}
	leave(c);
	return r;
}

bool
conclave_lease(const struct conclave *c, int64_t *epoch, uint64_t *end_ns)
{
	struct term_lease lease;

	term_read(&c->term, &lease);
	/* the clock comes last: what it says is as late as can be */
	if (knock_now_ns() >= lease.end_ns)
		return false;
	if (epoch)
		*epoch = lease.epoch;
	if (end_ns)
		*end_ns = lease.end_ns;
	return true;
}

bool
conclave_leading(const struct conclave *c)
{
	return conclave_lease(c, NULL, NULL);
}

uint32_t
conclave_lease_ms(struct conclave *c)
{
	uint32_t ms;

	if (!enter(c))
		return 0;
	ms = c->lease_ms;
	leave(c);
	return ms;
}

const char *
conclave_stop_wanted(struct conclave *c, bool *grace)
{
	const char *stop;

	if (!enter(c))
		return NULL;
	stop = c->stop;
	if (stop && grace)
		*grace = c->grace;
	leave(c);
	return stop;
}

int
conclave_wait(struct conclave *c, unsigned what, int timeout_ms)
{
	struct wait wait = {is_true, what, knock_due_ns(timeout_ms), true};
	int r;

	if (!enter(c))
		return -ECHILD;
	r = wait_for(c, &wait);
	leave(c);
	return r;
}
