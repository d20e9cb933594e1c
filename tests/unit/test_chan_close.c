/* Closes of a channel over nng while the other side misbehaves: none may get stuck. The
 * other side is a thread with plain sockets that speaks as nng does, and goes away at a
 * random instant. Each series runs in a process of its own, since a stuck close would
 * spoil the next series.
 * `test_chan_close CYCLES SEED` runs longer ones. */
#include "tests/unit/chan_kit.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#define STUCK_MS   3000
#define FDS_SLACK  10
#define HEAD       13 /* nng's type and length, and pair1's hop count */
#define STORM_MAX  300
#define STORM_BODY 20
#define WAIT_MS    30  /* of the raw side for the channel */
#define BURST      200 /* channels that are closed at one time */

/* What the raw side does in a cycle. */
struct plan {
	bool listens;
	size_t greeting; /* bytes of it, 8: all */
	unsigned messages;
	size_t body;
	size_t last; /* bytes of the last message that are sent */
	unsigned before_us, after_us;
	bool in_first; /* it closes what it sends on first */
	bool reads;
	bool slow; /* it reads a little, then no more */
};

static const unsigned char greeting[8] = {0, 'S', 'P', 0, 0, 0x11, 0, 0};
static unsigned cycles = 300, seed = 1;
static unsigned state_of_dice;
static struct plan plan;
static atomic_bool go, done;

static unsigned
dice(unsigned below)
{
	return (unsigned)rand_r(&state_of_dice) % below;
}

static void
spin_us(unsigned us)
{
	struct timespec t;
	uint64_t now, end = 0;

	do {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
		end = end ? end : now + us;
	} while (now < end);
}

static struct sockaddr_un
address_of(const char *suffix)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s%s", path, suffix);
	return a;
}

/* A socket, which listens where the raw side does. */
static int
raw_open(const char *suffix)
{
	struct sockaddr_un a = address_of(suffix);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (plan.listens)
		(void)!(bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8));
	return fd;
}

/* A connection of the socket `fd`, which goes with it; -1: nobody comes. */
static int
raw_meet(int fd, const char *suffix)
{
	struct sockaddr_un a = address_of(suffix);
	struct pollfd come = {.fd = fd, .events = POLLIN};
	int conn = -1;

	for (unsigned i = 0; i < WAIT_MS * 10 && !plan.listens; i++) {
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return fd;
		usleep(100);
	}
	if (plan.listens && poll(&come, 1, WAIT_MS) == 1)
		conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (plan.listens)
		unlink(a.sun_path);
	close(fd);
	return conn;
}

static void
raw_message(int fd, size_t body, size_t bytes)
{
	static unsigned char m[HEAD + MSG_MAX];
	size_t len = 4 + body;

	memset(m, 0, sizeof(m));
	m[0] = 1;
	m[7] = (unsigned char)(len >> 8);
	m[8] = (unsigned char)len;
	m[12] = 1;
	(void)!send(fd, m, bytes, MSG_NOSIGNAL | (plan.slow ? 0 : MSG_DONTWAIT));
}

/* `in` and `out` are the raw side's. */
static void
raw_talk(int in, int out)
{
	unsigned char buf[4096];

	(void)!send(out, greeting, plan.greeting, MSG_NOSIGNAL);
	spin_us(plan.before_us);
	if (plan.listens) /* the dialler comes up by it; and again, later, by this */
		raw_message(out, 1, HEAD + 1);
	for (unsigned i = 0; i < plan.messages; i++)
		raw_message(out, plan.body,
		            i + 1 == plan.messages ? plan.last : HEAD + plan.body);
	for (unsigned i = 0; i < 5 && plan.slow; i++) {
		usleep(200);
		(void)!recv(in, buf, sizeof(buf), MSG_DONTWAIT);
	}
	if (plan.reads)
		(void)!recv(in, buf, sizeof(buf), MSG_DONTWAIT);
	spin_us(plan.after_us);
}

