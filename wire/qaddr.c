/* Addresses in ZooKeeper's texts; see qaddr.h. Numeric addresses are read by the rules of
 * Java's IPAddressUtil, which are not those of inet_pton. */
#include "wire/qaddr.h"

#include <inttypes.h>
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

int
qaddr_digit(char c)
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
	int64_t value = 0; /* negative, since that side has one number more */

	if (i == text.len)
		return false;
	for (; i < text.len; i++) {
		int digit = qaddr_digit(text.at[i]);

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

/* IPv4 as Java reads it: one to four decimal parts, of which the last fills the rest. */
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

/* An IPv6 address while it is read. */
struct ipv6 {
	unsigned char bytes[16];
	size_t len;
	/* a `::` was read before byte `gap` */
	bool has_gap;
	size_t gap;
};

static bool
put_group(struct ipv6 *a, uint32_t group)
{
	if (a->len + 2 > sizeof(a->bytes))
		return false;
	a->bytes[a->len++] = (unsigned char)(group >> 8);
	a->bytes[a->len++] = (unsigned char)group;
	return true;
}

/* The end of an IPv6 address may be written as IPv4, with all four parts. */
static bool
put_ipv4_tail(struct ipv6 *a, struct qaddr_text tail)
{
	unsigned dots = 0;
	uint32_t v4;

	for (size_t i = 0; i < tail.len; i++)
		dots += tail.at[i] == '.';
	return dots == 3 && parse_ipv4(tail, &v4) && put_group(a, v4 >> 16) &&
	       put_group(a, v4 & 0xffff);
}

static bool
put_groups(struct ipv6 *a, struct qaddr_text host, size_t at)
{
	while (at < host.len) {
		uint32_t group = 0;
		size_t end = at;

		while (end < host.len && qaddr_digit(host.at[end]) < 16) {
			group = group << 4 | (uint32_t)qaddr_digit(host.at[end++]);
			if (group > 0xffff)
				return false;
		}
		if (end < host.len && host.at[end] == '.')
			return put_ipv4_tail(
			    a, (struct qaddr_text){host.at + at, host.len - at});
		if (end < host.len && host.at[end] != ':')
			return false;
		if (end > at) {
			if (end + 1 == host.len || !put_group(a, group))
				return false;
		} else {
			if (a->has_gap)
				return false;
			a->has_gap = true;
			a->gap = a->len;
		}
		at = end + 1;
	}
	return true;
}

/* Cuts `%` and the number behind it off. False where the text behind `%` is no number: it
 * may name an interface, which we do not look up. */
static bool
cut_zone(struct qaddr_text *host, int64_t *zone)
{
	const char *percent = memchr(host->at, '%', host->len);

	*zone = -1;
	if (!percent)
		return true;
	if (percent + 1 == host->at + host->len || percent[1] == '+' || percent[1] == '-')
		return false;
	if (!qaddr_number((struct qaddr_text){percent + 1, (size_t)(host->at + host->len -
	                                                            percent - 1)},
	                  10, 0, INT32_MAX, zone))
		return false;
	host->len = (size_t)(percent - host->at);
	return true;
}

static bool
is_mapped(const unsigned char v6[16])
{
	static const unsigned char head[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(v6, head, sizeof(head)) == 0;
}

/* `zone` is -1 without one. */
static bool
parse_ipv6(struct qaddr_text host, unsigned char out[16], int64_t *zone)
{
	struct ipv6 a = {.len = 0};
	size_t behind; /* bytes after the gap */

	if (host.len < 2 || !cut_zone(&host, zone) || host.len < 2)
		return false;
	if (host.at[0] == ':' && host.at[1] != ':')
		return false;
	if (!put_groups(&a, host, host.at[0] == ':'))
		return false;
	if (a.has_gap == (a.len == sizeof(a.bytes)))
		return false;
	behind = a.has_gap ? a.len - a.gap : 0;
	memset(out, 0, sizeof(a.bytes));
	memcpy(out, a.bytes, a.len - behind);
	memcpy(out + sizeof(a.bytes) - behind, a.bytes + a.len - behind, behind);
	return *zone < 0 || !is_mapped(out); /* IPv4 has no zones */
}

bool
qaddr_is_wildcard(struct qaddr_text host)
{
	static const unsigned char zeros[16];
	unsigned char v6[16];
	uint32_t v4;
	int64_t zone;

	if (parse_ipv4(host, &v4))
		return v4 == 0;
	if (!parse_ipv6(host, v6, &zone))
		return false;
	return memcmp(v6 + 12, zeros, 4) == 0 &&
	       (memcmp(v6, zeros, 12) == 0 || is_mapped(v6));
}

static int
print_ipv6(const unsigned char *b, int64_t zone, char *out, size_t cap)
{
	char tail[24] = "";

	if (is_mapped(b))
		return snprintf(out, cap, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	if (zone >= 0)
		snprintf(tail, sizeof(tail), "%%%" PRId64, zone);
	return snprintf(out, cap, "%x:%x:%x:%x:%x:%x:%x:%x%s", b[0] << 8 | b[1],
	                b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7],
	                b[8] << 8 | b[9], b[10] << 8 | b[11], b[12] << 8 | b[13],
	                b[14] << 8 | b[15], tail);
}

bool
qaddr_canonical(struct qaddr_text host, char *out, size_t cap)
{
	unsigned char v6[16];
	uint32_t v4;
	int64_t zone;
	int n;

	if (host.len == 0)
		n = snprintf(out, cap, "localhost");
	else if (parse_ipv4(host, &v4))
		n = snprintf(out, cap, "%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255,
		             v4 >> 8 & 255, v4 & 255);
	else if (parse_ipv6(host, v6, &zone))
		n = print_ipv6(v6, zone, out, cap);
	else if (host.len < cap && !memchr(host.at, '\0', host.len))
		n = snprintf(out, cap, "%.*s", (int)host.len, host.at);
	else
		n = -1;
	return n > 0 && (size_t)n < cap;
}

/* Inet6Address.hashCode: the sum of the four words, made of signed bytes. */
static uint32_t
hash_ipv6(const unsigned char *b)
{
	uint32_t sum = 0;

	for (int i = 0; i < 16; i += 4) {
		uint32_t word = 0;

		for (int k = i; k < i + 4; k++) {
			int32_t byte = b[k] < 128 ? b[k] : b[k] - 256;

			word = (word << 8) + (uint32_t)byte;
		}
		sum += word;
	}
	return sum;
}

uint32_t
qaddr_hash(struct qaddr_text host)
{
	unsigned char v6[16];
	uint32_t hash = 0;
	int64_t zone;

	if (parse_ipv4(host, &hash))
		return hash;
	if (parse_ipv6(host, v6, &zone))
		return is_mapped(v6) ? (uint32_t)v6[12] << 24 | (uint32_t)v6[13] << 16 |
		                           (uint32_t)v6[14] << 8 | v6[15]
		                     : hash_ipv6(v6);
	hash = 0;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.at[i];

		hash = 31 * hash + (unsigned char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
	}
	return hash;
}
