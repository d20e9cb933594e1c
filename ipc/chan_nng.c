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
 * - A message of nng is at most PART_MAX bytes, so that the kernel takes a write whole or
 *   not at all. A longer one is sent in parts, and the first byte of a part says if more
 *   parts follow.
 * - A socket has one pipe in its life. A second one, or a stranger's, is closed in
 *   ADD_PRE, before nng reads from it. No pipe is closed anywhere else.
 * - To close, shut the connections in the kernel, wait until nng has ended both pipes by
 *   itself, then call nng_close (share_close).
 * - Callbacks run on nng's threads: they set a flag and write an eventfd.
 *
 * The listener's `out` is at the channel's path, and its `in` at the same with IN_SUFFIX.
 * It listens there, and sends an empty part, when `out` is up; the dialler dials the
 * second path when that part has come. So two diallers cannot get one half each. */
#include "ipc/chan_impl.h"
#include "ipc/chan_nng_share.h"
#include "ipc/msg.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PART_MAX  32000 /* with the first byte */
#define IN_SUFFIX ".i"

enum part { PART_LAST, PART_MORE }; /* the first byte */

struct chan_nng {
	struct chan base;
	struct share *share;
	char path[MSG_PATH_MAX - sizeof(IN_SUFFIX) + 1];
	/* The second half was started. */
	bool both;
	/* The parts of a message that have come; NULL: none. */
	nng_msg *begun;
	/* The last part of a message that was taken, waiting for room; NULL: none. */
	nng_msg *rest;
	sd_event_source *news;
	sd_event_source *receive;
	/* Off while there is room. */
	sd_event_source *send;
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
	nng_msg_free(c->begun);
	nng_msg_free(c->rest);
	c->begun = c->rest = NULL;
	forget_paths(c);
	share_close(c->share);
}

static nng_msg *
make_part(enum part kind, const void *data, size_t len)
{
	nng_msg *m;

	if (nng_msg_alloc(&m, len + 1) != 0)
		return NULL;
	*(unsigned char *)nng_msg_body(m) = (unsigned char)kind;
	if (len > 0)
		memcpy((unsigned char *)nng_msg_body(m) + 1, data, len);
	return m;
}

/* 0: nng has the part. CHAN_FULL: the part is still the caller's, and on_room will run.
 * Else -errno, and the part is freed. */
static int
offer(struct chan_nng *c, nng_msg *part)
{
	int rv = part ? share_send(c->share, part) : NNG_ENOMEM;

	if (rv == 0)
		return 0;
	if (rv == NNG_ETIMEDOUT) {
		sd_event_source_set_enabled(c->send, SD_EVENT_ON);
		return CHAN_FULL;
	}
	nng_msg_free(part);
	return share_error(rv);
}

/* The rest of the last message goes before the next one. */
static int
flush(struct chan_nng *c)
{
	int r = c->rest ? offer(c, c->rest) : 0;

	if (r != CHAN_FULL)
		c->rest = NULL;
	return r;
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
nng_end_send(struct chan *base, const void *data, size_t len)
{
	struct chan_nng *c = (struct chan_nng *)base;
	size_t first = len < PART_MAX ? len : PART_MAX - 1;
	nng_msg *part;
	int r;

	if (c->share->out.down)
		return -ENOTCONN; /* nng would take the message and keep it */
	r = flush(c);
	if (r != 0)
		return r;
	part = make_part(first < len ? PART_MORE : PART_LAST, data, first);
	r = offer(c, part);
	if (r == CHAN_FULL)
		nng_msg_free(part);
	if (r != 0 || first == len)
		return r;
	c->rest = make_part(PART_LAST, (const char *)data + first, len - first);
	r = c->rest ? flush(c) : -ENOMEM;
	return r == CHAN_FULL ? 0 : r;
}

/* Removes the address, since nobody else is to come. */
static void
report_up(struct chan_nng *c)
{
	if (c->base.state == CHAN_WAITING)
		forget_paths(c);
	chan_report_up(&c->base);
}

static void
start_second_half(struct chan_nng *c)
{
	struct share *share = c->share;

	c->both = true;
	if (half_start(share->dials ? &share->out : &share->in, c->path, IN_SUFFIX) < 0 ||
	    (!share->dials && offer(c, make_part(PART_LAST, NULL, 0)) != 0))
		chan_report_down(&c->base, "nng does not open the second socket");
}

/* Takes `part`, which is neither empty nor too long. */
static void
join(struct chan_nng *c, nng_msg *part)
{
	bool more = *(unsigned char *)nng_msg_body(part) == PART_MORE;
	nng_msg *whole = c->begun ? c->begun : part;

	nng_msg_trim(part, 1);
	if (whole != part) {
		int rv = nng_msg_append(whole, nng_msg_body(part), nng_msg_len(part));

		nng_msg_free(part);
		if (rv != 0) {
			chan_report_down(&c->base, nng_strerror(rv));
			return;
		}
	}
	c->begun = more ? whole : NULL;
	if (more)
		return;
	chan_report_message(&c->base, nng_msg_body(whole), nng_msg_len(whole));
	nng_msg_free(whole);
}

/* Takes `part`. */
static void
take_part(struct chan_nng *c, nng_msg *part)
{
	size_t had = c->begun ? nng_msg_len(c->begun) : 0, len = nng_msg_len(part);

	if (len == 0 || had + len - 1 > MSG_MAX)
		chan_report_down(&c->base, len ? "a message too long" : "an empty part");
	else if (!c->both)
		start_second_half(c); /* the listener is ready for it */
	else
		report_up(c); /* a message may overtake the news of its pipe */
	if (c->base.state == CHAN_UP)
		join(c, part);
	else
		nng_msg_free(part);
}

/* False when there is no more for now, or no channel. */
static bool
take_one(struct chan_nng *c)
{
	nng_msg *part;
	int rv = share_receive(c->share, &part);

	if (rv == NNG_ETIMEDOUT)
		return false;
	if (rv != 0)
		chan_report_down(&c->base, nng_strerror(rv));
	else
		take_part(c, part);
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
	for (unsigned i = 0; i < CHAN_BATCH && c->base.state != CHAN_DOWN; i++)
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
    .close = nng_end_close,
};
