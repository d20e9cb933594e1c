/* A probe's answers and its verdict as JSON. */
#ifndef VIEW_PROBE_JSON_H
#define VIEW_PROBE_JSON_H

#include "view/probe.h"

#include <jansson.h>

/* `leader` (sid or null), `quorum`, `named` (sid or null), `servers`; the caller frees
 * it. */
json_t *probe_json(const struct probe *p, const struct probe_verdict *v);

#endif
