/* One connection in use: reads bytes into frames, and writes the outbox. It is
 * ZooKeeper's SendWorker and RecvWorker of one sid. */
#ifndef CONNMGR_WIRE_H
#define CONNMGR_WIRE_H

#include "connmgr/frame.h"
#include "connmgr/outbox.h"
#include "connmgr/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire;

enum wire_kind {
	WIRE_ELECTION, /* to a remote: the newest message wins */
	WIRE_LEARNER,  /* to a remote: a fifo */
	/* To a stranger, as WIRE_ELECTION, but we read little at a time, after everybody
	 * else, and nothing while the stranger does not read our answers. */
	WIRE_GUEST,
};

struct wire_ops {
	void (*on_frame)(void *user, const unsigned char *data, size_t len);
	/* The connection has ended, and is closed already. */
	void (*on_closed)(void *user, enum msg_reason reason);
};

/* `large` counts the frames that are skipped for their size. 0 or -ENOMEM. */
int wire_new(struct wire **out, sd_event *loop, enum wire_kind kind,
             const struct wire_ops *ops, void *user, uint64_t *large);
void wire_free(struct wire *w);

/* Uses `s` from now on. `hello` (at most HELLO_MAX bytes, may be empty) goes first, in
 * one segment with what the outbox holds. On the learner lane it waits for the first
 * frame, so that the other side knows at once what the connection is for. 0, or -errno:
 * `s` is closed. on_closed tells later errors. */
int wire_take(struct wire *w, struct stream *s, const void *hello, size_t hello_len);
/* Takes bytes that were read with the initial message. */
void wire_feed(struct wire *w, const unsigned char *data, size_t len);
/* Sends what can be sent now; the outbox keeps the rest. */
enum outbox_result wire_send(struct wire *w, const void *data, size_t len);
void wire_close(struct wire *w);  /* no callback; also without a connection */
void wire_forget(struct wire *w); /* closes, and clears the outbox for another remote */
bool wire_is_up(const struct wire *w);
bool wire_has_ended(const struct wire *w); /* stream_has_ended */
/* NULL: the bytes pass as they are, or there is no connection. */
const struct tls_engine *wire_tls(const struct wire *w);
size_t wire_waiting(const struct wire *w); /* outbox_waiting */

#endif
