/* The real elector, but for what its file's name says: hard links or copies of this
 * program, called elector-KIND (see `kinds`), are what a swap must survive. It is the
 * elector's own main and objects; this file stands between them and what they call, by
 * the linker's --wrap. */
#include "base/exit.h"
#include "base/paths.h"
#include "base/version.h"
#include "ctl/ask.h"
#include "elector/shell.h"
#include "ipc/door.h"
#include "proc/serve.h"
#include "wire/notif.h"

#include <errno.h>
#include <jansson.h>
#include <nng/nng.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHER_BUILD  "99.0+other"
#define EXIT_CRASHED 3
#define SOON_US      20000  /* it is still to be seen as it was */
#define USURP_US     100000 /* between two tries */
#define FLOOD_US     1000   /* between two waves */
#define FLOOD_WAVE   64     /* messages */
#define DEAF_US      10000  /* the loop must not spin for what is not taken */

enum kind {
	KIND_NONE,
	KIND_GOOD,
	KIND_WORSE,
	KIND_CRASH_AFTER,
	KIND_CRASH_ATTACH,
	KIND_HANG_ATTACH,
	KIND_HANG_SHADOW,
	KIND_HANG_ACTIVE,
	KIND_READY_ONLY,
	KIND_NEVER_READY,
	KIND_FLOOD,
	KIND_MALFORMED,
	KIND_NEVER_DRAINS,
	KIND_USURPER,
	KIND_SET,
	KIND_NOT,
};

static const struct {
	const char *name; /* of the file, behind `elector-` */
	enum kind kind;
} kinds[] = {
    {"good", KIND_GOOD},                 /* says another build's version */
    {"worse", KIND_WORSE},               /* votes for a server that is worse */
    {"crash-after-", KIND_CRASH_AFTER},  /* N: ends after so many messages of connmgr */
    {"crash-attach", KIND_CRASH_ATTACH}, /* ends when its attach is answered */
    {"hang-attach", KIND_HANG_ATTACH},   /* hangs then */
    {"hang-shadow", KIND_HANG_SHADOW},   /* hangs once it is synced as a shadow */
    {"hang-active", KIND_HANG_ACTIVE},   /* the same as the active one */
    {"ready-only", KIND_READY_ONLY},     /* says READY, never attaches */
    {"never-ready", KIND_NEVER_READY},   /* attaches, never says READY */
    {"flood", KIND_FLOOD},               /* talks without end, from synced on */
    {"malformed", KIND_MALFORMED},       /* what is no message, beside each that is */
    {"never-drains", KIND_NEVER_DRAINS}, /* does not read its link, from synced on */
    {"usurper", KIND_USURPER},           /* a shadow that acts as the active one */
    {"set", KIND_SET},                   /* of another message set */
    {"not", KIND_NOT},                   /* calls itself otherwise */
};

static struct {
	enum kind kind;
	unsigned after; /* KIND_CRASH_AFTER */
	unsigned told;  /* messages */
	bool active;
	bool deaf;
	sd_event *loop;
	const char *run_dir;
	struct uplink *uplink;
	struct chan *link; /* what was sent on last */
	uint64_t waves;
} bad;

void __wrap_serve(int argc, char **argv, const struct serve *program)
    __attribute__((noreturn));
void __real_serve(int argc, char **argv, const struct serve *program)
    __attribute__((noreturn));
int __wrap_proc_parse_options(int argc, char **argv, const char *about,
                              struct proc_options *out);
int __real_proc_parse_options(int argc, char **argv, const char *about,
                              struct proc_options *out);
int __wrap_elector_open(void *s, const struct conf *conf, const char *name,
                        struct proc *proc);
int __real_elector_open(void *s, const struct conf *conf, const char *name,
                        struct proc *proc);
void __wrap_proc_ready(struct proc *p, const char *status, unsigned long long generation,
                       bool active);
void __real_proc_ready(struct proc *p, const char *status, unsigned long long generation,
                       bool active);
int __wrap_uplink_open(struct uplink **out, sd_event *loop,
                       const struct uplink_config *config, const struct uplink_ops *ops,
                       void *user);
