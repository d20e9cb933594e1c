/* Cuts a stream of bytes into frames: 4 bytes of length (1 … FRAME_LENGTH_MAX), then the
 * payload. It does what QuorumCnxManager.RecvWorker does with a DataInputStream, without
 * waiting. Where ours differs: a legal frame of more than MSG_FRAME_MAX bytes is skipped
 * and counted, never stored. */
#ifndef CONNMGR_FRAME_H
#define CONNMGR_FRAME_H

#include "ipc/msg.h"

#include <stddef.h>

#define FRAME_LENGTH_MAX 524288 /* ZooKeeper's PACKETMAXSIZE */
#define FRAME_HEAD       4

enum frame_result {
	FRAME_MORE,  /* the input is used up */
	FRAME_READY, /* here is one frame */
	FRAME_LARGE, /* a frame begins that is skipped */
	FRAME_BAD,   /* the length is none that a frame may have */
};

struct frame_reader {
	size_t held; /* bytes of `store` in use: head and payload so far */
	size_t skip; /* bytes that are still to be skipped */
	unsigned char store[FRAME_HEAD + MSG_FRAME_MAX];
};

void frame_reset(struct frame_reader *r);

/* Takes bytes off the front of the input up to the end of one frame. On FRAME_READY
 * `frame` points into the input or into the reader, and is good until the next call. Call
 * it until FRAME_MORE or FRAME_BAD. */
enum frame_result frame_next(struct frame_reader *r, const unsigned char **data,
                             size_t *len, const unsigned char **frame, size_t *frame_len);

#endif
