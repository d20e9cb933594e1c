/* The initial message of a connection: what the dialling side says first, in one segment.
 * Source: QuorumCnxManager.InitialMessage.parse and initiateConnection of ZooKeeper
 * 3.8.0. The text of the addresses has pieces `host:port` separated by `|`. */
#ifndef WIRE_HELLO_H
#define WIRE_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELLO_V1        (-65536) /* one address, ZooKeeper's default */
#define HELLO_V2        (-65535) /* several, multiAddress.enabled */
#define HELLO_TEXT_MAX  2048
#define HELLO_ADDRS_MAX 1024 /* no text of 2048 bytes holds more */
#define HELLO_MAX       (8 + 8 + 4 + HELLO_TEXT_MAX)

/* One address, as written: `host` points into the decoded bytes, brackets removed. */
struct hello_addr {
	const char *host;
	uint16_t host_len;
	uint16_t port;
};

struct hello {
	/* HELLO_V1, HELLO_V2; 0: an old server sent just its sid */
	int64_t version;
	int64_t sid;
	/* may be 0, since wildcard addresses are left out */
	unsigned addr_count;
	struct hello_addr addrs[HELLO_ADDRS_MAX];
};

enum hello_result {
	HELLO_OK,
	/* bytes are missing; at the end of a stream this is a refusal */
	HELLO_MORE,
	/* a negative version that ZooKeeper does not know */
	HELLO_VERSION,
	/* the text of the addresses has not 1 … 2048 bytes */
	HELLO_LENGTH,
	/* an address is not host:port */
	HELLO_ADDRESS,
	/* a port is no number, or not in 0 … 65535 */
	HELLO_PORT,
};

/* Reads the initial message at the start of `data`; HELLO_MAX bytes are always enough. On
 * HELLO_OK `out` is filled and `used` says how many bytes belong to the message (frames
 * may follow); otherwise both are untouched. */
enum hello_result hello_decode(const void *data, size_t len, struct hello *out,
                               size_t *used);

/* Writes the initial message of `sid` with the address text `host:port[|host:port…]`
 * (version -65536 without a `|`, else -65535). Returns its length, 0 if it does not fit
 * or the text is not one that hello_decode accepts with ports in 1 … 65535. */
size_t hello_encode(int64_t sid, const char *addresses, void *out, size_t cap);

const char *hello_result_name(enum hello_result r); /* for logs, never NULL */

#endif
