/* connmgr's descriptors, over net.c: dialling, greeting, one connection in use. As
 * connmgr's dial.c, greet.c and wire.c have it, with their outbox, frames and hellos. */
#include "connmgr/wire.h"

#include "connmgr/dial.h"
#include "connmgr/greet.h"
#include "tests/sim/net.h"
#include "wire/hello.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wire {
	const struct wire_ops *ops;
	void *user;
	int fd; /* -1: none */
	bool stuck;
	struct outbox *outbox;
	struct frame_reader reader;
};

struct greet {
	struct proc *proc;
	enum msg_lane lane;
	const struct greet_ops *ops;
	void *user;
	struct greet_listener shown;
	uint64_t due_ms; /* of the next try, while it is not open */
};

#define REBIND_MS 200

/* ---- dialling ---- */

static void
on_stands(void *user)
{
	struct dial *d = user;

	d->ops->on_stands(d->user);
}

static void
on_nothing(void *user, int fd, const unsigned char *data, size_t len)
{
	(void)user; /* who is nudged says nothing */
	(void)fd;
	(void)data;
	(void)len;
}

static void
on_no_room(void *user)
{
	(void)user;
}

static void
on_dial_end(void *user, enum msg_reason reason)
{
	struct dial *d = user;
	bool nudging = d->nudging;

	d->fd = -1;
	d->nudging = false;
	if (nudging)
		d->ops->on_closed(d->user, reason);
	else
		d->ops->on_failed(d->user, reason == MSG_REASON_RESET ? MSG_REASON_REFUSED
		                                                      : reason);
}

static const struct net_ops dial_net = {on_stands, on_nothing, on_no_room, on_dial_end};

void
dial_init(struct dial *d, sd_event *loop, struct resolver *resolver,
          const struct conf *conf, const struct dial_ops *ops, void *user)
{
	*d = (struct dial){.loop = loop,
	                   .resolver = resolver,
	                   .conf = conf,
	                   .ops = ops,
	                   .user = user,
	                   .fd = -1};
}

void
dial_cancel(struct dial *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	d->nudging = false;
}

/* host: 10.0.0.ID */
void
dial_start(struct dial *d, const char *host, uint16_t port)
{
	unsigned to = (unsigned)atoi(strrchr(host, '.') + 1) - 1;

	dial_cancel(d);
	d->fd = net_dial(d->loop->proc, to,
	                 port == d->conf->servers[to].election_port ? MSG_LANE_ELECTION
	                                                            : MSG_LANE_LEARNER,
	                 &dial_net, d);
}

void
dial_nudge(struct dial *d, const void *hello, size_t len)
{
	d->nudging = true;
	net_write(d->fd, hello, len);
}

int
dial_take(struct dial *d)
{
	int fd = d->fd;

	d->fd = -1;
	d->nudging = false;
	return fd;
}

/* ---- greeting ---- */

static void
on_hello(void *user, int fd, const unsigned char *data, size_t len)
{
	static struct hello hello;
	struct greet *g = user;
	size_t used;

	if (hello_decode(data, len, &hello, &used) == HELLO_OK)
		g->ops->on_greeted(g->user, hello.sid, fd, data + used, len - used);
	else
		close(fd);
}

static void
on_stranger_end(void *user, enum msg_reason reason)
{
	(void)user;
	(void)reason;
}

/* without an on_room: net.c closes it by and by */
static const struct net_ops greet_net = {NULL, on_hello, NULL, on_stranger_end};

static void
try_listen(struct greet *g)
{
	bool taken =
	    g->lane == MSG_LANE_LEARNER && sim.servers[g->proc->server].port_taken;

	g->shown.open = !taken;
	g->shown.reason = taken ? "taken" : "";
	g->due_ms = taken ? sim.now_us / 1000 + REBIND_MS : UINT64_MAX;
	if (!taken)
		net_listen(g->proc, g->lane, &greet_net, g);
}

int
greet_new(struct greet **out, sd_event *loop, struct resolver *resolver,
          const struct conf *conf, const char *name, uint16_t port, unsigned max,
          const struct greet_ops *ops, void *user)
{
	struct greet *g = malloc(sizeof(*g));

	(void)resolver;
	(void)name;
	(void)max;
	if (!g)
		return -ENOMEM;
	*g = (struct greet){.proc = loop->proc, .ops = ops, .user = user};
	g->lane =
	    port == conf->self->election_port ? MSG_LANE_ELECTION : MSG_LANE_LEARNER;
	snprintf(g->shown.text, sizeof(g->shown.text), "%.40s:%u", conf->self->host,
	         port);
	try_listen(g);
	*out = g;
	return 0;
}