int __real_uplink_open(struct uplink **out, sd_event *loop,
                       const struct uplink_config *config, const struct uplink_ops *ops,
                       void *user);
void __wrap_uplink_send(struct uplink *u, const struct msg *m);
void __real_uplink_send(struct uplink *u, const struct msg *m);
size_t __wrap_msg_encode(const struct msg *m, void *out, size_t cap);
size_t __real_msg_encode(const struct msg *m, void *out, size_t cap);
enum msg_result __wrap_msg_decode(const void *data, size_t len, struct msg *out);
enum msg_result __real_msg_decode(const void *data, size_t len, struct msg *out);
int __wrap_chan_send(struct chan *c, const void *data, size_t len);
int __real_chan_send(struct chan *c, const void *data, size_t len);
ssize_t __wrap_recv(int fd, void *out, size_t cap, int flags);
ssize_t __real_recv(int fd, void *out, size_t cap, int flags);
void __wrap_nng_recv_aio(nng_socket s, nng_aio *aio);
void __real_nng_recv_aio(nng_socket s, nng_aio *aio);

static enum kind
find_kind(const char *file)
{
	const char *name = strncmp(file, "elector-", 8) == 0 ? file + 8 : "";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].name);

		if (kinds[i].kind == KIND_CRASH_AFTER) {
			if (strncmp(name, kinds[i].name, len) != 0 || !name[len])
				continue;
			bad.after = (unsigned)strtoul(name + len, NULL, 10);
		} else if (strcmp(name, kinds[i].name) != 0) {
			continue;
		}
		return kinds[i].kind;
	}
	return KIND_NONE;
}

void
__wrap_serve(int argc, char **argv, const struct serve *program)
{
	bad.kind = find_kind(program_invocation_short_name);
	if (bad.kind == KIND_NONE) {
		fprintf(stderr, "call a link or copy of this elector-KIND; KIND:");
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			fprintf(stderr, " %s", kinds[i].name);
		fprintf(stderr, "\n");
		_exit(EXIT_USAGE);
	}
	__real_serve(argc, argv, program);
}

int
__wrap_proc_parse_options(int argc, char **argv, const char *about,
                          struct proc_options *out)
{
	if (argc != 2 || strcmp(argv[1], "--describe") != 0)
		return __real_proc_parse_options(argc, argv, about, out);
	printf("program %s\nversion %s\nmessage-set %d\n",
	       bad.kind == KIND_NOT ? "conclave-selector" : "conclave-elector",
	       bad.kind == KIND_GOOD ? OTHER_BUILD : CONCLAVE_VERSION,
	       bad.kind == KIND_SET ? MSG_SET + 1 : MSG_SET);
	return EXIT_OK;
}

int
__wrap_elector_open(void *s, const struct conf *conf, const char *name, struct proc *proc)
{
	int r = __real_elector_open(s, conf, name, proc);

	if (r == 0 && bad.kind == KIND_READY_ONLY)
		__real_proc_ready(proc, "ready, or so it says", 0, false);
	return r;
}

void
__wrap_proc_ready(struct proc *p, const char *status, unsigned long long generation,
                  bool active)
{
	if (bad.kind != KIND_NEVER_READY)
		__real_proc_ready(p, status, generation, active);
}

int
__wrap_uplink_open(struct uplink **out, sd_event *loop,
                   const struct uplink_config *config, const struct uplink_ops *ops,
                   void *user)
{
	static char nowhere[CONF_RUN_DIR_MAX + 16];
	struct uplink_config mine = *config;
	int r;

	bad.loop = loop;
	bad.run_dir = config->run_dir;
	if (bad.kind == KIND_READY_ONLY) {
		snprintf(nowhere, sizeof(nowhere), "%s/nowhere", config->run_dir);
		mine.run_dir = nowhere;
	}
	r = __real_uplink_open(out, loop, &mine, ops, user);
	if (r == 0)
		bad.uplink = *out;
	return r;
}

/* The next lower one; of the lowest the next. */
static int64_t
worse_than(int64_t leader)
{
	return leader > 1 ? leader - 1 : leader + 1;
}

