/* Messages between the processes of one server: links (ipc/chan.h), doors (ipc/door.h),
 * and the worker's end of connmgr's door, which is a descriptor. All are FIFOs with a
 * delay. The end of one side comes behind its messages, the last of which are lost if its
 * process was killed. */
#include "ipc/local.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANS_MAX    256
#define SOCKS_MAX    256
#define SOCK_FD      (2 * SIM_NET_FD)
#define IN_FLIGHT    64 /* messages; then the link is full */
#define RETRY_US     5000
#define SOCK_PACKETS 8

struct chan {
	uint64_t serial; /* 0: free */
	struct proc *proc;
	const struct chan_ops *ops;
	void *user;
	char path[MSG_PATH_MAX];
	bool listens;
	bool up;
	struct chan *peer; /* NULL: none, or gone */
	uint64_t last_us;  /* when the last of what it says arrives */
	unsigned sent;
	unsigned heard; /* of what it says, by the other side */
	bool full;
	uint64_t keep; /* of what it hears: the rest was lost with who said it */
};

struct door {
	struct proc *proc;
	const struct door_ops *ops;
	void *user;
};

struct packet {
	size_t len;
	unsigned char data[512];
};

struct door_conn {         /* both ends */
	uint64_t serial;   /* 0: free */
	struct door *door; /* NULL: its owner closed it */
	void *user;
	struct proc *client;
	bool closed; /* by the client */
	bool ended;  /* the client has heard that its other end is gone */
	sd_event_source *source;
	uint64_t to_door_us;
	uint64_t to_client_us;
	struct packet packets[SOCK_PACKETS]; /* a ring, for the client */
	unsigned first, count;
};

static struct chan chans[CHANS_MAX];
static struct door doors[SIM_SERVERS_MAX];
static struct door_conn conns[SOCKS_MAX];

/* ---- links ---- */

static void
on_chan_end(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial != it->serial)
		return;
	c->up = false;
	c->ops->on_down(c->user, "closed by the other side");
}

static void
on_deadline(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial == it->serial && !c->up)
		c->ops->on_down(c->user, "not up in time");
}

static struct chan *
chan_make(sd_event *loop, const char *path, uint64_t deadline_us,
          const struct chan_ops *ops, void *user)
{
	struct chan *c = chans;

	while (c->serial != 0)
		if (++c == chans + CHANS_MAX)
			abort();
	*c = (struct chan){.serial = ++sim.serial,
	                   .proc = loop->proc,
	                   .ops = ops,
	                   .user = user,
	                   .keep = UINT64_MAX};
	snprintf(c->path, sizeof(c->path), "%s", path);
	sim_put(sim.now_us + deadline_us, c->proc, on_deadline, c, c->serial);
	return c;
}

static void
on_dial(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial != it->serial || c->up)
		return;
	for (unsigned i = 0; i < CHANS_MAX; i++) {
		struct chan *l = &chans[i];

		if (l->serial == 0 || !l->listens || l->up ||
		    strcmp(l->path, c->path) != 0)
			continue;
		l->up = c->up = true;
		l->peer = c;
		c->peer = l;
		c->ops->on_up(c->user);
		return;
	}
	sim_put(sim.now_us + RETRY_US, c->proc, it->run, c, c->serial);
}

int
chan_open(struct chan **out, enum chan_kind kind, enum chan_end end, sd_event *loop,
          const char *path, struct users_far far, uint64_t deadline_us,
          const struct chan_ops *ops, void *user)
{
	struct chan *c = *out = chan_make(loop, path, deadline_us, ops, user);

	(void)kind;
	(void)far;
	c->listens = end == CHAN_LISTENS;
	if (end == CHAN_DIALS)
		sim_put(sim.now_us + sim_inside_us(), loop->proc, on_dial, c, c->serial);
	return 0;
}

static void
on_room(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial == it->serial && c->up)
		c->ops->on_writable(c->user);
}