void
greet_free(struct greet *g)
{
	if (g)
		net_unlisten(g->proc, g->lane);
	free(g);
}

uint64_t
greet_due_ms(const struct greet *g)
{
	return g->due_ms;
}

void
greet_on_due(struct greet *g, uint64_t now_ms)
{
	if (now_ms >= g->due_ms)
		try_listen(g);
}

bool
greet_addresses(const struct greet *g, char *out, size_t cap)
{
	return snprintf(out, cap, "%s", g->shown.text) < (int)cap;
}

unsigned
greet_pending(const struct greet *g)
{
	(void)g;
	return 0;
}

unsigned
greet_listeners(const struct greet *g, const struct greet_listener **list)
{
	*list = &g->shown;
	return 1;
}

struct greet_counters
greet_counters(const struct greet *g)
{
	(void)g;
	return (struct greet_counters){0};
}

/* ---- names and addresses: there are none to look up ---- */

int
resolve_new(struct resolver **out, sd_event *loop)
{
	(void)loop;
	*out = NULL;
	return 0;
}

void
resolve_free(struct resolver *r)
{
	(void)r;
}

unsigned
sock_greetings_max(const struct conf *c)
{
	return c->links.handshakes_max;
}

void
sock_text(const struct sock_address *a, char out[SOCK_TEXT_MAX])
{
	(void)a;
	*out = '\0';
}

int
sock_own_address(int fd, uint16_t port, struct sock_address *out)
{
	(void)fd;
	(void)port;
	(void)out;
	return -ENOTSUP;
}

/* ---- one connection in use ---- */

static void
on_data(void *user, int fd, const unsigned char *data, size_t len)
{
	(void)fd;
	wire_feed(user, data, len);
}

static void
flush(struct wire *w)
{
	const unsigned char *data;
	size_t len;

	w->stuck = false;
	while (w->fd >= 0 && !w->stuck && (len = outbox_peek(w->outbox, &data)) > 0) {
		w->stuck = !net_write(w->fd, data, len);
		if (!w->stuck)
			outbox_wrote(w->outbox, len);
	}
}

static void
on_room(void *user)
{
	flush(user);
}

static void
forget_connection(struct wire *w)
{
	w->fd = -1;
	w->stuck = false;
	frame_reset(&w->reader);
	outbox_down(w->outbox);
}

static void
on_end(void *user, enum msg_reason reason)
{
	struct wire *w = user;

	forget_connection(w);
	w->ops->on_closed(w->user, reason);
}

static const struct net_ops wire_net = {NULL, on_data, on_room, on_end};

int
wire_new(struct wire **out, sd_event *loop, enum wire_kind kind,
         const struct wire_ops *ops, void *user)
{
	struct wire *w = malloc(sizeof(*w));

	(void)loop;
	if (!w)
		return -ENOMEM;
	w->ops = ops;
	w->user = user;
	w->outbox = outbox_new(kind == WIRE_LEARNER ? OUTBOX_FIFO : OUTBOX_NEWEST);
	if (!w->outbox) {
		free(w);
		return -ENOMEM;
	}
	forget_connection(w);
	*out = w;
	return 0;
}

void
wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	forget_connection(w);
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
			wire_close(w);
			w->ops->on_closed(w->user, MSG_REASON_PROTOCOL);
			return;
		}
	}
}

/* The initial message and the first frame in one piece. */
static void
greet(struct wire *w, const void *hello, size_t hello_len)
{
	unsigned char piece[HELLO_MAX + 4096];
	const unsigned char *data;
	size_t len = outbox_peek(w->outbox, &data);

	if (len > sizeof(piece) - hello_len)
		len = 0;
	memcpy(piece, hello, hello_len);
	if (len > 0)
		memcpy(piece + hello_len, data, len);
	net_write(w->fd, piece, hello_len + len);
	outbox_wrote(w->outbox, len);
}

int
wire_take(struct wire *w, int fd, const void *hello, size_t hello_len)
{
	wire_close(w);
	w->fd = fd;
	net_take(fd, &wire_net, w);
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
