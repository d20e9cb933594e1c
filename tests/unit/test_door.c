/* The answering side of a door, asked from the same process. */
#include "base/clock.h"
#include "base/paths.h"
#include "ctl/ask.h"
#include "ipc/door.h"
#include "ipc/local.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define STRANGER    12345 /* a uid that is neither ours nor root's */

static char folder[64];
static char path[96];
static sd_event *loop;
static struct door *door;
static unsigned requests, gone;
static char last_request[DOOR_REQUEST_MAX + 1];
static size_t last_len;
static struct door_conn *last_conn;
static char big[DOOR_REPLY_MAX];
static int reused[2];

static void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 100000) >= 0);
}

static void
until(const unsigned *counter, unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (*counter < want)
		turn(due_ms);
}

static int
answer_word(struct door_conn *c, const char *word)
{
	if (strcmp(word, "big") == 0)
		return door_send(c, big, sizeof(big));
	if (strcmp(word, "keep") == 0)
		door_conn_keep(c, true);
	if (strcmp(word, "close") == 0) {
		door_conn_close(c);
		return 0;
	}
	if (strcmp(word, "reuse") == 0) { /* another descriptor has the same number */
		door_conn_close(c);
		return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, reused) < 0 ||
		       send(reused[0], "stolen", 6, 0) < 0 ||
		       send(reused[1], "stolen", 6, 0) < 0;
	}
	if (strcmp(word, "end") == 0) {
		door_close(door);
		door = NULL;
		return 0;
	}
	if (strcmp(word, "silence") == 0)
		return 0;
	return door_send(c, word, strlen(word));
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	assert_ptr_equal(user, folder);
	assert_int_equal(data[len], '\0');
	requests++;
	memcpy(last_request, data, len + 1);
	last_len = len;
	last_conn = c;
	assert_true(door_conn_user(c) == NULL || door_conn_user(c) == &requests);
	door_conn_set_user(c, &requests);
	assert_int_equal(answer_word(c, data), 0);
}

static void
on_gone(void *user, struct door_conn *c)
{
	assert_ptr_equal(user, folder);
	gone++;
	door_conn_close(c); /* once more does nothing */
}

static const struct door_ops ops = {on_request, on_gone};

static int
set_up(void **state)
{
	(void)state;
	requests = gone = 0;
	last_conn = NULL;
	if (sd_event_new(&loop) < 0)
		return 1;
	return door_open(&door, loop, path, &ops, folder);
}

static int
tear_down(void **state)
{
	(void)state;
	door_close(door);
	door = NULL;
	loop = sd_event_unref(loop);
	return access(path, F_OK) == 0;
}

static int
knock(void)
{
	int fd = local_connect(path);

	assert_true(fd >= 0);
	return fd;
}

