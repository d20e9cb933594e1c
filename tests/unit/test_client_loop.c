/* client/door in a loop of sd-event, as conclaved asks connmgr, with the answering side
 * in the same loop. `call` is one question: it ends with an answer or an error, once. */
#include "base/clock.h"
#include "base/paths.h"
#include "client/door.h"
#include "ipc/door.h"
#include "ipc/local.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMER_ACCURACY_US 1000

typedef void call_handler(void *user, int result, const char *reply, size_t len);

struct call {
	struct client client;
	sd_event_source *io;
	sd_event_source *timer;
	call_handler *done;
	void *user;
	char reply[DOOR_REPLY_MAX + 1];
};

static void
call_end(struct call *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	client_end(&c->client);
	free(c);
}

static void
step(struct call *c)
{
	size_t len = 0;
	int r = client_step(&c->client, clock_ms(), c->reply, sizeof(c->reply), &len);

	if (r == CLIENT_WAITS)
		return;
	sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	c->reply[len] = '\0';
	c->done(c->user, r, c->reply, len);
	call_end(c);
}

static int
on_answer(sd_event_source *s, int fd, uint32_t events, void *user)
{
	(void)s;
	(void)fd;
	(void)events;
	step(user);
	return 0;
}

static int
on_late(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	step(user);
	return 0;
}

static int
call_begin(struct call **out, sd_event *loop, const char *path, const char *request,
           uint64_t timeout_ms, call_handler *done, void *user)
{
	struct call *c = calloc(1, sizeof(*c));
	uint64_t now_ms = clock_ms();
	int r;

	if (!c)
		return -ENOMEM;
	c->done = done;
	c->user = user;
	r = client_begin(&c->client, path, request, now_ms, now_ms + timeout_ms);
	if (r == 0 && !c->client.sent)
		r = -EAGAIN;
	if (r < 0 ||
	    (r = sd_event_add_io(loop, &c->io, c->client.fd, EPOLLIN, on_answer, c)) <
	        0 ||
	    (r = sd_event_add_time(loop, &c->timer, CLOCK_BOOTTIME,
	                           c->client.due_ms * 1000, TIMER_ACCURACY_US, on_late,
	                           c)) < 0) {
		call_end(c);
		return r;
	}
	*out = c;
	return 0;
}

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
		(void)door_send(c, data, len); /* the asker may be gone */
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

/* Runs the loop until the call has ended, once, in this way. */
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

/* An error in the answer is an answer. */
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
	close(fd); /* the socket of a process that died */
	assert_int_equal(begin("x", PATIENT_MS), -ECONNREFUSED);
	unlink(path);
	memset(too_long, 'x', sizeof(too_long) - 1);
	assert_int_equal(call_begin(&none, loop, too_long, "x", 1, on_done, &got),
	                 -ENAMETOOLONG);
	assert_null(none);
	assert_int_equal(got.count, 0);
}

/* No process accepts the connection or reads the request. */
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

/* A call that was ended does not call back. */
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

/* The next question is asked from within the answer to the last one. */
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

	snprintf(folder, sizeof(folder), "/tmp/test_client.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
