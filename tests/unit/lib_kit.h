/* A peer's door for the tests of libconclave: a thread that says what it is told to, and
 * a page. */
#ifndef TESTS_UNIT_LIB_KIT_H
#define TESTS_UNIT_LIB_KIT_H

#include "base/page.h"
#include "ipc/pass.h"
#include "lib/conclave.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define KIT_CONNS 16
#define KIT_MS    UINT64_C(1000000)
#define LEADS                                                                            \
	"{\"event\":\"state\",\"at_us\":1,\"id\":7,\"state\":\"leading\","               \
	"\"phase\":\"broadcast\",\"leader\":7,\"epoch\":4,\"round\":5,"                  \
	"\"active\":true,\"reason\":\"\",\"members\":{\"leader\":[{},1]}}"
#define FOLLOWS                                                                          \
	"{\"id\":7,\"state\":\"following\",\"leader\":9,\"epoch\":3,\"active\":false}"

struct kit {
	char dir[64];
	char folder[80];
	char door[96];
	char page[96];
	struct page_writer writer;
	uint64_t incarnation;
	pthread_t thread;
	pthread_mutex_t lock;
	int listener;
	int wake[2];
	struct {
		int fd;
		bool watches;
		bool holds;
	} conns[KIT_CONNS];
	/* What is said; NULL: nothing. */
	const char *event;
	const char *refusal;
	/* at the end of the answer to `hold`, with its comma */
	const char *more;
	const char *let_go;
	const char *confirm;
	/* how many were asked; what came last */
	_Atomic unsigned holds;
	unsigned let_gos;
	/* `kills N` that came with a descriptor, and the last N */
	_Atomic unsigned kills;
	_Atomic int killed;
	char hold[256];
	int passed;
};

static inline uint64_t
kit_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 * KIT_MS + (uint64_t)now.tv_nsec;
}

static inline void
kit_say(int fd, const char *text)
{
	if (text)
		(void)pass_send(fd, text, strlen(text), PASS_NONE);
}

static inline void
kit_request(struct kit *k, unsigned i, const char *text, int fd)
{
	char answer[128];

	if (strcmp(text, "watch") == 0) {
		k->conns[i].watches = true;
		kit_say(k->conns[i].fd, k->event);
	} else if (strncmp(text, "hold", 4) == 0) {
		k->holds++;
		snprintf(k->hold, sizeof(k->hold), "%s", text);
		if (k->passed >= 0)
			close(k->passed);
		k->passed = fd;
		if (k->refusal) {
			kit_say(k->conns[i].fd, k->refusal);
			return;
		}
		k->conns[i].holds = true;
		snprintf(answer, sizeof(answer),
		         "{\"ok\":true,\"id\":1,\"incarnation\":\"%016llx\"%s}",
		         (unsigned long long)k->incarnation, k->more ? k->more : "");
		(void)pass_send(k->conns[i].fd, answer, strlen(answer), k->writer.fd);
	} else if (strncmp(text, "kills ", 6) == 0) {
		k->killed = atoi(text + 6);
		k->kills += fd >= 0;
		if (fd >= 0)
			close(fd);
		snprintf(answer, sizeof(answer), "{\"ok\":true,\"kills\":%d}", k->killed);
		kit_say(k->conns[i].fd, answer);
	} else if (strcmp(text, "let go") == 0) {
		k->let_gos++;
		kit_say(k->conns[i].fd, k->let_go);
	} else if (strcmp(text, "confirm") == 0) {
		kit_say(k->conns[i].fd, k->confirm);
	}
}

static inline void
kit_read(struct kit *k, unsigned i)
{
	char text[256];
	size_t len;
	int fd = -1;

	if (pass_receive(k->conns[i].fd, text, sizeof(text) - 1, &len, &fd) < 0 ||
	    len == 0) {
		close(k->conns[i].fd);
		memset(&k->conns[i], 0, sizeof(k->conns[i]));
		k->conns[i].fd = -1;
		return;
	}
	text[len] = '\0';
	kit_request(k, i, text, fd);
}

static inline void
kit_accept(struct kit *k)
{
	int fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (unsigned i = 0; i < KIT_CONNS && fd >= 0; i++)
		if (k->conns[i].fd < 0) {
			k->conns[i].fd = fd;
			return;
		}
	assert(fd < 0);
}

