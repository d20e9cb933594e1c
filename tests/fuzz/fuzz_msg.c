/* Any bytes decode or are refused; what decodes encodes to the same bytes. */
#include "ipc/msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char again[MSG_MAX];
	struct msg m;

	if (msg_decode(data, size, &m) != MSG_OK)
		return 0;
	if (!msg_def(m.type))
		abort();
	if (msg_encode(&m, again, sizeof(again)) != size ||
	    memcmp(again, data, size) != 0)
		abort();
	return 0;
}
