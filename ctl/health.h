/* Is this server well? Pure: the status object and the answers in, the health object out.
 */
#ifndef CTL_HEALTH_H
#define CTL_HEALTH_H

#include "ctl/ask.h"

#include <cjson/cJSON.h>

/* `schema`, `id`, `healthy`, `problems` (a sentence each), `degraded`, `processes` (those
 * of `status`, each with `queue`: messages that wait for it in connmgr, or null),
 * `listeners`. `healthy` is true if there is no problem: connmgr, elector and peer are
 * there, every process is ready and answers, every port is open, connmgr is not degraded.
 * A missing leader is no sickness of a process. The caller frees it. */
cJSON *health_merge(const cJSON *status, const struct asks *asks);

#endif
