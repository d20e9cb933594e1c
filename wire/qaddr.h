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

/* Splits at `:` and drops empty parts at the end. `[v6]` at the start is one part up to
 * `]`; the character behind `]` is skipped, whatever it is. Returns the number of parts
 * (`parts` has the first QADDR_PARTS_MAX of them), -1 for a bracket without end. */
int qaddr_split(struct qaddr_text text, struct qaddr_text parts[QADDR_PARTS_MAX]);

/* The text before the next `separator`, cut off the front of `rest` with it. */
struct qaddr_text qaddr_cut(struct qaddr_text *rest, char separator);
/* Java's split drops empty pieces at the end: `text` without each `c` there. */
struct qaddr_text qaddr_trim_end(struct qaddr_text text, char c);

/* Java's Integer.parseInt or Long.parseLong in radix 10 or 16: an optional sign, at least
 * one digit, nothing else, and a value in range. */
bool qaddr_number(struct qaddr_text text, int radix, int64_t min, int64_t max,
                  int64_t *out);

/* The same without a sign, from 0 on. */
bool qaddr_unsigned(struct qaddr_text text, int radix, int64_t max, int64_t *out);

/* 0.0.0.0, ::, 0 and all other ways to write them. */
bool qaddr_is_wildcard(struct qaddr_text host);

/* The host as ZooKeeper prints it: numeric IPv4 as four decimals, IPv6 as eight groups
 * without brackets, v4-mapped IPv6 as IPv4, an empty host as localhost, every other as
 * written. False if the text does not fit or holds a NUL; `out` is scratch then. */
bool qaddr_canonical(struct qaddr_text host, char *out, size_t cap);

/* What Java adds to the port for InetSocketAddress.hashCode: of a numeric host the hash
 * of its address, of any other that of its name, as if it could not be resolved. */
uint32_t qaddr_hash(struct qaddr_text host);

#endif
