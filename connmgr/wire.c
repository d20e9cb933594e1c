/* See wire.h. It reads once for each wake-up: the loop is level-triggered, so the other
 * connections get their turn. */
#include "connmgr/wire.h"

#include "wire/hello.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A frame costs about as much as a hundred of its bytes, and may have one byte: who sends
 * as fast as it can keeps the loop for a few milliseconds each time. */
#define READ_BUDGET 4096

struct wire {
	sd_event *loop;
	const struct wire_ops *ops;
	void *user;
	uint64_t *large;
	bool guest;
	bool patient;  /* the hello waits for the first frame */
	bool stuck;    /* the stream took less than there was: waits for room */
	unsigned turn; /* counts the connections */
	struct stream stream;
	struct outbox *outbox;
	struct frame_reader reader;
	size_t hello_len; /* 0: it was sent */
	unsigned char hello[HELLO_MAX];
};

/* Where bytes lie while they are cut into frames: one loop, so one at a time. */
static unsigned char room[READ_BUDGET];

int
wire_new(struct wire **out, sd_event *loop, enum wire_kind kind,
         const struct wire_ops *ops, void *user, uint64_t *large)
{
	struct wire *w = malloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->loop = loop;
	w->ops = ops;
	w->user = user;
	w->large = large;
	w->guest = kind == WIRE_GUEST;
	w->patient = kind == WIRE_LEARNER;
	w->hello_len = 0;
	w->stuck = false;
	w->turn = 0;
	w->stream = STREAM_NONE;
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
	stream_close(&w->stream);
	w->turn++;
	w->stuck = false;
	w->hello_len = 0;
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
	return w->stream.fd >= 0;
}

bool
wire_has_ended(const struct wire *w)
{
	return stream_has_ended(&w->stream);
}

const struct tls_engine *
wire_tls(const struct wire *w)
{
	return w->stream.tls;
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
	unsigned hear = w->guest && want ? 0 : STREAM_READ;

	if (w->stuck == want)
		return;
	w->stuck = want;
	stream_want(&w->stream, want ? hear | STREAM_WRITE : hear);
}

/* The hello, and what the outbox has for the same segment. */
static void
greet(struct wire *w)
{
	const unsigned char *data = NULL;
	size_t len = outbox_peek(w->outbox, &data);
	ssize_t n = stream_greet(&w->stream, w->hello, w->hello_len, data, len);

	w->hello_len = 0;
	if (n > 0)
		outbox_wrote(w->outbox, (size_t)n);
}

/* An end is left to the read side, which the stream wakes. */
static void
flush(struct wire *w)
{
	const unsigned char *data;
	size_t len;
	ssize_t n = 0;

	if (w->hello_len > 0 && w->patient && outbox_waiting(w->outbox) == 0)
		return;
	if (w->hello_len > 0)
		greet(w);
	while ((len = outbox_peek(w->outbox, &data)) > 0) {
		n = stream_send(&w->stream, data, len);
		if (n > 0)
			outbox_wrote(w->outbox, (size_t)n);
		if (n < (ssize_t)len)
			break;
	}
	want_write(w, len > 0 && n >= 0);
}

void
wire_feed(struct wire *w, const unsigned char *data, size_t len)
{
	const unsigned char *frame;
	unsigned turn = w->turn;
	size_t frame_len;

	/* an earlier frame may end the connection, and even begin another */
	while (w->stream.fd >= 0 && w->turn == turn) {
		switch (frame_next(&w->reader, &data, &len, &frame, &frame_len)) {
		case FRAME_MORE:
			return;
		case FRAME_READY:
			w->ops->on_frame(w->user, frame, frame_len);
			break;
		case FRAME_LARGE:
			++*w->large;
			break;
		case FRAME_BAD:
			end(w, MSG_REASON_PROTOCOL);
			return;
		}
	}
}

static void
on_ready(void *user, unsigned what)
{
	struct wire *w = user;
	enum msg_reason why;
	ssize_t n;

	if (what & STREAM_WRITE)
		flush(w);
	if (!(what & STREAM_READ))
		return;
	n = stream_recv(&w->stream, room, sizeof(room), &why);
	if (n > 0)
		wire_feed(w, room, (size_t)n);
	else if (n < 0)
		end(w, why);
}

int
wire_take(struct wire *w, struct stream *s, const void *hello, size_t hello_len)
{
	int r;

	assert(hello_len <= sizeof(w->hello));
	wire_close(w);
	w->stream = stream_take(s);
	r = stream_watch(&w->stream, w->loop, STREAM_READ, w->guest, on_ready, w);
	if (r < 0) {
		wire_close(w);
		return r;
	}
	outbox_up(w->outbox);
	if (hello_len > 0)
		memcpy(w->hello, hello, hello_len);
	w->hello_len = hello_len;
	flush(w);
	return 0;
}

enum outbox_result
wire_send(struct wire *w, const void *data, size_t len)
{
	enum outbox_result r = outbox_put(w->outbox, data, len);

	if (w->stream.fd >= 0 && r != OUTBOX_FULL && !w->stuck)
		flush(w);
	return r;
}
