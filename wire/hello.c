/* The initial message; see hello.h. */
#include "wire/hello.h"

#include "base/buf.h"
#include "wire/qaddr.h"

#include <string.h>

static enum hello_result
add_address(struct qaddr_text text, struct hello *h)
{
	struct qaddr_text parts[QADDR_PARTS_MAX];
	int64_t port;

	if (qaddr_split(text, parts) != 2)
		return HELLO_ADDRESS;
	if (!qaddr_number(parts[1], 10, INT32_MIN, INT32_MAX, &port))
		return HELLO_PORT;
	if (qaddr_is_wildcard(parts[0]))
		return HELLO_OK; /* Java does not look at the port either */
	if (port < 0 || port > UINT16_MAX)
		return HELLO_PORT;
	h->addrs[h->addr_count++] =
	    (struct hello_addr){parts[0].at, (uint16_t)parts[0].len, (uint16_t)port};
	return HELLO_OK;
}

enum hello_result
hello_decode(const void *data, size_t len, struct hello *out, size_t *used)
{
	struct buf_in in;
	struct hello h;
	struct qaddr_text rest;
	int32_t text_len;
	enum hello_result r = HELLO_OK;

	h.addr_count = 0;
	buf_in_init(&in, data, len);
	h.version = buf_get_i64(&in);
	if (in.bad)
		return HELLO_MORE;
	if (h.version >= 0) {
		out->version = 0;
		out->sid = h.version;
		out->addr_count = 0;
		*used = in.pos;
		return HELLO_OK;
	}
	if (h.version != HELLO_V1 && h.version != HELLO_V2)
		return HELLO_VERSION;
	h.sid = buf_get_i64(&in);
	text_len = buf_get_i32(&in);
	if (in.bad)
		return HELLO_MORE;
	if (text_len <= 0 || text_len > HELLO_TEXT_MAX)
		return HELLO_LENGTH;
	rest.at = (const char *)buf_get_bytes(&in, (size_t)text_len);
	rest.len = (size_t)text_len;
	if (!rest.at)
		return HELLO_MORE;
	rest = qaddr_trim_end(rest, '|');
	while (rest.len > 0 && r == HELLO_OK)
		r = add_address(qaddr_cut(&rest, '|'), &h);
	if (r != HELLO_OK)
		return r;
	*out = h;
	*used = in.pos;
	return HELLO_OK;
}

/* An address that every server reads alike: a host without blanks, a colon, digits. */
static bool
is_plain_address(struct qaddr_text text)
{
	struct qaddr_text parts[QADDR_PARTS_MAX];
	int64_t port;

	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return false;
	return qaddr_split(text, parts) == 2 && parts[0].len > 0 &&
	       parts[1].at + parts[1].len == text.at + text.len &&
	       parts[1].at[-1] == ':' && parts[1].at[0] >= '0' &&
	       qaddr_number(parts[1], 10, 1, UINT16_MAX, &port);
}

size_t
hello_encode(int64_t sid, const char *addresses, void *out, size_t cap)
{
	size_t len = strlen(addresses), pieces = 0;
	struct buf_out b;

	for (size_t at = 0; at <= len; pieces++) {
		size_t piece = strcspn(addresses + at, "|");

		if (!is_plain_address((struct qaddr_text){addresses + at, piece}))
			return 0;
		at += piece + 1;
	}
	if (len > HELLO_TEXT_MAX)
		return 0;
	buf_out_init(&b, out, cap);
	buf_put_i64(&b, pieces > 1 ? HELLO_V2 : HELLO_V1);
	buf_put_i64(&b, sid);
	buf_put_i32(&b, (int32_t)len);
	buf_put_bytes(&b, addresses, len);
	return b.bad ? 0 : b.len;
}

const char *
hello_result_name(enum hello_result r)
{
	static const char *const names[] = {
	    [HELLO_OK] = "ok",
	    [HELLO_MORE] = "incomplete",
	    [HELLO_VERSION] = "unknown protocol version",
	    [HELLO_LENGTH] = "bad address length",
	    [HELLO_ADDRESS] = "malformed address",
	    [HELLO_PORT] = "bad port",
	};

	return names[r];
}
