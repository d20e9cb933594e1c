/* See conf_memory.h. connmgr is above this room, so its sizes are named here again. */
#include "config/conf_memory.h"

#include "config/conf_key.h"
#include "ipc/msg.h"
#include "wire/hello.h"
#include "wire/members.h"

#include <inttypes.h>
#include <stdio.h>

/* Of one allocation: heads, and what malloc adds. */
#define EXTRA 512
/* connmgr/wire: the frame that comes in on one connection, and our initial message. */
#define WIRE (MSG_FRAME_MAX + HELLO_MAX + EXTRA)
/* connmgr/outbox: two frames on the election lane, a fifo on the learner lane. */
#define NEWEST (2 * MSG_FRAME_MAX + EXTRA)
#define FIFO   (262144 + EXTRA)
/* A remote has one link on the election lane; on the learner lane one, and two that may
 * take its place. */
#define REMOTE (WIRE + NEWEST + 3 * (WIRE + FIFO) + 8192)
/* A stranger has a link on the election lane. */
#define STRANGER (WIRE + NEWEST)
/* connmgr/board_keep: the last frame of a remote or stranger, and the members. There are
 * places for all remotes that there can be while members change (LANE_REMOTES_MAX). */
#define KEPT        (MSG_MAX + EXTRA)
#define REMOTES_MAX (3 * MEMBERS_MAX)
/* connmgr/board_queue: what waits for one worker; BOARD_WORKERS_MAX of them. A sender of
 * frames has its share: a remote, 16 strangers, or the three connections of a learner. */
#define WORKERS 8
#define SENDER  (65536 + 64 * 72 + EXTRA)
#define NEWS    (8 * 300) /* of the links of one remote */
#define QUEUE   (300 * 300 + MSG_MAX)
/* connmgr/greet: a connection without its initial message; each of two ports has its own.
 */
#define GREETING (HELLO_MAX + 4096 + EXTRA)

/* With TLS: what OpenSSL keeps of a connection, and of one that shakes hands. */
#define TLS_OPEN  (16 * 1024)
#define TLS_SHAKE (44 * 1024)

#define STEP_MIB 8 /* an advice is a multiple of this */

uint64_t
conf_memory_need(const struct conf *c)
{
	uint64_t remotes = conf_remote_count(c), strangers = c->links.strangers_max;
	uint64_t senders = 3 * remotes > remotes + 16 ? 3 * remotes : remotes + 16;
	uint64_t tls = (4 * remotes + strangers) * TLS_OPEN +
	               (2 * (uint64_t)c->links.handshakes_max + 2 * remotes) * TLS_SHAKE;

	if (c->tls.mode == CONF_TLS_OFF)
		tls = 0;
	return tls + remotes * REMOTE + strangers * STRANGER +
	       (REMOTES_MAX + strangers + 1) * KEPT +
	       WORKERS * (QUEUE + senders * SENDER + remotes * NEWS) +
	       2 * (uint64_t)c->links.handshakes_max * GREETING;
}

/* The key that asks for much, if one was given, or memory_mb. */
static struct conf_place
place_of(const struct conf_draft *d)
{
	static const char *const keys[] = {"supervisor.memory_mb", "links.strangers_max",
	                                   "links.handshakes_max"};
	struct conf_place at = d->places.whole;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct conf_key *k = conf_key_find("", keys[i]);
		struct conf_place one = d->places.keys[k - conf_keys];
		bool large = conf_key_get(k, &d->conf) > k->standard;

		if (one.line > 0 && (i == 0 || large))
			at = one;
	}
	return at;
}

int
conf_memory_check(const struct conf_draft *d)
{
	const struct conf *c = &d->conf;
	uint64_t granted = c->supervisor.memory_mb;
	uint64_t need = ((conf_memory_need(c) + CONF_MEMORY_BASE) >> 20) + 1;
	uint64_t good = (need + STEP_MIB - 1) / STEP_MIB * STEP_MIB;

	if (granted == 0 || granted >= need)
		return 0;
	return conf_fail(d->error, place_of(d),
	                 "memory_mb = %" PRIu64 " is not enough: with %u servers, "
	                 "strangers_max = %u and handshakes_max = %u connmgr may need "
	                 "%" PRIu64 " MiB; write memory_mb = %" PRIu64
	                 " or more within supervisor, or smaller numbers within links",
	                 granted, c->server_count, c->links.strangers_max,
	                 c->links.handshakes_max, need, good);
}