static inline void *
kit_serve(void *arg)
{
	struct kit *k = arg;

	for (;;) {
		struct pollfd fds[KIT_CONNS + 2];

		for (unsigned i = 0; i < KIT_CONNS; i++)
			fds[i] = (struct pollfd){.fd = k->conns[i].fd, .events = POLLIN};
		fds[KIT_CONNS] = (struct pollfd){.fd = k->listener, .events = POLLIN};
		fds[KIT_CONNS + 1] = (struct pollfd){.fd = k->wake[0], .events = POLLIN};
		poll(fds, KIT_CONNS + 2, -1);
		if (fds[KIT_CONNS + 1].revents)
			return NULL;
		pthread_mutex_lock(&k->lock);
		if (fds[KIT_CONNS].revents)
			kit_accept(k);
		for (unsigned i = 0; i < KIT_CONNS; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				kit_read(k, i);
		pthread_mutex_unlock(&k->lock);
	}
}

/* The daemon runs, with another incarnation than before. */
static inline void
kit_run(struct kit *k)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct boot boot;

	boot_read(&boot);
	k->incarnation++;
	assert(page_open(&k->writer, k->page, &boot, k->incarnation, 7) == 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", k->door);
	unlink(k->door);
	k->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert(bind(k->listener, (struct sockaddr *)&at, sizeof(at)) == 0);
	assert(listen(k->listener, 16) == 0);
	for (unsigned i = 0; i < KIT_CONNS; i++)
		k->conns[i].fd = -1;
	assert(pipe2(k->wake, O_CLOEXEC) == 0);
	assert(pthread_create(&k->thread, NULL, kit_serve, k) == 0);
}

/* It is killed: the page stays as it is. */
static inline void
kit_die(struct kit *k)
{
	assert(write(k->wake[1], "x", 1) == 1);
	pthread_join(k->thread, NULL);
	for (unsigned i = 0; i < KIT_CONNS; i++)
		if (k->conns[i].fd >= 0)
			close(k->conns[i].fd);
	memset(k->conns, 0, sizeof(k->conns));
	close(k->listener);
	close(k->wake[0]);
	close(k->wake[1]);
	page_close(&k->writer);
}

static inline void
kit_open(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	k->passed = -1;
	pthread_mutex_init(&k->lock, NULL);
	snprintf(k->dir, sizeof(k->dir), "/tmp/test_lib.XXXXXX");
	assert(mkdtemp(k->dir));
	snprintf(k->folder, sizeof(k->folder), "%s/peer", k->dir);
	snprintf(k->door, sizeof(k->door), "%s/door", k->folder);
	snprintf(k->page, sizeof(k->page), "%s/page", k->folder);
	assert(mkdir(k->folder, 0700) == 0);
	k->event = LEADS;
	k->let_go = "{\"ok\":true}";
	k->confirm = "{\"leads\":true,\"epoch\":4}";
	k->incarnation = 0xfedcba9876543210u;
}

static inline void
kit_close(struct kit *k)
{
	if (k->passed >= 0)
		close(k->passed);
	unlink(k->door);
	unlink(k->page);
	rmdir(k->folder);
	assert(rmdir(k->dir) == 0);
}

/* To all who watch, or all who hold; from the next on, too, who watches. */
static inline void
kit_tell(struct kit *k, bool holders, const char *text)
{
	pthread_mutex_lock(&k->lock);
	if (!holders)
		k->event = text;
	for (unsigned i = 0; i < KIT_CONNS; i++)
		if (k->conns[i].fd >= 0 &&
		    (holders ? k->conns[i].holds : k->conns[i].watches))
			kit_say(k->conns[i].fd, text);
	pthread_mutex_unlock(&k->lock);
}

/* A lease until so many ms from now. */
static inline uint64_t
kit_lease(struct kit *k, int64_t epoch, uint64_t ms)
{
	uint64_t end_ns = ms ? kit_now_ns() + ms * KIT_MS : 0;

	page_store(&k->writer, epoch, end_ns);
	return end_ns;
}

#define KIT_PATIENCE_MS 20000
/* `condition` becomes true while we process. */
#define until(c, condition)                                                              \
	do {                                                                             \
		uint64_t due_ns = kit_now_ns() + KIT_PATIENCE_MS * KIT_MS;               \
		while (!(condition)) {                                                   \
			struct pollfd wait_fd = {.fd = conclave_fd(c),                   \
			                         .events = POLLIN};                      \
			assert_true(kit_now_ns() < due_ns);                              \
			poll(&wait_fd, 1, 1000);                                         \
			assert_true(conclave_process(c) >= 0);                           \
		}                                                                        \
	} while (0)

static struct kit kit;
#define LONG_MS 3600000

static inline int
run(void **state)
{
	(void)state;
	kit_open(&kit);
	kit_run(&kit);
	return 0;
}

static inline int
stop(void **state)
{
	(void)state;
	kit_die(&kit);
	kit_close(&kit);
	return 0;
}

#endif
