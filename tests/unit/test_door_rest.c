/* A door whose askers never stop: they leave the loop its time, and nobody is forgotten.
 */
#include "base/clock.h"
#include "ipc/door.h"
#include "ipc/local.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNS       40
#define ROUNDS      8
#define SPAN_MS     10 /* at most SPAN_HEARD requests are heard in this time */
#define SPAN_HEARD  8
#define PATIENCE_MS 20000

static char folder[64], path[96];
static sd_event *loop;
static struct door *door;
static unsigned heard, gone;

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	(void)user;
	(void)len;
	heard++;
	if (*data == 'k')
		door_conn_keep(c, true);
	assert_int_equal(door_send(c, "yes", 3), 0);
}

static void
on_gone(void *user, struct door_conn *c)
{
	(void)user;
	(void)c;
	gone++;
}

static const struct door_ops ops = {on_request, on_gone};

static int
set_up(void **state)
{
	(void)state;
	heard = gone = 0;
	strcpy(folder, "/tmp/test_door_rest.XXXXXX");
	if (!mkdtemp(folder) || sd_event_new(&loop) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/door", folder);
	return door_open(&door, loop, path, &ops, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	door_close(door);
	sd_event_unref(loop);
	return rmdir(folder);
}

static void
until(const unsigned *counter, unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (*counter < want) {
		assert_true(clock_ms() < due_ms);
		assert_true(sd_event_run(loop, 100000) >= 0);
	}
}

static int
ask(int fd, const char *words)
{
	fd = fd < 0 ? local_connect(path) : fd;
	assert_true(fd >= 0);
	assert_int_equal(send(fd, words, strlen(words), 0), strlen(words));
	return fd;
}

/* However fast the machine is: as many as the time allows, and all in the end. */
static void
test_flood(void **state)
{
	uint64_t began_ms = clock_ms(), took_ms;
	int fds[CONNS];

	(void)state;
	for (unsigned i = 0; i < CONNS; i++) {
		fds[i] = ask(-1, "x");
		for (unsigned k = 1; k < ROUNDS; k++)
			ask(fds[i], "x");
	}
	until(&heard, CONNS * ROUNDS);
	took_ms = clock_ms() - began_ms;
	assert_true(CONNS * ROUNDS <= (took_ms / SPAN_MS + 2) * SPAN_HEARD);
	for (unsigned i = 0; i < CONNS; i++)
		close(fds[i]);
	until(&gone, CONNS);
}

/* Nobody is heard for the second time before each was for the first. */
static void
test_turns(void **state)
{
	int fds[CONNS];
	char answer[8];

	(void)state;
	for (unsigned i = 0; i < CONNS; i++) {
		fds[i] = ask(-1, "x");
		ask(fds[i], "x");
	}
	until(&heard, CONNS + SPAN_HEARD);
	for (unsigned i = 0; i < CONNS; i++) {
		assert_int_equal(recv(fds[i], answer, sizeof(answer), MSG_DONTWAIT), 3);
		close(fds[i]);
	}
}

/* One that is kept may be a worker's, whose end counts at once. */
static void
test_kept_end(void **state)
{
	int kept = ask(-1, "k"), fds[CONNS];

	(void)state;
	until(&heard, 1);
	for (unsigned i = 0; i < CONNS; i++)
		fds[i] = ask(-1, "x");
	until(&heard, SPAN_HEARD);
	close(kept);
	until(&gone, 1);
	assert_true(heard < CONNS);
	until(&heard, 1 + CONNS);
	for (unsigned i = 0; i < CONNS; i++)
		close(fds[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_flood),
	    TEST(test_turns),
	    TEST(test_kept_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
