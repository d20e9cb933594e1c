/* A probe's answers as JSON. */
#ifndef CTL_PROBE_JSON_H
#define CTL_PROBE_JSON_H

#include "ctl/probe.h"

#include <cjson/cJSON.h>

/* `leader` (sid or null), `quorum`, `named` (sid or null), `servers`; the caller frees
 * it. */
cJSON *probe_json(const struct probe *p, const struct probe_verdict *v);

#endif
