/* A worker's side of its life with connmgr, alike for elector and peer: it knocks at
 * connmgr's door until it is there, attaches, dials its link, says hello, becomes active
 * when told to, and attaches again when the link or connmgr is lost (design.md, section
 * 4). */
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
	 * generation is on its way, what you send now comes behind it; the replay
	 * follows, up to `synced`. */
	void (*on_activate)(void *user, uint64_t generation);
	/* Attached again. As the active one: uplink_send what you last said as active (it
	 * goes before hello). As a shadow (`active` false): forget. The replay follows.
	 */
	void (*on_again)(void *user, bool active);
	/* Every other message for us, synced included. */
	void (*on_message)(void *user, const struct msg *m);
	/* The link is gone, what waited for it is dropped; it is being made anew. */
	void (*on_lost)(void *user, const char *why);
	/* Another process holds our role, or connmgr speaks another message set: exit
	 * with this status (85 or 1). */
	void (*on_superseded)(void *user, int status);
};

/* 0 or -errno. Borrowed until uplink_close: ops, user, the strings of `config`. */
int uplink_open(struct uplink **out, sd_event *loop, const struct uplink_config *config,
                const struct uplink_ops *ops, void *user);
void uplink_close(struct uplink *u);

/* Sends in order; while the link is full up to UPLINK_QUEUE_MAX messages wait. They are
 * dropped when the link is lost or `activate` comes; one more than the bound drops them
 * all and cuts the link. What is sent while there is no link is dropped: the next
 * on_again says everything anew, and nothing goes before it, lest a frame come before
 * the state that it carries. On the election lane only the newest frame to each server
 * waits. `m` must be one that msg_encode accepts. */
#define UPLINK_QUEUE_MAX 256
void uplink_send(struct uplink *u, const struct msg *m);
/* How many wait. From half of the bound on, what can be spared had better not be sent. */
unsigned uplink_waiting(const struct uplink *u);

uint64_t uplink_generation(const struct uplink *u); /* 0: never active */
static inline bool
uplink_active(const struct uplink *u)
{
	return uplink_generation(u) != 0;
}

struct uplink_counters {
	uint64_t refused;  /* messages that did not decode, or are not for us */
	uint64_t dropped;  /* ours, when the queue was full or there was no link */
	uint64_t replaced; /* ours, by a newer frame to the same server */
	uint64_t links;    /* made so far */
};
struct uplink_counters uplink_counters(const struct uplink *u);

#endif