void
__wrap_uplink_send(struct uplink *u, const struct msg *m)
{
	static unsigned char frame[MSG_FRAME_MAX];
	struct msg other = *m;
	struct notif n;

	if (bad.kind != KIND_WORSE) {
		__real_uplink_send(u, m);
		return;
	}
	if (m->type == MSG_STATE) {
		other.u.state.vote.leader = worse_than(m->u.state.vote.leader);
	} else if (m->type == MSG_DECIDED) {
		other.u.decided.vote.leader = worse_than(m->u.decided.vote.leader);
	} else if (m->type == MSG_FRAME_OUT &&
	           notif_decode(m->u.frame.data, m->u.frame.data_len, &n) == NOTIF_OK) {
		n.vote.leader = worse_than(n.vote.leader);
		other.u.frame.data = frame;
		other.u.frame.data_len = notif_encode(&n, frame, sizeof(frame));
	}
	__real_uplink_send(u, &other);
}

size_t
__wrap_msg_encode(const struct msg *m, void *out, size_t cap)
{
	struct msg mine = *m;
	size_t len;

	if (bad.kind == KIND_GOOD && m->type == MSG_ATTACH)
		strcpy(mine.u.attach.build, OTHER_BUILD);
	if (bad.kind == KIND_SET && m->type == MSG_ATTACH)
		mine.u.attach.set = MSG_SET + 1;
	len = __real_msg_encode(&mine, out, cap);
	if (bad.kind == KIND_SET && len > 2)
		((unsigned char *)out)[2] = MSG_SET + 1;
	return len;
}

static void __attribute__((noreturn)) hang(void)
{
	for (;;)
		(void)poll(NULL, 0, -1); /* pause is no right of an elector's */
}

static int
on_hang(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	(void)user;
	hang();
}

/* Frames to everybody, each of them another one. */
static int
on_flood(sd_event_source *s, uint64_t usec, void *user)
{
	struct msg m = {.type = MSG_FRAME_OUT};

	(void)usec;
	(void)user;
	for (unsigned i = 0;
	     i < FLOOD_WAVE && uplink_waiting(bad.uplink) < UPLINK_QUEUE_MAX / 2; i++) {
		bad.waves++;
		m.u.frame = (struct msg_frame){.lane = MSG_LANE_ELECTION,
		                               .sid = 1 + i % 3,
		                               .data = (const unsigned char *)&bad.waves,
		                               .data_len = sizeof(bad.waves)};
		__real_uplink_send(bad.uplink, &m);
	}
	sd_event_source_set_time_relative(s, FLOOD_US);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* The active one's generation is in connmgr's status. 0: it says nothing of one. */
static uint64_t
ask_generation(void)
{
	size_t at;
	static char reply[DOOR_REPLY_MAX + 1];
	char path[CONF_RUN_DIR_MAX + 32];
	uint64_t found = 0;
	json_t *json, *w;
	size_t len;

	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, bad.run_dir);
	if (ask_door(path, "status", 1000, reply, sizeof(reply), &len) < 0)
		return 0;
	json = json_loads(reply, 0, NULL);
	json_array_foreach (json_object_get(json, "workers"), at, w) {
		const char *who = json_string_value(json_object_get(w, "who"));

		if (who && strcmp(who, "elector") == 0 &&
		    json_is_true(json_object_get(w, "active")))
			found =
			    (uint64_t)json_number_value(json_object_get(w, "generation"));
	}
	json_decref(json);
	return found;
}

static int
on_usurp(sd_event_source *s, uint64_t usec, void *user)
{
	static const struct msg_serial newest = {UINT32_MAX, 1};
	struct msg hello = {.type = MSG_HELLO}, state = {.type = MSG_STATE},
		   decided = {.type = MSG_DECIDED}, frame = {.type = MSG_FRAME_OUT};
	struct vote vote = {
	    .leader = 1, .zxid = INT64_MAX, .round = INT64_MAX, .state = NOTIF_LEADING};

	(void)s;
	(void)usec;
	(void)user;
	state.u.state = (struct msg_vote){.serial = newest, .vote = vote};
	decided.u.decided = (struct msg_vote){.serial = newest, .vote = vote};
	frame.u.frame = (struct msg_frame){.lane = MSG_LANE_ELECTION,
	                                   .sid = 1,
	                                   .data = (const unsigned char *)"usurper",
	                                   .data_len = 7};
	__real_uplink_send(bad.uplink, &state);
	for (frame.u.frame.sid = 1; frame.u.frame.sid <= 3; frame.u.frame.sid++)
		__real_uplink_send(bad.uplink, &frame);
	__real_uplink_send(bad.uplink, &decided);
	hello.u.hello.generation = ask_generation();
	__real_uplink_send(bad.uplink, &hello);
	return 0;
}

