/* connmgr/stream.h over the simulated TCP of net.c. A descriptor is one end of a
 * connection. */
#include "connmgr/stream.h"

#include "tests/sim/net.h"
#include "wire/hello.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct conn *
conn_of(int fd)
{
	assert(fd >= SIM_NET_FD && fd < SIM_NET_FD + 2 * NET_CONNS_MAX);
	return &net_conns[(fd - SIM_NET_FD) / 2];
}

static unsigned
side_of(int fd)
{
	return (unsigned)(fd - SIM_NET_FD) % 2;
}

static struct end *
end_of(int fd)
{
	return &conn_of(fd)->ends[side_of(fd)];
}

static int
fd_of(const struct conn *c, unsigned side)
{
	return SIM_NET_FD + 2 * (int)(c - net_conns) + (int)side;
}

static enum msg_lane
lane_at(const struct address *a, unsigned *server)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->any;

	*server = (ntohl(v4->sin_addr.s_addr) & 0xff) - 1; /* 10.0.0.ID */
	return address_port(a) == SIM_ELECTION_PORT ? MSG_LANE_ELECTION
	                                            : MSG_LANE_LEARNER;
}

int
stream_connect(struct stream *s, const struct address *a, const struct conf *c)
{
	unsigned server;
	enum msg_lane lane = lane_at(a, &server);

	(void)c;
	*s = STREAM_NONE;
	if (server >= sim.count) /* an address that nobody knows */
		return -EHOSTUNREACH;
	s->fd = fd_of(net_dial(sim.running, server, lane), 0);
	return 0;
}

/* No server of the simulation has TLS. */
void
stream_secure(struct stream *s, struct tls_engine *tls)
{
	(void)s;
	assert(!tls);
}

int
stream_first_byte(const struct stream *s)
{
	(void)s;
	return -EAGAIN;
}

bool
stream_is_stranger(const struct stream *s)
{
	(void)s;
	return false;
}

int
stream_stands(struct stream *s)
{
	const struct end *e = end_of(s->fd);

	if (e->ended != MSG_REASON_NONE)
		return e->ended == MSG_REASON_TIMEOUT ? -ETIMEDOUT : -ECONNREFUSED;
	return e->stands ? 0 : -EINPROGRESS;
}

enum msg_reason
stream_refusal(int error)
{
	return error == -ETIMEDOUT ? MSG_REASON_TIMEOUT : MSG_REASON_REFUSED;
}

void
stream_want(struct stream *s, unsigned what)
{
	struct conn *c = conn_of(s->fd);
	struct end *e = end_of(s->fd);

	e->want = what;
	if (net_ready(c, side_of(s->fd)))
		sim_put(sim.now_us, e->proc, net_wake, c, c->serial)->arg =
		    side_of(s->fd);
}

int
stream_watch(struct stream *s, sd_event *loop, unsigned what, bool late,
             void (*on_ready)(void *user, unsigned what), void *user)
{
	struct end *e = end_of(s->fd);

	(void)loop;
	(void)late;
	e->on_ready = on_ready;
	e->user = user;
	stream_want(s, what);
	return 0;
}

ssize_t
stream_recv(struct stream *s, void *data, size_t cap, enum msg_reason *why)
{
	struct end *e = end_of(s->fd);
	struct segment *first = e->inbox.first;
	size_t n;

	if (!first) {
		*why = e->ended;
		return e->ended == MSG_REASON_NONE ? 0 : -1;
	}
	n = first->len - e->read < cap ? first->len - e->read : cap;
	if (n > 1 && sim_chance(20)) /* the rest comes with the next read */
		n = 1 + sim_random(n - 1);
	memcpy(data, first->data + e->read, n);
	e->read += n;
	if (e->read == first->len) {
		free(net_unlink_first(&e->inbox));
		e->read = 0;
	}
	return (ssize_t)n;
}

/* Now and then it takes a part only. */
ssize_t
stream_send(struct stream *s, const void *data, size_t len)
{
	struct conn *c = conn_of(s->fd);
	unsigned side = side_of(s->fd);
	struct end *e = &c->ends[side];

	if (e->ended != MSG_REASON_NONE && e->ended != MSG_REASON_EOF)
		return -1;
	e->stuck = c->ends[!side].way.count >= NET_WINDOW;
	if (e->stuck)
		return 0;
	if (len > 1 && sim_chance(15)) {
		e->stuck = true;
		len = 1 + sim_random(len - 1);
	}
	net_post(c, !side, DATA, data, len);
	return (ssize_t)len;
}

ssize_t
stream_greet(struct stream *s, const void *hello, size_t hello_len, const void *data,
             size_t len)
{
	unsigned char piece[HELLO_MAX + 4096];

	if (len > sizeof(piece) - hello_len)
		len = sizeof(piece) - hello_len;
	if (len > 1 && sim_chance(20))
		len = sim_random(len);
	memcpy(piece, hello, hello_len);
	if (len > 0)
		memcpy(piece + hello_len, data, len);
	net_post(conn_of(s->fd), !side_of(s->fd), DATA, piece, hello_len + len);
	return (ssize_t)len;
}

int
stream_own_address(const struct stream *s, uint16_t port, struct address *out)
{
	(void)s;
	(void)port;
	(void)out;
	return -ENOTSUP;
}

int
stream_far_address(const struct stream *s, struct address *out)
{
	(void)s;
	(void)out;
	return -ENOTSUP;
}

bool
stream_has_ended(const struct stream *s)
{
	(void)s;
	return true; /* nobody looks for twins here */
}

struct stream
stream_take(struct stream *s)
{
	struct stream taken = STREAM_NONE;

	end_of(s->fd)->on_ready = NULL;
	taken.fd = s->fd;
	s->fd = -1;
	return taken;
}

void
stream_close(struct stream *s)
{
	if (s->fd >= 0 && end_of(s->fd)->open)
		net_close(conn_of(s->fd), side_of(s->fd));
	s->fd = -1;
}

int
stream_listen(struct stream_port *p, sd_event *loop, const struct address *a, bool late,
              void (*on_knock)(void *user), void *user)
{
	unsigned server;
	enum msg_lane lane = lane_at(a, &server);

	(void)late;
	*p = (struct stream_port){
	    .fd = -1, .reserve = -1, .on_knock = on_knock, .user = user};
	if (server >= sim.count)
		return -EADDRNOTAVAIL;
	if (lane == MSG_LANE_LEARNER && sim.servers[server].port_taken)
		return -EADDRINUSE;
	p->fd = 0;
	net_listeners[server][lane] = (struct listener){loop->proc, p};
	return 0;
}

void
stream_pause(struct stream_port *p, bool pause)
{
	(void)p;
	(void)pause;
}

int
stream_accept(struct stream_port *p, const struct conf *c, struct stream *out)
{
	(void)p;
	(void)c;
	if (!net_knocking)
		return -EAGAIN;
	*out = STREAM_NONE;
	out->fd = fd_of(net_knocking, 1);
	net_knocking = NULL;
	return 0;
}

void
stream_unlisten(struct stream_port *p)
{
	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++)
		for (unsigned lane = 0; lane < 3; lane++)
			if (net_listeners[i][lane].port == p)
				net_listeners[i][lane] = (struct listener){0};
	p->fd = -1;
}
