/* One TCP connection to another server, and one port at which connections are accepted,
 * as greet, dial and wire see them: bytes in and out, what the owner waits for, and why a
 * connection ended. No other file of connmgr makes a system call on a connection.
 *
 * With an engine (tls/engine.h) the bytes pass encrypted: a stream stands when the
 * handshake is over, stream_send takes nothing while encrypted bytes wait, and what the
 * owner wants is translated into what the handshake needs. */
#ifndef CONNMGR_STREAM_H
#define CONNMGR_STREAM_H

#include "config/conf.h"
#include "connmgr/address.h"
#include "ipc/msg.h"
#include "tls/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

enum stream_what { STREAM_READ = 1, STREAM_WRITE = 2 }; /* bits */

/* The owner has the memory, and must not move it while the stream is watched. */
struct stream {
	int fd;                  /* -1: there is no connection */
	sd_event_source *source; /* NULL: it is not watched */
	void (*on_ready)(void *user, unsigned what);
	void *user;
	struct tls_engine *tls; /* NULL: the bytes pass as they are */
	/* With TLS: the connection stands, without its handshake perhaps. */
	bool connected;
	/* With TLS: decrypted bytes may wait, of which the loop does not know. */
	bool more;
	unsigned want;          /* as the owner said it */
	sd_event_source *again; /* wakes the owner for these */
};

#define STREAM_NONE ((struct stream){.fd = -1})

struct stream_port {
	int fd; /* -1: closed */
	/* A descriptor that is given up when there are no others; -1: it is lost. */
	int reserve;
	sd_event_source *source;
	void (*on_knock)(void *user);
	void *user;
};

/* Begins to connect: 0, or -errno of an immediate refusal. */
int stream_connect(struct stream *s, const struct address *a, const struct conf *c);
/* From now on the bytes are those of `tls`, which belongs to the stream. */
void stream_secure(struct stream *s, struct tls_engine *tls);
/* 0: the connection stands; -EINPROGRESS: not yet; else -errno: why it does not; -EPROTO:
 * the handshake of TLS has failed. */
int stream_stands(struct stream *s);
/* Why an attempt failed, of the errors above. */
enum msg_reason stream_refusal(int error);

/* Calls on_ready when the stream is ready for one of `what`; an end counts as READ,
 * always. `late`: after everything else that is ready. 0 or -errno. */
int stream_watch(struct stream *s, sd_event *loop, unsigned what, bool late,
                 void (*on_ready)(void *user, unsigned what), void *user);
void stream_want(struct stream *s, unsigned what);

/* The first byte that waits to be read, and stays; -EAGAIN: none has come yet; -EPIPE:
 * the connection has ended. */
int stream_first_byte(const struct stream *s);
/* The number of bytes that were read; 0: there are none now; -1: the connection has
 * ended, and `why`. */
ssize_t stream_recv(struct stream *s, void *data, size_t cap, enum msg_reason *why);
/* The number of bytes that were taken; 0: there is no room now; -1: the connection has
 * ended, and the next stream_recv says why. */
ssize_t stream_send(struct stream *s, const void *data, size_t len);
/* Sends the initial message and `data` (which may be empty) in one segment, since
 * ZooKeeper reads the address by one call. Returns how much of `data` was taken; -1: not
 * all of the message was taken, the stream is shut, and the next stream_recv says so. */
ssize_t stream_greet(struct stream *s, const void *hello, size_t hello_len,
                     const void *data, size_t len);

/* Our side's address of the connection, with another port. 0 or -errno. */
int stream_own_address(const struct stream *s, uint16_t port, struct address *out);
/* The other side's address. 0 or -errno. */
int stream_far_address(const struct stream *s, struct address *out);
/* True: the other side has proved to be a stranger that only asks. */
bool stream_is_stranger(const struct stream *s);
/* True: the other side has ended the connection, whether we have read that or not. */
bool stream_has_ended(const struct stream *s);
/* The caller owns the result, which nobody watches; `s` has no connection any more. */
struct stream stream_take(struct stream *s);
void stream_close(struct stream *s); /* nothing happens without a connection */

/* Listens, and calls on_knock while connections wait; `late`: after everything else that
 * is ready. 0 or -errno. */
int stream_listen(struct stream_port *p, sd_event *loop, const struct address *a,
                  bool late, void (*on_knock)(void *user), void *user);
void stream_pause(struct stream_port *p, bool pause);
/* 0; -EAGAIN: no connection waits. -EMFILE: there were no descriptors, so the reserve was
 * given up for a moment to accept and close one connection. -ENOBUFS: that failed too,
 * and the connections that wait will wake the loop again and again. */
int stream_accept(struct stream_port *p, const struct conf *c, struct stream *out);
void stream_unlisten(struct stream_port *p); /* nothing happens if it is closed */

#endif
