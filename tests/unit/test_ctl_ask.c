/* ctl/ask, ctl/follow: real sockets, some of whose owners are silent. */
#include "base/clock.h"
#include "base/paths.h"
#include "ctl/ask.h"
#include "ctl/follow.h"
#include "ipc/local.h"
#include "view/member.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CONF_ID INT64_C(4611686018427387904)

static char dir[64];

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/conclave-ask-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

static int
listen_at(const char *folder, int backlog)
{
	char path[ASK_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	(void)paths_below(path, sizeof(path), dir, folder, PATHS_DOOR);
	fd = local_listen(path, backlog);
	assert_true(fd >= 0);
	return fd;
}

/* In a child: one connection after the other, and to each what `answer` says. NULL: hangs
 * up. */
static pid_t
serve(const char *folder, const char *answer)
{
	int door = listen_at(folder, 8);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0) {
		close(door);
		return pid;
	}
	for (;;) {
		struct timespec nap = {.tv_nsec = 1000000};
		char request[64];
		int c = accept(door, NULL, NULL);

		if (c < 0) {
			nanosleep(&nap, NULL); /* local_listen's sockets do not block */
			continue;
		}
		if (recv(c, request, sizeof(request), 0) > 0 && answer)
			send(c, answer, strlen(answer), MSG_NOSIGNAL);
		close(c);
	}
}

static void
end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void
answers_of_all_within_the_deadline(void **state)
{
	struct asks asks;
	pid_t peer = serve("peer", "{\"who\":\"peer\",\"round\":9007199254740993}");
	pid_t elector =
	    serve("elector-b", "{\"who\":\"elector\",\"name\":\"\\u001b[2J\"}");
	pid_t wrong = serve("elector-c", "{\"error\":\"what?\"}");
	pid_t list = serve("elector-d", "[]");
	pid_t rude = serve("elector-e", NULL);
	int silent = listen_at("connmgr", 8);
	int deaf = listen_at("elector-a", 0);
	int dead = listen_at("elector-f", 8);
	char path[ASK_PATH_MAX];
	struct client first;
	uint64_t began;
	uint64_t took;
	int64_t round = 0;

	(void)state;
	close(dead);
	(void)paths_below(path, sizeof(path), dir, "elector-a", PATHS_DOOR);
	/* fills its backlog */
	assert_int_equal(client_begin(&first, path, "x", 0, 0), 0);
	began = clock_ms();
	ask_all(dir, "status", ASK_DEADLINE_MS, &asks);
	took = clock_ms() - began;
	assert_in_range(took, ASK_DEADLINE_MS - 5, 2 * ASK_DEADLINE_MS - 1); /* at once */
	assert_int_equal(asks.count, 9);
	assert_int_equal(asks_find(&asks, "conclaved")->result, -ENOENT);
	assert_int_equal(asks_find(&asks, "conclaved")->pid, 0);
	assert_int_equal(asks_find(&asks, "connmgr")->result, -ETIMEDOUT);
	assert_int_equal(asks_find(&asks, "connmgr")->pid, getpid());
	assert_int_equal(asks_find(&asks, "peer")->result, 0);
	assert_true(member_i64(asks_find(&asks, "peer")->answer, "round", &round));
	assert_true(round == INT64_C(9007199254740993));
	assert_int_equal(asks_find(&asks, "elector-a")->result, -ETIMEDOUT);
	assert_int_equal(asks_find(&asks, "elector-b")->result, 0);
	assert_string_equal(member_string(asks_find(&asks, "elector-b")->answer, "name"),
	                    "?[2J");
	assert_int_equal(asks_find(&asks, "elector-c")->result, -EBADMSG);
	assert_null(asks_find(&asks, "elector-c")->answer);
	assert_int_equal(asks_find(&asks, "elector-d")->result, -EBADMSG);
	assert_int_equal(asks_find(&asks, "elector-e")->result, -ECONNREFUSED);
	assert_int_equal(asks_find(&asks, "elector-f")->result, -ECONNREFUSED);
	assert_null(asks_find(&asks, "elector-g"));
	asks_deinit(&asks);
	assert_int_equal(asks.count, 0);
	client_end(&first);
	close(silent);
	close(deaf);
	end(peer);
	end(elector);
	end(wrong);
	end(list);
	end(rude);
}

static void
one_alone(void **state)
{
	struct asks asks;
	pid_t peer = serve("peer", "{}");

	(void)state;
	ask_one(dir, "peer", "status", &asks);
	assert_int_equal(asks.count, 1);
	assert_int_equal(asks.list[0].result, 0);
	asks_deinit(&asks);
	end(peer);
	ask_one(dir, "peer", "status", &asks);
	assert_int_equal(asks.list[0].result, -ECONNREFUSED);
	assert_null(asks.list[0].answer);
	asks_deinit(&asks);
	ask_one("/no/such/folder", "peer", "status", &asks);
	assert_int_equal(asks.list[0].result, -ENOENT);
	asks_deinit(&asks);
}

