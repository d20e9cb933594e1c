/* Reading and writing one connection; see wire.h. One recv for each wake-up: the loop is
 * level-triggered, so the others get their turn. */
#include "connmgr/wire.h"

#include "connmgr/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BUDGET    65536
#define GUEST_BUDGET   4096
#define GUEST_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

struct wire {
	sd_event *loop;
	const struct wire_ops *ops;
	void *user;
	bool guest;
	int fd; /* -1: none */
	sd_event_source *source;
	bool stuck; /* the socket took less than there was: EPOLLOUT is asked for */
	struct outbox *outbox;
	struct frame_reader reader;
};

/* Where bytes lie while they are cut into frames: one loop, so one at a time. */
static unsigned char room[READ_BUDGET];

int
wire_new(struct wire **out, sd_event *loop, enum wire_kind kind,
         const struct wire_ops *ops, void *user)
{
	struct wire *w = malloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->loop = loop;
	w->ops = ops;
	w->user = user;
	w->guest = kind == WIRE_GUEST;
	w->fd = -1;
	w->source = NULL;
	w->stuck = false;
	frame_reset(&w->reader);
	w->outbox = outbox_new(kind == WIRE_LEARNER ? OUTBOX_FIFO : OUTBOX_NEWEST);
	if (!w->outbox) {
		free(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

void
wire_close(struct wire *w)
{
	w->source = sd_event_source_disable_unref(w->source);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->stuck = false;
	frame_reset(&w->reader);
	outbox_down(w->outbox);
}

void
wire_forget(struct wire *w)
{
	wire_close(w);
	outbox_clear(w->outbox);
}

void
wire_free(struct wire *w)
{
	if (!w)
		return;
	wire_close(w);
	outbox_free(w->outbox);
	free(w);
}

bool
wire_is_up(const struct wire *w)
{
	return w->fd >= 0;
}

size_t
wire_waiting(const struct wire *w)
{
	return outbox_waiting(w->outbox);
}

static void
end(struct wire *w, enum msg_reason reason)
{
	wire_close(w);
	w->ops->on_closed(w->user, reason);
}

static void
want_write(struct wire *w, bool want)
{
	uint32_t hear = w->guest && want ? 0 : EPOLLIN;

	if (w->stuck == want)
		return;
	w->stuck = want;
	/* only changes a source that exists: it does not fail */
	(void)sd_event_source_set_io_events(w->source, want ? hear | EPOLLOUT : hear);
}

/* An error of a write is left to the read side: the socket wakes us with it. */
static void
flush(struct wire *w)
{
	const unsigned char *data;
	size_t len;

	while ((len = outbox_peek(w->outbox, &data)) > 0) {
		ssize_t n = send(w->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			want_write(w, errno == EAGAIN);
			return;
		}
		outbox_wrote(w->outbox, (size_t)n);
		if ((size_t)n < len) {
			want_write(w, true);
			return;
		}
	}
	want_write(w, false);
}

void
wire_feed(struct wire *w, const unsigned char *data, size_t len)
{
	const unsigned char *frame;
	size_t frame_len;

	while (w->fd >= 0) {
		switch (frame_next(&w->reader, &data, &len, &frame, &frame_len)) {
		case FRAME_MORE:
			return;
		case FRAME_READY:
			w->ops->on_frame(w->user, frame, frame_len);
			break;
		case FRAME_LARGE:
			w->ops->on_large(w->user);
			break;
		case FRAME_BAD:
			end(w, MSG_REASON_PROTOCOL);
			return;
		}
	}
}

static void
hear(struct wire *w)
{
	size_t budget = w->guest ? GUEST_BUDGET : READ_BUDGET;
	ssize_t n = recv(w->fd, room, budget, MSG_DONTWAIT);

	if (n > 0)
		wire_feed(w, room, (size_t)n);
	else if (n == 0)
		end(w, MSG_REASON_EOF);
	else if (errno != EAGAIN && errno != EINTR)
		end(w, sock_end_reason(errno));
}

static int
on_io(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct wire *w = user;

	(void)s;
	(void)fd;
	if (events & EPOLLOUT)
		flush(w);
	if (events & ~(uint32_t)EPOLLOUT)
		hear(w);
	return 0;
}

/* The initial message must leave whole: ZooKeeper reads its address in one go. A new
 * socket has room for it; one that does not take it is shut, and ends by the read side.
 */
static void
greet(struct wire *w, const void *hello, size_t hello_len)
{
	const unsigned char *data = NULL;
	size_t len = outbox_peek(w->outbox, &data);
	struct iovec parts[] = {{.iov_base = (void *)hello, .iov_len = hello_len},
	                        {.iov_base = (void *)data, .iov_len = len}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1};
	ssize_t n = sendmsg(w->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < (ssize_t)hello_len)
		shutdown(w->fd, SHUT_RDWR);
	else
		outbox_wrote(w->outbox, (size_t)n - hello_len);
}

int
wire_take(struct wire *w, int fd, const void *hello, size_t hello_len)
{
	int r;

	wire_close(w);
	w->fd = fd;
	r = sd_event_add_io(w->loop, &w->source, fd, EPOLLIN, on_io, w);
	if (r >= 0 && w->guest)
		r = sd_event_source_set_priority(w->source, GUEST_PRIORITY);
	if (r < 0) {
		wire_close(w);
		return r;
	}
	outbox_up(w->outbox);
	if (hello_len > 0)
		greet(w, hello, hello_len);
	flush(w);
	return 0;
}

enum outbox_result
wire_send(struct wire *w, const void *data, size_t len)
{
	enum outbox_result r = outbox_put(w->outbox, data, len);

	if (w->fd >= 0 && r != OUTBOX_FULL && !w->stuck)
		flush(w);
	return r;
}
