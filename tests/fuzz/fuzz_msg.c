/* Any bytes decode or are refused; what decodes encodes to the same bytes. The number of
 * the message set is put into each input, so that a new number does not make the decoder
 * refuse the whole corpus; test_msg tests that it refuses another number. */
#include "ipc/msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const unsigned char *packet, size_t size)
{
	static unsigned char again[MSG_MAX];
	struct msg m;

	if (msg_decode(packet, size, &m) != MSG_OK)
		return;
	if (!msg_def(m.type))
		abort();
	if (msg_encode(&m, again, sizeof(again)) != size ||
	    memcmp(again, packet, size) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a block of this size: the sanitizer sees a read past its end */
	unsigned char *packet = malloc(size ? size : 1);

	if (!packet)
		abort();
	if (size > 0)
		memcpy(packet, data, size);
	if (size > 2)
		packet[2] = MSG_SET;
	check(packet, size);
	free(packet);
	return 0;
}
