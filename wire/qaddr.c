/* Addresses in ZooKeeper's texts; see qaddr.h. */
#include "wire/qaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int
split_plain(struct qaddr_text text, struct qaddr_text *parts, int have)
{
	const char *end = text.at + text.len, *at = text.at;
	int full = have; /* parts up to the last one that is not empty */

	for (;;) {
		const char *colon = memchr(at, ':', (size_t)(end - at));
		size_t len = (size_t)((colon ? colon : end) - at);

		if (have < QADDR_PARTS_MAX)
			parts[have] = (struct qaddr_text){at, len};
		have++;
		if (len > 0)
			full = have;
		if (!colon)
			break;
		at = colon + 1;
	}
	return full;
}

int
qaddr_split(struct qaddr_text text, struct qaddr_text parts[QADDR_PARTS_MAX])
{
	const char *end;
	size_t host_len;

	if (text.len == 0 || text.at[0] != '[') {
		int count = split_plain(text, parts, 0);

		/* Java: an empty text has one part, the empty one */
		return text.len == 0 ? 1 : count;
	}
	end = memchr(text.at, ']', text.len);
	if (!end)
		return -1;
	host_len = (size_t)(end - text.at - 1);
	parts[0] = (struct qaddr_text){text.at + 1, host_len};
	if (host_len + 3 > text.len)
		return 1; /* nothing behind the bracket */
	if (host_len + 3 == text.len)
		return -1; /* the colon, and no port */
	return split_plain((struct qaddr_text){end + 2, text.len - host_len - 3}, parts,
	                   1);
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool
qaddr_number(struct qaddr_text text, int radix, int64_t min, int64_t max, int64_t *out)
{
	bool negative = text.len > 0 && text.at[0] == '-';
	size_t i = text.len > 0 && (text.at[0] == '-' || text.at[0] == '+');
	int64_t value = 0; /* summed as a negative: that side holds one more */

	if (i == text.len)
		return false;
	for (; i < text.len; i++) {
		int digit = digit_value(text.at[i]);

		if (digit >= radix ||
		    __builtin_mul_overflow(value, (int64_t)radix, &value) ||
		    __builtin_sub_overflow(value, (int64_t)digit, &value))
			return false;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, value, &value))
		return false;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* Java's textual IPv4: one to four decimal parts, the last fills the rest. */
static bool
parse_ipv4(struct qaddr_text host, uint32_t *out)
{
	uint64_t value = 0;
	uint32_t head = 0;
	unsigned parts = 0;
	bool empty = true;

	if (host.len == 0 || host.len > 15)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.at[i];

		if (c == '.') {
			if (empty || value > 255 || parts == 3)
				return false;
			head = head << 8 | (uint32_t)value;
			parts++;
			value = 0;
			empty = true;
		} else if (c >= '0' && c <= '9') {
			value = value * 10 + (uint64_t)(c - '0');
			empty = false;
		} else {
			return false;
		}
	}
	if (empty || value >= (uint64_t)1 << (8 * (4 - parts)))
		return false;
	*out = (parts ? head << (8 * (4 - parts)) : 0) | (uint32_t)value;
	return true;
}

static bool
parse_ipv6(struct qaddr_text host, struct in6_addr *out)
{
	char text[INET6_ADDRSTRLEN];

	if (host.len == 0 || host.len >= sizeof(text))
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	return strlen(text) == host.len && inet_pton(AF_INET6, text, out) == 1;
}

bool
qaddr_is_wildcard(struct qaddr_text host)
{
	uint32_t v4;
	struct in6_addr v6;

	if (parse_ipv4(host, &v4))
		return v4 == 0;
	if (!parse_ipv6(host, &v6))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6))
		return memcmp(v6.s6_addr + 12, "\0\0\0\0", 4) == 0;
	return IN6_IS_ADDR_UNSPECIFIED(&v6);
}

bool
qaddr_canonical(struct qaddr_text host, char *out, size_t cap)
{
	uint32_t v4;
	struct in6_addr v6;
	const unsigned char *b = v6.s6_addr;
	int n;

	if (host.len == 0) {
		n = snprintf(out, cap, "localhost");
	} else if (parse_ipv4(host, &v4)) {
		n = snprintf(out, cap, "%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255,
		             v4 >> 8 & 255, v4 & 255);
	} else if (!parse_ipv6(host, &v6)) {
		if (memchr(host.at, '\0', host.len))
			return false;
		n = snprintf(out, cap, "%.*s", (int)host.len, host.at);
	} else if (IN6_IS_ADDR_V4MAPPED(&v6)) {
		n = snprintf(out, cap, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	} else {
		n = snprintf(out, cap, "%x:%x:%x:%x:%x:%x:%x:%x", b[0] << 8 | b[1],
		             b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7],
		             b[8] << 8 | b[9], b[10] << 8 | b[11], b[12] << 8 | b[13],
		             b[14] << 8 | b[15]);
	}
	return n > 0 && (size_t)n < cap;
}
