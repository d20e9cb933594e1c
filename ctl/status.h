/* What the doors of one server said, merged into the status object of design.md, section
 * 10. Pure: answers in, one object out. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "config/conf.h"
#include "ctl/ask.h"

#include <cjson/cJSON.h>

#define STATUS_SCHEMA 1

/* The object of `conclave status --json`; the caller frees it. What did not answer is
 * null (or "down"), and named in `silent`. NULL: no memory. */
cJSON *status_merge(const struct conf *conf, const struct asks *asks);

/* The voters of the configuration, and the smallest number of them that is a quorum: more
 * than half; with groups, more than half the weight of more than half of the groups
 * (ZooKeeper's QuorumMaj and QuorumHierarchical). */
cJSON *status_voters(const struct conf *conf);
unsigned status_quorum(const struct conf *conf);

/* True if the peer's answer says that we lead and may act (DOORS.md). */
bool status_leads(const cJSON *peer);

/* The rows of `processes`, from conclaved's answer and, for those that it does not know,
 * from their own doors (see processes.c). */
cJSON *status_processes(const struct asks *asks);

#endif
