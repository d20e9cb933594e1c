/* Is this server well? Pure: the answers in, the health object out. */
#ifndef VIEW_HEALTH_H
#define VIEW_HEALTH_H

#include "view/verdict.h"

/* `schema`, `id`, `verdict` (`healthy`, `degraded`, `failing`: also in `kind`), `reasons`
 * (a sentence each), `looking` (of view/why.h), `members` (as the peer says them),
 * `processes` (those of `status`, each with what its own door says of it; `queue`: the
 * messages that wait for it in connmgr; `folder`: of its door, below run_dir),
 * `listeners`. What is not known is null. The caller frees it. */
json_t *health_merge(const struct conf *conf, const struct asks *asks,
                     enum verdict_kind *kind);

/* The part of a health object whose change is worth another print: the verdict, the
 * number of reasons, the causes of a looking, what is said of memberships, the processes
 * and their states, the listeners. The caller frees it.
 */
json_t *health_essence(const json_t *health);

#endif
