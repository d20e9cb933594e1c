/* The answering side of a door; see door.h. It carries packets and knows who asks, but
 * not what they ask. */
#include "ipc/door.h"

#include "base/log.h"
#include "base/log_limited.h"
#include "ipc/local.h"
#include "ipc/pass.h"
#include "ipc/users.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG       128
#define ACCEPT_BUDGET 16    /* new connections in one turn of the loop */
#define REQUESTS_MAX  8     /* of all, before the door rests, which is what is left of */
#define SPAN_US       10000 /* this */
#define SOONER        SD_EVENT_PRIORITY_NORMAL
#define LATER         (SD_EVENT_PRIORITY_NORMAL + 1)
#define SEND_ROOM     262144 /* several of the largest answers */
#define PAUSE_US      100000 /* until the next accept, when descriptors are short */
#define ACCURACY_US   10000
#define LOOK_US       1000000 /* between two looks whether the socket is still there */

struct door {
	sd_event *loop;
	sd_event_source *listener;
	sd_event_source *pause;
	/* No request is heard, and nobody let in, before it fires; NULL: the door does
	 * not rest. */
	sd_event_source *rest;
	/* Requests since then (CLOCK_MONOTONIC). */
	unsigned heard;
	uint64_t heard_since_us;
	const struct door_ops *ops;
	void *user;
	char *path;
	int fd;
	/* The socket that we have bound at the path. */
	struct local_name name;
	/* Looks whether it is still there. */
	sd_event_source *look;
	/* Of the last attempt to bind it again; 0: it is bound. */
	int error;
	bool closed;
	/* Held by the owner, by each connection, and by each handler while it runs. */
	unsigned refs;
	/* Counts packets; for last_turn. */
	uint64_t turns;
	unsigned conn_count;
	struct door_conn *conns[DOOR_CONNS_MAX];
};

struct door_conn {
	struct door *door;
	sd_event_source *source;
	int fd;
	struct users_process who;
	/* The descriptor of the request that is being heard; PASS_NONE. */
	int passed;
	bool kept;
	bool closed;
	/* It has had its turn, and others may not have had theirs. */
	bool was_heard;
	/* Held by the door, and by each handler while it runs. */
	unsigned refs;
	/* The door's count at the last packet of this connection, either way. */
	uint64_t last_turn;
	void *user;
};

static void
door_unref(struct door *d)
{
	if (--d->refs > 0)
		return;
	sd_event_unref(d->loop);
	free(d->path);
	free(d);
}

static void
conn_unref(struct door_conn *c)
{
	struct door *d = c->door;

	if (--c->refs > 0)
		return;
	free(c);
	door_unref(d);
}

void
door_conn_close(struct door_conn *c)
{
	struct door *d = c->door;
	unsigned i;

	if (c->closed)
		return;
	c->closed = true;
	c->source = sd_event_source_disable_unref(c->source);
	close(c->fd);
	for (i = 0; d->conns[i] != c; i++)
		assert(i < d->conn_count);
	d->conns[i] = d->conns[--d->conn_count];
	if (d->ops->on_gone)
		d->ops->on_gone(d->user, c);
	conn_unref(c);
}

/* Closes the connection that was idle longest. False if all are kept. */
static bool
make_room(struct door *d)
{
	struct door_conn *oldest = NULL;

	for (unsigned i = 0; i < d->conn_count; i++) {
		struct door_conn *c = d->conns[i];

		if (!c->kept && (!oldest || c->last_turn < oldest->last_turn))
			oldest = c;
	}
	if (oldest)
		door_conn_close(oldest);
	return oldest != NULL;
}

/* The end of a connection that is kept is noticed while the door rests, too: a worker may
 * have died. Then those come first who have not had their turn. */
static void
set_hearing(struct door_conn *c, bool hears)
{
	sd_event_source_set_io_events(c->source, hears ? EPOLLIN : EPOLLRDHUP);
	sd_event_source_set_enabled(c->source,
	                            hears || c->kept ? SD_EVENT_ON : SD_EVENT_OFF);
	sd_event_source_set_priority(c->source,
	                             c->was_heard && !c->kept ? LATER : SOONER);
}

static void
set_resting(struct door *d, bool rests)
{
	for (unsigned i = 0; i < d->conn_count; i++)
		set_hearing(d->conns[i], !rests);
	sd_event_source_set_enabled(d->listener,
	                            rests || d->pause ? SD_EVENT_OFF : SD_EVENT_ON);
}

