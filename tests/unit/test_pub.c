/* The publisher (ipc/pub): nng's own subscribers, and strangers who say and do other
 * things. */
#include "base/clock.h"
#include "ipc/pub.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static char folder[64];
static char path[96];
static sd_event *loop;
static struct pub *pub;
static char big[PUB_TEXT_MAX + 1];

static int
set_up(void **state)
{
	(void)state;
	if (sd_event_new(&loop) < 0)
		return 1;
	return pub_open(&pub, loop, path);
}

static int
tear_down(void **state)
{
	(void)state;
	pub_close(pub);
	loop = sd_event_unref(loop);
	return access(path, F_OK) == 0;
}

static void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 10000) >= 0);
}

static void
until_count(unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (pub_count(pub) != want)
		turn(due_ms);
}

static nng_socket
subscribe(const char *topic)
{
	char url[128];
	nng_socket s;

	snprintf(url, sizeof(url), "ipc://%s", path);
	assert_int_equal(nng_sub0_open(&s), 0);
	assert_int_equal(nng_setopt(s, NNG_OPT_SUB_SUBSCRIBE, topic, strlen(topic)), 0);
	assert_int_equal(nng_setopt_int(s, NNG_OPT_RECVBUF, 100), 0);
	assert_int_equal(nng_dial(s, url, NULL, NNG_FLAG_NONBLOCK), 0);
	return s;
}

static void
hears(nng_socket s, const char *text, size_t len)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	static char got[PUB_TEXT_MAX + 1];
	size_t size = sizeof(got);
	int r;

	while ((r = nng_recv(s, got, &size, NNG_FLAG_NONBLOCK)) == NNG_EAGAIN) {
		turn(due_ms);
		size = sizeof(got);
	}
	assert_int_equal(r, 0);
	assert_int_equal(size, len);
	assert_memory_equal(got, text, len);
}

static void
test_nng(void **state)
{
	nng_socket early = subscribe(""), late, other;

	(void)state;
	until_count(1);
	pub_send(pub, "{\"event\":\"one\"}", 15);
	pub_send(pub, big, PUB_TEXT_MAX);
	pub_send(pub, big, PUB_TEXT_MAX + 1); /* to nobody */
	hears(early, "{\"event\":\"one\"}", 15);
	hears(early, big, PUB_TEXT_MAX);
	pub_send(pub, "{\"event\":\"two\"}", 15);
	hears(early, "{\"event\":\"two\"}", 15);
	late = subscribe("{\"event\":\"t"); /* the newest at once */
	hears(late, "{\"event\":\"two\"}", 15);
	other = subscribe("x");
	until_count(3);
	pub_send(pub, "{\"event\":\"one\"}", 15);
	pub_send(pub, "xyz", 3);
	hears(other, "xyz", 3);
	hears(early, "{\"event\":\"one\"}", 15);
	hears(early, "xyz", 3);
	assert_int_equal(pub_lost(pub), 0);
	nng_close(early);
	until_count(2);
	nng_close(late);
	nng_close(other);
	until_count(0);
}

static int
knock(const char *greeting, size_t len)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(send(fd, greeting, len, MSG_NOSIGNAL), len);
	return fd;
}

static void
is_closed(int fd)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	char bytes[256];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) != 0) {
		if (n < 0 && errno != EAGAIN)
			break;
		turn(due_ms);
	}
	close(fd);
}

#define SUB "\0SP\0\0\x21\0\0"

/* Who greets wrongly, and who speaks after the greeting. */
static void
test_strangers(void **state)
{
	static const char *const wrong[] = {"GET / HT", "\0SP\1\0\x21\0\0",
	                                    "\0SP\0\0\x20\0\0", "\0SP\0\0\x21\0\1"};
	int fd, slow;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		is_closed(knock(wrong[i], 8));
	is_closed(knock("G", 1));
	fd = knock(SUB, 8);
	until_count(1);
	assert_int_equal(send(fd, "\1", 1, MSG_NOSIGNAL), 1);
	is_closed(fd);
	until_count(0);
	slow = knock(SUB, 3); /* in pieces */
	for (unsigned i = 3; i < 8; i++) {
		assert_true(sd_event_run(loop, 1000) >= 0);
		assert_int_equal(pub_count(pub), 0);
		assert_int_equal(send(slow, &SUB[i], 1, MSG_NOSIGNAL), 1);
	}
	until_count(1);
	close(slow);
	until_count(0);
}

