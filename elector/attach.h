/* The core of an observer that is attached to a live ZooKeeper ensemble: which of its
 * servers leads? It takes the events of elect.h and gives its actions; the shell runs
 * this core or the election. Rules: docs/ELECTION.md, "The attached observer". */
#ifndef ELECTOR_ATTACH_H
#define ELECTOR_ATTACH_H

#include "elector/elect.h"

struct attach;

/* Of the options these count: sid, config, config_text, multi_address, synced. Borrowed
 * until attach_free: what they point to. 0; -EINVAL: a configuration that counts no
 * quorum (quorum_init); -ENOMEM. */
int attach_new(struct attach **out, const struct elect_options *options);
void attach_free(struct attach *a); /* NULL is allowed */
/* `out` is filled anew: SEND, DECIDED (once more for each epoch that the leader shows),
 * DOUBT, NEWER_CONFIG and DROP. */
void attach_step(struct attach *a, const struct elect_event *ev,
                 struct elect_actions *out);
uint64_t attach_due_ms(const struct attach *a); /* UINT64_MAX: never */
void attach_get_view(const struct attach *a, struct elect_view *out);

#endif
