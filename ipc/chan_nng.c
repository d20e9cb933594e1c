/* A channel over nng: two pair1 sockets, one a direction. With chan_nng_share.c the only
 * place that knows nng.
 *
 * nng 1.5.2, Debian's, may never return from nng_close: when a pipe is closed while the
 * header of a message has arrived and its body has not been asked for, or while a write
 * is partial, one operation stays busy, nng's only reaper thread waits for it, and every
 * later close and every later end of a pipe in the process waits for the reaper. Sending
 * to a dead process closes a pipe, too. These rules keep clear of that:
 *
 * - Nothing is sent on `in`, and the other side sends nothing on our `out`. So only the
 *   kernel's end of file ends the pipe of `in`, and no header arrives on `out`.
 * - A message of nng is at most BATCH_MAX bytes, so that the kernel takes a write whole
 *   or not at all. A longer message of ours is sent in pieces.
 * - A socket has one pipe in its life. A second one, or a stranger's, is closed in
 *   ADD_PRE, before nng reads from it. No pipe is closed anywhere else.
 * - To close, shut the connections in the kernel, wait until nng has ended both pipes by
 *   itself, then call nng_close (share_close).
 * - Callbacks run on nng's threads: they set a flag and write an eventfd.
 *
 * A message of nng wakes some five threads on its way, so what is sent within one turn of
 * the loop goes as one: a batch. It is a series of pieces, each a message of ours or part
 * of one, behind a u32 that holds its length, and MORE if the message goes on. A batch
 * has few pieces, so that no flood keeps the receiver in one turn of its loop.
 *
 * The listener's `out` is at the channel's path, and its `in` at the same with IN_SUFFIX.
 * It listens there, and sends an empty batch, when `out` is up; the dialler dials the
 * second path when that batch has come. So two diallers cannot get one half each. */
#include "ipc/chan_impl.h"
#include "ipc/chan_nng_share.h"
#include "ipc/msg.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BATCH_MAX 32000
#define HEAD_SIZE 4 /* in front of each piece */
#define PIECES    16
#define MORE      (UINT32_C(1) << 31)
#define IN_SUFFIX ".i"

_Static_assert(MSG_MAX <= 2 * (BATCH_MAX - HEAD_SIZE),
               "a message has at most two pieces");

struct chan_nng {
	struct chan base;
	struct share *share;
	char path[MSG_PATH_MAX - sizeof(IN_SUFFIX) + 1];
	/* The second half was started. */
	bool both;
	/* The pieces that have come of a message that goes on; NULL: none. */
	nng_msg *begun;
	/* The batch that nng had no room for, and the one that is being filled, which
	 * goes next; NULL: none. */
	nng_msg *rest;
	nng_msg *batch;
	unsigned pieces; /* in `batch` */
	sd_event_source *news;
	sd_event_source *receive;
	/* Off while there is room. */
	sd_event_source *send;
	/* On while `batch` is to be sent in this turn. */
	sd_event_source *turn;
};

static void
forget_paths(struct chan_nng *c)
{
	if (c->share->dials)
		return;
	unlink(c->share->out.path);
	unlink(c->share->in.path);
}

static void
nng_end_close(struct chan *base)
{
	struct chan_nng *c = (struct chan_nng *)base;

	c->news = sd_event_source_disable_unref(c->news);
	c->receive = sd_event_source_disable_unref(c->receive);
	c->send = sd_event_source_disable_unref(c->send);
	c->turn = sd_event_source_disable_unref(c->turn);
	nng_msg_free(c->begun);
	nng_msg_free(c->rest);
	nng_msg_free(c->batch);
	c->begun = c->rest = c->batch = NULL;
	forget_paths(c);
	share_close(c->share);
}

/* 0: nng has the batch. CHAN_FULL: the batch is still the caller's, and on_room will run.
 * Else -errno, and the batch is freed. */
static int
offer(struct chan_nng *c, nng_msg *batch)
{
	int rv = share_send(c->share, batch);

	if (rv == 0)
		return 0;
	if (rv == NNG_ETIMEDOUT) {
		sd_event_source_set_enabled(c->send, SD_EVENT_ON);
		return CHAN_FULL;
	}
	nng_msg_free(batch);
	return share_error(rv);
}

/* Sends what waits, as far as nng has room. CHAN_FULL: `rest` still waits. */
static int
flush(struct chan_nng *c)
{
	while (c->rest || c->batch) {
		nng_msg *next = c->rest ? c->rest : c->batch;
		int r;

		if (!c->rest)
			c->batch = NULL;
		r = offer(c, next);
		c->rest = r == CHAN_FULL ? next : NULL;
		if (r != 0)
			return r;
	}
	return 0;
}

