/* A worker's side of its life with connmgr, alike for elector and peer. It knocks at
 * connmgr's door until connmgr is there, attaches, dials its link, says hello, becomes
 * active when connmgr says so, and attaches again when the link or connmgr is lost
 * (docs/DESIGN.md). */
#ifndef IPC_UPLINK_H
#define IPC_UPLINK_H

#include "ipc/chan.h"
#include "ipc/msg.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct uplink;

struct uplink_config {
	enum msg_who who;
	const char *name;    /* of this instance */
	const char *run_dir; /* connmgr's door is run_dir/connmgr/door */
	enum chan_kind kind;
};

struct uplink_ops {
	/* `activate` came: forget what you worked out as a shadow. hello with this
	 * generation goes before what you send now; then the replay follows, up to
	 * `synced`. */
	void (*on_activate)(void *user, uint64_t generation);
	/* Attached again. As the active one, uplink_send what you last said as active:
	 * that goes before hello. As a shadow (`active` is false), forget what you worked
	 * out. Then the replay follows. */
	void (*on_again)(void *user, bool active);
	/* Every other message for this worker, `synced` included. */
	void (*on_message)(void *user, const struct msg *m);
	/* The link is lost, and what waited for room is dropped. A new link is being
	 * made. NULL: nothing is to be done then. */
	void (*on_lost)(void *user, const char *why);
	/* Another process holds our role, or connmgr speaks another message set: exit
	 * with this status (85 or 1). */
	void (*on_superseded)(void *user, int status);
};

/* 0 or -errno. Borrowed until uplink_close: ops, user, the strings of `config`. */
int uplink_open(struct uplink **out, sd_event *loop, const struct uplink_config *config,
                const struct uplink_ops *ops, void *user);
void uplink_close(struct uplink *u);

/* Sends in order. While the link is full, up to UPLINK_QUEUE_MAX messages wait; one more
 * drops them all and cuts the link. They are also dropped when the link is lost and when
 * `activate` comes. On the election lane only the newest frame to each server waits. What
 * is sent while there is no link is dropped: in on_again the owner says everything anew,
 * and no frame may come before the state that it carries. msg_encode must accept `m`. */
#define UPLINK_QUEUE_MAX 256
void uplink_send(struct uplink *u, const struct msg *m);
/* Sends at once what would go at the end of this turn of the loop (chan_flush). */
void uplink_flush(struct uplink *u);
/* How many messages wait. From half of UPLINK_QUEUE_MAX on, do not send what can be left
 * out. */
unsigned uplink_waiting(const struct uplink *u);

uint64_t uplink_generation(const struct uplink *u); /* 0: never active */
static inline bool
uplink_active(const struct uplink *u)
{
	return uplink_generation(u) != 0;
}

struct uplink_counters {
	/* Messages from connmgr that did not decode, or are not for this worker. */
	uint64_t refused;
	/* Messages to connmgr that were dropped: the queue was full, or there was no
	 * link. */
	uint64_t dropped;
	/* Frames that a newer frame to the same server has replaced. */
	uint64_t replaced;
	/* Links made so far. */
	uint64_t links;
};
struct uplink_counters uplink_counters(const struct uplink *u);

#endif
