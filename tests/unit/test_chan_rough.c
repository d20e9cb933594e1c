/* The link among the killed, strangers and the hostile, over nng and over SOCK_SEQPACKET.
 * Processes that are killed or foreign are this program again, with arguments. */
#include "tests/unit/chan_kit.h"

#define TELL_FD 3 /* where the talking one says that it has said all */
#define TALKED  7 /* its exit status, and one more for each message that it got */

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
		assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop,
		                           fresh_path(), SAME_USER, LINK_US, &ops, &a),
		                 0);
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

/* Two at one address: one gets in, the other is told down, and its words reach nobody. */
static void
test_second_dialler(void **state)
{
	struct end a = {0}, late = {0};
	int status;

	(void)state;
	assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop, fresh_path(),
	                           SAME_USER, LINK_US, &ops, &a),
	                 0);
	spawn_self(-1, false);
	spawn_self(-1, false);
	until(&a.messages, 20);
	while (waitpid(-1, &status, WNOHANG) == 0)
		turn(UINT64_MAX);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), TALKED);
	numbered(0, 64);
	assert_int_equal(chan_send(a.chan, packet, 64), 0);
	assert_int_equal(a.ups, 1);
	assert_int_equal(a.downs, 0);
	assert_int_equal(a.messages, 20);
	/* and one that comes later finds no address */
	assert_int_equal(chan_open(&late.chan, kind, CHAN_DIALS, loop, path, SAME_USER,
	                           60000, &ops, &late),
	                 0);
	until(&late.downs, 1);
	assert_int_equal(late.ups, 0);
	assert_int_equal(a.downs, 0);
	close_ends(&a, &late);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), TALKED + 1); /* it got the message */
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
	assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop, path, SAME_USER,
	                           LINK_US, &ops, &a),
	                 0);
	assert_int_equal(chan_open(&b.chan, kind, CHAN_DIALS, loop, path, SAME_USER,
	                           LINK_US, &ops, &b),
	                 0);
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

/* As nng's pair1 does. */
static int
raw_greet(const char *suffix)
{
	static const unsigned char greeting[] = {0, 'S', 'P', 0, 0, 0x11, 0, 0};
	int fd = raw_connect(SOCK_STREAM, suffix);

	assert_int_equal(send(fd, greeting, sizeof(greeting), MSG_NOSIGNAL), 8);
	assert_int_equal(recv(fd, packet, 8, MSG_WAITALL), 8);
	return fd;
}

/* Opens both halves of the link to `a` as nng would. */
static void
raw_link(const struct end *a, int *to_a, int *from_a)
{
	*from_a = raw_greet("");
	while (recv(*from_a, packet, 13, MSG_DONTWAIT) != 13) /* an empty batch */
		assert_true(sd_event_run(loop, 10000) >= 0);
	*to_a = raw_greet(".i");
	until(&a->ups, 1);
}

/* Sends a batch of `len` bytes whose first piece says `head`: its length, and whether the
 * message goes on. */
static void
raw_batch(int fd, size_t len, uint32_t head)
{
	static unsigned char batch[0x10000 + 13];

	memset(batch, 0, sizeof(batch));
	batch[0] = 1; /* a message; then its length with pair1's hop count, big-endian */
	for (unsigned i = 0; i < 4; i++) {
		batch[8 - i] = (unsigned char)((len + 4) >> (8 * i));
		batch[16 - i] = (unsigned char)(head >> (8 * i));
	}
	batch[12] = 1;
	(void)!send(fd, batch, 13 + len, MSG_NOSIGNAL);
}

/* A hostile client: a message or a batch longer than one may be, a piece that ends behind
 * its batch or has no bytes, pieces without an end, an empty batch. Its connections are
 * cut. */
static void
test_bad_batches(void **state)
{
	static const struct {
		size_t len;
		uint32_t head;
		unsigned count;
	} cases[] = {{0x10000, 0xfffc, 1},
	             {31000, 31000 - 3, 1},
	             {2, 0, 1},
	             {8, 0, 1},
	             {8, 0x80000000, 1},
	             {31000, 0x80000000 | 30996, 2},
	             {0, 0, 1},
	             {12, 9, 1},
	             {8, 0xffffffff, 1},
	             {8, 0x7fffffff, 1}};
	int to_a, from_a;

	(void)state;
	if (kind == CHAN_SEQPACKET) {
		struct end a = {0};
		assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop,
		                           fresh_path(), SAME_USER, LINK_US, &ops, &a),
		                 0);
		to_a = raw_connect(SOCK_SEQPACKET, "");
		assert_int_equal(send(to_a, packet, MSG_MAX + 1, MSG_NOSIGNAL),
		                 MSG_MAX + 1);
		until(&a.downs, 1);
		assert_string_equal(a.why, "a message too long");
		assert_int_equal(a.messages, 0);
		close(to_a);
		return;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct end a = {0};

		assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop,
		                           fresh_path(), SAME_USER, LINK_US, &ops, &a),
		                 0);
		raw_link(&a, &to_a, &from_a);
		for (unsigned n = 0; n < cases[i].count; n++)
			raw_batch(to_a, cases[i].len, cases[i].head);
		until(&a.downs, 1);
		assert_true(recv(to_a, packet, 1, 0) <= 0);
		assert_true(recv(from_a, packet, 1, 0) <= 0);
		assert_int_equal(a.messages, 0);
		close(to_a);
		close(from_a);
	}
}

