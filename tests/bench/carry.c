/* How fast questions are answered: connmgr → elector → connmgr with a stranger's TCP
 * connection at either end, beside a bare Unix-socket echo of the same size. */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "base/buf.h"
#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKS        3000
#define CONNECTIONS 16
#define FRAME_MAX   65536

/* The bare sid of an old server and one LOOKING notification of 28 bytes. */
static size_t
question(int64_t sid, bool greet, unsigned char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	if (greet)
		buf_put_i64(&b, sid);
	buf_put_i32(&b, 28);
	buf_put_i32(&b, 0);
	for (int i = 0; i < 3; i++)
		buf_put_i64(&b, 0);
	return b.len;
}

static bool
read_all(int fd, void *out, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = read(fd, (char *)out + got, len - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

bool
bench_read_answer(int fd)
{
	static unsigned char frame[FRAME_MAX];
	struct buf_in in;
	int32_t len;

	if (!read_all(fd, frame, 4))
		return false;
	buf_in_init(&in, frame, 4);
	len = buf_get_i32(&in);
	return len > 0 && len <= FRAME_MAX && read_all(fd, frame, (size_t)len);
}

bool
bench_question(int fd, int64_t sid, bool greet)
{
	unsigned char out[64];
	size_t len = question(sid, greet, out, sizeof(out));

	return write(fd, out, len) == (ssize_t)len;
}

static bool
one_after_the_other(int fd, int64_t sid, struct series *s)
{
	for (int i = 0; i < ASKS; i++) {
		uint64_t start = clock_us();

		if (!bench_question(fd, sid, i == 0) || !bench_read_answer(fd))
			return false;
		series_add(s, (double)(clock_us() - start));
	}
	return true;
}

/* Each of several connections asks again as soon as it is answered. */
static bool
side_by_side(struct lab *l, unsigned id, struct series *s)
{
	struct pollfd fds[CONNECTIONS];
	uint64_t start = clock_us();
	bool good = true;
	int answers = 0;

	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] =
		    (struct pollfd){bench_connect(l, id, "election_port"), POLLIN, 0};
		good = good && fds[i].fd >= 0 &&
		       bench_question(fds[i].fd, ((int64_t)1 << 60) + 100 + i + answers,
		                      true);
	}
	while (good && answers < ASKS * 4 && poll(fds, CONNECTIONS, 2000) > 0)
		for (int i = 0; i < CONNECTIONS && good; i++) {
			if (!fds[i].revents)
				continue;
			good = bench_read_answer(fds[i].fd) &&
			       bench_question(fds[i].fd, 0, false);
			answers++;
		}
	if (good && answers >= ASKS * 4)
		series_add(s, answers / ((double)(clock_us() - start) / 1e6));
	for (int i = 0; i < CONNECTIONS; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	return good && answers >= ASKS * 4;
}

int
bench_ask(const struct bench *b, const char *ipc)
{
	struct series *rtt =
	    series_new("us", "TCP → connmgr → elector → connmgr → TCP, %s", ipc);
	struct series *rate = series_new(
	    "1/s", "  questions answered, %d connections, %s", CONNECTIONS, ipc);
	struct lab *l = bench_ensemble(b, ipc, 1, NULL);
	int fd = l ? bench_connect(l, 1, "election_port") : -1;
	bool good = fd >= 0 && one_after_the_other(fd, ((int64_t)1 << 60) + 1, rtt) &&
	            side_by_side(l, 1, rate);

	if (fd >= 0)
		close(fd);
	if (l)
		lab_stop_all(l, 20000);
	lab_free(l);
	series_print(rtt, stdout);
	series_print(rate, stdout);
	return good ? 0 : 1;
}

static void
echo(int fd)
{
	char packet[512];
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), 0)) > 0)
		if (send(fd, packet, (size_t)n, 0) != n)
			break;
	_exit(0);
}

int
bench_echo(const struct bench *b)
{
	struct series *s =
	    series_new("us", "a bare Unix-socket echo between two processes");
	char packet[256] = {0};
	int pair[2], failed = 0;
	pid_t child;

	(void)b;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 1;
	child = fork();
	if (child == 0) {
		close(pair[0]);
		echo(pair[1]);
	}
	close(pair[1]);
	for (int i = 0; i < ASKS && !failed; i++) {
		uint64_t start = clock_us();

		failed = send(pair[0], packet, sizeof(packet), 0) != sizeof(packet) ||
		         recv(pair[0], packet, sizeof(packet), 0) != sizeof(packet);
		series_add(s, (double)(clock_us() - start));
	}
	close(pair[0]);
	waitpid(child, NULL, 0);
	series_print(s, stdout);
	return failed;
}
