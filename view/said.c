/* See said.h. */
#include "view/said.h"

#include "ipc/msg.h"
#include "wire/notif.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BYTES_MAX 4096

static size_t
unhex(const char *hex, unsigned char *out)
{
	size_t len = 0;
	unsigned byte;

	while (len < BYTES_MAX && hex[0] && hex[1] && sscanf(hex, "%2x", &byte) == 1) {
		out[len++] = (unsigned char)byte;
		hex += 2;
	}
	return len;
}

static void
vote_text(char out[SAID_MAX], const struct vote *v, const char *more)
{
	snprintf(out, SAID_MAX,
	         "%s leader=%" PRId64 " zxid=0x%" PRIx64 " round=%" PRId64
	         " epoch=%" PRId64 "%s",
	         notif_state_name(v->state), v->leader, (uint64_t)v->zxid, v->round,
	         v->epoch, more);
}

void
said_text(const char *hex, char out[SAID_MAX])
{
	unsigned char data[BYTES_MAX];
	size_t len = unhex(hex, data);
	char more[64] = "";
	struct notif n;
	struct msg m;

	if (len == 0) {
		snprintf(out, SAID_MAX, "nothing");
	} else if (msg_decode(data, len, &m) == MSG_OK && m.type == MSG_DECIDED) {
		vote_text(out, &m.u.decided.vote, "");
	} else if (notif_decode(data, len, &n) == NOTIF_OK) {
		if (n.has_config)
			snprintf(more, sizeof(more),
			         " version=%" PRId32 " configuration of %zu bytes",
			         n.vote.version, n.config_len);
		vote_text(out, &n.vote, more);
	} else {
		snprintf(out, SAID_MAX, "%zu bytes that are no notification: %.64s", len,
		         hex);
	}
}