/* What one turn of the loop sends is one message of nng, and a flush sends it without a
 * turn. */
static void
test_flush(void **state)
{
	static const unsigned char pieces[] = {0, 0, 0, 4, 0, 0, 0, 1,
	                                       0, 0, 0, 4, 0, 0, 0, 2};
	struct end a = {0};
	int to_a, from_a;

	(void)state;
	if (kind == CHAN_SEQPACKET)
		return; /* it holds nothing back */
	assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop, fresh_path(),
	                           SAME_USER, LINK_US, &ops, &a),
	                 0);
	raw_link(&a, &to_a, &from_a);
	assert_int_equal(chan_send(a.chan, pieces + 4, 4), 0);
	assert_int_equal(chan_send(a.chan, pieces + 12, 4), 0);
	assert_true(recv(from_a, packet, sizeof(packet), MSG_DONTWAIT) < 0);
	chan_flush(a.chan);
	assert_int_equal(recv(from_a, packet, 13 + sizeof(pieces), MSG_WAITALL),
	                 13 + sizeof(pieces));
	assert_memory_equal(packet + 13, pieces, sizeof(pieces));
	close(to_a);
	close(from_a);
	until(&a.downs, 1);
}

/* As many messages as one turn of the loop may take, and one more. */
static void
test_too_many_pieces(void **state)
{
	static unsigned char batch[13 + 17 * 5];
	struct end a = {0};
	int to_a, from_a;

	(void)state;
	if (kind == CHAN_SEQPACKET)
		return;
	for (unsigned pieces = 16; pieces <= 17; pieces++) {
		size_t len = pieces * 5;

		a = (struct end){0};
		assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop,
		                           fresh_path(), SAME_USER, LINK_US, &ops, &a),
		                 0);
		raw_link(&a, &to_a, &from_a);
		memset(batch, 0, sizeof(batch));
		batch[0] = 1;
		batch[8] = (unsigned char)(len + 4);
		batch[12] = 1;
		for (unsigned i = 0; i < pieces; i++)
			batch[13 + i * 5 + 3] = 1;
		assert_int_equal(send(to_a, batch, 13 + len, MSG_NOSIGNAL), 13 + len);
		until(&a.messages, 16);
		if (pieces == 16)
			close(to_a);
		until(&a.downs, 1);
		if (pieces > 16)
			close(to_a);
		close(from_a);
		assert_int_equal(a.messages, 16);
		assert_string_equal(a.why, pieces > 16 ? "a batch of too many pieces"
		                                       : "closed by the other side");
	}
}

static void
test_stranger(void **state)
{
	struct end a = {0}, b = {0};
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop, fresh_path(),
	                           SAME_USER, LINK_US, &ops, &a),
	                 0);
	assert_int_equal(chmod(path, 0666), 0);
	pid = spawn_self(-1, true);
	while (waitpid(pid, &status, WNOHANG) == 0)
		assert_true(sd_event_run(loop, 10000) >= 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), TALKED); /* it was told down */
	assert_int_equal(a.ups + a.messages, 0);
	if (kind == CHAN_SEQPACKET) { /* nng's listener may be deaf now */
		assert_int_equal(chan_open(&b.chan, kind, CHAN_DIALS, loop, path,
		                           SAME_USER, LINK_US, &ops, &b),
		                 0);
		until(&a.ups, 1);
	}
	assert_int_equal(chmod(folder, 0700), 0);
	close_ends(&a, &b);
}

/* A process of the right user that is not the expected one is turned away. */
static void
test_other_process(void **state)
{
	struct users_far ourselves = {POLICY_BE_CONNMGR, getpid()};
	struct end a = {0}, b = {0};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop, fresh_path(),
	                           ourselves, LINK_US, &ops, &a),
	                 0);
	pid = spawn_self(-1, false);
	while (waitpid(pid, &status, WNOHANG) == 0)
		assert_true(sd_event_run(loop, 10000) >= 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), TALKED); /* it was told down */
	assert_int_equal(a.ups + a.messages, 0);
	if (kind == CHAN_SEQPACKET) { /* nng's listener may be deaf now */
		assert_int_equal(chan_open(&b.chan, kind, CHAN_DIALS, loop, path,
		                           ourselves, LINK_US, &ops, &b),
		                 0);
		until(&a.ups, 1);
		until(&b.ups, 1);
	}
	close_ends(&a, &b);
}

/* The spawned one: dials, says 20 messages, then waits for its end. */
static int
talk(const char *address)
{
	struct end e = {0};

	if (sd_event_new(&loop) < 0 || chan_open(&e.chan, kind, CHAN_DIALS, loop, address,
	                                         SAME_USER, 1000000, &ops, &e) < 0)
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
	return TALKED + (int)e.messages;
}

static int
run_all(enum chan_kind with)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_second_dialler, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stale_socket, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_bad_batches, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_flush, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_too_many_pieces, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stranger, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_other_process, set_up, tear_down),
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
	/* no waiting for closes that are under way: see chan_nng.c */
	fflush(NULL);
	_exit(failed != 0);
}
