/* connmgr's shell in one loop with real sockets on loopback, for test_connmgr*.c:
 * remotes are plain TCP sockets, workers are uplinks. We are server 2 of 3. */
#ifndef TESTS_CONNMGR_KIT_H
#define TESTS_CONNMGR_KIT_H

#include "base/clock.h"
#include "base/paths.h"
#include "client/door.h"
#include "config/conf.h"
#include "connmgr/shell.h"
#include "connmgr/store.h"
#include "ipc/door.h"
#include "ipc/uplink.h"
#include "wire/hello.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SELF     2
#define SIDS_MAX 8

struct heard { /* by a worker */
	bool synced, absent, superseded;
	unsigned links, activations;
	struct msg_remote remotes[2][SIDS_MAX]; /* lane - 1, sid */
	unsigned told[2][SIDS_MAX];
	unsigned frames;
	int64_t frame_sid;
	uint64_t frame_number;
	char frame[64];
	struct msg_vote state;
	/* of the elector's decisions */
	unsigned decisions;
	struct msg_vote decided;
	/* what the last replay began with */
	unsigned members, syncs;
	char current[256];
};

struct player {
	struct uplink *uplink;
	struct heard heard;
};

static struct conf conf;
static sd_event *loop;
static struct connmgr *connmgr;
static struct player elector, peer;
static char folder[32];

static inline void
on_activate(void *user, uint64_t generation)
{
	struct player *p = user;

	(void)generation;
	p->heard.activations++;
}

static inline void
on_again(void *user, bool active)
{
	(void)user;
	(void)active;
}

static inline void
on_lost(void *user, const char *why)
{
	(void)user;
	(void)why;
}

static inline void
on_superseded(void *user, int status)
{
	struct player *p = user;

	(void)status;
	p->heard.superseded = true;
}

static inline void
on_message(void *user, const struct msg *m)
{
	struct heard *h = &((struct player *)user)->heard;

	if (m->type == MSG_SYNCED) {
		h->synced = true;
		h->syncs++;
	} else if (m->type == MSG_DECIDED) {
		h->decisions++;
		h->decided = m->u.decided;
	} else if (m->type == MSG_MEMBERS) {
		h->members++;
		snprintf(h->current, sizeof(h->current), "%.*s",
		         (int)m->u.members.current.len, m->u.members.current.at);
	} else if (m->type == MSG_ABSENT) {
		h->absent = true;
	} else if (m->type == MSG_STATE) {
		h->state = m->u.state;
	} else if (m->type == MSG_REMOTE) {
		assert_true(m->u.remote.sid > 0);
		if (m->u.remote.sid >= SIDS_MAX)
			return;
		h->remotes[m->u.remote.lane - 1][m->u.remote.sid] = m->u.remote;
		h->told[m->u.remote.lane - 1][m->u.remote.sid]++;
	} else if (m->type == MSG_FRAME_IN) {
		h->frames++;
		h->frame_sid = m->u.frame.sid;
		h->frame_number = m->u.frame.number;
		snprintf(h->frame, sizeof(h->frame), "%.*s", (int)m->u.frame.data_len,
		         (const char *)m->u.frame.data);
	}
}

static const struct uplink_ops uplink_ops = {on_activate, on_again, on_message, on_lost,
                                             on_superseded};

static inline void
attach_as(struct player *p, enum msg_who who, const char *name)
{
	struct uplink_config config = {.who = who,
	                               .name = name,
	                               .run_dir = conf.run_dir,
	                               .kind = conf.ipc == CONF_IPC_NNG ? CHAN_NNG
	                                                                : CHAN_SEQPACKET};

	p->heard = (struct heard){0};
	assert_int_equal(uplink_open(&p->uplink, loop, &config, &uplink_ops, p), 0);
}

static inline void
attach(struct player *p, enum msg_who who)
{
	attach_as(p, who, "main");
}

