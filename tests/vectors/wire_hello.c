/* initial_message.jsonl: what the dialling side says first. data/FORMAT.md, section 6. */
#include "tests/vectors/vectors.h"

#include "base/buf.h"
#include "wire/hello.h"
#include "wire/qaddr.h"

#include <inttypes.h>
#include <string.h>

#define HOST_MAX 2048

/* The address as ZooKeeper names it: numeric ones in their one form. */
static bool
same_address(const json_t *want, const struct hello_addr *got, char *why, size_t cap)
{
	const char *host = vector_text(want, "host");
	const json_t *port = json_object_get(want, "port");
	char name[HOST_MAX];

	if (!host || !json_is_number(port))
		return vector_say(why, cap, "row not understood");
	if (!qaddr_canonical((struct qaddr_text){got->host, got->host_len}, name,
	                     sizeof(name)))
		return vector_say(why, cap, "a host that has no text");
	return (strcmp(name, host) == 0 && got->port == json_integer_value(port)) ||
	       vector_say(why, cap, "expected %s:%lld, got %s:%u", host,
	                  json_integer_value(port), name, got->port);
}

static bool
same_hello(const json_t *row, const struct hello *h, size_t used, char *why, size_t cap)
{
	const json_t *list = json_object_get(row, "addrs");
	int64_t version, sid;

	if (!vector_i64(row, "version", &version) || !vector_i64(row, "sid", &sid) ||
	    !json_is_array(list))
		return vector_say(why, cap, "row not understood");
	if (h->version != version || h->sid != sid ||
	    h->addr_count != json_array_size(list))
		return vector_say(why, cap,
		                  "got version %" PRId64 ", sid %" PRId64
		                  ", %u addresses, %zu bytes",
		                  h->version, h->sid, h->addr_count, used);
	for (unsigned i = 0; i < h->addr_count; i++)
		if (!same_address(json_array_get(list, i), &h->addrs[i], why, cap))
			return false;
	return true;
}

bool
vector_initial_message(const json_t *row, char *why, size_t cap)
{
	static unsigned char bytes[65536];
	static struct hello h;
	const json_t *accept = json_object_get(row, "accept");
	size_t len, used = 0;
	int64_t version;
	struct buf_out b;
	enum hello_result r;

	if (!json_is_boolean(accept) || !vector_i64(row, "version", &version) ||
	    !vector_bytes(vector_text(row, "hex"), bytes + 8, sizeof(bytes) - 8, &len))
		return vector_say(why, cap, "row not understood");
	buf_out_init(&b, bytes, 8);
	buf_put_i64(&b, version);
	r = hello_decode(bytes, len + 8, &h, &used);
	if (version >=
	    0) /* Java's caller takes it as a bare sid, its parser is not asked */
		return (r == HELLO_OK && h.version == 0 && h.sid == version &&
		        h.addr_count == 0 && used == 8) ||
		       vector_say(why, cap, "expected a bare sid, got %s",
		                  hello_result_name(r));
	if (!json_is_true(accept))
		return r != HELLO_OK || vector_say(why, cap, "expected a refusal");
	if (r != HELLO_OK)
		return vector_say(why, cap, "got a refusal, %s", hello_result_name(r));
	return same_hello(row, &h, used, why, cap);
}
