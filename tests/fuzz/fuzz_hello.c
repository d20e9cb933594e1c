/* Any bytes are an initial message, the start of one, or refused; what is accepted does
 * not change with what follows, and stays inside its bytes. */
#include "wire/hello.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const uint8_t *data, size_t size, const struct hello *h, size_t used)
{
	const char *start = (const char *)data, *end = start + used;

	if (used > size || used > HELLO_MAX || used < 8)
		abort();
	if (h->version != 0 && h->version != HELLO_V1 && h->version != HELLO_V2)
		abort();
	if (h->version == 0 && (h->sid < 0 || used != 8))
		abort();
	for (unsigned i = 0; i < h->addr_count; i++) {
		const struct hello_addr *a = &h->addrs[i];

		if (a->host < start || a->host + a->host_len > end)
			abort();
	}
}

/* The text, taken as one of ours, is sent only if it is read back. */
static void
send_text(const uint8_t *data, size_t size)
{
	static struct hello back;
	char text[HELLO_TEXT_MAX + 2];
	uint8_t bytes[HELLO_MAX];
	size_t len, used;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	len = hello_encode(5, text, bytes, sizeof(bytes));
	if (len == 0)
		return;
	if (hello_decode(bytes, len, &back, &used) != HELLO_OK || used != len ||
	    back.sid != 5)
		abort();
	for (unsigned i = 0; i < back.addr_count; i++)
		if (back.addrs[i].port == 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hello h, again;
	size_t used = 0, used_again = 0;
	enum hello_result r = hello_decode(data, size, &h, &used);

	if (r == HELLO_MORE && size >= HELLO_MAX)
		abort();
	if (r == HELLO_OK) {
		check(data, size, &h, used);
		if (hello_decode(data, used, &again, &used_again) != HELLO_OK ||
		    used_again != used || again.sid != h.sid ||
		    again.addr_count != h.addr_count)
			abort();
		if (hello_decode(data, used - 1, &again, &used_again) != HELLO_MORE)
			abort();
	}
	send_text(data, size);
	if (size > 20)
		send_text(data + 20, size - 20);
	return 0;
}