static inline void
leave(struct player *p)
{
	uplink_close(p->uplink);
	p->uplink = NULL;
}

/* Turns the loop until the condition holds. */
#define UNTIL(condition)                                                                 \
	do {                                                                             \
		for (uint64_t turn_ms = clock_ms() + 30000; !(condition);) {             \
			assert_true(clock_ms() < turn_ms);                               \
			assert_true(sd_event_run(loop, 1000) >= 0);                      \
		}                                                                        \
	} while (0)

static inline enum msg_link
link_of(const struct player *p, enum msg_lane lane, int sid)
{
	return (enum msg_link)p->heard.remotes[lane - 1][sid].link;
}

/* A socket that listens at, or is bound to, a free port of loopback. */
static inline int
listen_any(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static inline int
dial(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_port = htons(port),
	                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static inline void
put(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Says hello as `sid` and then these frames, all in one segment. */
static inline int
dial_as(uint16_t port, int64_t sid, const char *frame)
{
	unsigned char data[HELLO_MAX + 128];
	size_t len = hello_encode(sid, "127.0.0.1:3888", data, sizeof(data));
	size_t frame_len = strlen(frame);
	int fd = dial(port);

	assert_true(len > 0 && frame_len < 100);
	if (frame_len > 0) {
		memcpy(data + len, (unsigned char[]){0, 0, 0, (unsigned char)frame_len},
		       4);
		memcpy(data + len + 4, frame, frame_len);
		len += 4 + frame_len;
	}
	put(fd, data, len);
	return fd;
}

static inline bool
readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static inline int
accept_one(int listener)
{
	int fd;

	UNTIL(readable(listener));
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	return fd;
}

/* Takes exactly these bytes, turning the loop meanwhile. */
static inline void
take(int fd, unsigned char *out, size_t len)
{
	for (size_t have = 0; have < len;) {
		ssize_t n;

		UNTIL(readable(fd));
		n = recv(fd, out + have, len - have, 0);
		assert_true(n > 0);
		have += (size_t)n;
	}
}

static inline void
expect_frame(int fd, const char *want)
{
	unsigned char data[128];
	size_t len = strlen(want);

	take(fd, data, 4 + len);
	assert_int_equal(data[3], len);
	assert_memory_equal(data + 4, want, len);
}

static inline void
expect_hello(int fd, uint16_t own_port)
{
	static struct hello h;
	unsigned char want[HELLO_MAX], data[HELLO_MAX];
	char text[32];
	size_t len, used;

	snprintf(text, sizeof(text), "127.0.0.1:%u", own_port);
	len = hello_encode(SELF, text, want, sizeof(want));
	take(fd, data, len);
	assert_memory_equal(data, want, len);
	assert_int_equal(hello_decode(data, len, &h, &used), HELLO_OK);
}

static inline void
expect_end(int fd)
{
	unsigned char c;

	UNTIL(readable(fd));
	assert_true(recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

static inline void
send_frame(struct player *p, enum msg_lane lane, int64_t sid, const char *text,
           size_t len)
{
	struct msg m = {.type = MSG_FRAME_OUT};

	m.u.frame = (struct msg_frame){
	    .lane = (uint8_t)lane,
	    .sid = sid,
	    .number = lane == MSG_LANE_LEARNER ? p->heard.remotes[1][sid].number : 0,
	    .data = (const unsigned char *)text,
	    .data_len = len};
	uplink_send(p->uplink, &m);
}

/* `server.N=…` of one more server, at these ports of loopback; the first has no text
 * before it. */
static inline void
add_server(char *text, size_t cap, int64_t sid, uint16_t quorum, uint16_t election)
{
	size_t len = strlen(text);

	snprintf(text + len, cap - len, "server.%lld=127.0.0.1:%u:%u:participant\n",
	         (long long)sid, quorum, election);
}

/* The peer says the members: texts without their version. */
static inline void
say_members(struct player *p, const char *current, unsigned version,
            const char *last_seen, const char *links)
{
	static char texts[3][1024];
	const char *bare[] = {current, last_seen, links};
	struct msg m = {.type = MSG_MEMBERS};
	struct msg_text *out[] = {&m.u.members.current, &m.u.members.last_seen,
	                          &m.u.members.links};

	for (unsigned i = 0; i < 3; i++) {
		if (!bare[i] || *bare[i] == '\0')
			continue;
		snprintf(texts[i], sizeof(texts[i]), "%sversion=%x", bare[i],
		         i == 2 ? 0 : version + i);
		*out[i] = (struct msg_text){texts[i], strlen(texts[i])};
	}
	uplink_send(p->uplink, &m);
}

static inline void
fill_conf(enum conf_ipc ipc)
{
	int fds[6];
	uint16_t port;

	memset(&conf, 0, sizeof(conf));
	conf.id = SELF;
	conf.zab = true;
	conf.version = 1;
	conf.ipc = ipc;
	conf.server_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		struct conf_server *s = &conf.servers[i];

		s->id = i + 1;
		strcpy(s->host, "127.0.0.1");
		s->weight = 1;
		fds[2 * i] = listen_any(&port);
		s->quorum_port = port;
		fds[2 * i + 1] = listen_any(&port);
		s->election_port = port;
	}
	for (unsigned i = 0; i < 6; i++)
		close(fds[i]);
	conf.self = &conf.servers[1];
	conf.links.connect_ms = 1000;
	conf.links.handshake_ms = 300;
	conf.links.handshakes_max = 4;
	conf.links.retry_min_ms = 5;
	conf.links.retry_max_ms = 20;
	conf.links.keepalive_ms = 2000;
	conf.links.user_timeout_ms = 5000;
	conf.links.strangers_max = 2;
}

static inline void
open_board(void)
{
	strcpy(folder, "/tmp/connmgr.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s/run", folder);
	snprintf(conf.data_dir, sizeof(conf.data_dir), "%s/data", folder);
	assert_int_equal(connmgr_open(&connmgr, loop, &conf, "main"), 0);
}

static inline void
close_board(void)
{
	char command[128];

	connmgr_close(connmgr);
	connmgr = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static inline int
set_up(enum conf_ipc ipc)
{
	assert_true(sd_event_new(&loop) >= 0);
	fill_conf(ipc);
	open_board();
	attach(&elector, MSG_WHO_ELECTOR);
	/* a shadow until the disk was read */
	UNTIL(elector.heard.activations == 1 && elector.heard.synced);
	return 0;
}

static inline int
set_up_nng(void **state)
{
	(void)state;
	return set_up(CONF_IPC_NNG);
}

static inline int
set_up_seqpacket(void **state)
{
	(void)state;
	return set_up(CONF_IPC_SEQPACKET);
}

static inline int
tear_down(void **state)
{
	(void)state;
	uplink_close(elector.uplink);
	uplink_close(peer.uplink);
	elector.uplink = peer.uplink = NULL;
	close_board();
	loop = sd_event_unref(loop);
	return 0;
}

static inline int
listen_as(unsigned sid, enum msg_lane lane)
{
	const struct conf_server *s = &conf.servers[sid - 1];
	struct sockaddr_in a = {
	    .sin_family = AF_INET,
	    .sin_port =
		htons(lane == MSG_LANE_ELECTION ? s->election_port : s->quorum_port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static inline json_t *
ask(const char *request)
{
	static char reply[DOOR_REPLY_MAX];
	char path[128];
	json_t *json;
	struct client c;
	size_t len;

	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, conf.run_dir);
	assert_int_equal(client_begin(&c, path, request, 0, 0), 0);
	UNTIL(readable(c.fd));
	assert_int_equal(client_step(&c, 0, reply, sizeof(reply), &len), 0);
	client_end(&c);
	json = json_loads(reply, 0, NULL);
	assert_non_null(json);
	return json;
}

#endif
