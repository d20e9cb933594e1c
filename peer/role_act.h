/* The leaves of the peer's core: they push actions, find, send, close and compare, and
 * call no other file of the core. */
#ifndef PEER_ROLE_ACT_H
#define PEER_ROLE_ACT_H

#include "peer/role_impl.h"

struct role_action *role_act(struct role_actions *out, enum role_action_type type);
uint64_t role_ticks(const struct role *r, uint64_t ticks); /* in ms */

/* Tells the elector our role, with a new serial. */
void role_announce(struct role *r, struct role_actions *out);
/* We are established with `epoch`. */
void role_establish(struct role *r, int64_t epoch, struct role_actions *out);

/* Could we lead at all? A server that could not votes as if it had nothing, so that
 * nobody elects it; it counts in quorums like any other. */
bool role_may_stand(const struct role *r);
/* Is (epoch, zxid) more than the other pair? */
bool role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid);
/* Are we and those remotes of which `has` is true a quorum? */
bool role_is_quorum(const struct role *r,
                    bool (*has)(const struct role *r, const struct role_remote *p));

/* What the end of a link, or a failed attempt, says about the remote. */
enum role_loss {
	/* Nothing: never tried, or ended by us. */
	ROLE_LOSS_OLD,
	/* An attempt failed, or nothing answers any more. */
	ROLE_LOSS_FAILED,
	/* The link was up and ended. */
	ROLE_LOSS_ENDED,
};
enum role_loss role_loss(enum msg_reason reason);

struct role_remote *role_remote(struct role *r, int64_t sid); /* NULL: none */
bool role_is_open(const struct role_remote *p);
/* Returns the packet, which has no data yet. */
struct role_packet *role_send(struct role_actions *out, int64_t sid, int32_t type,
                              int64_t zxid);
void role_send_i32(struct role_actions *out, int64_t sid, int32_t type, int64_t zxid,
                   int32_t value);
void role_close(struct role_remote *p, enum role_close why, struct role_actions *out);
void role_close_all(struct role *r, enum role_close why, struct role_actions *out);
/* Keeps FOLLOWERINFO or OBSERVERINFO in `p`; false: the packet is not acceptable. */
bool role_take_info(struct role_remote *p, const struct qpacket *packet);

#endif
