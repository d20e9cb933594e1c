/* A small connmgr and a worker with an uplink, in one loop: a door, one link at a time,
 * and a script of what connmgr answers. */
#ifndef TESTS_UNIT_UPLINK_KIT_H
#define TESTS_UNIT_UPLINK_KIT_H

#include "base/clock.h"
#include "base/version.h"
#include "ipc/door.h"
#include "ipc/uplink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SAME_USER   ((struct users_far){POLICY_BE_CONNMGR, 0})
#define PATIENCE_MS 10000
#define HEARD_MAX   1024

static enum chan_kind kind;
static sd_event *loop;
static char run_dir[64];
static char door_path[96];
static unsigned paths;

/* connmgr's side. */
static struct manager {
	struct door *door;
	struct door_conn *conn;
	struct chan *link;
	unsigned attaches, knocks, gone, link_downs;
	struct msg_attach attach; /* the last */
	unsigned heard_count;
	struct msg heard[HEARD_MAX]; /* without a frame's bytes */
	/* the script */
	bool mute;         /* no answer to attach */
	bool rude;         /* no welcome */
	bool supersede;    /* the answer to attach, */
	bool other_name;   /* and which */
	bool words;        /* the answer to attach is no message */
	uint64_t wrong;    /* added to attached's generation */
	uint64_t activate; /* after welcome to a generation of 0; 0: never */
	bool no_listener;  /* attached names a path where nobody is */
} mgr;

/* The worker's side. */
static struct worker {
	struct uplink *up;
	unsigned activates, agains, agains_active, messages, synced, losses, superseded;
	uint64_t generation;
	int status;
	struct msg last;
	bool close_on_message, close_on_again, close_on_activate, close_on_lost;
	bool quiet; /* says nothing in callbacks */
} wrk;

static void
turn(uint64_t due_ms)
{
	assert_true(clock_ms() < due_ms);
	assert_true(sd_event_run(loop, 100000) >= 0);
}

static void
until(const unsigned *counter, unsigned want)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	while (*counter < want)
		turn(due_ms);
}

static void
mgr_say(const struct msg *m)
{
	static unsigned char packet[MSG_MAX];
	size_t len = msg_encode(m, packet, sizeof(packet));

	assert_true(len > 0);
	assert_true(chan_send(mgr.link, packet, len) <= 0); /* it may have closed */
}

static void
mgr_say_type(enum msg_type type, uint64_t generation)
{
	struct msg m = {.type = type};

	if (type != MSG_SYNCED)
		m.u.hello.generation = generation;
	mgr_say(&m);
}

static void
mgr_on_message(void *user, const void *data, size_t len)
{
	struct msg m;

	(void)user;
	assert_int_equal(msg_decode(data, len, &m), MSG_OK);
	if (mgr.heard_count < HEARD_MAX)
		mgr.heard[mgr.heard_count++] = m;
	if (m.type != MSG_HELLO || mgr.rude)
		return;
	if (m.u.hello.generation == 0 || m.u.hello.generation == mgr.attach.generation) {
		mgr_say_type(MSG_WELCOME, m.u.hello.generation);
		if (m.u.hello.generation == 0 && mgr.activate)
			mgr_say_type(MSG_ACTIVATE, mgr.activate);
		else
			mgr_say_type(MSG_SYNCED, 0);
	} else {
		mgr_say_type(MSG_SYNCED, 0);
	}
}

static void
mgr_on_down(void *user, const char *why)
{
	(void)user;
	(void)why;
	mgr.link_downs++;
	chan_close(mgr.link);
	mgr.link = NULL;
}

static const struct chan_ops mgr_link_ops = {.on_message = mgr_on_message,
                                             .on_down = mgr_on_down};

static void
mgr_answer(struct door_conn *c, const struct msg *m)
{
	unsigned char packet[512];
	size_t len = msg_encode(m, packet, sizeof(packet));

	assert_true(len > 0);
	assert_int_equal(door_send(c, packet, len), 0);
}

