/* A door: the SOCK_SEQPACKET socket at which a process answers questions (its control
 * socket). A door lives as long as its owner. One packet is one request, and one packet
 * is the answer. A connection may ask again, and may be kept: that of a worker that
 * attached, or of a subscriber to events.
 *
 * With a request or an answer may go one descriptor (ipc/pass.h).
 *
 * A request is either an encoded ipc/msg (connmgr's door only) or words of ASCII:
 * `status`, `watch`, `restart elector` … The answer to words is one JSON object;
 * `{"error":"…"}` tells what is wrong with a request. A connection from a user who may
 * not even read (ipc/policy.h) is closed unheard; what else a request asks for is checked
 * by the owner, with door_refuses. The asking side is client/door. */
#ifndef IPC_DOOR_H
#define IPC_DOOR_H

#include "ipc/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

/* At one time. For one more the connection that was idle longest is closed, if it is not
 * kept. */
#define DOOR_CONNS_MAX   96
#define DOOR_REQUEST_MAX 4096
#define DOOR_REPLY_MAX   65536

struct door;
struct door_conn;

struct door_ops {
	/* One request, with a NUL behind it. The answer may be sent now or later. A
	 * descriptor that came with it is closed afterwards, if door_take_passed has not
	 * taken it. */
	void (*on_request)(void *user, struct door_conn *c, const char *data, size_t len);
	/* The other side has closed, or door_conn_close was called; `c` is invalid
	 * afterwards. NULL: nothing is to be done then. */
	void (*on_gone)(void *user, struct door_conn *c);
};

/* Listens at `path` (an old socket there is removed). 0 or -errno. */
int door_open(struct door **out, sd_event *loop, const char *path,
              const struct door_ops *ops, void *user);
/* Closes every connection, and calls on_gone for each. NULL is allowed. */
void door_close(struct door *d);

/* Sends one packet. 0, or -errno: -EMSGSIZE, or -EAGAIN when the other side does not read
 * (the caller decides what happens then). */
int door_send(struct door_conn *c, const void *data, size_t len);
/* The same, with a copy of the descriptor `fd`. */
int door_send_with(struct door_conn *c, const void *data, size_t len, int fd);
/* In on_request: the descriptor that came with the request, which is the caller's from
 * now on; PASS_NONE: none did, or it was taken already. It is whatever the asker has. */
int door_take_passed(struct door_conn *c);
void door_conn_keep(struct door_conn *c, bool keep); /* never closed for one more */
void door_conn_close(struct door_conn *c);
void door_conn_set_user(struct door_conn *c, void *user);
void *door_conn_user(const struct door_conn *c); /* NULL until set */
/* Why who asks may not have `what`, for the answer; NULL: it may. */
const char *door_refuses(const struct door_conn *c, enum policy_what what);
/* The process that asks, as the kernel says. */
pid_t door_conn_pid(const struct door_conn *c);

/* True if the other side has closed, also where on_gone has not been called yet. connmgr
 * looks before it answers an attach. */
bool door_conn_ended(const struct door_conn *c);

#endif
