/* Who holds at a door (peer/hold): by word, broken, asked; and the kill at the end of a
 * lease, with a file in the place of cgroup.kill, in which each kill is one byte. */
#include "base/clock.h"
#include "base/paths.h"
#include "ipc/local.h"
#include "ipc/pass.h"
#include "peer/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static char folder[64];
static char path[96];
static char kill_path[96];
static sd_event *loop;
static struct door *door;
static struct holds *holds;
static unsigned gone;
/* who asked last */
static struct door_conn *asker;
static bool no_cgroup;

/* In the place of libc's: every file is one of a cgroup. */
int
fstatfs(int fd, struct statfs *out)
{
	(void)fd;
	*out = (struct statfs){.f_type = no_cgroup ? TMPFS_MAGIC : CGROUP2_SUPER_MAGIC};
	return 0;
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	const char *why;
	char text[128];
	uint64_t id = 0;

	(void)user;
	(void)len;
	asker = c;
	why = strcmp(data, "let go") == 0 ? holds_let_go(holds, c)
	                                  : holds_add(holds, c, data, &id);
	snprintf(text, sizeof(text), "%s", why ? why : "ok");
	assert_int_equal(door_send(c, text, strlen(text)), 0);
}

static void
on_gone(void *user, struct door_conn *c)
{
	(void)user;
	if (holds)
		gone += holds_gone(holds, c);
}

static int
set_up(void **state)
{
	static const struct door_ops ops = {on_request, on_gone};

	(void)state;
	gone = 0;
	no_cgroup = false;
	if (sd_event_new(&loop) < 0 || holds_new(&holds, loop) < 0)
		return 1;
	close(open(kill_path, O_CREAT | O_TRUNC | O_WRONLY, 0600));
	return door_open(&door, loop, path, &ops, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	holds_free(holds);
	holds = NULL;
	door_close(door);
	loop = sd_event_unref(loop);
	return unlink(kill_path);
}

static unsigned
kills(void)
{
	struct stat st;

	assert_int_equal(stat(kill_path, &st), 0);
	return (unsigned)st.st_size;
}

static void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 10000) >= 0);
}

static const char *
hear(int sock)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	static char text[256];
	size_t len = 0;
	int r, fd;

	while ((r = pass_receive(sock, text, sizeof(text) - 1, &len, &fd)) == -EAGAIN)
		turn(due_ms);
	assert_int_equal(r, 0);
	text[len] = '\0';
	return text;
}