static int
on_room(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_nng *c = user;

	(void)fd;
	(void)events;
	c->base.refs++;
	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	if (flush(c) != CHAN_FULL)
		chan_report_writable(&c->base); /* an error shows in the next send */
	chan_unref(&c->base);
	return 0;
}

static int
on_turn(sd_event_source *s, void *user)
{
	struct chan_nng *c = user;

	(void)s;
	c->base.refs++;
	if (!c->rest && flush(c) < 0)
		chan_report_down(&c->base, "nng does not send");
	chan_unref(&c->base);
	return 0;
}

static size_t
room(const struct chan_nng *c)
{
	size_t used = HEAD_SIZE + (c->batch ? nng_msg_len(c->batch) : 0);

	return used < BATCH_MAX && (!c->batch || c->pieces < PIECES) ? BATCH_MAX - used
	                                                             : 0;
}

/* Adds a piece for which there is room. */
static int
add_piece(struct chan_nng *c, const void *data, size_t len, bool more)
{
	if (!c->batch) {
		c->pieces = 0;
		if (nng_msg_alloc(&c->batch, 0) != 0)
			return -ENOMEM;
	}
	c->pieces++;
	sd_event_source_set_enabled(c->turn, SD_EVENT_ONESHOT);
	if (nng_msg_append_u32(c->batch, (uint32_t)len | (more ? MORE : 0)) != 0 ||
	    nng_msg_append(c->batch, data, len) != 0)
		return -ENOMEM;
	return 0;
}

static int
nng_end_send(struct chan *base, const void *data, size_t len)
{
	struct chan_nng *c = (struct chan_nng *)base;
	size_t first = 0;
	int r = 0;

	if (c->share->out.down)
		return -ENOTCONN; /* nng would take the message and keep it */
	if (c->rest || len > room(c))
		r = flush(c);
	if (r != 0)
		return r;
	if (len > room(c)) {
		first = room(c);
		r = add_piece(c, data, first, true);
		if (r == 0 && (r = flush(c)) == CHAN_FULL)
			r = 0; /* the second piece goes behind the rest */
	}
	return r < 0 ? r : add_piece(c, (const char *)data + first, len - first, false);
}

/* An error comes with the end of the pipe, which on_news reports. */
static void
nng_end_flush(struct chan *base)
{
	struct chan_nng *c = (struct chan_nng *)base;

	if (!c->rest)
		(void)flush(c);
}

/* Removes the address, since nobody else is to come. */
static void
report_up(struct chan_nng *c)
{
	if (c->base.state == CHAN_WAITING)
		forget_paths(c);
	chan_report_up(&c->base);
}

static int
send_empty(struct chan_nng *c)
{
	nng_msg *empty;

	return nng_msg_alloc(&empty, 0) == 0 ? offer(c, empty) : -ENOMEM;
}

static void
start_second_half(struct chan_nng *c)
{
	struct share *share = c->share;

	c->both = true;
	if (half_start(share->dials ? &share->out : &share->in, c->path, IN_SUFFIX) < 0 ||
	    (!share->dials && send_empty(c) != 0))
		chan_report_down(&c->base, "nng does not open the second socket");
}

/* Takes the first piece off the batch. */
static void
take_piece(struct chan_nng *c, nng_msg *batch)
{
	size_t had = c->begun ? nng_msg_len(c->begun) : 0;
	uint32_t head;
	size_t len;

	if (nng_msg_trim_u32(batch, &head) != 0 ||
	    (len = head & ~MORE) > nng_msg_len(batch) || len == 0 ||
	    had + len > MSG_MAX) {
		chan_report_down(&c->base, "a piece of a wrong length");
		return;
	}
	if (!c->begun && !(head & MORE)) {
		chan_report_message(&c->base, nng_msg_body(batch), len);
	} else if ((!c->begun && nng_msg_alloc(&c->begun, 0) != 0) ||
	           nng_msg_append(c->begun, nng_msg_body(batch), len) != 0) {
		chan_report_down(&c->base, "out of memory");
	} else if (!(head & MORE)) {
		nng_msg *whole = c->begun;

		c->begun = NULL;
		chan_report_message(&c->base, nng_msg_body(whole), nng_msg_len(whole));
		nng_msg_free(whole);
	}
	nng_msg_trim(batch, len);
}

