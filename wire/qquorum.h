/* When a set of servers is a quorum of a configuration: more than half of the
 * participants, or, where there are groups or weights, more than half of the weight in
 * more than half of the groups. Source: QuorumMaj, QuorumHierarchical of ZooKeeper 3.8.0;
 * election-semantics section 4. */
#ifndef WIRE_QQUORUM_H
#define WIRE_QQUORUM_H

#include "wire/qconfig.h"

#include <stdbool.h>
#include <stdint.h>

/* True if those of `sids` that are participants of `c` are a quorum of it. Who is named
 * twice counts once; who is no participant does not count. */
bool qconfig_has_quorum(const struct qconfig *c, const int64_t *sids, unsigned count);
/* A participant that has a weight, where there are weights. */
bool qconfig_may_lead(const struct qconfig *c, int64_t sid);

#endif