static void
raw_cycle(void)
{
	unsigned char buf[32];
	struct timeval patience = {.tv_usec = WAIT_MS * 1000};
	int first_socket = raw_open(""), second_socket = raw_open(".i");
	int first = raw_meet(first_socket, ""), second = -1;

	if (first < 0) {
		unlink(address_of(".i").sun_path);
		close(second_socket);
		return;
	}
	setsockopt(first, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)!send(first, greeting, plan.greeting, MSG_NOSIGNAL);
	if (plan.greeting == sizeof(greeting)) {
		(void)!recv(first, buf, 8, MSG_WAITALL);
		if (plan.listens)
			raw_message(first, 1, HEAD + 1); /* the empty part */
		else
			(void)!recv(first, buf, HEAD + 1, MSG_WAITALL);
		second = raw_meet(second_socket, ".i");
	} else {
		unlink(address_of(".i").sun_path);
		close(second_socket);
	}
	/* the one that dials sends on the second */
	if (second >= 0 && plan.listens) {
		(void)!send(second, greeting, sizeof(greeting), MSG_NOSIGNAL);
		raw_talk(second, first);
	} else if (second >= 0) {
		raw_talk(first, second);
	}
	close(plan.in_first && second >= 0 ? second : first);
	if (second >= 0)
		close(plan.in_first ? first : second);
}

static void *
raw_side(void *user)
{
	(void)user;
	for (;;) {
		while (!go)
			usleep(20);
		go = false;
		raw_cycle();
		done = true;
	}
	return NULL;
}

static void
storm_plan(bool listens)
{
	plan = (struct plan){.listens = listens,
	                     .greeting = dice(10) ? 8 : dice(8),
	                     .messages = dice(2) ? dice(STORM_MAX + 1) : dice(5),
	                     .body = STORM_BODY,
	                     .last = HEAD + STORM_BODY,
	                     .before_us = dice(3) ? dice(120) : 0,
	                     .after_us = dice(400),
	                     .in_first = dice(2),
	                     .reads = dice(2)};
	if (dice(3) == 0)
		plan.last = 1 + dice(HEAD + STORM_BODY - 1);
}

static void
slow_plan(bool listens)
{
	plan = (struct plan){.listens = listens,
	                     .greeting = 8,
	                     .messages = dice(4),
	                     .body = 1 + dice(30000),
	                     .before_us = dice(1000),
	                     .after_us = dice(2000),
	                     .in_first = dice(2),
	                     .slow = true};
	plan.last = HEAD + plan.body;
}

/* What the channel does: it talks at once or answers, sometimes. */
struct talker {
	struct chan *chan;
	size_t len;
	unsigned ups;
};

static void
talker_say(struct talker *t)
{
	while (t->chan && chan_send(t->chan, packet, t->len) == 0)
		if (t->len < 1000 && dice(4) > 0)
			return;
}

static void
on_talker_up(void *user)
{
	struct talker *t = user;

	t->ups++;
	if (dice(2) || t->len > 1000)
		talker_say(t);
}

static void
on_talker_message(void *user, const void *data, size_t len)
{
	(void)data;
	(void)len;
	if (dice(4) == 0)
		talker_say(user);
}

static void
on_talker_writable(void *user)
{
	talker_say(user);
}

static void
on_talker_down(void *user, const char *why)
{
	struct talker *t = user;

	(void)why;
	chan_close(t->chan);
	t->chan = NULL;
}

static bool
closed_within(unsigned ms)
{
	for (unsigned i = 0; i < ms * 10; i++) {
		if (chan_stuck_closes() == 0)
			return true;
		usleep(100);
	}
	return false;
}

static unsigned
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* assert_true would go on with the next test, in the child. */
#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			print_error("%s\n", #condition);                                 \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