static void
on_chan_message(struct sim_item *it)
{
	struct chan *c = it->object;
	struct chan *from = c->peer;

	if (c->serial != it->serial || it->arg > c->keep)
		return;
	if (from && ++from->heard == from->sent && from->full) {
		from->full = false;
		sim_put(sim.now_us, from->proc, on_room, from, from->serial);
	}
	c->ops->on_message(c->user, it->data, it->len);
}

static uint64_t
arrival(uint64_t *last_us)
{
	uint64_t at_us = sim.now_us + sim_inside_us();

	*last_us = at_us > *last_us ? at_us : *last_us;
	return *last_us;
}

int
chan_send(struct chan *c, const void *data, size_t len)
{
	struct chan *to = c->peer;
	struct sim_item *it;

	if (!c->up || !to)
		return c->up ? -EPIPE : -ENOTCONN;
	if (c->sent - c->heard >= IN_FLIGHT) {
		c->full = true;
		return CHAN_FULL;
	}
	c->sent++;
	it = sim_put(arrival(&c->last_us), to->proc, on_chan_message, to, to->serial);
	it->arg = c->sent;
	sim_put_data(it, data, len);
	return 0;
}

void
chan_close(struct chan *c)
{
	if (!c)
		return;
	if (c->peer) {
		struct chan *to = c->peer;

		if (!c->proc->up)
			to->keep = c->heard + sim_random(c->sent - c->heard + 1);
		sim_put(arrival(&c->last_us), to->proc, on_chan_end, to, to->serial);
		to->peer = NULL;
	}
	c->serial = 0;
}

bool
sim_pipe_hear(struct proc *p, const void *data, size_t len)
{
	for (unsigned i = 0; i < CHANS_MAX; i++) {
		struct chan *c = &chans[i];

		if (c->serial == 0 || c->proc != p || !c->up)
			continue;
		sim_enter(p);
		c->ops->on_message(c->user, data, len);
		sim_leave();
		return true;
	}
	return false;
}

unsigned
chan_stuck_closes(void)
{
	return 0;
}

/* ---- doors ---- */

int
door_open(struct door **out, sd_event *loop, const char *path, const struct door_ops *ops,
          void *user)
{
	static struct door others; /* nobody knocks there */
	struct door *d = &others;

	(void)path;
	if (loop->proc->kind == SIM_CONNMGR)
		d = &doors[loop->proc->server];
	*d = (struct door){.proc = loop->proc, .ops = ops, .user = user};
	*out = d;
	return 0;
}

static void
on_client(struct sim_item *it)
{
	struct door_conn *c = it->object;
	struct packet *packet = &c->packets[(c->first + c->count) % SOCK_PACKETS];

	if (c->serial != it->serial || c->closed)
		return;
	if (it->len > sizeof(packet->data) || c->count == SOCK_PACKETS)
		abort();
	if (it->len > 0) {
		memcpy(packet->data, it->data, it->len);
		packet->len = it->len;
		c->count++;
	} else {
		c->ended = true;
	}
	sim_loop_readable(c->source);
}

static void
release(struct door_conn *c)
{
	if (c->closed && !c->door)
		c->serial = 0;
}

static struct sim_item *
to_client(struct door_conn *c)
{
	return sim_put(arrival(&c->to_client_us), c->client, on_client, c, c->serial);
}

int
door_send(struct door_conn *c, const void *data, size_t len)
{
	if (!c->closed)
		sim_put_data(to_client(c), data, len);
	return 0;
}

/* With its owner's process alive or not: the client hears of it. */
static void
leave_client(struct door_conn *c)
{
	c->door = NULL;
	if (!c->closed)
		to_client(c);
	release(c);
}

void
door_conn_close(struct door_conn *c)
{
	struct door *d = c->door;

	if (d->ops->on_gone)
		d->ops->on_gone(d->user, c);
	leave_client(c);
}

