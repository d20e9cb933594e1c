/* The link among the killed, strangers and the hostile, over nng and over SOCK_SEQPACKET.
 * Processes that are killed or foreign are this program again, with arguments. */
#include "tests/unit/chan_kit.h"

#define TELL_FD 3 /* where the talking one says that it has said all */

static const char *program;

static pid_t
spawn_self(int tell, bool as_stranger)
{
	char *args[] = {(char *)program, (char *)"talk", kind == CHAN_NNG ? "nng" : "seq",
	                path, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		if (tell >= 0 && dup2(tell, TELL_FD) < 0)
			_exit(97);
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
		int told[2];
		char byte;
		pid_t pid;

		assert_int_equal(pipe2(told, O_CLOEXEC), 0);
		assert_int_equal(
		    chan_listen(&a.chan, kind, loop, fresh_path(), LINK_US, &ops, &a), 0);
		pid = spawn_self(told[1], false);
		until(&a.ups, 1);
		close(told[1]);
		assert_int_equal(read(told[0], &byte, 1), 1);
		close(told[0]);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		until(&a.downs, 1);
		assert_null(a.chan);
		assert_false(a.disordered);
		/* the kernel keeps all that was sent; nng's queue dies with its process
		 */
		if (kind == CHAN_SEQPACKET)
			assert_int_equal(a.messages, 20);
		else
			assert_in_range(a.messages, 0, 20);
		assert_int_equal(a.ups, 1);
		assert_int_equal(a.downs, 1);
	}
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
	pid = spawn_self(-1, true);
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
	(void)!write(TELL_FD, "", 1);
	while (e.downs == 0)
		if (sd_event_run(loop, UINT64_MAX) < 0)
			return 94;
	return 7;
}

static int
run_all(enum chan_kind with)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_second_dialler, set_up, tear_down),
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
	snprintf(folder, sizeof(folder), "/tmp/test_rough.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = run_all(CHAN_SEQPACKET);
	failed += run_all(CHAN_NNG);
	rmdir(folder);
	/* a close of nng may be stuck: see chan_nng.c */
	fflush(NULL);
	_exit(failed != 0);
}
