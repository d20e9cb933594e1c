/* The link, over nng and over SOCK_SEQPACKET: every test runs with both. Processes that
 * are killed or foreign are this program again, spawned with arguments. */
#include "base/clock.h"
#include "ipc/chan.h"
#include "ipc/local.h"
#include "ipc/msg.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define LINK_US     5000000
#define STRANGER    12345 /* a uid that is neither ours nor root's */

/* One end and what it was told. */
struct end {
	struct chan *chan;
	unsigned ups, downs, writables, messages;
	unsigned close_at; /* message after which on_message closes it; 0: never */
	bool close_in_up, close_in_writable;
	bool disordered;
	size_t last_len;
	char why[64];
	struct sender *on_room;
};

struct sender {
	struct end *from;
	unsigned next, count;
	size_t len;
};

static enum chan_kind kind;
static sd_event *loop;
static char folder[64];
static char path[96];
static unsigned paths;
static const char *program;
static unsigned char packet[MSG_MAX + 1];

static void
numbered(unsigned number, size_t len)
{
	memset(packet, (int)(number & 0xff), len);
	memcpy(packet, &number, sizeof(number));
}

static void
on_up(void *user)
{
	struct end *e = user;

	e->ups++;
	if (!e->close_in_up)
		return;
	chan_close(e->chan);
	e->chan = NULL;
}

static void
on_message(void *user, const void *data, size_t len)
{
	struct end *e = user;
	const unsigned char *bytes = data;
	unsigned number;

	memcpy(&number, data, sizeof(number));
	if (number != e->messages ||
	    bytes[len - 1] != (len > 4 ? (number & 0xff) : bytes[3]))
		e->disordered = true;
	e->messages++;
	e->last_len = len;
	if (e->messages != e->close_at)
		return;
	chan_close(e->chan);
	e->chan = NULL;
}

static void
go_on(struct sender *s)
{
	int r = 0;

	while (s->next < s->count) {
		numbered(s->next, s->len);
		r = chan_send(s->from->chan, packet, s->len);
		if (r != 0)
			break;
		s->next++;
	}
	assert_true(r == 0 || r == CHAN_FULL);
}

static void
on_writable(void *user)
{
	struct end *e = user;

	e->writables++;
	if (e->close_in_writable) {
		chan_close(e->chan);
		e->chan = NULL;
	} else if (e->on_room) {
		go_on(e->on_room);
	}
}

static void
on_down(void *user, const char *why)
{
	struct end *e = user;

	e->downs++;
	snprintf(e->why, sizeof(e->why), "%s", why);
	chan_close(e->chan);
	e->chan = NULL;
}

static const struct chan_ops ops = {on_up, on_message, on_writable, on_down};

static const char *
fresh_path(void)
{
	snprintf(path, sizeof(path), "%s/%u", folder, paths++);
	return path;
}

static void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 100000) >= 0);
}

/* Turns the loop until the counter has reached `want`. */
static void
until(const unsigned *counter, unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (*counter < want)
		turn(due_ms);
}

static void
open_ends(struct end *a, struct end *b)
{
	*a = *b = (struct end){0};
	assert_int_equal(
	    chan_listen(&a->chan, kind, loop, fresh_path(), LINK_US, &ops, a), 0);
	assert_int_equal(chan_dial(&b->chan, kind, loop, path, LINK_US, &ops, b), 0);
	assert_int_equal(a->ups + b->ups, 0); /* never from inside a call */
}

static void
link_up(struct end *a, struct end *b)
{
	open_ends(a, b);
	until(&a->ups, 1);
	until(&b->ups, 1);
}

static void
close_ends(struct end *a, struct end *b)
{
	chan_close(a->chan);
	chan_close(b->chan);
	assert_false(a->disordered);
	assert_false(b->disordered);
}

static int
set_up(void **state)
{
	(void)state;
	return sd_event_new(&loop) < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	loop = sd_event_unref(loop);
	return 0;
}