/* Takes `batch`. */
static void
take_batch(struct chan_nng *c, nng_msg *batch)
{
	bool empty = nng_msg_len(batch) == 0;
	unsigned pieces = 0;

	if (empty && c->both)
		chan_report_down(&c->base, "an empty batch");
	else if (!c->both)
		start_second_half(c); /* the listener is ready for it */
	else
		report_up(c); /* a message may overtake the news of its pipe */
	while (c->base.state == CHAN_UP && nng_msg_len(batch) > 0 && pieces++ < PIECES)
		take_piece(c, batch);
	if (c->base.state == CHAN_UP && nng_msg_len(batch) > 0)
		chan_report_down(&c->base, "a batch of too many pieces");
	nng_msg_free(batch);
}

/* False when there is no more for now, or no channel. */
static bool
take_one(struct chan_nng *c)
{
	nng_msg *batch;
	int rv = share_receive(c->share, &batch);

	if (rv == NNG_ETIMEDOUT)
		return false;
	if (rv != 0)
		chan_report_down(&c->base, nng_strerror(rv));
	else
		take_batch(c, batch);
	return c->base.state != CHAN_DOWN;
}

static int
on_receive(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_nng *c = user;

	(void)s;
	(void)fd;
	(void)events;
	c->base.refs++;
	for (unsigned i = 0; i < CHAN_BATCH / PIECES && c->base.state != CHAN_DOWN; i++)
		if (!take_one(c))
			break;
	chan_unref(&c->base);
	return 0;
}

static void
take_news(struct chan_nng *c)
{
	struct share *share = c->share;
	bool out_up = share->out.up, out_down = share->out.down, end = share->in.down;

	if (out_up && share->in.up)
		report_up(c);
	else if (out_up && !c->both)
		start_second_half(c);
	/* what it sent before its end goes first; nothing is added to that any more */
	while (end && c->base.state != CHAN_DOWN && take_one(c))
		;
	if (end || (out_down && c->base.state == CHAN_WAITING))
		chan_report_down(&c->base, "closed by the other side");
	else if (out_down && c->base.state == CHAN_UP)
		half_shut(&share->in); /* nng reads what was sent before it ends */
}

static int
on_news(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_nng *c = user;
	uint64_t count;

	(void)s;
	(void)events;
	/* before the flags, so that none is missed */
	(void)!read(fd, &count, sizeof(count));
	c->base.refs++;
	take_news(c);
	chan_unref(&c->base);
	return 0;
}

/* The descriptor of RECVFD and that of SENDFD become readable: when one can receive, and
 * when one can send. */
static int
watch(struct chan_nng *c, nng_socket socket, const char *option, sd_event_source **out,
      sd_event_io_handler_t handler)
{
	int fd, rv = nng_socket_get_int(socket, option, &fd);

	return rv ? share_error(rv)
	          : sd_event_add_io(c->base.loop, out, fd, EPOLLIN, handler, c);
}

static int
nng_end_open(struct chan *base, const char *path, bool listen)
{
	struct chan_nng *c = (struct chan_nng *)base;
	int r;

	if (strlen(path) >= sizeof(c->path))
		return -ENAMETOOLONG;
	strcpy(c->path, path);
	r = share_open(&c->share, !listen, base->far);
	if (r < 0)
		return r;
	if ((r = watch(c, c->share->in.socket, NNG_OPT_RECVFD, &c->receive, on_receive)) <
	        0 ||
	    (r = watch(c, c->share->out.socket, NNG_OPT_SENDFD, &c->send, on_room)) < 0 ||
	    (r = sd_event_add_io(base->loop, &c->news, c->share->wake, EPOLLIN, on_news,
	                         c)) < 0 ||
	    (r = sd_event_add_defer(base->loop, &c->turn, on_turn, c)) < 0 ||
	    (r = sd_event_source_set_priority(c->turn, SD_EVENT_PRIORITY_IMPORTANT)) <
	        0 ||
	    (r = sd_event_source_set_enabled(c->turn, SD_EVENT_OFF)) < 0 ||
	    (r = half_start(listen ? &c->share->out : &c->share->in, path, "")) < 0) {
		nng_end_close(base);
		return r;
	}
	return 0;
}

const struct chan_type chan_nng_type = {
    .size = sizeof(struct chan_nng),
    .open = nng_end_open,
    .send = nng_end_send,
    .flush = nng_end_flush,
    .close = nng_end_close,
};
