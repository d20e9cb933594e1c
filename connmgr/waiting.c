/* See waiting.h. */
#include "connmgr/waiting.h"

#include <stdlib.h>
#include <string.h>

void
waiting_put(struct waiting *w, struct stream *s, const unsigned char *early,
            size_t early_len, uint64_t due_ms)
{
	unsigned char *copy = malloc(early_len + 1);

	waiting_close(w);
	if (!copy) {
		stream_close(s);
		return;
	}
	memcpy(copy, early, early_len);
	*w = (struct waiting){stream_take(s), copy, early_len, due_ms};
}

bool
waiting_has(const struct waiting *w)
{
	return w->stream.fd >= 0;
}

void
waiting_close(struct waiting *w)
{
	stream_close(&w->stream);
	free(w->early);
	*w = WAITING_NONE;
}
