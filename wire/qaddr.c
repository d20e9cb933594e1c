/* Addresses in ZooKeeper's texts; see qaddr.h. Numeric addresses are read by the rules of
 * Java's IPAddressUtil, which are not those of inet_pton. */
#include "wire/qaddr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct qaddr_text
qaddr_cut(struct qaddr_text *rest, char separator)
{
	const char *at = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
	struct qaddr_text piece = {rest->at, at ? (size_t)(at - rest->at) : rest->len};
	size_t used = piece.len + (at != NULL);

	rest->at += used;
	rest->len -= used;
	return piece;
}

struct qaddr_text
qaddr_trim_end(struct qaddr_text text, char c)
{
	while (text.len > 0 && text.at[text.len - 1] == c)
		text.len--;
	return text;
}

static int
split_plain(struct qaddr_text text, struct qaddr_text *parts, int have)
{
	text = qaddr_trim_end(text, ':');
	while (text.len > 0) {
		struct qaddr_text part = qaddr_cut(&text, ':');

		if (have < QADDR_PARTS_MAX)
			parts[have] = part;
		have++;
	}
	return have;
}

int
qaddr_split(struct qaddr_text text, struct qaddr_text parts[QADDR_PARTS_MAX])
{
	struct qaddr_text rest = text, host;

	if (text.len == 0) { /* Java: one part, the empty one */
		parts[0] = text;
		return 1;
	}
	if (text.at[0] != '[')
		return split_plain(text, parts, 0);
	host = qaddr_cut(&rest, ']');
	if (host.len == text.len)
		return -1;
	parts[0] = (struct qaddr_text){host.at + 1, host.len - 1};
	if (rest.len == 0)
		return 1; /* nothing behind the bracket */
	if (rest.len == 1)
		return -1; /* the colon, and no port */
	return split_plain((struct qaddr_text){rest.at + 1, rest.len - 1}, parts, 1);
}

/* 99 for a character that is no digit. */
static int
digit_of(char c)
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
		int digit = digit_of(text.at[i]);

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

bool
qaddr_unsigned(struct qaddr_text text, int radix, int64_t max, int64_t *out)
{
	return text.len > 0 && text.at[0] != '-' && text.at[0] != '+' &&
	       qaddr_number(text, radix, 0, max, out);
}