void
door_close(struct door *d)
{
	for (unsigned i = 0; d && i < SOCKS_MAX; i++) {
		if (conns[i].serial == 0 || conns[i].door != d)
			continue;
		if (d->ops->on_gone)
			d->ops->on_gone(d->user, &conns[i]);
		leave_client(&conns[i]);
	}
	if (d)
		d->proc = NULL;
}

void
door_conn_keep(struct door_conn *c)
{
	(void)c;
}

void
door_conn_set_user(struct door_conn *c, void *user)
{
	c->user = user;
}

void *
door_conn_user(const struct door_conn *c)
{
	return c->user;
}

pid_t
door_conn_pid(const struct door_conn *c)
{
	return c->client->pid;
}

const char *
door_refuses(const struct door_conn *c, enum policy_what what)
{
	(void)c;
	(void)what;
	return NULL;
}

bool
door_conn_ended(const struct door_conn *c)
{
	return c->closed;
}

/* ---- the worker's end ---- */

static void
on_door_request(struct sim_item *it)
{
	struct door_conn *c = it->object;

	if (c->serial == it->serial && c->door)
		c->door->ops->on_request(c->door->user, c, (char *)it->data, it->len);
}

static void
on_door_gone(struct sim_item *it)
{
	struct door_conn *c = it->object;

	if (c->serial == it->serial && c->door)
		door_conn_close(c);
}

int
local_connect(const char *path)
{
	struct door *d = &doors[sim.running->server];
	struct door_conn *c = conns;

	(void)path;
	if (!d->proc)
		return -ECONNREFUSED;
	while (c->serial != 0)
		if (++c == conns + SOCKS_MAX)
			abort();
	*c = (struct door_conn){.serial = ++sim.serial, .door = d, .client = sim.running};
	return SOCK_FD + (int)(c - conns);
}

int
users_of(int fd, struct users_process *out)
{
	(void)fd;
	*out = (struct users_process){0};
	return 0;
}

const char *
users_refuse(const struct users_process *who, enum policy_what what)
{
	(void)who;
	(void)what;
	return NULL;
}

void
sim_pipe_watch(int fd, sd_event_source *s)
{
	if (fd >= SOCK_FD) /* else the kernel's, where nothing ever comes */
		conns[fd - SOCK_FD].source = s;
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	struct door_conn *c = &conns[fd - SOCK_FD];

	(void)flags;
	if (!c->door) {
		errno = EPIPE;
		return -1;
	}
	sim_put_data(sim_put(arrival(&c->to_door_us), c->door->proc, on_door_request, c,
	                     c->serial),
	             data, len);
	return (ssize_t)len;
}

ssize_t
recv(int fd, void *out, size_t cap, int flags)
{
	struct door_conn *c = &conns[fd - SOCK_FD];
	struct packet *p = &c->packets[c->first];

	(void)flags;
	if (c->count == 0 && c->ended)
		return 0;
	if (c->count == 0) {
		errno = EAGAIN;
		return -1;
	}
	c->first = (c->first + 1) % SOCK_PACKETS;
	c->count--;
	memcpy(out, p->data, p->len < cap ? p->len : cap);
	return (ssize_t)p->len;
}

static void
close_sock(int fd)
{
	struct door_conn *c = &conns[fd - SOCK_FD];

	c->closed = true;
	if (c->door)
		sim_put(arrival(&c->to_door_us), c->door->proc, on_door_gone, c,
		        c->serial);
	release(c);
}

int
close(int fd)
{
	if (fd < SOCK_FD) /* none of the simulator's */
		return (int)syscall(SYS_close, fd);
	close_sock(fd);
	return 0;
}

void
sim_pipe_end(void)
{
	for (unsigned i = 0; i < CHANS_MAX; i++)
		chans[i].serial = 0;
	for (unsigned i = 0; i < SOCKS_MAX; i++)
		conns[i].serial = 0;
	memset(doors, 0, sizeof(doors));
}