static int
on_rested(sd_event_source *s, uint64_t usec, void *user)
{
	struct door *d = user;

	(void)s;
	(void)usec;
	d->rest = sd_event_source_disable_unref(d->rest);
	set_resting(d, false);
	return 0;
}

/* Counts a request. Whoever may ask at all could ask without a pause, over many
 * connections, and leave the loop no time for its work. */
static void
count_request(struct door *d)
{
	uint64_t now_us;

	if (d->closed || d->rest || sd_event_now(d->loop, CLOCK_MONOTONIC, &now_us) < 0)
		return;
	if (now_us - d->heard_since_us >= SPAN_US) {
		d->heard_since_us = now_us;
		d->heard = 0;
	}
	if (++d->heard < REQUESTS_MAX ||
	    sd_event_add_time_relative(d->loop, &d->rest, CLOCK_MONOTONIC, SPAN_US, 1000,
	                               on_rested, d) < 0)
		return;
	set_resting(d, true);
}

/* The second turn of one begins a new round for all. */
static void
take_turn(struct door_conn *c)
{
	struct door *d = c->door;

	for (unsigned i = 0; c->was_heard && i < d->conn_count; i++)
		if (d->conns[i] != c)
			d->conns[i]->was_heard = false;
	c->was_heard = true;
}

/* One request in a turn of the loop. */
static void
hear(struct door_conn *c)
{
	static const char too_long[] = "{\"error\":\"the request is too long\"}";
	static const char too_many[] = "{\"error\":\"a request may carry one descriptor, "
				       "if this process has room for it\"}";
	char request[DOOR_REQUEST_MAX + 1];
	struct door *d = c->door;
	size_t len = 0;
	int r = pass_receive(c->fd, request, DOOR_REQUEST_MAX, &len, &c->passed);

	if (r == -EAGAIN || r == -EINTR)
		return;
	c->last_turn = ++d->turns;
	take_turn(c);
	if (r == -EBADMSG)
		(void)door_send(c, too_many, sizeof(too_many) - 1);
	else if (len > DOOR_REQUEST_MAX)
		(void)door_send(c, too_long, sizeof(too_long) - 1);
	if (r == 0 && len > 0 && len <= DOOR_REQUEST_MAX) {
		request[len] = '\0';
		d->ops->on_request(d->user, c, request, len);
		count_request(d);
	} else { /* an empty packet cannot be told from the end */
		door_conn_close(c);
	}
	r = door_take_passed(c);
	if (r != PASS_NONE)
		close(r);
}

static int
on_packet(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct door_conn *c = user;

	(void)s;
	(void)fd;
	(void)events;
	c->refs++;
	hear(c);
	conn_unref(c);
	return 0;
}

static void
add_conn(struct door *d, int fd)
{
	struct door_conn *c;

	if (d->conn_count == DOOR_CONNS_MAX && !make_room(d)) {
		log_limited(LOG_LEVEL_WARNING,
		            "door %s: one more connection refused, %d are kept", d->path,
		            DOOR_CONNS_MAX);
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c || d->closed || users_of(fd, &c->who) < 0 ||
	    users_refuse(&c->who, POLICY_READ) ||
	    sd_event_add_io(d->loop, &c->source, fd, EPOLLIN, on_packet, c) < 0) {
		free(c);
		close(fd);
		return;
	}
	local_widen(fd, SEND_ROOM);
	c->door = d;
	c->fd = fd;
	c->passed = PASS_NONE;
	c->refs = 1;
	c->last_turn = ++d->turns;
	d->refs++;
	d->conns[d->conn_count++] = c;
}

static int
on_pause_over(sd_event_source *s, uint64_t usec, void *user)
{
	struct door *d = user;

	(void)s;
	(void)usec;
	d->pause = sd_event_source_disable_unref(d->pause);
	if (!d->rest)
		sd_event_source_set_enabled(d->listener, SD_EVENT_ON);
	return 0;
}

/* There are no descriptors or no memory. The backlog would wake the loop at once, again
 * and again. */
static void
pause_accepting(struct door *d)
{
	if (make_room(d) || d->closed)
		return;
	if (sd_event_add_time_relative(d->loop, &d->pause, CLOCK_MONOTONIC, PAUSE_US,
	                               ACCURACY_US, on_pause_over, d) >= 0)
		sd_event_source_set_enabled(d->listener, SD_EVENT_OFF);
}

