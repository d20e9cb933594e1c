/* Descriptors that go with requests and answers: ipc/pass, the door, and client/door.
 * What nobody takes is closed, whatever is sent. */
#include "base/clock.h"
#include "base/paths.h"
#include "client/door.h"
#include "ipc/door.h"
#include "ipc/local.h"
#include "ipc/pass.h"

#include <dirent.h>
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
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define FLOOD       500 /* more than this process may have open at one time */

static char folder[64];
static char path[96];
static sd_event *loop;
static struct door *door;
static int null_fd;
/* What the door's owner has taken, and what it has heard. */
static int taken;
static unsigned requests;

static unsigned
open_count(void)
{
	DIR *list = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(list);
	while (readdir(list))
		count++;
	closedir(list);
	return count;
}

static bool
is_null(int fd)
{
	struct stat there, ours;

	return fstat(fd, &there) == 0 && fstat(null_fd, &ours) == 0 &&
	       there.st_rdev == ours.st_rdev;
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	(void)user;
	requests++;
	if (strcmp(data, "take") == 0) {
		taken = door_take_passed(c);
		assert_int_equal(door_take_passed(c), PASS_NONE);
	}
	if (strcmp(data, "close") == 0)
		door_conn_close(c);
	else if (strcmp(data, "give") == 0)
		assert_int_equal(door_send_with(c, data, len, null_fd), 0);
	else
		(void)door_send(c, data, len); /* who asked may have gone */
}

