/* Why no leader is established, as one sentence: what the peer can tell by itself, from
 * its core's view alone. The command knows more (view/why.h). */
#ifndef PEER_LOOKING_H
#define PEER_LOOKING_H

#include "peer/role.h"

#include <stddef.h>

#define LOOKING_TEXT_MAX 160

/* `self`: our sid. Never empty, and without a full stop. Returns `out`. */
const char *looking_text(const struct role_view *v, int64_t self, char *out, size_t cap);

#endif