/* IPv4 as Java reads it: one to four decimal parts, of which the last fills the rest. */
static bool
parse_ipv4(struct qaddr_text host, uint32_t *out)
{
	uint64_t head = 0;

	if (host.len == 0 || host.len > 15 || host.at[host.len - 1] == '.')
		return false;
	for (int bits = 32; bits > 0; bits -= 8) {
		struct qaddr_text part = qaddr_cut(&host, '.');
		bool last = host.len == 0;
		int64_t value, max = last ? ((int64_t)1 << bits) - 1 : 255;

		if (!qaddr_unsigned(part, 10, max, &value))
			return false;
		head = head << (last ? bits : 8) | (uint64_t)value;
		if (last) {
			*out = (uint32_t)head;
			return true;
		}
	}
	return false;
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
put_groups(struct ipv6 *a, struct qaddr_text host)
{
	while (host.len > 0) {
		bool more = memchr(host.at, ':', host.len);
		struct qaddr_text group = qaddr_cut(&host, ':');
		int64_t value;

		if (group.len == 0) {
			if (a->has_gap)
				return false;
			a->has_gap = true;
			a->gap = a->len;
			continue;
		}
		if (memchr(group.at, '.', group.len))
			return !more && put_ipv4_tail(a, group);
		if ((more && host.len == 0) ||
		    !qaddr_unsigned(group, 16, UINT16_MAX, &value) ||
		    !put_group(a, (uint32_t)value))
			return false;
	}
	return true;
}

/* Cuts `%` and the number behind it off. False where the text behind `%` is no number: it
 * may name an interface, which we do not look up. */
static bool
cut_zone(struct qaddr_text *host, int64_t *zone)
{
	struct qaddr_text number = *host, address = qaddr_cut(&number, '%');

	*zone = -1;
	if (address.len == host->len)
		return true;
	*host = address;
	return qaddr_unsigned(number, 10, INT32_MAX, zone);
}

static bool
parse_ipv6(struct qaddr_text host, unsigned char out[16], int64_t *zone)
{
	struct ipv6 a = {.len = 0};
	size_t behind; /* bytes after the gap */

	if (host.len < 2 || !cut_zone(&host, zone) || host.len < 2)
		return false;
	if (host.at[0] == ':' && host.at[1] != ':')
		return false;
	if (host.at[0] == ':')
		qaddr_cut(&host, ':');
	if (!put_groups(&a, host))
		return false;
	if (a.has_gap == (a.len == sizeof(a.bytes)))
		return false;
	behind = a.has_gap ? a.len - a.gap : 0;
	memset(out, 0, sizeof(a.bytes));
	memcpy(out, a.bytes, a.len - behind);
	memcpy(out + sizeof(a.bytes) - behind, a.bytes + a.len - behind, behind);
	return true;
}

/* A host as Java takes it: IPv4, also where it is written as IPv6 (v4-mapped); IPv6, with
 * the number of its zone, -1 for none; or else a name. */
struct host {
	enum { HOST_NAME, HOST_IPV4, HOST_IPV6 } kind;
	uint32_t v4;
	unsigned char v6[16];
	int64_t zone;
};

static struct host
read_host(struct qaddr_text text)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct host h = {.kind = HOST_NAME};

	if (parse_ipv4(text, &h.v4)) {
		h.kind = HOST_IPV4;
	} else if (parse_ipv6(text, h.v6, &h.zone)) {
		h.kind = HOST_IPV6;
		if (memcmp(h.v6, mapped, sizeof(mapped)) == 0) {
			/* IPv4 has no zones */
			h.kind = h.zone < 0 ? HOST_IPV4 : HOST_NAME;
			h.v4 = (uint32_t)h.v6[12] << 24 | (uint32_t)h.v6[13] << 16 |
			       (uint32_t)h.v6[14] << 8 | h.v6[15];
		}
	}
	return h;
}

bool
qaddr_is_wildcard(struct qaddr_text host)
{
	static const unsigned char zeros[16];
	struct host h = read_host(host);

	return h.kind == HOST_IPV4 ? h.v4 == 0
	                           : h.kind == HOST_IPV6 && memcmp(h.v6, zeros, 16) == 0;
}

static int
print_ipv6(const unsigned char *b, int64_t zone, char *out, size_t cap)
{
	char tail[24] = "";

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
	struct host h = read_host(host);
	int n = -1;

	if (host.len == 0)
		n = snprintf(out, cap, "localhost");
	else if (h.kind == HOST_IPV4)
		n = snprintf(out, cap, "%u.%u.%u.%u", h.v4 >> 24, h.v4 >> 16 & 255,
		             h.v4 >> 8 & 255, h.v4 & 255);
	else if (h.kind == HOST_IPV6)
		n = print_ipv6(h.v6, h.zone, out, cap);
	else if (host.len < cap && !memchr(host.at, '\0', host.len))
		n = snprintf(out, cap, "%.*s", (int)host.len, host.at);
	return n > 0 && (size_t)n < cap;
}

uint32_t
qaddr_hash(struct qaddr_text host)
{
	struct host h = read_host(host);
	uint32_t hash = 0;

	if (h.kind == HOST_IPV4)
		return h.v4;
	if (h.kind == HOST_IPV6) {
		/* Inet6Address.hashCode: the sum of four words, made of signed bytes */
		for (int i = 0; i < 16; i++)
			hash += (uint32_t)(int8_t)h.v6[i] << 8 * (3 - i % 4);
		return hash;
	}
	for (size_t i = 0; i < host.len; i++) {
		char c = host.at[i];

		hash = 31 * hash + (unsigned char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
	}
	return hash;
}