static void
test_both_ways(void **state)
{
	static const size_t sizes[] = {4, 64, MSG_FRAME_MAX, MSG_MAX};
	struct end a, b;
	unsigned sent = 0;

	(void)state;
	link_up(&a, &b);
	for (unsigned i = 0; i < 200; i++, sent++) {
		numbered(sent, 64);
		assert_int_equal(chan_send(a.chan, packet, 64), 0);
		assert_int_equal(chan_send(b.chan, packet, 64), 0);
		until(&a.messages, sent + 1);
		until(&b.messages, sent + 1);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++, sent++) {
		numbered(sent, sizes[i]);
		assert_int_equal(chan_send(a.chan, packet, sizes[i]), 0);
		assert_int_equal(chan_send(b.chan, packet, sizes[i]), 0);
		until(&a.messages, sent + 1);
		until(&b.messages, sent + 1);
		assert_int_equal(a.last_len, sizes[i]);
		assert_int_equal(b.last_len, sizes[i]);
	}
	assert_int_equal(a.ups + b.ups, 2);
	assert_int_equal(access(path, F_OK), -1);
	close_ends(&a, &b);
}

static void
test_refused_sends(void **state)
{
	struct end a, b;

	(void)state;
	open_ends(&a, &b);
	assert_int_equal(chan_send(a.chan, packet, 4), -ENOTCONN);
	assert_int_equal(chan_send(b.chan, packet, 4), -ENOTCONN);
	until(&a.ups, 1);
	until(&b.ups, 1);
	assert_int_equal(chan_send(a.chan, packet, 0), -EMSGSIZE);
	assert_int_equal(chan_send(a.chan, packet, MSG_MAX + 1), -EMSGSIZE);
	close_ends(&a, &b);
	chan_close(NULL);
}

/* More than the link holds: the rest is said from on_writable, nothing is lost. */
static void
test_full(void **state)
{
	struct end a, b;
	struct sender s = {.from = &b, .count = 6000, .len = 1000};

	(void)state;
	link_up(&a, &b);
	b.on_room = &s;
	go_on(&s);
	assert_true(s.next > 60 && s.next < s.count);
	assert_int_equal(chan_send(b.chan, packet, 4), CHAN_FULL);
	assert_int_equal(b.writables, 0);
	until(&a.messages, s.count);
	assert_true(b.writables > 0);
	assert_int_equal(a.last_len, s.len);
	close_ends(&a, &b);
}

static void
test_closed_by_the_other(void **state)
{
	struct end a, b;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		link_up(&a, &b);
		chan_close(i % 2 ? a.chan : b.chan);
		until(i % 2 ? &b.downs : &a.downs, 1);
		assert_string_equal(i % 2 ? b.why : a.why, "closed by the other side");
	}
}

static pid_t
spawn_self(const char *what, bool as_stranger)
{
	char *args[] = {(char *)program, (char *)what, kind == CHAN_NNG ? "nng" : "seq",
	                path, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		if (as_stranger && (setgid(STRANGER) < 0 || setuid(STRANGER) < 0))
			_exit(99);
		execv(program, args);
		_exit(98);
	}
	assert_true(pid > 0);
	return pid;
}

/* What the killed one had said arrives before its end is told. */
static void
test_killed(void **state)
{
	int status;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct end a = {0};
		pid_t pid;

		assert_int_equal(
		    chan_listen(&a.chan, kind, loop, fresh_path(), LINK_US, &ops, &a), 0);
		pid = spawn_self("talk", false);
		until(&a.messages, 1);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		until(&a.downs, 1);
		assert_null(a.chan);
		assert_false(a.disordered);
		/* the kernel keeps what was sent; nng's own queue dies with the process
		 */
		if (kind == CHAN_SEQPACKET)
			assert_int_equal(a.messages, 20);
		else
			assert_in_range(a.messages, 1, 20);
		assert_int_equal(a.ups, 1);
		assert_int_equal(a.downs, 1);
	}
}

