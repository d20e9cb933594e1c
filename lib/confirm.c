/* Asks whether this server leads (conclave.h), by a connection of its own. */
#include "lib/answer.h"
#include "lib/handle.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define ANSWER_CAP 512

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
		left = knock_nap_ns(due_ns - now_ns);
		if (poll(&fds, 1, (int)((left + KNOCK_MS - 1) / KNOCK_MS)) < 0)
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
	r = take_confirmed(conn, knock_due_ns(timeout_ms));
	close(conn);
	return r;
}