static int
on_knock(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct door *d = user;

	(void)s;
	(void)events;
	d->refs++;
	for (unsigned i = 0; i < ACCEPT_BUDGET && !d->closed; i++) {
		int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (conn >= 0) {
			add_conn(d, conn);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_accepting(d);
		break;
	}
	door_unref(d);
	return 0;
}

/* Listens at the path; what listened there before ends. 0 or -errno. */
static int
listen_at_path(struct door *d)
{
	sd_event_source *listener = NULL;
	int fd = local_listen(d->path, BACKLOG), r;

	if (fd < 0)
		return fd;
	r = sd_event_add_io(d->loop, &listener, fd, EPOLLIN, on_knock, d);
	if (r < 0) {
		close(fd);
		return r;
	}
	d->pause = sd_event_source_disable_unref(d->pause);
	sd_event_source_disable_unref(d->listener);
	if (d->fd >= 0)
		close(d->fd);
	d->listener = listener;
	d->fd = fd;
	local_note(d->path, &d->name);
	r = users_admit(d->path);
	if (r < 0) /* the others can ask all the same */
		log_warning("door %s: the control group is not let in: %s", d->path,
		            strerror(-r));
	return 0;
}

/* Somebody may have removed the socket, or the folder: nobody could ask any more. Those
 * who are connected stay so. What another process has put there is left alone. */
static int
on_look(sd_event_source *s, uint64_t usec, void *user)
{
	struct door *d = user;
	struct local_name now;
	int r = 0;

	(void)usec;
	local_note(d->path, &now);
	if (!local_is_there(d->path, &d->name)) {
		r = now.number == 0 ? listen_at_path(d) : -EADDRINUSE;
		if (r == 0)
			log_notice("door %s: was removed, made anew", d->path);
		else if (r != d->error)
			log_err("door %s: was removed, and cannot be made anew: %s; "
			        "restart this process",
			        d->path, strerror(-r));
	}
	d->error = r;
	sd_event_source_set_time_relative(s, LOOK_US);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int
door_open(struct door **out, sd_event *loop, const char *path, const struct door_ops *ops,
          void *user)
{
	struct door *d = calloc(1, sizeof(*d));
	int r = -ENOMEM;

	if (!d)
		return -ENOMEM;
	d->refs = 1;
	d->fd = -1;
	d->loop = sd_event_ref(loop);
	d->ops = ops;
	d->user = user;
	d->path = strdup(path);
	if (!d->path)
		goto fail;
	r = listen_at_path(d);
	if (r < 0)
		goto fail;
	r = sd_event_add_time_relative(loop, &d->look, CLOCK_MONOTONIC, LOOK_US,
	                               LOOK_US / 4, on_look, d);
	if (r < 0) {
		door_close(d);
		return r;
	}
	*out = d;
	return 0;
fail:
	door_unref(d);
	return r;
}

void
door_close(struct door *d)
{
	if (!d || d->closed)
		return;
	d->closed = true;
	d->listener = sd_event_source_disable_unref(d->listener);
	d->pause = sd_event_source_disable_unref(d->pause);
	d->rest = sd_event_source_disable_unref(d->rest);
	d->look = sd_event_source_disable_unref(d->look);
	/* a successor may have made its own there */
	if (local_is_there(d->path, &d->name))
		unlink(d->path);
	close(d->fd);
	while (d->conn_count > 0)
		door_conn_close(d->conns[0]);
	door_unref(d);
}

int
door_send_with(struct door_conn *c, const void *data, size_t len, int fd)
{
	int r;

	if (len == 0 || len > DOOR_REPLY_MAX)
		return -EMSGSIZE;
	r = pass_send(c->fd, data, len, fd);
	if (r == 0)
		c->last_turn = ++c->door->turns;
	return r;
}

int
door_send(struct door_conn *c, const void *data, size_t len)
{
	return door_send_with(c, data, len, PASS_NONE);
}

int
door_take_passed(struct door_conn *c)
{
	int fd = c->passed;

	c->passed = PASS_NONE;
	return fd;
}

void
door_conn_keep(struct door_conn *c, bool keep)
{
	c->kept = keep;
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

const char *
door_refuses(const struct door_conn *c, enum policy_what what)
{
	return users_refuse(&c->who, what);
}

pid_t
door_conn_pid(const struct door_conn *c)
{
	return c->who.pid;
}

bool
door_conn_ended(const struct door_conn *c)
{
	struct pollfd look = {.fd = c->fd, .events = POLLRDHUP};

	/* poll sees the end behind requests that have not been read yet; recv does not */
	return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR));
}
