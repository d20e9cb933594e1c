/* Asks whether this server leads (conclave.h), by a connection of its own. */
#include "lib/answer.h"
#include "lib/handle.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define ANSWER_CAP 512
#define MS         UINT64_C(1000000)
/* a poll does not count the time while the machine is suspended */
#define POLL_MAX (1000 * MS)

static int
take_confirmed(int conn, uint64_t due_ns)
{
	struct pollfd fds = {.fd = conn, .events = POLLIN};
	char text[ANSWER_CAP];
	bool leads;
	int fd = -1, r;

	for (;;) {
		uint64_t now_ns = knock_now_ns(), left;

		r = knock_take(conn, text, sizeof(text), &fd);
		if (fd >= 0)
			close(fd);
		if (r == 0)
			return answer_bool(text, "leads", &leads) ? leads : -EAGAIN;
		if (r != -EAGAIN)
			return r;
		if (now_ns >= due_ns)
			return -ETIMEDOUT;
		left = due_ns - now_ns < POLL_MAX ? due_ns - now_ns : POLL_MAX;
		if (poll(&fds, 1, (int)((left + MS - 1) / MS)) < 0)
			return -errno;
	}
}

int
conclave_confirm(struct conclave *c, int timeout_ms)
{
	int conn, r;

	if (!term_is_ours(&c->term))
		return -ECHILD;
	conn = knock(&c->path, "confirm", -1);
	if (conn < 0)
		return conn;
	r = take_confirmed(conn, timeout_ms < 0
	                             ? UINT64_MAX
	                             : knock_now_ns() + (uint64_t)timeout_ms * MS);
	close(conn);
	return r;
}