static bool
has_heard_nothing(int sock)
{
	char byte;

	return recv(sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static const char *
ask_with(int sock, const char *what, int flags)
{
	int fd = flags < 0 ? PASS_NONE : open(kill_path, flags | O_APPEND);

	assert_int_equal(pass_send(sock, what, strlen(what), fd), 0);
	if (fd != PASS_NONE)
		close(fd);
	return hear(sock);
}

static const char *
ask(int sock, const char *what)
{
	return ask_with(sock, what, -1);
}

/* A new hold; `kills`: with a descriptor. */
static int
hold(const char *name, bool has_cgroup)
{
	int sock = local_connect(path);

	assert_true(sock >= 0);
	assert_string_equal(ask_with(sock, name, has_cgroup ? O_WRONLY : -1), "ok");
	return sock;
}

static void
until_gone(unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (gone < want)
		turn(due_ms);
	assert_int_equal(gone, want);
}

static void
until_kills(unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (kills() < want)
		turn(due_ms);
}

/* The lease ends so many ms from now; 0: released. */
static uint64_t
publish(uint64_t left_ms)
{
	struct role_page page = {.epoch = 3,
	                         .end_ms = left_ms > 0 ? clock_ms() + left_ms : 0};

	holds_see(holds, &page);
	return page.end_ms;
}

/* A hold must not have come in the very ms in which a lease ends. */
static void
let_pass(uint64_t end_ms)
{
	while (clock_ms() <= end_ms)
		assert_true(sd_event_run(loop, 1000) >= 0);
}

static void
by_word(void **state)
{
	int sock = hold("backup", false), other = hold("sync", false);

	(void)state;
	assert_int_equal(holds_count(holds), 2);
	assert_string_equal(ask(sock, "again"), "this connection holds already");
	assert_string_equal(ask(sock, "let go"), "ok");
	assert_int_equal(holds_count(holds), 1);
	assert_string_equal(ask(sock, "let go"), "this connection does not hold");
	assert_string_equal(ask(sock, "again"), "ok");
	assert_string_equal(ask(sock, "let go"), "ok");
	close(sock);
	assert_string_equal(ask(other, "let go"), "ok");
	assert_int_equal(holds_count(holds), 0);
	assert_false(holds_take_broken(holds));
	close(other);
}

static void
broken(void **state)
{
	int sock = hold("backup", false);

	(void)state;
	close(sock);
	until_gone(1);
	assert_int_equal(holds_count(holds), 0);
	assert_true(holds_take_broken(holds));
	assert_false(holds_take_broken(holds));
}

static void
refused(void **state)
{
	char name[HOLD_NAME_MAX + 2];
	int socks[HOLD_MAX], sock = local_connect(path);

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_non_null(strstr(ask(sock, name), "name"));
	assert_non_null(strstr(ask(sock, "a\nb"), "name"));
	assert_non_null(strstr(ask_with(sock, "x", O_RDONLY), "cgroup.kill"));
	no_cgroup = true;
	assert_non_null(strstr(ask_with(sock, "x", O_WRONLY), "cgroup.kill"));
	no_cgroup = false;
	assert_int_equal(holds_count(holds), 0);
	name[HOLD_NAME_MAX] = '\0';
	assert_string_equal(ask_with(sock, name, O_RDWR), "ok");
	assert_string_equal(ask(sock, "let go"), "ok");
	for (unsigned i = 0; i < HOLD_MAX; i++)
		socks[i] = hold("x", i % 2);
	assert_non_null(strstr(ask(sock, "x"), "32"));
	assert_string_equal(ask(socks[0], "let go"), "ok");
	assert_string_equal(ask(sock, "x"), "ok");
	for (unsigned i = 0; i < HOLD_MAX; i++)
		close(socks[i]);
	until_gone(HOLD_MAX - 1);
	assert_int_equal(holds_count(holds), 1);
	close(sock);
}

static void
asked(void **state)
{
	static const char step_down[] = "step-down", stopping[] = "stopping";
	int sock = hold("a", false), other = local_connect(path);

	(void)state;
	publish(60000);
	holds_ask(holds, step_down);
	assert_string_equal(hear(sock), "{\"stop\":\"step-down\",\"grace\":true}");
	holds_ask(holds, step_down); /* once */
	assert_non_null(strstr(ask(other, "b"), "hands its leadership over"));
	holds_ask(holds, stopping);
	assert_string_equal(hear(sock), "{\"stop\":\"stopping\",\"grace\":true}");
	assert_string_equal(ask(sock, "let go"), "ok");
	publish(0);
	holds_allow(holds);
	assert_string_equal(ask(other, "b"), "ok");
	holds_ask(holds, step_down);
	assert_string_equal(hear(other), "{\"stop\":\"step-down\",\"grace\":true}");
	close(sock);
	close(other);
}

/* What one that does not read was to be told it is told when it reads: the newest word.
 */
static void
told_when_it_reads(void **state)
{
	static const char fill[] = "an answer", stopping[] = "stopping";
	int other = hold("b", false), sock = hold("a", false);
	unsigned sent = 0;

	(void)state;
	publish(60000);
	while (door_send(asker, fill, sizeof(fill) - 1) == 0)
		sent++;
	holds_ask(holds, "step-down");
	holds_ask(holds, stopping);
	assert_true(holds_has(holds, asker));
	assert_int_equal(holds_count(holds), 2);
	assert_int_equal(gone, 0);
	for (; sent > 0; sent--)
		assert_string_equal(hear(sock), fill);
	assert_string_equal(hear(sock), "{\"stop\":\"stopping\",\"grace\":true}");
	holds_ask(holds, stopping); /* once */
	assert_string_equal(ask(sock, "let go"), "ok");
	assert_string_equal(hear(other), "{\"stop\":\"step-down\",\"grace\":true}");
	assert_string_equal(hear(other), "{\"stop\":\"stopping\",\"grace\":true}");
	assert_string_equal(ask(other, "let go"), "ok");
	close(other);
	assert_false(holds_has(holds, asker));
	close(sock);
}

/* At the end, not before it, and again until the holder lets go. */
static void
killed_at_the_end(void **state)
{
	int sock = hold("a", true), none = hold("b", false);
	uint64_t end_ms;

	(void)state;
	publish(60000);
	end_ms = publish(200);
	until_kills(1);
	assert_true(clock_ms() >= end_ms);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	assert_string_equal(hear(none), "{\"stop\":\"lost\",\"grace\":false}");
	until_kills(3);
	assert_true(has_heard_nothing(sock));
	assert_string_equal(ask(sock, "let go"), "ok");
	assert_string_equal(ask(none, "let go"), "ok");
	assert_int_equal(holds_count(holds), 0);
	close(sock);
	close(none);
}

/* Neither without a lease, nor after the holder has let go, nor of one that came later.
 */
static void
not_killed(void **state)
{
	int sock = hold("a", true), late;
	uint64_t end_ms;

	(void)state;
	publish(60000);
	assert_string_equal(ask(sock, "let go"), "ok");
	end_ms = publish(30);
	let_pass(end_ms);
	late = hold("late", true);
	for (unsigned i = 0; i < 20; i++)
		assert_true(sd_event_run(loop, 10000) >= 0);
	publish(60000);
	publish(60000);
	assert_int_equal(kills(), 0);
	assert_true(has_heard_nothing(late));
	assert_string_equal(ask(late, "let go"), "ok");
	publish(0);
	assert_int_equal(kills(), 0);
	close(sock);
	close(late);
}

/* A hold that broke is killed at the end, too, and forgotten then; without a cgroup, or
 * where it came after the end, it is forgotten at once. */
static void
killed_when_broken(void **state)
{
	int sock = hold("a", true), none = hold("b", false);
	uint64_t end_ms = publish(100);
	char text[512];
	struct buf_out out;

	(void)state;
	close(sock);
	close(none);
	until_gone(2);
	assert_int_equal(holds_count(holds), 0);
	until_kills(1);
	assert_true(clock_ms() >= end_ms);
	let_pass(end_ms);
	close(hold("c", true));
	until_gone(3);
	buf_out_init(&out, text, sizeof(text));
	holds_put(holds, &out, "holds");
	assert_int_equal(out.len, strlen("\"holds\":[]"));
	publish(30);
	publish(0);
	assert_int_equal(kills(), 1);
}

/* The next lease is published when the last one has passed, and the loop was too late to
 * see that: what ran until then is killed before. One that is renewed in time is not. */
static void
killed_before_the_next(void **state)
{
	int sock = hold("a", true);
	uint64_t end_ms = publish(20);

	(void)state;
	while (clock_ms() < end_ms)
		usleep(1000);
	publish(60000);
	assert_int_equal(kills(), 1);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	publish(60000);
	assert_int_equal(kills(), 1);
	publish(0); /* released, and it has not let go */
	assert_int_equal(kills(), 2);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	close(sock);
}

/* Leadership ended before the lease: who has it is told, and lives until its end. */
static void
lost_before_the_end(void **state)
{
	int sock = hold("a", true), late;
	uint64_t end_ms;

	(void)state;
	holds_lose(holds); /* there was no lease */
	end_ms = publish(100);
	holds_lose(holds);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	until_kills(1);
	assert_true(clock_ms() >= end_ms);
	assert_string_equal(ask(sock, "let go"), "ok");
	let_pass(end_ms);
	late = hold("late", false);
	holds_lose(holds);
	assert_true(has_heard_nothing(late));
	close(sock);
	close(late);
}

static void
as_json(void **state)
{
	char text[512];
	struct buf_out out;
	int sock;

	(void)state;
	buf_out_init(&out, text, sizeof(text));
	holds_put(holds, &out, "holds");
	assert_memory_equal(text, "\"holds\":[]", 10);
	sock = hold("a \"job\"", true);
	holds_ask(holds, "step-down");
	buf_out_init(&out, text, sizeof(text));
	holds_put(holds, &out, "holds");
	text[out.len] = '\0';
	assert_non_null(strstr(text, "{\"id\":1,\"name\":\"a \\\"job\\\"\",\"pid\":"));
	assert_non_null(
	    strstr(text, "\"kills\":true,\"broken\":false,\"asked\":\"step-down\"}]"));
	close(sock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(by_word),
	    TEST(broken),
	    TEST(refused),
	    TEST(asked),
	    TEST(told_when_it_reads),
	    TEST(killed_at_the_end),
	    TEST(not_killed),
	    TEST(killed_when_broken),
	    TEST(killed_before_the_next),
	    TEST(lost_before_the_end),
	    TEST(as_json),
	};
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/test_hold.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	snprintf(kill_path, sizeof(kill_path), "%s/kill", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