/* One that does not read loses texts, and gets whole ones when it reads again; nobody
 * else loses any, and the loop never waits. */
static void
test_slow(void **state)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	nng_socket quick = subscribe("");
	int slow = knock(SUB, 8);
	size_t got = 0;
	char text[32];

	(void)state;
	until_count(2);
	for (unsigned i = 0; i < 50; i++) {
		pub_send(pub, big, PUB_TEXT_MAX);
		hears(quick, big, PUB_TEXT_MAX);
	}
	assert_in_range(pub_lost(pub), 30, 49);
	/* its greeting, and then whole messages up to the last one that it is sent */
	while (pub_lost(pub) > 0) {
		static char bytes[300000];
		ssize_t n = recv(slow, bytes, sizeof(bytes), MSG_DONTWAIT);

		got += n > 0 ? (size_t)n : 0;
		if (n < 0 && (got - 8) % (9 + PUB_TEXT_MAX) == 0)
			break;
		turn(due_ms);
	}
	pub_send(pub, "again", 5);
	assert_int_equal(recv(slow, text, sizeof(text), MSG_WAITALL | MSG_DONTWAIT), 14);
	assert_memory_equal(text, "\1\0\0\0\0\0\0\0\5again", 14);
	hears(quick, "again", 5);
	close(slow);
	nng_close(quick);
	until_count(0);
}

static void
test_room(void **state)
{
	int fds[PUB_SUBSCRIBERS_MAX], silent, one;

	(void)state;
	for (unsigned i = 0; i < PUB_SUBSCRIBERS_MAX - 1; i++)
		fds[i] = knock(SUB, 8);
	silent = knock(SUB, 4);
	until_count(PUB_SUBSCRIBERS_MAX - 1);
	one = knock(SUB, 8); /* in the place of the silent one */
	until_count(PUB_SUBSCRIBERS_MAX);
	is_closed(silent);
	is_closed(knock(SUB, 8)); /* no room */
	assert_int_equal(pub_count(pub), PUB_SUBSCRIBERS_MAX);
	for (unsigned i = 0; i < PUB_SUBSCRIBERS_MAX - 1; i++)
		close(fds[i]);
	close(one);
	until_count(0);
}

/* No descriptors are left: the next text lets in who waits. */
static void
test_out_of_descriptors(void **state)
{
	int fd = knock(SUB, 8), spare[1024];
	unsigned count = 0;

	(void)state;
	while (count < 1024 && (spare[count] = dup(fd)) >= 0)
		count++;
	for (unsigned i = 0; i < 5; i++)
		assert_true(sd_event_run(loop, 1000) >= 0);
	assert_int_equal(pub_count(pub), 0);
	while (count > 0)
		close(spare[--count]);
	pub_send(pub, "x", 1);
	until_count(1);
	close(fd);
	until_count(0);
}

static void
test_paths(void **state)
{
	struct pub *none = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(pub_open(&none, loop, "/no/such/folder/x"), -ENOENT);
	assert_int_equal(pub_open(&none, loop, folder), -EADDRINUSE);
	assert_null(none);
	pub_close(NULL);
	pub_send(NULL, "x", 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_nng),  TEST(test_strangers),          TEST(test_slow),
	    TEST(test_room), TEST(test_out_of_descriptors), TEST(test_paths),
	};
	struct rlimit few;
	int failed;

	memset(big, 'b', sizeof(big));
	snprintf(folder, sizeof(folder), "/tmp/test_pub.XXXXXX");
	if (!mkdtemp(folder) || getrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	few.rlim_cur = 300;
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/events", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	fflush(NULL);
	_exit(failed != 0); /* threads of nng */
}
