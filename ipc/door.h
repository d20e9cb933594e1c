/* A door: the plain SOCK_SEQPACKET socket at which a process answers questions. It lives
 * as long as its owner. One packet is one request and one packet the answer; a connection
 * may ask again, and may be kept (a worker that attached, a subscriber to events).
 *
 * A request is either an encoded ipc/msg (connmgr's door only) or words of ASCII:
 * `status`, `watch`, `restart elector` … The answer to words is one JSON object;
 * `{"error":"…"}` says what is wrong with a request. The uid of who asks must be ours or
 * root's, else the connection is closed unheard. The asking side is client/door. */
#ifndef IPC_DOOR_H
#define IPC_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define DOOR_CONNS_MAX   64 /* at one time; then the oldest idle, unkept one is closed */
#define DOOR_REQUEST_MAX 4096
#define DOOR_REPLY_MAX   65536

struct door;
struct door_conn;

struct door_ops {
	/* One request; NUL-terminated beyond `len`. The answer may be sent now or later.
	 */
	void (*on_request)(void *user, struct door_conn *c, const char *data, size_t len);
	/* The other side is gone, or door_conn_close was called; `c` is invalid
	 * afterwards. */
	void (*on_gone)(void *user, struct door_conn *c);
};

/* Listens at `path` (an old socket there is removed; 0600). 0 or -errno. */
int door_open(struct door **out, sd_event *loop, const char *path,
              const struct door_ops *ops, void *user);
void
door_close(struct door *d); /* closes every connection, calls on_gone for each; NULL ok */

/* Sends one packet. 0, or -errno: -EAGAIN when the other side does not drain its socket
 * (the caller decides what that means), -EMSGSIZE. */
int door_send(struct door_conn *c, const void *data, size_t len);
void door_conn_keep(struct door_conn *c); /* never close it for room */
void door_conn_close(struct door_conn *c);
void door_conn_set_user(struct door_conn *c, void *user);
void *door_conn_user(const struct door_conn *c); /* NULL until set */
pid_t door_conn_pid(const struct door_conn *c);  /* who asks, as the kernel says */

/* True if the other side has ended though the loop has not told us yet: connmgr looks
 * there before it answers an attach. */
bool door_conn_ended(const struct door_conn *c);

#endif
