/* See pub.h. */
#include "ipc/pub.h"

#include "base/log.h"
#include "base/log_limited.h"
#include "ipc/local.h"
#include "ipc/users.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define BACKLOG       32
#define ACCEPT_BUDGET 8
/* Both sides send a greeting: a zero, "SP", the version 0, and what they are. */
#define GREETING_LEN 8
#define WE_ARE       "\0SP\0\0\x20\0\0" /* PUB */
#define THEY_ARE     "\0SP\0\0\x21\0\0" /* SUB */
/* Before each message: a one, and its length in eight bytes. */
#define HEADER_LEN 9

/* A subscriber. */
struct sub {
	struct pub *pub;
	sd_event_source *source;
	int fd;
	unsigned char greeting[GREETING_LEN];
	size_t greeted;
	/* What is left of a message of which a part is sent: a message is not cut. */
	size_t left;
	unsigned char rest[HEADER_LEN + PUB_TEXT_MAX];
};

struct pub {
	sd_event *loop;
	sd_event_source *listener;
	char *path;
	int fd;
	struct local_name name;
	uint64_t lost;
	unsigned count;
	struct sub *subs[PUB_SUBSCRIBERS_MAX];
	/* the newest message; len 0: none yet */
	size_t len;
	unsigned char message[HEADER_LEN + PUB_TEXT_MAX];
};

static void
drop(struct sub *s)
{
	struct pub *p = s->pub;

	for (unsigned i = 0; i < p->count; i++)
		if (p->subs[i] == s)
			p->subs[i] = p->subs[--p->count];
	sd_event_source_disable_unref(s->source);
	close(s->fd);
	free(s);
}

/* Hears of the end, and of room for the rest. False: the subscriber is gone. */
static bool
put(struct sub *s, const unsigned char *data, size_t len)
{
	ssize_t n = send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		drop(s);
		return false;
	}
	n = n < 0 ? 0 : n;
	s->left = len - (size_t)n;
	memmove(s->rest, data + n, s->left);
	sd_event_source_set_io_events(s->source,
	                              s->left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	return true;
}

static void
offer(struct sub *s)
{
	struct pub *p = s->pub;

	if (s->greeted < GREETING_LEN || p->len == 0)
		return;
	if (s->left > 0)
		p->lost++;
	else
		(void)put(s, p->message, p->len);
}

/* False: the subscriber is gone: it has closed, or says what no subscriber says. */
static bool
hear(struct sub *s)
{
	unsigned char byte, *at = &byte;
	size_t want = 1;
	ssize_t n;

	if (s->greeted < GREETING_LEN) {
		at = s->greeting + s->greeted;
		want = GREETING_LEN - s->greeted;
	}
	n = recv(s->fd, at, want, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0 && at != &byte) {
		s->greeted += (size_t)n;
		if (memcmp(s->greeting, THEY_ARE, s->greeted) == 0) {
			offer(s);
			return true;
		}
	}
	drop(s);
	return false;
}

static int
on_subscriber(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct sub *s = user;

	(void)source;
	(void)fd;
	if ((events & ~(uint32_t)EPOLLOUT) && !hear(s))
		return 0;
	if ((events & EPOLLOUT) && s->left > 0)
		(void)put(s, s->rest, s->left);
	return 0;
}

static bool
make_room(struct pub *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->subs[i]->greeted < GREETING_LEN) {
			drop(p->subs[i]);
			return true;
		}
	return false;
}

static void
add(struct pub *p, int fd)
{
	struct users_process who;
	struct sub *s = NULL;

	if (users_of(fd, &who) < 0 || users_refuse(&who, POLICY_READ) ||
	    (p->count == PUB_SUBSCRIBERS_MAX && !make_room(p)) ||
	    !(s = calloc(1, sizeof(*s))) ||
	    sd_event_add_io(p->loop, &s->source, fd, EPOLLIN, on_subscriber, s) < 0) {
		free(s);
		close(fd);
		return;
	}
	s->pub = p;
	s->fd = fd;
	p->subs[p->count++] = s;
	/* the socket is empty, so that it takes the greeting whole */
	if (send(fd, WE_ARE, GREETING_LEN, MSG_DONTWAIT | MSG_NOSIGNAL) != GREETING_LEN)
		drop(s);
}

static int
on_knock(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct pub *p = user;

	(void)events;
	for (unsigned i = 0; i < ACCEPT_BUDGET; i++) {
		int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (conn >= 0) {
			add(p, conn);
			continue;
		}
		/* the backlog would wake the loop again and again; until the next text */
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			log_limited(LOG_LEVEL_WARNING, "%s: a subscriber has to wait: %s",
			            p->path, strerror(errno));
			sd_event_source_set_enabled(source, SD_EVENT_OFF);
		}
		break;
	}
	return 0;
}

int
pub_open(struct pub **out, sd_event *loop, const char *path)
{
	struct pub *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (!p)
		return -ENOMEM;
	p->fd = -1;
	p->loop = loop;
	p->path = strdup(path);
	if (p->path)
		r = p->fd = local_listen_stream(path, BACKLOG);
	if (r >= 0) {
		local_note(path, &p->name);
		r = sd_event_add_io(loop, &p->listener, p->fd, EPOLLIN, on_knock, p);
	}
	if (r < 0) {
		pub_close(p);
		return r;
	}
	r = users_admit(path);
	if (r < 0) /* the others can subscribe all the same */
		log_warning("%s: groups are not let in: %s", path, strerror(-r));
	*out = p;
	return 0;
}

void
pub_close(struct pub *p)
{
	if (!p)
		return;
	while (p->count > 0)
		drop(p->subs[0]);
	sd_event_source_disable_unref(p->listener);
	if (p->fd >= 0) {
		/* a successor may have made its own there */
		if (local_is_there(p->path, &p->name))
			unlink(p->path);
		close(p->fd);
	}
	free(p->path);
	free(p);
}

/* From the end: dropping one moves the last one, which was served, to its place. */
void
pub_send(struct pub *p, const char *text, size_t len)
{
	if (!p || len > PUB_TEXT_MAX)
		return;
	p->message[0] = 1;
	for (unsigned i = 0; i < 8; i++)
		p->message[1 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
	memcpy(p->message + HEADER_LEN, text, len);
	p->len = HEADER_LEN + len;
	sd_event_source_set_enabled(p->listener, SD_EVENT_ON);
	for (unsigned i = p->count; i-- > 0;)
		offer(p->subs[i]);
}

unsigned
pub_count(const struct pub *p)
{
	unsigned count = 0;

	for (unsigned i = 0; i < p->count; i++)
		count += p->subs[i]->greeted == GREETING_LEN;
	return count;
}

uint64_t
pub_lost(const struct pub *p)
{
	return p->lost;
}
