/* Adding actions to a list, for both cores (elect and attach). */
#ifndef ELECTOR_ELECT_ACT_H
#define ELECTOR_ELECT_ACT_H

#include "elector/elect.h"

/* Everything else in the action is 0. */
struct elect_action *elect_act(struct elect_actions *out, enum elect_action_type type);
void elect_act_drop(struct elect_actions *out, int64_t sid, enum elect_reason reason);
void elect_act_send(struct elect_actions *out, int64_t sid, const struct vote *v,
                    int32_t state);
/* Judges the configuration that came with a notification. True: it is newer than ours and
 * has other members, which the action reports. */
bool elect_act_config(struct elect_actions *out, const struct elect_options *o,
                      int64_t sid, const struct notif *n);

#endif