static void
later(uint64_t after_us, sd_event_time_handler_t handler)
{
	if (sd_event_add_time_relative(bad.loop, NULL, CLOCK_MONOTONIC, after_us, 1,
	                               handler, NULL) < 0)
		_exit(EXIT_FAILED);
}

/* What is no message, or none of an elector's to connmgr. */
static void
throw_malformed(struct chan *c)
{
	static const unsigned char junk[] = {0xff, 0, 0xfe, 1, 2, 3};
	static const enum msg_type not_ours[] = {MSG_SYNCED, MSG_ABSENT, MSG_WELCOME,
	                                         MSG_ACTIVATE};
	struct msg m = {.type = MSG_HELLO};
	unsigned char data[64];
	size_t len = __real_msg_encode(&m, data, sizeof(data));

	for (size_t cut = 1; cut < len; cut++)
		(void)__real_chan_send(c, data, cut);
	data[len] = 0;
	(void)__real_chan_send(c, data, len + 1);
	for (unsigned i = 0; i < 4; i++) { /* magic, set, type */
		data[i] ^= 0xff;
		(void)__real_chan_send(c, data, len);
		data[i] ^= 0xff;
	}
	(void)__real_chan_send(c, junk, sizeof(junk));
	for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++) {
		m.type = not_ours[i];
		len = __real_msg_encode(&m, data, sizeof(data));
		(void)__real_chan_send(c, data, len);
	}
}

int
__wrap_chan_send(struct chan *c, const void *data, size_t len)
{
	int r = __real_chan_send(c, data, len);

	if (bad.kind == KIND_MALFORMED && r == 0 && bad.link == c)
		throw_malformed(c);
	bad.link = c; /* its first is hello, which has to be alone */
	return r;
}

static void
synced(void)
{
	if (bad.kind == (bad.active ? KIND_HANG_ACTIVE : KIND_HANG_SHADOW))
		later(SOON_US, on_hang);
	else if (bad.kind == KIND_FLOOD && bad.waves == 0)
		later(SOON_US, on_flood);
	else if (bad.kind == KIND_USURPER && !bad.active)
		later(USURP_US, on_usurp);
	else if (bad.kind == KIND_MALFORMED)
		throw_malformed(bad.link);
	else if (bad.kind == KIND_NEVER_DRAINS)
		bad.deaf = true;
}

enum msg_result
__wrap_msg_decode(const void *data, size_t len, struct msg *out)
{
	enum msg_result r = __real_msg_decode(data, len, out);

	if (r != MSG_OK)
		return r;
	if (bad.kind == KIND_CRASH_AFTER && ++bad.told > bad.after)
		_exit(EXIT_CRASHED);
	if (out->type == MSG_ATTACHED && bad.kind == KIND_CRASH_ATTACH)
		_exit(EXIT_CRASHED);
	if (out->type == MSG_ATTACHED && bad.kind == KIND_HANG_ATTACH)
		hang();
	if (out->type == MSG_ACTIVATE)
		bad.active = true;
	if (out->type == MSG_SYNCED)
		synced();
	return r;
}

/* Of a link made of a socket; a door's packets are smaller. */
ssize_t
__wrap_recv(int fd, void *out, size_t cap, int flags)
{
	if (!bad.deaf || cap != MSG_MAX)
		return __real_recv(fd, out, cap, flags);
	usleep(DEAF_US);
	errno = EAGAIN;
	return -1;
}

void
__wrap_nng_recv_aio(nng_socket s, nng_aio *aio)
{
	if (!bad.deaf) {
		__real_nng_recv_aio(s, aio);
		return;
	}
	usleep(DEAF_US);
	if (nng_aio_begin(aio))
		nng_aio_finish(aio, NNG_ETIMEDOUT);
}