static void
test_nobody_comes(void **state)
{
	struct end a = {0}, b = {0};
	uint64_t before_ms = clock_ms();

	(void)state;
	assert_int_equal(chan_listen(&a.chan, kind, loop, fresh_path(), 60000, &ops, &a),
	                 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(
	    chan_dial(&b.chan, kind, loop, "/tmp/no-such-folder/link", 60000, &ops, &b),
	    0);
	until(&a.downs, 1);
	until(&b.downs, 1);
	assert_true(clock_ms() - before_ms >= 59);
	assert_string_equal(a.why, "not up in time");
	assert_string_equal(b.why, "not up in time");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(a.ups + b.ups, 0);
}

static int
on_listen_now(sd_event_source *s, uint64_t usec, void *user)
{
	struct end *a = user;

	(void)s;
	(void)usec;
	assert_int_equal(chan_listen(&a->chan, kind, loop, path, LINK_US, &ops, a), 0);
	return 0;
}

static void
test_listener_comes_late(void **state)
{
	sd_event_source *timer = NULL;
	struct end a = {0}, b = {0};

	(void)state;
	assert_int_equal(chan_dial(&b.chan, kind, loop, fresh_path(), LINK_US, &ops, &b),
	                 0);
	assert_true(sd_event_add_time_relative(loop, &timer, CLOCK_MONOTONIC, 50000, 1000,
	                                       on_listen_now, &a) >= 0);
	until(&b.ups, 1);
	until(&a.ups, 1);
	sd_event_source_unref(timer);
	close_ends(&a, &b);
}

/* Two at one door: one gets in, the other is down, and its words reach nobody. */
static void
test_second_dialler(void **state)
{
	struct end a, b, c = {0};
	struct end *in, *out;

	(void)state;
	open_ends(&a, &b);
	assert_int_equal(chan_dial(&c.chan, kind, loop, path, 300000, &ops, &c), 0);
	until(&a.ups, 1);
	for (uint64_t due_ms = clock_ms() + PATIENCE_MS; b.downs + c.downs == 0;)
		turn(due_ms);
	in = b.downs ? &c : &b;
	out = b.downs ? &b : &c;
	until(&in->ups, 1);
	numbered(0, 64);
	assert_int_equal(chan_send(in->chan, packet, 64), 0);
	until(&a.messages, 1);
	numbered(0, 64);
	assert_int_equal(chan_send(a.chan, packet, 64), 0);
	until(&in->messages, 1);
	assert_int_equal(a.ups, 1);
	assert_int_equal(a.downs, 0);
	assert_int_equal(out->messages, 0);
	/* and one that comes later finds no address */
	*out = (struct end){0};
	assert_int_equal(chan_dial(&out->chan, kind, loop, path, 60000, &ops, out), 0);
	until(&out->downs, 1);
	assert_int_equal(out->ups, 0);
	assert_int_equal(a.downs, 0);
	close_ends(&a, in);
}

static void
test_close_in_callbacks(void **state)
{
	struct sender s = {.count = 100000, .len = 1000};
	struct end a, b;

	(void)state;
	open_ends(&a, &b); /* in on_up */
	a.close_in_up = true;
	until(&a.ups, 1);
	until(&b.downs, 1);
	assert_int_equal(a.downs, 0);

	link_up(&a, &b); /* in on_message, with more behind it */
	a.close_at = 3;
	s.from = &b;
	go_on(&s);
	until(&a.messages, 3);
	until(&b.downs, 1);
	assert_int_equal(a.messages, 3);
	assert_int_equal(a.downs, 0);

	link_up(&a, &b); /* in on_writable */
	b.close_in_writable = true;
	s = (struct sender){.from = &b, .count = 100000, .len = 1000};
	go_on(&s);
	until(&b.writables, 1);
	until(&a.downs, 1);
	assert_int_equal(b.downs, 0);
	assert_false(a.disordered);
}

static void
test_bad_addresses(void **state)
{
	static char long_path[200];
	struct chan *none = NULL;
	struct end e = {0};

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	assert_int_equal(chan_listen(&none, kind, loop, long_path, LINK_US, &ops, &e),
	                 -ENAMETOOLONG);
	assert_int_equal(
	    chan_listen(&none, kind, loop, "/tmp/no-such-folder/link", LINK_US, &ops, &e),
	    -ENOENT);
	assert_null(none);
}

/* An old socket of the same name is no obstacle. */
static void
test_stale_socket(void **state)
{
	struct end a = {0}, b = {0};
	int fd;

	(void)state;
	fd = local_listen(fresh_path(), 1);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(chan_listen(&a.chan, kind, loop, path, LINK_US, &ops, &a), 0);
	assert_int_equal(chan_dial(&b.chan, kind, loop, path, LINK_US, &ops, &b), 0);
	until(&a.ups, 1);
	until(&b.ups, 1);
	close_ends(&a, &b);
}

static int
raw_connect(int type, const char *suffix)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", path, suffix);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A hostile client: greets as nng's pair1 does, then says more than a message may be;
 * over SOCK_SEQPACKET it just sends it. Its connection is cut. */
static void
test_message_too_long(void **state)
{
	static const unsigned char greeting[] = {0, 'S', 'P', 0, 0, 0x11, 0, 0};
	static const unsigned char head[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};
	static const unsigned char body[0x10000 - 4]; /* behind pair1's hop count */
	struct pollfd cut = {.events = POLLIN};
	struct end a = {0};
	int life;

	(void)state;
	assert_int_equal(
	    chan_listen(&a.chan, kind, loop, fresh_path(), LINK_US, &ops, &a), 0);
	life = raw_connect(SOCK_SEQPACKET, kind == CHAN_NNG ? ".l" : "");
	if (kind == CHAN_SEQPACKET) {
		assert_int_equal(send(life, packet, MSG_MAX + 1, MSG_NOSIGNAL),
		                 MSG_MAX + 1);
		until(&a.downs, 1);
		assert_string_equal(a.why, "a message too long");
	} else {
		while (recv(life, packet, 1, MSG_DONTWAIT) != 1)
			assert_true(sd_event_run(loop, 10000) >= 0);
		cut.fd = raw_connect(SOCK_STREAM, "");
		(void)!send(cut.fd, greeting, sizeof(greeting), MSG_NOSIGNAL);
		assert_int_equal(recv(cut.fd, packet, 8, MSG_WAITALL), 8);
		(void)!send(cut.fd, head, sizeof(head), MSG_NOSIGNAL);
		(void)!send(cut.fd, body, sizeof(body), MSG_NOSIGNAL);
		assert_int_equal(poll(&cut, 1, PATIENCE_MS), 1);
		assert_true(recv(cut.fd, packet, 1, 0) <= 0);
		close(life);
		until(&a.downs, 1);
		close(cut.fd);
	}
	assert_int_equal(a.messages, 0);
	if (kind == CHAN_SEQPACKET)
		close(life);
}

static void
test_stranger(void **state)
{
	struct end a = {0}, b = {0};
	char life[128];
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(
	    chan_listen(&a.chan, kind, loop, fresh_path(), LINK_US, &ops, &a), 0);
	assert_int_equal(chmod(path, 0666), 0);
	if (kind == CHAN_NNG) {
		snprintf(life, sizeof(life), "%s.l", path);
		assert_int_equal(chmod(life, 0666), 0);
	}
	pid = spawn_self("talk", true);
	while (waitpid(pid, &status, WNOHANG) == 0)
		assert_true(sd_event_run(loop, 10000) >= 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7); /* it was told down */
	assert_int_equal(a.ups + a.messages, 0);
	if (kind ==
	    CHAN_SEQPACKET) { /* nng's listener may be deaf now: see feasibility A2 */
		assert_int_equal(chan_dial(&b.chan, kind, loop, path, LINK_US, &ops, &b),
		                 0);
		until(&a.ups, 1);
	}
	assert_int_equal(chmod(folder, 0700), 0);
	close_ends(&a, &b);
}

/* Only nng's closes can be stuck, and they are counted. */
static void
test_stuck_closes(void **state)
{
	(void)state;
	if (kind == CHAN_SEQPACKET)
		assert_int_equal(chan_stuck_closes(), 0);
	else
		assert_true(chan_stuck_closes() < 200);
}

/* The spawned one: dials, says 20 messages, then waits for its end. */
static int
talk(const char *address)
{
	struct end e = {0};

	if (sd_event_new(&loop) < 0 ||
	    chan_dial(&e.chan, kind, loop, address, 1000000, &ops, &e) < 0)
		return 96;
	while (e.ups == 0 && e.downs == 0)
		if (sd_event_run(loop, UINT64_MAX) < 0)
			return 95;
	for (unsigned i = 0; i < 20 && e.chan; i++) {
		numbered(i, 100);
		(void)chan_send(e.chan, packet, 100);
	}
	while (e.downs == 0)
		if (sd_event_run(loop, UINT64_MAX) < 0)
			return 94;
	return 7;
}

static int
run_all(enum chan_kind with)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_stuck_closes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_both_ways, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused_sends, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_closed_by_the_other, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_nobody_comes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_listener_comes_late, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_second_dialler, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_close_in_callbacks, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_bad_addresses, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stale_socket, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_message_too_long, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stranger, set_up, tear_down),
	};

	kind = with;
	print_message("--- %s\n", with == CHAN_NNG ? "nng" : "seqpacket");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(int argc, char **argv)
{
	int failed;

	program = argv[0];
	if (argc == 4) {
		kind = strcmp(argv[2], "nng") == 0 ? CHAN_NNG : CHAN_SEQPACKET;
		_exit(talk(argv[3]));
	}
	snprintf(folder, sizeof(folder), "/tmp/test_chan.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = run_all(CHAN_SEQPACKET);
	failed += run_all(CHAN_NNG);
	rmdir(folder);
	/* a close of nng may be stuck: see chan_nng.c */
	fflush(NULL);
	_exit(failed != 0);
}
