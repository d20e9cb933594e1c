/* What the tests of the link share: ends that count what they are told, and the loop. */
#ifndef TESTS_UNIT_CHAN_KIT_H
#define TESTS_UNIT_CHAN_KIT_H

#include "base/clock.h"
#include "ipc/chan.h"
#include "ipc/local.h"
#include "ipc/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define LINK_US     5000000
#define STRANGER    12345 /* a uid that is neither ours nor root's */
/* who may be at the other end of a channel where all have one user */
#define SAME_USER ((struct users_far){POLICY_BE_CONNMGR, 0})

/* One end and what it was told. */
struct end {
	struct chan *chan;
	unsigned ups, downs, writables, messages;
	unsigned close_at; /* message after which on_message closes it; 0: never */
	bool close_in_up, close_in_writable;
	bool disordered;
	size_t last_len;
	char why[64];
	struct sender *on_room;
};

struct sender {
	struct end *from;
	unsigned next, count;
	size_t len;
};

static enum chan_kind kind;
static sd_event *loop;
static char folder[64];
static char path[96];
static unsigned paths;
static unsigned char packet[MSG_MAX + 1];

static void
numbered(unsigned number, size_t len)
{
	memset(packet, (int)(number & 0xff), len);
	memcpy(packet, &number, sizeof(number));
}

static void
on_up(void *user)
{
	struct end *e = user;

	e->ups++;
	if (!e->close_in_up)
		return;
	chan_close(e->chan);
	e->chan = NULL;
}

static void
on_message(void *user, const void *data, size_t len)
{
	struct end *e = user;
	const unsigned char *bytes = data;
	unsigned number;

	memcpy(&number, data, sizeof(number));
	if (number != e->messages ||
	    bytes[len - 1] != (len > 4 ? (number & 0xff) : bytes[3]))
		e->disordered = true;
	e->messages++;
	e->last_len = len;
	if (e->messages != e->close_at)
		return;
	chan_close(e->chan);
	e->chan = NULL;
}

static void
go_on(struct sender *s)
{
	int r = 0;

	while (s->next < s->count) {
		numbered(s->next, s->len);
		r = chan_send(s->from->chan, packet, s->len);
		if (r != 0)
			break;
		s->next++;
	}
	assert_true(r == 0 || r == CHAN_FULL);
}

static void
on_writable(void *user)
{
	struct end *e = user;

	e->writables++;
	if (e->close_in_writable) {
		chan_close(e->chan);
		e->chan = NULL;
	} else if (e->on_room) {
		go_on(e->on_room);
	}
}

static void
on_down(void *user, const char *why)
{
	struct end *e = user;

	e->downs++;
	snprintf(e->why, sizeof(e->why), "%s", why);
	chan_close(e->chan);
	e->chan = NULL;
}

static const struct chan_ops ops = {on_up, on_message, on_writable, on_down};

static const char *
fresh_path(void)
{
	snprintf(path, sizeof(path), "%s/%u", folder, paths++);
	return path;
}

static void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 100000) >= 0);
}

/* Turns the loop until the counter has reached `want`. */
static void
until(const unsigned *counter, unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (*counter < want)
		turn(due_ms);
}

static void
open_ends(struct end *a, struct end *b)
{
	*a = *b = (struct end){0};
	assert_int_equal(chan_open(&a->chan, kind, CHAN_LISTENS, loop, fresh_path(),
	                           SAME_USER, LINK_US, &ops, a),
	                 0);
	assert_int_equal(chan_open(&b->chan, kind, CHAN_DIALS, loop, path, SAME_USER,
	                           LINK_US, &ops, b),
	                 0);
	assert_int_equal(a->ups + b->ups, 0); /* never from inside a call */
}

static inline void
link_up(struct end *a, struct end *b)
{
	open_ends(a, b);
	until(&a->ups, 1);
	until(&b->ups, 1);
}

static inline void
close_ends(struct end *a, struct end *b)
{
	chan_close(a->chan);
	chan_close(b->chan);
	assert_false(a->disordered);
	assert_false(b->disordered);
}

static inline int
set_up(void **state)
{
	(void)state;
	return sd_event_new(&loop) < 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	loop = sd_event_unref(loop);
	return 0;
}

#endif