static int
set_up(void **state)
{
	static const struct door_ops ops = {.on_request = on_request};

	(void)state;
	requests = 0;
	taken = PASS_NONE;
	if (sd_event_new(&loop) < 0)
		return 1;
	return door_open(&door, loop, path, &ops, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	door_close(door);
	loop = sd_event_unref(loop);
	return 0;
}

static int
knock(void)
{
	int fd = local_connect(path);

	assert_true(fd >= 0);
	return fd;
}

/* A packet with so many descriptors. */
static void
send_many(int sock, const char *text, unsigned count)
{
	int fds[16];
	char control[CMSG_SPACE(sizeof(fds))];
	struct iovec part = {(void *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *rights = (struct cmsghdr *)control;

	memset(control, 0, sizeof(control));
	for (unsigned i = 0; i < count; i++)
		fds[i] = null_fd;
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
	assert_int_equal(sendmsg(sock, &m, MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop until there is a packet, or the end; its length. */
static size_t
hear(int sock, char *text, size_t cap, int *fd)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	size_t len = 0;
	int r;

	while ((r = pass_receive(sock, text, cap - 1, &len, fd)) == -EAGAIN) {
		assert_true(clock_ms() < due_ms);
		assert_true(sd_event_run(loop, 10000) >= 0);
	}
	assert_true(r == 0 || r == -ECONNRESET);
	text[len] = '\0';
	return len;
}

static void
test_both_ways(void **state)
{
	char text[64];
	int sock = knock(), fd;

	(void)state;
	assert_int_equal(pass_send(sock, "take", 4, null_fd), 0);
	assert_int_equal(hear(sock, text, sizeof(text), &fd), 4);
	assert_int_equal(fd, PASS_NONE);
	assert_true(taken >= 0 && taken != null_fd && is_null(taken));
	assert_int_equal(fcntl(taken, F_GETFD), FD_CLOEXEC);
	close(taken);
	assert_int_equal(pass_send(sock, "take", 4, PASS_NONE), 0);
	assert_int_equal(hear(sock, text, sizeof(text), &fd), 4);
	assert_int_equal(taken, PASS_NONE);
	assert_int_equal(pass_send(sock, "give", 4, PASS_NONE), 0);
	assert_int_equal(hear(sock, text, sizeof(text), &fd), 4);
	assert_true(is_null(fd));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	close(sock);
}

/* Two fit into the kernel's alignment, sixteen do not; none is left open, and nothing of
 * such a request is heard. */
static void
test_too_many(void **state)
{
	static const unsigned counts[] = {2, 3, 16};
	char text[128];
	unsigned before = open_count();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		int sock = knock(), fd;

		send_many(sock, "take", counts[i]);
		assert_true(hear(sock, text, sizeof(text), &fd) > 0);
		assert_non_null(strstr(text, "\"error\""));
		assert_int_equal(hear(sock, text, sizeof(text), &fd), 0);
		close(sock);
		assert_int_equal(open_count(), before);
	}
	assert_int_equal(requests, 0);
}

/* What nobody takes: with a request that wants none, one that closes its connection, one
 * that is too long, and an empty packet; and what was never read. */
static void
test_not_taken(void **state)
{
	static char long_one[DOOR_REQUEST_MAX + 2];
	const char *const words[] = {"status", "close", long_one, ""};
	unsigned before = open_count();
	char text[128];
	int fd;

	(void)state;
	memset(long_one, 'x', sizeof(long_one) - 1);
	for (unsigned i = 0; i < FLOOD; i++) {
		const char *word = words[i % 4];
		int sock = knock();

		assert_int_equal(pass_send(sock, word, strlen(word), null_fd), 0);
		(void)pass_send(sock, word, strlen(word), null_fd);
		(void)hear(sock, text, sizeof(text), &fd);
		assert_int_equal(fd, PASS_NONE);
		close(sock);
		if (i % 50 == 0)
			while (sd_event_run(loop, 0) > 0)
				continue;
	}
	for (uint64_t due_ms = clock_ms() + PATIENCE_MS; open_count() != before;) {
		assert_true(clock_ms() < due_ms);
		assert_true(sd_event_run(loop, 10000) >= 0);
	}
}

/* Over one connection, without a pause. */
static void
test_flood(void **state)
{
	unsigned sent = 0, heard = 0;
	int sock = knock(), fd;
	char text[64];
	unsigned before;

	(void)state;
	assert_int_equal(pass_send(sock, "status", 6, PASS_NONE), 0);
	assert_int_equal(hear(sock, text, sizeof(text), &fd), 6);
	before = open_count();
	while (heard < FLOOD) {
		while (sent < FLOOD && pass_send(sock, "status", 6, null_fd) == 0)
			sent++;
		assert_int_equal(hear(sock, text, sizeof(text), &fd), 6);
		heard++;
		assert_in_range(open_count(), before, before);
	}
	assert_int_equal(requests, FLOOD + 1);
	close(sock);
}

/* This process has no room for what comes: it says so, and goes on. */
static void
test_no_room(void **state)
{
	int sock = knock(), other = knock(), spare[1024], fd;
	unsigned count = 0;
	char text[128];

	(void)state;
	assert_int_equal(pass_send(sock, "status", 6, PASS_NONE), 0);
	assert_int_equal(hear(sock, text, sizeof(text), &fd), 6);
	assert_int_equal(pass_send(other, "status", 6, PASS_NONE), 0);
	assert_int_equal(hear(other, text, sizeof(text), &fd), 6);
	while (count < 1024 && (spare[count] = dup(null_fd)) >= 0)
		count++;
	assert_int_equal(pass_send(sock, "take", 4, null_fd), 0);
	assert_true(hear(sock, text, sizeof(text), &fd) > 0);
	assert_non_null(strstr(text, "\"error\""));
	assert_int_equal(hear(sock, text, sizeof(text), &fd), 0);
	assert_int_equal(taken, PASS_NONE);
	while (count > 0)
		close(spare[--count]);
	assert_int_equal(pass_send(other, "take", 4, null_fd), 0);
	assert_int_equal(hear(other, text, sizeof(text), &fd), 4);
	assert_true(is_null(taken));
	close(taken);
	close(other);
	close(sock);
}

static int
step(struct client *c, char *text, size_t cap, size_t *len)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	int r;

	while ((r = client_step(c, 0, text, cap, len)) == CLIENT_WAITS) {
		assert_true(clock_ms() < due_ms);
		assert_true(sd_event_run(loop, 10000) >= 0);
	}
	return r;
}

/* The asking side: one question with a descriptor, more over the same connection. */
static void
test_client(void **state)
{
	unsigned before = open_count();
	struct client c;
	char text[64];
	size_t len;
	int fd;

	(void)state;
	assert_int_equal(client_begin_with(&c, path, "take", null_fd, 0, 1000), 0);
	assert_int_equal(step(&c, text, sizeof(text), &len), 0);
	assert_true(is_null(taken));
	close(taken);
	assert_int_equal(client_take_passed(&c), PASS_NONE);
	client_again(&c, "give", 1000);
	assert_int_equal(step(&c, text, sizeof(text), &len), 0);
	assert_string_equal(text, "give");
	fd = client_take_passed(&c);
	assert_true(is_null(fd));
	close(fd);
	assert_int_equal(client_take_passed(&c), PASS_NONE);
	client_again(&c, "take", 1000); /* without the first one's descriptor */
	assert_int_equal(step(&c, text, sizeof(text), &len), 0);
	assert_int_equal(taken, PASS_NONE);
	for (unsigned i = 0; i < 3; i++) { /* each replaces the one before */
		client_again(&c, "give", 1000);
		assert_int_equal(step(&c, text, sizeof(text), &len), 0);
	}
	client_again(&c, "close", 1000);
	assert_int_equal(step(&c, text, sizeof(text), &len), -ECONNRESET);
	assert_int_equal(open_count(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_both_ways, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_not_taken, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_client, set_up, tear_down),
	};
	struct rlimit few;
	int failed;

	if (getrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	few.rlim_cur = 200;
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	snprintf(folder, sizeof(folder), "/tmp/test_pass.XXXXXX");
	if (setrlimit(RLIMIT_NOFILE, &few) < 0 || null_fd < 0 || !mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
