/* client/door, and ctl/ask that waits for it: the process that answers is a child. */
#include "base/clock.h"
#include "base/paths.h"
#include "client/door.h"
#include "ctl/ask.h"
#include "ipc/door.h"
#include "ipc/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[96];
static pid_t server;
static char big[DOOR_REPLY_MAX];

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	(void)user;
	if (strcmp(data, "big") == 0)
		(void)door_send(c, big, sizeof(big));
	else if (strcmp(data, "close") == 0)
		door_conn_close(c);
	else if (strcmp(data, "silence") != 0)
		(void)door_send(c, data, len);
}

static void
serve(int tell)
{
	static const struct door_ops ops = {.on_request = on_request};
	sd_event *loop;
	struct door *door;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_event_new(&loop) < 0 || door_open(&door, loop, path, &ops, NULL) < 0 ||
	    write(tell, "", 1) != 1)
		_exit(1);
	_exit(sd_event_loop(loop) < 0);
}

static int
set_up(void **state)
{
	int tell[2];
	char byte;

	(void)state;
	if (pipe2(tell, O_CLOEXEC) < 0)
		return 1;
	server = fork();
	if (server == 0)
		serve(tell[1]);
	close(tell[1]);
	if (server < 0 || read(tell[0], &byte, 1) != 1)
		return 1;
	return close(tell[0]);
}

static int
tear_down(void **state)
{
	(void)state;
	kill(server, SIGKILL);
	return waitpid(server, NULL, 0) != server || unlink(path) < 0;
}

static void
test_answers(void **state)
{
	static char answer[DOOR_REPLY_MAX + 1];
	char small[6];
	size_t len = 99;

	(void)state;
	assert_int_equal(ask_door(path, "hello", 5000, answer, sizeof(answer), &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(answer, "hello");
	assert_int_equal(ask_door(path, "big", 5000, answer, sizeof(answer), &len), 0);
	assert_int_equal(len, DOOR_REPLY_MAX);
	assert_memory_equal(answer, big, DOOR_REPLY_MAX);
	assert_int_equal(answer[len], '\0');
	/* exactly enough room is enough, one byte less is not */
	assert_int_equal(ask_door(path, "hello", 5000, small, sizeof(small), &len), 0);
	assert_string_equal(small, "hello");
	assert_int_equal(ask_door(path, "hello!", 5000, small, sizeof(small), &len),
	                 -EMSGSIZE);
	assert_int_equal(ask_door(path, "close", 5000, answer, sizeof(answer), &len),
	                 -ECONNRESET);
}

static void
test_no_answer(void **state)
{
	uint64_t before_ms = clock_ms();
	char answer[16];
	size_t len;

	(void)state;
	assert_int_equal(ask_door(path, "silence", 50, answer, sizeof(answer), &len),
	                 -ETIMEDOUT);
	assert_in_range(clock_ms() - before_ms, 49, 2000);
}

static void
test_dial(void **state)
{
	struct pollfd ready = {.events = POLLIN};
	struct client c, other;
	char answer[16];
	size_t len = 0;

	(void)state;
	assert_int_equal(client_begin(&other, path, "silence", 0, 1000), 0);
	assert_int_equal(client_begin(&c, path, "hello", 0, 1000), 0);
	assert_true(c.sent);
	assert_int_equal(c.pid, server);
	assert_int_equal(client_events(&c), POLLIN);
	assert_int_equal(client_due_ms(&c), 1000);
	ready.fd = c.fd;
	assert_int_equal(poll(&ready, 1, 5000), 1);
	assert_int_equal(client_step(&c, 1, answer, sizeof(answer), &len), 0);
	assert_string_equal(answer, "hello");
	assert_int_equal(len, 5);
	/* the connection is there for the next answer */
	assert_int_equal(client_step(&c, 2, answer, sizeof(answer), &len), CLIENT_WAITS);
	assert_int_equal(client_step(&other, 999, answer, sizeof(answer), &len),
	                 CLIENT_WAITS);
	assert_int_equal(client_step(&other, 1000, answer, sizeof(answer), &len),
	                 -ETIMEDOUT);
	assert_int_equal(other.fd, -1);
	client_end(&c);
	client_end(&c);
	assert_int_equal(c.fd, -1);
}

static void
test_nobody(void **state)
{
	static char too_long[200];
	struct client c;
	char answer[16];
	size_t len;
	int fd;

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	assert_int_equal(ask_door(path, "x", 100, answer, sizeof(answer), &len), -ENOENT);
	assert_int_equal(client_begin(&c, path, "x", 0, 0), -ENOENT);
	assert_int_equal(c.fd, -1);
	assert_int_equal(ask_door("", "x", 100, answer, sizeof(answer), &len), -ENOENT);
	assert_int_equal(ask_door(too_long, "x", 100, answer, sizeof(answer), &len),
	                 -ENAMETOOLONG);
	fd = local_listen(path, 1);
	close(fd); /* the name of one that died */
	assert_int_equal(ask_door(path, "x", 100, answer, sizeof(answer), &len),
	                 -ECONNREFUSED);
	unlink(path);
}

/* A backlog that nobody empties: it knocks on until its time is over. */
static void
test_full_backlog(void **state)
{
	int fds[16], count = 0, listener = local_listen(path, 0);
	struct client c;
	char answer[16];
	size_t len;

	(void)state;
	while (count < 16 && (fds[count] = local_connect(path)) >= 0)
		count++;
	assert_true(count > 0 && count < 16);
	assert_int_equal(fds[count], -EAGAIN);
	assert_int_equal(ask_door(path, "x", 60, answer, sizeof(answer), &len),
	                 -ETIMEDOUT);
	assert_int_equal(client_begin(&c, path, "x", 100, 200), 0);
	assert_int_equal(c.fd, -1);
	assert_int_equal(client_events(&c), 0);
	assert_in_range(client_due_ms(&c), 101, 199);
	assert_int_equal(client_step(&c, 110, answer, sizeof(answer), &len),
	                 CLIENT_WAITS);
	while (count > 0)
		close(fds[--count]);
	close(accept(listener, NULL, NULL));
	assert_int_equal(client_step(&c, 120, answer, sizeof(answer), &len),
	                 CLIENT_WAITS);
	assert_true(c.sent);
	client_end(&c);
	close(listener);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_answer, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dial, set_up, tear_down),
	    cmocka_unit_test(test_nobody),
	    cmocka_unit_test(test_full_backlog),
	};
	int failed;

	memset(big, 'b', sizeof(big));
	snprintf(folder, sizeof(folder), "/tmp/test_ask.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