/* More electors than there is room for, and names too long, are left out. */
static void
too_many(void **state)
{
	struct asks asks;
	char path[160];

	(void)state;
	for (int i = 0; i < ASK_MAX + 3; i++) {
		snprintf(path, sizeof(path), "%s/elector-%d", dir, i);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/elector-%060d", dir, 0);
	assert_int_equal(mkdir(path, 0700), 0);
	ask_all(dir, "status", ASK_DEADLINE_MS, &asks);
	assert_int_equal(asks.count, ASK_MAX);
	asks_deinit(&asks);
}

static int
accept_watcher(int door)
{
	char request[64] = "";
	int c = accept(door, NULL, NULL);

	assert_true(c >= 0);
	assert_int_equal(recv(c, request, sizeof(request), 0), 5);
	assert_string_equal(request, "watch");
	return c;
}

static uint64_t
in_ms(uint64_t ms)
{
	return clock_ms() + ms;
}

static void
check_down(const struct follow *f)
{
	json_t *event = json_loads(f->line, 0, NULL);
	int64_t id = 0;

	assert_non_null(event);
	assert_string_equal(member_string(event, "state"), "down");
	assert_true(member_i64(event, "id", &id));
	assert_true(id == CONF_ID);
	assert_true(json_is_false(json_object_get(event, "active")));
	json_decref(event);
}

static void
follow_outlives_the_peer(void **state)
{
	static struct follow f;
	uint64_t began;
	int door;
	int c;

	(void)state;
	follow_init(&f, dir, CONF_ID, -1);
	assert_int_equal(follow_next(&f, UINT64_MAX),
	                 FOLLOW_DOWN); /* nobody there: at once */
	check_down(&f);
	assert_int_equal(follow_next(&f, in_ms(60)), FOLLOW_LATE); /* said once */

	door = listen_at("peer", 8);
	assert_int_equal(follow_next(&f, in_ms(60)), FOLLOW_LATE); /* there, but silent */
	c = accept_watcher(door);
	send(c, "{\"event\":1}\n", 12, 0);
	send(c, "{\"event\":2}", 11, 0);
	assert_int_equal(follow_next(&f, in_ms(1000)), FOLLOW_EVENT);
	assert_string_equal(f.line, "{\"event\":1}");
	assert_int_equal(follow_next(&f, in_ms(1000)), FOLLOW_EVENT);
	assert_string_equal(f.line, "{\"event\":2}");
	assert_int_equal(follow_next(&f, in_ms(20)), FOLLOW_LATE);

	close(c); /* the peer dies, */
	close(door);
	assert_int_equal(follow_next(&f, in_ms(1000)), FOLLOW_DOWN);
	check_down(&f);
	door = listen_at("peer", 8); /* and its successor has no room at first */
	assert_int_equal(follow_next(&f, in_ms(60)), FOLLOW_LATE);
	c = accept_watcher(door);
	send(c, "{\"error\":\"full\"}", 16, 0);
	assert_int_equal(follow_next(&f, in_ms(60)), FOLLOW_LATE);
	close(c);
	c = accept_watcher(door);
	send(c, "{\"event\":3}", 11, 0);
	assert_int_equal(follow_next(&f, in_ms(1000)), FOLLOW_EVENT);
	assert_string_equal(f.line, "{\"event\":3}");
	follow_deinit(&f);
	close(c);

	follow_init(&f, dir, CONF_ID, -1); /* hangs from the start */
	began = clock_ms();
	assert_int_equal(follow_next(&f, UINT64_MAX), FOLLOW_DOWN);
	assert_in_range(clock_ms() - began, FOLLOW_HEAR_MS - 5, 10 * FOLLOW_HEAR_MS);
	follow_deinit(&f);
	close(door);
}

/* Who reads our output has gone: there is nothing to wait for, but for who prints
 * nothing. */
static void
follow_ends_with_its_reader(void **state)
{
	static struct follow f;
	enum follow_result r;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	follow_init(&f, dir, CONF_ID, ends[1]);
	r = follow_next(&f, in_ms(10000));
	if (r == FOLLOW_DOWN)
		r = follow_next(&f, in_ms(10000));
	follow_deinit(&f);
	close(ends[1]);
	assert_int_equal(r, FOLLOW_CLOSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answers_of_all_within_the_deadline),
	    TEST(one_alone),
	    TEST(too_many),
	    TEST(follow_outlives_the_peer),
	    TEST(follow_ends_with_its_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
