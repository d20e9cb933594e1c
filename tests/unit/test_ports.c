/* connmgr/ports and proc/fdstore: sockets that are handed over, taken, given away. */
#include "connmgr/ports.h"
#include "proc/fdstore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDED 5

static struct conf conf;
static int notify_fd;

static struct address
v4(const char *host, uint16_t port)
{
	struct address a;

	assert_true(address_parse(host, port, &a));
	return a;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

static int
listen_at(const char *host, uint16_t port)
{
	struct address a = v4(host, port);
	int fd = socket(a.any.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a.any, a.len), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

/* One socket under two descriptors has one cookie. */
static uint64_t
cookie(int fd)
{
	uint64_t value;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &len), 0);
	return value;
}

static void
told(const char *want)
{
	char text[256];
	ssize_t n = recv(notify_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, want);
}

static void
told_nothing(void)
{
	char text[256];

	assert_true(recv(notify_fd, text, sizeof(text), MSG_DONTWAIT) < 0);
}

/* From descriptor 3 on, as a parent hands them over; each is closed here. */
static void
hand_over(const int fds[HANDED])
{
	char count[16];

	for (int i = 0; i < HANDED; i++) {
		int high = fcntl(fds[i], F_DUPFD, 100);

		close(fds[i]);
		assert_int_equal(dup2(high, 200 + i), 200 + i);
		close(high);
	}
	for (int i = 0; i < HANDED; i++) {
		assert_int_equal(dup2(200 + i, 3 + i), 3 + i);
		close(200 + i);
	}
	snprintf(count, sizeof(count), "%d", HANDED);
	setenv(FDSTORE_VAR, count, 1);
}

static void
open_notify(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int len;

	/* an abstract address: nothing is left in a folder */
	len = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "conclave-ports-%d",
	               (int)getpid());
	notify_fd = fcntl(socket(AF_UNIX, SOCK_DGRAM, 0), F_DUPFD, 300);
	assert_int_equal(bind(notify_fd, (struct sockaddr *)&a,
	                      (socklen_t)(sizeof(sa_family_t) + 1 + (size_t)len)),
	                 0);
	a.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

static void
handed_over(void **state)
{
	static struct conf_server self;
	char want[512];
	int everywhere = listen_at("0.0.0.0", 0), one = listen_at("127.0.0.1", 0);
	int unused, foreign = listen_at("127.0.0.3", 0), file = open("/dev/null", O_RDWR);
	uint16_t election = port_of(everywhere), quorum = port_of(one);
	uint16_t other = port_of(foreign);
	uint64_t everywhere_id = cookie(everywhere), one_id = cookie(one);
	struct address a;
	int first, second, third;

	(void)state;
	unused = listen_at("127.0.0.2", quorum);
	open_notify();
	self.election_port = election;
	self.quorum_port = quorum;
	conf.self = &self;
	hand_over((const int[HANDED]){file, foreign, everywhere, one, unused});

	ports_open(&conf);
	assert_null(getenv(FDSTORE_VAR));
	snprintf(want, sizeof(want), "FDSTOREREMOVE=1\nFDNAME=listen-127.0.0.3-%u",
	         other);
	told(want); /* a port that is not ours */
	told_nothing();

	/* one socket for every address serves two of ours */
	a = v4("127.0.0.1", election);
	first = ports_listen(&a);
	a = v4("127.0.0.2", election);
	second = ports_listen(&a);
	assert_true(first >= 0 && second >= 0 && first != second);
	assert_true(cookie(first) == everywhere_id && cookie(second) == everywhere_id);
	assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	a = v4("127.0.0.1", quorum);
	third = ports_listen(&a);
	assert_true(third >= 0 && cookie(third) == one_id);
	told_nothing(); /* who kept these keeps them still */

	ports_settle(election);
	told_nothing();
	ports_settle(quorum);
	snprintf(want, sizeof(want), "FDSTOREREMOVE=1\nFDNAME=listen-127.0.0.2-%u",
	         quorum);
	told(want);
	a = v4("127.0.0.2", quorum);
	unused = ports_listen(&a); /* it was closed, so it can be bound anew */
	assert_true(unused >= 0);
	snprintf(want, sizeof(want), "FDSTORE=1\nFDPOLL=0\nFDNAME=listen-127.0.0.2-%u",
	         quorum);
	told(want);
	told_nothing();
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	close(notify_fd);
}

static void
nobody_keeps(void **state)
{
	struct address a = v4("127.0.0.1", 0);
	int fd;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	fd = ports_listen(&a);
	assert_true(fd >= 0);
	assert_int_equal(fdstore_put(fd), 0);
	assert_int_equal(fdstore_remove("x"), 0);
	close(fd);
}

static void
names(void **state)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6,
	                                 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in6 got;
	socklen_t len = sizeof(got);
	char name[FDSTORE_NAME_MAX], want[FDSTORE_NAME_MAX];
	int fd = socket(AF_INET6, SOCK_STREAM, 0), pair[2];

	(void)state;
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		skip();                       /* this machine has no IPv6 */
	assert_false(fdstore_name(fd, name)); /* not listening yet */
	assert_int_equal(listen(fd, 1), 0);
	assert_true(fdstore_name(fd, name));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&got, &len), 0);
	snprintf(want, sizeof(want), "listen-__1-%u", ntohs(got.sin6_port));
	assert_string_equal(name, want);
	close(fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_false(fdstore_name(pair[0], name));
	assert_int_equal(fdstore_put(pair[0]), -EINVAL);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(nobody_keeps),
	    cmocka_unit_test(handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
