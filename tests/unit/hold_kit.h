/* A door at which programs hold (peer/hold), with a file in the place of cgroup.kill, in
 * which each kill is one byte. */
#ifndef TESTS_UNIT_HOLD_KIT_H
#define TESTS_UNIT_HOLD_KIT_H

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

static inline void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	const char *why;
	char text[128];
	uint64_t id = 0;

	(void)user;
	(void)len;
	asker = c;
	if (strcmp(data, "let go") == 0)
		why = holds_let_go(holds, c);
	else if (strncmp(data, "kills ", 6) == 0)
		why = holds_kills(holds, c, (unsigned)atoi(data + 6));
	else
		why = holds_add(holds, c, data, &id);
	snprintf(text, sizeof(text), "%s", why ? why : "ok");
	assert_int_equal(door_send(c, text, strlen(text)), 0);
}

static inline void
on_gone(void *user, struct door_conn *c)
{
	(void)user;
	if (holds)
		gone += holds_gone(holds, c);
}

static inline int
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

static inline int
tear_down(void **state)
{
	(void)state;
	holds_free(holds);
	holds = NULL;
	door_close(door);
	loop = sd_event_unref(loop);
	return unlink(kill_path);
}

static inline unsigned
kills(void)
{
	struct stat st;

	assert_int_equal(stat(kill_path, &st), 0);
	return (unsigned)st.st_size;
}

static inline void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 10000) >= 0);
}

static inline const char *
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

static inline bool
has_heard_nothing(int sock)
{
	char byte;

	return recv(sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static inline const char *
ask_with(int sock, const char *what, int flags)
{
	int fd = flags < 0 ? PASS_NONE : open(kill_path, flags | O_APPEND);

	assert_int_equal(pass_send(sock, what, strlen(what), fd), 0);
	if (fd != PASS_NONE)
		close(fd);
	return hear(sock);
}

static inline const char *
ask(int sock, const char *what)
{
	return ask_with(sock, what, -1);
}

/* A new hold; `kills`: with a descriptor. */
static inline int
hold(const char *name, bool has_cgroup)
{
	int sock = local_connect(path);

	assert_true(sock >= 0);
	assert_string_equal(ask_with(sock, name, has_cgroup ? O_WRONLY : -1), "ok");
	return sock;
}

static inline void
until_gone(unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (gone < want)
		turn(due_ms);
	assert_int_equal(gone, want);
}

static inline void
until_kills(unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (kills() < want)
		turn(due_ms);
}

/* The lease ends so many ms from now; 0: released. */
static inline uint64_t
publish(uint64_t left_ms)
{
	struct role_page page = {.epoch = 3,
	                         .end_ms = left_ms > 0 ? clock_ms() + left_ms : 0};

	holds_see(holds, &page);
	return page.end_ms;
}

/* A hold must not have come in the very ms in which a lease ends. */
static inline void
let_pass(uint64_t end_ms)
{
	while (clock_ms() <= end_ms)
		assert_true(sd_event_run(loop, 1000) >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The exit status. */
#define hold_kit_run(tests)                                                              \
	(hold_kit_begin() ? 1 : hold_kit_end(cmocka_run_group_tests(tests, NULL, NULL)))

static inline int
hold_kit_begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test_hold.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/" PATHS_DOOR, folder);
	snprintf(kill_path, sizeof(kill_path), "%s/kill", folder);
	return 0;
}

static inline int
hold_kit_end(int failed)
{
	rmdir(folder);
	return failed != 0;
}

#endif