static void
say(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

/* Turns the loop until `fd` has something to read; its length, 0 at the end. */
static ssize_t
hear(int fd, char *out, size_t cap)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	ssize_t n;

	while ((n = recv(fd, out, cap, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
		turn(due_ms);
	return n < 0 ? 0 : n;
}

static void
test_ask_again(void **state)
{
	char answer[64];
	struct stat st;
	int fd = knock();

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (unsigned i = 1; i <= 20; i++) {
		say(fd, "hello", 5);
		assert_int_equal(hear(fd, answer, sizeof(answer)), 5);
		assert_memory_equal(answer, "hello", 5);
		assert_int_equal(requests, i);
	}
	assert_int_equal(door_conn_pid(last_conn), getpid());
	assert_ptr_equal(door_conn_user(last_conn), &requests);
	assert_int_equal(gone, 0);
	close(fd);
	until(&gone, 1);
}

static void
test_sizes(void **state)
{
	static char request[DOOR_REQUEST_MAX + 1];
	static char answer[DOOR_REPLY_MAX + 1];
	int fd = knock();
	ssize_t n;

	(void)state;
	say(fd, "big", 3); /* the largest answer */
	assert_int_equal(hear(fd, answer, sizeof(answer)), DOOR_REPLY_MAX);
	assert_int_equal(door_send(last_conn, answer, DOOR_REPLY_MAX + 1), -EMSGSIZE);
	assert_int_equal(door_send(last_conn, answer, 0), -EMSGSIZE);
	memset(request, 'r', sizeof(request)); /* the largest request */
	say(fd, request, DOOR_REQUEST_MAX);
	assert_int_equal(hear(fd, answer, sizeof(answer)), DOOR_REQUEST_MAX);
	assert_int_equal(last_len, DOOR_REQUEST_MAX);
	say(fd, request, DOOR_REQUEST_MAX + 1); /* one byte more */
	n = hear(fd, answer, sizeof(answer) - 1);
	assert_true(n > 0);
	answer[n] = '\0';
	assert_string_equal(answer, "{\"error\":\"the request is too long\"}");
	assert_int_equal(hear(fd, answer, sizeof(answer)), 0);
	assert_int_equal(requests, 2);
	assert_int_equal(gone, 1);
	close(fd);
}

/* Behind the request that closed its connection nothing is read, not even where another
 * descriptor has its number by then. */
static void
test_closed_by_request(void **state)
{
	int fd = knock(), again;

	(void)state;
	say(fd, "reuse", 5);
	say(fd, "more", 4);
	until(&gone, 1);
	again = knock();
	say(again, "silence", 7);
	until(&requests, 2);
	assert_string_equal(last_request, "silence");
	close(reused[0]);
	close(reused[1]);
	close(again);
	close(fd);
}

/* A request and then the end: it is heard first. An empty packet is an end. */
static void
test_last_words(void **state)
{
	int fd = knock();

	(void)state;
	say(fd, "silence", 7);
	say(fd, "silence", 7);
	close(fd);
	until(&gone, 1);
	assert_int_equal(requests, 2);
	fd = knock();
	say(fd, "", 0);
	until(&gone, 2);
	assert_int_equal(requests, 2);
	close(fd);
}

/* Seen before the loop has said so, also behind requests that were not read. */
static void
test_ended(void **state)
{
	int fd = knock();

	(void)state;
	say(fd, "keep", 4);
	until(&requests, 1);
	assert_false(door_conn_ended(last_conn));
	say(fd, "silence", 7);
	assert_false(door_conn_ended(last_conn));
	close(fd);
	assert_true(door_conn_ended(last_conn));
	assert_int_equal(gone, 0);
	until(&gone, 1);
}

static void
test_close_inside(void **state)
{
	char answer[64];
	int fd = knock(), other = knock();

	(void)state;
	say(fd, "close", 5);
	say(fd, "hello", 5); /* not heard any more */
	until(&gone, 1);
	assert_int_equal(requests, 1);
	assert_int_equal(hear(fd, answer, sizeof(answer)), 0);
	close(fd);
	say(other, "end", 3);
	say(other, "hello", 5);
	until(&gone, 2);
	assert_null(door);
	assert_int_equal(requests, 2);
	assert_int_equal(hear(other, answer, sizeof(answer)), 0);
	close(other);
	assert_int_equal(local_connect(path), -ENOENT);
}

/* More than there is room for: who was idle longest and is not kept has to go. */
static void
test_room(void **state)
{
	int fds[DOOR_CONNS_MAX], more[DOOR_CONNS_MAX + 1];
	char answer[16];

	(void)state;
	for (unsigned i = 0; i < DOOR_CONNS_MAX; i++) {
		fds[i] = knock();
		say(fds[i], i < 2 ? "keep" : "hello", i < 2 ? 4 : 5);
		assert_true(hear(fds[i], answer, sizeof(answer)) > 0);
	}
	say(fds[2], "hello", 5); /* no longer the idlest: that is 3 */
	assert_int_equal(hear(fds[2], answer, sizeof(answer)), 5);
	more[0] = knock();
	until(&gone, 1);
	assert_int_equal(recv(fds[3], answer, sizeof(answer), MSG_DONTWAIT), 0);
	say(more[0], "keep", 4);
	assert_int_equal(hear(more[0], answer, sizeof(answer)), 4);
	/* all of them kept: the newcomer is refused, nobody else */
	for (unsigned i = 1; i < DOOR_CONNS_MAX - 2; i++) {
		more[i] = knock();
		say(more[i], "keep", 4);
		assert_int_equal(hear(more[i], answer, sizeof(answer)), 4);
	}
	assert_int_equal(gone, DOOR_CONNS_MAX - 2);
	more[DOOR_CONNS_MAX - 2] = knock();
	assert_int_equal(hear(more[DOOR_CONNS_MAX - 2], answer, sizeof(answer)), 0);
	assert_int_equal(gone, DOOR_CONNS_MAX - 2);
	for (unsigned i = 0; i < DOOR_CONNS_MAX; i++)
		close(fds[i]);
	for (unsigned i = 0; i < DOOR_CONNS_MAX - 1; i++)
		close(more[i]);
	until(&gone, DOOR_CONNS_MAX + DOOR_CONNS_MAX - 2);
}

/* A subscriber that does not drain its socket. */
static void
test_not_drained(void **state)
{
	int fd = knock(), r = 0;

	(void)state;
	say(fd, "keep", 4);
	until(&requests, 1);
	for (unsigned i = 0; i < 1000 && r == 0; i++)
		r = door_send(last_conn, big, 1000);
	assert_int_equal(r, -EAGAIN);
	door_conn_close(last_conn);
	assert_int_equal(gone, 1);
	close(fd);
}

static void
test_out_of_descriptors(void **state)
{
	int fd = knock(), spare[1024];
	unsigned count = 0;
	char answer[16];

	(void)state;
	say(fd, "hello", 5);
	while (count < 1024 && (spare[count] = dup(fd)) >= 0)
		count++;
	for (unsigned i = 0; i < 5; i++) /* in vain, but not for ever */
		assert_true(sd_event_run(loop, 10000) >= 0);
	assert_int_equal(requests, 0);
	while (count > 0)
		close(spare[--count]);
	assert_int_equal(hear(fd, answer, sizeof(answer)), 5);
	close(fd);
	until(&gone, 1);
}

static void
test_stranger(void **state)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	char answer[16];
	size_t len;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		if (setgid(STRANGER) < 0 || setuid(STRANGER) < 0)
			_exit(1);
		_exit(ask_door(path, "hello", 5000, answer, sizeof(answer), &len) == 0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		turn(due_ms);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(requests, 0);
	assert_int_equal(chmod(folder, 0700), 0);
}

/* What is no socket is not removed. */
static void
test_no_socket(void **state)
{
	char other[96];
	struct door *none = NULL;
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s/file", folder);
	fd = open(other, O_CREAT | O_RDWR, 0600);
	close(fd);
	assert_int_equal(door_open(&none, loop, other, &ops, folder), -EADDRINUSE);
	assert_null(none);
	assert_int_equal(access(other, F_OK), 0);
	unlink(other);
	door_close(NULL);
}

static bool
answers(void)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Somebody removes the socket: it is made anew, and who was connected stays so. */
static void
test_removed(void **state)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	int before = local_connect(path), after;

	(void)state;
	assert_true(before >= 0);
	assert_int_equal(send(before, "one", 3, 0), 3);
	until(&requests, 1);
	assert_int_equal(unlink(path), 0);
	while (!answers())
		turn(due_ms);
	after = local_connect(path);
	assert_true(after >= 0);
	assert_int_equal(send(after, "two", 3, 0), 3);
	until(&requests, 2);
	assert_int_equal(send(before, "three", 5, 0), 5);
	until(&requests, 3);
	assert_int_equal(gone, 0);
	close(before);
	close(after);
	until(&gone, 2);
}

/* Where another process has its door by now, ours neither takes its place nor removes it
 * at the end. */
static void
test_replaced(void **state)
{
	struct stat made, later;
	uint64_t due_ms = clock_ms() + 1500; /* it looks once a second */
	int other;

	(void)state;
	assert_int_equal(unlink(path), 0);
	other = local_listen(path, 1);
	assert_true(other >= 0);
	assert_int_equal(lstat(path, &made), 0);
	while (clock_ms() < due_ms)
		assert_true(sd_event_run(loop, 100000) >= 0);
	door_close(door);
	door = NULL;
	assert_int_equal(lstat(path, &later), 0);
	assert_int_equal(made.st_ino, later.st_ino);
	close(other);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_ask_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_last_words, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_closed_by_request, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_ended, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_close_inside, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_room, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_not_drained, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_out_of_descriptors, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stranger, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_socket, set_up, tear_down),
	};
	struct rlimit few;
	int failed;

	if (getrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	few.rlim_cur = 300;
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	memset(big, 'b', sizeof(big));
	snprintf(folder, sizeof(folder), "/tmp/test_door.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
