/* The verdict on this server: a pure function from what its processes reported to a
 * verdict and its reasons, each a sentence that names the process.
 *
 * failing: this server cannot serve: connmgr, elector or peer is missing, keeps dying, is
 *   stopped, hangs, does not answer or is not the active one; or the peer cannot lead,
 * and has no leader, or there can be none before a person mends the memberships.
 * degraded: the server serves, but something is wrong or soon will be. Another server
 * that is down, or a long election, does not change the verdict. */
#ifndef VIEW_VERDICT_H
#define VIEW_VERDICT_H

#include "config/conf.h"
#include "view/asks.h"

#define VERDICT_PATIENCE_MS                                                              \
	200 /* a process that does not answer in this time is silent */
#define VERDICT_REASONS_MAX 96
#define VERDICT_REASON_MAX  512
#define VERDICT_FAILURES    2 /* deaths in a row that are reported */

/* The values are the exit statuses of `conclave health`. */
enum verdict_kind { VERDICT_HEALTHY, VERDICT_DEGRADED, VERDICT_FAILING };

/* `processes`: the rows of view/health.h. Appends to `reasons`; nothing, if and only if
 * the server is healthy. */
enum verdict_kind verdict_judge(const struct conf *conf, const struct asks *asks,
                                const json_t *processes, json_t *reasons);
const char *verdict_name(enum verdict_kind kind);

#endif
