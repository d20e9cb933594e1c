/* Is this server well? Pure: the answers in, the health object out. */
#ifndef CTL_HEALTH_H
#define CTL_HEALTH_H

#include "config/conf.h"
#include "ctl/ask.h"

#include <cjson/cJSON.h>

#define HEALTH_PATIENCE_MS 200 /* for the answers */

/* `schema`, `id`, `verdict` (`healthy`, `degraded`, `failing`: verdict.h), `reasons` (a
 * sentence each), `processes` (those of `status`, each with what its own door says of it;
 * `queue`: messages that wait for it in connmgr; `folder`: of its door, below run_dir),
 * `listeners`. What is not known is null. The caller frees it. */
cJSON *health_merge(const struct conf *conf, const struct asks *asks);

#endif
