/* host:port as ZooKeeper's ConfigUtils.getHostAndPort splits it; shared by the initial
 * message and the configuration text. */
#ifndef WIRE_QADDR_H
#define WIRE_QADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of borrowed text; not NUL-terminated. */
struct qaddr_text {
	const char *at;
	size_t len;
};

#define QADDR_PARTS_MAX 6

/* Splits at `:`, trailing empty parts vanish; `[v6]` at the start is one part up to `]`,
 * and one character behind it is skipped, whatever it is. Returns the number of parts
 * (at most QADDR_PARTS_MAX are kept, more are counted), -1 for a bracket without end. */
int qaddr_split(struct qaddr_text text, struct qaddr_text parts[QADDR_PARTS_MAX]);

/* Java's Integer.parseInt or Long.parseLong in radix 10 or 16: optional sign, at least
 * one digit, nothing else, in range. */
bool qaddr_number(struct qaddr_text text, int radix, int64_t min, int64_t max,
                  int64_t *out);

/* 0.0.0.0, ::, 0 and all their spellings. */
bool qaddr_is_wildcard(struct qaddr_text host);

/* The host as ZooKeeper prints it: numeric IPv4 as four decimals, IPv6 as eight groups
 * without brackets, v4-mapped IPv6 as IPv4, none as localhost, else as written. False if
 * it does not fit or holds a NUL; `out` is scratch then. */
bool qaddr_canonical(struct qaddr_text host, char *out, size_t cap);

/* InetAddress.hashCode of a numeric host; of any other what Java takes of one that it
 * cannot resolve. */
uint32_t qaddr_hash(struct qaddr_text host);

#endif
