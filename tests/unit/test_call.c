/* The asking side of a door in a loop, with the answering side in the same loop. */
#include "base/paths.h"
#include "ipc/door.h"
#include "ipc/local.h"
#include "supervisor/call.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENT_MS 60000 /* never seen: each of these calls ends before */

static char folder[64], path[96];
static sd_event *loop;
static struct door *door;
static struct call *call;
static struct {
	unsigned count;
	int result;
	size_t len;
	char reply[DOOR_REPLY_MAX + 1];
} got;

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	static char big[DOOR_REPLY_MAX];

	(void)user;
	if (strcmp(data, "big") == 0)
		assert_int_equal(door_send(c, big, sizeof(big)), 0);
	else if (strcmp(data, "close") == 0)
		door_conn_close(c);
	else if (strcmp(data, "silence") != 0)
		(void)door_send(c, data, len); /* who asked may be gone */
}

static void
on_done(void *user, int result, const char *reply, size_t len)
{
	assert_ptr_equal(user, &got);
	got.count++;
	got.result = result;
	got.len = len;
	memcpy(got.reply, reply, len + 1);
}

static int
begin(const char *request, uint64_t timeout_ms)
{
	return call_begin(&call, loop, path, request, timeout_ms, on_done, &got);
}

static void
turn(void)
{
	assert_true(sd_event_run(loop, UINT64_MAX) >= 0);
}

/* Until it has ended, once, in this way. */
static void
assert_ends(int result, const char *reply)
{
	while (got.count == 0)
		turn();
	assert_int_equal(got.count, 1);
	assert_int_equal(got.result, result);
	assert_int_equal(got.len, strlen(reply));
	assert_string_equal(got.reply, reply);
}

static int
set_up_loop(void **state)
{
	(void)state;
	memset(&got, 0, sizeof(got));
	return sd_event_new(&loop) < 0;
}

static int
tear_down_loop(void **state)
{
	(void)state;
	loop = sd_event_unref(loop);
	return 0;
}

static int
set_up(void **state)
{
	static const struct door_ops ops = {.on_request = on_request};

	return set_up_loop(state) || door_open(&door, loop, path, &ops, NULL) < 0;
}

static int
tear_down(void **state)
{
	door_close(door);
	unlink(path);
	return tear_down_loop(state);
}

static void
test_answer(void **state)
{
	(void)state;
	assert_int_equal(begin("{\"ok\":true}", PATIENT_MS), 0);
	assert_int_equal(got.count, 0); /* from the loop only */
	assert_ends(0, "{\"ok\":true}");
}

/* What it means is the asker's affair. */
static void
test_error(void **state)
{
	(void)state;
	assert_int_equal(begin("{\"error\":\"no\"}", PATIENT_MS), 0);
	assert_ends(0, "{\"error\":\"no\"}");
}

static void
test_largest(void **state)
{
	(void)state;
	assert_int_equal(begin("big", PATIENT_MS), 0);
	while (got.count == 0)
		turn();
	assert_int_equal(got.result, 0);
	assert_int_equal(got.len, DOOR_REPLY_MAX);
}

static void
test_silent(void **state)
{
	(void)state;
	assert_int_equal(begin("silence", 20), 0);
	assert_ends(-ETIMEDOUT, "");
}

static void
test_closes(void **state)
{
	(void)state;
	assert_int_equal(begin("close", PATIENT_MS), 0);
	assert_ends(-ECONNRESET, "");
}

static void
test_nobody(void **state)
{
	static char too_long[200];
	struct call *none = NULL;
	int fd;

	(void)state;
	assert_int_equal(begin("x", PATIENT_MS), -ENOENT);
	fd = local_listen(path, 1);
	close(fd); /* the name of one that died */
	assert_int_equal(begin("x", PATIENT_MS), -ECONNREFUSED);
	unlink(path);
	memset(too_long, 'x', sizeof(too_long) - 1);
	assert_int_equal(call_begin(&none, loop, too_long, "x", 1, on_done, &got),
	                 -ENAMETOOLONG);
	assert_null(none);
	assert_int_equal(got.count, 0);
}

/* Nobody takes it from the backlog, nor its words from the socket. */
static void
test_not_heard(void **state)
{
	int fd = local_listen(path, 1);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(begin("x", 20), 0);
	assert_ends(-ETIMEDOUT, "");
	close(fd);
	unlink(path);
}

static void
test_too_large(void **state)
{
	static char large[DOOR_REPLY_MAX + 1];
	int listener = local_listen(path, 1), fd, room = 4 * DOOR_REPLY_MAX;

	(void)state;
	assert_true(listener >= 0);
	assert_int_equal(begin("x", PATIENT_MS), 0);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	assert_int_equal(send(fd, large, sizeof(large), 0), sizeof(large));
	assert_ends(-EMSGSIZE, "");
	close(fd);
	close(listener);
	unlink(path);
}

/* Forgotten, it does not come back. */
static void
test_ended(void **state)
{
	(void)state;
	assert_int_equal(begin("first", PATIENT_MS), 0);
	call_end(call);
	call_end(NULL);
	assert_int_equal(begin("second", PATIENT_MS), 0);
	assert_ends(0, "second");
}

static void
ask_again(void *user, int result, const char *reply, size_t len)
{
	on_done(user, result, reply, len);
	if (got.count == 1)
		assert_int_equal(
		    call_begin(&call, loop, path, "second", PATIENT_MS, ask_again, user),
		    0);
}

/* The next question from within the answer to the last. */
static void
test_chain(void **state)
{
	(void)state;
	assert_int_equal(
	    call_begin(&call, loop, path, "first", PATIENT_MS, ask_again, &got), 0);
	while (got.count < 2)
		turn();
	assert_string_equal(got.reply, "second");
}

int
main(void)
{
#define TEST(f)  cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define ALONE(f) cmocka_unit_test_setup_teardown(f, set_up_loop, tear_down_loop)
	const struct CMUnitTest tests[] = {
	    TEST(test_answer),     TEST(test_error),      TEST(test_largest),
	    TEST(test_silent),     TEST(test_closes),     ALONE(test_nobody),
	    ALONE(test_not_heard), ALONE(test_too_large), TEST(test_ended),
	    TEST(test_chain),
	};
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/test_call.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
