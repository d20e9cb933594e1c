/* Any bytes are a notification or refused; what is accepted stays inside its bytes, and
 * what we make of it is read back as it was. */
#include "wire/notif.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[1 << 20];
	struct notif n, back;
	size_t len;

	if (notif_decode(data, size, &n) != NOTIF_OK)
		return 0;
	if (size < 28 || (size > 28 && size < 40))
		abort();
	if (n.has_config != (n.vote.version >= 2))
		abort();
	if (n.has_config && ((const uint8_t *)n.config < data ||
	                     (const uint8_t *)n.config + n.config_len > data + size))
		abort();
	len = notif_encode(&n, bytes, sizeof(bytes));
	if (n.config_len == 0) {
		if (len != 0)
			abort();
		return 0;
	}
	if (len != NOTIF_HEAD + n.config_len + (n.vote.priority ? NOTIF_TAIL : 0) ||
	    notif_decode(bytes, len, &back) != NOTIF_OK || back.vote.version != 2 ||
	    back.vote.state != n.vote.state || back.vote.leader != n.vote.leader ||
	    back.vote.zxid != n.vote.zxid || back.vote.round != n.vote.round ||
	    back.vote.epoch != n.vote.epoch || back.config_len != n.config_len ||
	    memcmp(back.config, n.config, n.config_len) != 0)
		abort();
	return 0;
}