/* Whether the channel came up. */
static bool
one_cycle(size_t len)
{
	static const struct chan_ops talks = {on_talker_up, on_talker_message,
	                                      on_talker_writable, on_talker_down};
	struct talker t = {.len = len};
	unsigned close_us =
	    dice(3) ? dice(plan.listens || len > 1000 ? 12000 : 2500) : 100000;
	uint64_t now, end = 0;

	MUST(chan_open(&t.chan, CHAN_NNG, plan.listens ? CHAN_DIALS : CHAN_LISTENS, loop,
	               fresh_path(), SAME_USER, LINK_US, &talks, &t) == 0);
	done = false;
	go = true;
	for (;;) {
		MUST(sd_event_run(loop, 300) >= 0);
		sd_event_now(loop, CLOCK_MONOTONIC, &now);
		end = end ? end : now + close_us;
		if (!t.chan || now >= end)
			break;
	}
	chan_close(t.chan);
	while (!done)
		usleep(20);
	return t.ups > 0;
}

static void
series(const char *name, void (*make_plan)(bool listens), bool raw_listens, size_t len)
{
	pthread_t thread;
	unsigned fds, ups = 0, stuck = 0, late = 0;

	state_of_dice = seed;
	alarm(300 + cycles);
	MUST(sd_event_new(&loop) >= 0);
	MUST(pthread_create(&thread, NULL, raw_side, NULL) == 0);
	fds = count_fds();
	/* on a busy machine few come up */
	for (unsigned i = 0; (i < cycles || ups <= cycles / 8) && stuck == 0; i++) {
		make_plan(raw_listens);
		ups += one_cycle(len);
		if (i == 0)
			fds = count_fds(); /* nng has opened its own by now */
		if (closed_within(STUCK_MS / 10))
			continue;
		late++;
		stuck += !closed_within(STUCK_MS);
	}
	print_message("%s: %u cycles, %u up, %u late, %u stuck, %d descriptors more\n",
	              name, cycles, ups, late, stuck, (int)(count_fds() - fds));
	MUST(stuck == 0);
	MUST(count_fds() <= fds + FDS_SLACK);
	MUST(ups > cycles / 8);
}

/* Runs a series in a process of its own, whose status is 0 if nothing is wrong. */
#define IN_CHILD(...)                                                                    \
	do {                                                                             \
		int status_;                                                             \
		pid_t pid_ = fork();                                                     \
		if (pid_ == 0) {                                                         \
			series(__VA_ARGS__);                                             \
			fflush(NULL);                                                    \
			_exit(0);                                                        \
		}                                                                        \
		assert_int_equal(waitpid(pid_, &status_, 0), pid_);                      \
		assert_int_equal(status_, 0);                                            \
	} while (0)

static void
test_storm_listening(void **state)
{
	(void)state;
	IN_CHILD("listening, storm", storm_plan, false, STORM_BODY);
}

static void
test_storm_dialling(void **state)
{
	(void)state;
	IN_CHILD("dialling, storm", storm_plan, true, STORM_BODY);
}

static void
test_slow_listening(void **state)
{
	(void)state;
	IN_CHILD("listening, slow reader", slow_plan, false, MSG_FRAME_MAX);
}

static void
test_slow_dialling(void **state)
{
	(void)state;
	IN_CHILD("dialling, slow reader", slow_plan, true, MSG_FRAME_MAX);
}

static void
burst(void)
{
	static const struct chan_ops silent = {.on_down = on_talker_down};
	struct talker t;

	MUST(sd_event_new(&loop) >= 0);
	for (unsigned i = 0; i < BURST; i++) {
		MUST(chan_open(&t.chan, CHAN_NNG, CHAN_LISTENS, loop, fresh_path(),
		               SAME_USER, LINK_US, &silent, &t) == 0);
		chan_close(t.chan);
	}
	MUST(closed_within(STUCK_MS));
}

/* Closes that take their time are no reason to end the process. */
static void
test_burst(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		burst();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_storm_listening), cmocka_unit_test(test_storm_dialling),
	    cmocka_unit_test(test_slow_listening),  cmocka_unit_test(test_slow_dialling),
	    cmocka_unit_test(test_burst),
	};
	int failed;

	if (argc > 1)
		cycles = (unsigned)atoi(argv[1]);
	if (argc > 2)
		seed = (unsigned)atoi(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "/tmp/test_close.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
