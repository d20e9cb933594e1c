/* connmgr's doors (ipc/door.h) and the worker's end of them, which is a descriptor. What
 * is said there comes in order, and after a while. */
#include "ipc/local.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOCKS_MAX    256
#define SOCK_FD      (2 * SIM_NET_FD)
#define SOCK_PACKETS 8
#define ASK_US       1000000 /* then whoever asked goes */

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
	void (*heard)(struct proc *p, const char *text); /* of a program */
	bool closed;                                     /* by the client */
	bool ended; /* the client has heard that its other end is gone */
	sd_event_source *source;
	uint64_t to_door_us;
	uint64_t to_client_us;
	struct packet packets[SOCK_PACKETS]; /* a ring, for the client */
	unsigned first, count;
};

static struct door doors[SIM_SERVERS_MAX][SIM_KINDS];
static struct door_conn conns[SOCKS_MAX];

int
door_open(struct door **out, sd_event *loop, const char *path, const struct door_ops *ops,
          void *user)
{
	struct door *d = &doors[loop->proc->server][loop->proc->kind];

	(void)path;
	*d = (struct door){.proc = loop->proc, .ops = ops, .user = user};
	*out = d;
	return 0;
}

static void
release(struct door_conn *c)
{
	if (c->closed && !c->door)
		c->serial = 0;
}

static void
hear(struct door_conn *c, const struct sim_item *it)
{
	if (it->len > 0) {
		c->heard(c->client, (char *)it->data);
		return;
	}
	c->closed = true;
	release(c);
	c->heard(c->client, NULL);
}

static void
on_client(struct sim_item *it)
{
	struct door_conn *c = it->object;
	struct packet *packet = &c->packets[(c->first + c->count) % SOCK_PACKETS];

	if (c->serial != it->serial || c->closed)
		return;
	if (c->heard) {
		hear(c, it);
		return;
	}
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

static struct sim_item *
to_client(struct door_conn *c)
{
	return sim_put(sim_arrival_us(&c->to_client_us), c->client, on_client, c,
	               c->serial);
}

int
door_send(struct door_conn *c, const void *data, size_t len)
{
	if (!c->closed)
		sim_put_data(to_client(c), data, len);
	return 0;
}

int
door_send_with(struct door_conn *c, const void *data, size_t len, int fd)
{
	(void)fd;
	return door_send(c, data, len);
}

int
door_take_passed(struct door_conn *c)
{
	(void)c;
	return -1; /* ipc/pass.h: none */
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
door_conn_keep(struct door_conn *c, bool keep)
{
	(void)c;
	(void)keep;
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

static struct door_conn *
take_conn(struct door *d, struct proc *client)
{
	struct door_conn *c = conns;

	while (c->serial != 0)
		if (++c == conns + SOCKS_MAX)
			abort();
	*c = (struct door_conn){.serial = ++sim.serial, .door = d, .client = client};
	return c;
}

int
local_connect(const char *path)
{
	struct door *d = &doors[sim.running->server][SIM_CONNMGR];

	(void)path;
	if (!d->proc)
		return -ECONNREFUSED;
	return SOCK_FD + (int)(take_conn(d, sim.running) - conns);
}

int
users_of(int fd, struct users_process *out)
{
	(void)fd;
	*out = (struct users_process){0};
	return 0;
}

const struct policy *
users_policy(void)
{
	static const struct policy one_user;

	return &one_user;
}

const char *
users_refuse(const struct users_process *who, enum policy_what what)
{
	(void)who;
	(void)what;
	return NULL;
}

void
sim_door_watch(int fd, sd_event_source *s)
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
	sim_put_data(sim_put(sim_arrival_us(&c->to_door_us), c->door->proc,
	                     on_door_request, c, c->serial),
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
		sim_put(sim_arrival_us(&c->to_door_us), c->door->proc, on_door_gone, c,
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

struct door_conn *
sim_door_call(struct proc *p, void (*heard)(struct proc *p, const char *text))
{
	struct door *d = &doors[p->server][SIM_PEER];
	struct door_conn *c;

	if (!d->proc)
		return NULL;
	c = take_conn(d, p);
	c->heard = heard;
	return c;
}

void
sim_door_say(struct door_conn *c, const char *words)
{
	if (c->door)
		sim_put_data(sim_put(sim_arrival_us(&c->to_door_us), c->door->proc,
		                     on_door_request, c, c->serial),
		             words, strlen(words));
}

void
sim_door_leave(struct door_conn *c)
{
	close_sock(SOCK_FD + (int)(c - conns));
}

void
sim_door_ask(unsigned server, enum sim_kind kind, const char *words)
{
	static struct proc askers[SIM_SERVERS_MAX];
	struct door *d = &doors[server][kind];
	struct door_conn *c;

	if (!d->proc)
		return;
	askers[server] = (struct proc){.server = server, .up = true};
	c = take_conn(d, &askers[server]);
	c->closed = true;
	sim_put_data(sim_put(sim_arrival_us(&c->to_door_us), d->proc, on_door_request, c,
	                     c->serial),
	             words, strlen(words));
	sim_put(sim.now_us + ASK_US, d->proc, on_door_gone, c, c->serial);
}

void
sim_door_end(void)
{
	for (unsigned i = 0; i < SOCKS_MAX; i++)
		conns[i].serial = 0;
	memset(doors, 0, sizeof(doors));
}

/* ---- ipc/pub.h: nobody subscribes ---- */

int
pub_open(struct pub **out, sd_event *loop, const char *path)
{
	(void)out;
	(void)loop;
	(void)path;
	return -ENOTSUP;
}

void
pub_close(struct pub *p)
{
	(void)p;
}

void
pub_send(struct pub *p, const char *text, size_t len)
{
	(void)p;
	(void)text;
	(void)len;
}