static void
mgr_on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	struct msg m, answer = {.type = MSG_ATTACHED};
	char *path = answer.u.attached.path;

	(void)user;
	assert_int_equal(msg_decode(data, len, &m), MSG_OK);
	assert_int_equal(m.type, MSG_ATTACH);
	mgr.attaches++;
	mgr.attach = m.u.attach;
	if (c != mgr.conn)
		mgr.knocks++;
	mgr.conn = c;
	door_conn_keep(c, true);
	if (mgr.mute)
		return;
	if (mgr.words) {
		assert_int_equal(door_send(c, "{\"error\":\"no\"}", 14), 0);
		return;
	}
	if (mgr.supersede) {
		answer.type = MSG_SUPERSEDED;
		answer.u.superseded.other_name = mgr.other_name;
		mgr_answer(c, &answer);
		return;
	}
	chan_close(mgr.link);
	mgr.link = NULL;
	answer.u.attached.generation = m.u.attach.generation + mgr.wrong;
	snprintf(path, MSG_PATH_MAX, "%s/connmgr/%u", run_dir, paths++);
	if (!mgr.no_listener)
		assert_int_equal(chan_open(&mgr.link, kind, CHAN_LISTENS, loop, path,
		                           SAME_USER, 5000000, &mgr_link_ops, NULL),
		                 0);
	mgr_answer(c, &answer);
}

static void
mgr_on_gone(void *user, struct door_conn *c)
{
	(void)user;
	mgr.gone++;
	if (c == mgr.conn)
		mgr.conn = NULL;
}

static void
mgr_start(void)
{
	static const struct door_ops ops = {mgr_on_request, mgr_on_gone};

	assert_int_equal(door_open(&mgr.door, loop, door_path, &ops, NULL), 0);
}

static void
mgr_stop(void)
{
	door_close(mgr.door);
	mgr.door = NULL;
	chan_close(mgr.link);
	mgr.link = NULL;
}

static void
wrk_close(void)
{
	uplink_close(wrk.up);
	wrk.up = NULL;
}

static void
say_count(enum msg_type type, uint64_t count)
{
	struct msg m = {.type = type};

	m.u.state.serial = (struct msg_serial){1, count};
	uplink_send(wrk.up, &m);
}

static void
wrk_on_activate(void *user, uint64_t generation)
{
	(void)user;
	wrk.activates++;
	wrk.generation = generation;
	assert_int_equal(uplink_generation(wrk.up), generation);
	assert_true(uplink_active(wrk.up));
	if (wrk.close_on_activate)
		wrk_close();
	else if (!wrk.quiet)
		say_count(MSG_STATE, 100);
}

static void
wrk_on_again(void *user, bool active)
{
	(void)user;
	wrk.agains++;
	wrk.agains_active += active;
	if (wrk.close_on_again)
		wrk_close();
	else if (active && !wrk.quiet)
		say_count(MSG_STATE, 200);
}

static void
wrk_on_message(void *user, const struct msg *m)
{
	(void)user;
	wrk.messages++;
	wrk.last = *m;
	if (m->type == MSG_SYNCED)
		wrk.synced++;
	if (wrk.close_on_message)
		wrk_close();
}

static void
wrk_on_lost(void *user, const char *why)
{
	(void)user;
	assert_true(strlen(why) > 0);
	wrk.losses++;
	if (wrk.close_on_lost)
		wrk_close();
}

static void
wrk_on_superseded(void *user, int status)
{
	(void)user;
	wrk.superseded++;
	wrk.status = status;
}

static void
wrk_start(void)
{
	static const struct uplink_ops ops = {wrk_on_activate, wrk_on_again,
	                                      wrk_on_message, wrk_on_lost,
	                                      wrk_on_superseded};
	struct uplink_config config = {
	    .who = MSG_WHO_ELECTOR, .name = "swap-1", .run_dir = run_dir, .kind = kind};

	assert_int_equal(uplink_open(&wrk.up, loop, &config, &ops, NULL), 0);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&mgr, 0, sizeof(mgr));
	memset(&wrk, 0, sizeof(wrk));
	mgr.activate = 1;
	return sd_event_new(&loop) < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wrk_close();
	mgr_stop();
	loop = sd_event_unref(loop);
	return 0;
}

static void
start_both(void)
{
	mgr_start();
	wrk_start();
	until(&wrk.synced, 1);
}

static void
heard(unsigned at, enum msg_type type, uint64_t number)
{
	assert_true(at < mgr.heard_count);
	assert_int_equal(mgr.heard[at].type, type);
	if (type == MSG_HELLO)
		assert_int_equal(mgr.heard[at].u.hello.generation, number);
	else
		assert_int_equal(mgr.heard[at].u.state.serial.count, number);
}

#endif
